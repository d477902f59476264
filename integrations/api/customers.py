"""Customers: a system sends its own, asks what became of one, and reads those of Bling."""

import base64
import binascii
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone, translation
from ninja import Path, Query, Router, Status

from integrations.api.errors import NOT_FOUND, Refused, not_taken
from integrations.api.schemas import Cliente, Consulta, Contato, Contatos, Diferenca, Endereco, Erro, Ref, Situacao
from integrations.domain.contact_merge import Difference
from integrations.models import ApiKey, CustomerWrite
from integrations.pipeline.customers import accept, doorway, feed
from integrations.pipeline.customers.accept import NotTakenError
from integrations.pipeline.customers.standing import Standing, standing_of
from integrations.queue import enqueue_tick
from integrations.words.customers import customer_texts

router = Router(tags=["Clientes"])
REFUSALS = {401: Erro, 403: Erro, 429: Erro}
_STATES = {
    Standing.SWITCHED_OFF: "desligado", Standing.SIMULATION: "simulacao", Standing.EQUAL: "gravado",
    Standing.LEFT_OUT: "ignorado", Standing.DIFFERS: "divergente", Standing.STUCK: "parado",
    Standing.CONTACT_STUCK: "parado", Standing.STALE: "parado", Standing.KEY_OVER: "parado",
}  # fmt: skip
_FIELDS = {
    "name": "nome", "document": "documento", "trade_name": "fantasia", "state_registration": "inscricao_estadual",
    "email": "email", "phone": "telefone", "mobile": "celular", "street": "endereco.endereco",
    "number": "endereco.numero", "complement": "endereco.complemento", "district": "endereco.bairro",
    "city": "endereco.municipio", "state": "endereco.uf", "postal_code": "endereco.cep",
}  # fmt: skip
_WON = {"system": "sistema", "bling": "bling"}


@router.put(
    "/{ref}",
    response={200: Situacao, 202: Situacao, 400: Erro, 409: Erro, 422: Erro, 503: Erro, **REFUSALS},
    summary="Enviar um cliente",
    description="202: aceito, e comparado com o Bling em minutos. 200: esta versão já era conhecida; nada muda.",
)  # fmt: skip
def send(request: HttpRequest, ref: Path[Ref], given: Cliente) -> Status[Situacao]:
    key, now = _key(request), timezone.now()
    try:
        before = doorway.customer_of(key, ref)
        row = accept.accept(key, given.to_given(ref), now)
    except NotTakenError as error:
        raise not_taken(error.why) from error
    is_new = before is None or before.version != row.version
    if is_new:
        enqueue_tick()
    return Status(202 if is_new else 200, _situation(doorway.customer_of(key, ref) or row, now))


@router.get(
    "/{ref}", response={200: Situacao, 404: Erro, 422: Erro, **REFUSALS}, summary="O que foi feito de um cliente"
)
def show(request: HttpRequest, ref: Path[Ref]) -> Situacao:
    try:
        row = doorway.customer_of(_key(request), ref)
    except NotTakenError as error:
        raise not_taken(error.why) from error
    if row is None:
        raise Refused(404, "not_found", NOT_FOUND)
    return _situation(row, timezone.now())


@router.get(
    "", response={200: Contatos, 422: Erro, **REFUSALS}, summary="Os contatos do Bling que mudaram",
    description="Sem requisição ao Bling: o que a última sincronização leu. Um contato pode vir mais de uma vez.",
)  # fmt: skip
def changed(request: HttpRequest, asked: Query[Consulta]) -> Contatos:
    now, since = timezone.now(), asked.desde
    if since is not None and timezone.is_naive(since):
        since = timezone.make_aware(since)
    try:
        after = _read_place(asked.pagina) if asked.pagina else None
        page = feed.changed(_key(request), since, after, asked.limite)
    except NotTakenError as error:
        raise not_taken(error.why) from error
    rows = [_contact(row) for row in page.rows]
    return Contatos(
        contatos=rows, proxima=_write_place(*page.after) if page.after else None, proximo_desde=now - feed.OVERLAP
    )


def _key(request: HttpRequest) -> ApiKey:
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key


def _situation(row: CustomerWrite, now: datetime) -> Situacao:
    answer, agreed = standing_of(row, now), row.get_delivered()
    with translation.override("pt-br"):
        sentence, advice = customer_texts(answer.standing.value, answer.why)
    return Situacao(
        ref=row.ref, versao=row.version, estado=_state_of(row, answer.standing),
        motivo=answer.why.code.value if answer.why else "", mensagem=" ".join(filter(None, [sentence, advice])),
        bling_id=row.bling_id or row.contact.bling_id, nao_enviados=row.left_out,
        diferencas=[_difference(one) for one in (agreed.differences if agreed else ())],
    )  # fmt: skip


def _state_of(row: CustomerWrite, standing: Standing) -> Any:
    is_divergent = standing is Standing.STUCK and row.reason in ("document_differs", "contact_taken")
    return "divergente" if is_divergent else _STATES.get(standing, "aguardando")


def _difference(one: Difference) -> Diferenca:
    return Diferenca(campo=_FIELDS[one.field], sistema=one.system, bling=one.bling, vale=_WON.get(one.won, ""))  # type: ignore[arg-type]


def _contact(row: feed.Shown) -> Contato:
    person = row.person
    place = {
        "endereco": person.street, "numero": person.number, "complemento": person.complement,
        "bairro": person.district, "municipio": person.city, "uf": person.state, "cep": person.postal_code,
    }  # fmt: skip
    return Contato(
        bling_id=person.bling_id, ref=row.ref, igual_ao_enviado=row.is_echo, tipos=list(row.types), nome=person.name,
        documento=person.document, tipo=person.kind, fantasia=person.trade_name, email=person.email,
        # Of what Bling has nothing is judged.
        endereco=Endereco.model_construct(None, **place), alterado_em=person.changed_at,
    )  # fmt: skip


def _write_place(moment: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {pk}".encode()).decode()


def _read_place(page: str) -> tuple[datetime, int]:
    """Return where a page begins. Raises `Refused` for what no answer of ours said."""
    try:
        moment, pk = base64.urlsafe_b64decode(page.encode()).decode().split(" ")
        found = datetime.fromisoformat(moment), int(pk)
        if timezone.is_naive(found[0]) or not 0 < found[1] < 2**63:
            raise ValueError("no place")
    except (ValueError, binascii.Error) as error:
        where = ("pagina", "não é o `proxima` de uma resposta")
        raise Refused(422, "invalid", "Há campos inválidos.", [where]) from error
    return found
