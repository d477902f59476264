"""Workbooks as many programs write them, made by hand: only the parts that matter, each as one program has it."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    RELATIONS: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
EMPTY_FILL = (
    f'<styleSheet xmlns="{MAIN}"><fills count="1"><fill/></fills><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>'
)
Rows = Sequence[Sequence[object]]


def zipped(parts: Mapping[str, str]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def changed(content: bytes, change: Callable[[str, str], str]) -> bytes:
    """Return a workbook with the text of each part as `change(name, text)` returns it."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return zipped({name: change(name, archive.read(name).decode()) for name in archive.namelist()})


def letters(place: int) -> str:
    return chr(ord("A") + place)


def inline(text: str) -> str:
    return f'<is><t xml:space="preserve">{escape(text)}</t></is>'


def rich(text: str) -> str:
    """A text in two runs with a reading aid, as Excel keeps one of which a part is bold."""
    half = len(text) // 2
    runs = "".join(
        f'<r><rPr><b/></rPr><t xml:space="preserve">{escape(part)}</t></r>' for part in (text[:half], text[half:])
    )
    return f"<si>{runs}<rPh sb='0' eb='1'><t>leitura</t></rPh></si>"


def workbook(
    rows: Rows, *, title: str = "De-Para", shared: bool = False, places: bool = True, styles: str | None = None,
    merged: Sequence[str] = (), absolute: bool = False, cells: Mapping[tuple[int, int], str] | None = None,
) -> bytes:  # fmt: skip
    """Return a workbook: texts inside the cells or (`shared`) beside them in two runs each, cells with or without
    `places`, without a dimension. `cells` gives the XML of single cells, by row and column from 0."""
    texts: list[str] = []

    def cell(row: int, place: int, value: object) -> str:
        if cells and (row, place) in cells:
            return cells[row, place]
        at = f' r="{letters(place)}{row + 1}"' if places else ""
        if value in ("", None):
            return f"<c{at}/>" if not places else ""
        if isinstance(value, int | float):
            return f"<c{at}><v>{value}</v></c>"
        if not shared:
            return f'<c{at} t="inlineStr">{inline(str(value))}</c>'
        texts.append(rich(str(value)))
        return f'<c{at} t="s"><v>{len(texts) - 1}</v></c>'

    lines = [
        (f'<row r="{number + 1}">' if places else "<row>")
        + "".join(cell(number, place, value) for place, value in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows)
    ]
    merges = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
    root = "/xl/" if absolute else ""
    parts = {
        "_rels/.rels": relations({"r1": ("officeDocument", f"{'/' if absolute else ''}xl/workbook.xml")}),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
            f'<sheet name="{escape(title)}" sheetId="1" r:id="r1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relations(
            {
                "r1": ("worksheet", f"{root}worksheets/sheet1.xml"),
                "r2": ("sharedStrings", f"{root}sharedStrings.xml"),
                "r3": ("styles", f"{root}styles.xml"),
            }
        ),
        "xl/worksheets/sheet1.xml": (
            f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>'
            + (f"<mergeCells>{merges}</mergeCells>" if merged else "")
            + "</worksheet>"
        ),
    }
    if texts:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{"".join(texts)}</sst>'
    if styles is not None:
        parts["xl/styles.xml"] = styles
    return zipped(parts)


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    found = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'


def strict(content: bytes) -> bytes:
    """Return a workbook as "Strict Open XML" has it: the same elements in other namespaces."""

    def translate(_name: str, text: str) -> str:
        for usual, other in STRICT.items():
            text = text.replace(usual, other)
        return text

    return changed(content, translate)


def prefixed(content: bytes) -> bytes:
    """Return a workbook whose elements have a prefix, as some libraries of .NET write it."""

    def translate(name: str, text: str) -> str:
        if not name.startswith("xl/") or name.endswith(".rels"):
            return text
        return text.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("xmlns=", "xmlns:x=")

    return changed(content, translate)


def backslashed(content: bytes) -> bytes:
    """Return a workbook whose parts are named as files of Windows, in another case."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return zipped({name.replace("/", "\\").upper(): archive.read(name).decode() for name in archive.namelist()})


OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns"


def ods(rows: Rows, *, title: str = "De-Para", cells: Mapping[tuple[int, int], str] | None = None) -> bytes:
    """Return an OpenDocument spreadsheet as LibreOffice writes it: equal cells and rows once with their number, rows
    and columns without end behind, and another sheet before. `cells` as in `workbook`."""
    lines = []
    for number, row in enumerate(rows):
        found = "".join((cells or {}).get((number, place)) or _ods_cell(value) for place, value in enumerate(row))
        lines.append(
            f'<table:table-row table:style-name="ro1">{found}'
            '<table:table-cell table:number-columns-repeated="16369"/></table:table-row>'
        )
    empty = (
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    other = (
        '<table:table table:name="Outra"><table:table-row><table:table-cell office:value-type="string">'
        "<text:p>não</text:p></table:table-cell></table:table-row></table:table>"
    )
    names = "".join(f' xmlns:{name}="{OPEN_DOCUMENT}:{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f"<office:document-content{names}><office:body><office:spreadsheet>{other}"
        f'<table:table table:name="{escape(title)}"><table:table-column/>{"".join(lines)}{empty}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": content, "styles.xml": "<não é lido"})


def _ods_cell(value: object) -> str:
    if value in ("", None):
        return "<table:table-cell/>"
    if isinstance(value, int | float):
        return (
            f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value:n}</text:p>'
            "</table:table-cell>"
        )
    text = escape(str(value)).replace("  ", ' <text:s text:c="1"/>')
    return (
        f'<table:table-cell office:value-type="string"><office:annotation><text:p>nota</text:p></office:annotation>'
        f"<text:p>{text}</text:p></table:table-cell>"
    )
