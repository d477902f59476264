"""What has to hold when everything has come to rest (DESIGN §15: invariants 1, 2, 5 and 9)."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone

from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, Discrepancy, PartPosting, PersonPosting, Posting, Title
from integrations.pipeline.report.causes import find_causes
from sandbox.bling.wire_forms import money_moved
from sandbox.kamino.fields import FIELDS, PAID, PENDING
from tests.flows.helpers import Company

DIRECTIONS = ("payable", "receivable")
OPEN, SETTLED, PARTIAL = 1, 2, 3
DONE = ("delivered", "adopted")


def check(company: Company) -> None:
    """Compare both sides, title by title: equal, or a person sees why not."""
    check_kamino(company)
    check_mirror(company)
    for posting in Posting.objects.filter(kamino_connection__tenant=company.tenant).select_related("title"):
        check_posting(company, posting)


def check_rest(company: Company, sync: Callable[[], None]) -> None:
    """A further run over unchanged data writes nothing to Kamino and nothing to the mirror."""
    titles = Title.objects.filter(connection__tenant=company.tenant)
    writes, changed = company.kamino.write_count, titles.aggregate(last=Max("changed_at"))
    sync()
    assert company.kamino.write_count == writes, "a run over unchanged data wrote to Kamino"
    assert titles.aggregate(last=Max("changed_at")) == changed, "a run over unchanged data wrote to the mirror"


def check_equal(company: Company) -> None:
    """Compare both sides, and accept no excuse."""
    check(company)
    postings = Posting.objects.filter(kamino_connection__tenant=company.tenant)
    left = postings.exclude(state=DeliveryState.DELIVERED).values_list("title__bling_id", "state", "reason")
    assert list(left) == []
    living = [title for title in company.bling.titles.values() if title.status in (OPEN, SETTLED, PARTIAL)]
    for title in living:
        assert company.in_kamino(title.direction, title.id) is not None, f"{title.id} is lost"


def check_kamino(company: Company) -> None:
    """Nothing stands twice, nothing was settled or charged twice, and every title is one that we know."""
    surplus = surplus_of(company)
    assert company.kamino.charges == 0
    assert not any(body.get("GerarCobranca") for _call, body in company.kamino.write_log)
    for direction in DIRECTIONS:
        fields, rows = FIELDS[direction], company.kamino.titles(direction)
        codes = Counter(row["CodigoExterno"] for row in rows if row["ID"] not in surplus)
        assert not {code: count for code, count in codes.items() if count > 1}, "a title stands twice in Kamino"
        known = set(
            Posting.objects.filter(kamino_connection__tenant=company.tenant).values_list("kamino_id", flat=True)
        )
        known |= set(
            PartPosting.objects.filter(kamino_connection__tenant=company.tenant).values_list("kamino_id", flat=True)
        )
        known |= surplus
        open_questions = questions(company)
        for row in rows:
            assert row["ID"] in known or row["CodigoExterno"] in open_questions, (
                f"nobody knows {row[fields.description]}"
            )
    settled = Counter(settlements(company))
    assert not {title: count for title, count in settled.items() if count > 1}, "a settlement was sent twice"
    persons = [row for row in company.kamino.persons.values() if row["ID"] not in surplus]
    documents = Counter(row["CPFCNPJ"] for row in persons if row["CPFCNPJ"])
    assert not {document: count for document, count in documents.items() if count > 1}, "a person stands twice"
    for posting in Posting.objects.filter(kamino_connection__tenant=company.tenant):
        assert posting.attempts.filter(settles=True, outcome__in=DONE).count() <= 1


def surplus_of(company: Company) -> set[int]:
    """Return the numbers of which a person was told that they are one too many."""
    attempts = Attempt.objects.filter(Attempt.HAS_SURPLUS, kamino_connection__tenant=company.tenant)
    return {number for number in attempts.values_list("surplus_id", flat=True) if number is not None}


def check_surplus(company: Company) -> None:
    """Whatever Kamino saved to another number is known, and an alert says so."""
    struck = [fired for fired in company.bling.world.faults.fired if fired.account == company.tenant.slug]
    another = [fired for fired in struck if fired.kind == "another_id"]
    numbers = surplus_of(company)
    assert len(numbers) <= len(another), "a number is called one too many that is not"
    causes = [finding.cause for finding in find_causes([company.tenant], now=timezone.now())[company.tenant.pk]]
    assert (AlertCause.SURPLUS in causes) is bool(numbers)


def check_hidden(company: Company, hidden: dict[tuple[str, int], int]) -> None:
    """What people gave a status that we do not know keeps it."""
    for (direction, number), status in hidden.items():
        fields: Any = FIELDS[direction]  # type: ignore[index]
        assert (direction, number) not in company.kamino.deleted, f"{direction} {number} was cancelled"
        assert company.kamino.rows(direction)[number][fields.status] == status, f"{direction} {number} was written over"


def questions(company: Company) -> set[str]:
    """Return the codes of titles whose delivery is a person's question."""
    asked = Q(posting__state=DeliveryState.NEEDS_HUMAN) | Q(part_posting__state=DeliveryState.NEEDS_HUMAN)
    attempts = Attempt.objects.filter(asked, kamino_connection__tenant=company.tenant)
    return set(attempts.values_list("body__code", flat=True))


