"""Inputs: everything that decides about a title, gathered from what was read for a batch of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from integrations.domain.classification import choose_bank_account, classify_title
from integrations.domain.delivery import DeliveryState
from integrations.domain.desired import DesiredTitle, Forced, Inputs, KaminoStatus
from integrations.domain.reasons import ASKED_OF_A_PERSON, Problem, Reason, because_of
from integrations.domain.settlement import PaymentFacts, Settlement, settle, unmatched
from integrations.domain.splitting import Split
from integrations.domain.titles import BorderoFacts, SalesOrderFacts, TitleFacts, TitleStatus
from integrations.models import Bordero, ForcedSettlement, PersonAction, PersonPosting, Posting, Title
from integrations.models.registers import CatalogKind
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.plan.parts import Parts, bodies, divide
from integrations.pipeline.plan.rulebook import Rulebook


@dataclass(frozen=True)
class Read:
    """What was read for a batch beside its titles: borderôs and sales orders, each by connection and id;
    people's settlements, by posting."""

    borderos: dict[tuple[int, int], BorderoFacts]
    orders: dict[tuple[int, int], SalesOrderFacts]
    forced: dict[int, Forced]


@dataclass(frozen=True)
class Gathered:
    """The inputs of one title and the problems already found; how it is split, and the Kamino accounts of its payments
    by Bling's account."""

    inputs: Inputs
    problems: list[Problem]
    parts: Parts
    split: Split | None
    accounts: dict[int, str]

    @property
    def settles(self) -> bool:
        """Say whether money that Bling shows is to be settled."""
        return self.inputs.settlement is not None or bool(self.split and self.split.parts)

    def bodies(self, main: DesiredTitle | None) -> dict[int, DesiredTitle]:
        """Return what Kamino should hold of the new parts, by borderô."""
        inputs = self.inputs
        return bodies(main, inputs.title, self.split, self.accounts, inputs.person_name, inputs.rules)


def read_for(titles: Sequence[Title], forced: Iterable[ForcedSettlement]) -> Read:
    """Read what the plans of some titles need beside them; `forced` are people's settlements that are in force."""
    return Read(
        _known_borderos(titles), sales_orders.known_of(titles), {row.posting_id: row.to_forced() for row in forced}
    )


def _known_borderos(titles: Sequence[Title]) -> dict[tuple[int, int], BorderoFacts]:
    """Return the borderôs that some titles name, by connection and id."""
    wanted = {bordero for title in titles for bordero in title.bordero_ids}
    rows = Bordero.objects.filter(bling_id__in=wanted)
    return {(row.connection_id, row.bling_id): row.to_facts() for row in rows}


def gather(
    title: Title,
    posting: Posting,
    rulebook: Rulebook,
    persons: dict[int, PersonPosting],
    read: Read,
    parts: Parts,
) -> Gathered:
    """Return the inputs of one title; its parts are locked."""
    facts = title.to_facts()
    order = read.orders.get((title.connection_id, facts.order_id))
    classification, problems = classify_title(rulebook.subject(title, posting, order), rulebook.mappings)
    delivered, forced = posting.get_delivered(), read.forced.get(posting.pk)
    was_settled = delivered is not None and delivered.status is KaminoStatus.SETTLED
    may_divide = forced is None and (parts.is_begun or not was_settled)
    paid, found = _paid(title, facts, rulebook, read, parts, may_divide=may_divide)
    settlement, divided, accounts = paid
    problems += [*found, *_person_problems(title, posting, persons)]
    if title.maybe_replaces:
        ids = ", ".join(str(bling_id) for bling_id in title.maybe_replaces)
        problems.append(Problem(Reason.RELAUNCH_UNCLEAR, {"ids": ids}))
    if hasattr(title, "payment_check") and title.payment_check.is_waived:
        problems.append(Problem(Reason.SETTLED_UNCHECKED))
    is_deleted, cancels = _deletion(title, posting, facts, delivered)
    if is_deleted and not cancels:
        problems.append(Problem(Reason.DELETED_IN_BLING))
    inputs = Inputs(
        title=facts,
        classification=classification,
        settlement=settlement,
        payment_account=accounts.get(settlement.account_id) if settlement else None,
        person_name=title.person.name if title.person else "",
        rules=rulebook.rules,
        delivered=delivered,
        contact_types=frozenset(title.person.type_ids) if title.person else frozenset(),
        paid_on=max((read.borderos[key].date for key in _keys(title) if key in read.borderos), default=None),
        forced=forced,
        deleted=cancels,
        rest=divided.rest if divided else None,
    )
    return Gathered(inputs, problems, parts, divided, accounts)


