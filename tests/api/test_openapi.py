"""A client that knows the API by its OpenAPI page alone: whatever it sends, each answer is one that the page names."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from integrations.models import ApiKey, BlingWriting, Tenant, WriteMode
from tests.admin.world import Rows
from tests.api.test_doorway import rows
from tests.flows.systems import BILL, KEY, ask

__all__ = ["rows"]
PREFIX = "/api/v1/"
WRONG = (None, True, -1, 0, 10**30, 1.5, "", " ", "\x00", "á" * 300, [], [1], {"x": 1}, "2026-02-30T00:00:00")
TEXTS = st.characters(codec="utf-8")
Operation = tuple[str, str, Mapping[str, Any]]


class Page:
    """The API as its page describes it."""

    def __init__(self) -> None:
        self.whole = Client().get(f"{PREFIX}openapi.json").json()
        self.operations: list[Operation] = [
            (method.upper(), path, operation)
            for path, methods in self.whole["paths"].items()
            for method, operation in methods.items()
        ]

    def requests(self, operation: Operation) -> st.SearchStrategy[tuple[str, str, Any]]:
        """Return what makes requests of an operation: its method, its address, its body."""
        method, path, told = operation
        values = {one["name"]: self.values(one["schema"]) for one in told.get("parameters", ())}
        placed = {one["name"]: one["in"] for one in told.get("parameters", ())}
        needed = {name for name, place in placed.items() if place == "path"}
        named = st.fixed_dictionaries(
            {name: values[name] for name in needed},
            optional={name: made for name, made in values.items() if name not in needed},
        )
        body = self.values(_content(told["requestBody"])) if "requestBody" in told else st.none()
        return st.tuples(st.just(method), named.map(lambda found: _address(path, placed, found)), body)

    def values(self, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        """Return what makes values of a schema."""
        if "$ref" in schema:
            return self.values(self.whole["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "anyOf" in schema or "allOf" in schema:  # all of one is that one, with a default beside it
            return st.one_of([self.values(one) for one in schema.get("anyOf") or schema["allOf"]])
        makers: dict[str, Callable[[Mapping[str, Any]], st.SearchStrategy[Any]]] = {
            "string": _strings, "object": self._objects, "null": lambda _schema: st.none(),
            "integer": lambda told: st.integers(told.get("minimum"), told.get("maximum")),
            "number": _numbers,
            "array": lambda told: st.lists(self.values(told["items"]), min_size=told.get("minItems", 0), max_size=3),
        }  # fmt: skip
        return makers[schema["type"]](schema)

    def _objects(self, schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        made = {name: self.values(one) for name, one in schema["properties"].items()}
        required = {name: made.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=made)

    def check(self, operation: Operation, answer: Any) -> int:
        """Return the status of an answer; fail where the page does not name it, or its body is another one."""
        method, path, told = operation
        named = told["responses"].get(str(answer.status_code))
        assert named is not None, f"{method} {path} answered {answer.status_code}: {answer.content!r}"
        schema = {**_content(named), "components": self.whole["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())
        return int(answer.status_code)


def _content(told: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = told["content"]["application/json"]["schema"]
    return schema


def _numbers(schema: Mapping[str, Any]) -> st.SearchStrategy[float]:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0)) + ("exclusiveMinimum" in schema)
    return st.integers(int(least), min(int(schema.get("maximum", 10**6)), 10**6)).map(float)


def _strings(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.isoformat())
    if schema.get("format") == "date":
        return st.dates(date(2000, 1, 1), date(2100, 12, 31)).map(str)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return st.text(TEXTS, min_size=schema.get("minLength", 0), max_size=schema.get("maxLength"))


def _address(path: str, placed: Mapping[str, str], values: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in values.items() if placed[name] == "query" and value is not None}
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return f"{path.removeprefix(PREFIX)}?{urlencode(asked)}"


def _spoiled(value: Any, field: str, wrong: Any) -> Any:
    return {**value, field: wrong} if isinstance(value, dict) else value


def few(examples: int) -> Any:
    return settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
    )


def test_each_answer_is_one_that_the_page_names(rows: Rows) -> None:
    page, seen = Page(), set()

    @few(12)
    @given(st.data())
    def send(data: st.DataObject) -> None:
        for operation in page.operations:
            method, address, body = data.draw(page.requests(operation))
            fields = _content(operation[2]["requestBody"]) if body else {}
            if fields and data.draw(st.booleans()):
                needed = page.whole["components"]["schemas"][fields["$ref"].rpartition("/")[2]]["required"]
                body = {name: value for name, value in body.items() if name in needed}  # of these the page says all
            for _again in range(2 if body else 1):
                seen.add((method, page.check(operation, ask(method, address, body))))

    send()
    assert {("PUT", 200), ("PUT", 202), ("GET", 200), ("GET", 404)} <= seen


def test_what_is_wrong_is_refused_as_the_page_says(rows: Rows) -> None:
    page, seen = Page(), set()

    @few(8)
    @given(st.data())
    def send(data: st.DataObject) -> None:
        for operation in page.operations:
            method, address, body = data.draw(page.requests(operation))
            wrong = data.draw(st.sampled_from(WRONG))
            fields = [*body, "desconhecido"] if body else [""]
            if not body and "?" in address:
                name = data.draw(st.sampled_from([one["name"] for one in operation[2]["parameters"]]))
                address = f"{address.partition('?')[0]}?{urlencode({name: wrong})}"
            spoiled = _spoiled(body, data.draw(st.sampled_from(fields)), wrong)
            seen.add((method, page.check(operation, ask(method, address, spoiled))))

    send()
    assert {("PUT", 422), ("GET", 422)} <= seen


CHANGES: Mapping[str, tuple[Callable[[], object], str, int]] = {
    "stranger": (lambda: None, "x" * 40, 401),
    "no key": (lambda: None, "", 401),
    "not confirmed": (lambda: ApiKey.objects.update(is_confirmed=False), KEY, 403),
    "no customers": (lambda: ApiKey.objects.update(customers="", bills=False), KEY, 403),
    "closed": (lambda: Tenant.objects.update(is_active=False), KEY, 503),
    "off": (lambda: BlingWriting.objects.update(mode=WriteMode.OFF), KEY, 503),
}


@pytest.mark.parametrize("name", CHANGES)
def test_who_may_not_is_refused_as_the_page_says(rows: Rows, name: str) -> None:
    change, key, status = CHANGES[name]
    change()
    page = Page()
    found = []
    for one in page.operations:
        body = {**BILL, "versao": 1} if "faturas" in one[1] else {"versao": 1, "nome": "Padaria Lua"}
        told = page.check(one, ask(one[0], one[1].removeprefix(PREFIX).format(ref="7"), body, key=key))
        found += [told] if one[0] == "PUT" else []
    assert found == [status, status]


@pytest.mark.parametrize("body", ["{", "[" * 5000, "x" * 70_000, '"\\ud800"'])
def test_a_body_that_is_no_json_is_refused_as_the_page_says(rows: Rows, body: str) -> None:
    page = Page()
    for operation in (one for one in page.operations if "requestBody" in one[2]):
        address = operation[1].removeprefix(PREFIX).format(ref="7")
        assert page.check(operation, ask(operation[0], address, body)) in (400, 422)
