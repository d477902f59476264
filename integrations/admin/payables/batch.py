"""Batches of payables for Bling: confirmed by a second person, gone on with, or discarded."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.base import ReadOnlyAdmin, ReadOnlyInline
from integrations.admin.kit.decorators import display, page_action
from integrations.admin.kit.filters import ChoiceColumn, TenantFilter
from integrations.admin.kit.standing_columns import StandingColumns
from integrations.admin.payables.attempts import occurrence_text
from integrations.login.middleware import RENEWED
from integrations.login.step_up import stepped_up
from integrations.models import PayableWrite, WriteBatch
from integrations.pipeline.payables import orders
from integrations.pipeline.payables.standing import Progress, progress_of, standing_of
from integrations.words.writes import BATCH_COLOURS, batch_text

State = WriteBatch.State
USEFUL = {State.AWAITING: {"confirm", "discard"}, State.STOPPED: {"go_on", "discard"}}
"""The buttons that can do something in a batch's state."""
RENEWED_S = 5


class PayableInline(StandingColumns, ReadOnlyInline):
    """The payables of a batch."""

    answers = staticmethod(standing_of)

    model = PayableWrite
    verbose_name_plural = gettext_lazy("Payables")
    fields = ["link", "due", "repeats", "amount", "standing"]
    readonly_fields = ["link", "due", "repeats", "amount", "standing"]
    per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("batch", "supplier", "connection__writing")
        found: QuerySet[Any] = rows.order_by("due_date", "pk")
        return found

    @display(gettext_lazy("payable"))
    def link(self, row: PayableWrite) -> SafeString | str:
        return texts.link(row)

    @display(gettext_lazy("occurrence"))
    def repeats(self, row: PayableWrite) -> str:
        return occurrence_text(row)


@admin.register(WriteBatch)
class WriteBatchAdmin(actions.PermittedActions, ReadOnlyAdmin):
    tenant_path = "connection__tenant"
    empty_text = gettext_lazy("Nobody entered payables for Bling yet.")
    list_display = ["entered", "origin", "counted", "sum", "state_label", "author", "company"]
    list_filter = [TenantFilter, ("state", ChoiceColumn), ("source", ChoiceColumn)]
    list_select_related = ["connection__tenant", "user", "api_key", "approved_by"]
    ordering = ["-created_at", "-pk"]
    inlines = [PayableInline]
    readonly_fields = fields = [
        "state_label", "so_far", "counted", "sum", "origin", "file_name", "author", "entered", "confirmed", "discarded",
        "reason", "company",
    ]  # fmt: skip
    actions_detail = ["confirm", "go_on", "discard"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a batch; the page renews itself as long as something of it is being sent."""
        page: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        batch = (getattr(page, "context_data", None) or {}).get("original")
        if request.method == "GET" and batch is not None and _progress(batch).moves:
            page["Refresh"] = f"{RENEWED_S}; url={request.path}?{RENEWED}=1"
        return page

    def has_approve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.approve_payable"))

    def has_resolve_payable_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("integrations.resolve_payable"))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something: nobody confirms what they entered."""
        batch = WriteBatch.objects.filter(pk=object_id).first()
        useful = USEFUL.get(State(batch.state), set()) if batch else set()
        useful = useful - {"confirm"} if batch and batch.user_id == request.user.pk else useful
        return [action for action in super().get_actions_detail(request, object_id) if action.path in useful]

    @display(gettext_lazy("entered at"), ordering="created_at")
    def entered(self, batch: WriteBatch) -> str:
        return texts.moment(batch.created_at)

    @display(gettext_lazy("origin"), ordering="source")
    def origin(self, batch: WriteBatch) -> str:
        return str(batch.get_source_display())

    @display(gettext_lazy("payables"), ordering="count")
    def counted(self, batch: WriteBatch) -> str:
        return str(batch.count)

    @display(gettext_lazy("so far"))
    def so_far(self, batch: WriteBatch) -> SafeString:
        found = _progress(batch)
        bar = '<progress max="{}" value="{}"></progress><div class="ik-sentence" role="status">{}</div>'
        return format_html(
            bar,
            batch.count,
            batch.count - found.left,
            batch_text(found.sent, batch.count, asks=found.asks, left_out=found.left_out, left=found.left),
        )

    @display(gettext_lazy("sum"), ordering="total")
    def sum(self, batch: WriteBatch) -> str:
        return texts.money(batch.total)

    @display(gettext_lazy("state"), ordering="state", label=BATCH_COLOURS)
    def state_label(self, batch: WriteBatch) -> tuple[str, str]:
        return batch.state, str(batch.get_state_display())

    @display(gettext_lazy("entered by"))
    def author(self, batch: WriteBatch) -> str:
        return batch.author

    @display(gettext_lazy("confirmed by"))
    def confirmed(self, batch: WriteBatch) -> str:
        by = batch.approved_by
        return f"{by}, {texts.moment(batch.approved_at)}" if by else texts.EMPTY

    @display(gettext_lazy("discarded by"))
    def discarded(self, batch: WriteBatch) -> str:
        rows = batch.payables.filter(decision=PayableWrite.Decision.IGNORE).select_related("decided_by")
        row = rows.order_by("decided_at").first() if batch.reason else None
        return f"{row.decided_by}, {texts.moment(row.decided_at)}" if row else texts.EMPTY

    @display(gettext_lazy("company"), ordering="connection__tenant__name")
    def company(self, batch: WriteBatch) -> str:
        return str(batch.connection.tenant)

    @page_action(gettext_lazy("Confirm"), permissions=["approve"], icon="check", variant="primary")
    @stepped_up
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, orders.confirm, _("Confirmed; the payables are sent to Bling next."),
            title=_("Confirm the batch"), submit=_("Confirm"), dangerous=True,
            text=_("Its payables are created in Bling, and reach Kamino with the next sync."),
        )  # fmt: skip

    @page_action(gettext_lazy("Go on"), permissions=["resolve_payable"], icon="play_arrow", variant="primary")
    def go_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, orders.go_on, _("The rest is sent next."), title=_("Go on with the batch"),
            submit=_("Go on"), text=_("The payables that were not tried yet are sent."),
        )  # fmt: skip

    @page_action(gettext_lazy("Discard"), permissions=["resolve_payable"], icon="block")
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._ask(
            request, object_id, orders.discard, _("Discarded: what was not sent stays unsent."),
            title=_("Discard the batch"), submit=_("Discard"), form=actions.ReasonForm(request.POST or None),
            text=_("What was not sent of it is never sent. What Bling has stays there."),
        )  # fmt: skip

    def _ask(self, request: HttpRequest, object_id: str, order: Any, done: str, **page: Any) -> HttpResponse:
        batch = self.get_object_or_deny(request, object_id)
        note = f"{batch.count} · {texts.money(batch.total)} · {batch.author}, {texts.moment(batch.created_at)}"
        return actions.ask_then(request, self, batch.pk, order, done, given={"batch": batch}, note=note, **page)


def _progress(batch: WriteBatch) -> Progress:
    """Return how far a batch is, read once for its page: header and field say the same."""
    read = vars(batch)
    if "progress" not in read:
        read["progress"] = progress_of(batch, timezone.now())
    found: Progress = read["progress"]
    return found
