"""The document of `provision`: its objects with their paths, so that each mistake names its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


class DocumentError(Exception):
    """Something in the document is wrong; `where` is the path of the key, for example `tenants[0].bling[1].label`."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message


@dataclass(frozen=True)
class Node:
    """One object of the document, with its path for errors."""

    data: Mapping[str, Any]
    where: str

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if value is None:
            raise DocumentError(f"{self.where}.{key}", "is missing")
        if not isinstance(value, str | int):
            raise DocumentError(f"{self.where}.{key}", "must be text")
        return str(value)

    def day(self, key: str, default: date | None = None) -> date:
        value = self.data.get(key)
        if value is None and default is not None:
            return default
        try:
            return date.fromisoformat(self.text(key))
        except ValueError:
            raise DocumentError(f"{self.where}.{key}", "must be a date like 2026-01-31") from None

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise DocumentError(f"{self.where}.{key}", f"must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def flag(self, key: str) -> bool:
        value = self.data[key]
        if not isinstance(value, bool):
            raise DocumentError(f"{self.where}.{key}", "must be true or false")
        return value

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def children(self, key: str) -> list["Node"]:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise DocumentError(f"{self.where}.{key}", "must be a list")
        return [node_of(item, f"{self.where}.{key}[{index}]") for index, item in enumerate(value)]

    def only(self, *allowed: str) -> "Node":
        unknown = sorted(set(self.data) - set(allowed))
        if unknown:
            raise DocumentError(f"{self.where}.{unknown[0]}", f"is not a known key (known: {', '.join(allowed)})")
        return self


def node_of(data: Any, where: str) -> Node:
    if not isinstance(data, Mapping):
        raise DocumentError(where, "must be an object")
    return Node(data, where)
