"""Bling's official contract, where BLING_OPENAPI names a copy: what a request may be, and answers made from it."""

import json
import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

OPENAPI = os.environ.get("BLING_OPENAPI", "")
NOTHING: tuple[Any, ...] = (None, "", [])
"""What a field may be besides missing, whatever the contract says of it."""
MISSING = object()
MOMENT = "%Y-%m-%d %H:%M:%S"
"""What the contract calls `datetime`, by its examples."""


@lru_cache
def contract() -> dict[str, Any]:
    """Return the contract; skips the test without one."""
    if not OPENAPI:
        pytest.skip("BLING_OPENAPI names no copy of Bling's contract")
    found: dict[str, Any] = json.loads(Path(OPENAPI).read_text(encoding="utf-8"))
    return found


def answer_schema(path: str) -> dict[str, Any]:
    found: dict[str, Any] = contract()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    return found


def faults_of(method: str, path: str, query: list[tuple[str, str]]) -> list[str]:
    """Return what the contract says against a request (path without the API's base)."""
    template = _template_of(path)
    if method != "GET" or template is None:
        return [f"{method} {path} does not exist"]
    declared = _parameters(template)
    given = [*query, *_path_values(template, path)]
    found = [f"{name} is not declared" for name, _text in given if name not in declared]
    names = [name for name, _text in given]
    for name, parameter in declared.items():
        texts = [text for given_name, text in given if given_name == name]
        if parameter.get("required") and not texts:
            found.append(f"{name} is missing")
        is_list = parameter["schema"]["type"] == "array"
        if len(texts) > 1 and not is_list:
            found.append(f"{name} is given {names.count(name)} times")
        found += [f"{name}={text}" for text in texts if not _fits(text, parameter["schema"])]
    return [f"GET {template}: {fault}" for fault in found]


def _template_of(path: str) -> str | None:
    if path in contract()["paths"]:
        return path
    for template in contract()["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), path) and "get" in contract()["paths"][template]:
            return str(template)
    return None


def _path_values(template: str, path: str) -> list[tuple[str, str]]:
    pairs = zip(template.split("/"), path.split("/"), strict=True)
    return [(name[1:-1], text) for name, text in pairs if name.startswith("{")]


def _parameters(template: str) -> dict[str, dict[str, Any]]:
    item = contract()["paths"][template]
    declared = [_resolved(one) for one in [*item.get("parameters", []), *item["get"].get("parameters", [])]]
    return {one["name"]: one for one in declared if one["in"] == "query" or f"{{{one['name']}}}" in template}


def _fits(text: str, schema: dict[str, Any]) -> bool:
    kind, form = schema["type"], schema.get("format")
    if kind == "array":
        return _fits(text, {**schema["items"], "enum": schema.get("enum", schema["items"].get("enum"))})
    if kind == "boolean":
        return text in ("true", "false")
    try:
        value: Any = {"integer": int, "number": float, "string": str}[kind](text)
        if form == "date":
            date.fromisoformat(text)
        if form == "datetime":
            datetime.strptime(text, MOMENT)
    except ValueError:
        return False
    return value in (schema.get("enum") or [value]) and value >= schema.get("minimum", value)


class Answers:
    """Answers made from a schema; the same seed makes the same ones."""

    def __init__(self, seed: str) -> None:
        self.rng = Random(seed)

    def row(self, schema: dict[str, Any], **fixed: Any) -> dict[str, Any]:
        """Return an object with every field as the contract has it."""
        return {**self._value(schema, ""), **fixed}

    def odd_row(self, schema: dict[str, Any], number: int) -> Any:
        """Return an object that lacks fields: the first ones lack all in one way, the others some in any."""
        whole = self._value(schema, "")
        ways = [MISSING, *NOTHING]
        return _lacking(whole, lambda: ways[number]) if number < len(ways) else _lacking(whole, self._any)

    def _any(self) -> Any:
        """Return how one field is: in a half of all cases as it should be."""
        return self.rng.choice([MISSING, *NOTHING, KEPT, KEPT, KEPT, KEPT])

    def _value(self, schema: dict[str, Any], name: str) -> Any:
        schema = _resolved(schema)
        if "oneOf" in schema:
            return self._value(self.rng.choice(schema["oneOf"]), name)
        parts = [schema, *(_resolved(part) for part in schema.get("allOf", []))]
        if any("properties" in part or "allOf" in part for part in parts):
            found: dict[str, Any] = {}
            for part in parts[1:]:
                found |= self._value(part, name)
            for key, field in schema.get("properties", {}).items():
                found[key] = self._value(field, key)
            return found
        return self._plain(schema, name)

    def _plain(self, schema: dict[str, Any], name: str) -> Any:
        if schema.get("enum"):
            return self.rng.choice(schema["enum"])
        kind, form = schema.get("type"), schema.get("format")
        if kind == "array":
            return [self._value(schema["items"], name) for _ in range(self.rng.randint(1, 2))]
        if kind == "integer":
            # The contract does not say which numbers a status may be.
            return self.rng.randint(1, 5) if name in ("situacao", "tipo") else self.rng.randint(1, 10**10)
        if kind == "number":
            return self.rng.randint(1, 10**7) / 100
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind == "object":
            return {}
        day = date(2026, self.rng.randint(1, 12), self.rng.randint(1, 28))
        return str(day) if form == "date" else f"{day} 10:00:00" if form == "datetime" else f"Texto {day.day}"


KEPT = object()


def _lacking(value: Any, way: Any) -> Any:
    """Return a value of whose fields, on every level, some are no more what they should be."""
    if isinstance(value, list):
        return [_lacking(item, way) for item in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, field in value.items():
        chosen = way()
        if chosen is not MISSING:
            found[key] = _lacking(field, way) if chosen is KEPT else chosen
    return found


def odd_pages(path: str, count: int) -> Iterator[Any]:
    """Yield bodies of a list: rows that lack fields, and what is no list."""
    schema = answer_schema(path)["properties"]["data"]["items"]
    for number in range(count):
        answers = Answers(f"{path} {number}")
        yield {"data": [answers.odd_row(schema, number), answers.odd_row(schema, number + 4)]}


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = contract()
        for name in schema["$ref"][2:].split("/"):
            found = found[name]
        schema = found
    return schema
