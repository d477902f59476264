"""The form of a reason's entry in the tables of words."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop

CHOOSE = gettext_noop("Choose another one under Mappings.")
UNDO_BY_HAND = gettext_noop(
    "Undo the settlement in Kamino by hand. That is noticed within hours, or at once by “Resync”; where Kamino has no "
    "list of such titles, choose “Decide” then."
)
LOOK_AND_DECIDE = gettext_noop("Look in Kamino whether it is there, then choose “Decide” on the title.")
CALL_THEN_SEND = gettext_noop(
    "Call the developers, with the page of the delivery. Once they have corrected it, choose “Send to Kamino again”."
)
CALL = gettext_noop("Call the developers, with the page of the delivery.")


@dataclass(frozen=True)
class Words:
    """What a reason says. `advice` is "" where nothing is to be done; `worklist` where it is in none."""

    name: str
    sentence: str
    advice: str = ""
    worklist: str = ""
