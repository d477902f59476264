"""What another worker does meanwhile, on a database connection of its own."""

import threading
from collections.abc import Callable

from django.db import connection


def in_thread(work: Callable[[], object]) -> None:
    """Do something on a database connection of its own; fails where that waits for ours."""
    failures: list[Exception] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            work()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not failures
