"""What is wrong with a spreadsheet, one of its cells or a change of the mappings, and what to do about it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from integrations.words.values import Values

COLUMNS = {
    "company": gettext_lazy("Company"),
    "connection": gettext_lazy("Connection"),
    "kind": gettext_lazy("Type"),
    "bling_id": gettext_lazy("Id in Bling"),
    "bling_name": gettext_lazy("Name in Bling"),
    "nature": gettext_lazy("Nature"),
    "titles": gettext_lazy("Titles"),
    "total": gettext_lazy("Total value"),
    "chart_account": gettext_lazy("Chart of accounts"),
    "cost_center": gettext_lazy("Cost center"),
    "business_unit": gettext_lazy("Business unit"),
    "bank_account": gettext_lazy("Current account"),
    "state": gettext_lazy("Situation"),
    "suggestion": gettext_lazy("Suggestion"),
    "score": gettext_lazy("Likeness (%)"),
}
"""The columns of the De/Para as a spreadsheet, in their order."""

_FILES = {
    "empty": gettext_noop("The file is empty."),
    "too_large": gettext_noop("The file is too large: more than %(limit)s MB. Split it."),
    "too_heavy": gettext_noop(
        "Reading the file takes too long or too much memory. Copy the rows into a new spreadsheet and send that."
    ),
    "too_large_unpacked": gettext_noop("The spreadsheet is too large when unpacked."),
    "too_many_rows": gettext_noop("The spreadsheet has more than %(limit)s rows. Split it."),
    "no_rows": gettext_noop("The spreadsheet has a header and no rows."),
    "all_hidden": gettext_noop("All rows of the spreadsheet are hidden. Show those that are meant, and send it again."),
    "web_page": gettext_noop(
        "This is a web page that was named as a spreadsheet. Open it, save it as .xlsx and send that."
    ),
    "xml_spreadsheet": gettext_noop("This is an XML spreadsheet of 2003. Open it, save it as .xlsx and send that."),
    "old_excel": gettext_noop(
        "This is an old Excel file (.xls), or one with a password. Save it as .xlsx and send that."
    ),
    "password": gettext_noop("The spreadsheet has a password. Save it without one and send that."),
    "no_spreadsheet": gettext_noop("This is no spreadsheet that can be read. Save it as .xlsx or .csv and send that."),
    "damaged": gettext_noop("The spreadsheet is damaged. Save it again and send that."),
    "encoding": gettext_noop("The encoding of the file is wrong (line %(line)s). Save it as “CSV UTF-8”, or as .xlsx."),
    "quotation_mark": gettext_noop(
        "Line %(line)s of the file cannot be read: a quotation mark is missing or too much."
    ),
    "payable_columns": gettext_noop("Columns are missing: %(names)s. Take the template, and write into that one."),
    "column_twice": gettext_noop("The column “%(name)s” is there twice."),
    "outdated": gettext_noop(
        "%(count)s rows were changed by somebody else meanwhile (%(names)s). Nothing was changed."
    ),
    "crashed": gettext_noop("Internal error (%(name)s). Nothing was changed. Tell support."),
}
_CELLS = {
    "formula": gettext_noop("The cell holds a formula. Write the name or the code itself."),
    "fraction": gettext_noop(
        "The cell holds the number %(text)s: it may have lost a zero. Write the code as text, or the name."
    ),
    "date": gettext_noop("The cell holds a date: the program took what was typed for one. Write the name instead."),
    "row_ends": gettext_noop("The row ends before this column."),
    "not_there": gettext_noop(
        "The row ends before this column, and the mapping has “%(name)s” here. Write it again; to empty it, save the "
        "file as .xlsx or empty the field on screen."
    ),
    "zeros": gettext_noop(
        "“%(text)s” may be what is left of several codes: %(names)s. Write the code together with the name."
    ),
    "not_for_kind": gettext_noop("Rows of the kind “%(kind)s” have nothing here."),
    "other_company": gettext_noop("This row is of the company “%(name)s”, not of “%(ours)s”."),
    "no_connection": gettext_noop("There is no such connection. There are: %(names)s."),
    "no_kind": gettext_noop("There is no such type. There are: %(kinds)s."),
    "row_twice": gettext_noop("This row is there twice: the first one counts."),
    "no_number": gettext_noop("The id in Bling is a number. Take it from the exported spreadsheet."),
    "other_kind": gettext_noop("The id %(id)s is of another type: %(kind)s."),
    "no_register": gettext_noop("Bling shows no register %(id)s in this connection."),
    "no_contact": gettext_noop("No title names a contact %(id)s in this connection."),
    "ambiguous": gettext_noop("“%(text)s” is ambiguous: write the code (%(names)s)."),
    "other_column": gettext_noop("“%(text)s” belongs in another column: it is of the kind “%(kind)s”."),
    "unknown": gettext_noop("Kamino has no “%(text)s”."),
    "unknown_near": gettext_noop("Kamino has no “%(text)s”. The nearest names: %(names)s."),
    "inactive": gettext_noop("“%(name)s” is inactive in Kamino."),
    "group": gettext_noop("“%(name)s” is a group and takes no postings: choose an account below it."),
    "expense": gettext_noop("“%(name)s” is an expense account, and this row is income."),
    "income": gettext_noop("“%(name)s” is an income account, and this row is expense."),
}
_WARNINGS = {
    "emptied": gettext_noop("The mapping loses its value here."),
    "zeros_added": gettext_noop(
        "“%(text)s” was taken for “%(name)s”: spreadsheet programs drop zeros of codes. Look whether it is that one."
    ),
}
SAID = "said"
"""The code of what version 0.1 stored as a sentence, its parameter `text`."""
_STORED = {
    SAID: "%(text)s",
    "short_line": gettext_noop("Line %(line)s of the file has fewer cells than the header."),  # until version 0.2
}
_TEXTS = {**_FILES, **_CELLS, **_WARNINGS, **_STORED}


def spreadsheet_text(code: str, params: Mapping[str, Any]) -> str:
    """Return the sentence for a code and its parameters; `columns` are keys of `COLUMNS`."""
    if code == "missing_columns":
        return _missing_columns(params)
    return _(_TEXTS[code]) % Values(params)


def _missing_columns(params: Mapping[str, Any]) -> str:
    missing = ", ".join(str(COLUMNS[name]) for name in params["columns"])
    texts = [_("Columns are missing: %(names)s.") % {"names": missing}]
    if params["unknown"]:
        texts.append(_("Columns that are not known: %(names)s.") % {"names": ", ".join(params["unknown"])})
    return " ".join([*texts, _("Export the spreadsheet again and edit that one.")])
