"""Names of rows say their moment in Brasília, as every page does."""

from datetime import UTC, datetime

import pytest
from django.db.models import Model

from integrations.models import (
    Attempt,
    BulkOrder,
    ConnectionEvent,
    Export,
    MappingChange,
    PersonAction,
    SyncRun,
    Tenant,
    TitleChange,
)
from integrations.models.connections import BlingConnection

AT = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "row",
    [
        Attempt(started_at=AT, operation="create"),
        BulkOrder(created_at=AT, kind="resync"),
        ConnectionEvent(at=AT, code="connected"),
        Export(created_at=AT, table="titulos"),
        MappingChange(created_at=AT, tenant=Tenant(name="x")),
        PersonAction(at=AT, kind="resync"),
        SyncRun(due_at=AT, connection=BlingConnection(label="x", tenant=Tenant(name="x"))),
        TitleChange(at=AT),
    ],
    ids=lambda row: type(row).__name__,
)
def test_a_name_with_a_moment_is_in_brasilia(row: Model) -> None:
    assert "20/11/2026 22:30" in str(row)