class _Paid(NamedTuple):
    settlement: Settlement | None
    divided: Split | None
    accounts: dict[int, str]


def _paid(
    title: Title, facts: TitleFacts, rulebook: Rulebook, read: Read, parts: Parts, *, may_divide: bool
) -> tuple[_Paid, list[Problem]]:
    """Return how a title was paid: as a whole, or divided into parts, and the accounts in Kamino."""
    payments = [
        PaymentFacts(**{name: getattr(row, name) for name in PaymentFacts.__dataclass_fields__})
        for row in title.payments.all()
    ]
    ambiguous = _ambiguous(title, facts, payments, read)
    divided, problems = divide(facts, payments, ambiguous, parts, rulebook.rules, may_begin=may_divide)
    settlement = divided.settlement if divided else None
    if divided is None:
        settlement, found = settle(facts, payments, ambiguous, rulebook.rules.paid_amount)
        problems = [*problems, *(problem for problem in found if problem not in problems)]
    accounts, unknown = _accounts(rulebook, settlement, divided)
    if divided and unknown and divided.parts:
        # A payment without its account cannot be sent: until then its money stays in the open title.
        divided, settlement = Split(facts.value - sum(parts.existing.values())), None
    return _Paid(settlement, divided, accounts), [*problems, *unknown, *parts.problems(payments)]


def _ambiguous(title: Title, facts: TitleFacts, payments: Sequence[PaymentFacts], read: Read) -> list[Problem]:
    matched = {payment.bordero_id for payment in payments}
    return [
        unmatched(facts, read.borderos[title.connection_id, bordero])
        for bordero in facts.bordero_ids
        if bordero not in matched and (title.connection_id, bordero) in read.borderos
    ]


def _accounts(
    rulebook: Rulebook, settlement: Settlement | None, divided: Split | None
) -> tuple[dict[int, str], list[Problem]]:
    """Return the Kamino bank account of each Bling account that money moved on."""
    wanted = [part.payment.account_id for part in divided.parts] if divided else []
    found: dict[int, str] = {}
    problems: list[Problem] = []
    for account_id in dict.fromkeys([*wanted, *([settlement.account_id] if settlement else [])]):
        register = rulebook.register(CatalogKind.BANK_ACCOUNT, account_id)
        account, reasons = choose_bank_account(register, rulebook.bank_accounts, rulebook.banks)
        problems += reasons
        if account is not None:
            found[account_id] = account
    return found, problems


def _deletion(title: Title, posting: Posting, facts: TitleFacts, delivered: DesiredTitle | None) -> tuple[bool, bool]:
    """Say whether Bling deleted the title, and whether that cancels it in Kamino: by the company's rule, or because a
    person said so of this deletion."""
    if title.status != TitleStatus.DELETED:
        return False, False
    said = posting.person_actions.filter(kind=PersonAction.Kind.CANCEL_DELETED, at__gte=title.changed_at)
    may_cancel = not facts.bordero_ids and (title.connection.tenant.cancel_deleted or said.exists())
    is_done = delivered is None or delivered.status is KaminoStatus.CANCELLED
    return True, is_done or may_cancel


def _keys(title: Title) -> list[tuple[int, int]]:
    return [(title.connection_id, bordero) for bordero in title.bordero_ids]


def _person_problems(title: Title, posting: Posting, persons: dict[int, PersonPosting]) -> list[Problem]:
    """Return what holds a title back because of its person. What Kamino has already is kept right whatever became of
    the person since."""
    if title.person is None or title.person_id is None:
        return [Problem(Reason.PERSON_UNREAD, {"id": str(title.contact_id)})] if title.contact_id else []
    row, why = persons[title.person_id], persons[title.person_id].get_reason()
    if posting.kamino_id is not None and (row.kamino_id or posting.is_left):
        return []
    is_stuck = row.state == DeliveryState.NEEDS_HUMAN
    asked = (Reason.GONE_FROM_KAMINO,) if row.kamino_id else ASKED_OF_A_PERSON
    if is_stuck and why is not None and why.code in asked:
        return [because_of(Reason.PERSON_UNDECIDED, why, name=title.person.name)]
    if not row.kamino_id and (is_stuck or row.state == DeliveryState.UNCERTAIN):
        return [because_of(Reason.PERSON_REFUSED, why, name=title.person.name)]
    return row.get_problems()
