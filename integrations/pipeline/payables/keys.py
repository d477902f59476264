"""Keys of programs: made, registered, changed, revoked. The key itself is returned once, and stored nowhere."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from integrations.domain.bodies import fingerprint_of
from integrations.domain.delivery import DeliveryState
from integrations.models import ApiKey, BlingConnection, CustomerWrite, OrderWrite
from integrations.models.api_keys import LONGEST, PREFIX, SHORTEST, KeyKind, digests_of, new_key
from integrations.pipeline.access import mails
from integrations.pipeline.access.mails import addresses
from integrations.pipeline.desk.refusal import Refused, need_reason
from integrations.pipeline.payables.entry import registers_of
from integrations.pipeline.payables.orders import decided_meanwhile

SETTLING = ("settles", "settles_any", "settle_account_id")
"""What says which payables a key may settle."""
_ALLOWED = re.compile(r"[0-9A-Za-z]+\Z")


def make(*, connection: BlingConnection, label: str, user: User, now: datetime, **options: Any) -> tuple[ApiKey, str]:
    """Make a key for a program; return its row, and the key to be shown once."""
    key = new_key()
    return _store(connection, label, key, user, now, is_old=False, **options), key


def register(*, connection: BlingConnection, label: str, key: str, user: User, now: datetime, **options: Any) -> ApiKey:
    """Let a program go on with the key that it has for Bling's API v2. Raises `Refused` for one that is too short, is
    none, or is known already."""
    key = key.strip()
    if not SHORTEST <= len(key) <= LONGEST or not _ALLOWED.match(key) or len(set(key)) < 8:
        raise Refused("key", _("This is no key of Bling's API v2: it has at least %(count)s letters and digits.")
                      % {"count": SHORTEST})  # fmt: skip
    if ApiKey.objects.filter(digest__in=digests_of(key)).exists():
        raise Refused("known", _("This key is registered already, or was revoked. Make a new one."))
    return _store(connection, label, key, user, now, is_old=True, **options)


def change(*, api_key: ApiKey, user: User, now: datetime, **options: Any) -> None:
    """Change how a key's requests are read and what it may do. What lets it settle more counts once a second person
    confirmed it, and so does a higher limit. Raises `Refused` for one that was revoked."""
    with transaction.atomic():
        row = ApiKey.objects.select_for_update(of=("self",)).select_related("connection__tenant").get(pk=api_key.pk)
        if row.revoked_at is not None:
            raise decided_meanwhile()
        before = {name: getattr(row, name) for name in options}
        values = {**options, **_settling(row.connection, options, user, before), **_limits(options, before, user)}
        ApiKey.objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    if _is_looser(before, options):
        _tell(row, user)


def asked_of(api_key: ApiKey) -> str:
    """Return a name for what a second person is asked about a key; another one once anything of that changed."""
    names = ("is_confirmed", *SETTLING, "settle_asked_by_id", "settle_approved_by_id", "limit_asked_by_id")
    return fingerprint_of(
        {
            **{name: getattr(api_key, name) for name in names},
            "limit": str(api_key.limit),
            "next": str(api_key.next_limit),
        }
    )


def confirm(*, api_key: ApiKey, asked: str, user: User, now: datetime) -> None:
    """Confirm, as the second person, that a key may enter payables and, where that was asked for, settle them; `asked`
    names what the person saw. Raises `Refused` for whoever asked for it, and when that is not (any more) asked."""
    with transaction.atomic():
        row = ApiKey.objects.select_for_update().get(pk=api_key.pk)
        if not row.awaits_approval or asked_of(row) != asked:
            raise decided_meanwhile()
        if user.pk in _who_asked(row):
            raise Refused("own", _("Who made a key, or let it settle, cannot confirm it. Somebody else has to."))
        values: dict[str, Any] = {}
        if not row.is_confirmed:
            values |= {"is_confirmed": True, "confirmed_by": user, "confirmed_at": now}
        if row.settles and row.settle_approved_by_id is None:
            values |= {"settle_approved_by": user, "settle_approved_at": now}
        if row.limit_asked_by_id is not None:
            values |= {"limit": row.next_limit, "next_limit": None, "limit_asked_by": None}
        ApiKey.objects.filter(pk=row.pk).update(**values)


def _who_asked(row: ApiKey) -> set[int | None]:
    """Return who asked for what waits for a second person."""
    asked = {row.limit_asked_by_id} | (set() if row.is_confirmed else {row.created_by_id})
    return asked | ({row.settle_asked_by_id} if row.settles and row.settle_approved_by_id is None else set())


def revoke(*, api_key: ApiKey, reason: str, user: User, now: datetime) -> None:
    """Take a key back, at once. Raises `Refused` without a reason, or when it was revoked meanwhile."""
    need_reason(reason)
    values = {"revoked_at": now, "revoked_by": user, "reason": reason.strip()}
    with transaction.atomic():
        if not ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(**values):
            raise decided_meanwhile()
        # Nothing looks through what cannot be sent: another key of the system says it again.
        sent: tuple[QuerySet[Any], ...] = (CustomerWrite.objects.all(), OrderWrite.objects.all())
        for rows in sent:
            rows.filter(api_key=api_key, state=DeliveryState.READY).update(state=DeliveryState.HELD)
    if api_key.contact_email:
        _tell_contact(api_key)


def _store(
    connection: BlingConnection, label: str, key: str, user: User, now: datetime, *, is_old: bool, **options: Any
) -> ApiKey:
    options |= _settling(connection, options, user, {})
    try:
        with transaction.atomic():
            row = ApiKey.objects.create(
                connection=connection, label=label, digest=digests_of(key)[0], prefix=key[:PREFIX], is_old=is_old,
                created_by=user, created_at=now, is_confirmed=False, **options,
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused("known", _("This key is registered already, or was revoked. Make a new one.")) from error
    _tell(row, user)
    return row


def _settling(
    connection: BlingConnection, options: Mapping[str, Any], user: User, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the columns that say who let a key settle: asked for anew, and confirmed by nobody yet, wherever it may
    settle more than before or from another account. Raises `Refused` for an account that Bling does not have."""
    wanted = {name: options[name] for name in SETTLING if name in options}
    nobody = {"settle_asked_by": None, "settle_approved_by": None, "settle_approved_at": None}
    if not wanted.get("settles"):
        return {"settles_any": False, "settle_account_id": 0, **nobody}
    account_id = wanted.get("settle_account_id", 0)
    if account_id and account_id not in registers_of(connection).accounts:
        raise Refused("account", _("Bling has no such bank account, or it is not active."))
    is_same = all(before.get(name) == value for name, value in wanted.items())
    return {} if is_same else {**nobody, "settle_asked_by": user}


