"""Customers of other systems: the list, and one of them with both its sides and what a person may decide."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.customers.forms import SidesForm
from integrations.admin.kit import actions, texts
from integrations.admin.kit.bling_attempts import AttemptInline
from integrations.admin.kit.bling_forms import ContactForm
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import TenantFilter
from integrations.admin.kit.of_systems import OfSystemsAdmin, WaitsFilter
from integrations.admin.kit.state_in_bling import StateInBling
from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import CustomerWrite, Person
from integrations.models.customer_queries import customers_that_ask
from integrations.pipeline.customers import orders
from integrations.pipeline.customers.sides import Fate, sides_of
from integrations.pipeline.customers.standing import Standing, standing_of
from integrations.words.customers import customer_texts, fate_name, field_name

USEFUL: dict[Standing, set[str]] = {
    Standing.STALE: {"send_again", "leave_out"},
    Standing.CONTACT_STUCK: {"decide_contact", "send_again", "leave_out"},
    Standing.DIFFERS: {"choose_data", "decide_contact", "leave_out"},
    Standing.STUCK: {"send_again", "decide_contact", "another_customer", "look_anew", "leave_out"},
    Standing.DISCONNECTED: {"leave_out"},
    Standing.EQUAL: {"leave_out"},
    Standing.LEFT_OUT: {"send_again"},
    Standing.QUEUED: {"leave_out"},
    Standing.PAUSED: {"leave_out"},
    Standing.SIMULATION: {"leave_out"},
    Standing.SWITCHED_OFF: {"leave_out"},
    Standing.KEY_OVER: {"leave_out"},
}
"""The buttons that can do something where a customer stands."""


class CustomersThatWait(WaitsFilter):
    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(customers_that_ask()) if self.choice else queryset


class CustomerAttemptInline(AttemptInline):
    """The changes of one customer's contact."""

    fk_name = "customer"


