"""Values of an xlsx workbook (Office Open XML, ECMA-376 part 1, 18.3): cells of one sheet, with merged ones filled."""

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from integrations.sheets.archives import Archive, attribute, child, local
from integrations.sheets.cells import Cell, date_cell, formula_cell, number_cell, text_cell
from integrations.sheets.tables import MAX_COLUMNS, Area, Merges, Row, SheetError

_PLACE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DATE_FORMATS = {str(number) for number in (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))}
"""Built-in formats of days and times, also those of other languages."""
_DATE = re.compile(r"[dmyhs]|(?:DD?|MM?|YY|YYYY)[/. -]")
"""Some programs write the letters of a day in capitals; alone, those may be of a currency."""
_NO_DATE = re.compile(r"\"[^\"]*\"|\\.|\[[^\]]*\]|General|Standard|Geral", re.IGNORECASE)


def xlsx_rows(archive: Archive, sheet_title: str) -> Iterator[Row]:
    """Return the rows of the sheet `sheet_title`, else of the first. Raises `SheetError` when there is none."""
    book = _book(archive)
    relations = archive.relations(book)
    parts = {kind: path for kind, path in relations.values() if path in archive}
    sheets = [
        (attribute(sheet, "name"), relations[attribute(sheet, "id")][1])
        for sheet in archive.elements(book, "sheet")
        if relations.get(attribute(sheet, "id"), ("", ""))[0] == "worksheet"
    ]
    if not sheets:
        raise SheetError("no_spreadsheet")
    path = dict(reversed(sheets)).get(sheet_title, sheets[0][1])
    shared = _shared(archive, parts["sharedStrings"]) if "sharedStrings" in parts else []
    dates, later = _date_styles(archive, parts.get("styles", "")), _days_later(archive, book)
    merges = Merges([_area(attribute(found, "ref")) for found in archive.elements(path, "mergeCell")])
    number = 0
    for row in archive.elements(path, "row"):
        number = int(attribute(row, "r") or number + 1)
        is_hidden = attribute(row, "hidden") in ("1", "true")
        yield merges.fill(number, _cells(row, shared, dates, later), is_hidden=is_hidden)


def _book(archive: Archive) -> str:
    if "_rels/.rels" in archive:
        for kind, path in archive.relations("").values():
            if kind == "officeDocument" and path.endswith(".xml"):  # .bin in a binary workbook (.xlsb)
                return path
    if "xl/workbook.xml" not in archive:
        raise SheetError("no_spreadsheet")
    return "/xl/workbook.xml"


def _shared(archive: Archive, path: str) -> list[str]:
    return [_text(found) for found in archive.elements(path, "si")]


def _text(element: Element) -> str:
    """Return the text of a string: its runs together, without what tells how to read it aloud."""
    texts = []
    for found in element:
        if local(found.tag) == "t":
            texts.append(found.text or "")
        elif local(found.tag) == "r":
            texts.append(_text(found))
    return _unescaped("".join(texts))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)


def _cells(row: Element, shared: Sequence[str], dates: set[str], later: int) -> dict[int, Cell]:
    found = {}
    place = -1
    for cell in row:
        if local(cell.tag) != "c":
            continue
        named = _PLACE.fullmatch(attribute(cell, "r"))
        place = _column(named[1]) if named else place + 1
        if place < MAX_COLUMNS:
            found[place] = _cell(cell, shared, dates, later)
    return found


def _cell(cell: Element, shared: Sequence[str], dates: set[str], later: int) -> Cell:
    value, kind = child(cell, "v"), attribute(cell, "t")
    text = (value.text or "") if value is not None else ""
    formula = child(cell, "f")
    if formula is not None:
        return formula_cell(f"={formula.text or ''}")
    if kind == "inlineStr":
        inline = child(cell, "is")
        return text_cell(_text(inline) if inline is not None else text)
    if not text:
        return text_cell("")
    if kind == "s":
        if int(text) < 0:
            raise SheetError("damaged")
        return text_cell(shared[int(text)])
    if kind == "b":
        return text_cell("TRUE" if text == "1" else "FALSE")
    if kind not in ("", "n", "d"):
        return text_cell(_unescaped(text))
    if kind == "d":
        return date_cell(text)
    return date_cell(_moved(text, later)) if attribute(cell, "s") in dates else number_cell(text)


def _days_later(archive: Archive, book: str) -> int:
    """Return how many days later than others a workbook begins to count: those of old Macs do so in 1904."""
    says = [attribute(one, "date1904") for one in archive.elements(book, "workbookPr")]
    return 1462 if any(said in ("1", "true") for said in says) else 0


def _moved(text: str, days: int) -> str:
    try:
        return str(float(text) + days) if days else text
    except ValueError:
        return text


def _column(letters: str) -> int:
    """Return the number of a column, from 0, for its letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _area(text: str) -> Area:
    """Return merged cells for a reference as B2:B5."""
    corners = [_PLACE.fullmatch(corner) for corner in text.replace("$", "").split(":")]
    places = [(int(corner[2]), _column(corner[1])) for corner in corners if corner]
    if not places or len(places) < len(corners):
        raise SheetError("damaged")
    (top, left), (bottom, right) = places[0], places[-1]
    return Area(top, left, bottom, right)


def _date_styles(archive: Archive, path: str) -> set[str]:
    """Return the numbers of the styles that show a number as a day or time; none where they cannot be read."""
    try:
        formats = {
            attribute(found, "numFmtId"): bool(_DATE.search(_NO_DATE.sub("", attribute(found, "formatCode"))))
            for found in archive.elements(path, "numFmt")
        }
        [cells] = archive.elements(path, "cellXfs")
        styles = [attribute(style, "numFmtId") for style in cells]
    except (KeyError, ValueError, SyntaxError):
        return set()
    return {str(number) for number, name in enumerate(styles) if formats.get(name, name in _DATE_FORMATS)}
