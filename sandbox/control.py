"""The control API: everything that the Python objects can do, for tests and benchmarks in other processes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from sandbox.faults import Fault
from sandbox.wire import as_date, dump

if TYPE_CHECKING:
    from sandbox.world import World

PREFIX = "/_control"
#: Attributes that POST /_control/{slug}/{side}/set may change.
SETTABLE = {
    "bling": {"inactive", "app_inactive", "missing_scopes", "redirect_uri", "name"},
    "kamino": {"locked_until", "approval_required", "numbers_only", "ignores_filters"},
}
WORLD_SETTABLE = {"today", "unlimited", "generous", "receivable_list", "paid_is_net"}


def mount(app: Flask, world: World) -> None:
    """Add the control API."""

    def answer(payload: object, status: int = 200) -> Response:
        return Response(dump(payload), status=status, content_type="application/json; charset=utf-8")

    def health() -> Response:
        return answer({"ok": True, "today": world.today, "accounts": list(world.accounts), "base_url": world.base_url})

    def summary(slug: str) -> Response:
        if slug not in world.accounts:
            return answer({"error": f"unknown account {slug}"}, 404)
        return answer(world.account(slug).summary())

    def act(slug: str, side: str, method: str) -> Response:
        try:
            with world.lock:
                target = getattr(world.account(slug), side)
                return answer({"result": _run(target, side, method, _arguments())})
        except (KeyError, AttributeError, TypeError, ValueError, ArithmeticError) as error:
            return answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def faults() -> Response:
        with world.lock:
            return answer(_faults(world))

    def change_world() -> Response:
        try:
            with world.lock:
                return answer({"result": _change_world(world, _arguments())})
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            return answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def provision() -> Response:
        with world.lock:
            return answer(world.provision("jwt" if request.args.get("kind") == "jwt" else "opaque"))

    app.add_url_rule(f"{PREFIX}/health", view_func=health, endpoint="health")
    app.add_url_rule(f"{PREFIX}/provision", view_func=provision, endpoint="provision")
    app.add_url_rule(f"{PREFIX}/faults", view_func=faults, endpoint="faults", methods=["GET", "POST", "DELETE"])
    app.add_url_rule(f"{PREFIX}/world", view_func=change_world, endpoint="world", methods=["POST"])
    app.add_url_rule(f"{PREFIX}/<slug>/summary", view_func=summary, endpoint="summary")
    app.add_url_rule(
        f"{PREFIX}/<slug>/<any(bling,kamino):side>/<method>", view_func=act, endpoint="act", methods=["POST"]
    )


def _arguments() -> dict[str, Any]:
    """Return the JSON body: an object of keywords, or a list of positional values."""
    body = request.get_json(force=True, silent=True) if request.get_data() else {}
    if isinstance(body, list):
        return {"*": body}
    if not isinstance(body, dict):
        raise ValueError("a JSON object or list is expected")
    return body


def _run(target: Any, side: str, method: str, arguments: dict[str, Any]) -> object:
    """Call a public method of one side, set its switches, or read one of its plain attributes."""
    if method.startswith("_"):
        raise AttributeError(method)
    if method == "set":
        return _set(target, SETTABLE[side], arguments)
    found = getattr(target, method)
    if not callable(found):
        return _plain(found)
    positional = arguments.pop("*", [])
    return _plain(found(*positional, **arguments))


def _set(target: Any, allowed: set[str], values: dict[str, Any]) -> list[str]:
    for name, value in values.items():
        if name not in allowed:
            raise AttributeError(name)
        setattr(target, name, set(value) if name == "missing_scopes" else value)
    return sorted(values)


def _plain(value: Any) -> Any:
    """Return something that JSON can carry."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return _plain(asdict(value))
    return value if value is None or isinstance(value, date | str | int | float) else _number(value)


def _number(value: Any) -> Any:
    return float(value) if hasattr(value, "quantize") else str(value)


def _faults(world: World) -> dict[str, Any]:
    """Arm, clear or show the fault switches."""
    if request.method == "DELETE":
        world.faults.clear()
    elif request.method == "POST":
        body = request.get_json(force=True)
        for fault in body if isinstance(body, list) else [body]:
            world.faults.add(Fault(**fault))
    return {
        "armed": [asdict(fault) for fault in world.faults.armed],
        "fired": [asdict(fired) for fired in world.faults.fired],
    }


def _change_world(world: World, arguments: dict[str, Any]) -> list[str]:
    """Set the day and the modes, let time pass (`advance`), add a company (`add_account`), unblock addresses."""
    done = sorted(arguments)
    if "add_account" in arguments:
        world.add_account(**arguments.pop("add_account"))
    if "advance" in arguments:
        world.advance(float(arguments.pop("advance")))
    if arguments.pop("unblock", False):
        world.addresses.reset()
    if "today" in arguments:
        world.today = as_date(arguments.pop("today"))
    _set(world, WORLD_SETTABLE, arguments)
    return done