def settlements(company: Company) -> list[str]:
    """Return the code of every settlement that Kamino accepted, in its own words."""
    paid = {"POST /financeiro/pagamento": "Situacao", "POST /financeiro/recebimento": "SitConta"}
    return [
        body["CodigoExterno"]
        for call, body in company.kamino.write_log
        if call in paid and body.get(paid[call]) == PAID
    ]


def check_mirror(company: Company) -> None:
    """Nothing of Bling's is lost, and nothing in the mirror is older than what Bling shows."""
    mirrored = {title.bling_id: title for title in Title.objects.filter(connection__tenant=company.tenant)}
    for live in company.bling.titles.values():
        if live.status not in (OPEN, SETTLED, PARTIAL):
            continue
        assert live.id in mirrored, f"{live.id} was never seen"
        title = mirrored[live.id]
        seen, shown = (title.status_number, title.value, title.due_date), (live.status, live.value, live.due)
        assert seen == shown, f"the mirror of {live.id} is old: {seen}, Bling shows {shown}"


def check_posting(company: Company, posting: Posting) -> None:
    """One title: settled into a final state, with a reason wherever Kamino holds something else than Bling."""
    name = f"{posting.direction} {posting.title.bling_id} ({posting.state})"
    assert posting.state not in (DeliveryState.SENDING, DeliveryState.UNCERTAIN), f"{name} never came to rest"
    if posting.state != DeliveryState.DELIVERED:
        assert posting.problems or posting.reason, f"{name} has no reason"
        person = PersonPosting.objects.filter(person=posting.title.person_id).first()
        waits = posting.state == DeliveryState.READY and person is not None and not person.kamino_id
        assert waits or posting.state != DeliveryState.READY, f"{name}: {posting.reason}"
        return
    if Discrepancy.objects.filter(posting=posting, closed_at__isnull=True).exists() or posting.problems:
        return
    if posting.parts.exclude(desired_fingerprint="").exists():
        check_split(company, posting)
        return
    expected = expected_row(company, posting)
    assert shown_row(company, posting) == expected, f"{name} differs, and nobody is told"


def check_split(company: Company, posting: Posting) -> None:
    """A split title: its Kamino titles make up its value, and each payment stands there once."""
    fields, live = FIELDS[posting.direction], company.bling.titles[posting.title.bling_id]
    main = str(posting.title.bling_id)
    rows = [row for row in company.kamino.titles(posting.direction) if row["CodigoExterno"].split("-")[0] == main]
    assert sum(row[fields.value] for row in rows) == live.value
    assert sum(row[fields.paid_value] for row in rows if row[fields.status] == PAID) == moved_of(company, live.id)
    assert all(part.state == DeliveryState.DELIVERED for part in posting.parts.all())


def shown_row(company: Company, posting: Posting) -> dict[str, Any] | None:
    """Return what Kamino holds of a posting, in the words of `expected_row`."""
    fields = FIELDS[posting.direction]
    row = next((row for row in company.kamino.titles(posting.direction) if row["ID"] == posting.kamino_id), None)
    if row is None:
        return None
    return {
        "value": row[fields.value],
        "due": row[fields.due][:10],
        "status": row[fields.status],
        "paid_on": (row[fields.paid_on] or "")[:10],
        "paid": row[fields.paid_value],
    }


def moved_of(company: Company, title: int) -> Any:
    """Return the money that moved for a title."""
    return sum(money_moved(line) for _day, line in company.bling.payments_of(title))


def expected_row(company: Company, posting: Posting) -> dict[str, Any] | None:
    """Return what Bling says that Kamino should hold; nothing for what was deleted or cancelled."""
    live = company.bling.titles.get(posting.title.bling_id)
    if live is None or live.status not in (OPEN, SETTLED, PARTIAL):
        return None
    paid = live.status == SETTLED
    return {
        "value": live.value,
        "due": str(live.due),
        "status": PAID if paid else PENDING,
        "paid_on": str(company.bling.payments_of(live.id)[0][0]) if paid else "",
        "paid": moved_of(company, live.id) if paid else None,
    }
