"""Customers: a system sends its own, asks what became of one, and reads those of Bling."""

import base64
import binascii
from datetime import UTC, datetime

from django.http import HttpRequest
from django.utils import timezone, translation
from ninja import Path, Query, Router, Status

from integrations.api.errors import NOT_FOUND, REFUSED, Refused, invalid
from integrations.api.keys import key_of_request
from integrations.api.schemas import (
    REFUSALS,
    Cliente,
    Consulta,
    Contato,
    Contatos,
    Diferenca,
    Endereco,
    Erro,
    Ref,
    Situacao,
)
from integrations.api.states import Estado, state_of
from integrations.domain.contact_merge import Difference
from integrations.domain.reasons import Reason
from integrations.models import ApiKey, CustomerWrite
from integrations.pipeline.customers import accept, doorway, feed
from integrations.pipeline.customers.sides import differences_of
from integrations.pipeline.customers.standing import Standing, standing_of
from integrations.queue import enqueue_tick
from integrations.words.customers import customer_texts

router = Router(tags=["Clientes"])
_FIELDS = {
    "name": "nome", "document": "documento", "trade_name": "fantasia", "state_registration": "inscricao_estadual",
    "email": "email", "phone": "telefone", "mobile": "celular", "street": "endereco.endereco",
    "number": "endereco.numero", "complement": "endereco.complemento", "district": "endereco.bairro",
    "city": "endereco.municipio", "state": "endereco.uf", "postal_code": "endereco.cep",
}  # fmt: skip
_WON = {"system": "sistema", "bling": "bling"}


@router.put(
    "/{ref}",
    response={200: Situacao, 202: Situacao, 400: Erro, 409: Erro, 422: Erro, **REFUSALS},
    summary="Enviar um cliente",
    description="202: aceito, e comparado com o Bling em minutos. 200: esta versão já era conhecida; nada muda.",
)  # fmt: skip
def send(request: HttpRequest, ref: Path[Ref], given: Cliente) -> Status[Situacao]:
    key, now = key_of_request(request), timezone.now()
    is_new = accept.accept(key, given.to_given(ref), now)
    if is_new:
        enqueue_tick()
    return Status(202 if is_new else 200, _situation_of(key, ref, now))


@router.get(
    "/{ref}", response={200: Situacao, 404: Erro, 422: Erro, **REFUSALS}, summary="O que foi feito de um cliente"
)
def show(request: HttpRequest, ref: Path[Ref]) -> Situacao:
    return _situation_of(key_of_request(request), ref, timezone.now())


@router.get(
    "", response={200: Contatos, 422: Erro, **REFUSALS}, summary="Os contatos do Bling que mudaram",
    description="Sem requisição ao Bling: o que a última sincronização leu. Um contato pode vir mais de uma vez.",
)  # fmt: skip
def changed(request: HttpRequest, asked: Query[Consulta]) -> Contatos:
    now = timezone.now()
    since = _in_utc(asked.desde, "desde") if asked.desde is not None else None
    after = _read_place(asked.pagina) if asked.pagina else None
    page = feed.changed(key_of_request(request), since, after, asked.limite)
    rows = [_contact(row) for row in page.rows]
    return Contatos(
        contatos=rows, proxima=_write_place(*page.after) if page.after else None, proximo_desde=now - feed.OVERLAP
    )


def _situation_of(key: ApiKey, ref: str, now: datetime) -> Situacao:
    """Return what a system is told of a customer: what to do is for people, and so is what Bling says in its words, for
    these may name another contact. Raises `Refused`."""
    row = doorway.customer_of(key, ref)
    if row is None:
        raise Refused(404, "not_found", NOT_FOUND)
    answer, shows = standing_of(row, now), feed.shows_bling(key, row)
    with translation.override("pt-br"):
        said = customer_texts(answer.standing.value, answer.why)[0]
    code = answer.why.code if answer.why else None
    return Situacao(
        ref=row.ref, versao=row.version, estado=_state_of(row, answer.standing), motivo=code.value if code else "",
        mensagem=REFUSED if code is Reason.REFUSED else said, bling_id=row.bling_id or row.contact.bling_id,
        nao_enviados=row.left_out, diferencas=[_difference(one, shows=shows) for one in differences_of(row)],
    )  # fmt: skip


def _state_of(row: CustomerWrite, standing: Standing) -> Estado:
    is_divergent = standing is Standing.STUCK and row.reason in ("document_differs", "contact_taken")
    return "divergente" if is_divergent else state_of(standing)


def _difference(one: Difference, *, shows: bool) -> Diferenca:
    bling = one.bling if shows else ""
    return Diferenca(campo=_FIELDS[one.field], sistema=one.system, bling=bling, vale=_WON.get(one.won, ""))  # type: ignore[arg-type]


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
        return _in_utc(found[0], "pagina"), found[1]
    except (ValueError, binascii.Error) as error:
        raise invalid("pagina", "não é o `proxima` de uma resposta") from error


def _in_utc(moment: datetime, field: str) -> datetime:
    """Return a moment as the database takes it: of Brasília, where it names no zone. Raises `Refused`."""
    try:
        aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
        return aware.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise invalid(field, "não é um momento") from error
