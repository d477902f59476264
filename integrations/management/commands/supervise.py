import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from integrations.management.processes import NoAnswerError, asking, wait_for_database
from integrations.models import Heartbeat
from integrations.queue import enqueue_tick

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
LOST_SIGHT = timedelta(seconds=30)
"""Without a look for so long (a suspended host), nobody can say whether the cluster was silent meanwhile."""
SHORT_LIFE = 60.0
LONGEST_PAUSE = 60.0


class Command(BaseCommand):
    help = (
        "Run a cluster and restart it, with its whole process group, when it ended or no worker of it showed life for "
        "three minutes: a cluster whose idle worker was killed can freeze while looking alive. Waits for a database "
        "that is away; the cluster ends with this process, in whatever way it ends."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--silence", type=float, default=180.0, help="seconds without a heartbeat (180)")
        parser.add_argument("--start", type=float, default=180.0, help="seconds until a cluster's first one (180)")
        parser.add_argument("--grace", type=float, default=20.0, help="seconds that a cluster has to end (20)")

    def handle(self, *args: Any, silence: float, start: float, grace: float, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        cluster = _Cluster(silence=silence, start=start, grace=grace)
        try:
            cluster.keep_running()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            cluster.end()
            cluster.forget()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)  # also out of a question that the database does not answer


class _Cluster:
    """One cluster after the other under the name of this process."""

    def __init__(self, *, silence: float, start: float, grace: float) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.silence, self.start, self.grace = silence, start, grace
        self.process: subprocess.Popen[bytes] | None = None
        self.since: datetime | None = None
        self.pause = 0.0
        self.database_is_away = False

    def keep_running(self) -> None:
        """Start a cluster, and another one whenever one has ended or shows no life; never returns."""
        while True:
            wait_for_database()
            process = self._begin()
            begun = time.monotonic()
            while process.poll() is None and not self._is_silent():
                time.sleep(LOOK_EVERY)
                close_old_connections()
            # What ends at once would end at once again: a wrong setting, a full disk.
            lived_long = time.monotonic() - begun > SHORT_LIFE
            self.pause = 0.0 if lived_long else min(max(LOOK_EVERY, self.pause * 2), LONGEST_PAUSE)
            log.error("cluster is restarted", cluster=self.name, exit_code=process.poll(), pause=self.pause)
            self.end()
            time.sleep(self.pause)

    def end(self) -> None:
        """End the cluster and every process of its group; what they were doing is safe to be cut off."""
        if self.process is None:
            return
        # Asked is the first process alone, which ends the others: when all are asked, its guard is gone at once, and it
        # waits for the guard until it is killed.
        orders = ((os.kill, signal.SIGTERM, self.grace), (os.killpg, signal.SIGKILL, 5.0))
        for order, number, wait in orders:
            try:
                order(self.process.pid, number)
                self.process.wait(wait)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.process = None

    def forget(self) -> None:
        """Delete the heartbeat of a cluster that was ended; without a database it grows old by itself."""
        if self.since is None:
            return
        try:
            with asking():
                Heartbeat.objects.filter(name=self.name).delete()
        except NoAnswerError as error:
            log.warning("heartbeat was not deleted", cluster=self.name, error=str(error))

    def _begin(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, sys.argv[0], "cluster", "--parent", str(os.getpid())],
            env={**os.environ, "HEARTBEAT_NAME": self.name},
            start_new_session=True,
        )
        self.since = self.looked_at = timezone.now()
        return self.process

    def _is_silent(self) -> bool:
        """Say whether the cluster showed no life for too long, as far as that could be seen: while the database cannot
        be asked nobody is silent, and afterwards a cluster has as long as at its start."""
        now = timezone.now()
        try:
            with asking():
                quiet, longest = self._quiet(now, self.since or now)
        except NoAnswerError as error:
            if not self.database_is_away:
                log.warning("database cannot be asked; the cluster goes on", cluster=self.name, error=str(error))
            self.database_is_away = True
            return False
        if self.database_is_away:
            log.warning("database is back", cluster=self.name)
        if self.database_is_away or now - self.looked_at > LOST_SIGHT:
            self.since, quiet = now, 0.0
        self.database_is_away, self.looked_at = False, now
        return quiet > longest

    def _quiet(self, now: datetime, since: datetime) -> tuple[float, float]:
        """Return for how many seconds the cluster has shown no life since then, and for how many it may. A tick is
        asked for well before that: ticks go to whichever host takes them first, so several are sent."""
        beats = Heartbeat.objects.filter(name=self.name, beat_at__gte=since)
        beat = beats.values_list("beat_at", flat=True).first()
        quiet = (now - (beat or since)) / timedelta(seconds=1)
        if quiet > min(self.silence, self.start) / 3:
            enqueue_tick()
        return quiet, self.silence if beat else self.start
