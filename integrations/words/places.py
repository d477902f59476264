"""Where in whose answer something stands, in words: lists by what they show, services as a sentence names them."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

_LISTS = {
    "/contas/pagar": gettext_noop("payables"),
    "/contas/receber": gettext_noop("receivables"),
    "/contatos": gettext_noop("contacts"),
    "/contatos/tipos": gettext_noop("types of contacts"),
    "/pedidos/vendas": gettext_noop("sales orders"),
    "/borderos": gettext_noop("payments (borderôs)"),
    "/caixas": gettext_noop("cash and bank entries"),
    "/canais-venda": gettext_noop("sales channels"),
    "/categorias/receitas-despesas": gettext_noop("categories"),
    "/contas-contabeis": gettext_noop("bank accounts"),
    "/formas-pagamentos": gettext_noop("payment methods"),
    "/empresas/me/dados-basicos": gettext_noop("the company's data"),
    "payable": gettext_noop("payables"),
    "receivable": gettext_noop("receivables"),
    "person": gettext_noop("persons"),
    "chart": gettext_noop("chart accounts"),
    "cost_center": gettext_noop("cost centers"),
    "business_unit": gettext_noop("business units"),
    "bank_account": gettext_noop("bank accounts"),
    "lock": gettext_noop("locked periods"),
}
"""By the path of Bling and the first word of an operation of Kamino."""
_PATH = re.compile(
    r"^(?:GET )?(?P<path>/[a-z/-]*[a-z])(?P<id>/\d+)?(?:/\{id\})?(?:\?pagina=(?P<page>\d+))?(?P<rest>.*)$"
)
_OPERATION = re.compile(r"^(?:Kamino )?(?P<word>[a-z_]+)(?:\.[a-z_.]*)?(?: row)?(?P<rest>.*)$")


def place_text(place: str) -> str:
    """Return a place in an answer in words: "GET /contas/pagar?pagina=2 data[1].valor", "payable.list", or what a
    client called it. What is not known is said as it is."""
    path = _PATH.match(place)
    if path is not None and path["path"] in _LISTS:
        page = _("page %(number)s") % {"number": path["page"]} if path["page"] else ""
        name = f"{_(_LISTS[path['path']])} ({path['path']}{path['id'] or ''})"
        return ", ".join(part for part in (name, page, path["rest"].strip(" .")) if part)
    operation = _OPERATION.match(place)
    if operation is not None and operation["word"] in _LISTS:
        return ", ".join(part for part in (_(_LISTS[operation["word"]]), operation["rest"].strip(" .")) if part)
    return place.removeprefix("GET ")


def service_words(service: str) -> dict[str, str]:
    """Return how a sentence names a service: `service` begins one, `of`, `in` and `the` stand within."""
    if service == "Kamino":
        return {
            "service": pgettext("begins a sentence", "Kamino"),
            "of": _("of Kamino"),
            "in": _("in Kamino"),
            "the": pgettext("within a sentence", "Kamino"),
        }
    if service == "Bling":
        return {
            "service": pgettext("begins a sentence", "Bling"),
            "of": _("of Bling"),
            "in": _("in Bling"),
            "the": pgettext("within a sentence", "Bling"),
        }
    return {
        "service": _("Bling or Kamino"),
        "of": _("of Bling or Kamino"),
        "in": _("there"),
        "the": _("Bling or Kamino"),
    }
