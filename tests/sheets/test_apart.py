"""A file that costs too much costs the process that reads it."""

import resource

import pytest

from integrations.sheets.apart import read_apart
from integrations.sheets.cells import MISSING
from integrations.sheets.reading import read_table
from integrations.sheets.tables import SheetError
from integrations.sheets.writing import Sheet, xlsx_bytes
from tests.sheets.workbooks import MAIN, changed

BOOK = xlsx_bytes(Sheet("De-Para", ["Nome", "Código"], [["Água", 12], ["'=1", 1.5], ["", None]]))
CONTENTS = {
    "xlsx": BOOK,
    "csv": "Nome;Código\nÁgua;12\nLuz\n=1+1;3\n".encode("cp1252"),
    "empty": b"",
    "none": b"PK\x03\x04",
}


def with_styles(count: int) -> bytes:
    """Return a small workbook whose styles are `count` times the same one."""
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * count}</cellXfs></styleSheet>'
    return changed(BOOK, lambda name, text: styles if name == "xl/styles.xml" else text)


@pytest.mark.parametrize("name", CONTENTS)
def test_it_reads_as_in_the_same_process(name: str) -> None:
    def result(read: object) -> object:
        try:
            return read()  # type: ignore[operator]
        except SheetError as error:
            return error.code, error.params

    content = CONTENTS[name]
    apart = result(lambda: read_apart(content, seconds=20, sign="Código"))
    here = result(lambda: read_table(content, sign="Código"))
    assert apart == here
    assert name != "csv" or here.rows[1].cell(1) == MISSING  # type: ignore[attr-defined]


def test_one_that_takes_too_long_or_too_much_memory_is_refused() -> None:
    bomb = with_styles(2_000_000)
    assert len(bomb) < 64 * 1024
    for limits in ({"seconds": 1}, {"seconds": 60, "megabytes": 100}):
        assert read_apart(BOOK, **limits) == read_table(BOOK)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(SheetError) as caught:
            read_apart(bomb, **limits)
        assert caught.value.code == "too_heavy"
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
