"""What is said of bills of other systems: where one stands, why it goes no further, and what to do."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop

from integrations.domain.reasons import Problem, Reason
from integrations.words.customers import CUSTOMER_WORDS, STANDING_SENTENCES, standing_texts
from integrations.words.reason_words import Words

_SENTENCES: Mapping[str, str] = {
    **STANDING_SENTENCES,
    "switched_off": gettext_noop("Bills become sales orders in Bling once support switches that on for its account."),
    "stale": gettext_noop(
        "It waited too long, or came before live delivery began: somebody may have typed it in Bling meanwhile."
    ),
    "paused": gettext_noop("Bling refused the access, or orders of this account. It goes on by itself."),
    "queued": gettext_noop("It becomes an order in Bling within minutes."),
    "contact_stuck": gettext_noop("Which contact of Bling its customer is, is not known yet."),
    "equal": gettext_noop("Bling has the order as the system sent it last. A person issues the invoice there."),
}
_ADVICE: Mapping[str, str] = {
    "stale": gettext_noop("Look in Bling, then choose “Send again” or “Do not send”."),
    "contact_stuck": gettext_noop("Choose “Decide the contact”."),
    "customer_stuck": gettext_noop("Decide about the customer, under “Customers of other systems”."),
}
_LOOK = gettext_noop("Look for it in Bling, then say “The order is in Bling” or “It is not in Bling”.")
BILL_WORDS: Mapping[Reason, Words] = {
    **CUSTOMER_WORDS,
    Reason.REFUSED: Words(
        gettext_noop("Refused by Bling"),
        gettext_noop("Bling refused it: %(message)s"),
        gettext_noop(
            "Correct what Bling names, in the system or in Bling; the system sends it again, or you choose “Send "
            "again”. If the order is there already, say “The order is in Bling”."
        ),
    ),
    Reason.PRODUCT_UNKNOWN: Words(
        gettext_noop("Product not in Bling"),
        gettext_noop("Bling has no active product with the SKU %(name)s, or more than one."),
        gettext_noop("Register the product in Bling, or correct its SKU, then choose “Send again”."),
    ),
    Reason.PAYMENT_FORM_UNKNOWN: Words(
        gettext_noop("Payment form not in Bling"),
        gettext_noop("Bling has no active payment form for receipts that is called %(name)s, or more than one."),
        gettext_noop(
            "Correct its name in the system or in Bling. A new one is known after the next sync; then choose “Send "
            "again”."
        ),
    ),
    Reason.CONTACT_GONE: Words(
        gettext_noop("Contact gone from Bling"),
        gettext_noop("Its customer's contact was deleted in Bling, or is inactive there."),
        gettext_noop("Choose “Decide the contact”."),
    ),
    Reason.ANOTHER_ID: Words(
        gettext_noop("Answered with another number"),
        gettext_noop("Bling answered with the number %(id)s, although another one is known already."),
        gettext_noop(
            "Look for both in Bling, and remove the one too many there. Then say “The order is in Bling”, with the id "
            "of the other."
        ),
    ),
    Reason.ORDER_INVOICED: Words(
        gettext_noop("Invoice made"),
        gettext_noop("The system changed it after its invoice was made in Bling. The order stays as it is."),
        gettext_noop(
            "Cancel the invoice in Bling where the change counts, then choose “Send again”; else choose “Do not send”."
        ),
    ),
    Reason.ORDER_LAUNCHED: Words(
        gettext_noop("Titles launched"),
        gettext_noop(
            "The system changed it after titles were launched from its order in Bling, or the order was closed or "
            "cancelled there. The order stays as it is."
        ),
        gettext_noop(
            "Reverse the titles in Bling, or open the order again, where the change counts; then choose “Send again”. "
            "Else choose “Do not send”."
        ),
    ),
    Reason.ORDER_CHANGED: Words(
        gettext_noop("Order changed in Bling"),
        gettext_noop("Somebody changed its order in Bling since it was sent, and now the system changed it too."),
        gettext_noop("Compare both. “Send over changes in Bling” makes the system's count, “Do not send” Bling's."),
    ),
    Reason.ORDER_GONE: Words(
        gettext_noop("Order gone from Bling"),
        gettext_noop("Somebody deleted its order in Bling. It is not created again by itself."),
        gettext_noop("If there is another order, say “The order is in Bling”; else choose “Do not send”."),
    ),
    Reason.TOTAL_DIFFERS: Words(
        gettext_noop("Total differs"),
        gettext_noop("Bling shows %(name)s as the total of the order, which is not the total of the bill."),
        gettext_noop(
            "Compare both, and correct the order in Bling; then choose “Send again”: with the bill's total it is taken "
            "as it is there."
        ),
    ),
    Reason.LOOK_UP_FAILED: Words(
        gettext_noop("Could not be looked up"),
        gettext_noop("It was sent, Bling's answer was lost, and for hours it could not be looked up."),
        _LOOK,
    ),
    Reason.NO_RECORD: Words(gettext_noop("Sent without a record"), gettext_noop("Its sending left no record."), _LOOK),
}
"""What a bill of another system may meet in Bling."""


def bill_texts(standing: str, why: Problem | None) -> tuple[str, str]:
    """Return the sentence for where a bill stands, and what to do about it, in the active language."""
    return standing_texts(standing, why, BILL_WORDS, _SENTENCES, _ADVICE)
