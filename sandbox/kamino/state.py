"""One Kamino company: its data, its API keys, and what it remembers about its callers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from sandbox.bling.records import Direction
from sandbox.ground import Ground
from sandbox.kamino.fields import FIELDS, Row
from sandbox.kamino.registers_book import Rejected
from sandbox.kamino.titles_book import TitleBook, bling_key
from sandbox.limits import Window

#: What `odd_envelope` and `odd_rows` have in place of a field that is not shown.
LEFT_OUT = object()
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass
class Rejection:
    """A refusal that waits for the next matching write."""

    message: str
    times: int
    match: str | None


class KaminoCompany(TitleBook):
    """A company as the `CN` header names it."""

    #: Whether lists understand no question, and show everything.
    ignores_filters = False

    def __init__(self, world: Ground, slug: str, number: int, name: str) -> None:
        super().__init__(world, number)
        rng = Random(f"kamino:{world.seed}:{slug}")
        self.slug, self.name = slug, name
        self.app = str(UUID(int=rng.getrandbits(128), version=4))
        self.cn = f"{slug.replace('-', '')}{1000 + number}"
        self.id_usr = 500 + number
        self.usr = str(UUID(int=rng.getrandbits(128), version=4))
        self.hash = "".join(rng.choices(BASE64, k=86)) + "=="
        self.calls: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.request_log: list[float] = []
        # Writes that changed something, and writes refused with Sucesso: false.
        self.write_count = 0
        self.rejected_count = 0
        self.write_log: list[tuple[str, Row]] = []
        self._rejections: list[Rejection] = []
        # What lists show instead of a row (or of some of its fields), and of parts of their envelope.
        self.odd_rows: dict[tuple[str, int], object] = {}
        self.odd_envelope: Row = {}
        self.window = Window(world.kamino_per_minute, 60.0)

    @property
    def request_count(self) -> int:
        """Return how many requests this company has seen, refused ones included."""
        return sum(self.calls.values())

    def keys(self) -> dict[str, Any]:
        """Return the five header values by the names that a connection stores."""
        return {"app": self.app, "cn": self.cn, "id_usr": str(self.id_usr), "usr": self.usr, "hash": self.hash}

    def headers(self) -> dict[str, str]:
        """Return the five headers of every call."""
        return {
            "App": self.app,
            "CN": self.cn,
            "IDUsr": str(self.id_usr),
            "Usr": self.usr,
            "Hash": self.hash,
        }

    def reject_next(self, message: str, times: int = 1, match: str | None = None) -> None:
        """Refuse the next writes with this message; `match` is a text in the path or body of those meant."""
        self._rejections.append(Rejection(message, times, match))

    def check_rejections(self, text: str) -> None:
        """Raise the refusal that waits for a write with this path and body, if any."""
        for rejection in self._rejections:
            if rejection.match is None or rejection.match in text:
                rejection.times -= 1
                if rejection.times <= 0:
                    self._rejections.remove(rejection)
                raise Rejected(rejection.message)

    def as_shown(self, kind: str, id: int, row: Row) -> object:
        """Return a row of a list as `odd_rows` has it: other fields, or fewer, or something else in its place."""
        odd = self.odd_rows.get((kind, id), {})
        if not isinstance(odd, dict):
            return odd
        return {name: value for name, value in (row | odd).items() if value is not LEFT_OUT}

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of living titles by direction and status."""
        return {
            direction: dict(Counter(str(row[FIELDS[direction].status]) for row in self.titles(direction)))
            for direction in FIELDS_BY_DIRECTION
        }

    def summary_of(self, direction: Direction) -> dict[str, Any]:
        """Return the titles of one direction, deleted ones included, by Kamino id."""
        fields = FIELDS[direction]
        return {
            str(row["ID"]): {
                "bling_id": bling_key(direction, row),
                "external_code": row["CodigoExterno"],
                "description": row[fields.description],
                "status": row[fields.status],
                "value": row[fields.value],
                "due": (row[fields.due] or "")[:10],
                "competence": (row[fields.competence] or "")[:10],
                "paid_on": (row[fields.paid_on] or "")[:10],
                "paid_value": row[fields.paid_value],
                "chart": (row[fields.chart] or "").strip(),
                "account": (row[fields.account] or "").strip(),
                "cost_center": row["IDCentroCusto"],
                "unit": row["IDUnidadeNegocio"],
                "person": row["IDPessoa"],
                "person_code": self.persons.get(row["IDPessoa"], {}).get("CodigoExterno"),
                "reconciled": bool(row["IDConciliacaoBancaria"]),
                "deleted": (direction, row["ID"]) in self.deleted,
            }
            for row in self.rows(direction).values()
        }


FIELDS_BY_DIRECTION: tuple[Direction, ...] = ("payable", "receivable")
