"""What a request wants booked, and the code of each mistake: one edit of the example each."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.bling_v2.codes import CODES, RefusedError
from integrations.bling_v2.facts import Names, PayableFacts, read_facts
from integrations.bling_v2.xml import read_xml
from integrations.domain.occurrences import Recurrence
from tests.bling_v2.example import XML, edited

NAMES = Names({"vendas": 7}, {"cef": 8}, frozenset({785257}))
OCCURRENCE = XML[XML.index("   <ocorrencia>") : XML.index("   <fornecedor>")]


def facts(xml: str, *, is_strict: bool = True) -> PayableFacts:
    return read_facts(read_xml(xml.encode()), replace(NAMES, is_strict=is_strict))


def occurrence(inner: str) -> str:
    return edited(OCCURRENCE, f"<ocorrencia>{inner}</ocorrencia>")


def test_the_example() -> None:
    found = facts(XML)
    assert found.value == Decimal("15.00")
    assert (found.due_date, found.issue_date, found.competence_date) == (
        date(2017, 4, 20), date(2017, 4, 13), date(2017, 4, 1)
    )  # fmt: skip
    assert (found.recurrence, found.day, found.installments) == (Recurrence.INSTALLMENTS, 20, 2)
    assert (found.category_id, found.account_id, found.payment_form_id) == (7, 8, 785257)
    supplier = found.supplier
    assert (supplier.name, supplier.document, found.contact_id, supplier.kind) == ("Organisys Software", "", 0, "J")
    assert (supplier.state_registration, supplier.postal_code) == ("3067663000", "95700-000")
    assert (supplier.phone, supplier.mobile) == ("5437120000", "")


CODES_BY_EDIT: dict[str, tuple[str, int]] = {
    "no occurrence": (edited(OCCURRENCE, ""), 72),
    "no letter": (edited("<ocorrenciaTipo>P</ocorrenciaTipo>", ""), 72),
    "another letter": (edited("<ocorrenciaTipo>P", "<ocorrenciaTipo>X"), 73),
    "day 32": (edited("<diaVencimento>20", "<diaVencimento>32"), 73),
    "no value": (edited("<valor>15.00</valor>", ""), 66),
    "an empty value": (edited("15.00", ""), 66),
    "value 0": (edited("15.00", "0"), 66),
    "three decimals": (edited("15.00", "1.500"), 66),
    "too much": (edited("15.00", "1000000000"), 66),
    "no name": (edited("Organisys Software", ""), 69),
    "no day": (edited("<diaVencimento>20</diaVencimento>", ""), 67),
    "no number of parcels": (edited("<nroParcelas>2</nroParcelas>", ""), 68),
    "parcels of a monthly one": (edited("<ocorrenciaTipo>P", "<ocorrenciaTipo>M"), 74),
    "a day of a single one": (occurrence("<ocorrenciaTipo>U</ocorrenciaTipo><diaVencimento>20</diaVencimento>"), 75),
    "one parcel": (edited("<nroParcelas>2", "<nroParcelas>1"), 77),
    "101 parcels": (edited("<nroParcelas>2", "<nroParcelas>101"), 78),
    "no weekday": (occurrence("<ocorrenciaTipo>E</ocorrenciaTipo>"), 82),
    "another check digit": (edited("00000000000000", "11222333000182"), 79),
    "an id that is none": (edited("<nome>", "<id>abc</id><nome>"), 81),
    "an unknown payment form": (edited("785257", "1"), 84),
    "an unknown category": (edited("Vendas", "Nada"), 70),
    "an unknown portador": (edited("CEF", "Nada"), 71),
    "a date that is none": (edited("20/04/2017", "31/02/2017"), 902),
    "a date of another form": (edited("20/04/2017", "2017-04-20"), 902),
    "a weekly one": (
        occurrence("<ocorrenciaTipo>E</ocorrenciaTipo><diaSemanaVencimento>1</diaSemanaVencimento>"), 905
    ),
    "a long number": (edited("0123456<", f"{'1' * 26}<"), 906),
}  # fmt: skip


@pytest.mark.parametrize("edit", CODES_BY_EDIT)
def test_one_code_for_each_edit(edit: str) -> None:
    xml, code = CODES_BY_EDIT[edit]
    with pytest.raises(RefusedError) as refused:
        facts(xml)
    assert refused.value.code == code
    if code < 905:
        assert refused.value.text == CODES[code]


def test_the_first_mistake_is_named() -> None:
    with pytest.raises(RefusedError) as refused:
        facts(edited("15.00", "").replace("<ocorrenciaTipo>P", "<ocorrenciaTipo>X").replace("Vendas", "Nada"))
    assert refused.value.code == 73


def test_what_the_account_does_not_know_is_left_away_where_the_key_says_so() -> None:
    assert facts(edited("Vendas", "Nada"), is_strict=False).category_id == 0
    assert facts(edited("CEF", "Nada"), is_strict=False).account_id == 0


def test_accents_case_blanks_and_empty_elements_count_for_nothing() -> None:
    xml = edited("<dataEmissao>13/04/2017</dataEmissao>", "<dataEmissão> 13/04/2017 </dataEmissão><id/>")
    xml = xml.replace("CEF", " cef ").replace("Vendas", "VENDAS")
    assert facts(xml) == facts(XML)


@pytest.mark.parametrize("value", ["15.00", "15", "15,00", "15.0"])
def test_an_amount_as_people_write_it(value: str) -> None:
    assert facts(edited("15.00", value)).fingerprint == facts(XML).fingerprint


@pytest.mark.parametrize(
    "edit", [("15.00", "15.01"), ("0123456<", "0123457<"), ("Organisys", "Organisis"), ("20/04/2017", "21/04/2017")]
)
def test_another_wish_has_another_fingerprint(edit: tuple[str, str]) -> None:
    assert facts(edited(*edit)).fingerprint != facts(XML).fingerprint


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "contapagar",
        "<contapagar>",
        "<conta/>",
        "<contapagar/><contapagar/>",
        '<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><contapagar><historico>&x;</historico></contapagar>',
        "<!DOCTYPE contapagar><contapagar/>",
        "<?php x?><contapagar/>",
        '<?xml version="1.0" encoding="nothing"?><contapagar/>',
        "<contapagar><valor>1</valor><Valor>2</Valor></contapagar>",
        "<contapagar><valor><a>1</a></valor></contapagar>",
        f"<contapagar>{''.join(f'<a{number}/>' for number in range(200))}</contapagar>",
        f"<contapagar>{'<a>' * 5000}{'</a>' * 5000}</contapagar>",
    ],
)
def test_what_cannot_be_read(xml: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_xml(xml.encode())
    assert refused.value.code == 901


def test_the_declared_encoding_counts() -> None:
    xml = '<?xml version="1.0" encoding="ISO-8859-1"?><contapagar><historico>Gráfica</historico></contapagar>'
    assert read_xml(xml.encode("latin-1")) == {"historico": "Gráfica"}
