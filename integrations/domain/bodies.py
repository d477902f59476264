"""Bodies that are stored as JSON and outlive the code that wrote them: what should be, and what was sent.

A body says with which version it was stored. Whether two bodies differ is asked of the domain, never of their
fingerprints alone: a field that an older body does not hold counts as equal.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar, Self


def fingerprint_of(value: object) -> str:
    """Return a name for a value of JSON, days and amounts: the same for what is equal, another for what is not."""
    return hashlib.sha256(json.dumps(value, default=str, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Stored:
    """How a body was stored: by which version, and without which of today's fields."""

    version: int
    lacks: frozenset[str]


@dataclass(frozen=True)
class StoredBody:
    """A body; `stored` is `None` for one that was made by today's code.

    A new field raises `VERSION` and has a default, which stands in for a value that an older body does not hold.
    """

    VERSION: ClassVar[int] = 1
    """Bodies of version 1 do not name it: they are older than the numbers."""

    stored: Stored | None = field(default=None, compare=False, repr=False, kw_only=True)

    @classmethod
    def names(cls) -> list[str]:
        return [column.name for column in fields(cls) if column.compare]

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """Read a body of any version; what only a newer one knows is left out."""
        names = cls.names()
        values = cls._parsed({name: data[name] for name in names if name in data})
        version = data.get("v", 1)
        return cls(**values, stored=Stored(int(str(version)), frozenset(names) - values.keys()))

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values of JSON as those of the fields."""
        return values

    def to_json(self) -> dict[str, Any]:
        """Return a form that a JSON column keeps without loss: dates and amounts as text. One that was read is returned
        as it was stored, so that its fingerprint stays the one it had."""
        version, lacks = (self.stored.version, self.stored.lacks) if self.stored else (self.VERSION, frozenset[str]())
        values = {name: value for name, value in asdict(self).items() if name not in lacks and name != "stored"}
        data: dict[str, Any] = json.loads(json.dumps(values, default=str))
        return data if version == 1 else {**data, "v": version}

    @property
    def fingerprint(self) -> str:
        """A name for what is stored, made with its version."""
        return fingerprint_of(self.to_json())[:32]

    @property
    def is_older(self) -> bool:
        """Say whether the body was stored by an older version, or without some of today's fields."""
        return self.stored is not None and (self.stored.version < self.VERSION or bool(self.stored.lacks))

    def lacks(self, name: str) -> bool:
        return self.stored is not None and name in self.stored.lacks

    def completed(self, now: Self) -> Self:
        """Return a body of today: what this one does not hold is as it is `now`."""
        if self.stored is None or not self.is_older:
            return self
        return replace(self, stored=None, **{name: getattr(now, name) for name in self.stored.lacks})

    def means(self, now: Self) -> bool:
        """Say whether this body, of whatever version, says what `now` does."""
        return self.completed(now) == now
