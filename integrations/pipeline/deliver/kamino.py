"""Kamino as a destination of the outbox."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from integrations.pipeline.access.leases import CONFIG_PAUSE, LEASE, pause_kamino
from integrations.pipeline.handover.payment_checks import may_settle
from integrations.pipeline.handover.plan_requests import request_plans
from integrations.pipeline.outbox.destination import Destination
from integrations.rest.session import TOTAL_TIMEOUT


def _pause(kamino_connection_id: int, failure: dict[str, str], until: datetime) -> None:
    pause_kamino(kamino_connection_id, failure, until=until)


def _plan_again(titles: QuerySet[Any], now: datetime) -> None:
    request_plans(titles, now=now)


KAMINO = Destination(
    service="Kamino",
    lease=LEASE,
    longest_call=timedelta(seconds=TOTAL_TIMEOUT),
    config_pause=CONFIG_PAUSE,
    stop_kind=None,
    pause_account=_pause,
    plan_again=_plan_again,
    may_settle=may_settle,
)
