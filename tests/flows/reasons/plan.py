"""What the plan lacks of a title's names, or of the title itself."""

import re
from collections.abc import Iterator

from integrations.admin.mapping.desk import row_url
from integrations.domain.reasons import Reason
from integrations.models import KaminoConnection, KaminoItem
from tests.flows.helpers import Company
from tests.flows.reasons.walk import Desk, save_page, scenario


def _map(desk: Desk, kind: str, bling_id: int, **targets: str) -> None:
    """Map a name under "De/Para", as the advice says, look at the preview and apply it."""
    address = row_url(desk.company.tenant.pk, kind, bling_id)
    found = re.search(r'name="row" value="([^"]+)"', desk.client.get(address).content.decode())
    assert found, f"De/Para does not show {kind} {bling_id}"
    key = found[1]
    preview = desk.client.post(
        address, {"do": "save", "row": key, **{f"{key}-{name}": text for name, text in targets.items()}}
    )
    desk.client.post(preview["Location"], {"do": "confirm", "reach": "open"})
    desk.company.work()


def _of_category(company: Company, name: str) -> tuple[int, int]:
    category = company.bling.add_category(name, kind=3)
    title = company.add_title("payable", category=category)
    company.sync()
    return title, category


@scenario(Reason.CATEGORY_UNMAPPED)
def category_unmapped(company: Company, desk: Desk) -> Iterator[int]:
    title, category = _of_category(company, "Sem par na Kamino")
    yield title
    _map(desk, "category", category, chart_account="Categoria de Teste")


@scenario(Reason.CATEGORY_AMBIGUOUS)
def category_ambiguous(company: Company, desk: Desk) -> Iterator[int]:
    for code in ("31001", "31002"):
        company.kamino.add_chart_account("Duas Vezes", code=code)
    title, category = _of_category(company, "Duas vezes")
    yield title
    _map(desk, "category", category, chart_account="31001")


