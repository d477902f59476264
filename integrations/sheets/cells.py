"""Cells: text that no spreadsheet program runs, in both directions."""

import re
from dataclasses import dataclass

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The wide ones are what Japanese keyboards type: some programs take them for the others."""
LONGEST = 32_000
"""Characters; xlsx drops a cell that holds a little more."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Cell:
    """One cell that was read: its text without surrounding space, and whether it was a formula, or a number with
    decimals (1.10 typed into a spreadsheet is 1.1)."""

    text: str = ""
    is_formula: bool = False
    is_fraction: bool = False


def safe_text(value: object) -> str:
    """Return text that no spreadsheet program runs as a formula, without characters that xlsx cannot hold."""
    text = "" if value is None else _CONTROL.sub("", str(value))[:LONGEST]
    is_escaped_already = plain_text(text) != text
    return f"'{text}" if text.startswith(FORMULA_STARTS) or is_escaped_already else text


def plain_text(text: str) -> str:
    """Return what `safe_text` was given: a file that comes back holds our own escapes."""
    rest = text.lstrip("'")
    return text[1:] if text.startswith("'") and rest.startswith(FORMULA_STARTS) else text
