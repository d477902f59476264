"""What a test of an action needs to know: who may do it, what to post, and how to see that it was done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db.models import Model
from django.utils import timezone

from integrations.models import (
    BlingConnection,
    ConnectLink,
    FilterRule,
    FollowUp,
    ForcedSettlement,
    KaminoConnection,
    KaminoSnapshot,
    Person,
    PersonAction,
    PersonPosting,
    PlanRequest,
    Posting,
    RestoreHold,
    StoredDiscrepancy,
    SyncRun,
    Tenant,
    Title,
    TitleRead,
)
from integrations.models.confidential import WHOLE
from integrations.pipeline.desk import bulk, restores
from tests.admin.world import DAY, Rows
from tests.domain.builders import desired

REASON = {"reason": "Combinado por telefone", "confirmed": "yes", "has_looked": "on"}


def forced(rows: Rows) -> dict[str, Any]:
    return {"date": "21/11/2026", "amount": "1.234,56", "account": str(rows.bank_account.pk), "reason": "Pix avulso"}


@dataclass
class Case:
    """An action, who may do it, who may not, what to post, and how to see that it was done."""

    model: type[Model]
    name: str
    row: str
    may: str
    may_not: str
    done: Callable[[Rows], bool]
    data: Callable[[Rows], dict[str, Any]] = field(default=lambda _rows: {"confirmed": "yes"})
    says: str = ""
    status: str = "connected"
    begin: Callable[[Rows], object] = field(default=lambda _rows: None)

    def prepare(self, rows: Rows) -> None:
        """Bring the company and its Bling connection into the state that the action is for."""
        self.begin(rows)
        BlingConnection.objects.filter(pk=rows.bling.pk).update(status=self.status)


def not_confirmed(rows: Rows) -> None:
    """Let the creation of the person have had no answer."""
    stuck = {"state": "needs_human", "reason": "no_document", "kamino_id": None}
    PersonPosting.objects.filter(person=rows.person).update(**stuck)


def queued(rows: Rows) -> bool:
    return SyncRun.objects.filter(connection=rows.bling, state="open", trigger="person", user__isnull=False).exists()


def asked(rows: Rows) -> bool:
    return TitleRead.objects.filter(title=rows.title, asked_at__isnull=False).exists()


def planned(rows: Rows) -> bool:
    return PlanRequest.objects.filter(title=rows.title).exists()


def linked(rows: Rows) -> bool:
    return ConnectLink.objects.filter(connection=rows.bling, created_by__isnull=False).exists()


def all_decided(rows: Rows) -> None:
    """Bring the company as far as it can be before going live."""
    Tenant.objects.filter(pk=rows.tenant.pk).update(
        delivery_mode="shadow", settled_from=DAY, nothing_is_closed=True, other_integration_off=True
    )
    KaminoConnection.objects.filter(pk=rows.kamino.pk).update(reconciled_at=timezone.now())


def bulk_reason(rows: Rows, title: Title | None = None) -> dict[str, Any]:
    title = title or rows.title
    shown = bulk.ListedTitle(rows.tenant.pk, title.pk, title.value)
    return {**REASON, "mark": bulk.look([shown]).mark, "key": str(uuid4())}


def closed(rows: Rows) -> None:
    """Let the company be closed, to be deleted next month."""
    delete_on = timezone.localdate() + timedelta(days=30)
    Tenant.objects.filter(pk=rows.tenant.pk).update(is_active=False, delivery_mode="shadow", delete_on=delete_on)


def limit_asked(rows: Rows) -> None:
    """Let somebody else have asked for no limit at all."""
    asker, _made = User.objects.get_or_create(username="pediu")
    Tenant.objects.filter(pk=rows.tenant.pk).update(force_limit="100.00", is_limit_asked=True, limit_asked_by=asker)


def limit_is(limit: Decimal | None) -> Callable[[Rows], bool]:
    return lambda rows: Tenant.objects.filter(pk=rows.tenant.pk, force_limit=limit, is_limit_asked=False).exists()


def excluded(rows: Rows) -> None:
    """Let a person have taken the company's title out of the sync."""
    Posting.objects.filter(pk=rows.posting.pk).update(state="ignored")


def awaiting(rows: Rows) -> None:
    """Let the company's forced settlement be above the limit."""
    ForcedSettlement.objects.filter(pk=rows.forced.pk).update(awaits_approval=True)


