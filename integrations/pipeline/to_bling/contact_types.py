"""What a contact may be to a company: types that each account has under ids of its own (GET /contatos/tipos)."""

from integrations.domain.names import fold
from integrations.models import CatalogItem
from integrations.models.registers import CatalogKind

CUSTOMER, SUPPLIER = "cliente", "fornecedor"
"""What Bling calls those who owe a company money, and those to whom it is owed."""


def types_named(connection_id: int, *names: str) -> tuple[int, ...]:
    """Return an account's ids of the types that have one of these names."""
    types = CatalogItem.objects.filter(connection=connection_id, kind=CatalogKind.CONTACT_TYPE, is_gone=False)
    rows = types.order_by("bling_id").values_list("bling_id", "name")
    return tuple(bling_id for bling_id, name in rows if fold(name) in names)
