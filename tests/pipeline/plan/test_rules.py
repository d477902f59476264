"""The rules of classification, through both services: whose row decides, and what is read for it."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.models import CatalogItem, Posting, SalesOrder, SyncRun, Tenant
from integrations.pipeline.desk.commands import tenant_changed
from sandbox.world import World
from tests.flows.helpers import Company, in_days
from tests.pipeline.mapping.edits import map_name

ORDER_CALL = "GET /pedidos/vendas/{id}"
UNIT = "Matriz"


class Shop:
    """A company that sells through one channel with two business units, whose registers were read."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.channel = next(iter(company.bling.channels.values()))
        units = [(unit, f"{name} no Bling") for unit, name in self.channel.units]  # no name of Kamino's
        company.bling.edit_channel(self.channel.id, units=units)
        rent = next(row.id for row in company.bling.categories.values() if row.name == "Aluguel")
        company.add_title("payable", category=rent)  # Kamino's registers are read once there are titles
        company.sync()
        self.unit = self.channel.units[0][0]

    def map(self, kind: str, bling_id: int, **targets: str) -> int:
        """Map a Bling register or person to Kamino's registers by name; returns how many titles are planned again."""
        return map_name(self.company, kind, bling_id, **targets).titles_planned

    def sell(self, *, unit: int | None = None, origin: str = "venda", **options: Any) -> int:
        """Add the receivable of a sale."""
        contact = self.company.bling.add_contact(name="Cliente Exemplo", document="", kind="J")
        sale = self.company.bling.add_sale(
            contact, "100.00", channel=self.channel.id, unit=self.unit if unit is None else unit
        )
        return self.company.add_title(
            "receivable", contact=contact, origin={"id": sale, "tipoOrigem": origin}, **options
        )

    def orders_read(self) -> int:
        return self.company.bling.calls[ORDER_CALL]

    def unit_in_kamino(self, title: int) -> str | None:
        """Return the name of a receivable's business unit in Kamino."""
        row = self.company.in_kamino("receivable", title)
        units = self.company.kamino.units
        return units[row["IDUnidadeNegocio"]]["Nome"] if row["IDUnidadeNegocio"] else None


@pytest.fixture
def shop(company: Company) -> Shop:
    return Shop(company)


