"""The actions about bills of other systems, as `tests/admin/cases.py` has the others."""

from collections.abc import Callable

from integrations.models import BlingAttempt, ContactWrite, OrderWrite
from tests.admin.cases import REASON, Case
from tests.admin.world import Rows


def bill_is(**values: object) -> Callable[[Rows], bool]:
    return lambda rows: OrderWrite.objects.filter(pk=rows.bill.pk, **values).exists()


def stuck(reason: str) -> Callable[[Rows], object]:
    """Let the bill wait for a person, for a reason."""
    return lambda rows: OrderWrite.objects.filter(pk=rows.bill.pk).update(state="needs_human", reason=reason)


def unknown(rows: Rows) -> None:
    """Let nobody know what became of the last write."""
    stuck("look_up_failed")(rows)
    OrderWrite.objects.filter(pk=rows.bill.pk).update(bling_id=None)
    BlingAttempt.objects.filter(order=rows.bill.pk).update(outcome="uncertain")


def without_contact(rows: Rows) -> None:
    """Let Bling have several contacts that may be the customer."""
    OrderWrite.objects.filter(pk=rows.bill.pk).update(state="ready", reason="", bling_id=None)
    ContactWrite.objects.filter(pk=rows.bill.contact.pk).update(state="needs_human", reason="ambiguous", bling_id=None)


BILL_LIST_ACTIONS = [
    Case(
        OrderWrite, "send_these_again", "bill", "financeiro", "suporte",
        bill_is(state="ready", decision="send_again"), begin=stuck("refused"), says="1 fatura é enviada a seguir",
    ),
]  # fmt: skip
BILL_ACTIONS = [
    Case(
        OrderWrite, "decide_contact", "bill", "financeiro", "suporte",
        bill_is(decision="send_again", contact__state="ready", contact__create_anyway=True), lambda _rows: REASON,
        begin=without_contact, says="Decidido",
    ),
    Case(
        OrderWrite, "send_again", "bill", "operacao", "suporte", bill_is(state="ready"), begin=stuck("refused"),
        says="Vai em seguida",
    ),
    Case(
        OrderWrite, "overwrite", "bill", "operacao", "suporte", bill_is(state="ready", decision="overwrite"),
        lambda _rows: REASON, says="Vai em seguida",
    ),
    Case(
        OrderWrite, "is_not_there", "bill", "financeiro", "suporte", bill_is(state="ready", decision="not_there"),
        lambda _rows: REASON, begin=unknown, says="Vai em seguida",
    ),
    Case(
        OrderWrite, "leave_out", "bill", "financeiro", "suporte", bill_is(state="ignored"), lambda _rows: REASON,
        says="Não será enviada",
    ),
]  # fmt: skip
