"""What an authorization may do: asking a customer for writing, or for no more than reading, and what stands of it.

Asking changes nothing but what the customer is asked for next. What they consent to is judged before it is stored:
where anything of it is not proved, the new tokens are dropped, and the old ones are as they were.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.bling.auth import TokenPair
from integrations.bling.client import BlingClient
from integrations.models import (
    AuthorizationRequest,
    BlingAccess,
    BlingConnection,
    BlingToken,
    BlingWriting,
    ConnectionEvent,
)
from integrations.models.bling_writing import SWITCHED_OFF
from integrations.models.connections import ConnectionStatus
from integrations.pipeline.access.apps import app_for, platform_app
from integrations.pipeline.access.identity import doubt, proved
from integrations.pipeline.access.tokens import other_owner, store_tokens
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.rest.errors import ApiError

NOTHING_NEXT = {"next_access": "", "next_client_id": "", "next_client_secret": ""}
_SWITCHED = {BlingAccess.WRITE: "write_access", BlingAccess.READ: "read_access"}
_ASKED = {BlingAccess.WRITE: "write_asked", BlingAccess.READ: "read_asked"}


class Proof(StrEnum):
    """Whether Bling named every scope that writing needs."""

    PROVED = "proved"
    MISSING = "missing"
    UNPROVED = "unproved"


@dataclass(frozen=True)
class Drop:
    """Why new tokens are not stored: the code of an outcome, and its detail."""

    code: str
    detail: str = ""


def may_ask(connection: BlingConnection) -> bool:
    """Say whether there is a choice: a customer with an own app makes a second one, the others use the platform's."""
    return bool(connection.client_id or settings.BLING_WRITE_CLIENT_ID)


def proof_of(scopes: str) -> tuple[Proof, list[str]]:
    """Return whether scopes that a token's answer named hold all that writing needs, and those that are missing."""
    needed, named = settings.BLING_WRITE_SCOPES, set(scopes.split())
    if not needed or not named:
        return Proof.UNPROVED, []
    missing = [scope for scope in needed if scope not in named]
    return (Proof.MISSING, missing) if missing else (Proof.PROVED, [])


def missing_access(connection: BlingConnection) -> list[str]:
    """Return what is missing of the access that live writing needs, as sentences."""
    token = BlingToken.objects.filter(connection=connection).first()
    proof, missing = proof_of(token.scopes if token else "")
    found = []
    if proof is Proof.MISSING:
        text = _("Bling did not give the permissions that writing needs (scope ids %(ids)s): tick them in a new app.")
        found.append(text % {"ids": ", ".join(missing)})
    elif _is_taken_back(connection) or (_is_to_be_asked(connection) and proof is not Proof.PROVED):
        found.append(_("Ask the customer for access to read and write (“Access to Bling”): it was given for reading."))
    if token is not None and token.company_checked_version != token.version:
        found.append(_("Sync once: whose account the present authorization opens was not read yet."))
    return found


def _is_to_be_asked(connection: BlingConnection) -> bool:
    """Say whether writing needs the customer's word, which was not given: the platform has an app for it."""
    return bool(settings.BLING_WRITE_CLIENT_ID) and connection.access != BlingAccess.WRITE


def _is_taken_back(connection: BlingConnection) -> bool:
    """Say whether access went back to reading, or is about to, whatever the tokens may still do."""
    is_asked = connection.next_access == BlingAccess.READ
    return is_asked or (connection.access != BlingAccess.WRITE and was_for_writing(connection))


def was_for_writing(connection: BlingConnection) -> bool:
    """Say whether a customer ever let an account be written to."""
    return bool(connection.pk) and BlingConnection.history.filter(id=connection.pk, access=BlingAccess.WRITE).exists()


def unproved(connection: BlingConnection) -> str:
    """Say that nothing proves what an authorization may write; empty where Bling named its scopes."""
    token = BlingToken.objects.filter(connection=connection).first()
    if token is None or proof_of(token.scopes)[0] is not Proof.UNPROVED:
        return ""
    return _("Not proved: whether the app may write. Make sure that its scopes are ticked; the first write shows it.")


def ask(
    *,
    connection: BlingConnection,
    access: str,
    client_id: str,
    client_secret: str,
    reason: str,
    user: User,
    now: datetime,
) -> BlingConnection:
    """Choose what the customer is asked for next; what stands already withdraws what was asked for. Back to reading
    switches writing off at once. Raises `Refused` without a reason, and where there is nothing to ask by."""
    need_reason(reason)
    wanted = BlingAccess(access)
    with transaction.atomic():
        if wanted is BlingAccess.READ:
            _switch_off(connection, reason, user, now)
        locked = BlingConnection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        if wanted == locked.access:
            changes, code = _withdrawn(locked), "access_kept"
        else:
            changes = _asked(locked, wanted, client_id.strip(), client_secret)
            code = _SWITCHED[wanted] if "access" in changes else _ASKED[wanted]
        _save(locked, changes, reason=reason, user=user)
        ConnectionEvent.objects.create(connection=locked, at=now, code=code, user=user)
    return locked


def _withdrawn(connection: BlingConnection) -> dict[str, Any]:
    if not connection.next_access:
        raise Refused("changed", _("Nothing else was asked for."))
    return NOTHING_NEXT


