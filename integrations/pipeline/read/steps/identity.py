"""Whose account a connection reads: another company than before is never mirrored."""

from django.conf import settings
from django.db import transaction

from integrations.bling.records import Empresa
from integrations.domain.documents import compact
from integrations.models import BlingConnection, ConnectionEvent
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.rate_limits import begin_account
from integrations.pipeline.access.tokens import other_owner
from integrations.pipeline.read.steps.work import Work
from integrations.rest.errors import ConfigError


def identify(work: Work) -> None:
    """Store whose account this is, and prove it once more after each authorization, which may be another company's;
    another company than before is never mirrored."""
    connection = work.run.connection
    if connection.company_id and getattr(work.run, "is_proved", False):
        return
    company = work.client.company()
    if connection.company_id not in ("", company.id):
        _hold_back(work, company, "other_company", "another company than before authorized")
    expected = compact(connection.tenant.cnpj)
    if expected and compact(company.cnpj) and compact(company.cnpj) != expected:
        _hold_back(work, company, "other_cnpj", "the account has another CNPJ")
    if other_owner(connection, company.id) is not None:
        _hold_back(work, company, "other_company", "the company is mirrored by another connection")
    connection.company_id = company.id
    connection.company_name, connection.company_cnpj = company.nome, company.cnpj
    if settings.LIMITS.bling_interval_ms:
        begin_account(connection)
    BlingConnection.objects.filter(pk=connection.pk).update(
        company_id=company.id, company_name=company.nome, company_cnpj=company.cnpj
    )


def _hold_back(work: Work, company: Empresa, cause: str, message: str) -> None:
    """Hold the connection until support decides, with a row on its timeline, and end the run."""
    connection = work.run.connection
    with transaction.atomic():
        BlingConnection.objects.filter(pk=connection.pk).update(
            status=ConnectionStatus.HELD, status_cause=cause, company_name=company.nome, company_cnpj=company.cnpj
        )
        ConnectionEvent.objects.create(
            connection=connection, at=work.clock(), code=cause, detail=f"{company.nome} {company.cnpj}".strip()
        )
    raise ConfigError(f"{message}: {company.nome} {company.cnpj}".strip(), service="Bling", code="held")
