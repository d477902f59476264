"""Coverage: how much of a company's titles is classified, and which names hold the rest back. Pure queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Count, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.domain.delivery import DeliveryState
from integrations.domain.money import ZERO
from integrations.domain.reasons import BANK_REASONS, LACKS_NAMES, NAME_REASONS, Problem
from integrations.domain.titles import TitleStatus
from integrations.models import CatalogItem, KaminoConnection, Payment, Posting, Tenant
from integrations.models.confidential import Sight
from integrations.models.problem_queries import (
    IS_OUT,
    LACKS_ACCOUNT,
    LACKS_ANY,
    LACKS_NAME,
    first_problem,
)
from integrations.models.registers import CatalogKind

_SENDABLE = (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNCERTAIN, DeliveryState.DELIVERED)


@dataclass(frozen=True)
class Blocker:
    """A Bling register that holds titles back (bank accounts: only their settlements), and what they are worth."""

    kind: CatalogKind
    connection_id: int
    bling_id: int
    name: str
    problem: Problem
    titles: int
    total: Decimal


@dataclass(frozen=True)
class Share:
    """How many of something are classified."""

    done: int
    all: int


@dataclass(frozen=True)
class Coverage:
    """What is classified of a company's titles: those that history, filters or a cancellation leave out do not count.

    `ready` titles can be sent or were sent.
    """

    titles: int
    total: Decimal
    ready: int
    ready_total: Decimal
    categories: Share
    accounts: Share
    names: list[Blocker]
    bank_accounts: list[Blocker]

    @property
    def blocked(self) -> int:
        return sum(blocker.titles for blocker in self.names)

    @property
    def waiting(self) -> int:
        """How many titles are held back for another reason than a name."""
        return self.titles - self.ready - self.blocked

    @property
    def unsettled(self) -> int:
        return sum(blocker.titles for blocker in self.bank_accounts)

    def sentence(self) -> str:
        """Say it to a person."""
        if not self.titles:
            return _("No titles have been planned yet.")
        values = {"ready": self.ready, "all": self.titles}
        parts = [_("%(ready)s of %(all)s titles ready to be sent") % values]
        if self.names:
            held = ngettext(
                "%(names)s name holds back %(count)s", "%(names)s names hold back %(count)s", len(self.names)
            )
            parts.append(held % {"names": len(self.names), "count": self.blocked})
        if self.bank_accounts:
            held = ngettext(
                "%(names)s bank account holds back the settlement of %(count)s",
                "%(names)s bank accounts hold back the settlement of %(count)s",
                len(self.bank_accounts),
            )
            parts.append(held % {"names": len(self.bank_accounts), "count": self.unsettled})
        return f"{'; '.join(parts)}."


def coverage_of(tenant: Tenant, sight: Sight) -> Coverage:
    """Return how much of a company's titles is classified, of those that a reader sees."""
    mine = sight.of(Posting.objects.filter(kamino_connection__tenant=tenant))
    counted = mine.exclude(IS_OUT | Q(state=DeliveryState.IGNORED))
    ready = Q(state__in=_SENDABLE) & ~LACKS_NAME
    sums = counted.aggregate(
        titles=Count("pk"),
        total=_sum(),
        ready=Count("pk", filter=ready),
        ready_total=_sum(ready),
    )
    names = _blockers(tenant, CatalogKind.CATEGORY, sight)
    accounts = _blockers(tenant, CatalogKind.BANK_ACCOUNT, sight)
    settled = Payment.objects.filter(title__posting__in=counted, title__status=TitleStatus.SETTLED)
    return Coverage(
        **sums,
        categories=_share(counted.values_list("title__connection", "title__category_id"), names),
        accounts=_share(settled.values_list("title__connection", "account_id"), accounts),
        names=names,
        bank_accounts=accounts,
    )


def _sum(condition: Q | None = None) -> Coalesce:
    money: DecimalField[Any, Any] = DecimalField(max_digits=15, decimal_places=2)
    return Coalesce(Sum("title__value", filter=condition), ZERO, output_field=money)


def _share(used: QuerySet[Any, tuple[int, int]], blockers: Iterable[Blocker]) -> Share:
    keys = set(used.order_by().distinct())
    return Share(len(keys - {(blocker.connection_id, blocker.bling_id) for blocker in blockers}), len(keys))


def _blockers(tenant: Tenant, kind: CatalogKind, sight: Sight) -> list[Blocker]:
    """Return the registers of a kind that hold titles back, the one that holds most first."""
    is_category = kind == CatalogKind.CATEGORY
    condition, codes = (LACKS_NAME, NAME_REASONS) if is_category else (LACKS_ACCOUNT, BANK_REASONS)
    payment = Payment.objects.filter(title=OuterRef("title")).order_by("pk").values("account_id")[:1]
    register = (
        F("title__category_id") if is_category else Coalesce(Subquery(payment), 0, output_field=BigIntegerField())
    )
    rows = (
        sight.of(_lacking(tenant, condition))
        .annotate(register=register, problem=first_problem(codes))
        .values("title__connection", "register", "problem")
        .annotate(titles=Count("pk"), total=_sum())
        .order_by("-titles", "title__connection", "register")
    )
    items = CatalogItem.objects.filter(connection__tenant=tenant, kind=kind)
    found = {(item.connection_id, item.bling_id): str(item) for item in items}
    return [
        Blocker(
            kind=kind,
            connection_id=row["title__connection"],
            bling_id=row["register"],
            name=found.get((row["title__connection"], row["register"])) or _without_name(row["register"], kind),
            problem=Problem.from_json(row["problem"]),
            titles=row["titles"],
            total=row["total"],
        )
        for row in rows
    ]


def _lacking(tenant: Tenant, condition: Q) -> QuerySet[Posting]:
    # The company by its own id, with the condition of the index: one small look-up however many titles there are.
    kamino = KaminoConnection.objects.filter(tenant=tenant).values("pk")
    return Posting.objects.filter(condition, kamino_connection__in=kamino).exclude(state=DeliveryState.IGNORED)


def _without_name(bling_id: int, kind: CatalogKind) -> str:
    if bling_id:
        return f"#{bling_id}"
    return _("(no category)") if kind == CatalogKind.CATEGORY else _("(no account)")


def lacking_names(kaminos: Iterable[int], sight: Sight) -> list[tuple[int, int, int]]:
    """Return, for those of some Kamino connections (keys) that have any, how many names without classification their
    titles use, and how many titles wait for them."""
    lacking = Posting.objects.filter(LACKS_ANY, kamino_connection__in=list(kaminos))
    mine = sight.of(lacking.exclude(state=DeliveryState.IGNORED))
    named = {"names": Count(first_problem(LACKS_NAMES), distinct=True), "titles": Count("pk")}
    return list(mine.order_by().values("kamino_connection").annotate(**named).values_list("kamino_connection", *named))
