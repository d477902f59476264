"""The main job: what is in Bling arrives in Kamino, once."""

from collections.abc import Callable

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

    report = company.sync()

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


def test_a_realistic_company_ends_equal_or_held_with_a_reason(new_company: Callable[..., Company]) -> None:
    company = new_company("real", payables=60, receivables=60)
    report = company.sync()
    print(report)
    assert company.kamino.charges == 0
    second = company.sync()
    print(second)
    assert (second.created, second.updated, second.settled) == (0, 0, 0)
