"""What a delivery meets, and where a title is in its way, in words of finance: name, sentence, what to do, worklist."""

from django.utils.translation import gettext_noop

from integrations.domain.reasons import Reason
from integrations.words.reason_words import CALL_THEN_SEND, LOOK_AND_DECIDE, Words

_BILLS = gettext_noop("Look at “Bills of other systems”.")
DELIVERY_WORDS: dict[Reason, Words] = {
    Reason.REFUSED: Words(
        gettext_noop("Refused by Kamino"),
        gettext_noop("Kamino refused it: %(message)s"),
        gettext_noop("Correct what Kamino names, then choose “Send to Kamino again”."),
        "refused",
    ),
    Reason.EXHAUSTED: Words(
        gettext_noop("Gave up after several tries"),
        gettext_noop("Kamino did not answer as expected, again and again."),
        gettext_noop("Choose “Send to Kamino again” when Kamino is back."),
        "refused",
    ),
    Reason.INTERNAL: Words(
        gettext_noop("Internal error"),
        gettext_noop("An answer could not be understood, or this service has an error: %(message)s"),
        CALL_THEN_SEND,
        "refused",
    ),
    Reason.ACCESS_REFUSED: Words(
        gettext_noop("Access refused"),
        gettext_noop("Kamino refused the access."),
        gettext_noop(
            "Support tests the Kamino connection and corrects its keys or their permissions. What waits is then sent "
            "by itself; where this page offers “Send to Kamino again”, choose it."
        ),
    ),
    Reason.NOT_CONFIRMED: Words(
        gettext_noop("Operation not confirmed"),
        gettext_noop("This operation is not confirmed by Kamino."),
        gettext_noop(
            "Support allows unconfirmed operations on the Kamino connection; then choose “Send to Kamino again”."
        ),
        "refused",
    ),
    Reason.AMBIGUOUS: Words(
        gettext_noop("More than one candidate"),
        gettext_noop("Kamino has more than one candidate (%(ids)s)."),
        gettext_noop("Choose one by “Decide”, or leave one active there and choose “Resync”."),
        "person",
    ),
    Reason.POSSIBLE_DUPLICATE: Words(
        gettext_noop("Possible duplicate"),
        gettext_noop("Kamino already has a title of this person with the same value, due within three days (%(ids)s)."),
        gettext_noop("Link it, or create this one all the same."),
        "conflict",
    ),
    Reason.GONE_FROM_KAMINO: Words(
        gettext_noop("Gone from Kamino"),
        gettext_noop("Kamino no longer shows it."),
        gettext_noop("Still owed: choose “Create again”. Else choose “Do not sync this title”."),
        "conflict",
    ),
    Reason.CREATION_AWAITS: Words(
        gettext_noop("Creation awaits approval"),
        gettext_noop(
            "Kamino's list no longer shows this title, and %(user)s wants it to be created again: somebody else has to "
            "approve that."
        ),
        gettext_noop("Another person who may do so chooses “Approve the creation” or “Refuse the creation”."),
        "approval",
    ),
    Reason.PAID_IN_KAMINO: Words(
        gettext_noop("Paid in Kamino"),
        gettext_noop("Paid in Kamino, and Bling shows no settlement that could be compared with it."),
        gettext_noop(
            "Pay it in Bling too: it is compared then, and not settled again. If it is paid there, choose “Force "
            "settlement in Kamino” with the day and amount that Kamino shows."
        ),
        "conflict",
    ),
    Reason.PAID_DIFFERENTLY: Words(
        gettext_noop("Paid differently in Kamino"),
        gettext_noop("Paid in Kamino with another date or amount than in Bling."),
        gettext_noop(
            "Compare with the bank statement, and correct the wrong side. Once both show the same day and amount, this "
            "ends by itself."
        ),
        "conflict",
    ),
    Reason.SCHEDULED: Words(
        gettext_noop("Scheduled in Kamino"),
        gettext_noop("Risk of double payment: the title is scheduled in Kamino."),
        gettext_noop("Take it out of the schedule in Kamino now; the settlement is then sent by itself within hours."),
        "conflict",
    ),
    Reason.SCHEDULED_AS_IT_WAS: Words(
        gettext_noop("Scheduled in Kamino as it was"),
        gettext_noop(
            "Kamino is about to pay the title as it was: it is scheduled there, and the change of Bling is not written."
        ),
        gettext_noop("Take it out of the schedule in Kamino now; the change is then sent by itself within hours."),
        "conflict",
    ),
    Reason.PAID_AS_SCHEDULED: Words(
        gettext_noop("Paid in Kamino after it was scheduled there"),
        gettext_noop("Kamino was about to pay the title, and has paid it by now; Bling shows a payment too."),
        gettext_noop(
            "Compare with the bank statement. Paid once: correct the wrong day or amount, then choose “Send to Kamino "
            "again”."
        ),
        "conflict",
    ),
    Reason.RECONCILED: Words(
        gettext_noop("Reconciled in Kamino"),
        gettext_noop("The title is reconciled with the bank in Kamino and is not changed."),
        gettext_noop(
            "If Bling is right, undo the reconciliation in Kamino: the change is then sent by itself within hours. If "
            "Kamino is right, correct the title in Bling."
        ),
        "conflict",
    ),
    Reason.LOCKED_PERIOD: Words(
        gettext_noop("Locked period in Kamino"),
        gettext_noop("Kamino has locked the period of this payment on its bank account."),
        gettext_noop("Unlock the period there; the settlement is then sent by itself within hours."),
        "conflict",
    ),
    Reason.AWAITING_APPROVAL: Words(
        gettext_noop("Awaits approval in Kamino"),
        gettext_noop("The title awaits approval in Kamino and is not changed."),
        gettext_noop("Approve it in Kamino; the change is then sent by itself within hours, or at once by “Resync”."),
        "conflict",
    ),
    Reason.UNKNOWN_IN_KAMINO: Words(
        gettext_noop("Unknown status in Kamino"),
        gettext_noop("Kamino shows the title with a status that this service does not know, and it is not changed."),
        gettext_noop("Look at it there; once it is pending or paid again, it goes on by itself within hours."),
        "conflict",
    ),
    Reason.ANOTHER_ID: Words(
        gettext_noop("Answered with another number"),
        gettext_noop("Kamino answered with the number %(id)s, which is not the one of this title or person."),
        gettext_noop("Look for both numbers in Kamino, remove the one too many there, then choose “Decide”."),
        "conflict",
    ),
    Reason.NOT_OPEN: Words(
        gettext_noop("Not open in Bling"),
        gettext_noop("A program wanted it settled, and Bling does not show it as open and whole."),
        gettext_noop("Look at “Settlements for Bling”, and in Bling at what was paid."),
    ),
    Reason.FIELDS_DIFFER: Words(
        gettext_noop("Data differ"),
        gettext_noop("Another system and Bling do not have the same data of a customer."),
        gettext_noop("Look at “Customers of other systems”, and choose there which data count."),
    ),
    Reason.CONTACT_UNSURE: Words(
        gettext_noop("Found by its name alone"),
        gettext_noop("A customer of another system was found in Bling by its name alone: it may be somebody else."),
        gettext_noop("Look at “Customers of other systems”, and say there whether it is the one."),
    ),
    Reason.CONTACT_TAKEN: Words(
        gettext_noop("Contact of another customer"),
        gettext_noop("Another customer of the same system is this contact of Bling already."),
        gettext_noop("Look at “Customers of other systems”."),
    ),
    Reason.CONTACT_GONE: Words(
        gettext_noop("Contact gone from Bling"),
        gettext_noop("Bling no longer has the contact of a customer of another system."),
        gettext_noop("Look at “Customers of other systems”."),
    ),
    Reason.CONTACT_CHANGES_OFF: Words(
        gettext_noop("Contacts are not changed"),
        gettext_noop("Changing contacts that Bling has is switched off for this account."),
        gettext_noop("Support switches it on (“Writing into Bling”)."),
    ),
    Reason.PRODUCT_UNKNOWN: Words(
        gettext_noop("Product not in Bling"),
        gettext_noop("A bill of another system names a product that Bling does not have (%(name)s)."),
        _BILLS,
    ),
    Reason.PAYMENT_FORM_UNKNOWN: Words(
        gettext_noop("Payment form not in Bling"),
        gettext_noop("A bill of another system names a payment form that Bling does not have (%(name)s)."),
        _BILLS,
    ),
    Reason.ORDER_INVOICED: Words(
        gettext_noop("Invoice made"),
        gettext_noop("A bill of another system changed after the invoice of its order was made."),
        _BILLS,
    ),
    Reason.ORDER_LAUNCHED: Words(
        gettext_noop("Titles launched"),
        gettext_noop("A bill of another system changed after the titles of its order were launched, or it ended."),
        _BILLS,
    ),
    Reason.ORDER_CHANGED: Words(
        gettext_noop("Order changed in Bling"),
        gettext_noop("Somebody changed in Bling the order of a bill of another system."),
        _BILLS,
    ),
    Reason.ORDER_GONE: Words(
        gettext_noop("Order gone from Bling"),
        gettext_noop("Bling no longer has the order of a bill of another system."),
        _BILLS,
    ),
    Reason.TOTAL_DIFFERS: Words(
        gettext_noop("Total differs"),
        gettext_noop("Bling shows another total of an order than the bill of another system has (%(name)s)."),
        _BILLS,
    ),
    Reason.NO_ANSWER: Words(
        gettext_noop("No answer"),
        gettext_noop("Kamino did not answer as expected. Tried again by itself."),
    ),
    Reason.LIMITED: Words(
        gettext_noop("Limit of requests"),
        gettext_noop("Kamino takes no more requests for now. Tried again by itself."),
    ),
    Reason.LIST_INCOMPLETE: Words(
        gettext_noop("Kamino's list is incomplete"),
        gettext_noop("Kamino's list has a row without a number, or moved: what it does not show may be there."),
        gettext_noop("Correct the odd title of this due date in Kamino, then choose “Send to Kamino again”."),
        "refused",
    ),
    Reason.LIST_UNKNOWN: Words(
        gettext_noop("Kamino's list is not known"),
        gettext_noop(
            "It is not known whether Kamino lists these titles, so nothing of them is sent: it might be there already."
        ),
        gettext_noop(
            "Support tests the Kamino connection and, if there is no such list, says so there "
            "(“Kamino has no such list”)."
        ),
    ),
    Reason.LIST_FAILED: Words(
        gettext_noop("Kamino's list cannot be read"),
        gettext_noop(
            "Kamino's list of these titles could not be read, so nothing of them is sent. Tried again by itself."
        ),
        gettext_noop("If it stays so, support tests the Kamino connection and corrects what it names."),
    ),
    Reason.SOUGHT: Words(
        gettext_noop("Sought in Kamino"),
        gettext_noop(
            "Kamino no longer shows the title where it was: somebody moved its due date far, or deleted it. The whole "
            "list is read to find it. Goes on by itself."
        ),
    ),
    Reason.UNCONFIRMED: Words(
        gettext_noop("Sent without confirmation"),
        gettext_noop("It was sent and Kamino's answer was lost; it is looked up there before anything else."),
        gettext_noop("Wait a quarter of an hour: it is looked up in Kamino by itself."),
        "unconfirmed",
    ),
    Reason.OUTCOME_UNKNOWN: Words(
        gettext_noop("Outcome not known"),
        gettext_noop("It was sent, Kamino's answer was lost, and the look-ups have ended without an answer."),
        LOOK_AND_DECIDE,
        "unconfirmed",
    ),
    Reason.NO_RECORD: Words(
        gettext_noop("Sent without a record"),
        gettext_noop("Its delivery left no record."),
        LOOK_AND_DECIDE,
        "unconfirmed",
    ),
    Reason.NO_LIST: Words(
        gettext_noop("No list to look it up in"),
        gettext_noop("Its answer was lost, and Kamino has no list to look it up in. Its marker is “%(code)s”."),
        LOOK_AND_DECIDE,
        "unconfirmed",
    ),
    Reason.FOUND_TWICE: Words(
        gettext_noop("More than once in Kamino"),
        gettext_noop("Kamino has it more than once (%(ids)s)."),
        gettext_noop("Delete the surplus there, then choose “Send to Kamino again”."),
        "conflict",
    ),
    Reason.NOT_PROVED_ABSENT: Words(
        gettext_noop("Absence not proved"),
        gettext_noop("Not found in Kamino after two look-ups, but its list may not show everything."),
        LOOK_AND_DECIDE,
        "unconfirmed",
    ),
    Reason.NO_DOCUMENT: Words(
        gettext_noop("No CPF/CNPJ to look it up by"),
        gettext_noop("A person without CPF/CNPJ cannot be looked up."),
        gettext_noop("Look for it in Kamino, then choose “Decide”."),
        "unconfirmed",
    ),
    Reason.PERSON_FOUND_TWICE: Words(
        gettext_noop("Person more than once in Kamino"),
        gettext_noop("Kamino has more than one person with this CPF/CNPJ."),
        gettext_noop("Choose one by “Decide”."),
        "person",
    ),
    Reason.LOOK_UP_FAILED: Words(
        gettext_noop("Could not be looked up"),
        gettext_noop("It was sent, Kamino's answer was lost, and for hours it could not be looked up (%(why)s)."),
        LOOK_AND_DECIDE,
        "unconfirmed",
    ),
    Reason.REPLACED: Words(
        gettext_noop("Replaced in Bling"),
        gettext_noop("Bling created it again with another id: %(replaced_by)s."),
    ),
    Reason.NEW: Words(
        gettext_noop("Just seen"),
        gettext_noop("It was just seen in Bling, and is planned once the sync that found it is through."),
    ),
    Reason.IGNORED: Words(
        gettext_noop("Not to be synced"),
        gettext_noop("%(user)s took it out of the sync on %(day)s: %(words)s"),
    ),
    Reason.BEING_PLANNED: Words(
        gettext_noop("Being planned"),
        gettext_noop("Something changed, and it is being planned again; look again in a minute."),
    ),
    Reason.BEING_CHECKED: Words(
        gettext_noop("Payments read again"),
        gettext_noop("Before the settlement is sent, its payments are read from Bling again; look again in a minute."),
        gettext_noop("Should it last: look at the connection with Bling. After a day it goes with what was read."),
    ),
    Reason.BEING_COMPARED: Words(
        gettext_noop("Being compared with Kamino"),
        gettext_noop("It is being compared with what Kamino shows now; look again in a minute."),
    ),
    Reason.SENDING: Words(
        gettext_noop("Being sent"),
        gettext_noop("It is being sent to Kamino right now."),
    ),
    Reason.AWAITS_APPROVAL: Words(
        gettext_noop("Awaits approval"),
        gettext_noop("The settlement that %(user)s ordered awaits the approval of somebody else."),
        gettext_noop(
            "Another person who may do so chooses “Approve” or “Refuse” under “Forced settlements to approve”."
        ),
        "approval",
    ),
    Reason.HELD_AFTER_RESTORE: Words(
        gettext_noop("Held after a restore"),
        gettext_noop(
            "The database was restored, and this title may have been sent before: it waits until Kamino was read "
            "again, or a person releases it."
        ),
        gettext_noop("“Holds after a restore” says what it waits for."),
    ),
    Reason.SIMULATION: Words(
        gettext_noop("Simulation"),
        gettext_noop("The company is in simulation: nothing is sent."),
    ),
    Reason.SWITCHED_OFF: Words(
        gettext_noop("Sending switched off"),
        gettext_noop("Sending is stopped for this company: see its Kamino connection."),
    ),
    Reason.QUEUED: Words(
        gettext_noop("In the queue"),
        gettext_noop("It waits for its turn and is sent by itself."),
    ),
    Reason.UNREAD: Words(
        gettext_noop("Not read in Bling"),
        gettext_noop("It could not be read in Bling: %(message)s"),
    ),
    Reason.NOT_IN_BLING: Words(
        gettext_noop("Not in Bling any more"),
        gettext_noop("Bling answered at %(at)s that this title does not exist; the next syncs confirm it."),
    ),
}
