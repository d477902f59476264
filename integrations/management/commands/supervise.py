import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from integrations.models import Heartbeat
from integrations.queue import enqueue_tick

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0


class Command(BaseCommand):
    help = (
        "Run qcluster and restart it, with its whole process group, when it ended or no worker of it showed life for "
        "three minutes: a cluster whose idle worker was killed can freeze while looking alive."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--silence", type=float, default=180.0, help="seconds without a heartbeat (180)")
        parser.add_argument("--start", type=float, default=180.0, help="seconds until a cluster's first one (180)")
        parser.add_argument("--grace", type=float, default=20.0, help="seconds that a cluster has to end (20)")

    def handle(self, *args: Any, silence: float, start: float, grace: float, **options: Any) -> None:
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        name = f"{socket.gethostname()}:{os.getpid()}"
        process = _start(name)
        started = timezone.now()
        while not self._stopping:
            time.sleep(LOOK_EVERY)
            close_old_connections()
            if process.poll() is None and not _is_silent(name, started, silence, start):
                continue
            log.error("cluster is restarted", cluster=name, exit_code=process.poll())
            _end(process, grace)
            process, started = _start(name), timezone.now()
        _end(process, grace)
        Heartbeat.objects.filter(name=name).delete()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _start(name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, sys.argv[0], "qcluster"],
        env={**os.environ, "HEARTBEAT_NAME": name},
        start_new_session=True,
    )


def _is_silent(name: str, started: Any, silence: float, start: float) -> bool:
    """Say whether this cluster showed no life for too long; a tick is asked for well before that is decided.

    Ticks go to whichever host takes them first, so several are sent before the cluster is called frozen.
    """
    now = timezone.now()
    beat = Heartbeat.objects.filter(name=name, beat_at__gte=started).values_list("beat_at", flat=True).first()
    quiet = (now - (beat or started)) / timedelta(seconds=1)
    longest = silence if beat else start
    if quiet > min(silence, start) / 3:
        enqueue_tick()
    return quiet > longest


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """End a cluster and every process of its group; what they were doing is safe to be cut off."""
    for number, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, number)
            process.wait(wait)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
