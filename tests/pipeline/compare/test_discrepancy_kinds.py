"""Each kind of discrepancy: made in the sandbox, found, explained, exported, fixed, and closed by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import Discrepancy, KaminoConnection, KaminoItem, Posting, Tenant
from integrations.pipeline.desk import commands, decisions, live_kamino
from integrations.resources.discrepancies import DiscrepancyResource
from integrations.words.discrepancies import kind_cause, suggested_action
from sandbox.faults import Fault
from sandbox.kamino.fields import FIELDS
from tests.flows.helpers import Company

Fix = Callable[[], object]


def compare_again(company: Company) -> None:
    """Let a person order "Conciliar agora", and do it."""
    user, _made = User.objects.get_or_create(username="maria")
    company.forget_waits()
    commands.request_reconciliation(tenants=Tenant.objects.filter(pk=company.tenant.pk), user=user, now=timezone.now())
    company.sync()


def delivered(company: Company, **options: Any) -> tuple[int, int]:
    """Return a title's ids on both sides."""
    title = company.add_title("payable", value="100.00", **options)
    company.sync()
    return title, company.in_kamino("payable", title)["ID"]


def value(company: Company) -> Fix:
    _title, there = delivered(company)
    company.kamino.edit_title("payable", there, ValorVencimento="90.00")
    return lambda: company.kamino.edit_title("payable", there, ValorVencimento="100.00")


def due_date(company: Company) -> Fix:
    title, there = delivered(company)
    day = company.posting(title).get_desired().due_date
    company.kamino.edit_title("payable", there, DataVencimento=str(day + timedelta(days=3)))
    return lambda: company.kamino.edit_title("payable", there, DataVencimento=str(day))


def classification(company: Company) -> Fix:
    title, there = delivered(company)
    right, other = company.posting(title).get_desired().chart_account, company.kamino.add_chart_account("Outras")
    company.kamino.edit_title("payable", there, **{FIELDS["payable"].chart: other})
    return lambda: company.kamino.edit_title("payable", there, **{FIELDS["payable"].chart: right})


def person(company: Company) -> Fix:
    title, there = delivered(company)
    right = company.in_kamino("payable", title)["IDPessoa"]
    company.kamino.edit_title("payable", there, IDPessoa=company.kamino.add_person("Outra pessoa"))
    return lambda: company.kamino.edit_title("payable", there, IDPessoa=right)


def edited_in_kamino(company: Company) -> Fix:
    title, there = delivered(company)
    text = company.in_kamino("payable", title)["Descricao"]
    company.kamino.edit_title("payable", there, Descricao=f"{text} (ver contrato)")
    return lambda: company.kamino.edit_title("payable", there, Descricao=text)


def missing_in_kamino(company: Company) -> Fix:
    _title, there = delivered(company)
    company.kamino.delete_title("payable", there)

    def fix() -> None:
        company.kamino.deleted.discard(("payable", there))
        company.kamino.touch()

    return fix


def missing_in_bling(company: Company) -> Fix:
    title, _there = delivered(company)
    kept = company.bling.titles[title]
    company.bling.delete(title)
    company.sync(full=True)
    company.sync(full=True)

    def fix() -> None:
        company.bling.titles[title] = kept
        company.bling.touch()
        company.resync(title, User.objects.get())

    return fix


def settled_only_in_kamino(company: Company) -> Fix:
    title, there = delivered(company)
    company.kamino.pay_title("payable", there)
    return lambda: company.bling.pay(title, account=company.bank)


def settled_only_in_bling(company: Company) -> Fix:
    title, _there = delivered(company)
    unknown = company.bling.add_account("Conta nova")
    company.bling.pay(title, account=unknown)

    def fix() -> None:
        company.kamino.add_bank_account("Conta nova")
        company.forget_registers()

    return fix


def payment(company: Company) -> Fix:
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, account=company.bank)
    company.sync()
    there = company.in_kamino("payable", title)["ID"]
    company.kamino.edit_title("payable", there, ValorPagamento="99.00")
    return lambda: company.kamino.edit_title("payable", there, ValorPagamento="100.00")


def partial(company: Company) -> Fix:
    title, _there = delivered(company)
    company.bling.pay(title, amount="40.00", account=company.bank)
    return lambda: company.bling.reverse_payment(title, company.bling.titles[title].borderos[-1])


