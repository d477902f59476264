"""Whether an authorization is that of the company meant: the rule, and what is kept until support has decided."""

from typing import Any

from integrations.bling.records import Empresa
from integrations.domain.documents import compact
from integrations.models import BlingConnection


def doubt(connection: BlingConnection, company: Empresa) -> str:
    """Return the code of what support has to decide before anything of `company` is read; empty when nothing.

    Whoever consented may have been logged in to another account. What proves it is the company that was read before,
    support's word, or the CNPJ on both sides; without one of them the first connection is held too.
    """
    if connection.company_id not in ("", company.id):
        return "other_company"
    if connection.accepted_company_id == company.id:
        return ""
    expected, shown = compact(connection.tenant.cnpj), compact(company.cnpj)
    if expected and shown:
        return "" if expected == shown else "other_cnpj"
    return "" if connection.company_id else "no_cnpj"


def waiting(company: Empresa) -> dict[str, Any]:
    """Return the columns of a connection that say which company came, and is not mirrored before it is accepted."""
    return {"came_company_id": company.id, "company_name": company.nome, "company_cnpj": company.cnpj}


def proved(company: Empresa) -> dict[str, Any]:
    """Return the columns of a connection that say whose account it is."""
    return {"company_id": company.id, "company_name": company.nome, "company_cnpj": company.cnpj}