def seen_in_kamino(rows: Rows) -> None:
    """Let Kamino's last list have shown an unlinked title."""
    KaminoSnapshot.objects.create(
        kamino_connection=rows.kamino, direction="payable", kamino_id=77, due_date=DAY, value=Decimal("1234.56"),
        person_name="Loja", read_at=timezone.now(),
    )  # fmt: skip


def mode_is(mode: str) -> Callable[[Rows], bool]:
    return lambda rows: Tenant.objects.get(pk=rows.tenant.pk).delivery_mode == mode


def status_is(status: str) -> Callable[[Rows], bool]:
    return lambda rows: BlingConnection.objects.get(pk=rows.bling.pk).status == status


def state_is(state: str) -> Callable[[Rows], bool]:
    return lambda rows: Posting.objects.get(pk=rows.posting.pk).state == state


LIST_ACTIONS = [
    Case(Tenant, "sync_now", "tenant", "financeiro", "nobody", queued, says="1 na fila"),
    Case(BlingConnection, "sync_now", "bling", "suporte", "nobody", queued, says="1 na fila"),
    Case(Title, "resync", "title", "operacao", "financeiro", asked, says="1 título na fila"),
    Case(Title, "retry", "title", "operacao", "financeiro", planned, says="1 na fila"),
    Case(
        Title, "stop_syncing_these", "title", "operacao", "financeiro", state_is("ignored"), bulk_reason,
        says="1 na fila",
    ),
    Case(
        Title, "resume_syncing_these", "title", "operacao", "financeiro", state_is("held"), bulk_reason,
        says="1 na fila", begin=excluded,
    ),
    Case(
        Title, "create_anyway", "title", "operacao", "financeiro",
        lambda rows: Posting.objects.get(pk=rows.posting.pk).create_anyway, bulk_reason, says="1 na fila",
    ),
    Case(
        Title, "force_these", "title", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.filter(posting=rows.posting, amount="1234.56", date=DAY).count() == 1,
        lambda rows: {
            **bulk_reason(rows), "date": "21/11/2026", "account": str(rows.bank_account.pk), "reason": "Um Pix só",
        },
        says="1 na fila",
    ),
    Case(
        Title, "undo_these", "other_title", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.get(pk=rows.forced.pk).undone_by is not None,
        lambda rows: bulk_reason(rows, rows.other_title),
        says="1 na fila",
    ),
    Case(
        ForcedSettlement, "approve_these", "forced", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.get(pk=rows.forced.pk).approved_by is not None, says="1 baixa aprovada",
        begin=awaiting,
    ),
    Case(
        ForcedSettlement, "refuse_these", "forced", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.get(pk=rows.forced.pk).refusal == REASON["reason"],
        lambda _rows: REASON, says="1 baixa recusada", begin=awaiting,
    ),
    Case(Posting, "resync", "posting", "operacao", "financeiro", asked, says="1 título na fila"),
    Case(Posting, "retry", "posting", "operacao", "financeiro", planned, says="1 título será tentado de novo"),
    Case(
        Posting, "follow_up", "posting", "operacao", "financeiro",
        lambda rows: FollowUp.objects.filter(posting=rows.posting, comment="Liguei").exists(),
        lambda _rows: {"responsible": "nobody", "comment": "Liguei", "confirmed": "yes"}, says="1 título anotado",
    ),
    Case(
        Posting, "stop_syncing", "posting", "operacao", "financeiro", state_is("ignored"), lambda _rows: REASON,
        says="1 título não é mais sincronizado",
    ),
    Case(
        Tenant, "reconcile_now", "tenant", "operacao", "nobody",
        lambda rows: KaminoConnection.objects.get(pk=rows.kamino.pk).reconcile_asked_at is not None,
        says="1 empresa será comparada",
    ),
    Case(
        FilterRule, "delete_selected", "filter", "financeiro", "operacao",
        lambda rows: not FilterRule.objects.filter(pk=rows.filter.pk).exists(), lambda _rows: {"post": "yes"},
    ),
]  # fmt: skip


def held(rows: Rows) -> None:
    """Let the database have been restored, so that what is payable waits for a person, who may decide."""
    since = timezone.now() - timedelta(days=1)
    RestoreHold.objects.filter(pk=rows.hold.pk).update(ended_at=None, since=since)


def release_form(rows: Rows) -> dict[str, Any]:
    return {**REASON, **vars(restores.waiting(rows.hold, WHOLE))}


def listed_nowhere(rows: Rows) -> None:
    """Let each address where receivables may be listed have answered that it does not exist."""
    nowhere = {"receivable": {"receivable.list": "404", "receivable.list.other": "404"}}
    KaminoConnection.objects.filter(pk=rows.kamino.pk).update(receivable_list="unknown", list_answers=nowhere)


