"""What a change of the De/Para touches in Kamino, and what it leaves alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Mapping, MappingChange, PlanRequest, Posting, Tenant
from integrations.models.mapping_changes import Reach
from integrations.pipeline.desk import Refused
from integrations.pipeline.mapping_changes import advance_changes, carry_out, confirm, measures
from tests.flows.helpers import Company
from tests.flows.mapping import finance, map_name, propose_cells


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
    counted = measures(change, since)
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
        assert "outra pessoa" in mine.message
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