def _asked(connection: BlingConnection, access: BlingAccess, client_id: str, client_secret: str) -> dict[str, Any]:
    if not connection.company_id:
        raise Refused("not_ready", _("Connect it for reading first: whose account this is was not read yet."))
    if access is BlingAccess.READ and not (client_id or (platform_app(access) and not connection.client_id)):
        return {"access": access, **NOTHING_NEXT}  # without another app there is nothing to consent to
    if not connection.client_id:
        if not platform_app(access):
            raise Refused("no_app", _("The platform has no Bling app for that."))
        return {**NOTHING_NEXT, "next_access": access}
    if not client_id or not client_secret:
        raise Refused("no_app", _("Give the client id and the client secret of the customer's second app."))
    if client_id in (connection.client_id, settings.BLING_CLIENT_ID, settings.BLING_WRITE_CLIENT_ID):
        text = _("This app is used already. Editing its scopes would disconnect who uses it: make a second one.")
        raise Refused("same_app", text)
    return {"next_access": access, "next_client_id": client_id, "next_client_secret": client_secret}


def _switch_off(connection: BlingConnection, reason: str, user: User, now: datetime) -> None:
    writing = BlingWriting.objects.select_for_update().filter(connection=connection).first()
    if writing is None:
        return
    before = switches_of(writing)
    for name, value in SWITCHED_OFF.items():
        setattr(writing, name, value)
    if before != SWITCHED_OFF:
        _note(writing, reason, user)
        writing.save(update_fields=sorted(SWITCHED_OFF))
        tell_switches(writing, before, reason=reason, user=user, now=now)


def switches_of(writing: BlingWriting) -> dict[str, Any]:
    """Return how the switches of an account stand."""
    return {name: getattr(writing, name) for name in SWITCHED_OFF}


def tell_switches(writing: BlingWriting, before: Mapping[str, Any], *, reason: str, user: User, now: datetime) -> None:
    """Tell on a connection's timeline which switches of its writing differ from what they were."""
    codes = [f"writing_{writing.mode}"] if writing.mode != before["mode"] else []
    for name, code in (("settles", "settling"), ("changes_contacts", "contacts"), ("writes_orders", "orders")):
        is_on = getattr(writing, name)
        codes += [f"{code}_{'on' if is_on else 'off'}"] if is_on != before[name] else []
    for code in codes:
        ConnectionEvent.objects.create(
            connection_id=writing.connection_id, at=now, code=code, detail=reason.strip()[:200], user=user
        )


def _save(connection: BlingConnection, changes: dict[str, Any], *, reason: str, user: User | None) -> None:
    for name, value in changes.items():
        setattr(connection, name, value)
    _note(connection, reason, user)
    connection.save(update_fields=sorted(changes))


def _note(row: Any, reason: str, user: User | None) -> None:
    row._change_reason, row._history_user = reason.strip()[:100] or None, user  # simple-history's


def is_still_asked(request: AuthorizationRequest, connection: BlingConnection) -> bool:
    """Say whether an authorization is for what stands, or is asked for, now. One of before apps were stored is for
    what stands."""
    if request.access and request.access != connection.next_access:
        return False
    return request.client_id in ("", app_for(connection, request.access))


def lock_asked(request: AuthorizationRequest) -> BlingConnection | None:
    """Lock the token and the connection of an authorization that is to be stored; `None` where something else stands,
    or is asked for, meanwhile."""
    # The token before the connection, as everywhere: a refresh holds the token's lock while it calls Bling.
    BlingToken.objects.select_for_update(no_key=True).filter(connection=request.connection_id).first()
    connection = BlingConnection.objects.select_for_update(no_key=True).get(pk=request.connection_id)
    return connection if is_still_asked(request, connection) else None


def judge(
    connection: BlingConnection, pair: TokenPair, client: BlingClient, access: str, probe: Callable[[], list[str]]
) -> Drop | None:
    """Return why tokens that are to replace what stands are dropped; `None` where everything is proved: the company is
    that of the connection, everything that is read can be read, and no scope that writing needs is known to be missing.

    `probe` returns the scopes for reading that are missing, and raises where one cannot be tried.
    """
    try:
        company = client.company()
        if doubt(connection, company) or other_owner(connection, company.id) is not None:
            return Drop("switch_other_company", company.nome)
        missing = probe()
    except ApiError as error:
        return Drop("switch_unread", error.kind)
    if missing:
        return Drop("switch_missing_scopes", ", ".join(missing))
    proof, lacking = proof_of(pair.scopes)
    if access == BlingAccess.WRITE and proof is Proof.MISSING:
        return Drop("switch_no_writing", ", ".join(lacking))
    BlingConnection.objects.filter(pk=connection.pk).update(**proved(company))
    return None


def switch(request: AuthorizationRequest, pair: TokenPair, *, now: datetime) -> Drop | None:
    """Put judged tokens, their app and their access in place of what stands, all at once; returns why not where
    something else was asked for meanwhile."""
    with transaction.atomic():
        connection = lock_asked(request)
        if connection is None or connection.status == ConnectionStatus.HELD:
            return Drop("superseded")
        own = {}
        if connection.next_client_id:
            own = {"client_id": connection.next_client_id, "client_secret": connection.next_client_secret}
        is_paused = connection.status == ConnectionStatus.PAUSED
        store_tokens(
            connection, pair, now=now, client_id=request.client_id, is_checked=True,
            status=ConnectionStatus.PAUSED if is_paused else ConnectionStatus.CONNECTED,
        )  # fmt: skip
        _save(connection, {**own, "access": request.access, **NOTHING_NEXT}, reason="", user=request.user)
        ConnectionEvent.objects.create(
            connection=connection, at=now, code=_SWITCHED[BlingAccess(request.access)], user_id=request.user_id
        )
    return None
