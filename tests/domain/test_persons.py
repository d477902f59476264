from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.persons import DesiredPerson, desire_person, merge
from integrations.domain.reasons import Reason
from integrations.domain.titles import PersonFacts

CONTACT = PersonFacts(7, "Papelaria Horizonte", document="11.222.333/0001-81", kind="J", email="a@example.com")


@pytest.mark.parametrize("document", ["", "529.982.247-25", "11222333000181", "12.abc.345/01de-35"])
def test_a_contact_with_a_valid_document_or_none_is_wanted(document: str) -> None:
    person, problems = desire_person(replace(CONTACT, document=document), is_customer=False, is_supplier=True)
    assert problems == []
    assert person is not None
    assert person.document == "".join(char for char in document if char.isalnum()).upper()
    assert (person.code, person.is_customer, person.is_supplier) == ("7", False, True)


@pytest.mark.parametrize(("kind", "is_wanted"), [("J", False), ("F", False), ("", False), ("E", True)])
def test_a_wrong_document_is_a_problem_except_for_foreigners(kind: str, is_wanted: bool) -> None:
    person, problems = desire_person(
        replace(CONTACT, document="123.456", kind=kind), is_customer=True, is_supplier=False
    )
    assert (person is not None) is is_wanted
    assert [problem.code for problem in problems] == ([] if is_wanted else [Reason.INVALID_DOCUMENT])


def test_the_prefix_of_a_second_connection_stands_before_the_code() -> None:
    person, _problems = desire_person(CONTACT, is_customer=True, is_supplier=False, prefix="2-")
    assert person is not None
    assert person.code == "2-7"


@pytest.mark.parametrize(("name", "shown"), [("  Ana ", "Ana"), ("", "Contato Bling 7"), ("   ", "Contato Bling 7")])
def test_a_person_is_never_without_a_name(name: str, shown: str) -> None:
    person, _problems = desire_person(replace(CONTACT, name=name), is_customer=True, is_supplier=False)
    assert person is not None
    assert person.name == shown


OURS = DesiredPerson("7", "Papelaria Horizonte", document="11222333000181", email="new@example.com", is_supplier=True)


@pytest.mark.parametrize(
    ("existing", "written", "name", "expected"),
    [
        pytest.param({"email": ""}, None, "email", "new@example.com", id="a blank is filled"),
        pytest.param({"email": "kamino@x"}, None, "email", "kamino@x", id="what others wrote stays"),
        pytest.param({"email": "old@x"}, {"email": "old@x"}, "email", "new@example.com", id="what we wrote follows"),
        pytest.param({"email": "edited@x"}, {"email": "old@x"}, "email", "edited@x", id="edited since, stays"),
        pytest.param({"document": "52998224725"}, {"document": "52998224725"}, "document", "52998224725",
                     id="a document is never replaced"),
        pytest.param({"document": ""}, None, "document", "11222333000181", id="a missing document is filled"),
        pytest.param({"code": "other"}, None, "code", "other", id="another system's code stays"),
        pytest.param({"code": ""}, None, "code", "7", id="a missing code is filled"),
        pytest.param({"is_customer": True}, None, "is_customer", True, id="customer stays customer"),
        pytest.param({"is_supplier": False}, None, "is_supplier", True, id="becomes supplier"),
        pytest.param({"city": "Campinas"}, {"city": "Campinas"}, "city", "Campinas", id="never blanked"),
    ],
)  # fmt: skip
def test_merge(existing: dict[str, Any], written: dict[str, Any] | None, name: str, expected: object) -> None:
    there = DesiredPerson(**{"code": "7", "name": "Papelaria", **existing})
    told = None if written is None else DesiredPerson(**{"code": "7", "name": "Papelaria", **written})
    assert getattr(merge(OURS, there, told), name) == expected


words = st.sampled_from(["", "a", "b", "c"])
people = st.builds(
    DesiredPerson,
    **{field.name: st.booleans() if field.type is bool else words for field in fields(DesiredPerson) if field.compare},
)


@given(people, people, st.none() | people)
def test_merging_never_takes_anything_away(ours: DesiredPerson, theirs: DesiredPerson, told: DesiredPerson) -> None:
    merged = merge(ours, theirs, told)
    for field in filter(lambda field: field.compare, fields(DesiredPerson)):
        after, before = getattr(merged, field.name), getattr(theirs, field.name)
        assert after or not before
        assert after in (before, getattr(ours, field.name))
    if theirs.document:
        assert merged.document == theirs.document


@given(people, people, st.none() | people)
def test_merging_again_changes_nothing(ours: DesiredPerson, theirs: DesiredPerson, told: DesiredPerson) -> None:
    merged = merge(ours, theirs, told)
    assert merge(ours, merged, ours) == merged


@given(people)
def test_json_loses_nothing(person: DesiredPerson) -> None:
    back = DesiredPerson.from_json(person.to_json())
    assert (back, back.fingerprint) == (person, person.fingerprint)