@admin.register(CustomerWrite)
class CustomerWriteAdmin(OfSystemsAdmin):
    answers = staticmethod(standing_of)
    sentences = staticmethod(customer_texts)
    given = "customer"
    empty_text = gettext_lazy("No other system has sent a customer yet. Its key is made under “Keys of programs”.")
    list_display = ["what", "whose", "standing", "why", "said"]
    list_filter = [TenantFilter, CustomersThatWait, ("state", StateInBling)]
    search_fields = ["name", "ref"]
    search_help_text = gettext_lazy("Name or reference")
    inlines = [CustomerAttemptInline]
    readonly_fields = fields = [
        "standing", "whole_answer", "advice", "sides", "name_there", "said", "left_out_text", "person_link",
        "bling_number", "decided", "company",
    ]  # fmt: skip
    actions = ["send_these_again"]
    actions_detail = ["choose_data", "decide_contact", "send_again", "another_customer", "look_anew", "leave_out"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        whole = Value(texts.sees_personal_data(request))
        rows: QuerySet[Any] = super().get_queryset(request).annotate(whole_document=whole)
        return rows

    def has_resolve_customer_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.resolve_customer"))

    def useful_of(self, row: CustomerWrite) -> set[str]:
        """Return the buttons that can do something for a customer, where it stands and for its reason."""
        useless = {"send_again"} if row.reason == Reason.CONTACT_GONE else {"look_anew"}
        if row.reason != Reason.DOCUMENT_DIFFERS:
            useless.add("another_customer")
        if row.state == DeliveryState.NEEDS_HUMAN and row.reason not in orders.OF_ANOTHER_CONTACT:
            useless.add("decide_contact")
        return USEFUL.get(standing_of(row, timezone.now()).standing, set()) - useless

    @page_action(gettext_lazy("Choose the data"), permissions=["resolve_customer"], icon="rule", variant="primary")
    def choose_data(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        agreed = row.get_delivered()
        form = SidesForm(
            request.POST or None, differences=agreed.open if agreed else (), initial={"asked": orders.asked_of(row)}
        )
        return self.ask(
            request, object_id, orders.choose, _("Decided. It is sent next."), title=_("Choose the data"), form=form,
            text=_("Of each field: whose value counts. The system's is written into Bling; Bling's stays, and the "
                   "system is told it where it reads from Bling."),
            submit=_("Save"),
        )  # fmt: skip

    @page_action(gettext_lazy("Decide the contact"), permissions=["resolve_customer"], icon="rule", variant="primary")
    def decide_contact(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.contact_of, _("Decided. It is sent next."), title=_("Decide the contact"),
            form=ContactForm(request.POST or None), submit=_("Decide"),
            text=_("Look in Bling which contact it is, and give its id. It counts for all that is this contact."),
        )  # fmt: skip

    @page_action(gettext_lazy("Send again"), permissions=["resolve_customer"], icon="replay")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.send_again, _("It is sent next."), title=_("Send again"), submit=_("Send again"),
            text=_("It is compared with Bling, and what the system alone changed is written."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Send again"), permissions=["resolve_customer"])
    def send_these_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Send those of the rows that were chosen which wait for it."""
        return self.ask_of_many(
            request, queryset, "send_again", orders.send_again, _sent_again, title=_("Send again"),
            submit=_("Send again"), action="send_these_again",
            text=_("Each is compared with Bling, and what its system alone changed is written. Those that wait for "
                   "something else are left out."),
        )  # fmt: skip

    @page_action(gettext_lazy("It is another customer now"), permissions=["resolve_customer"], icon="swap_horiz")
    def another_customer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.is_other, _("Decided. It is sent next."), dangerous=True,
            title=_("It is another customer now"), form=actions.ReasonForm(request.POST or None), submit=_("Decide"),
            text=_("The reference is linked with the contact that has the CPF/CNPJ which the system says now; it is "
                   "created if Bling has none. The former contact stays as it is."),
        )  # fmt: skip

    @page_action(gettext_lazy("Look for it anew"), permissions=["resolve_customer"], icon="person_search")
    def look_anew(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.look_anew, _("It is looked for next."), title=_("Look for it anew"),
            form=actions.ReasonForm(request.POST or None), submit=_("Look for it anew"), dangerous=True,
            text=_("Its contact was deleted in Bling. Another one with its CPF/CNPJ or name is used; else it is "
                   "created again."),
        )  # fmt: skip

    @page_action(gettext_lazy("Do not send"), permissions=["resolve_customer"], icon="block")
    def leave_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask(
            request, object_id, orders.leave_out, _("It is not sent."), title=_("Do not send"), dangerous=True,
            form=actions.ReasonForm(request.POST or None), submit=_("Do not send"),
            text=_("Nothing more of it reaches Bling, whatever its system says. “Send again” ends that."),
        )  # fmt: skip

    @display(gettext_lazy("customer"), ordering="name")
    def what(self, row: CustomerWrite) -> str:
        document = texts.document(row.document, whole=getattr(row, "whole_document", False))
        return texts.two_lines(row.name or texts.EMPTY, document)

    @display(gettext_lazy("both sides"))
    def sides(self, row: CustomerWrite) -> SafeString | str:
        whole = getattr(row, "whole_document", False)

        def shown(name: str, value: str) -> str:
            return texts.document(value, whole=whole) if name == "document" else value or texts.EMPTY

        lines = [
            {
                "name": field_name(one.field), "fate": fate_name(one.fate.value),
                "is_open": one.fate in (Fate.OPEN, Fate.DIFFERS),
                "values": [shown(one.field, value) for value in (one.system, one.bling, one.agreed)],
            }
            for one in sides_of(row)
        ]  # fmt: skip
        context = {"lines": lines, "system": row.system}
        return render_to_string("admin/integrations/customers/sides.html", context) if lines else texts.EMPTY

    @display(gettext_lazy("not sent"))
    def left_out_text(self, row: CustomerWrite) -> str:
        return ", ".join(row.left_out) or texts.EMPTY

    @display(gettext_lazy("person"))
    def person_link(self, row: CustomerWrite) -> SafeString | str:
        number = row.bling_id or row.contact.bling_id or 0
        person = Person.objects.filter(connection=row.connection_id, bling_id=number).first()
        return texts.link(person) if person else texts.EMPTY

    @display(gettext_lazy("contact in Bling"))
    def bling_number(self, row: CustomerWrite) -> str:
        return texts.plain_number(row.bling_id or row.contact.bling_id)


def _sent_again(count: int) -> str:
    return ngettext("%(count)s customer is sent next.", "%(count)s customers are sent next.", count) % {"count": count}