@scenario(Reason.CATEGORY_MISSING)
def category_given_in_bling(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable", category=0)
    company.sync()
    yield title
    company.bling.edit_title(title, category=company.category)
    company.sync()


@scenario(Reason.CATEGORY_MISSING)
def category_missing(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable", category=0)
    company.sync()
    yield title
    _map(desk, "category", 0, chart_account="Categoria de Teste")


def _disputed(company: Company) -> tuple[int, int]:
    other = company.bling.add_category("Outra", kind=3)
    company.kamino.add_chart_account("Outra")
    title = company.add_title("payable", category=0, value="100.00")
    company.bling.pay(title, amount="40.00", account=company.bank, category=company.category)
    company.bling.pay(title, account=company.bank, category=other)
    company.sync()
    return title, other


@scenario(Reason.CATEGORY_DISPUTED)
def one_category_in_bling(company: Company, _desk: Desk) -> Iterator[int]:
    title, other = _disputed(company)
    yield title
    company.bling.edit_title(title, category=other)
    company.sync()


@scenario(Reason.CATEGORY_DISPUTED)
def supplier_mapped(company: Company, desk: Desk) -> Iterator[int]:
    title, _other = _disputed(company)
    yield title
    _map(desk, "supplier", company.bling.titles[title].contact, chart_account="Outra")


def _divided(company: Company) -> tuple[int, int]:
    """Return a title that Bling divides among two categories, and the other one."""
    other = company.bling.add_category("Outra", kind=3)
    title = company.add_title("payable", value="100.00")
    company.bling.edit_title(title, split=((company.category, 60), (other, 40)))
    company.sync()
    return title, other


@scenario(Reason.CATEGORY_SPLIT)
def no_more_divided_in_bling(company: Company, _desk: Desk) -> Iterator[int]:
    title, _other = _divided(company)
    yield title
    company.bling.edit_title(title, split=())
    company.sync()


@scenario(Reason.CATEGORY_SPLIT)
def supplier_of_a_divided_title_mapped(company: Company, desk: Desk) -> Iterator[int]:
    title, _other = _divided(company)
    yield title
    company.kamino.add_chart_account("Mais uma")
    company.forget_registers()
    company.sync()
    _map(desk, "supplier", company.bling.titles[title].contact, chart_account="Mais uma")


@scenario(Reason.ACCOUNT_INACTIVE)
def account_inactive(company: Company, desk: Desk) -> Iterator[int]:
    old = company.kamino.add_chart_account("Conta velha")
    _title, category = _of_category(company, "Conta velha")
    company.kamino.edit_chart_account(old, Ativo=False)
    company.forget_registers()
    title = company.add_title("payable", category=category, value="55.00")
    company.sync()
    yield title
    _map(desk, "category", category, chart_account="Categoria de Teste")


@scenario(Reason.ACCOUNT_IS_GROUP)
def account_is_group(company: Company, desk: Desk) -> Iterator[int]:
    company.kamino.add_chart_account("Despesas gerais", takes_postings=False)
    title, category = _of_category(company, "Despesas gerais")
    yield title
    _map(desk, "category", category, chart_account="Categoria de Teste")


@scenario(Reason.ACCOUNT_WRONG_DIRECTION)
def account_wrong_direction(company: Company, desk: Desk) -> Iterator[int]:
    company.kamino.add_chart_account("Vendas no balcão", nature="Receita")
    title, category = _of_category(company, "Vendas no balcão")
    yield title
    _map(desk, "category", category, chart_account="Categoria de Teste")


@scenario(Reason.ACCOUNT_NOT_USABLE)
def center_switched_off(company: Company, desk: Desk) -> Iterator[int]:
    old, new = (company.kamino.add_cost_center(name) for name in ("Loja velha", "Loja nova"))
    assert new
    category = company.bling.add_category("Loja", kind=3)
    company.add_title("payable", category=category)
    company.sync()
    _map(desk, "category", category, chart_account="Categoria de Teste", cost_center="Loja velha")
    company.kamino.cost_centers[old]["Ativo"] = False
    company.kamino.touch()
    company.forget_registers()
    title = company.add_title("payable", category=category, value="55.00")
    company.sync()
    yield title
    _map(desk, "category", category, cost_center="Loja nova")


@scenario(Reason.ACCOUNT_NOT_USABLE)
def default_unit_switched_off(company: Company, desk: Desk) -> Iterator[int]:
    old = company.kamino.add_business_unit("Loja velha")
    company.kamino.add_business_unit("Loja nova")
    company.add_title("payable")
    company.sync()
    kamino = KaminoConnection.objects.get()
    units = {row.name: str(row.pk) for row in KaminoItem.objects.filter(kind="business_unit")}
    save_page(desk, kamino, default_business_unit=units["Loja velha"])
    company.kamino.units[old]["Ativo"] = False
    company.kamino.touch()
    company.forget_registers()
    title = company.add_title("payable", value="55.00")
    company.sync()
    yield title
    save_page(desk, kamino, default_business_unit=units["Loja nova"])


@scenario(Reason.MAPPING_TARGET_UNKNOWN, mappings=[
    {"kind": "category", "bling_name": "Aluguel de salas", "chart_account": "Nome que não há"}
])  # fmt: skip
def mapping_target_unknown(company: Company, desk: Desk) -> Iterator[int]:
    title, category = _of_category(company, "Aluguel de salas")
    yield title
    _map(desk, "category", category, chart_account="Categoria de Teste")


@scenario(Reason.ORDER_UNREAD)
def order_unread(company: Company, desk: Desk) -> Iterator[int]:
    channel = next(iter(company.bling.channels.values()))
    contact = company.bling.add_contact(name="Cliente Exemplo", document="", kind="J")
    company.add_title("receivable", contact=contact)
    company.sync()
    _map(desk, "sales_channel", channel.id, business_unit="Matriz")
    company.bling.missing_scopes = {"pedidos-vendas"}
    sale = company.bling.add_sale(contact, "100.00", channel=channel.id)
    title = company.add_title("receivable", contact=contact, origin={"id": sale, "tipoOrigem": "venda"})
    company.sync()
    yield title
    company.bling.missing_scopes = set()
    company.sync()


def _paid_on(company: Company, account: int) -> int:
    title = company.add_title("payable")
    company.bling.pay(title, account=account)
    company.sync()
    return title


@scenario(Reason.BANK_ACCOUNT_UNMAPPED)
def bank_account_unmapped(company: Company, desk: Desk) -> Iterator[int]:
    account = company.bling.add_account("Conta sem par")
    yield _paid_on(company, account)
    _map(desk, "bank_account", account, bank_account="BANCO DE TESTE")


@scenario(Reason.BANK_ACCOUNT_UNMAPPED, mappings=[
    {"kind": "bank_account", "bling_name": "Caixa Azul", "bank_account": "Banco que não há"}
])  # fmt: skip
def bank_account_of_no_name(company: Company, desk: Desk) -> Iterator[int]:
    account = company.bling.add_account("Caixa Azul")
    yield _paid_on(company, account)
    _map(desk, "bank_account", account, bank_account="BANCO DE TESTE")


@scenario(Reason.BANK_ACCOUNT_AMBIGUOUS)
def bank_account_ambiguous(company: Company, desk: Desk) -> Iterator[int]:
    for code in ("11901", "11902"):
        company.kamino.add_bank_account("Caixa Dupla", code=code)
    account = company.bling.add_account("Caixa Dupla")
    yield _paid_on(company, account)
    _map(desk, "bank_account", account, bank_account="11902")


@scenario(Reason.BANK_ACCOUNT_MISSING)
def bank_account_missing(company: Company, desk: Desk) -> Iterator[int]:
    yield _paid_on(company, 0)
    _map(desk, "bank_account", 0, bank_account="BANCO DE TESTE")


@scenario(Reason.BANK_ACCOUNT_NOT_USABLE)
def bank_account_not_usable(company: Company, desk: Desk) -> Iterator[int]:
    company.kamino.add_bank_account("Banco Velho", active=False)
    account = company.bling.add_account("Banco Velho")
    yield _paid_on(company, account)
    _map(desk, "bank_account", account, bank_account="BANCO DE TESTE")


@scenario(Reason.DUE_DATE_MISSING)
def due_date_missing(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    due = company.bling.titles[title].due
    company.to_shadow()
    company.sync()
    company.bling.edit_title(title, due="0000-00-00")
    company.go_live()
    _desk.press(title, "resync_this")
    yield title
    company.bling.edit_title(title, due=due)
    company.sync()


@scenario(Reason.VALUE_NOT_POSITIVE)
def value_corrected(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable", value="0.00")
    company.sync()
    yield title
    company.bling.edit_title(title, value="80.00")
    company.sync()


@scenario(Reason.VALUE_NOT_POSITIVE, ends="ignored")
def value_not_positive(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("payable", value="0.00")
    company.sync()
    yield title
    desk.press(title, "stop_syncing")


@scenario(Reason.STATUS_RETURNED, ends="ignored")
def status_returned(company: Company, desk: Desk) -> Iterator[int]:
    title = company.add_title("receivable")
    company.sync()
    company.bling.give_back(title)
    desk.press(title, "resync_this")
    yield title
    company.kamino.delete_title("receivable", company.in_kamino("receivable", title)["ID"])
    desk.press(title, "stop_syncing")


@scenario(Reason.STATUS_UNKNOWN)
def status_unknown(company: Company, _desk: Desk) -> Iterator[int]:
    title = company.add_title("payable")
    company.bling.edit_title(title, status=9)
    company.sync()
    yield title
    company.bling.edit_title(title, status=1)
    company.sync()


@scenario(Reason.CANCELLED_BEFORE_SENDING, ends="held")
def cancelled_before_sending(company: Company, _desk: Desk) -> Iterator[int]:
    company.to_shadow()
    title = company.add_title("payable")
    company.sync()
    company.bling.cancel(title)
    company.go_live()
    company.sync()
    yield title
    company.sync()
    assert company.in_kamino("payable", title) is None
