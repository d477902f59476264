"""The actions about customers of other systems, as `tests/admin/cases.py` has the others."""

from collections.abc import Callable

from integrations.models import ContactWrite, CustomerWrite
from integrations.pipeline.customers import orders
from tests.admin.cases import REASON, Case
from tests.admin.world import Rows


def customer_is(**values: object) -> Callable[[Rows], bool]:
    return lambda rows: CustomerWrite.objects.filter(pk=rows.customer.pk, **values).exists()


def stuck(reason: str) -> Callable[[Rows], object]:
    """Let the customer wait for a person, for a reason."""
    return lambda rows: CustomerWrite.objects.filter(pk=rows.customer.pk).update(state="needs_human", reason=reason)


def without_contact(rows: Rows) -> None:
    """Let Bling have several contacts that may be the customer."""
    CustomerWrite.objects.filter(pk=rows.customer.pk).update(state="ready", reason="", bling_id=None)
    ContactWrite.objects.filter(pk=rows.customer.contact.pk).update(
        state="needs_human", reason="ambiguous", bling_id=None
    )


CUSTOMER_LIST_ACTIONS = [
    Case(
        CustomerWrite, "send_these_again", "customer", "financeiro", "suporte",
        customer_is(state="ready", decision="send_again"), begin=stuck("refused"),
        says="1 cliente é enviado a seguir",
    ),
]  # fmt: skip
CUSTOMER_ACTIONS = [
    Case(
        CustomerWrite, "choose_data", "customer", "operacao", "suporte",
        lambda rows: CustomerWrite.objects.get(pk=rows.customer.pk).choices.get("email", {}).get("side") == "system",
        lambda rows: {**REASON, "asked": orders.asked_of(rows.customer), "field_email": "system"}, says="Decidido",
    ),
    Case(
        CustomerWrite, "decide_contact", "customer", "financeiro", "suporte",
        customer_is(decision="other", contact__state="ready", contact__create_anyway=True), lambda _rows: REASON,
        begin=without_contact, says="Decidido",
    ),
    Case(
        CustomerWrite, "send_again", "customer", "operacao", "suporte", customer_is(state="ready"),
        begin=stuck("refused"), says="Vai em seguida",
    ),
    Case(
        CustomerWrite, "another_customer", "customer", "financeiro", "suporte",
        customer_is(state="ready", decision="other", bling_id=None), lambda _rows: REASON,
        begin=stuck("document_differs"), says="Decidido",
    ),
    Case(
        CustomerWrite, "look_anew", "customer", "financeiro", "suporte",
        customer_is(state="ready", bling_id=None, contact__bling_id=None), lambda _rows: REASON,
        begin=stuck("contact_gone"), says="procurado",
    ),
    Case(
        CustomerWrite, "leave_out", "customer", "financeiro", "suporte", customer_is(state="ignored"),
        lambda _rows: REASON, says="Não será enviada",
    ),
]  # fmt: skip
