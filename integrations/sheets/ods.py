"""Values of an OpenDocument spreadsheet (OASIS OpenDocument 1.3 part 3, 9): cells of one sheet, merged ones filled."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from integrations.sheets.archives import Archive, attribute, local
from integrations.sheets.cells import Cell, date_cell, formula_cell, number_cell, text_cell
from integrations.sheets.tables import LAST_ROW, MAX_COLUMNS, Area, Merges, Row, SheetError

CONTENT, MANIFEST = "content.xml", "META-INF/manifest.xml"
_NUMBERS = ("float", "percentage", "currency")


def ods_rows(archive: Archive, sheet_title: str) -> Iterator[Row]:
    """Return the rows of the sheet `sheet_title`, else of the first. Raises `SheetError` when there is none."""
    if MANIFEST in archive and list(archive.starts(MANIFEST, "encryption-data")):
        raise SheetError("password")
    titles = [attribute(table, "name") for table in archive.starts(CONTENT, "table")]
    if not titles:
        raise SheetError("no_spreadsheet")
    chosen = titles.index(sheet_title) if sheet_title in titles else 0
    merges, number = Merges(), 1
    for row in archive.elements(CONTENT, "table-row", within=("table", chosen)):
        repeated = _count(row, "number-rows-repeated")
        cells = _cells(row, number, merges)
        for same in range(number, number + (repeated if cells else 0)):
            if same > LAST_ROW:
                raise SheetError("damaged")
            yield merges.fill(same, cells, is_hidden=attribute(row, "visibility") in ("collapse", "filter"))
        number += repeated


def _count(element: Element, name: str) -> int:
    return max(1, int(attribute(element, name) or 1))


def _cells(row: Element, number: int, merges: Merges) -> dict[int, Cell]:
    """Return the cells of a row; programs write rows and columns without end, so that empty ones behind are none."""
    found: dict[int, Cell] = {}
    place = 0
    for element in row:
        if local(element.tag) not in ("table-cell", "covered-table-cell") or place >= MAX_COLUMNS:
            continue
        repeated = _count(element, "number-columns-repeated")
        cell = _cell(element)
        rows, columns = _count(element, "number-rows-spanned"), _count(element, "number-columns-spanned")
        if (rows, columns) != (1, 1):
            merges.add(Area(number, place, number + rows - 1, place + columns - 1))
        if cell.text or cell.is_formula or (rows, columns) != (1, 1):
            found.update(dict.fromkeys(range(place, min(place + repeated, MAX_COLUMNS)), cell))
        place += repeated
    return found


def _cell(element: Element) -> Cell:
    formula, kind = attribute(element, "formula"), attribute(element, "value-type")
    if formula:
        return formula_cell(f"={formula}")
    if kind in _NUMBERS:
        return number_cell(attribute(element, "value"))
    if kind in ("date", "time"):
        return date_cell(attribute(element, f"{kind}-value"))
    said = attribute(element, "string-value")
    return text_cell(said or "\n".join(_text(found) for found in element if local(found.tag) == "p"))


def _text(element: Element) -> str:
    """Return the text of a paragraph: spaces, tabs and breaks are elements, and comments are no text of the cell."""
    texts = [element.text or ""]
    for found in element:
        name = local(found.tag)
        if name == "s":
            texts.append(" " * min(_count(found, "c"), 1000))
        elif name in ("tab", "line-break"):
            texts.append(" ")
        elif name != "annotation":
            texts.append(_text(found))
        texts.append(found.tail or "")
    return "".join(texts)