def _limits(options: Mapping[str, Any], before: Mapping[str, Any], user: User) -> dict[str, Any]:
    """Return the columns of a key's limit: a lower one counts at once, a higher one, or none, once another person
    confirmed it."""
    if "limit" not in options:
        return {}
    if _is_raised(before["limit"], options["limit"]):
        return {"limit": before["limit"], "next_limit": options["limit"], "limit_asked_by": user}
    return {"next_limit": None, "limit_asked_by": None}


def _is_raised(before: Decimal | None, after: Decimal | None) -> bool:
    return before is not None and (after is None or after > before)


def _is_looser(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether a key may do more than before, or from another account."""
    is_wider = any(after.get(name) and not before[name] for name in ("allows_query", "settles", "settles_any"))
    is_wider = is_wider or ("limit" in after and _is_raised(before["limit"], after["limit"]))
    return is_wider or (bool(after.get("settles")) and after["settle_account_id"] != before["settle_account_id"])


def _tell(row: ApiKey, user: User) -> None:
    """Tell the company what a program may do in its Bling from now on: whoever did not ask for that calls."""
    tenant = row.connection.tenant
    names = {"user": user.get_username(), "company": tenant.name, "label": row.label, "prefix": row.prefix}
    with override(settings.LANGUAGE_CODE):
        subject = _("A key for a program of %(company)s") % names
        let = _(
            "%(user)s let a program enter payables into the Bling of %(company)s (%(label)s, key %(prefix)s…). If "
            "nobody of you asked for that, tell support at once."
        )
        if row.kind == KeyKind.API:
            let = _(
                "%(user)s let another system work with the Bling of %(company)s (%(label)s, key %(prefix)s…; "
                "customers: %(customers)s). If nobody of you asked for that, tell support at once."
            )
        text = let % {**names, "customers": row.get_customers_display()}
        more = [_("It is also to settle payables in Bling.")] if row.settles else []
        more += [_("It may also send bills, which become sales orders in Bling.")] if row.bills else []
        if row.awaits_approval:
            more.append(_("It counts once somebody of finance has confirmed it on the page of the key."))
    mails.send(
        subject,
        "\n\n".join([text, *more]),
        list(dict.fromkeys([*addresses(tenant.alert_emails), *settings.SUPPORT_EMAILS])),
    )


def _tell_contact(row: ApiKey) -> None:
    """Tell who looks after a program that its key was revoked."""
    with override(settings.LANGUAGE_CODE):
        subject = _("A key was revoked")
        text = _(
            "The key %(prefix)s… (%(label)s) of %(company)s was revoked: requests with it are answered with 401 from "
            "now on. Ask support for another one."
        ) % {"company": row.connection.tenant.name, "label": row.label, "prefix": row.prefix}
    mails.send(subject, text, [row.contact_email])
