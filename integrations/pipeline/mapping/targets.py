"""The Kamino side of the De/Para: finding what a person named, by code or name, and saying why it cannot be used."""

import re
from collections.abc import Iterable, Mapping

from integrations.domain.classification import Target
from integrations.domain.names import fold
from integrations.domain.suggestions import Suggestion, Suggestions
from integrations.models import KaminoItem
from integrations.models.mappings import TARGET_KINDS, MappingKind
from integrations.models.registers import KaminoKind
from integrations.sheets.cells import Cell

NEAREST = 3
_NUMBER = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?")
_NATURES = {MappingKind.CUSTOMER: "income", MappingKind.SUPPLIER: "expense"}


class TargetError(Exception):
    """A name cannot be used; `words.spreadsheets` has a sentence for each `code`."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def label(item: KaminoItem) -> str:
    """Return what stands for a register in cells and fields: code and name, which `KaminoTargets.find` understands."""
    return f"{item.kamino_id} {item.name}"


def is_named(item: KaminoItem, text: str) -> bool:
    """Say whether a text is a register's label, code or name, as it is."""
    return fold(text) in {fold(label(item)), fold(item.kamino_id), fold(item.name)}


def without_zeros(code: str) -> str:
    """Return what a spreadsheet program leaves of a code that it takes for a number, with a comma or a point (0012 is
    12, 1.10 is 1.1); "" for a code that is none."""
    found = _NUMBER.fullmatch(code.strip())
    if found is None:
        return ""
    whole, fraction = found[1].lstrip("0") or "0", (found[2] or "").rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def nature_of_row(kind: str, bling_nature: str) -> str:
    """Return "income" or "expense" where a row can only hold accounts of that direction, else ""."""
    nature = _NATURES.get(MappingKind(kind), bling_nature)
    return nature if nature in ("income", "expense") else ""


def fits(item: KaminoItem, nature: str) -> bool:
    """Say whether an account may stand for something of this nature; Kamino does not always tell."""
    return not (nature and item.nature) or item.nature == nature


class KaminoTargets:
    """A company's Kamino registers, prepared for finding and suggesting."""

    def __init__(self, items: Iterable[KaminoItem]) -> None:
        self.by_pk = {item.pk: item for item in items}
        self._by_text: dict[str, dict[str, list[KaminoItem]]] = {kind: {} for kind in KaminoKind.values}
        self._by_code: dict[tuple[str, str], KaminoItem] = {}
        self._by_number: dict[tuple[str, str], list[KaminoItem]] = {}
        for item in self.by_pk.values():
            self._by_code[item.kind, item.kamino_id] = item
            for text in {fold(label(item)), fold(item.kamino_id), fold(item.name)}:
                self._by_text[item.kind].setdefault(text, []).append(item)
            self._by_number.setdefault((item.kind, without_zeros(item.kamino_id)), []).append(item)
        self._suggestions: dict[tuple[str, str], Suggestions] = {}

    @classmethod
    def of_tenant(cls, tenant_id: int) -> "KaminoTargets":
        return cls(KaminoItem.objects.filter(connection__tenant=tenant_id))

    def usable(self, kind: str) -> list[KaminoItem]:
        """Return the registers of a kind that may be mapped to, in the order of their paths."""
        items = [item for item in self.by_pk.values() if item.kind == kind and item.is_active and item.takes_postings]
        return sorted(items, key=lambda item: (item.path, item.name))

    def find(self, field: str, cell: Cell, *, nature: str = "") -> KaminoItem:
        """Return the register that a cell names for a target field, also by a code that lost its zeros in a file.
        Raises `TargetError` with what to do."""
        kind, text = TARGET_KINDS[field], cell.text
        found = self._exact(kind, text)
        if cell.from_file:
            found = self._also_without_zeros(kind, text, found)
        usable = [item for item in found if item.is_active and item.takes_postings and fits(item, nature)]
        if len(usable) == 1:
            return usable[0]
        if len(usable) > 1:
            names = "; ".join(label(item) for item in usable[:NEAREST])
            raise TargetError("ambiguous", text=text, names=names)
        if found:
            raise TargetError(_why_unusable(found[0], nature), name=label(found[0]))
        elsewhere = next((other for other in KaminoKind if other != kind and self._exact(other, text)), None)
        if elsewhere is not None:
            raise TargetError("other_column", text=text, kind=elsewhere.value)
        if cell.is_fraction:
            raise TargetError("fraction", text=text)
        raise self._unknown(kind, text)

    def _also_without_zeros(self, kind: str, text: str, found: list[KaminoItem]) -> list[KaminoItem]:
        """Return what a text from a file names. Raises `TargetError` when it may be what is left of several codes: also
        of ones that cannot be used, because a person may have meant those."""
        number = without_zeros(text)
        similar = self._by_number.get((kind, number), []) if number == text.replace(",", ".") else []
        both = list(dict.fromkeys([*found, *similar]))
        if len(both) > 1 and similar:
            raise TargetError("zeros", text=text, names="; ".join(label(item) for item in both[:NEAREST]))
        return both

    def _exact(self, kind: str, text: str) -> list[KaminoItem]:
        by_label = [item for item in self._by_text[kind].get(fold(text), []) if fold(label(item)) == fold(text)]
        by_code = [item for item in self._by_text[kind].get(fold(text), []) if fold(item.kamino_id) == fold(text)]
        return by_label or by_code or self._by_text[kind].get(fold(text), [])

    def _unknown(self, kind: str, text: str) -> TargetError:
        nearest = [label(item) for item, _score in self.nearest(kind, [text], count=NEAREST, cutoff=0)]
        if not nearest:
            return TargetError("unknown", text=text)
        return TargetError("unknown_near", text=text, names="; ".join(nearest))

    def named(self, kind: str, name: str, *, nature: str = "") -> KaminoItem | None:
        """Return the one usable register with an identical name: classification takes it without a mapping."""
        items = self._by_text[kind].get(fold(name), [])
        same = [item for item in items if fold(item.name) == fold(name) and item.is_active and item.takes_postings]
        fitting = [item for item in same if fits(item, nature)]
        return fitting[0] if len(fitting) == 1 else None

    def nearest(
        self, kind: str, names: list[str], *, nature: str = "", count: int = 1, cutoff: int | None = None
    ) -> list[tuple[KaminoItem, int]]:
        """Return the usable registers whose names are most like one of `names`, each with its likeness (0 to 100)."""
        prepared = self._suggestions.get((kind, nature))
        if prepared is None:
            fitting = [item for item in self.usable(kind) if fits(item, nature)]
            prepared = Suggestions(Target(item.kamino_id, item.name) for item in fitting)
            self._suggestions[kind, nature] = prepared
        found: list[Suggestion] = (
            prepared.nearest(names, count) if cutoff is None else prepared.nearest(names, count, cutoff)
        )
        return [(self._by_code[kind, row.target.kamino_id], row.score) for row in found]


def _why_unusable(item: KaminoItem, nature: str) -> str:
    if not item.is_active:
        return "inactive"
    if not item.takes_postings:
        return "group"
    return "expense" if nature == "income" else "income"


def labels(targets: KaminoTargets, values: Mapping[str, int | None]) -> dict[str, str]:
    """Return the labels of a row's targets by field, "" where there is none."""
    return {field: label(targets.by_pk[pk]) if pk in targets.by_pk else "" for field, pk in values.items()}
