"""Companies of a chosen size whose titles can all be delivered, the same ones every time, and edits of some of them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random

from sandbox.account import Account
from sandbox.bling.records import OPEN, Direction
from sandbox.documents import random_cnpj
from sandbox.seed import age_contacts
from sandbox.world import World

HISTORY_DAYS = 700
"""How far back payments lie, evenly: about 1 % of them fall into the last 7 days."""
DUE_DAYS_AHEAD = 180
TITLES_PER_CONTACT = 10
PARTIAL_EACH = 50
"""One unsettled title in so many has a first payment."""
REGISTER = "Carga"
DIRECTIONS: tuple[Direction, Direction] = ("payable", "receivable")


def add_company(world: World, slug: str, *, unsettled: int, paid: int, paid_together: int = 1) -> Account:
    """Add a company with so many titles, half of them payables; each `paid_together` paid ones share a borderô."""
    account = world.add_account(slug)
    bling, rng = account.bling, Random(f"{world.seed}:{slug}")
    account.kamino.add_chart_account(REGISTER)
    account.kamino.add_bank_account(REGISTER)
    category, bank = bling.add_category(REGISTER, kind=3), bling.add_account(REGISTER)
    contacts = [
        bling.add_contact(f"Parceiro {number} Ltda", random_cnpj(rng), email=f"p{number}@example.com")
        for number in range((unsettled + paid) // TITLES_PER_CONTACT)
    ]
    age_contacts(account)

    def add(number: int, days: int) -> int:
        due = world.today + timedelta(days=days)
        return bling.add_title(
            DIRECTIONS[number % 2],
            value=Decimal(rng.randrange(1_000, 2_000_000)) / 100,
            due=due,
            contact=rng.choice(contacts),
            category=category,
            account=bank,
            issue=due - timedelta(days=30),
            document_number=f"NF {number}",
            history=f"Ref. NF {number}",
        )

    for number in range(unsettled):
        title = add(number, rng.randrange(-30, DUE_DAYS_AHEAD))
        if number % PARTIAL_EACH == 0:
            bling.pay(title, amount=Decimal("1.00"), date=world.today - timedelta(days=rng.randrange(HISTORY_DAYS)))
    for first in range(0, paid, 2 * paid_together):
        days_ago, numbers = rng.randrange(HISTORY_DAYS), range(first, min(first + 2 * paid_together, paid))
        day = world.today - timedelta(days=days_ago)
        for parity in (0, 1):
            together = [add(unsettled + number, -days_ago) for number in numbers[parity::2]]
            if together:
                bling.pay_together(together, date=day)
    return account


def edit_titles(account: Account, count: int) -> None:
    """Let people change `count` titles that are open: four in ten paid, three moved, two of another value, one new."""
    bling, today = account.bling, account.world.today
    some = _open_titles(account)
    for number in range(count):
        title, kind = next(some), number % 10
        if kind < 4:
            bling.pay(title, date=today)
        elif kind < 7:
            bling.edit_title(title, due=bling.titles[title].sorted_by + timedelta(days=7))
        elif kind < 9:
            bling.edit_title(title, value=bling.titles[title].value + 1)
        else:
            old = bling.titles[title]
            bling.add_title(
                old.direction, old.value, old.sorted_by, old.contact, old.category, document_number=f"NF N{number}"
            )


def _open_titles(account: Account) -> Iterator[int]:
    """Return open titles spread over the whole account."""
    ids = [title.id for title in account.bling.titles.values() if title.status == OPEN]
    Random("edits").shuffle(ids)
    return iter(ids)


def count_titles(account: Account, status: int) -> int:
    """Return how many titles of an account have a status."""
    return sum(title.status == status for title in account.bling.titles.values())
