"""How a request is refused: a status, a code for programs and a sentence for people, always in one form."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from integrations.pipeline.customers.accept import NotTaken, NotTakenError

MOST_BYTES = 65_536
"""What the body of a request may have."""
RETRY_AFTER = 60
ANSWERS: Mapping[NotTaken, tuple[int, str]] = {
    NotTaken.NO_KEY: (401, "Chave ausente, desconhecida ou revogada."),
    NotTaken.NOT_CONFIRMED: (403, "Esta chave ainda não foi confirmada por uma segunda pessoa. Nada foi gravado."),
    NotTaken.NOT_ALLOWED: (403, "Esta chave não permite isso. O suporte cria outra."),
    NotTaken.OFF: (503, "A escrita no Bling está desligada para esta empresa, ou ela foi encerrada. Nada foi gravado."),
    NotTaken.OLD_VERSION: (409, "Já recebemos uma versão mais nova. Nada foi gravado."),
    NotTaken.OTHER_BODY: (
        409, "Já recebemos esta versão com outros dados. Envie os novos com uma versão maior. Nada foi gravado.",
    ),
    NotTaken.TOO_MANY: (429, "Requisições demais. Espere um minuto. Nada foi gravado."),
    NotTaken.NO_CUSTOMER: (
        422, "Este sistema não enviou este cliente: envie-o antes, ou em `cliente`. Nada foi gravado.",
    ),
    NotTaken.OTHER_CUSTOMER: (
        409, "Esta fatura já foi enviada ao Bling com outro cliente: use outra referência. Nada foi gravado.",
    ),
}  # fmt: skip
INVALID = "Há campos inválidos. Nada foi gravado."
NO_JSON = "O corpo não é um JSON, ou tem mais de 64 kB. Nada foi gravado."
REFUSED = "O Bling recusou este cliente. Quem usa o sistema vê por quê na página dele, e decide."
BILL_REFUSED = "O Bling recusou esta fatura. Quem usa o sistema vê por quê na página dela, e decide."
NO_BILL = "Não conhecemos esta fatura."
NOT_FOUND, ONLY_HTTPS = "Não conhecemos este cliente.", "Use https: a chave foi enviada sem proteção. Peça outra."
_FIELDS: Mapping[str, str] = {
    "missing": "obrigatório",
    "extra_forbidden": "campo desconhecido",
    "string_too_long": "longo demais",
    "string_too_short": "curto demais",
    "string_pattern_mismatch": "caracteres que não são aceitos",
    "too_long": "longo demais",
    "too_short": "curto demais",
    "decimal_max_places": "casas decimais demais",
    "decimal_max_digits": "grande demais",
    "decimal_whole_digits": "grande demais",
    "greater_than": "pequeno demais",
    "greater_than_equal": "pequeno demais",
    "less_than_equal": "grande demais",
    "literal_error": "valor que não é aceito",
    "enum": "valor que não é aceito",
}
"""What is wrong with a field, by pydantic's names of it."""


class Refused(Exception):
    """A request is refused with a status, a `code` for programs and what a person reads; `fields` says it of each."""

    def __init__(self, status: int, code: str, message: str, fields: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.fields = status, code, message, list(fields)


def invalid(field: str, message: str) -> Refused:
    """Return the refusal of a field that is wrong only beside others."""
    return Refused(422, "invalid", INVALID, [(field, message)])


class StrictParser(Parser):
    """Reads the body of a request; what is too long is refused like what is no JSON: the library tells the two from one
    another no more than what is nested without end."""

    def parse_body(self, request: HttpRequest) -> Any:
        if len(request.body) > MOST_BYTES:
            raise ValueError("too large")
        return json.loads(request.body)


def refused(_request: HttpRequest, error: Refused) -> HttpResponse:
    """Return the answer to a request that is refused."""
    said: dict[str, Any] = {"codigo": error.code, "mensagem": error.message}
    if error.fields:
        said["campos"] = [{"campo": name, "mensagem": text} for name, text in error.fields]
    response = JsonResponse({"erro": said}, status=error.status)
    if error.status in (429, 503):
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def refused_by_pipeline(request: HttpRequest, error: NotTakenError) -> HttpResponse:
    """Return the answer to a request that the pipeline does not take."""
    status, message = ANSWERS[error.why]
    return refused(request, Refused(status, error.why.value, message))


def refused_fields(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Return the answer to a request whose fields are wrong: all of them at once."""
    fields = [(_place(one), _said(one)) for one in error.errors]
    return refused(request, Refused(422, "invalid", INVALID, fields))


def refused_by_library(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Return the answer to what the library refuses by itself, in our form."""
    if error.status_code == 401:
        return refused_by_pipeline(request, NotTakenError(NotTaken.NO_KEY))
    return refused(request, Refused(error.status_code, "no_json", NO_JSON))


def _place(error: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in error["loc"] if part not in ("body", "given", "query", "path"))


def _said(error: Mapping[str, Any]) -> str:
    if error["type"] == "value_error":
        return str(error.get("ctx", {}).get("error", "valor inválido"))
    return _FIELDS.get(str(error["type"]), "valor inválido")
