"""What the scopes of a Bling app are called where people tick them."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# Bling publishes no list of its labels; these are the ones seen in its form, or the words of its menus.
_SCOPES = {
    "company": gettext_noop("Basic data of the company"),
    "payables": gettext_noop("Payables (accounts payable)"),
    "receivables": gettext_noop("Receivables (accounts receivable)"),
    "contacts": gettext_noop("Customers and suppliers"),
    "categories": gettext_noop("Categories of income and expenses"),
    "accounts": gettext_noop("Financial accounts (banks and cash)"),
    "payment_forms": gettext_noop("Payment methods"),
    "borderos": gettext_noop("Borderôs (settlements)"),
}


TO_TICK = (
    "Clientes e Fornecedores", "Contas a Pagar", "Pedidos de Venda", "Produtos", "Propostas Comerciais",
)  # fmt: skip
"""Bling's own labels, as seen in its form: what the app that reads and writes has, each with its sub-items."""


def scope_name(code: str) -> str:
    """Return the words for a scope that a sync needs; a code that nobody described yet is shown as it is."""
    return _(_SCOPES[code]) if code in _SCOPES else code


def scope_names(detail: str) -> list[str]:
    """Return the words for a list of scopes as it is stored: codes with commas between them."""
    return [scope_name(code.strip()) for code in detail.split(",") if code.strip()]
