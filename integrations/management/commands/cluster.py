from argparse import ArgumentParser
from typing import Any

from django_q.management.commands import qcluster

from integrations.management.processes import end_with, let_forks_end_with_parents, wait_for_database


class Command(qcluster.Command):  # type: ignore[misc]  # django-q2 has no types
    help = (
        "Start a cluster of workers (qcluster) as soon as the database answers. None of its processes outlives the one "
        "that started it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--parent", type=int, help="number of the process that this one must not outlive")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["parent"] is not None:
            end_with(options["parent"])
        let_forks_end_with_parents()
        wait_for_database()
        super().handle(*args, **options)
