"""Bills of other systems: the list, and one of them with what was billed and what a person may decide."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.bling_attempts import AttemptInline
from integrations.admin.kit.bling_forms import ContactForm, NumberForm
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import TenantFilter
from integrations.admin.kit.of_systems import OfSystemsAdmin, WaitsFilter
from integrations.admin.kit.state_in_bling import StateInBling
from integrations.domain.reasons import Reason
from integrations.models import OrderWrite, Person
from integrations.models.order_queries import bills_that_ask
from integrations.pipeline.bills import orders
from integrations.pipeline.bills.standing import standing_of_bill
from integrations.pipeline.customers.standing import Standing
from integrations.pipeline.payables.orders import is_unknown
from integrations.words.bills import bill_texts

_LEAVE = {"leave_out"}
USEFUL: dict[Standing, set[str]] = {
    Standing.STALE: {"send_again", *_LEAVE},
    Standing.CONTACT_STUCK: {"decide_contact", "send_again", *_LEAVE},
    Standing.CUSTOMER_STUCK: _LEAVE,
    Standing.STUCK: {"send_again", "overwrite", "is_there", "is_not_there", *_LEAVE},
    Standing.DISCONNECTED: _LEAVE,
    Standing.EQUAL: _LEAVE,
    Standing.QUEUED: _LEAVE,
    Standing.PAUSED: _LEAVE,
    Standing.SIMULATION: _LEAVE,
    Standing.SWITCHED_OFF: _LEAVE,
    Standing.KEY_OVER: _LEAVE,
}
"""The buttons that can do something where a bill stands."""


class BillsThatWait(WaitsFilter):
    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(bills_that_ask(timezone.now())) if self.choice else queryset


class BillAttemptInline(AttemptInline):
    """The writes of one bill's order."""

    fk_name = "order"


