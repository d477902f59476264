"""Titles and payments of one Bling account, and everything that people do to them there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.bling.records import (
    CANCELLED,
    OPEN,
    PARTIAL,
    PARTLY_RETURNED,
    RETURNED,
    SETTLED,
    Bordero,
    CashEntry,
    Direction,
    PaymentLine,
    Title,
)
from sandbox.bling.registers_book import RegisterBook, set_known
from sandbox.ground import Ground
from sandbox.wire import ZERO, Day, Money, as_date, as_optional_date, atomic, money


class TitleBook(RegisterBook):
    """Adds accounts payable and receivable, and the borderôs that pay them."""

    def __init__(self, world: Ground, number: int) -> None:
        super().__init__(world, number)
        self.titles: dict[int, Title] = {}
        self.borderos: dict[int, Bordero] = {}
        self.cash: dict[int, CashEntry] = {}
        # Real accounts show `idOrigem` on receivables; no document has it.
        self.shows_origin_ids = False
        # Every id that was ever seen here and is gone; for assertions only, Bling keeps no tombstones.
        self.deleted: list[int] = []

    @atomic
    def add_title(
        self,
        direction: Direction,
        value: Money,
        due: Day,
        contact: int,
        category: int = 0,
        issue: Day | None = None,
        competence: Day | None = None,
        document_number: str = "",
        history: str = "",
        status: int = OPEN,
        account: int = 0,
        payment_form: int | None = None,
        origin: dict[str, Any] | None = None,
        installments: int = 1,
    ) -> int:
        """Create a title and return its id.

        `issue` defaults to today, or the due date when that is earlier; `competence` to the issue date. The
        text `0000-00-00` stores no date at all.
        """
        if direction not in ("payable", "receivable"):
            raise ValueError(f"unknown direction {direction!r}")
        day = as_date(due)
        issued = as_optional_date(issue) if issue else min(day, self.world.today)
        title = Title(
            id=self.new_id(),
            direction=direction,
            value=money(value),
            due=day,
            original_due=day,
            contact=contact,
            issue=issued,
            competence=as_optional_date(competence) if competence else issued,
            payment_form=payment_form or self.default_form,
            status=status,
            category=category,
            account=account,
            document_number=document_number,
            history=history,
            origin=origin,
            installments=installments,
        )
        self.titles[title.id] = title
        self.touch()
        return title.id

    @atomic
    def edit_title(self, id: int, **changes: Any) -> int:
        """Change a title by the keywords of `add_title`; also its raw status."""
        for name in ("due", "issue", "competence"):
            if name in changes:
                changes[name] = as_optional_date(changes[name])
        if "value" in changes:
            changes["value"] = money(changes["value"])
        set_known(self.titles[id], changes)
        self.touch()
        return id

    @atomic
    def pay(
        self,
        id: int,
        amount: Money | None = None,
        date: Day | None = None,
        account: int | None = None,
        interest: Money = 0,
        discount: Money = 0,
        surcharge: Money = 0,
        fee: Money = 0,
        category: int | None = None,
    ) -> int:
        """Pay a title, fully unless `amount` says less, and return the borderô's id.

        `amount` is the principal that leaves the balance; interest and the rest are beside it. `category` is the
        borderô's, else that of the title.
        """
        title = self.titles[id]
        line = PaymentLine(
            id,
            title.contact,
            title.document_number,
            title.balance if amount is None else money(amount),
            money(interest),
            money(discount),
            money(surcharge),
            money(fee),
        )
        return self._record([title], [line], date, account, category)

    @atomic
    def pay_together(
        self, ids: Sequence[int], date: Day | None = None, account: int | None = None, category: int | None = None
    ) -> int:
        """Pay several titles of one direction in full with one borderô and return its id."""
        titles = [self.titles[id] for id in ids]
        lines = [
            PaymentLine(title.id, title.contact, title.document_number, title.balance, ZERO, ZERO, ZERO, ZERO)
            for title in titles
        ]
        return self._record(titles, lines, date, account, category)

    @atomic
    def book_cash(self, value: Decimal | str, text: str, date: Day | None = None, *, is_out: bool = True) -> int:
        """Book money straight to Caixas e Bancos and return the entry's id."""
        day = as_date(date or self.world.today)
        entry = CashEntry(self.new_id(), day, next(iter(self.accounts), 0), money(value), text, is_out)
        self.cash[entry.id] = entry
        self.touch()
        return entry.id

    def _record(
        self, titles: list[Title], lines: list[PaymentLine], day: Day | None, account: int | None, category: int | None
    ) -> int:
        if any(line.amount <= 0 for line in lines):
            raise ValueError("nothing left to pay")
        first = titles[0]
        bordero = Bordero(
            id=self.new_id(),
            direction=first.direction,
            day=as_date(day or self.world.today),
            account=first.account if account is None else account,
            category=first.category if category is None else category,
            history=first.history,
            lines=lines,
        )
        self.borderos[bordero.id] = bordero
        for title in titles:
            title.borderos.append(bordero.id)
            self._settle_up(title)
        self.touch()
        return bordero.id

    def _settle_up(self, title: Title) -> None:
        """Recompute what a title's payments say about it."""
        paid, days = ZERO, []
        for bordero_id in title.borderos:
            bordero = self.borderos[bordero_id]
            days.append(bordero.day)
            paid += sum((line.amount for line in bordero.lines if line.title == title.id), ZERO)
        title.paid, title.payment_days = paid, days
        if not days:
            title.status = OPEN
        else:
            title.status = PARTIAL if title.balance else SETTLED

    @atomic
    def reverse_payment(self, title_id: int, bordero_id: int) -> None:
        """Undo a title's part of a payment; a borderô without lines is gone (404)."""
        title, bordero = self.titles[title_id], self.borderos[bordero_id]
        bordero.lines = [line for line in bordero.lines if line.title != title_id]
        title.borderos.remove(bordero_id)
        if not bordero.lines:
            del self.borderos[bordero_id]
        self._settle_up(title)
        self.touch()

    @atomic
    def cancel(self, id: int) -> None:
        """Cancel a title: it stays listed with status 5."""
        self.edit_title(id, status=CANCELLED)

    @atomic
    def give_back(self, id: int, partly: bool = False) -> None:
        """Mark a title as returned, or as partly returned."""
        self.edit_title(id, status=PARTLY_RETURNED if partly else RETURNED)

    @atomic
    def delete(self, id: int) -> None:
        """Delete a title: gone from the list, 404 on detail, no trace."""
        title = self.titles[id]
        for bordero_id in list(title.borderos):
            self.reverse_payment(id, bordero_id)
        del self.titles[id]
        self.deleted.append(id)
        self.touch()

    @atomic
    def relaunch(self, id: int) -> int:
        """Undo and repeat the launch of a sale's titles: same content, open again, a new id; the old one is gone."""
        old = self.titles[id]
        kept = {
            name: getattr(old, name)
            for name in (
                "direction",
                "value",
                "due",
                "contact",
                "category",
                "document_number",
                "history",
                "account",
                "payment_form",
                "origin",
                "installments",
            )
        }
        issue, competence = old.issue or "0000-00-00", old.competence or "0000-00-00"
        self.delete(id)
        return self.add_title(**kept, issue=issue, competence=competence)

    def open_balance(self, id: int) -> Decimal:
        """Return what is still to be paid of a title."""
        return self.titles[id].balance

    def payments_of(self, id: int) -> list[tuple[date, PaymentLine]]:
        """Return the payments of a title as (day, line)."""
        found = []
        for bordero_id in self.titles[id].borderos:
            bordero = self.borderos[bordero_id]
            found += [(bordero.day, line) for line in bordero.lines if line.title == id]
        return found
