"""What the plan finds, in words of finance: name, sentence, what to do, worklist."""

from django.utils.translation import gettext_noop

from integrations.domain.reasons import Reason
from integrations.words.reason_words import CHOOSE, Words

PLAN_WORDS: dict[Reason, Words] = {
    Reason.CATEGORY_UNMAPPED: Words(
        gettext_noop("Category without classification"),
        gettext_noop("The category “%(name)s” has no active chart account of the same name in Kamino."),
        gettext_noop("Map it under Mappings."),
        "classification",
    ),
    Reason.CATEGORY_AMBIGUOUS: Words(
        gettext_noop("Category with several accounts"),
        gettext_noop("Kamino has more than one chart account named “%(name)s”."),
        gettext_noop("Choose one under Mappings."),
        "classification",
    ),
    Reason.CATEGORY_MISSING: Words(
        gettext_noop("No category"),
        gettext_noop("The title has no category in Bling, and neither have its payments."),
        gettext_noop("Give it one in Bling, or map “(sem categoria)” under Mappings."),
        "classification",
    ),
    Reason.CATEGORY_DISPUTED: Words(
        gettext_noop("Payments of several categories"),
        gettext_noop("The title has no category in Bling, and its payments have several: %(names)s."),
        gettext_noop("Give the title one in Bling, or map its customer or supplier under Mappings."),
        "classification",
    ),
    Reason.CATEGORY_SPLIT: Words(
        gettext_noop("Divided among categories"),
        gettext_noop("Bling divides the title among several categories (%(names)s), and Kamino takes one."),
        gettext_noop("Give the title one category in Bling, or map its customer or supplier under Mappings."),
        "classification",
    ),
    Reason.ACCOUNT_NOT_USABLE: Words(
        gettext_noop("Cost center or unit inactive"),
        gettext_noop("The cost center or business unit “%(name)s” is inactive in Kamino."),
        gettext_noop(
            "Choose another one under Mappings, or on the Kamino connection where it is the default of all titles."
        ),
        "classification",
    ),
    Reason.ACCOUNT_INACTIVE: Words(
        gettext_noop("Chart account inactive"),
        gettext_noop("The chart account “%(name)s” is inactive in Kamino."),
        CHOOSE,
        "classification",
    ),
    Reason.ACCOUNT_IS_GROUP: Words(
        gettext_noop("Chart account is a group"),
        gettext_noop("The chart account “%(name)s” is a group in Kamino and takes no postings."),
        CHOOSE,
        "classification",
    ),
    Reason.ACCOUNT_WRONG_DIRECTION: Words(
        gettext_noop("Account of the other direction"),
        gettext_noop(
            "“%(name)s” does not fit this title: in Kamino it is an income account and the title is payable, or an "
            "expense account and the title is receivable."
        ),
        CHOOSE,
        "classification",
    ),
    Reason.MAPPING_TARGET_UNKNOWN: Words(
        gettext_noop("Mapping to an unknown name"),
        gettext_noop(
            "The mapping of “%(bling_name)s” names “%(name)s”, which Kamino does not have, or has not in use."
        ),
        gettext_noop("Choose another name under Mappings."),
        "classification",
    ),
    Reason.ORDER_UNREAD: Words(
        gettext_noop("Sales order not read yet"),
        gettext_noop(
            "The sales order behind this title is still being read: it says which cost center or business unit it has."
        ),
        gettext_noop("Wait for the next sync; if it lasts, its page says why."),
        "conflict",
    ),
    Reason.BANK_ACCOUNT_UNMAPPED: Words(
        gettext_noop("Bank account without classification"),
        gettext_noop("The account “%(name)s” has no bank account of the same name in Kamino."),
        gettext_noop("Map it under Mappings; until then the settlement waits."),
        "classification",
    ),
    Reason.BANK_ACCOUNT_AMBIGUOUS: Words(
        gettext_noop("Several bank accounts of that name"),
        gettext_noop("Kamino has more than one bank account named “%(name)s”."),
        gettext_noop("Choose one under Mappings; until then the settlement waits."),
        "classification",
    ),
    Reason.BANK_ACCOUNT_MISSING: Words(
        gettext_noop("Payment without account"),
        gettext_noop("The payment names no account in Bling."),
        gettext_noop("Map “(sem conta)” under Mappings; until then the settlement waits."),
        "classification",
    ),
    Reason.BANK_ACCOUNT_NOT_USABLE: Words(
        gettext_noop("Bank account inactive"),
        gettext_noop("The bank account “%(name)s” is inactive in Kamino."),
        gettext_noop("Choose another one under Mappings; until then the settlement waits."),
        "classification",
    ),
    Reason.DUE_DATE_MISSING: Words(
        gettext_noop("No due date"),
        gettext_noop("The title has no due date in Bling."),
        gettext_noop("Give it a due date in Bling."),
        "invalid",
    ),
    Reason.PERSON_MISSING: Words(
        gettext_noop("No customer or supplier"),
        gettext_noop("The title names no customer or supplier in Bling."),
        gettext_noop("Choose one for it in Bling."),
        "person",
    ),
    Reason.PERSON_UNREAD: Words(
        gettext_noop("Customer or supplier not read"),
        gettext_noop("The customer or supplier could not be read from Bling (contact %(id)s)."),
        gettext_noop("It is tried again by itself. If the contact was deleted in Bling, choose another one there."),
        "person",
    ),
    Reason.PERSON_REFUSED: Words(
        gettext_noop("Customer or supplier refused"),
        gettext_noop("The customer or supplier “%(name)s” could not be saved in Kamino: %(why)s"),
        gettext_noop("Correct in Bling or in Kamino what it names, then choose “Resync”."),
        "person",
    ),
    Reason.PERSON_UNDECIDED: Words(
        gettext_noop("Which customer or supplier?"),
        gettext_noop("Which person in Kamino “%(name)s” is has to be decided: %(why)s"),
        gettext_noop("Choose “Decide”."),
        "person",
    ),
    Reason.DOCUMENT_DIFFERS: Words(
        gettext_noop("Another CPF/CNPJ"),
        gettext_noop("Bling shows another CPF/CNPJ for “%(name)s” than its person in Kamino (%(id)s) has."),
        gettext_noop(
            "Choose “Decide”: the same company, another one, or a wrong number in Bling. Until then nothing new of it "
            "is sent."
        ),
        "person",
    ),
    Reason.INVALID_DOCUMENT: Words(
        gettext_noop("Invalid CPF/CNPJ"),
        gettext_noop("The CPF/CNPJ of “%(name)s” is not valid."),
        gettext_noop("Correct it in Bling."),
        "invalid",
    ),
    Reason.VALUE_NOT_POSITIVE: Words(
        gettext_noop("Value zero or negative"),
        gettext_noop("The value %(value)s is zero or negative."),
        gettext_noop("Correct it in Bling, or choose “Do not sync this title”."),
        "invalid",
    ),
    Reason.STATUS_RETURNED: Words(
        gettext_noop("Returned in Bling"),
        gettext_noop("The title was returned in Bling."),
        gettext_noop(
            "Nothing more of it is sent. Settle or delete it in Kamino by hand, then choose “Do not sync this title”."
        ),
        "invalid",
    ),
    Reason.STATUS_UNKNOWN: Words(
        gettext_noop("Unknown status in Bling"),
        gettext_noop("Bling shows the status %(number)s, which this service does not know."),
        gettext_noop("Correct it in Bling if it is wrong there; else call the developers, with this page."),
        "invalid",
    ),
    Reason.CANCELLED_WITH_PAYMENT: Words(
        gettext_noop("Cancelled with a payment"),
        gettext_noop("Cancelled in Bling although money was paid on it."),
        gettext_noop(
            "If the money moved, undo the cancellation in Bling. If not, reverse the payment there; a settlement that "
            "Kamino has is undone there by hand then."
        ),
        "conflict",
    ),
    Reason.CANCELLED_BEFORE_SENDING: Words(
        gettext_noop("Cancelled before it was sent"),
        gettext_noop("Cancelled in Bling before it was sent: nothing to do."),
    ),
    Reason.PAYMENTS_UNREAD: Words(
        gettext_noop("Payments not read yet"),
        gettext_noop("Its payments are still being read."),
    ),
    Reason.PAYMENTS_MISSING: Words(
        gettext_noop("Paid without a payment record"),
        gettext_noop("Paid in Bling without a payment record (borderô), so date and account are unknown."),
        gettext_noop(
            "Reopen it in Bling and pay it by a borderô, or choose “Force settlement in Kamino”; until then it is not "
            "settled there."
        ),
        "partial",
    ),
    Reason.PAYMENT_AMBIGUOUS: Words(
        gettext_noop("Payment of several titles"),
        gettext_noop("The payment %(bordero)s covers several titles and does not say how much belongs to this one."),
        gettext_noop(
            "Number the titles in Bling, or choose “Force settlement in Kamino”; until then it is not settled there."
        ),
        "partial",
    ),
    Reason.PAYMENT_OF_OTHERS: Words(
        gettext_noop("Payment of another customer or supplier"),
        gettext_noop(
            "The payment %(bordero)s names another customer or supplier than the title (contacts in Bling: "
            "%(contacts)s)."
        ),
        gettext_noop(
            "Correct the customer or supplier of the title or of the payment in Bling, or choose “Force settlement in "
            "Kamino”; until then it is not settled there."
        ),
        "partial",
    ),
    Reason.PAYMENTS_DO_NOT_ADD_UP: Words(
        gettext_noop("Payments do not add up"),
        gettext_noop("The payments found (%(paid)s) do not make up the value %(value)s."),
        gettext_noop(
            "Correct them in Bling, or choose “Force settlement in Kamino”; until then it is not settled there."
        ),
        "partial",
    ),
    Reason.PAID_AMOUNT_UNSURE: Words(
        gettext_noop("Paid amount unclear"),
        gettext_noop("What was paid (%(paid)s for %(value)s) can be read in two ways, which move different amounts."),
        gettext_noop(
            "Say on the Bling connection what the paid amount (valorPago) is, or choose “Force settlement in Kamino”."
        ),
        "partial",
    ),
    Reason.PAYMENTS_SEVERAL: Words(
        gettext_noop("Several payments"),
        gettext_noop("Paid in %(count)s payments on different days or accounts; Kamino takes one."),
        gettext_noop(
            "Choose “Force settlement in Kamino”, with what was paid in all. If it is settled in Kamino already, give "
            "the same day and amount: it is not settled a second time."
        ),
        "partial",
    ),
    Reason.SETTLED_UNCHECKED: Words(
        gettext_noop("Payments not read again"),
        gettext_noop("Bling could not be read for a day before the settlement: it goes with payments read before."),
        gettext_noop("Nothing: they are read again once Bling answers, and a difference is shown then."),
    ),
    Reason.OVERPAID: Words(
        gettext_noop("Overpaid"),
        gettext_noop("%(paid)s was paid for a value of %(value)s."),
        gettext_noop("Check whether more was really paid. If not, correct the payment in Bling, then choose “Resync”."),
    ),
    Reason.PARTIALLY_PAID: Words(
        gettext_noop("Partly paid"),
        gettext_noop("Partly paid in Bling: %(paid)s paid, %(balance)s open. Kamino keeps the whole value open."),
        gettext_noop("Take care that Kamino pays or charges only the balance."),
        "partial",
    ),
    Reason.PART_REVERSED: Words(
        gettext_noop("Split payment reversed"),
        gettext_noop("The payment %(ids)s was reversed in Bling, and Kamino holds it as a paid title."),
        gettext_noop(
            "Delete that title in Kamino. It is noticed within a day, or at once by “Reconcile now” in the list of "
            "companies."
        ),
        "partial",
    ),
    Reason.PART_DIFFERS: Words(
        gettext_noop("Split payment changed"),
        gettext_noop("The payment %(bordero)s changed in Bling after it was sent to Kamino as a title of its own."),
        gettext_noop(
            "If Bling is right, correct day and amount in Kamino: it is noticed within a day, or at once by “Reconcile "
            "now” in the list of companies. If Kamino is right, correct the payment in Bling, then choose “Resync”."
        ),
        "partial",
    ),
    Reason.PART_STUCK: Words(
        gettext_noop("Split payment not sent"),
        gettext_noop("The payment %(bordero)s did not reach Kamino: %(why)s"),
        gettext_noop("Correct what it names, then choose “Send to Kamino again”."),
        "partial",
    ),
    Reason.SPLIT_NOT_PROVED: Words(
        gettext_noop("Not split"),
        gettext_noop(
            "Not split: the Kamino connection does not say that its lists show every status and that unconfirmed "
            "operations are allowed."
        ),
        gettext_noop(
            "Support tests the Kamino connection and says both there. A title that is paid whole can also be settled "
            "by “Force settlement in Kamino”."
        ),
        "partial",
    ),
    Reason.CLOSED_PERIOD_FOR_PARTS: Words(
        gettext_noop("Not split: closed period"),
        gettext_noop("Not split: a payment is of the period until %(date)s, which is closed."),
        gettext_noop(
            "Decide with finance: support alone opens the month again at the company. Until then take care that Kamino "
            "pays or charges only what is left."
        ),
        "closed",
    ),
    Reason.BEFORE_SETTLED_FROM: Words(
        gettext_noop("History"),
        gettext_noop("Paid before %(date)s: history, not sent."),
    ),
    Reason.CLOSED_PERIOD: Words(
        gettext_noop("Closed period"),
        gettext_noop("The period until %(date)s is closed."),
        gettext_noop(
            "Decide with finance: support alone opens the month again at the company; it is sent then. Or change "
            "Kamino by hand, and choose “Do not sync this title”."
        ),
        "closed",
    ),
    Reason.FILTERED: Words(
        gettext_noop("Filtered"),
        gettext_noop("Outside the company's filter: not sent."),
    ),
    Reason.AWAITING_RELEASE: Words(
        gettext_noop("Awaiting release"),
        gettext_noop("Waits until the invoice %(number)s is far enough in Bling."),
        "",
        "release",
    ),
    Reason.AWAITING_SALE: Words(
        gettext_noop("Awaiting the sale"),
        gettext_noop("Waits until the sale %(number)s is fulfilled in Bling."),
        "",
        "release",
    ),
    Reason.INVOICE_VOID: Words(
        gettext_noop("Invoice cancelled or denied"),
        gettext_noop("The invoice %(number)s was cancelled or denied in Bling: its title is not created in Kamino."),
        gettext_noop("Cancel the title in Bling if it is no longer owed."),
        "release",
    ),
    Reason.SALE_VOID: Words(
        gettext_noop("Sale cancelled"),
        gettext_noop("The sale %(number)s was cancelled in Bling: its title is not created in Kamino."),
        gettext_noop("Cancel the title in Bling if it is no longer owed."),
        "release",
    ),
    Reason.RELAUNCH_UNCLEAR: Words(
        gettext_noop("Replaces which title?"),
        gettext_noop("Bling deleted similar titles (%(ids)s) when this one appeared."),
        gettext_noop("Choose “Decide”: which one it replaces, or none."),
        "conflict",
    ),
    Reason.DELETED_IN_BLING: Words(
        gettext_noop("Deleted in Bling"),
        gettext_noop("Deleted in Bling."),
        gettext_noop("Choose “Decide”: cancel it in Kamino, or keep it."),
        "conflict",
    ),
}
