"""The payments below a title's page."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from integrations.admin.kit import texts
from integrations.admin.kit.base import ReadOnlyInline
from integrations.admin.kit.decorators import display
from integrations.models import Payment


class PaymentInline(ReadOnlyInline):
    model = Payment
    verbose_name_plural = gettext_lazy("Payments in Bling")
    fields = ["day", "paid", "interest_text", "discount_text", "surcharge_text", "fee_text", "bordero"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        rows: QuerySet[Payment] = super().get_queryset(request)
        return rows.select_related("title")

    @display(gettext_lazy("date"))
    def day(self, payment: Payment) -> str:
        return texts.day(payment.date)

    @display(gettext_lazy("amount"))
    def paid(self, payment: Payment) -> str:
        return texts.money(payment.amount)

    @display(gettext_lazy("interest"))
    def interest_text(self, payment: Payment) -> str:
        return texts.money(payment.interest)

    @display(gettext_lazy("discount"))
    def discount_text(self, payment: Payment) -> str:
        return texts.money(payment.discount)

    @display(gettext_lazy("surcharge"))
    def surcharge_text(self, payment: Payment) -> str:
        return texts.money(payment.surcharge)

    @display(gettext_lazy("fee"))
    def fee_text(self, payment: Payment) -> str:
        return texts.money(payment.fee)

    @display(gettext_lazy("borderô"))
    def bordero(self, payment: Payment) -> str:
        return texts.plain_number(payment.bordero_id)
