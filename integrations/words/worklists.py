"""Worklists: what waits for a person, by what ends it. The words of a reason name the worklist that it belongs to."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop


@dataclass(frozen=True)
class WorklistWords:
    """What a worklist is called, and the action that ends its titles."""

    name: str
    action: str


WORKLIST_WORDS: dict[str, WorklistWords] = {
    "risk": WorklistWords(
        gettext_noop("Risk of double payment"),
        gettext_noop("Stop one of the two payments before its due date. It closes by itself once both sides agree."),
    ),
    "classification": WorklistWords(
        gettext_noop("Awaiting classification"),
        gettext_noop("Classify the names in the De/Para; every title of a name follows by itself."),
    ),
    "person": WorklistWords(
        gettext_noop("Awaiting the person"),
        gettext_noop("Correct the customer or supplier in Bling or Kamino, then choose “Resync”."),
    ),
    "release": WorklistWords(
        gettext_noop("Awaiting release"),
        gettext_noop("Nothing is to be done: it is sent once the invoice is issued, as the company chose."),
    ),
    "unconfirmed": WorklistWords(
        gettext_noop("Sent without confirmation"),
        gettext_noop("Look in Kamino whether it is there, then open the title and choose “Decide”."),
    ),
    "conflict": WorklistWords(
        gettext_noop("Conflicts"),
        gettext_noop("Both sides differ. Open the title: “Decide”, “Link”, or correct one side and resync."),
    ),
    "refused": WorklistWords(
        gettext_noop("Refused by Kamino"),
        gettext_noop("Correct what Kamino names, then choose “Send to Kamino again”."),
    ),
    "partial": WorklistWords(
        gettext_noop("Partial and unclear payments"),
        gettext_noop("Correct the payments in Bling and resync, or force the settlement of one title."),
    ),
    "forced": WorklistWords(
        gettext_noop("Forced settlements not confirmed"),
        gettext_noop("Pay the title in Bling too, or undo the forced settlement."),
    ),
    "approval": WorklistWords(
        gettext_noop("Forced settlements to approve"),
        gettext_noop(
            "Somebody other than the person who ordered them approves or refuses them, several at once if need be."
        ),
    ),
    "invalid": WorklistWords(
        gettext_noop("Invalid CPF/CNPJ or data"),
        gettext_noop("Correct it in Bling, then choose “Resync”."),
    ),
    "closed": WorklistWords(
        gettext_noop("Closed month"),
        gettext_noop("Open the month again at the company, or choose “Do not sync”."),
    ),
    "restored": WorklistWords(
        gettext_noop("Held after a restore"),
        gettext_noop("Link what Kamino has already, or choose “Do not sync”; then release the others at once."),
    ),
}
