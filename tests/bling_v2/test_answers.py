"""Answers as v2's clients read them."""

import json
from datetime import date

import pytest

from integrations.bling_v2.answers import Booked, booked, is_json, refused

ROWS = [Booked(212454, "0123456/1", date(2017, 4, 20)), Booked(212458, "0123456/2", date(2017, 5, 20))]


def test_one_stands_flat_and_several_in_a_list_in_a_list() -> None:
    one = {"contapagar": {"id": "212454", "nroDocumento": "0123456/1", "vencimento": "2017-04-20"}}
    two = {"contapagar": {"id": "212458", "nroDocumento": "0123456/2", "vencimento": "2017-05-20"}}
    assert json.loads(booked(ROWS[:1], as_json=True)[0]) == {"retorno": {"contaspagar": [one]}}
    assert json.loads(booked(ROWS, as_json=True)[0]) == {"retorno": {"contaspagar": [[one, two]]}}


def test_in_xml() -> None:
    body, content_type = booked(ROWS[:1], as_json=False)
    assert body.decode().endswith(
        "<retorno><contaspagar><contapagar><id>212454</id><nroDocumento>0123456/1</nroDocumento>"
        "<vencimento>2017-04-20</vencimento></contapagar></contaspagar></retorno>"
    )
    assert content_type.startswith("text/xml")


def test_errors() -> None:
    body, content_type = refused(66, "Valor é campo obrigatório", as_json=True)
    assert json.loads(body) == {"retorno": {"erros": [{"erro": {"cod": 66, "msg": "Valor é campo obrigatório"}}]}}
    assert content_type.startswith("application/json")
    body, _type = refused(906, "A < B & C", as_json=False)
    assert body.decode().endswith("<erros><erro><cod>906</cod><msg>A &lt; B &amp; C</msg></erro></erros></retorno>")


@pytest.mark.parametrize(("path", "expected"), [("/Api/v2/contapagar/json/", True), ("/Api/v2/contapagar", False)])
def test_it_is_xml_where_nothing_is_said(path: str, expected: bool) -> None:
    assert is_json(path) == expected
