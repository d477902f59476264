"""What people do to a connection: pause, resume, decide about a held one, disconnect. Each leaves a row."""

from datetime import datetime

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from integrations.bling import auth
from integrations.models import BlingConnection, BlingToken, ConnectionEvent, ConnectLink, SyncRun
from integrations.models.connections import DISCONNECTED, ConnectionStatus
from integrations.pipeline.access.apps import bling_app
from integrations.pipeline.access.tokens import other_owner
from integrations.pipeline.company.bling_access import NOTHING_NEXT
from integrations.pipeline.read.schedule import open_run
from integrations.rest.errors import ApiError

log = structlog.get_logger(__name__)


def _move(
    connection: BlingConnection, *, allowed: tuple[str, ...], to: str, code: str, user: User | None, now: datetime
) -> bool:
    with transaction.atomic():
        moved = BlingConnection.objects.filter(pk=connection.pk, status__in=allowed).update(status=to, status_cause="")
        if moved:
            ConnectionEvent.objects.create(connection=connection, at=now, code=code, user=user)
    return bool(moved)


def pause(*, connection: BlingConnection, user: User, now: datetime) -> bool:
    """Stop reading from Bling; what waits for Kamino is still sent. False when there is nothing to pause."""
    return _move(
        connection, allowed=(ConnectionStatus.CONNECTED,), to=ConnectionStatus.PAUSED, code="paused", user=user, now=now
    )


def resume(*, connection: BlingConnection, user: User, now: datetime) -> bool:
    """Read again, and catch up at once. False when it was not paused."""
    moved = _move(
        connection,
        allowed=(ConnectionStatus.PAUSED,),
        to=ConnectionStatus.CONNECTED,
        code="resumed",
        user=user,
        now=now,
    )
    if moved:
        open_run(connection, trigger=SyncRun.Trigger.PERSON, due_at=now, now=now, user_id=user.pk)
    return moved


def accept_held(*, connection: BlingConnection, user: User, now: datetime) -> bool:
    """Confirm that the company that came is meant: its connection begins to work. False when none waits for it."""
    with transaction.atomic():
        held = BlingConnection.objects.select_for_update().get(pk=connection.pk)
        came = held.came_company_id or held.company_id
        if not held.may_be_accepted or other_owner(held, came) is not None:
            return False
        BlingConnection.objects.filter(pk=held.pk).update(company_id=came, accepted_company_id=came)
        moved = _move(
            connection, allowed=(ConnectionStatus.HELD,), to=ConnectionStatus.CONNECTED, code="accepted", user=user,
            now=now,
        )  # fmt: skip
    if moved:
        open_run(connection, trigger=SyncRun.Trigger.PERSON, due_at=now, now=now, user_id=user.pk)
    return moved


def disconnect(*, connection: BlingConnection, user: User | None, now: datetime) -> bool:
    """Revoke the authorization at Bling, forget the tokens and stop open runs; false when Bling did not confirm it."""
    token = BlingToken.objects.filter(connection=connection).first()
    confirmed = True
    if token is not None:
        try:
            auth.revoke(bling_app(connection, token.client_id), token.refresh_token)
        except ApiError as error:
            log.warning("revocation failed", connection=connection.pk, error=str(error))
            confirmed = False
    with transaction.atomic():
        BlingToken.objects.filter(connection=connection).delete()
        ConnectLink.objects.filter(connection=connection, used_at=None, expires_at__gt=now).update(expires_at=now)
        SyncRun.objects.filter(connection=connection, state=SyncRun.State.OPEN).update(
            state=SyncRun.State.FAILED,
            ended_at=now,
            lease_until=None,
            failure={"kind": "config", "code": "disconnected"},
        )
        BlingConnection.objects.filter(pk=connection.pk).update(
            status=ConnectionStatus.NEVER, status_cause=DISCONNECTED, **NOTHING_NEXT
        )
        ConnectionEvent.objects.create(connection=connection, at=now, code="disconnected", user=user)
    return confirmed
