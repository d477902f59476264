"""What a person may do about one payable for Bling: each asks first, makes one pipeline call, and says what came."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.bling_forms import ContactForm, NumberForm
from integrations.admin.kit.decorators import page_action
from integrations.admin.payables.attempts import has_surplus
from integrations.domain.delivery import DeliveryState
from integrations.domain.money import ZERO
from integrations.domain.reasons import Reason
from integrations.models import PayableWrite, WriteBatch
from integrations.pipeline.payables import live, orders
from integrations.pipeline.payables.standing import Standing, standing_of

USEFUL: dict[Standing, set[str]] = {
    Standing.AWAITS_SECOND: {"leave_out"},
    Standing.STOPPED: {"leave_out"},
    Standing.SIMULATION: {"leave_out"},
    Standing.SWITCHED_OFF: {"leave_out"},
    Standing.PAUSED: {"leave_out"},
    Standing.QUEUED: {"leave_out"},
    Standing.STALE: {"send_again", "leave_out"},
    Standing.SUPPLIER_STUCK: {"decide_supplier", "leave_out"},
    Standing.STUCK: {"send_again", "it_is_there", "it_is_not_there", "leave_out", "create_anyway"},
}
"""The buttons that can do something where a payable stands."""


class PayableDecisions(actions.PermittedActions):
    """The buttons of a payable's page."""

    get_object_or_deny: Any

    def has_resolve_payable_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.resolve_payable"))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something."""
        row = PayableWrite.objects.select_related("batch", "supplier", "connection__writing").filter(pk=object_id)
        payable = row.first()
        useful = set(USEFUL.get(standing_of(payable, timezone.now()).standing, ())) if payable else set()
        if payable is not None and payable.state == DeliveryState.NEEDS_HUMAN:
            useful -= {"leave_out"} if orders.is_unknown(payable) else {"it_is_there", "it_is_not_there"}
            is_held = payable.reason == Reason.POSSIBLE_DUPLICATE
            useful -= {"send_again"} if is_held else {"create_anyway"}
        useful |= {"surplus_gone"} if has_surplus(payable) else set()
        shown: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [action for action in shown if action.path in useful]

    @page_action(gettext_lazy("Send again"), permissions=["resolve_payable"], icon="replay", variant="primary")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, orders.send_again, _("It is sent next."), title=_("Send again"),
            text=_("What may have happened is looked up in Bling first; then it is sent as it was entered."),
            submit=_("Send again"),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Send again"), permissions=["resolve_payable"])
    def send_these_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Send what waited too long, or is stuck, of the rows that were chosen."""
        rows = list(queryset.select_related("batch", "supplier", "connection__writing"))
        now = timezone.now()
        waiting = [row for row in rows if "send_again" in USEFUL.get(standing_of(row, now).standing, ())]
        if "confirmed" in request.POST:
            actions.one_by_one(request, waiting, orders.send_again, _sent_again, name="payable")
            return None
        total = texts.money(sum((row.value for row in waiting), ZERO))
        note = ngettext("%(count)s payable, %(total)s.", "%(count)s payables, %(total)s.", len(waiting))
        return actions.confirm(
            request, self, title=_("Send again"), submit=_("Send again"), rows=waiting, action="send_these_again",
            text=_("What may have happened is looked up in Bling first; then each is sent as it was entered. Those "
                   "that wait for something else are left out."),
            note=note % {"count": len(waiting), "total": total},
        )  # fmt: skip

    @page_action(gettext_lazy("It is in Bling"), permissions=["resolve_payable"], icon="link")
    def it_is_there(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, live.is_there, _("Linked: nothing more is sent."), title=_("It is in Bling"),
            form=NumberForm(request.POST or None),
            text=_("The payable with this number is read in Bling now; its supplier and value have to be the same."),
            submit=_("Link"),
        )  # fmt: skip

    @page_action(gettext_lazy("It is not in Bling"), permissions=["resolve_payable"], icon="link_off")
    def it_is_not_there(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, orders.is_not_there, _("It is sent next."), title=_("It is not in Bling"),
            form=actions.ReasonForm(request.POST or None), dangerous=True,
            text=_("Look in Bling first: if it is there after all, it will stand there twice."),
            submit=_("It is not in Bling: send it"),
        )  # fmt: skip

    @page_action(gettext_lazy("Decide the supplier"), permissions=["resolve_payable"], icon="rule", variant="primary")
    def decide_supplier(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, live.supplier_is, _("Decided. The payable is sent next."),
            title=_("Decide the supplier"), form=ContactForm(request.POST or None),
            text=_("Look in Bling which contact it is, and give its id. It counts for all payables of this supplier."),
            submit=_("Decide"),
        )  # fmt: skip

    @page_action(gettext_lazy("Create all the same"), permissions=["resolve_payable"], icon="add_circle")
    def create_anyway(self, request: HttpRequest, object_id: str) -> HttpResponse:
        awaits = self.get_object_or_deny(request, object_id).batch.state == WriteBatch.State.AWAITING
        done = _("Decided. Somebody else still has to confirm its batch.") if awaits else _("It is sent next.")
        return self._ask(
            request, object_id, orders.create_all_the_same, done, title=_("Create all the same"),
            form=actions.ReasonForm(request.POST or None), dangerous=True,
            text=_("Look at the possible duplicates first: if it is one, it will stand in Bling twice."),
            submit=_("Create all the same"),
        )  # fmt: skip

    @page_action(gettext_lazy("Do not send"), permissions=["resolve_payable"], icon="block")
    def leave_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, orders.leave_out, _("It is not sent."), title=_("Do not send"),
            form=actions.ReasonForm(request.POST or None), dangerous=True,
            text=_("Nothing of it reaches Bling. It cannot be sent later; enter it again then."),
            submit=_("Do not send"),
        )  # fmt: skip

    def _ask(
        self, request: HttpRequest, object_id: str, order: Callable[..., object], done: str, **page: Any
    ) -> HttpResponse:
        payable = self.get_object_or_deny(request, object_id)
        note = " · ".join([str(payable), texts.day(payable.due_date), texts.money(payable.value)])
        return actions.ask_then(request, self, payable.pk, order, done, given={"payable": payable}, note=note, **page)


def _sent_again(count: int) -> str:
    return ngettext("%(count)s payable is sent next.", "%(count)s payables are sent next.", count) % {"count": count}