def gone(rows: Rows) -> None:
    """Let the title have been sent, and Kamino no longer show it."""
    body = desired(value=rows.title.value).to_json()
    Posting.objects.filter(pk=rows.posting.pk).update(
        state="needs_human", reason="gone_from_kamino", kamino_id=78, delivered=body, desired=body, candidates=[]
    )


def ordered_again(rows: Rows) -> None:
    """Let somebody have ordered that it be created again, above the limit."""
    gone(rows)
    user = User.objects.create_user("chefe")
    order = PersonAction.objects.create(
        posting=rows.posting, kind="ask_again", reason="Apagado por engano", user=user, at=timezone.now()
    )
    Posting.objects.filter(pk=rows.posting.pk).update(creation_asked=order)


def edited(rows: Rows) -> None:
    """Let Kamino have shown another text of the title than was sent."""
    body = desired(value=rows.title.value, due_date=DAY).to_json()
    Posting.objects.filter(pk=rows.posting.pk).update(state="delivered", kamino_id=77, delivered=body, desired=body)
    seen_in_kamino(rows)
    KaminoSnapshot.objects.update(description="Outro texto", status="pending")


def edited_text(rows: Rows) -> None:
    """Let a comparison have told of another text in Kamino."""
    StoredDiscrepancy.objects.filter(posting=rows.posting).update(
        kind="edited_in_kamino", bling_value="Como foi", kamino_value="Outro texto"
    )


def did(kind: str) -> Callable[[Rows], bool]:
    return lambda rows: PersonAction.objects.filter(posting=rows.posting, kind=kind).exists()