def double_payment_risk(company: Company) -> Fix:
    title, there = delivered(company)
    day = company.posting(title).get_desired().due_date
    company.kamino.edit_title("payable", there, DataAgendaPagamento=str(day))
    company.bling.pay(title, account=company.bank)

    def fix() -> None:
        company.kamino.edit_title("payable", there, DataAgendaPagamento=None)
        again = Posting.objects.filter(title__bling_id=title)
        commands.retry_delivery(postings=again, user=User.objects.get(), now=timezone.now())

    return fix


def forced_settlement(company: Company) -> Fix:
    title, there = delivered(company)
    user = User.objects.create_user("maria")
    forced = commands.force_settlement(
        posting=company.posting(title), date=company.bling.world.today, amount=100, interest=0, discount=0,
        account=KaminoItem.objects.filter(kind="bank_account").latest("pk"), reason="Pix", user=user,
        now=timezone.now(),
    )  # fmt: skip
    company.work()

    def fix() -> None:
        company.kamino.reopen_title("payable", there)
        live_kamino.undo_settlement(forced=forced, user=user, now=timezone.now(), clock=timezone.now)

    return fix


def unmapped(company: Company) -> Fix:
    category = company.bling.add_category("Brindes", kind=3)
    company.add_title("payable", category=category)

    def fix() -> None:
        company.kamino.add_chart_account("Brindes")
        company.forget_registers()

    return fix


def invalid_document(company: Company) -> Fix:
    contact = company.bling.add_contact(name="Sol", document="11.222.333/0001-82", kind="J")
    title = company.add_title("payable", contact=contact)

    def fix() -> None:
        company.bling.edit_contact(contact, document="11.222.333/0001-81")
        company.bling.edit_title(title, history="Corrigido")

    return fix


def closed_period(company: Company) -> Fix:
    Tenant.objects.update(closed_until=company.bling.world.today)
    company.add_title("payable", competence=company.bling.world.today - timedelta(days=40))

    def fix() -> None:
        Tenant.objects.update(closed_until=None)
        commands.tenant_changed(tenant_id=company.tenant.pk, now=timezone.now())

    return fix


def held(company: Company) -> Fix:
    title = company.add_title("payable")
    company.bling.edit_title(title, due="0000-00-00")
    return lambda: company.bling.edit_title(title, due=company.bling.world.today + timedelta(days=5))


def refused(company: Company) -> Fix:
    company.kamino.reject_next("Fornecedor bloqueado para lançamentos", match="66.66")
    title = company.add_title("payable", value="66.66")
    company.sync()

    def fix() -> None:
        user, _made = User.objects.get_or_create(username="maria")
        commands.retry_delivery(postings=Posting.objects.filter(title__bling_id=title), user=user, now=timezone.now())

    return fix


def status(company: Company) -> Fix:
    title, there = delivered(company)
    company.bling.edit_title(title, status=5)
    company.sync()
    company.kamino.deleted.discard(("payable", there))
    company.kamino.touch()
    return lambda: company.kamino.delete_title("payable", there)


def invoice_cancelled(company: Company) -> Fix:
    origin = {"id": 5, "tipoOrigem": "notaFiscal", "numero": "321"}
    title = company.add_title("receivable", origin={**origin, "situacao": 3})
    return lambda: company.bling.edit_title(title, origin={**origin, "situacao": 6})


def possible_duplicate(company: Company) -> Fix:
    contact = company.bling.add_contact(name="Papelaria", document="11.222.333/0001-81", kind="J")
    first, due = company.add_title("payable", contact=contact, value="1.00"), company.bling.world.today
    company.sync()
    person = company.in_kamino("payable", first)["IDPessoa"]
    company.kamino.add_title("payable", person, "250.00", due, "Digitado à mão")
    compare_again(company)
    title = company.add_title("payable", contact=contact, value="250.00", due=due)
    company.sync()

    def fix() -> None:
        posting, user = company.posting(title), User.objects.get(username="maria")
        decisions.decide(
            posting=posting, code=decisions.CREATE, number=0, reason="São duas contas", user=user, now=timezone.now()
        )

    return fix


def duplicated(company: Company) -> Fix:
    title, there = delivered(company)
    row = company.in_kamino("payable", title)
    copy = company.kamino.add_title("payable", row["IDPessoa"], "100.00", company.bling.world.today, row["Descricao"])
    assert copy != there
    return lambda: company.kamino.delete_title("payable", copy)


