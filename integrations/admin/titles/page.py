"""What a title's page shows: Bling's side, what Kamino should hold, what was sent, and what happened on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.admin.kit import texts
from integrations.admin.kit.scope import change_url, scoped
from integrations.admin.kit.titles_filter import discrepancies_url
from integrations.admin.mapping.desk import row_url
from integrations.admin.titles.others import asked_of_others
from integrations.admin.titles.outside_links import screens
from integrations.admin.titles.reading import not_in_bling, unread
from integrations.admin.titles.sides import Side, sides_of, unaccepted
from integrations.admin.titles.timeline import MOST, timeline
from integrations.domain.answer import Situation, answer
from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import KaminoStatus
from integrations.domain.discrepancies import SAID_FIRST, DiscrepancyKind
from integrations.domain.reasons import Problem, Reason
from integrations.domain.titles import TitleStatus
from integrations.models import (
    Discrepancy,
    ForcedSettlement,
    KaminoConnection,
    PartPosting,
    PersonAction,
    PersonPosting,
    PlanRequest,
    Posting,
    RestoreHold,
    StoredDiscrepancy,
    Title,
)
from integrations.models.mappings import MappingKind
from integrations.pipeline.handover.kamino_rows import seen_in_kamino
from integrations.pipeline.handover.title_lists import list_problem
from integrations.words.answers import answer_text
from integrations.words.colours import STATE_COLOURS
from integrations.words.reasons import problem_sentences
from integrations.words.rules import rule_text
from integrations.words.values import side_text

SIBLINGS_SHOWN = 50
MAPPABLE = {
    Reason.CATEGORY_UNMAPPED, Reason.CATEGORY_AMBIGUOUS, Reason.CATEGORY_MISSING, Reason.ACCOUNT_INACTIVE,
    Reason.ACCOUNT_IS_GROUP, Reason.ACCOUNT_WRONG_DIRECTION,
}  # fmt: skip

MAPPABLE_ACCOUNTS = {
    Reason.BANK_ACCOUNT_UNMAPPED, Reason.BANK_ACCOUNT_AMBIGUOUS, Reason.BANK_ACCOUNT_MISSING,
    Reason.BANK_ACCOUNT_NOT_USABLE,
}  # fmt: skip


@dataclass(frozen=True)
class _SeenThere:
    """What Kamino showed since the last write; `status` is `None` where no list was read since."""

    status: KaminoStatus | None
    differs: bool
    is_gone: bool


def title_context(title: Title, request: HttpRequest) -> dict[str, Any]:
    """Return everything that the page's upper half needs."""
    posting: Posting | None = getattr(title, "posting", None)
    seen = seen_in_kamino(posting) if posting is not None else None
    forced = list(_forced(posting)) if posting is not None else []
    differences = list(posting.discrepancies.all()[:MOST]) if posting is not None else []
    parts = list(posting.parts.exclude(desired_fingerprint="").order_by("pk")) if posting is not None else []
    sides = sides_of(title, posting, seen, parts, request)
    differing = unaccepted(posting, sides) if seen is not None and posting is not None else []
    seen_there = _SeenThere(
        seen[0].status if seen else None,
        differs=bool(differing),
        is_gone=seen is None and posting is not None and _is_gone(posting, differences),
    )
    context: dict[str, Any] = {
        "title_row": title,
        "headline": _headline(title),
        "posting": posting,
        "tenant_url": change_url(title.connection.tenant),
        "person_url": change_url(title.person),
        "may_resync": request.user.has_perm("integrations.resync_title"),
        "answer": _answer(title, posting, forced, parts, seen_there, differing, differences),
        "sides": sides,
        "seen_at": seen[1] if seen else None,
        "forced": forced,
        "siblings": _siblings(title, request),
        "screens": screens(title, posting),
        "timeline": timeline(title, posting, parts, differences),
    }
    if posting is not None:
        is_ignored = posting.state == DeliveryState.IGNORED  # nothing is to be done about it any more
        problems = [] if is_ignored else posting.get_problems()
        context |= {
            "state_colour": STATE_COLOURS[posting.state],
            "sentences": [*unread(title), *problem_sentences(problems)],
            "rule": rule_text(posting.rule),
            "export_url": discrepancies_url(f"id__in={title.pk}")
            if request.user.has_perm("integrations.export_discrepancy")
            else "",
            "discrepancies": [
                (
                    row,
                    side_text(row.kind, row.bling_value, whole=texts.sees_personal_data(request)),
                    side_text(row.kind, row.kamino_value, whole=texts.sees_personal_data(request)),
                    [row.cause_text(), row.to_do()],
                )
                for row in differences
                if row.closed_at is None
            ],
            "mapping_url": row_url(title.connection.tenant_id, MappingKind.CATEGORY, title.category_id)
            if any(problem.code in MAPPABLE for problem in problems)
            else "",
            "account_urls": _account_urls(title)
            if any(problem.code in MAPPABLE_ACCOUNTS for problem in problems)
            else [],
        }
    said = [context["answer"], *context.get("sentences", [])]
    said += [sentence for *_sides, sentences in context.get("discrepancies", []) for sentence in sentences]
    context["asked_of_others"] = asked_of_others(request, " ".join(said))
    return context


def _account_urls(title: Title) -> list[str]:
    """Return the rows of the mappings of the accounts that its payments moved on."""
    ids = sorted({payment.account_id for payment in title.payments.all()})
    return [row_url(title.connection.tenant_id, MappingKind.BANK_ACCOUNT, bling_id) for bling_id in ids]


def _headline(title: Title) -> str:
    number = title.document_number or _("without document number")
    due = _("due %(day)s") % {"day": texts.day(title.due_date)}
    return " · ".join([number, texts.money(title.value), due])