PAGE_ACTIONS = [
    Case(
        Title, "create_again", "title", "operacao", "financeiro", did("create_again"), lambda _rows: REASON,
        begin=gone, says="Ordenado",
    ),
    Case(
        Title, "approve_creation", "title", "operacao", "financeiro", did("create_again"), lambda _rows: REASON,
        begin=ordered_again, says="Aprovado",
    ),
    Case(
        Title, "refuse_creation", "title", "operacao", "financeiro", did("refuse_again"), lambda _rows: REASON,
        begin=ordered_again, says="Recusado",
    ),
    Case(
        Title, "use_bling", "title", "operacao", "financeiro", did("use_bling"), lambda _rows: REASON, begin=edited,
        says="Ordenado",
    ),
    Case(
        Title, "accept_differences", "title", "operacao", "financeiro", did("accept"),
        lambda _rows: {**REASON, "shown": "edited_in_kamino|Como foi|Outro texto"}, begin=edited_text, says="Aceito",
    ),
    Case(
        RestoreHold, "release", "hold", "operacao", "financeiro",
        lambda rows: RestoreHold.objects.get(pk=rows.hold.pk).released_by is not None, release_form, begin=held,
        says="Liberados",
    ),
    Case(Tenant, "sync_this", "tenant", "operacao", "nobody", queued, says="1 na fila"),
    Case(Tenant, "coverage", "tenant", "financeiro", "nobody", lambda _rows: True),
    Case(
        Tenant, "readiness", "tenant", "suporte", "nobody",
        lambda rows: Tenant.objects.get(pk=rows.tenant.pk).other_integration_off,
        lambda _rows: {"settled_from": "01/11/2026", "nothing_is_closed": "on", "other_integration_off": "on"},
    ),
    Case(
        Tenant, "activate", "tenant", "suporte", "operacao", mode_is("live"),
        lambda _rows: {"reason": "Combinado com a cliente", "is_aware": "on"}, begin=all_decided,
    ),
    Case(
        Tenant, "to_simulation", "tenant", "suporte", "operacao", mode_is("shadow"),
        lambda _rows: {"reason": "Revisar o plano de contas"},
    ),
    Case(
        Tenant, "approve_limit", "tenant", "suporte", "operacao", limit_is(None), begin=limit_asked, says="Aprovado",
    ),
    Case(
        Tenant, "refuse_limit", "tenant", "suporte", "operacao", limit_is(Decimal("100.00")), begin=limit_asked,
        says="Recusado",
    ),
    Case(
        Tenant, "close_company", "tenant", "suporte", "operacao",
        lambda rows: Tenant.objects.get(pk=rows.tenant.pk).delete_on is not None, lambda _rows: REASON,
        says="Encerrada",
    ),
    Case(
        Tenant, "reopen_company", "tenant", "suporte", "operacao",
        lambda rows: Tenant.objects.get(pk=rows.tenant.pk).is_active, lambda _rows: REASON, says="Reaberta",
        begin=closed,
    ),
    Case(BlingConnection, "sync_this", "bling", "suporte", "operacao", queued, says="1 na fila"),
    Case(BlingConnection, "disconnect", "bling", "suporte", "operacao", status_is("never"), says="Desconectado"),
    Case(BlingConnection, "pause", "bling", "suporte", "operacao", status_is("paused"), says="Pausada"),
    Case(
        BlingConnection, "resume", "bling", "suporte", "operacao", status_is("connected"), says="Retomada",
        status="paused",
    ),
    Case(
        BlingConnection, "accept", "bling", "suporte", "operacao", status_is("connected"),
        says="Empresa nossa foi aceita", status="held",
    ),
    Case(
        BlingConnection, "confirm_deletions", "bling", "suporte", "operacao",
        lambda rows: BlingConnection.objects.get(pk=rows.bling.pk).deletions_confirmed == 60,
        lambda _rows: {"counted": "60"}, says="Confirmado",
    ),
    Case(BlingConnection, "create_link", "bling", "suporte", "operacao", linked),
    Case(
        BlingConnection, "send_link", "bling", "suporte", "operacao", linked, lambda _rows: {"addresses": "a@b.co"},
        says="Link enviado para 1 endereço", begin=lambda _rows: Tenant.objects.update(alert_emails="a@b.co"),
    ),
    Case(BlingConnection, "test", "bling", "suporte", "operacao", lambda _rows: True),
    Case(BlingConnection, "connect", "bling", "suporte", "operacao", lambda _rows: True),
    Case(KaminoConnection, "test", "kamino", "suporte", "operacao", lambda _rows: True),
    Case(
        KaminoConnection, "no_list", "kamino", "suporte", "operacao",
        lambda rows: KaminoConnection.objects.get(pk=rows.kamino.pk).receivable_list == "absent",
        lambda _rows: {**REASON, "decision": "receivable", "receivable_count": "0", "receivable_total": "0.00"},
        begin=listed_nowhere, says="Registrado",
    ),
    Case(
        Title, "decide_this", "title", "operacao", "financeiro",
        lambda rows: Posting.objects.get(pk=rows.posting.pk).create_anyway,
        lambda rows: {"choice": f"{rows.posting.fence}:create:0", "reason": "Conferido"}, says="Decidido",
    ),
    Case(
        Person, "decide_this", "person", "operacao", "financeiro",
        lambda rows: PersonPosting.objects.get(person=rows.person).state == "held",
        lambda _rows: {"choice": "0:create:0", "reason": "Procurada lá"}, begin=not_confirmed, says="Decidido",
    ),
    Case(Title, "resync_this", "title", "operacao", "financeiro", asked, says="1 título na fila"),
    Case(Title, "retry_this", "title", "operacao", "financeiro", planned, says="1 título será tentado de novo"),
    Case(
        Title, "force_settlement", "title", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.filter(posting=rows.posting, amount="1234.56", date=DAY).count() == 1,
        forced, says="Baixa de R$\u00a01.234,56 em 21/11/2026 ordenada",
    ),
    Case(
        Title, "stop_syncing", "title", "operacao", "financeiro", state_is("ignored"), lambda _rows: REASON,
        says="1 título não é mais sincronizado",
    ),
    Case(Title, "resume_syncing", "title", "operacao", "financeiro", lambda _rows: True, lambda _rows: REASON),
    Case(
        Title, "link_existing", "title", "operacao", "financeiro",
        lambda rows: Posting.objects.get(pk=rows.posting.pk).kamino_id == 77,
        lambda _rows: {"kamino_id": "77", "reason": "Conferido"}, begin=seen_in_kamino,
    ),
    Case(
        Title, "undo_forced", "other_title", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.get(pk=rows.forced.pk).undone_by is not None,
        says="Baixa manual desfeita",
    ),
    Case(
        ForcedSettlement, "approve", "forced", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.get(pk=rows.forced.pk).approved_by is not None, begin=awaiting,
    ),
    Case(
        ForcedSettlement, "refuse", "forced", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.get(pk=rows.forced.pk).refusal == REASON["reason"],
        lambda _rows: REASON, begin=awaiting,
    ),
    Case(
        ForcedSettlement, "undo", "forced", "operacao", "financeiro",
        lambda rows: ForcedSettlement.objects.get(pk=rows.forced.pk).undone_by is not None,
        says="Baixa manual desfeita",
    ),
]  # fmt: skip
