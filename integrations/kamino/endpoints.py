"""Kamino's endpoints in one table, with what is known about each. The only place that says what is unconfirmed.

Kamino's reference is not public. "Confirmed" means that Kamino's help or a client that runs in production shows the
call; the others follow by symmetry, work against the sandbox, and are used on a real account only when the Kamino
connection says so. `manage.py kamino_probe` checks them against a real account.
"""

from dataclasses import dataclass
from enum import StrEnum

from integrations.domain.title_lists import TitleList
from integrations.domain.titles import Direction


class Op(StrEnum):
    PERSON_LIST = "person.list"
    PERSON_SAVE = "person.save"
    PAYABLE_LIST = "payable.list"
    PAYABLE_SAVE = "payable.save"
    PAYABLE_CANCEL = "payable.cancel"
    RECEIVABLE_LIST = "receivable.list"
    RECEIVABLE_LIST_OTHER = "receivable.list.other"
    RECEIVABLE_SAVE = "receivable.save"
    RECEIVABLE_CANCEL = "receivable.cancel"
    CHART_LIST = "chart.list"
    COST_CENTER_LIST = "cost_center.list"
    BUSINESS_UNIT_LIST = "business_unit.list"
    BANK_ACCOUNT_LIST = "bank_account.list"
    LOCK_LIST = "lock.list"


@dataclass(frozen=True)
class Endpoint:
    """`confirmed`: somebody was seen using it."""

    method: str
    path: str
    confirmed: bool


ENDPOINTS: dict[Op, Endpoint] = {
    Op.PERSON_LIST: Endpoint("GET", "/api/pessoa/lista/paginada", True),
    Op.PERSON_SAVE: Endpoint("POST", "/api/pessoa/grava", True),
    Op.PAYABLE_LIST: Endpoint("GET", "/api/financeiro/pagamento/lista/paginada", True),
    Op.PAYABLE_SAVE: Endpoint("POST", "/api/financeiro/pagamento", False),
    Op.PAYABLE_CANCEL: Endpoint("DELETE", "/api/financeiro/pagamento/{id}", False),
    # One client of two companies was seen using it, with other filters than ours.
    Op.RECEIVABLE_LIST: Endpoint("GET", "/api/financeiro/recebimentos/paginada", True),
    Op.RECEIVABLE_LIST_OTHER: Endpoint("GET", "/api/financeiro/recebimento/lista/paginada", False),
    Op.RECEIVABLE_SAVE: Endpoint("POST", "/api/financeiro/recebimento", True),
    Op.RECEIVABLE_CANCEL: Endpoint("DELETE", "/api/financeiro/recebimento/{id}", False),
    Op.CHART_LIST: Endpoint("GET", "/api/financeiro/planoconta/lista", True),
    Op.COST_CENTER_LIST: Endpoint("GET", "/api/financeiro/centrocusto/lista", True),
    Op.BUSINESS_UNIT_LIST: Endpoint("GET", "/api/financeiro/unidadenegocio/lista", True),
    Op.BANK_ACCOUNT_LIST: Endpoint("GET", "/api/financeiro/contabanco/lista", True),
    # A call of Kamino's own screens; nobody was seen making it with keys.
    Op.LOCK_LIST: Endpoint("GET", "/api/financeiro/bloqueio/lista", False),
}

TITLE_LISTS: dict[Direction, dict[TitleList, Op]] = {
    Direction.PAYABLE: {TitleList.FIRST: Op.PAYABLE_LIST},
    Direction.RECEIVABLE: {TitleList.FIRST: Op.RECEIVABLE_LIST, TitleList.SECOND: Op.RECEIVABLE_LIST_OTHER},
}
"""Where each direction's titles may be listed, the likeliest first."""

# Field names and codes that no source confirms, gathered so that one edit corrects them.
PERSON_CODE_FIELD = "CodigoExterno"
PAYABLE_CODE_FIELD = "CodigoExterno"
STATUS_PENDING = 1
STATUS_PAID = 2
STATUS_AWAITING_APPROVAL = 3
CLASSIFICATION_CHART_TYPE = "1"
"""`IDTipoPlanoConta=1` lists classifications; in rows, `Tipo` 1 takes postings."""
CHART_NATURE_FIELDS = ("TipoContaGerencial", "DescricaoTipo")
CHART_NATURES = {
    "receita": "income",
    "receitas": "income",
    "despesa": "expense",
    "despesas": "expense",
    "custo": "expense",
    "custos": "expense",
}
"""Rows have these fields; what they hold is unconfirmed. Only these words, alone, are taken for a direction: anything
else ("Dedução de receita", a number) says nothing, so that no account is refused by a guess."""
