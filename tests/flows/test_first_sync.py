"""The main job: what is in Bling arrives in Kamino, once, classified, and settled when it was paid."""

from collections.abc import Callable

import pytest

from integrations.domain.delivery import DeliveryState
from integrations.models import Attempt, Discrepancy, Posting, Title
from sandbox.world import World
from tests.flows.helpers import Company, in_days


def test_an_open_title_arrives_with_its_person_and_classification(company: Company, world: World) -> None:
    category = company.bling.add_category("Serviços Prestados", kind=2)
    account = company.kamino.add_chart_account("SERVIÇOS  prestados")
    contact = company.bling.add_contact(name="Ana Lúcia D'Ávila", document="529.982.247-25", kind="F")
    title = company.bling.add_title(
        "receivable", value="1234.56", due=in_days(world, 10), contact=contact, category=category,
        document_number="NF 10/1", history="Consultoria",
    )  # fmt: skip

    report = company.sync_and_report()

    row = company.in_kamino("receivable", title)
    assert row["Descri"].startswith("Consultoria")
    assert float(row["VlrVenc"]) == 1234.56
    assert row["DtaVenc"][:10] == str(in_days(world, 10))
    assert row["IDPlanoContaOrigem"].strip() == account.strip()
    person = company.kamino.persons[row["IDPessoa"]]
    assert person["Nome"] == "Ana Lúcia D'Ávila"
    assert person["CPFCNPJ"] == "52998224725"
    assert person["Cliente"] is True
    assert (report.created, report.needs_human, report.exit_code) == (1, 0, 0)


def test_a_title_paid_in_bling_is_created_settled_with_one_write(company: Company, world: World) -> None:
    title = company.add_title("payable", value="500.00")
    company.bling.pay(title, date=in_days(world, -3), account=company.bank)
    report = company.sync_and_report()
    row = company.in_kamino("payable", title)
    assert (row["Situacao"], float(row["ValorPagamento"]), row["DataPagamento"][:10]) == (
        2, 500.0, str(in_days(world, -3)),
    )  # fmt: skip
    assert row["IDPlanoContaPagamento"].strip() == company.kamino_bank.strip()
    assert (report.created, report.settled) == (1, 1)
    assert Attempt.objects.exclude(operation="save_person").count() == 1