class TestTheSalesOrder:
    """A receivable's business unit comes from the sales order behind it, read only when a mapping asks for it."""

    @pytest.mark.some(3)
    @pytest.mark.parametrize(
        ("names", "expected"),
        [(["MATRIZ  sul"], "MATRIZ  sul"), (["Matriz Sul", "matriz sul"], None), (["Matriz"], None)],
        ids=["one", "several", "another"],
    )
    def test_gives_the_unit_of_the_same_name_where_nobody_mapped_one(
        self, shop: Shop, names: list[str], expected: str | None
    ) -> None:
        shop.company.bling.edit_channel(shop.channel.id, units=[(shop.unit, "Matriz Sul")])
        shop.company.kamino.units.clear()
        for name in names:
            shop.company.kamino.add_business_unit(name)
        shop.company.forget_registers()
        shop.company.sync()
        title, other = shop.sell(), shop.sell(unit=0)
        shop.company.sync()
        assert (shop.unit_in_kamino(title), shop.unit_in_kamino(other)) == (expected, None)
        assert bool(shop.orders_read()) is (expected is not None)

    def test_gives_what_was_mapped_although_another_unit_has_the_name(self, shop: Shop) -> None:
        shop.company.bling.edit_channel(shop.channel.id, units=[(shop.unit, "Filial Norte")])
        shop.company.kamino.add_business_unit("filial norte")
        shop.company.forget_registers()
        shop.company.sync()
        shop.map("business_unit", shop.unit, business_unit=UNIT)
        title = shop.sell()
        shop.company.sync()
        assert shop.unit_in_kamino(title) == UNIT

    @pytest.mark.some(2)
    @pytest.mark.parametrize("generous", [False, True])
    def test_gives_the_business_unit_and_is_read_once(self, shop: Shop, world: World, generous: bool) -> None:
        world.generous = generous
        shop.map("business_unit", shop.unit, business_unit=UNIT)
        title, other = shop.sell(), shop.sell(unit=0)
        shop.company.sync()
        assert (shop.unit_in_kamino(title), shop.unit_in_kamino(other)) == (UNIT, None)
        shop.company.sync()
        shop.company.bling.edit_title(title, value="120.00")
        shop.company.sync()
        assert shop.orders_read() == 2

    def test_is_never_read_where_no_mapping_asks_for_it(self, shop: Shop) -> None:
        shop.map("category", shop.company.category, business_unit=UNIT)
        title = shop.sell()
        shop.company.sync()
        assert (shop.unit_in_kamino(title), shop.orders_read()) == (UNIT, 0)

    def test_of_an_invoice_is_not_known(self, shop: Shop) -> None:
        shop.map("sales_channel", shop.channel.id, business_unit=UNIT)
        title = shop.sell(origin="notafiscal")
        shop.company.sync()
        assert (shop.unit_in_kamino(title), shop.orders_read()) == (None, 0)

    def test_that_bling_deleted_says_nothing(self, shop: Shop) -> None:
        shop.map("sales_channel", shop.channel.id, business_unit=UNIT)
        title = shop.sell()
        shop.company.bling.sales.clear()
        shop.company.sync()
        assert shop.unit_in_kamino(title) is None
        assert list(SalesOrder.objects.values_list("channel_id", "unit_id")) == [(0, 0)]

    def test_of_titles_that_kamino_has_is_read_at_once_after_the_mapping(self, shop: Shop) -> None:
        open_title, paid = shop.sell(), shop.sell()
        shop.company.bling.pay(paid, account=shop.company.bank)
        shop.company.sync()
        assert shop.orders_read() == 0
        assert shop.map("sales_channel", shop.channel.id, business_unit=UNIT) == 1
        shop.company.work()
        assert shop.unit_in_kamino(open_title) == UNIT
        assert shop.unit_in_kamino(paid) is None, "what is settled in Kamino is not written again"
        assert shop.orders_read() == 1

    def test_is_bounded_in_one_run_and_goes_on_with_the_next(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        titles = [shop.sell() for _ in range(5)]
        shop.company.sync()
        monkeypatch.setattr("integrations.pipeline.read.steps.orders.ORDERS_LIMIT", 3)
        shop.map("sales_channel", shop.channel.id, business_unit=UNIT)
        shop.company.work()
        assert shop.orders_read() in (3, 4), "the rolling reading of titles may bring one more"
        shop.company.sync()
        assert [shop.unit_in_kamino(title) for title in titles] == [UNIT] * 5
        assert shop.orders_read() == 5

    def test_that_the_app_may_not_read_holds_new_titles_and_no_settlement(self, shop: Shop) -> None:
        before = shop.sell()
        shop.company.sync()
        shop.company.bling.missing_scopes = {"pedidos-vendas"}
        shop.map("sales_channel", shop.channel.id, business_unit=UNIT)
        title = shop.sell()
        shop.company.bling.pay(before, account=shop.company.bank)
        shop.company.sync()
        assert (shop.company.problems(title), shop.company.problems(before)) == (["order_unread"], [])
        assert shop.company.in_kamino("receivable", title) is None
        assert shop.company.in_kamino("receivable", before)["SitConta"] == 2
        assert {run.state for run in SyncRun.objects.all()} == {"done"}
        assert SyncRun.objects.latest("pk").failure_notes[0]["what"] == "order"
        shop.company.bling.missing_scopes = set()
        shop.company.sync()
        assert shop.unit_in_kamino(title) == UNIT


class TestSalesChannels:
    """Registers that only some mappings need."""

    def kinds(self) -> set[str]:
        return set(CatalogItem.objects.filter(is_gone=False).values_list("kind", flat=True))

    def test_are_read_with_the_business_units_by_name(self, shop: Shop) -> None:
        units = CatalogItem.objects.filter(kind="business_unit").values_list("bling_id", "name")
        assert set(units) == set(shop.channel.units)
        assert CatalogItem.objects.get(kind="sales_channel").name == "Loja virtual"

    def test_that_the_app_may_not_read_stop_nothing_and_are_not_gone(self, company: Company) -> None:
        company.bling.missing_scopes = {"canais-venda"}
        title = company.add_title("payable")
        company.sync()
        assert company.in_kamino("payable", title) is not None
        assert not {"sales_channel", "business_unit"} & self.kinds()
        company.bling.missing_scopes = set()
        company.forget_registers()
        company.sync()
        assert {"sales_channel", "business_unit"} <= self.kinds()
        company.bling.missing_scopes = {"canais-venda"}
        company.forget_registers()
        company.sync()
        assert {"sales_channel", "business_unit"} <= self.kinds()

    def test_that_vanish_from_bling_are_gone(self, shop: Shop) -> None:
        shop.company.bling.channels.clear()
        shop.company.forget_registers()
        shop.company.sync()
        assert not {"sales_channel", "business_unit"} & self.kinds()


@pytest.mark.some(2)
@pytest.mark.parametrize(("direction", "kind"), [("receivable", "customer"), ("payable", "supplier")])
def test_the_row_of_a_person_decides_before_the_category_s(shop: Shop, direction: str, kind: str) -> None:
    company = shop.company
    account = company.kamino.add_chart_account("Só desta pessoa")
    contact = company.bling.add_contact(name="Especial", document="", kind="J")
    titles = [company.add_title(direction, contact=contact), company.add_title(direction)]
    company.forget_registers()
    company.sync()
    asked = shop.map(kind, contact, chart_account="Só desta pessoa", cost_center="Comercial")
    company.work()
    field = "IDPlanoContaClassificacao" if direction == "payable" else "IDPlanoContaOrigem"
    theirs, others = [company.in_kamino(direction, title) for title in titles]
    assert asked == 1
    assert theirs[field].strip() == account.strip()
    assert company.kamino.cost_centers[theirs["IDCentroCusto"]]["Nome"] == "Comercial"
    assert others[field].strip() != account.strip()
    assert [company.posting(title).rule for title in titles] == ["person", "name"]


def test_a_title_without_category_takes_its_contact_s_and_follows_it(shop: Shop) -> None:
    company = shop.company
    contact = company.bling.add_contact(name="Com padrão", document="", kind="J", category=company.category)
    title = company.add_title("payable", category=0, contact=contact)
    company.sync()
    row = company.in_kamino("payable", title)
    assert company.kamino.charts[row["IDPlanoContaClassificacao"]]["Nome"] == "Categoria de Teste"
    assert company.posting(title).rule == "contact"
    assert shop.map("category", company.category, cost_center="Comercial") == 1
    company.bling.edit_contact(contact, category=company.bling.add_category("Aluguel de máquinas", kind=1))
    account = company.kamino.add_chart_account("ALUGUEL DE MÁQUINAS")
    company.forget_registers()
    company.sync()
    assert company.in_kamino("payable", title)["IDPlanoContaClassificacao"].strip() == account.strip()


def test_an_account_of_the_other_direction_holds_the_title_by_name(shop: Shop) -> None:
    company = shop.company
    account = company.kamino.add_chart_account("Vendas no balcão", nature="Receita")
    company.forget_registers()
    company.sync()
    shop.map("category", company.category, chart_account="Vendas no balcão")
    payable, receivable = company.add_title("payable"), company.add_title("receivable")
    company.sync()
    assert company.problems(payable) == ["account_wrong_direction"]
    assert company.posting(payable).problems[0]["params"] == {"name": "Vendas no balcão"}
    assert company.in_kamino("receivable", receivable)["IDPlanoContaOrigem"].strip() == account.strip()
    company.kamino.edit_chart_account(account, TipoContaGerencial="Dedução de receita")
    company.forget_registers()
    company.sync()
    assert company.in_kamino("payable", payable)["IDPlanoContaClassificacao"].strip() == account.strip()


class TestKeptClassification:
    """People chose that a change of the De/Para must not touch a title that Kamino has."""

    @pytest.fixture
    def title(self, shop: Shop) -> int:
        """An open payable of a closed month, delivered under the name of its category."""
        company = shop.company
        title = company.add_title("payable", issue=in_days(company.bling.world, -40))
        company.kamino.add_chart_account("Outra conta")
        company.forget_registers()
        company.sync()
        Tenant.objects.filter(pk=company.tenant.pk).update(closed_until=in_days(company.bling.world, -30))
        company.tenant.refresh_from_db()
        return title

    def chart(self, company: Company, title: int) -> str:
        row = company.in_kamino("payable", title)
        return str(company.kamino.charts[row["IDPlanoContaClassificacao"]]["Nome"])

    def test_stays_and_is_no_problem(self, shop: Shop, title: int) -> None:
        company = shop.company
        shop.map("category", company.category, chart_account="Outra conta", cost_center="Comercial")
        tenant_changed(tenant_id=company.tenant.pk, now=company.now())
        company.work()
        posting = company.posting(title)
        assert (posting.state, posting.problems, posting.rule) == ("delivered", [], "kept")
        company.bling.pay(title, account=company.bank)
        company.sync()
        assert company.in_kamino("payable", title)["Situacao"] == 2
        assert self.chart(company, title) == "Categoria de Teste"

    def test_without_the_choice_a_closed_month_asks_a_person(self, shop: Shop, title: int) -> None:
        shop.map("category", shop.company.category, chart_account="Outra conta")
        Posting.objects.update(kept_for_category=None)
        tenant_changed(tenant_id=shop.company.tenant.pk, now=shop.company.now())
        shop.company.work()
        assert shop.company.problems(title) == ["closed_period"]

    def test_ends_with_another_category_in_bling(self, shop: Shop, title: int) -> None:
        company = shop.company
        Tenant.objects.filter(pk=company.tenant.pk).update(closed_until=None)
        Posting.objects.update(kept_for_category=company.category)
        other = company.bling.add_category("Outra conta", kind=3)
        company.bling.edit_title(title, category=other, value="101.00")
        company.forget_registers()
        company.sync()
        assert self.chart(company, title) == "Outra conta"


def test_a_renamed_category_keeps_its_mapping_and_is_marked(shop: Shop) -> None:
    company = shop.company
    shop.map("category", company.category, chart_account="Aluguel")
    title = company.add_title("payable")
    company.bling.edit_category(company.category, name="Categoria nova")
    company.forget_registers()
    company.sync()
    row = company.in_kamino("payable", title)
    assert company.kamino.charts[row["IDPlanoContaClassificacao"]]["Nome"] == "Aluguel"
    item = CatalogItem.objects.get(bling_id=company.category)
    assert (item.name, item.renamed_from) == ("Categoria nova", "Categoria de teste")
    assert item.renamed_at is not None
    assert not CatalogItem.objects.exclude(pk=item.pk).filter(renamed_at__isnull=False).exists()


def test_two_categories_of_one_name_under_different_parents_map_apart(company: Company) -> None:
    accounts = {}
    for parent in ("Loja", "Fábrica"):
        category = company.bling.add_category("Manutenção", kind=1, parent=company.bling.add_category(parent, kind=1))
        accounts[category] = company.kamino.add_chart_account(f"Manutenção {parent}")
    shop = Shop(company)
    for category, account in accounts.items():
        shop.map("category", category, chart_account=company.kamino.charts[account]["Nome"])
    titles = {company.add_title("payable", category=category): account for category, account in accounts.items()}
    company.sync()
    for title, account in titles.items():
        assert company.in_kamino("payable", title)["IDPlanoContaClassificacao"] == account


def test_a_unit_s_row_asks_for_the_titles_sold_there_and_those_not_read(new_company: Callable[..., Company]) -> None:
    shop = Shop(new_company())
    first, second = (unit for unit, _name in shop.channel.units)
    shop.map("business_unit", first, business_unit=UNIT)
    shop.sell(unit=first)
    shop.sell(unit=second)
    shop.company.sync()
    shop.company.bling.missing_scopes = {"pedidos-vendas"}
    shop.sell(unit=second)
    shop.company.add_title("receivable")
    shop.company.sync()
    assert shop.map("business_unit", first, business_unit="Filial Campinas") == 2
