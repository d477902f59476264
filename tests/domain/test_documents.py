import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.domain.documents import DocumentKind, compact, kind_of, mask, pretty, without_personal_data

CPF = "529.982.247-25"
CNPJ = "11.222.333/0001-81"
ALPHANUMERIC = "12.ABC.345/01DE-35"  # the Receita Federal's own example


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("", DocumentKind.NONE),
        (" .-/ ", DocumentKind.NONE),
        (CPF, DocumentKind.CPF),
        ("52998224725", DocumentKind.CPF),
        (CNPJ, DocumentKind.CNPJ),
        ("11222333000181", DocumentKind.CNPJ),
        (ALPHANUMERIC, DocumentKind.CNPJ),
        (ALPHANUMERIC.lower(), DocumentKind.CNPJ),
        ("12ABC34501DE36", DocumentKind.INVALID),
        ("529.982.247-26", DocumentKind.INVALID),
        ("111.111.111-11", DocumentKind.INVALID),
        ("00000000000000", DocumentKind.INVALID),
        ("5299822472", DocumentKind.INVALID),
        ("11222333000182", DocumentKind.INVALID),
        ("12.ABC.345/01DE-3X", DocumentKind.INVALID),
        ("PASSPORT 123", DocumentKind.INVALID),
    ],
)
def test_kind(document: str, kind: DocumentKind) -> None:
    assert kind_of(document) is kind


def test_letters_survive_compacting_in_upper_case() -> None:
    assert compact("12.abc.345/01de-35") == "12ABC34501DE35"


@pytest.mark.parametrize("document", [CPF, CNPJ, ALPHANUMERIC])
def test_pretty_undoes_compact(document: str) -> None:
    assert pretty(compact(document)) == document


def test_an_invalid_document_is_shown_as_it_came() -> None:
    assert pretty(" 123 ") == " 123 "


@pytest.mark.parametrize(
    ("document", "shown"),
    [(CPF, "***.***.247-**"), (CNPJ, CNPJ), ("", ""), (ALPHANUMERIC.lower(), ALPHANUMERIC),
     ("529.982.247-26", "***.***.247-**"), ("0052998224725", "***"), ("AB123456", "***")],
)  # fmt: skip
def test_all_but_a_cnpj_is_masked(document: str, shown: str) -> None:
    assert mask(document) == shown


@given(st.text(max_size=30))
@example("ǰ")  # its upper case is two characters, one of them no letter
def test_no_text_breaks_the_reading_of_documents(text: str) -> None:
    kind_of(text)
    pretty(text)
    mask(text)
    assert compact(compact(text)) == compact(text)


@given(st.text(alphabet="0123456789", min_size=11, max_size=11))
def test_a_mask_never_shows_the_whole_cpf(digits: str) -> None:
    if kind_of(digits) is DocumentKind.CPF:
        assert mask(digits) == f"***.***.{digits[6:9]}-**"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CPF 52998224725 já cadastrado", "CPF ***.***.***-** já cadastrado"),
        ("CPF 529.982.247-25.", "CPF ***.***.***-**."),
        ("529.982.247-26", "***.***.***-**"),
        ("529 982 247/25", "***.***.***-**"),
        ("título 16000000700", "título 16000000700"),
        ("joana.prado@example.com.br já existe", "*** já existe"),
        ("CNPJ 11.222.333/0001-81, R$ 1.234,56, 21/11/2026", "CNPJ 11.222.333/0001-81, R$ 1.234,56, 21/11/2026"),
        ("11222333000181", "11222333000181"),
    ],
)
def test_messages_lose_what_names_a_person(text: str, shown: str) -> None:
    assert without_personal_data(text) == shown
