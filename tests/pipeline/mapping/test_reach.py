"""What a change of the De/Para touches in Kamino, and what it leaves alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Mapping, MappingChange, PlanRequest, Posting, Tenant
from integrations.models.confidential import WHOLE
from integrations.models.mapping_changes import Reach
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.mapping.changes import advance_changes, carry_out, confirm, measures, propose
from integrations.pipeline.mapping.edits import check_cells
from integrations.pipeline.mapping.rows import DeskRow, desk_rows
from integrations.pipeline.mapping.targets import KaminoTargets
from integrations.sheets.cells import Cell
from tests.flows.helpers import Company
from tests.pipeline.mapping.edits import finance, map_name, propose_cells


@pytest.fixture
def charts(company: Company) -> dict[str, str]:
    return {name: company.kamino.add_chart_account(name).strip() for name in ("Conta Azul", "Conta Verde")}


def chart_of(company: Company, title: int) -> str:
    return str(company.in_kamino("payable", title)["IDPlanoContaClassificacao"].strip())


def sent(company: Company, **options: object) -> int:
    title = company.add_title("payable", **options)
    company.sync()
    assert company.in_kamino("payable", title) is not None
    return title


def test_open_titles_follow_and_settled_ones_stay(company: Company, charts: dict[str, str]) -> None:
    paid = company.add_title("payable")
    company.bling.pay(paid, account=company.bank)
    title = sent(company)
    before = chart_of(company, paid)
    change = map_name(company, "category", company.category, chart_account="Conta Azul")
    assert (change.state, change.titles_planned) == ("done", 1)
    company.work()
    assert chart_of(company, title) == charts["Conta Azul"]
    assert chart_of(company, paid) == before
    assert company.problems(paid) == []


def test_only_new_leaves_what_kamino_has_also_when_it_changes_later(company: Company, charts: dict[str, str]) -> None:
    title = sent(company)
    before = chart_of(company, title)
    change = map_name(company, "category", company.category, reach=Reach.NEW, chart_account="Conta Azul")
    assert change.titles_planned == 0
    new = company.add_title("payable")
    company.bling.edit_title(title, due=company.bling.world.today + timedelta(days=20))
    company.sync()
    assert chart_of(company, new) == charts["Conta Azul"]
    assert chart_of(company, title) == before
    assert company.in_kamino("payable", title)["DataVencimento"][:10] == str(
        company.bling.world.today + timedelta(days=20)
    )


def test_another_category_in_bling_is_classified_anew(company: Company, charts: dict[str, str]) -> None:
    title = sent(company)
    map_name(company, "category", company.category, reach=Reach.NEW, chart_account="Conta Azul")
    other = company.bling.add_category("Conta Verde", kind=1)
    company.bling.edit_title(title, category=other)
    company.bling.edit_title(title, value="101.00")
    company.forget_registers()
    company.sync()
    assert chart_of(company, title) == charts["Conta Verde"]


def test_a_later_change_may_reach_further(company: Company, charts: dict[str, str]) -> None:
    title = sent(company)
    map_name(company, "category", company.category, reach=Reach.NEW, chart_account="Conta Azul")
    map_name(company, "category", company.category, reach=Reach.OPEN, chart_account="Conta Verde")
    company.work()
    assert chart_of(company, title) == charts["Conta Verde"]
    assert company.posting(title).kept_for_category is None


def test_closed_months_stay_as_they_are_without_a_question(company: Company, charts: dict[str, str]) -> None:
    today = company.bling.world.today
    old = sent(company, issue=today - timedelta(days=70))
    before = chart_of(company, old)
    Tenant.objects.update(closed_until=today - timedelta(days=40))
    company.tenant.refresh_from_db()
    for reach, since in ((Reach.OPEN, None), (Reach.SINCE, today - timedelta(days=400))):
        name = "Conta Azul" if since is None else "Conta Verde"
        change = map_name(company, "category", company.category, reach=reach, since=since, chart_account=name)
        assert change.titles_planned == 0
    company.sync()
    assert chart_of(company, old) == before
    assert company.problems(old) == []
    assert company.posting(old).state == "delivered"


def test_a_competence_divides_what_is_touched(company: Company, charts: dict[str, str]) -> None:
    today = company.bling.world.today
    older, newer = sent(company, issue=today - timedelta(days=60)), sent(company, issue=today)
    before = chart_of(company, older)
    since = today - timedelta(days=30)
    change = propose_cells(company, "category", company.category, chart_account="Conta Azul")
    counted = measures(change, since, WHOLE)
    assert {reach: found.titles for reach, found in counted.items()} == {"new": 0, "open": 2, "since": 1}
    assert counted["since"].in_kamino == 1
    change = confirm(
        change=change, reach=Reach.SINCE, since=since, good_rows_only=False, user=finance(), clock=timezone.now
    )
    assert change.titles_planned == 1
    company.work()
    assert (chart_of(company, older), chart_of(company, newer)) == (before, charts["Conta Azul"])


def test_a_title_in_flight_counts_as_sent(company: Company, charts: dict[str, str]) -> None:
    title = sent(company)
    Posting.objects.update(state="sending", delivered=None, lease_until=timezone.now() + timedelta(hours=1))
    change = map_name(company, "category", company.category, reach=Reach.NEW, chart_account="Conta Azul")
    assert change.titles_planned == 0
    assert company.posting(title).kept_for_category == company.category


def test_one_supplier_may_have_a_rule_of_its_own(company: Company, charts: dict[str, str]) -> None:
    contact = company.bling.add_contact(name="Fornecedor Especial", document="", kind="J")
    theirs, other = company.add_title("payable", contact=contact), company.add_title("payable")
    company.sync()
    before = chart_of(company, other)
    Mapping.objects.create(
        connection=company.connection, kind="supplier", person=company.title(theirs).person, bling_name="x"
    )
    map_name(company, "supplier", contact, chart_account="Conta Azul")
    company.work()
    assert (chart_of(company, theirs), chart_of(company, other)) == (charts["Conta Azul"], before)


def test_an_emptied_row_is_no_mapping_any_more(company: Company, charts: dict[str, str]) -> None:
    title = sent(company)
    before = chart_of(company, title)
    map_name(company, "category", company.category, chart_account="Conta Azul")
    map_name(company, "category", company.category, chart_account="")
    company.work()
    assert not Mapping.objects.exists()
    assert chart_of(company, title) == before
    assert [row.history_type for row in Mapping.history.order_by("history_id")] == ["+", "-"]
    assert {row.history_user for row in Mapping.history.all()} == {finance()}


class TestTwoPeople:
    def test_a_change_is_carried_out_once(self, company: Company, charts: dict[str, str]) -> None:
        change = propose_cells(self._ready(company), "category", company.category, chart_account="Conta Azul")
        order = {"reach": Reach.OPEN, "since": None, "good_rows_only": False, "user": finance()}
        confirm(change=change, clock=timezone.now, **order)
        with pytest.raises(Refused):
            confirm(change=change, clock=timezone.now, **order)
        assert not carry_out(change.pk, now=timezone.now())
        assert Mapping.history.count() == 1

    def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
        self, company: Company, charts: dict[str, str]
    ) -> None:
        self._ready(company)
        mine = propose_cells(company, "category", company.category, chart_account="Conta Azul")
        map_name(company, "category", company.category, chart_account="Conta Verde")
        mine = confirm(
            change=mine, reach=Reach.OPEN, since=None, good_rows_only=False, user=finance(), clock=timezone.now
        )
        assert mine.state == "failed"
        assert "outra pessoa" in mine.error
        assert Mapping.objects.get().chart_account.name == "Conta Verde"

    def _ready(self, company: Company) -> Company:
        sent(company)
        return company


def test_a_worker_that_died_in_the_middle_leaves_the_change_to_the_next(
    company: Company, charts: dict[str, str]
) -> None:
    sent(company)
    change = propose_cells(company, "category", company.category, chart_account="Conta Azul")
    MappingChange.objects.filter(pk=change.pk).update(state="applying", reach=Reach.OPEN)
    assert advance_changes(clock=timezone.now)
    change.refresh_from_db()
    assert change.state == "done"
    assert PlanRequest.objects.count() == 1
    assert not advance_changes(clock=timezone.now)


class TestBankAccounts:
    """A settlement that was not sent goes to the account that is mapped now, whatever the reach of a change."""

    @pytest.mark.parametrize("reach", [Reach.NEW, Reach.OPEN, Reach.SINCE])
    @pytest.mark.some(3)
    def test_one_that_waits_goes_to_the_account_mapped_last(self, company: Company, reach: str) -> None:
        today = company.bling.world.today
        right = company.kamino.add_bank_account("BANCO CERTO").strip()
        title = sent(company, issue=today - timedelta(days=70))
        Tenant.objects.update(closed_until=today - timedelta(days=40))
        company.tenant.refresh_from_db()
        company.to_shadow()
        company.bling.pay(title, account=company.bank, date=today)
        company.forget_registers()
        company.sync()
        change = map_name(
            company, "bank_account", company.bank, reach=reach, since=today.replace(day=1), bank_account="BANCO CERTO"
        )
        assert change.titles_planned == 1
        company.go_live()
        company.work()
        row = company.in_kamino("payable", title)
        assert (row["Situacao"], row["IDPlanoContaPagamento"].strip()) == (2, right)

    def test_a_change_of_an_account_takes_no_classification_back(
        self, company: Company, charts: dict[str, str]
    ) -> None:
        company.kamino.add_bank_account("BANCO NOVO")
        title = sent(company)
        company.bling.pay(title, account=company.bank, amount="40.00", date=company.bling.world.today)
        company.forget_registers()
        company.sync()
        map_name(company, "category", company.category, chart_account="Conta Azul")
        map_name(company, "bank_account", company.bank, reach=Reach.NEW, bank_account="BANCO NOVO")
        company.work()
        assert chart_of(company, title) == charts["Conta Azul"]


def test_a_title_that_waited_for_a_name_goes_on_with_what_it_was_told(company: Company, charts: dict[str, str]) -> None:
    title = sent(company)
    before = chart_of(company, title)
    other = company.bling.add_category("Sem Par Nenhum", kind=3)
    company.bling.edit_title(title, category=other)
    company.bling.edit_title(title, value="101.00")
    company.forget_registers()
    company.sync()
    assert company.problems(title) == ["category_unmapped"]
    map_name(company, "category", other, reach=Reach.NEW, chart_account="Conta Azul")
    company.work()
    assert company.problems(title) == []
    assert chart_of(company, title) == before


def test_another_supplier_in_bling_has_its_own_classification(company: Company, charts: dict[str, str]) -> None:
    special, common = (
        company.bling.add_contact(name=name, document="", kind="J") for name in ("Especial", "Fornecedor Comum")
    )
    title = sent(company, contact=special)
    plain = chart_of(company, title)
    for reach, name in ((Reach.OPEN, "Conta Azul"), (Reach.NEW, "Conta Verde")):
        row = desk_rows_of_person(company, title, "supplier")
        edit = check_cells(row, {"chart_account": Cell(name)}, KaminoTargets.of_tenant(company.tenant.pk))
        assert edit is not None
        change = propose(
            tenant=company.tenant, origin="screen", rows=[edit], looked_at=1, user=finance(), now=timezone.now()
        )
        confirm(change=change, reach=reach, since=None, good_rows_only=False, user=finance(), clock=timezone.now)
        company.work()
    assert chart_of(company, title) == charts["Conta Azul"]
    company.bling.edit_title(title, contact=common)
    company.bling.edit_title(title, value="101.00")
    company.sync()
    assert chart_of(company, title) == plain


def desk_rows_of_person(company: Company, title: int, kind: str) -> DeskRow:
    person = company.title(title).person
    rows = desk_rows(company.tenant.pk, KaminoTargets.of_tenant(company.tenant.pk), WHOLE)
    empty = DeskRow(company.connection, kind, None, person, None)
    return next((row for row in rows if row.key == empty.key), empty)


def test_what_is_never_sent_is_not_counted(company: Company, charts: dict[str, str]) -> None:
    today = company.bling.world.today
    Tenant.objects.update(settled_from=today)
    old, gone = company.add_title("payable"), company.add_title("payable")
    company.bling.pay(old, account=company.bank, date=today - timedelta(days=9))
    company.bling.cancel(gone)
    company.sync()
    change = propose_cells(company, "category", company.category, chart_account="Conta Azul")
    assert measures(change, None, WHOLE)["new"].titles == 0
