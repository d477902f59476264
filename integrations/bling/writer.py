"""Writes to Bling's API v3: each is sent once. Knows no Django: credentials, slots and addresses are given to it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from integrations.bling import bodies, order_bodies
from integrations.bling.client import Access, headers_of
from integrations.bling.contacts import WholeContact
from integrations.bling.errors import SERVICE, body_of, error_of
from integrations.bling.order_bodies import Filled
from integrations.bling.whole_orders import WholeOrder
from integrations.domain.payables import DesiredContact, DesiredPayable, DesiredSettlement
from integrations.rest.address import Address
from integrations.rest.errors import ApiError, RateLimitedError, RejectedError, UnauthorizedError, UncertainError
from integrations.rest.limits import Slots, take
from integrations.rest.session import Session, send

NO_CONTENT = 204
IDENTICAL = ("VENDAS", "3")
MaySend = Callable[[], None]
"""Asked right before each sending; raises when the caller's claim is over."""


class BlingWriter:
    """Bling's writes for one connection. A write whose outcome is unknown raises `UncertainError`: nothing is tried
    again but what Bling refused for an old token, once, and only as long as `may_send` allows it.

    `access` is asked before each sending, and raises where it may be that of another company.
    """

    def __init__(
        self,
        *,
        address: Address,
        access: Callable[[], Access],
        slots: Slots,
        renew: Callable[[], Access],
        session: Session | None = None,
    ) -> None:
        self._address = address
        self._access = access
        self._slots = slots
        self._renew = renew
        self._session = session or Session(address)
        self.requests = 0

    def create_contact(self, desired: DesiredContact, *, type_ids: tuple[int, ...], may_send: MaySend) -> int:
        """Create a contact and return its id (POST /contatos). Raises `RejectedError`, among them for a CPF or CNPJ
        that another contact has."""
        return self._create("/contatos", bodies.contact(desired, type_ids=type_ids), may_send)

    def change_contact(
        self, whole: WholeContact, wanted: DesiredContact, *, type_ids: tuple[int, ...], may_send: MaySend
    ) -> None:
        """Make a contact that was just read what is `wanted` (PUT /contatos/{id})."""
        body = bodies.changed_contact(whole, wanted, type_ids=type_ids)
        self.change_as("/contatos", whole.bling_id, body, may_send=may_send)

    def create_order(self, filled: Filled, *, may_send: MaySend) -> int:
        """Create a sales order and return its id (POST /pedidos/vendas)."""
        return self._create("/pedidos/vendas", order_bodies.order(filled), may_send)

    def change_order(self, whole: WholeOrder, filled: Filled, *, may_send: MaySend) -> None:
        """Make an order that was just read what is wanted (PUT /pedidos/vendas/{id}); Bling replaces the whole."""
        path, operation = f"/pedidos/vendas/{whole.id}", "PUT /pedidos/vendas/{id}"
        self._send("PUT", path, order_bodies.changed_order(whole, filled), operation, may_send)

    def create_payable(self, desired: DesiredPayable, *, contact_id: int, may_send: MaySend) -> int:
        """Create a payable and return its id (POST /contas/pagar)."""
        return self.create_payable_as(bodies.payable(desired, contact_id=contact_id), may_send=may_send)

    def create_payable_as(self, body: Mapping[str, Any], *, may_send: MaySend) -> int:
        """Create a payable of just this body, which a probe makes, and return its id."""
        return self._create("/contas/pagar", body, may_send)

    def remove_payable(self, bling_id: int, *, may_send: MaySend) -> None:
        """Delete a payable (DELETE /contas/pagar/{id}); only a probe does, and only its own."""
        self._send("DELETE", f"/contas/pagar/{bling_id}", None, "DELETE /contas/pagar/{id}", may_send)

    def change_as(self, path: str, bling_id: int, body: Mapping[str, Any], *, may_send: MaySend) -> None:
        """Change a payable or a contact (`path`) by just this body (PUT); of payables only a probe does, and only its
        own."""
        self._send("PUT", f"{path}/{bling_id}", body, f"PUT {path}/{{id}}", may_send)

    def remove_bordero(self, bling_id: int, *, may_send: MaySend) -> None:
        """Undo a payment with all its lines (DELETE /borderos/{id}); only a probe does, and only of its own payable."""
        self._send("DELETE", f"/borderos/{bling_id}", None, "DELETE /borderos/{id}", may_send)

    def settle_payable(self, desired: DesiredSettlement, *, may_send: MaySend) -> int:
        """Settle a whole payable and return the id of the borderô (POST /contas/pagar/{id}/baixar). Every call that
        Bling takes is a payment."""
        path, operation = f"/contas/pagar/{desired.title_id}/baixar", "POST /contas/pagar/{id}/baixar"
        answer = self._send("POST", path, bodies.settlement(desired), operation, may_send)
        return _id_of(answer, operation, "bordero")

    def _create(self, path: str, body: Mapping[str, Any], may_send: MaySend) -> int:
        operation = f"POST {path}"
        return _id_of(self._send("POST", path, body, operation, may_send), operation)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, operation: str, may_send: MaySend
    ) -> Mapping[str, Any]:
        try:
            return self._write(method, path, body, operation, may_send)
        except UnauthorizedError:
            self._renew()
            return self._write(method, path, body, operation, may_send)

    def _write(
        self, method: str, path: str, body: Mapping[str, Any] | None, operation: str, may_send: MaySend
    ) -> Mapping[str, Any]:
        """Send once; return what Bling answered a success with, nothing where that has no content (204)."""
        take(self._slots)
        headers = {**headers_of(self._access()), "Content-Type": "application/json"}
        may_send()
        self.requests += 1
        try:
            answer = send(
                self._session, method, f"{self._address}{path}", service=SERVICE, operation=operation, is_write=True,
                data=json.dumps(body) if body is not None else None, headers=headers,
            )  # fmt: skip
            shown = {} if answer.status == NO_CONTENT else body_of(answer, statuses=(200, 201))
            if shown is None:
                raise error_of(answer, operation, is_write=True)
        except ApiError as error:
            if isinstance(error, RateLimitedError):
                self._slots.push_back(error)
            self._slots.note(error)
            raise
        self._slots.note(None)
        return shown


def is_identical(refusal: RejectedError) -> bool:
    """Say whether an order was refused as one that is what was saved last (VENDAS 3)."""
    return any((field.namespace, field.code) == IDENTICAL for field in refusal.fields)


def _id_of(body: Mapping[str, Any], operation: str, of: str = "") -> int:
    """Return the id of what was made, or of the object `of` in the answer; Bling names it with and without the
    envelope `data`."""
    inner = body.get("data", body)
    if of:
        inner = inner.get(of) if isinstance(inner, Mapping) else None
    found = inner.get("id") if isinstance(inner, Mapping) else None
    if isinstance(found, str) and found.isascii() and found.isdecimal():
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or found <= 0:
        raise UncertainError("done, but no id was named", service=SERVICE, operation=operation, code="says_nothing")
    return found