def _forced(posting: Posting) -> QuerySet[ForcedSettlement]:
    return posting.forced_settlements.select_related("user", "account", "undone_by", "approved_by")


def _is_gone(posting: Posting, told: Iterable[Discrepancy]) -> bool:
    """Say whether Kamino was seen not to have it any more, also where nobody minds."""
    if any(row.kind == DiscrepancyKind.MISSING_IN_KAMINO and row.closed_at is None for row in told):
        return True
    if posting.state != DeliveryState.IGNORED:
        return False
    rows = StoredDiscrepancy.objects.filter(StoredDiscrepancy.STANDS, posting=posting, bordero_id=None)
    return rows.filter(kind=DiscrepancyKind.MISSING_IN_KAMINO).exists()


def _answer(
    title: Title,
    posting: Posting | None,
    forced: list[ForcedSettlement],
    parts: list[PartPosting],
    seen: _SeenThere,
    sides: Sequence[Side],
    differences: Sequence[Discrepancy],
) -> str:
    order = next((row for row in forced if row.undone_at is None), None)
    desired = posting.get_desired() if posting and posting.desired else None
    delivered = posting.get_delivered() if posting else None
    kamino = getattr(title.connection.tenant, "kamino_connection", None)
    tenant = title.connection.tenant
    found = answer(
        Situation(
            bling=TitleStatus(title.status),
            state=posting.state if posting else "",
            delivered=delivered.status if delivered else None,
            wanted=desired.status if desired else None,
            problems=posting.get_problems() if posting else [],
            stuck=_met(posting, title) if posting else None,
            is_forced=order is not None and not order.awaits_approval,
            awaits_approval=order is not None and order.awaits_approval,
            is_replaced=title.replaced_by_id is not None,
            is_planned_again=PlanRequest.objects.filter(title=title).exists(),
            is_checked=hasattr(title, "payment_check") and not title.payment_check.is_waived,
            is_compared=_is_ready(posting) and posting.desired_fingerprint == posting.delivered_fingerprint,
            is_live=tenant.is_live,
            can_send=tenant.is_active and kamino is not None and not kamino.is_paused,
            held_back=_held_back(kamino, title.direction) if kamino and _is_ready(posting) else None,
            differs=seen.differs,
            shown=seen.status,
            is_gone=seen.is_gone,
            not_in_bling=not_in_bling(title),
            is_split=delivered is not None and delivered.value == title.balance,
            lacks_parts=any(part.delivered is None for part in parts),
        )
    )
    last_read = getattr(title, "last_read", None)
    values = {"replaced_by": str(title.replaced_by or ""), "user": str(order.user) if order else ""}
    if found.problem is not None and found.problem.code is Reason.IGNORED and posting is not None:
        values |= _who_ignored(posting)
    return answer_text(
        found, values, read_at=texts.moment(last_read.read_at if last_read else title.read_at),
        differing=[side.words() for side in sides], risk=_risk(differences),
    )  # fmt: skip


def _risk(differences: Sequence[Discrepancy]) -> str:
    """Return what the worst open difference says that may end in money paid twice, "" for none."""
    open_ones = [row for row in differences if row.closed_at is None and row.kind in SAID_FIRST]
    worst = min(open_ones, key=lambda row: SAID_FIRST.index(DiscrepancyKind(row.kind)), default=None)
    if worst is None:
        return ""
    said = _("%(kind)s: %(cause)s %(to_do)s") % {
        "kind": worst.get_kind_display(), "cause": worst.cause_text(), "to_do": worst.to_do(),
    }  # fmt: skip
    return said.strip()


def _is_ready(posting: Posting | None) -> TypeGuard[Posting]:
    return posting is not None and posting.state == DeliveryState.READY


def _met(posting: Posting, title: Title) -> Problem | None:
    """Return what the delivery last met, or that of the person whom Kamino has to have first."""
    person: PersonPosting | None = getattr(title.person, "posting", None)
    waits = _is_ready(posting) and person is not None and person.kamino_id is None
    first = person if waits and person is not None and person.state == DeliveryState.READY else None
    return posting.get_reason() or (first.get_reason() if first else None)


def _held_back(kamino: KaminoConnection, direction: str) -> Problem | None:
    if kamino.failure:
        return Problem(Reason.ACCESS_REFUSED, kamino.failure)
    if RestoreHold.objects.filter(RestoreHold.OPEN, kamino_connection=kamino, direction=direction).exists():
        return Problem(Reason.HELD_AFTER_RESTORE)
    return list_problem(kamino, direction)


def _who_ignored(posting: Posting) -> dict[str, str]:
    order = posting.person_actions.filter(kind=PersonAction.Kind.IGNORE).select_related("user").first()
    if order is None:
        return {"user": texts.EMPTY, "day": texts.EMPTY, "words": texts.EMPTY}
    return {"user": str(order.user), "day": texts.day(timezone.localtime(order.at).date()), "words": order.reason}


def _siblings(title: Title, request: HttpRequest) -> list[tuple[str, Title, str]]:
    """Return the other installments: of the same sale or invoice, or else of the same person and document number."""
    same = Q(pk__in=[])
    if title.origin_id:
        same |= Q(origin_id=title.origin_id, origin_kind=title.origin_kind)
    if title.document_number and title.contact_id:
        same |= Q(document_number=title.document_number, contact_id=title.contact_id)
    others = Title.objects.filter(same, connection=title.connection_id, direction=title.direction).exclude(pk=title.pk)
    rows = scoped(others, request).select_related("posting").order_by("due_date", "pk")[:SIBLINGS_SHOWN]
    return [(change_url(row), row, texts.status_word(row)) for row in rows]