def settled_value(company: Company) -> Fix:
    title = company.add_title("payable", value="100.00")
    company.bling.pay(title, account=company.bank)
    company.sync()
    company.bling.edit_title(title, value="110.00")
    company.resync(title, User.objects.get_or_create(username="maria")[0])

    def fix() -> None:
        company.bling.edit_title(title, value="100.00")
        company.resync(title, User.objects.get())

    return fix


def paid_from(company: Company) -> Fix:
    title, there = delivered(company)
    company.kamino.pay_title("payable", there, account=company.kamino.add_bank_account("Caixa da loja"))
    company.bling.pay(title, account=company.bank)

    def fix() -> None:
        company.kamino.pay_title("payable", there, account=company.kamino_bank)

    return fix


def look_alike(company: Company) -> Fix:
    title, _there = delivered(company)
    row = company.in_kamino("payable", title)
    day = company.posting(title).get_desired().due_date + timedelta(days=2)
    theirs = company.kamino.add_title("payable", row["IDPessoa"], "100.00", day, "Digitado à mão")
    return lambda: company.kamino.delete_title("payable", theirs)


def unconfirmed(company: Company) -> Fix:
    company.add_title("payable", value="77.77")
    company.bling.world.faults.add(Fault(side="kamino", kind="cut_after", method="POST", path="/financeiro/pagamento"))
    company.sync_once_without_lookup()
    return lambda: None  # once its pause is over it is looked up by itself


MADE: dict[str, Callable[[Company], Fix]] = {
    make.__name__: make
    for make in (
        value, due_date, classification, person, edited_in_kamino, missing_in_kamino, missing_in_bling,
        settled_only_in_kamino, settled_only_in_bling, payment, partial, double_payment_risk, forced_settlement,
        unmapped, invalid_document, closed_period, held, refused, status, invoice_cancelled, possible_duplicate,
        duplicated, look_alike, settled_value, paid_from, unconfirmed,
    )
}  # fmt: skip


FOUND: dict[str, Callable[[Company], object]] = {"unconfirmed": Company.work}
"""How a kind is found, where that is not by comparing: the comparison's ticks would look the title up."""


TOGETHER = [
    ("value", "due_date", "classification", "person", "edited_in_kamino", "missing_in_kamino", "duplicated"),
    ("unmapped", "invalid_document", "invoice_cancelled"),
]
"""Kinds of different titles that know nothing of each other: one company has them at the same time."""
GROUPS = [*TOGETHER, *((kind,) for kind in MADE if not any(kind in group for group in TOGETHER))]


def open_rows() -> QuerySet[Discrepancy]:
    return Discrepancy.objects.filter(closed_at=None)


def found_and_explained(kind: str) -> Discrepancy:
    """Return the one open row of a kind, which has to say what it means and what to do, also in an export."""
    [row] = open_rows().filter(kind=kind) or [None]
    assert row is not None, list(open_rows().values_list("kind", "bling_value"))
    assert kind_cause(kind)
    assert suggested_action(kind)
    resource = DiscrepancyResource()
    [cells] = resource.cells(resource.prepared(open_rows().filter(pk=row.pk)))
    exported = dict(zip(resource.headers(), cells, strict=True))
    assert exported["Ação sugerida"] == row.to_do()
    assert exported["Divergência"] == row.get_kind_display()
    assert exported["Causa"] == row.cause_text()
    return row


@pytest.mark.some(4)
@pytest.mark.parametrize("kinds", GROUPS, ids="+".join)
def test_a_kind_is_found_explained_exported_and_closes_by_itself(
    new_company: Callable[..., Company], settings: Any, kinds: tuple[str, ...]
) -> None:
    settings.UNCERTAIN_WAIT_SECONDS = 900
    company = new_company("azul")
    company.bling.world.generous = True
    KaminoConnection.objects.update(lists_are_complete=True)
    fixes = [MADE[kind](company) for kind in kinds]
    FOUND.get(kinds[0], compare_again)(company)
    rows = [found_and_explained(kind) for kind in kinds]
    for fix in fixes:
        fix()
    compare_again(company)
    for row in rows:
        left = open_rows().filter(posting=row.posting, kind=row.kind)
        assert not left.exists(), (row.kind, row.bling_value, row.kamino_value)