@pytest.mark.parametrize("generous", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_realistic_company_ends_equal_or_waiting_with_a_reason_and_a_second_sync_writes_nothing(
    new_company: Callable[..., Company], world: World, generous: bool
) -> None:
    world.generous = generous
    company = new_company("real", payables=80, receivables=80)
    company.sync()
    for posting in Posting.objects.select_related("title"):
        row = company.in_kamino(posting.direction, posting.title.bling_id)
        if posting.state == DeliveryState.DELIVERED:
            value = row["ValorVencimento" if posting.direction == "payable" else "VlrVenc"]
            due = row["DataVencimento" if posting.direction == "payable" else "DtaVenc"]
            assert (value, due[:10]) == (posting.title.value, str(posting.title.due_date))
        else:
            assert posting.problems, f"{posting.title.bling_id} waits without a reason"
            assert row is None
    assert company.kamino.charges == 0
    assert Posting.objects.filter(state=DeliveryState.DELIVERED).count() > 80

    writes = company.kamino.write_count
    before = list(Title.objects.order_by("pk").values())
    second = company.sync_and_report()
    assert company.kamino.write_count == writes
    assert list(Title.objects.order_by("pk").values()) == before
    assert (second.created, second.updated, second.settled, second.cancelled) == (0, 0, 0, 0)


def test_each_person_is_created_once_however_many_titles_name_it(company: Company) -> None:
    contact = company.bling.add_contact(name="Padaria Sol", document="11.222.333/0001-81", kind="J")
    titles = [company.add_title("payable", contact=contact) for _ in range(5)]
    titles += [company.add_title("receivable", contact=contact) for _ in range(2)]
    before = len(company.kamino.persons)
    company.sync()
    assert len(company.kamino.persons) == before + 1
    ids = {company.in_kamino(company.title(title).direction, title)["IDPessoa"] for title in titles}
    assert len(ids) == 1
    person = company.kamino.persons[ids.pop()]
    assert (person["Cliente"], person["Fornecedor"]) == (True, True)


def test_an_existing_person_is_found_by_document_and_only_its_blanks_are_filled(company: Company) -> None:
    existing = company.kamino.add_person(
        "Padaria do Sol LTDA", document="11222333000181", Email="financeiro@sol.example", ChavePix="pix-da-padaria"
    )
    contact = company.bling.add_contact(
        name="Padaria Sol", document="11.222.333/0001-81", kind="J", email="outro@sol.example", fantasia="Sol"
    )
    title = company.add_title("payable", contact=contact)
    company.sync()
    assert company.in_kamino("payable", title)["IDPessoa"] == existing
    person = company.kamino.persons[existing]
    assert (person["Nome"], person["Email"]) == ("Padaria do Sol LTDA", "financeiro@sol.example")
    assert (person["NomeFantasia"], person["ChavePix"], person["Fornecedor"]) == ("Sol", "pix-da-padaria", True)


def test_two_branches_of_one_cnpj_root_stay_two_persons(company: Company) -> None:
    first = company.bling.add_contact(name="Rede Matriz", document="11.222.333/0001-81", kind="J")
    second = company.bling.add_contact(name="Rede Filial", document="11.222.333/0002-62", kind="J")
    titles = [company.add_title("payable", contact=contact) for contact in (first, second)]
    company.sync()
    assert len({company.in_kamino("payable", title)["IDPessoa"] for title in titles}) == 2


def test_two_kamino_persons_with_one_document_wait_for_a_human(company: Company) -> None:
    for name in ("Sol A", "Sol B"):
        company.kamino.add_person(name, document="11222333000181")
    contact = company.bling.add_contact(name="Padaria Sol", document="11.222.333/0001-81", kind="J")
    waiting = company.add_title("payable", contact=contact)
    other = company.add_title("payable")
    report = company.sync_and_report()
    assert company.in_kamino("payable", waiting) is None
    assert company.problems(waiting) == ["person_undecided"]
    assert company.in_kamino("payable", other) is not None
    assert report.exit_code == 1


def test_an_alphanumeric_cnpj_is_valid_and_an_invalid_document_waits(company: Company) -> None:
    new_style = company.bling.add_contact(name="Letras SA", document="12.ABC.345/01DE-35", kind="J")
    wrong = company.bling.add_contact(name="Errado SA", document="11.222.333/0001-80", kind="J")
    good = company.add_title("payable", contact=new_style)
    bad = company.add_title("payable", contact=wrong)
    company.sync()
    person = company.kamino.persons[company.in_kamino("payable", good)["IDPessoa"]]
    assert person["CPFCNPJ"] == "12ABC34501DE35"
    assert company.in_kamino("payable", bad) is None
    assert company.problems(bad) == ["invalid_document"]


def test_what_waits_is_shown_as_a_discrepancy_with_its_cause(company: Company) -> None:
    title = company.add_title("payable", category=company.bling.add_category("Sem par na Kamino", kind=1))
    company.sync()
    row = Discrepancy.objects.get(closed_at=None)
    assert (row.kind, row.posting.title.bling_id) == ("unmapped", title)
    assert "Sem par na Kamino" in row.cause_text()


def test_titles_paid_before_the_start_are_mirrored_and_not_sent(
    new_company: Callable[..., Company], world: World
) -> None:
    company = new_company(settled_from=str(in_days(world, -5)), sync_from=str(in_days(world, -30)))
    old, new = company.add_title("payable"), company.add_title("payable")
    company.bling.pay(old, date=in_days(world, -6), account=company.bank)
    company.bling.pay(new, date=in_days(world, -5), account=company.bank)
    report = company.sync_and_report()
    assert company.in_kamino("payable", old) is None
    assert company.problems(old) == ["before_settled_from"]
    assert company.in_kamino("payable", new)["Situacao"] == 2
    assert report.exit_code == 0


def test_a_simulated_company_plans_everything_and_sends_nothing(new_company: Callable[..., Company]) -> None:
    company = new_company(delivery_mode="shadow")
    title = company.add_title("payable")
    company.sync()
    assert company.posting(title).state == DeliveryState.READY
    assert company.kamino.write_count == 0
