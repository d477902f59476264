"""Cells: text that no spreadsheet program runs, in both directions."""

import re
from dataclasses import dataclass

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The wide ones are what Japanese keyboards type: some programs take them for the others."""
_UNSEEN = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff\ufff9-\ufffb]*")
"""Blanks and characters of no width, which some programs skip before they look for a formula."""
LONGEST = 32_000
"""Characters; xlsx drops a cell that holds a little more."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Cell:
    """One cell that was read: its text without surrounding space, and what a program may have made of what was typed.

    `is_formula`, `is_date` and `is_fraction` (a number with decimals) say what the cell holds. `is_there` is false for
    one that the file does not have at all: it does not say that somebody emptied it. `from_file` tells cells that a
    spreadsheet program wrote, which may have lost zeros (0012 is 12, 1.10 is 1.1), from what was typed on screen.
    """

    text: str = ""
    is_formula: bool = False
    is_fraction: bool = False
    is_date: bool = False
    is_there: bool = True
    from_file: bool = False


MISSING = Cell(is_there=False, from_file=True)


def safe_text(value: object) -> str:
    """Return text that no spreadsheet program runs as a formula, without characters that xlsx cannot hold."""
    text = "" if value is None else _storable(str(value))[:LONGEST]
    is_escaped_already = plain_text(text) != text
    return f"'{text}" if _runs(text) or is_escaped_already else text


def plain_text(text: str) -> str:
    """Return what `safe_text` was given: a file that comes back holds our own escapes."""
    rest = text.lstrip("'")
    return text[1:] if text.startswith("'") and _runs(rest) else text


def _runs(text: str) -> bool:
    """Say whether a spreadsheet program may take a text for a formula."""
    return text.startswith(FORMULA_STARTS) or _UNSEEN.sub("", text, count=1).startswith(FORMULA_STARTS)


def _storable(text: str) -> str:
    return _CONTROL.sub("", text)


def text_cell(text: str) -> Cell:
    """Return the cell for a text in a file, without characters that no database holds."""
    return Cell(plain_text(_storable(text)).strip()[:LONGEST], from_file=True)


def formula_cell(text: str) -> Cell:
    return Cell(_storable(text).strip()[:LONGEST], is_formula=True, from_file=True)


def date_cell(text: str) -> Cell:
    return Cell(_storable(text).strip()[:LONGEST], is_date=True, from_file=True)


def number_cell(text: str) -> Cell:
    """Return the cell for a number as a file writes it (12, 12.0, 1.46E+10); anything else is a text."""
    try:
        number = float(text)
    except ValueError:
        return text_cell(text)
    if number.is_integer():
        return Cell(text if text.isascii() and text.isdecimal() else str(int(number)), from_file=True)
    return Cell(str(number), is_fraction=True, from_file=True)
