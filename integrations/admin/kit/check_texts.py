"""What the lines of a connection test are called, and what they say."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from integrations.pipeline.access.clients import CheckLine
from integrations.words.scopes import scope_name

_NAMES = {
    "authorization": gettext_noop("Authorization"),
    "address": gettext_noop("Address"),
    "chart.list": gettext_noop("Chart of accounts"),
    "cost_center.list": gettext_noop("Cost centers"),
    "business_unit.list": gettext_noop("Business units"),
    "bank_account.list": gettext_noop("Bank accounts"),
    "lock.list": gettext_noop("Locked periods"),
    "person.list": gettext_noop("Persons"),
    "payable.list": gettext_noop("Payables"),
    "receivable.list": gettext_noop("Receivables"),
    "receivable.list.other": gettext_noop("Receivables, at the other address"),
}


def check_name(line: CheckLine) -> str:
    """Name what was tried; an operation that Kamino never confirmed says so."""
    code, _space, standing = line.name.partition(" ")
    name = _(_NAMES[code]) if code in _NAMES else scope_name(code)
    return _("%(name)s (not confirmed by Kamino)") % {"name": name} if standing == "(unconfirmed)" else name


def check_text(line: CheckLine) -> str:
    """Say what was seen, or what a person has to do."""
    if not line.ok:
        return line.sentence or line.detail
    if rows := re.fullmatch(r"(\d+) rows", line.detail):
        count = int(rows[1])
        return ngettext("%(count)s row", "%(count)s rows", count) % {"count": count}
    return line.sentence or _("Allowed")
