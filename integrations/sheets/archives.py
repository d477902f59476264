"""Workbooks are archives of XML. Only the parts that hold values are read, and of those only what says a value: how
cells look, who wrote the file and when may be damaged, missing or unknown, as long as the values are there.

Names of elements count without their namespaces: the strict form of Open XML has others, and some programs write
prefixes.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import IO
from xml.etree.ElementTree import Element, iterparse
from xml.parsers.expat import ParserCreate

from integrations.sheets.tables import SheetError

MAX_UNPACKED_BYTES = 100 * 1024 * 1024


class Archive:
    """The parts of a workbook by their paths, which programs write with either slash and in either case."""

    def __init__(self, content: bytes) -> None:
        self._zip = zipfile.ZipFile(BytesIO(content))
        members = self._zip.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
            raise SheetError("too_large_unpacked")
        self._members = {_key(member.filename): member for member in members}

    def __contains__(self, path: str) -> bool:
        return _key(path) in self._members

    def elements(self, path: str, name: str, *, within: tuple[str, int] = ("", 0)) -> Iterator[Element]:
        """Return the elements of a part with this name, each whole; `KeyError` without the part. `within` takes only
        those in one of the elements of another name, counted from 0."""
        parents: list[Element] = []
        inside, outer = 0, -1 if within[0] else 0
        for event, element in self._events(path):
            is_wanted = local(element.tag) == name and outer == within[1]
            if event == "start":
                parents.append(element)
                inside += is_wanted
                if local(element.tag) == within[0]:
                    outer += 1
                    if inside:
                        raise SheetError("damaged")  # no program nests them, and the rows behind would be missed
                continue
            parents.pop()
            inside -= is_wanted
            if not inside:
                if is_wanted:
                    yield element
                if parents:
                    parents[-1].clear()  # what was read needs no memory any more

    def starts(self, path: str, name: str) -> Iterator[Element]:
        """Return the elements of a part with this name as they begin: with their attributes only."""
        for event, element in self._events(path):
            if event == "end":
                element.clear()
            elif local(element.tag) == name:
                yield element

    def _events(self, path: str) -> Iterator[tuple[str, Element]]:
        member = self._members[_key(path)]
        with self._zip.open(member) as part:
            _refuse_entities(part)
        with self._zip.open(member) as part:
            yield from iterparse(part, ("start", "end"))  # noqa: S314 (entities are refused)

    def relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to, by id: the last word of the kind, and the path."""
        folder, name = posixpath.split(path)
        return {
            attribute(found, "Id"): (
                attribute(found, "Type").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, attribute(found, "Target").replace("\\", "/"))),
            )
            for found in self.elements(f"{folder}/_rels/{name}.rels", "Relationship")
        }


def _refuse_entities(part: IO[bytes]) -> None:
    """Refuse XML that defines its own entities: no program writes that, and a small one can become endless."""
    found: list[str] = []
    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_doctype: found.append("doctype")
    parser.StartElementHandler = lambda *_root: found.append("root")
    while not found and (some := part.read(256)):
        parser.Parse(some)
    if found[:1] == ["doctype"]:
        raise SheetError("damaged")


def _key(path: str) -> str:
    return path.replace("\\", "/").lstrip("/").casefold()


@lru_cache(maxsize=500)
def local(tag: str) -> str:
    """Return a name without its namespace."""
    return tag.rpartition("}")[2]


def attribute(element: Element, name: str) -> str:
    """Return an attribute's text, "" without it. One of no namespace goes before others of the same name."""
    found = element.get(name)
    return found if found is not None else next((text for key, text in element.items() if local(key) == name), "")


def child(element: Element, name: str) -> Element | None:
    return next((found for found in element if local(found.tag) == name), None)
