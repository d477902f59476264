"""Alerts: what each cause is called and how loud it is; from that its colour, and who sees it on every page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from integrations.domain.alerts import AlertCause
from integrations.domain.reasons import Severity
from integrations.domain.titles import Direction
from integrations.words.colours import SEVERITY_COLOURS
from integrations.words.errors import failure_text
from integrations.words.values import Values


@dataclass(frozen=True)
class Words:
    """What a cause is called, and how loud it is."""

    name: str
    severity: Severity


_WORDS: dict[AlertCause, Words] = {
    AlertCause.DOUBLE_PAYMENT: Words(gettext_noop("Risk of double payment"), Severity.DANGER),
    AlertCause.SURPLUS: Words(gettext_noop("One too many in Kamino"), Severity.DANGER),
    AlertCause.RESTORED: Words(gettext_noop("The database was restored"), Severity.DANGER),
    AlertCause.RECONNECT: Words(gettext_noop("Bling needs to be connected again"), Severity.DANGER),
    AlertCause.HELD: Words(gettext_noop("A connected company waits for a decision"), Severity.DANGER),
    AlertCause.KAMINO: Words(gettext_noop("Kamino refuses the access"), Severity.DANGER),
    AlertCause.LIST_UNKNOWN: Words(gettext_noop("A list of Kamino is not known"), Severity.DANGER),
    AlertCause.LIST_FAILED: Words(gettext_noop("A list of Kamino cannot be read"), Severity.DANGER),
    AlertCause.EXPIRING: Words(gettext_noop("The authorization at Bling will expire"), Severity.WARNING),
    AlertCause.RUN_FAILED: Words(gettext_noop("The last sync failed"), Severity.WARNING),
    AlertCause.WRITING: Words(gettext_noop("Bling refuses the writing"), Severity.DANGER),
    AlertCause.PAYABLES: Words(gettext_noop("Payables for Bling wait for a person"), Severity.WARNING),
    AlertCause.CUSTOMERS: Words(gettext_noop("Customers of other systems wait for a person"), Severity.WARNING),
    AlertCause.BILLS: Words(gettext_noop("Bills of other systems wait"), Severity.WARNING),
    AlertCause.KEY_REFUSED: Words(gettext_noop("A program is refused again and again"), Severity.WARNING),
    AlertCause.KEY_UNUSED: Words(gettext_noop("A key of a program is not used"), Severity.WARNING),
    AlertCause.UNMAPPED: Words(gettext_noop("Names without classification"), Severity.WARNING),
    AlertCause.LATE: Words(gettext_noop("No complete sync for a day and a half"), Severity.WARNING),
}

assert _WORDS.keys() == set(AlertCause), "a cause without words"

ALERT_COLOURS = {
    **{cause.value: SEVERITY_COLOURS[words.severity] for cause, words in _WORDS.items()},
    "closed": "default",
}


def alert_choices() -> list[tuple[str, Any]]:
    """Return the causes with their names; a function, so that a new one needs no migration."""
    return [(cause.value, gettext_lazy(words.name)) for cause, words in _WORDS.items()]


_SENTENCES = {
    AlertCause.RECONNECT: gettext_noop("“%(label)s” must be connected to Bling again. Send the link to the customer."),
    AlertCause.HELD: gettext_noop(
        "“%(label)s” was connected with another company (%(company)s). Accept or disconnect it."
    ),
    AlertCause.KAMINO: "%(error)s",
    AlertCause.LIST_UNKNOWN: gettext_noop(
        "It is not known whether Kamino lists %(lists)s: nothing of them is sent, since it might be there already. "
        "Support tests the Kamino connection and, if there is no such list, says so there (“Kamino has no such list”)."
    ),
    AlertCause.LIST_FAILED: gettext_noop(
        "Kamino's list of %(lists)s cannot be read: nothing of them is sent until it can. %(error)s"
    ),
    AlertCause.SURPLUS: gettext_noop(
        "Kamino answered with numbers that are one too many (%(ids)s). "
        "Remove them there, then “Decide” on their titles."
    ),
    AlertCause.RESTORED: gettext_noop(
        "The database is older than what was sent from it, or another one: nothing is sent before Kamino was read "
        "again."
    ),
    AlertCause.EXPIRING: gettext_noop(
        "The authorization of “%(label)s” was not renewed for 20 days and expires after 30."
    ),
    AlertCause.RUN_FAILED: gettext_noop("The last sync of “%(label)s” failed: %(error)s"),
    AlertCause.WRITING: gettext_noop(
        "Bling refuses the writing into “%(label)s”; tried again every quarter of an hour. %(error)s"
    ),
    AlertCause.KEY_REFUSED: gettext_noop(
        "Bling refused five or more requests within a day (%(keys)s). Tell who looks after the program: nothing of "
        "these was entered or settled."
    ),
    AlertCause.KEY_UNUSED: gettext_noop("No program has used a key for 90 days (%(keys)s). Revoke what nobody needs."),
    AlertCause.UNMAPPED: gettext_noop(
        "%(names)s names of Bling have no classification; %(titles)s titles wait. See the company's coverage."
    ),
    AlertCause.LATE: gettext_noop("“%(label)s” has had no complete sync for a day and a half."),
}
"""All but those that count; `error` is the sentence of the parameter `failure`."""


_LISTS = {Direction.PAYABLE: gettext_noop("payables"), Direction.RECEIVABLE: gettext_noop("receivables")}


OF_TITLES = (
    AlertCause.DOUBLE_PAYMENT, AlertCause.SURPLUS, AlertCause.RESTORED, AlertCause.PAYABLES, AlertCause.UNMAPPED
)  # fmt: skip
"""What only the titles of a company say."""


def alert_text(cause: AlertCause, params: Mapping[str, Any], *, is_whole: bool) -> str:
    """Return what happened and what to do, from the parameters of an alert. Who does not see confidential titles
    (`is_whole` is false) is told the numbers without them: "public" of the parameters, of which there are none where
    all are confidential, or an older version left nothing to tell it by. Version 0.1 stored the sentence."""
    if cause in OF_TITLES and not is_whole:
        if params.get("public") is None:
            return _(
                "This is about titles that only some people see. Somebody who sees confidential titles has to look."
            )
        params = params["public"]
    if "text" in params:
        return str(params["text"])
    if cause is AlertCause.DOUBLE_PAYMENT:
        text = ngettext(
            "%(count)s title may be paid twice: still open in Kamino, or there twice. Stop it there now.",
            "%(count)s titles may be paid twice: still open in Kamino, or there twice. Stop them there now.",
            int(params.get("count", 2)),
        )
    elif cause is AlertCause.PAYABLES:
        text = ngettext(
            "%(count)s payable for Bling waits for a person: see “Payables for Bling”.",
            "%(count)s payables for Bling wait for a person: see “Payables for Bling”.",
            int(params.get("count", 2)),
        )
    elif cause is AlertCause.CUSTOMERS:
        text = ngettext(
            "%(count)s customer of another system waits for a person: see “Customers of other systems”.",
            "%(count)s customers of other systems wait for a person: see “Customers of other systems”.",
            int(params.get("count", 2)),
        )
    elif cause is AlertCause.BILLS:
        text = ngettext(
            "%(count)s bill of another system waits for a person, or for longer than ten minutes: see “Bills of other "
            "systems”.",
            "%(count)s bills of other systems wait for a person, or for longer than ten minutes: see “Bills of other "
            "systems”.",
            int(params.get("count", 2)),
        )
    else:
        text = _(_SENTENCES[cause])
    if cause is AlertCause.RESTORED and params.get("titles"):
        text = f"{text} {_asked_of_a_person(int(params['titles']))}"
    lists = " / ".join(_(_LISTS.get(direction, direction)) for direction in params.get("directions", []))
    return text % Values({**params, "lists": lists, "error": failure_text(params.get("failure", {}))})


def _asked_of_a_person(titles: int) -> str:
    return ngettext(
        "%(titles)s title waits for a person, because Kamino's list does not tell what it holds; it is released under "
        "“Holds after a restore”.",
        "%(titles)s titles wait for a person, because Kamino's list does not tell what it holds; they are released "
        "under “Holds after a restore”.",
        titles,
    )


_COUNTED = (AlertCause.DOUBLE_PAYMENT, AlertCause.PAYABLES, AlertCause.CUSTOMERS, AlertCause.BILLS)
assert {*_SENTENCES, *_COUNTED} == set(AlertCause), "a cause without a sentence"

URGENT_CAUSES = [cause for cause, words in _WORDS.items() if words.severity is Severity.DANGER]
"""What every page shows on top."""
