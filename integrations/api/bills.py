"""Bills: a system sends its own, and asks what became of one."""

from django.http import HttpRequest
from django.utils import timezone, translation
from ninja import Path, Router, Status

from integrations.api.bill_schemas import Fatura, SituacaoDaFatura
from integrations.api.errors import BILL_REFUSED, NO_BILL, Refused
from integrations.api.keys import key_of_request
from integrations.api.schemas import REFUSALS, Erro, Ref
from integrations.api.states import state_of
from integrations.domain.reasons import Reason
from integrations.models import ApiKey
from integrations.pipeline.bills import accept, doorway
from integrations.pipeline.bills.standing import standing_of_bill
from integrations.queue import enqueue_tick
from integrations.words.bills import bill_texts

router = Router(tags=["Faturas"])


@router.put(
    "/{ref}",
    response={200: SituacaoDaFatura, 202: SituacaoDaFatura, 400: Erro, 409: Erro, 422: Erro, **REFUSALS},
    summary="Enviar uma fatura",
    description="202: aceita, e vira um pedido de venda no Bling em minutos. 200: esta versão já era conhecida; nada "
                "muda. Uma versão nova muda o pedido enquanto ele não tem nota nem títulos.",
)  # fmt: skip
def send(request: HttpRequest, ref: Path[Ref], given: Fatura) -> Status[SituacaoDaFatura]:
    key, now = key_of_request(request), timezone.now()
    is_new = accept.accept(key, given.to_given(ref), now)
    if is_new:
        enqueue_tick()
    return Status(202 if is_new else 200, _situation_of(key, ref))


@router.get(
    "/{ref}",
    response={200: SituacaoDaFatura, 404: Erro, 422: Erro, **REFUSALS},
    summary="O que foi feito de uma fatura",
)
def show(request: HttpRequest, ref: Path[Ref]) -> SituacaoDaFatura:
    return _situation_of(key_of_request(request), ref)


def _situation_of(key: ApiKey, ref: str) -> SituacaoDaFatura:
    """Return what a system is told of a bill. Raises `Refused`."""
    row = doorway.bill_of(key, ref)
    if row is None:
        raise Refused(404, "not_found", NO_BILL)
    answer = standing_of_bill(row, timezone.now())
    with translation.override("pt-br"):
        said = bill_texts(answer.standing.value, answer.why)[0]
    code = answer.why.code if answer.why else None
    return SituacaoDaFatura(
        ref=row.ref, versao=row.version, estado=state_of(answer.standing), motivo=code.value if code else "",
        mensagem=BILL_REFUSED if code is Reason.REFUSED else said, bling_id=row.bling_id, numero=row.order_number,
    )  # fmt: skip
