from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.persons import ADDRESS, DesiredPerson, desire_person, document_to_hold, is_of_another, merge
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


A, B = "11222333000181", "52998224725"
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


HOME = {"street": "Rua A", "number": "10", "complement": "Sala 4", "city": "Campinas", "postal_code": "13010-000"}
MOVED = {"street": "Rua B", "number": "7", "city": "Santos"}


@pytest.mark.parametrize(
    ("ours", "theirs", "told", "expected"),
    [
        pytest.param(MOVED, HOME, HOME, MOVED, id="ours as a whole is replaced as a whole"),
        pytest.param(MOVED, {**HOME, "postal_code": "13010000"}, HOME, MOVED, id="written otherwise is still ours"),
        pytest.param(MOVED, {**HOME, "complement": "Fundos"}, HOME, {**HOME, "complement": "Fundos"},
                     id="edited in one part, stays as a whole"),
        pytest.param(MOVED, {"street": "Rua A"}, None, {"street": "Rua A"}, id="another address is not filled up"),
        pytest.param(HOME, {"street": "RUA A"}, None, {**HOME, "street": "RUA A"}, id="the same one is filled up"),
        pytest.param(HOME, {}, None, HOME, id="none is filled"),
        pytest.param({}, HOME, HOME, HOME, id="none in Bling takes nothing away"),
    ],
)  # fmt: skip
def test_an_address_is_one_thing(
    ours: dict[str, str], theirs: dict[str, str], told: dict[str, str] | None, expected: dict[str, str]
) -> None:
    there = DesiredPerson("7", "Papelaria", **theirs)
    written = None if told is None else DesiredPerson("7", "Papelaria", **told)
    merged = merge(replace(OURS, **ours), there, written)
    assert {name: value for name in ADDRESS if (value := getattr(merged, name))} == expected


@pytest.mark.parametrize(
    ("ours", "known", "kept", "held", "is_another"),
    [
        (A, A, "", A, False),
        (B, A, "", B, True),
        (B, A, B, A, False),
        (A, B, B, A, True),
        ("", A, "", A, False),
        ("PASSAPORTE", A, "", A, False),
        (A, "", "", A, False),
        (A, None, "", A, True),
        ("", None, "", "", False),
    ],
)
def test_which_document_a_linked_person_should_have(
    ours: str, known: str | None, kept: str, held: str, is_another: bool
) -> None:
    wanted = document_to_hold(ours, known, kept)
    assert (wanted, is_of_another(wanted, known)) == (held, is_another)


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
        assert after or not before or field.name in ADDRESS
        assert after in (before, getattr(ours, field.name))
    if theirs.document:
        assert merged.document == theirs.document
    address = {name: getattr(merged, name) for name in ADDRESS}
    assert any(address.values()) or not any(getattr(theirs, name) for name in ADDRESS)


@given(people, people, st.none() | people)
def test_merging_again_changes_nothing(ours: DesiredPerson, theirs: DesiredPerson, told: DesiredPerson) -> None:
    merged = merge(ours, theirs, told)
    assert merge(ours, merged, ours) == merged


@given(people)
def test_json_loses_nothing(person: DesiredPerson) -> None:
    back = DesiredPerson.from_json(person.to_json())
    assert (back, back.fingerprint) == (person, person.fingerprint)
