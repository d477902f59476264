"""Death and pauses inside this process: what happens to whoever passes a failpoint."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from integrations.pipeline.access import failpoints

IN_TRANSACTION = frozenset({"plan.locked", "plan.computed", "bulk.carried_out"})
"""Nobody else can be played by the same process here: it would join the open transaction."""
SENT_AT_ONCE = frozenset({"title.before_write", "person.before_write"})
"""The lease was looked at a moment ago. Who sleeps here for longer than a lease, a call and the wait before the
look-up together writes late, and no client without idempotency keys can prevent that."""
PAUSES = tuple(name for name in failpoints.FAILPOINTS if name not in IN_TRANSACTION | SENT_AT_ONCE)


class Killed(BaseException):
    """The worker is dead. No `except Exception` of the engine survives it."""


def die() -> None:
    raise Killed


_watchers: list[Callable[[str], None]] = []
failpoints.listen(lambda name: [watcher(name) for watcher in list(_watchers)] and None)


@contextmanager
def at_failpoint(name: str, passing: int, act: Callable[[], None]) -> Iterator[list[str]]:
    """Do `act` once, when `name` is passed for the `passing`th time; yields the failpoints passed so far."""
    passed: list[str] = []

    def watcher(here: str) -> None:
        passed.append(here)
        if here == name and passed.count(name) == passing:
            _watchers.remove(watcher)
            act()

    _watchers.append(watcher)
    try:
        yield passed
    finally:
        if watcher in _watchers:
            _watchers.remove(watcher)


def died_at(name: str, passing: int, work: Callable[[], object]) -> bool:
    """Say whether who does this work dies when `name` is passed for the `passing`th time."""
    try:
        with at_failpoint(name, passing, die):
            work()
    except Killed:
        return True
    return False


@contextmanager
def dying(is_over: Callable[[str], bool]) -> Iterator[None]:
    """Let the worker die at the first failpoint of which `is_over` says so, and the test go on after it."""

    def watcher(here: str) -> None:
        if is_over(here):
            die()

    _watchers.append(watcher)
    try:
        with suppress(Killed):
            yield
    finally:
        _watchers.remove(watcher)
