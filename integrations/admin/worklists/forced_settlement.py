"""Forced settlements: the list, approving, refusing and undoing them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import ChoiceFilter, DayRange, TenantFilter
from integrations.admin.kit.title_search import FoundByTitle
from integrations.domain.money import ZERO
from integrations.login.step_up import stepped_up
from integrations.models import ForcedSettlement
from integrations.pipeline.desk import approvals, live_kamino


class StateFilter(ChoiceFilter):
    """What waits for a second person, what is in force, and what is over."""

    title = gettext_lazy("state")
    parameter_name = "situation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("awaiting", gettext_lazy("Awaits approval")),
            ("standing", gettext_lazy("In force")),
            ("over", gettext_lazy("Undone")),
        ]

    def narrowed(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found: dict[str, Callable[[], QuerySet[Any]]] = {
            "": lambda: queryset,
            "awaiting": queryset.awaiting,  # type: ignore[attr-defined]
            "standing": queryset.in_force,  # type: ignore[attr-defined]
            "over": lambda: queryset.filter(undone_at__isnull=False),
        }
        return found[self.choice]()


@admin.register(ForcedSettlement)
class ForcedSettlementAdmin(FoundByTitle, actions.PermittedActions, ReadOnlyAdmin):
    searched_key = "posting__title"
    empty_text = gettext_lazy("Nobody forced a settlement yet. It is ordered on the page of a title.")
    tenant_path = "kamino_connection__tenant"
    list_display = ["ordered", "title_link", "person", "paid_on", "paid", "account_name", "state_label", "ordered_by"]
    list_filter = [TenantFilter, StateFilter, ("date", DayRange)]
    list_select_related = ["posting__title__person", "posting__kamino_connection__tenant", "account", "user"]
    search_fields = ["reason"]
    search_help_text = gettext_lazy("Name, CPF/CNPJ, document number, value, Bling id or Kamino id")
    fields = [
        "company", "title_link", "person", "paid_on", "paid", "interest_text", "discount_text", "account_name",
        "reason", "state_label", "ordered_by", "created_at", "approver", "approved_at", "refusal",
        "undone_at", "undoer",
    ]  # fmt: skip
    readonly_fields = [
        "company",
        "title_link",
        "person",
        "paid_on",
        "paid",
        "interest_text",
        "discount_text",
        "account_name",
        "state_label",
        "ordered_by",
        "approver",
        "undoer",
    ]
    actions = ["approve_these", "refuse_these"]
    actions_detail = ["approve", "refuse", "undo"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        row = ForcedSettlement.objects.not_undone().filter(pk=object_id).first()
        useful = {"undo", "approve", "refuse"} if row and row.awaits_approval else {"undo"} if row else set()
        return [action for action in super().get_actions_detail(request, object_id) if action.path in useful]

    @display(gettext_lazy("ordered at"), ordering="created_at")
    def ordered(self, row: ForcedSettlement) -> str:
        return texts.moment(row.created_at)

    @display(gettext_lazy("title"))
    def title_link(self, row: ForcedSettlement) -> str:
        number = row.posting.title.document_number or f"Bling {row.posting.title.bling_id}"
        return texts.two_lines(texts.link(row.posting.title, number), row.posting.get_direction_display())

    @display(gettext_lazy("person"), ordering="posting__title__person__name")
    def person(self, row: ForcedSettlement) -> str:
        return texts.two_lines(texts.link(row.posting.title.person), row.posting.kamino_connection.tenant)

    @display(gettext_lazy("payment date"), ordering="date")
    def paid_on(self, row: ForcedSettlement) -> str:
        return texts.day(row.date)

    @display(gettext_lazy("amount"), ordering="amount")
    def paid(self, row: ForcedSettlement) -> str:
        return texts.money(row.amount)

    @display(gettext_lazy("bank account"), ordering="account__name")
    def account_name(self, row: ForcedSettlement) -> str:
        return row.account.name

    @display(gettext_lazy("ordered by"), ordering="user__username")
    def ordered_by(self, row: ForcedSettlement) -> str:
        return str(row.user)

    @display(gettext_lazy("approved by"))
    def approver(self, row: ForcedSettlement) -> str:
        return str(row.approved_by or texts.EMPTY)

    @display(gettext_lazy("undone by"))
    def undoer(self, row: ForcedSettlement) -> str:
        return str(row.undone_by or texts.EMPTY)

    @display(gettext_lazy("interest"))
    def interest_text(self, row: ForcedSettlement) -> str:
        return texts.money(row.interest)

    @display(gettext_lazy("discount"))
    def discount_text(self, row: ForcedSettlement) -> str:
        return texts.money(row.discount)

    @display(
        gettext_lazy("state"),
        label={
            "awaiting": "danger",
            "standing": "warning",
            "undone": "default",
            "refused": "default",
            "overtaken": "default",
        },
    )
    def state_label(self, row: ForcedSettlement) -> tuple[str, Any]:
        if row.undone_at:
            if row.undone_by_id is None:
                return "overtaken", gettext_lazy("Overtaken")
            return ("refused", gettext_lazy("Refused")) if row.refusal else ("undone", gettext_lazy("Undone"))
        if row.awaits_approval:
            return "awaiting", gettext_lazy("Awaits approval")
        return "standing", gettext_lazy("In force")

    @display(gettext_lazy("company"), ordering="posting__kamino_connection__tenant__name")
    def company(self, row: ForcedSettlement) -> str:
        return str(row.posting.kamino_connection.tenant)

    @admin.action(description=gettext_lazy("Approve"), permissions=["force"])
    @stepped_up
    def approve_these(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = list(queryset.select_related(*self.list_select_related))
        if "confirmed" in request.POST:
            actions.one_by_one(request, rows, approvals.approve, _approved, name="forced")
            return None
        total = texts.money(sum((row.amount for row in rows), ZERO))
        return actions.confirm(
            request,
            self,
            title=_("Approve forced settlements"),
            text=_("The settlement is made in Kamino only; in Bling nothing changes."),
            note=ngettext("%(count)s settlement, %(total)s.", "%(count)s settlements, %(total)s.", len(rows))
            % {"count": len(rows), "total": total},
            submit=_("Approve"),
            rows=rows,
            action="approve_these",
            dangerous=True,
        )

    @admin.action(description=gettext_lazy("Refuse"), permissions=["force"])
    def refuse_these(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = list(queryset.select_related(*self.list_select_related))
        form = actions.ReasonForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            actions.one_by_one(request, rows, approvals.refuse, _refused, name="forced", **form.cleaned_data)
            return None
        return actions.confirm(
            request,
            self,
            title=_("Refuse forced settlements"),
            text=_("Nothing is sent. The person who ordered it sees the reason."),
            submit=_("Refuse"),
            form=form,
            rows=rows,
            action="refuse_these",
        )

    @page_action(gettext_lazy("Undo forced settlement"), permissions=["force"], icon="undo")
    def undo(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        return undo_page(request, self, row, row)

    @page_action(gettext_lazy("Approve"), permissions=["force"], icon="check", variant="primary")
    @stepped_up
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request,
            self,
            row.pk,
            approvals.approve,
            _("Approved; the settlement is sent to Kamino next."),
            given={"forced": row},
            title=_("Approve forced settlement"),
            text=_("The settlement is made in Kamino only; in Bling nothing changes."),
            note=_order_line(row),
            submit=_("Approve"),
            dangerous=True,
        )

    @page_action(gettext_lazy("Refuse"), permissions=["force"], icon="block")
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object_or_deny(request, object_id)
        return actions.ask_then(
            request,
            self,
            row.pk,
            approvals.refuse,
            _("Refused; nothing is sent, and the title follows Bling."),
            form=actions.ReasonForm(request.POST or None),
            given={"forced": row},
            title=_("Refuse forced settlement"),
            text=_("Nothing is sent. The person who ordered it sees the reason."),
            note=_order_line(row),
            submit=_("Refuse"),
        )


def _approved(count: int) -> str:
    return ngettext("%(count)s settlement approved", "%(count)s settlements approved", count) % {"count": count}


def _refused(count: int) -> str:
    return ngettext("%(count)s settlement refused", "%(count)s settlements refused", count) % {"count": count}


def _order_line(row: ForcedSettlement) -> str:
    values = {"amount": texts.money(row.amount), "date": texts.day(row.date), "account": row.account.name}
    order = _("%(amount)s on %(date)s, %(account)s") % values
    return "\n".join([texts.title_line(row.posting.title), order, f"{row.user}: {row.reason}"])


def undo_page(request: HttpRequest, model_admin: Any, row: ForcedSettlement, page: Model) -> HttpResponse:
    """Ask, and then take a forced settlement back; `page` is the object whose page the person comes from."""
    return actions.ask_then(
        request,
        model_admin,
        page.pk,
        live_kamino.undo_settlement,
        _("Forced settlement undone; the title follows Bling again."),
        given={"forced": row, "clock": timezone.now},
        title=_("Undo forced settlement"),
        text=_(
            "The title follows Bling again. What Kamino already holds as paid must be reopened there by hand first; "
            "its list is read now to make sure."
        ),
        note=texts.title_line(row.posting.title),
        submit=_("Undo forced settlement"),
        dangerous=True,
    )