@admin.register(OrderWrite)
class OrderWriteAdmin(OfSystemsAdmin):
    answers = staticmethod(standing_of_bill)
    sentences = staticmethod(bill_texts)
    given = "bill"
    empty_text = gettext_lazy("No other system has sent a bill yet. Its key is made under “Keys of programs”.")
    list_select_related = [*OfSystemsAdmin.list_select_related, "customer"]
    list_display = ["what", "billed", "whose", "standing", "why", "said"]
    list_filter = [TenantFilter, BillsThatWait, ("state", StateInBling)]
    search_fields = ["customer_name", "ref", "order_number"]
    search_help_text = gettext_lazy("Customer, reference or number in Bling")
    inlines = [BillAttemptInline]
    readonly_fields = fields = [
        "standing", "whole_answer", "advice", "customer_name", "content", "name_there", "said", "order_number",
        "bling_number", "mark", "person_link", "decided", "company",
    ]  # fmt: skip
    actions = ["send_these_again"]
    actions_detail = ["decide_contact", "send_again", "overwrite", "is_there", "is_not_there", "leave_out"]

    def has_resolve_order_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.resolve_order"))

    def useful_of(self, row: OrderWrite) -> set[str]:
        """Return the buttons that can do something for a bill, where it stands and for its reason."""
        useless = _LEAVE if is_unknown(row) else {"is_not_there"}
        if not is_unknown(row) and row.reason not in (Reason.ORDER_GONE, Reason.REFUSED, Reason.ANOTHER_ID):
            useless = useless | {"is_there"}
        if row.reason != Reason.ORDER_CHANGED:
            useless = useless | {"overwrite"}
        if row.reason == Reason.ORDER_GONE:
            useless = useless | {"send_again"}
        return USEFUL.get(standing_of_bill(row, timezone.now()).standing, set()) - useless

    @page_action(gettext_lazy("Decide the contact"), permissions=["resolve_order"], icon="rule", variant="primary")
    def decide_contact(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.contact_of, _("Decided. It is sent next."), title=_("Decide the contact"),
            form=ContactForm(request.POST or None), submit=_("Decide"),
            text=_("Look in Bling which contact it is, and give its id. It counts for all that is this contact."),
        )  # fmt: skip

    @page_action(gettext_lazy("Send again"), permissions=["resolve_order"], icon="replay")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.send_again, _("It is sent next."), title=_("Send again"), submit=_("Send again"),
            text=_("Its order is created in Bling, or changed where neither an invoice nor titles followed from it."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Send again"), permissions=["resolve_order"])
    def send_these_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Send those of the rows that were chosen which wait for it."""
        return self.ask_of_many(
            request, queryset, "send_again", orders.send_again, _sent_again, title=_("Send again"),
            submit=_("Send again"), action="send_these_again",
            text=_("Their orders are created in Bling, or changed where neither an invoice nor titles followed from "
                   "them. Those that wait for something else are left out."),
        )  # fmt: skip

    @page_action(gettext_lazy("Send over changes in Bling"), permissions=["resolve_order"], icon="merge")
    def overwrite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.overwrite, _("It is sent next."), title=_("Send over changes in Bling"),
            form=actions.ReasonForm(request.POST or None), submit=_("Send over them"), dangerous=True,
            text=_("Customer, items, installments, discount, freight and notes of the order become those of the bill. "
                   "What somebody changed of them in Bling is lost."),
        )  # fmt: skip

    @page_action(gettext_lazy("The order is in Bling"), permissions=["resolve_order"], icon="check_circle")
    def is_there(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.is_there, _("Linked."), title=_("The order is in Bling"),
            form=NumberForm(request.POST or None), submit=_("Link"),
            text=_("Look in Bling for its order, and give the id. Customer and total have to be the same."),
        )  # fmt: skip

    @page_action(gettext_lazy("It is not in Bling"), permissions=["resolve_order"], icon="cancel")
    def is_not_there(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.is_not_there, _("It is sent next."), title=_("It is not in Bling"),
            form=actions.ReasonForm(request.POST or None), submit=_("Send again"), dangerous=True,
            text=_("Say so only after a look in Bling: what is there already would be there twice."),
        )  # fmt: skip

    @page_action(gettext_lazy("Do not send"), permissions=["resolve_order"], icon="block")
    def leave_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.leave_out, _("It is not sent."), title=_("Do not send"), dangerous=True,
            form=actions.ReasonForm(request.POST or None), submit=_("Do not send"),
            text=_("Nothing more of it reaches Bling, whatever its system says. An order that is there already stays."),
        )  # fmt: skip

    @display(gettext_lazy("customer"), ordering="customer_name")
    def what(self, row: OrderWrite) -> str:
        number = _("order %(number)s") % {"number": row.order_number} if row.order_number else ""
        return texts.two_lines(row.customer_name or texts.EMPTY, number)

    @display(gettext_lazy("total"), ordering="total")
    def billed(self, row: OrderWrite) -> str:
        return texts.two_lines(texts.money(row.total), texts.day(row.day))

    @display(gettext_lazy("what was billed"))
    def content(self, row: OrderWrite) -> SafeString | str:
        if not row.desired:
            return texts.EMPTY
        order = row.get_desired()
        sums = [
            (_("Discount"), -order.discount), (_("Freight"), order.freight), (_("Other expenses"), order.expenses),
            (_("Total"), order.total),
        ]  # fmt: skip
        context = {
            "day": order.day, "notes": order.notes,
            "items": [
                (item.sku, item.description, item.quantity, item.price, texts.money(item.value)) for item in order.items
            ],
            "parcels": [(parcel.due_date, parcel.form, texts.money(parcel.value)) for parcel in order.parcels],
            "sums": [(name, texts.money(value)) for name, value in sums if value],
        }  # fmt: skip
        return render_to_string("admin/integrations/bills/content.html", context)

    @display(gettext_lazy("order in Bling"))
    def bling_number(self, row: OrderWrite) -> str:
        return texts.plain_number(row.bling_id)

    @display(gettext_lazy("“Número na loja” in Bling"))
    def mark(self, row: OrderWrite) -> str:
        return row.reference

    @display(gettext_lazy("person"))
    def person_link(self, row: OrderWrite) -> SafeString | str:
        person = Person.objects.filter(connection=row.connection_id, bling_id=row.known_contact or 0).first()
        return texts.link(person) if person else texts.EMPTY


def _sent_again(count: int) -> str:
    return ngettext("%(count)s bill is sent next.", "%(count)s bills are sent next.", count) % {"count": count}
