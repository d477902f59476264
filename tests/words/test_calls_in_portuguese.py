"""What is said of a failed call is Portuguese: no message of our own, which is English, can reach a page."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

import integrations
from integrations.domain.reasons import Reason
from integrations.pipeline.access.error_texts import failure_of, reason_of
from integrations.rest import errors
from integrations.words.errors import call_text, is_ours, live_call_text
from integrations.words.reasons import answer_of, sentence

ROOT = Path(integrations.__file__).parent
ALL_KINDS = [kind for _name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ApiError)]
KINDS = [kind for kind in ALL_KINDS if not issubclass(kind, errors.RejectedError)]
"""A refusal is always the other side's: it is quoted."""
OURS = "the title is not where the list showed it before"


WITH_THEIR_OWN = ("FilterIgnoredError", "OtherObjectError", "OddFieldError", "DatabaseSlots")
"""The first and the third give the code themselves; the second is uncertain, whose sentence quotes nothing."""


def name_of(node: ast.Call) -> str:
    return getattr(node.func, "id", "")


def made_here() -> Iterator[tuple[str, ast.Call]]:
    """Yield each place that makes an error of a call with a text of this program."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and name_of(node)[:1].isupper()
                and node.args
                and any(key.arg == "service" for key in node.keywords)
            ):
                first = node.args[0]
                parts = first.values if isinstance(first, ast.BoolOp) else [first]
                if any(isinstance(part, ast.JoinedStr | ast.Constant) for part in parts):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def known_code(code: ast.expr | None) -> bool:
    if isinstance(code, ast.IfExp):
        return all(known_code(each) for each in (code.body, code.orelse))
    if isinstance(code, ast.Attribute):
        return code.attr in Reason.__members__ or code.attr == "UNKNOWN"
    return isinstance(code, ast.Name) or (isinstance(code, ast.Constant) and is_ours(str(code.value)))


def has_a_code(node: ast.Call) -> bool:
    return known_code(next((key.value for key in node.keywords if key.arg == "code"), None))


def test_each_text_of_ours_has_a_code_with_a_sentence() -> None:
    places = list(made_here())
    assert len(places) > 25
    without = [place for place, node in places if name_of(node) not in WITH_THEIR_OWN and not has_a_code(node)]
    assert without == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("service", ["Kamino", "Bling", ""])
def test_no_text_of_ours_is_shown(kind: type[errors.ApiError], service: str) -> None:
    more = {"seconds": 3.0} if issubclass(kind, errors.RateLimitedError) else {}
    more |= {"remote_id": 7} if issubclass(kind, errors.OtherObjectError) else {}
    if kind is errors.UnusableListError:
        error: errors.ApiError = kind(errors.InternalError(OURS, service=service, code="no_list"))
    elif kind is errors.FilterIgnoredError:
        error = kind("3/4", service=service)
    elif issubclass(kind, errors.ConflictError):
        error = kind("100047", service=service, code=Reason.POSSIBLE_DUPLICATE)
    else:
        error = kind(OURS, service=service, **({} if kind is errors.OtherObjectError else {"code": "crash"}), **more)
    with translation.override("pt-br"):
        shown = [answer_of(failure_of(error), str(error), error.kind), live_call_text(failure_of(error))]
        shown += [sentence(reason_of(error)), call_text(failure_of(error))]
    for text in shown:
        assert OURS not in text
        assert "serviço" not in text.split()[:2], "it is named"
    with translation.override("en"):
        assert text != call_text(failure_of(error)), "translated"


@pytest.mark.parametrize(
    ("stored", "outcome", "text"),
    [
        ("Kamino: paid_differently", "conflict", "Pago de outra forma na Kamino"),
        ("scheduled", "conflict", None),
        ("Kamino create: 100047", "conflict", "A Kamino tem mais de um candidato (100047)"),
        ("Kamino: the title is not where the list showed it before", "transient", "A Kamino não respondeu"),
        ("Kamino payable.save: HTML instead of JSON (HTTP 502)", "uncertain", "Não se sabe se a Kamino"),
        (
            "Kamino payable.save: Centro de custo obrigatório (HTTP 200)",
            "rejected",
            "A Kamino recusou: Centro de custo",
        ),
        ("Bling GET /contas/receber/{id}: page without data", "internal", "Erro interno"),
        ("answered after it was sent again", "delivered", ""),
    ],
)
def test_what_older_versions_stored_is_said_in_portuguese(stored: str, outcome: str, text: str | None) -> None:
    with translation.override("pt-br"):
        said = answer_of(None, stored, outcome)
    assert said.startswith(text) if text else (text is not None or said not in (stored, ""))
    assert "_" not in said


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (
            "GET /contas/receber/16000000413 data.situacao",
            "contas a receber (/contas/receber/16000000413), data.situacao",
        ),
        (
            "GET /contas/pagar?pagina=2 data[3].valor = 'x'",
            "contas a pagar (/contas/pagar), página 2, data[3].valor = 'x'",
        ),
        ("receivable.list.TotalPaginas", "contas a receber"),
    ],
)
def test_a_place_in_an_answer_is_named(place: str, words: str) -> None:
    with translation.override("pt-br"):
        text = call_text({"kind": "internal", "code": "field_missing", "service": "Bling", "message": place})
    assert words in text
    assert "GET" not in text
