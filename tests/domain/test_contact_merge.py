"""Two systems that change one contact: whose word counts, field by field."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.contact_merge import FIELDS, Agreed, Choice, Difference, Merged, Side, filled, merge
from integrations.domain.payables import DesiredContact

TOLD = DesiredContact(
    "Padaria Lua Ltda", "98765432000198", email="contato@lua.example", phone="1133334444", street="Rua A", number="10",
    city="São Paulo", state="SP", postal_code="01310100",
)  # fmt: skip
BEFORE = Agreed(TOLD, TOLD)


def merged(told: dict[str, str], shown: dict[str, str], before: Agreed | None = BEFORE, **options: Any) -> Merged:
    return merge(replace(TOLD, **told), replace(TOLD, **shown), before, **options)  # type: ignore[arg-type]


def test_what_only_the_system_changed_goes_to_bling() -> None:
    found = merged({"email": "novo@lua.example"}, {})
    assert (found.contact.email, found.differences) == ("novo@lua.example", ())


def test_what_only_bling_changed_stays() -> None:
    found = merged({}, {"email": "bling@lua.example"})
    assert found.contact.email == "bling@lua.example"
    assert found.differences == (Difference("email", TOLD.email, "bling@lua.example", "bling"),)


def test_street_in_one_and_city_in_the_other_are_both_kept() -> None:
    found = merged({"street": "Rua B"}, {"city": "Campinas"})
    assert (found.contact.street, found.contact.city) == ("Rua B", "Campinas")
    assert not any(difference.is_open for difference in found.differences)


@pytest.mark.parametrize(
    ("prefers", "held", "won"),
    [(None, "b@lua.example", ""), (Side.BLING, "b@lua.example", "bling"), (Side.SYSTEM, "s@lua.example", "system")],
)
def test_what_both_changed_is_the_preferred_sides_or_a_persons(prefers: Side | None, held: str, won: str) -> None:
    found = merged({"email": "s@lua.example"}, {"email": "b@lua.example"}, prefers=prefers)
    assert found.contact.email == held
    assert found.differences == (Difference("email", "s@lua.example", "b@lua.example", won),)


def test_both_changed_to_the_same_is_no_difference() -> None:
    found = merged({"email": "s@lua.example"}, {"email": "S@LUA.example"})
    assert (found.contact.email, found.differences) == ("S@LUA.example", ())


@pytest.mark.parametrize("name", FIELDS)
def test_a_blank_never_wins(name: str) -> None:
    assert getattr(merged({name: ""}, {}).contact, name) == getattr(TOLD, name)
    assert merged({name: ""}, {}).differences == ()


def test_a_blank_in_bling_is_filled_by_what_is_new_alone() -> None:
    assert merged({"email": "novo@lua.example"}, {"email": ""}).contact.email == "novo@lua.example"
    assert merged({}, {"email": ""}).contact.email == ""


def test_what_never_agreed_is_not_a_base() -> None:
    """Bling's own e-mail of before is asked about, whatever came in between."""
    before = Agreed(TOLD, replace(TOLD, email="b@lua.example"))
    assert merged({"email": "c@lua.example"}, {"email": "b@lua.example"}, before).contact.email == "b@lua.example"
    blank = Agreed(replace(TOLD, email=""), replace(TOLD, email="b@lua.example"))
    found = merged({"email": "c@lua.example"}, {"email": "b@lua.example"}, blank, prefers=Side.SYSTEM)
    assert [one.is_open for one in found.differences] == [True]


def test_an_open_address_is_not_mixed_with_the_other_one() -> None:
    first = merged({}, {"street": "Avenida Z", "number": "5"}, None)
    before = Agreed(TOLD, first.contact, first.differences)
    found = merged({"complement": "Sala 5"}, {"street": "Avenida Z", "number": "5"}, before)
    assert found.contact.complement == ""
    assert {one.field for one in found.differences if one.is_open} == {"street", "number", "complement"}


def test_a_natural_person_s_registration_is_left_alone() -> None:
    found = merge(replace(TOLD, state_registration="9"), replace(TOLD, kind="F"), BEFORE)
    assert (found.contact.state_registration, found.differences) == ("", ())


def test_a_blank_says_what_was_said_before() -> None:
    said = filled(DesiredContact("Lua Nova", phone="1144445555"), TOLD)
    assert (said.name, said.email, said.phone, said.document) == ("Lua Nova", TOLD.email, "1144445555", TOLD.document)


def test_who_may_be_somebody_else_is_asked_about_even_if_nothing_differs() -> None:
    alone = DesiredContact("Maria Souza")
    found = merge(alone, alone, None, is_sure=False)
    assert found.differences == (Difference("name", "Maria Souza", "Maria Souza"),)
    before = Agreed(alone, found.contact, found.differences)
    more = replace(alone, email="m@x.example")
    assert merge(more, alone, before, is_sure=False).contact.email == ""
    choice = {"name": Choice(Side.BLING, "Maria Souza", "Maria Souza")}
    assert merge(more, alone, before, choices=choice, is_sure=False).contact.email == "m@x.example"


def test_a_document_is_never_changed() -> None:
    found = merge(replace(TOLD, document="52998224725"), TOLD, BEFORE, prefers=Side.SYSTEM)
    assert found.contact.document == TOLD.document


