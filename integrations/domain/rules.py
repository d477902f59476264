"""What a company decided about its mirror: dates, filters, and when receivables may leave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from integrations.domain.documents import digits
from integrations.domain.reasons import Problem, Reason
from integrations.domain.settlement import PaidAmount
from integrations.domain.titles import UNSETTLED, Direction, InvoiceStatus, Origin, TitleFacts


class FilterKind(StrEnum):
    CATEGORY = "category"
    PAYMENT_FORM = "payment_form"
    CONTACT_TYPE = "contact_type"


class Release(StrEnum):
    """When a receivable of an invoice may be sent."""

    ALWAYS = "always"
    AUTHORISED = "authorised"
    DANFE = "danfe"


class SaleRelease(StrEnum):
    """When a receivable of a sales order may be sent."""

    ALWAYS = "always"
    FULFILLED = "fulfilled"


class PayableNumber(StrEnum):
    """How a payable's document number is written to Kamino: nobody has shown that `NroNotaFiscal` takes letters."""

    TEXT = "text"
    DIGITS = "digits"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class Filter:
    """Bling ids of one kind of register that titles must have one of (`include`, when any), or must not have."""

    include: frozenset[int] = frozenset()
    exclude: frozenset[int] = frozenset()

    def refuses(self, ids: frozenset[int]) -> bool:
        return bool(self.exclude & ids) or (bool(self.include) and not self.include & ids)


@dataclass(frozen=True)
class TenantRules:
    """What a company decided; `None` dates mean "no such limit".

    `wants_split`: payments become titles of their own; `may_split`: Kamino's lists were proved, so that a lost answer
    about such a title can be cleared up. `paid_amount`: what Bling's `valorPago` means in this account.
    """

    settled_from: date | None
    closed_until: date | None = None
    payables: bool = True
    receivables: bool = True
    code_prefix: str = ""
    filters: Mapping[FilterKind, Filter] = field(default_factory=dict)
    release: Release = Release.ALWAYS
    sale_release: SaleRelease = SaleRelease.ALWAYS
    wants_split: bool = False
    may_split: bool = False
    paid_amount: PaidAmount = PaidAmount.UNKNOWN
    payable_number: PayableNumber = PayableNumber.TEXT


_RELEASED = {
    Release.AUTHORISED: (InvoiceStatus.AUTHORISED, InvoiceStatus.DANFE_ISSUED),
    Release.DANFE: (InvoiceStatus.DANFE_ISSUED,),
}


def is_switched_off(title: TitleFacts, rules: TenantRules) -> bool:
    """Say whether a company syncs no titles of this direction: then nothing of them is touched any more."""
    return not (rules.payables if title.direction is Direction.PAYABLE else rules.receivables)


def is_filtered(title: TitleFacts, contact_types: frozenset[int], rules: TenantRules) -> bool:
    """Say whether a company does not want to send this title."""
    ids = {
        FilterKind.CATEGORY: frozenset({title.category_id}),
        FilterKind.PAYMENT_FORM: frozenset({title.payment_form_id}),
        FilterKind.CONTACT_TYPE: contact_types,
    }
    return any(rule.refuses(ids[kind]) for kind, rule in rules.filters.items())


def number_to_send(title: TitleFacts, rules: TenantRules) -> str:
    """Return the document number that Kamino is given, "" for none."""
    if title.direction is Direction.RECEIVABLE or rules.payable_number is PayableNumber.TEXT:
        return title.document_number
    return digits(title.document_number) if rules.payable_number is PayableNumber.DIGITS else ""


def has_cancelled_invoice(title: TitleFacts) -> bool:
    """Say whether money is still expected for an invoice that was cancelled or denied."""
    is_void = title.invoice_status in (InvoiceStatus.CANCELLED, InvoiceStatus.DENIED)
    return title.origin is Origin.INVOICE and is_void and title.status in UNSETTLED


def kept_back(title: TitleFacts, rules: TenantRules) -> Problem | None:
    """Return why a receivable that Kamino does not have may not leave: its invoice or its sale is not far enough, or
    will never be. What a cancelled or denied invoice asks for is never sent; a cancelled sale's only where its company
    lets sales say so."""
    if title.direction is Direction.PAYABLE:
        return None
    status, number = title.invoice_status, {"number": title.origin_number}
    if title.origin is Origin.INVOICE:
        if status in (InvoiceStatus.CANCELLED, InvoiceStatus.DENIED):
            return Problem(Reason.INVOICE_VOID, number)
        is_free = rules.release is Release.ALWAYS or status in _RELEASED[rules.release]
        return None if is_free else Problem(Reason.AWAITING_RELEASE, number)
    if title.origin is not Origin.SALE or rules.sale_release is SaleRelease.ALWAYS:
        return None
    if status is InvoiceStatus.CANCELLED:
        return Problem(Reason.SALE_VOID, number)
    return None if status is InvoiceStatus.FULFILLED else Problem(Reason.AWAITING_SALE, number)
