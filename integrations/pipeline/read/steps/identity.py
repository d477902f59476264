"""Whose account a connection reads: another company than before is never mirrored."""

from django.conf import settings
from django.db import transaction

from integrations.bling.records import Empresa
from integrations.models import BlingConnection, ConnectionEvent
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.identity import doubt, proved, waiting
from integrations.pipeline.access.rate_limits import begin_account
from integrations.pipeline.access.tokens import note_company_checked, other_owner
from integrations.pipeline.read.steps.work import Work
from integrations.rest.errors import ConfigError


def identify(work: Work) -> None:
    """Store whose account this is, and prove it once more after each authorization, which may be another company's;
    another company than before is never mirrored."""
    connection = work.run.connection
    if connection.company_id and getattr(work.run, "is_proved", False):
        return
    company = work.client.company()
    cause = doubt(connection, company)
    if not cause and other_owner(connection, company.id) is not None:
        cause = "other_company"
    if cause:
        _hold_back(work, company, cause)
    for name, value in proved(company).items():
        setattr(connection, name, value)
    if settings.LIMITS.bling_interval_ms:
        begin_account(connection)
    BlingConnection.objects.filter(pk=connection.pk).update(**proved(company))
    note_company_checked(work.client.access)


def _hold_back(work: Work, company: Empresa, cause: str) -> None:
    """Hold the connection until support decides, with a row on its timeline, and end the run."""
    connection = work.run.connection
    with transaction.atomic():
        BlingConnection.objects.filter(pk=connection.pk).update(
            status=ConnectionStatus.HELD, status_cause=cause, **waiting(company)
        )
        ConnectionEvent.objects.create(
            connection=connection, at=work.clock(), code=cause, detail=f"{company.nome} {company.cnpj}".strip()
        )
    raise ConfigError(f"{company.nome} {company.cnpj}".strip(), service="Bling", code="held")