def test_at_first_nothing_that_bling_has_is_overwritten_whoever_is_preferred() -> None:
    found = merged({"email": "s@lua.example"}, {"email": "b@lua.example"}, None, prefers=Side.SYSTEM)
    assert found.contact.email == "b@lua.example"
    assert [difference.is_open for difference in found.differences] == [True]


def test_at_first_blanks_are_filled() -> None:
    found = merged({}, {"email": "", "phone": ""}, None)
    assert (found.contact, found.differences) == (TOLD, ())


def test_at_first_nothing_is_filled_where_it_may_be_somebody_else() -> None:
    found = merged({}, {"email": ""}, None, is_sure=False)
    assert found.contact.email == ""
    assert {one.field for one in found.differences if one.is_open} == {"name", "email"}


def test_at_first_two_addresses_are_not_mixed() -> None:
    found = merged({}, {"street": "Avenida Z", "number": ""}, None)
    assert (found.contact.street, found.contact.number) == ("Avenida Z", "")
    assert {difference.field for difference in found.differences} == {"street", "number"}


def test_at_first_case_accents_and_punctuation_are_no_difference() -> None:
    shown = {"name": "PADARIA LUA LTDA", "phone": "(11) 3333-4444", "city": "Sao Paulo", "postal_code": "01310-100"}
    found = merged({}, shown, None)
    assert (found.differences, found.contact.name) == ((), "PADARIA LUA LTDA")


def test_later_accents_are_corrected() -> None:
    before = Agreed(replace(TOLD, city="Sao Paulo"), replace(TOLD, city="Sao Paulo"))
    assert merged({}, {"city": "Sao Paulo"}, before).contact.city == "São Paulo"


def test_what_is_undecided_stays_so_until_a_person_chose() -> None:
    told, shown = {"email": "s@lua.example"}, {"email": "b@lua.example"}
    first = merged(told, shown, None)
    before = Agreed(replace(TOLD, **told), first.contact, first.differences)  # type: ignore[arg-type]
    again = merged({**told, "phone": "1144445555"}, shown, before, prefers=Side.SYSTEM)
    assert (again.contact.phone, again.contact.email) == ("1144445555", "b@lua.example")
    assert [difference.field for difference in again.differences if difference.is_open] == ["email"]
    for side, held in ((Side.SYSTEM, "s@lua.example"), (Side.BLING, "b@lua.example")):
        chosen = merged(told, shown, before, choices={"email": Choice(side, "s@lua.example", "b@lua.example")})
        assert chosen.contact.email == held
        assert not [difference for difference in chosen.differences if difference.is_open]


def test_a_choice_does_not_count_for_other_values() -> None:
    old = {"email": Choice(Side.SYSTEM, "s@lua.example", "old@lua.example")}
    found = merged({"email": "s@lua.example"}, {"email": "b@lua.example"}, choices=old)
    assert found.contact.email == "b@lua.example"


def test_what_an_older_version_did_not_know_is_asked() -> None:
    told = DesiredContact.from_json({"name": TOLD.name})
    found = merged({"trade_name": "Lua"}, {"trade_name": "Sol"}, Agreed(told, told))
    assert next(one.field for one in found.differences if one.is_open) == "trade_name"


def test_how_they_stand_is_kept_without_loss() -> None:
    agreed = Agreed(
        TOLD, replace(TOLD, phone=""), (Difference("email", "a", "b"), Difference("city", "c", "d", "bling"))
    )
    read = Agreed.from_json(agreed.to_json())
    assert (read.to_json(), read.open, read.fingerprint) == (agreed.to_json(), agreed.open, TOLD.fingerprint)


_values = st.sampled_from(["", "um", "dois", "três"])
_contacts = st.builds(lambda **fields: replace(TOLD, **fields), **dict.fromkeys(FIELDS, _values))


@given(told=_contacts, shown=_contacts, first=_contacts, prefers=st.sampled_from([None, *Side]))
def test_two_rounds_are_enough(
    told: DesiredContact, shown: DesiredContact, first: DesiredContact, prefers: Side | None
) -> None:
    """Whatever both changed since they were equal, a second look writes nothing and asks nothing new."""
    once = merge(told, shown, Agreed(first, first), prefers=prefers)
    twice = merge(told, once.contact, Agreed(told, once.contact, once.differences), prefers=prefers)
    assert twice.contact == once.contact
    asked = {one.field for one in once.differences if one.is_open}
    assert {one.field for one in twice.differences if one.is_open} <= asked


@given(told=_contacts, shown=_contacts, first=_contacts, prefers=st.sampled_from([None, *Side]))
def test_no_field_is_emptied_and_none_is_made_up(
    told: DesiredContact, shown: DesiredContact, first: DesiredContact, prefers: Side | None
) -> None:
    found = merge(told, shown, Agreed(first, first), prefers=prefers)
    for name in FIELDS:
        ours, theirs, after = (getattr(side, name) for side in (told, shown, found.contact))
        assert after in (ours, theirs)
        assert after or not theirs
        if ours == getattr(first, name):  # the system changed nothing
            assert after == theirs
