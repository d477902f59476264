"""Keys of programs: of those that speak to the v2 bridge, and of the adapters that speak to our API. A key itself is
shown once and stored nowhere."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.models.connections import BlingConnection

SHORTEST, LONGEST = 32, 128
"""Characters of a key that a customer brings along."""
PREFIX = 6
"""Characters of a key by which people know it again."""
MOST_SYSTEM = 30
"""Characters of the name of another system."""
_USED_EVERY = timedelta(minutes=1)


class KeyKind(models.TextChoices):
    BRIDGE = "bridge", _("API v2 (bridge)")
    API = "api", _("API for other systems")


class CustomersDirection(models.TextChoices):
    """NONE; IN: the system's customers go to Bling; OUT: it may read Bling's; BOTH."""

    NONE = "", _("No customers")
    IN = "in", _("From the system to Bling")
    OUT = "out", _("From Bling to the system")
    BOTH = "both", _("In both directions")


class Prefers(models.TextChoices):
    """Who is right where both sides changed a field."""

    ASK = "", _("A person says")
    SYSTEM = "system", _("The other system")
    BLING = "bling", _("Bling")


class ParcelValue(models.TextChoices):
    UNSET = "", _("Not said yet")
    EACH = "each", _("The value of each installment")
    TOTAL = "total", _("The value of all installments together")


class UnknownNames(models.TextChoices):
    IGNORE = "ignore", _("Leave them away")
    REFUSE = "refuse", _("Refuse the request")


def new_key() -> str:
    """Return a key as Bling made them: 72 hexadecimal characters."""
    return secrets.token_hex(36)


def digests_of(key: str) -> list[str]:
    """Return what may be stored of a key, by the newest pepper first."""
    return [hmac.new(pepper.encode(), key.encode(), hashlib.sha256).hexdigest() for pepper in settings.KEY_PEPPERS]


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def known(self, key: str, kind: str) -> "ApiKey | None":
        """Return the row of a key of some kind that is not revoked."""
        digests = digests_of(key) if len(key) <= LONGEST else []
        rows = self.filter(digest__in=digests, kind=kind, revoked_at=None).select_related("connection__tenant")
        return next((row for row in rows if any(hmac.compare_digest(row.digest, one) for one in digests)), None)

    def that_settle(self) -> "ApiKeyQuerySet":
        """Return the keys that two people let settle payables, and that are not revoked."""
        return self.filter(settles=True, settle_approved_by__isnull=False, revoked_at=None)

    def that_send_customers(self) -> "ApiKeyQuerySet":
        """Return the keys that a second person let send customers to Bling, and that are not revoked."""
        towards_bling = (CustomersDirection.IN, CustomersDirection.BOTH)
        return self.filter(customers__in=towards_bling, is_confirmed=True, revoked_at=None)

    def that_send_bills(self) -> "ApiKeyQuerySet":
        """Return the keys that a second person let send bills, and that are not revoked."""
        return self.filter(bills=True, is_confirmed=True, revoked_at=None)

    def note_use(self, row: "ApiKey", key: str, now: datetime) -> None:
        """Note that a key was used, at most once a minute. One that was kept with the older pepper is kept with the
        newest from now on, so that the older one can be taken away."""
        newest = digests_of(key)[0]
        old = Q(last_used_at=None) | Q(last_used_at__lt=now - _USED_EVERY)
        self.filter(old | ~Q(digest=newest), pk=row.pk).update(last_used_at=now, digest=newest)


class ApiKey(models.Model):
    """A program that may work with one Bling account: by the bridge, or (`kind`) by our API, for one `system` whose
    names of things are its own. `digest` is HMAC-SHA256 of the key with KEY_PEPPER."""

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="api_keys", verbose_name=_("Bling connection")
    )
    label = models.CharField(_("what uses it"), max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(_("begins with"), max_length=PREFIX, editable=False)
    kind = models.CharField(
        _("kind"), max_length=10, choices=KeyKind, default=KeyKind.BRIDGE, db_default=KeyKind.BRIDGE.value
    )
    system = models.CharField(
        _("system"), max_length=MOST_SYSTEM, blank=True, default="", db_default="",
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*\Z", _("Small letters without accents, digits and hyphens."))],
        help_text=_(
            "A word for the other system, such as “auvo”. Keys of the same word share what that system has sent."
        ),
    )  # fmt: skip
    customers = models.CharField(
        _("customers"), max_length=4, choices=CustomersDirection, blank=True, default="", db_default=""
    )
    bills = models.BooleanField(
        _("may send bills"), default=False, db_default=False,
        help_text=_("They become sales orders in Bling, where the account is switched on for them."),
    )  # fmt: skip
    prefers = models.CharField(
        _("who is right"), max_length=6, choices=Prefers, blank=True, default="", db_default="",
        help_text=_(
            "Where the system and Bling both changed a field. At the first comparison a person says in any case."
        ),
    )  # fmt: skip
    is_old = models.BooleanField(_("key of Bling's API v2"), default=False)
    parcel_value = models.CharField(
        _("value of installments"), max_length=5, choices=ParcelValue, blank=True, default=ParcelValue.UNSET,
        help_text=_(
            "What “valor” of an occurrence P means. Bling's documentation does not say; until somebody does, such "
            "requests are answered with 905."
        ),
    )  # fmt: skip
    unknown_names = models.CharField(
        _("unknown categories and portadores"), max_length=6, choices=UnknownNames, default=UnknownNames.IGNORE
    )
    window_hours = models.PositiveSmallIntegerField(
        _("hours within which a request is the same"), default=24,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
        help_text=_("Of requests with a document number. Without one, it is ten minutes."),
    )  # fmt: skip
    allows_query = models.BooleanField(
        _("key in the address"), default=False,
        help_text=_("Addresses are written into logs of proxies. Only for programs that cannot send it otherwise."),
    )  # fmt: skip
    success_status = models.PositiveSmallIntegerField(
        _("HTTP status of success"), choices=[(201, "201"), (200, "200")], default=201
    )
    limit = models.DecimalField(
        _("limit of 24 hours"), max_digits=15, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(0)],
        help_text=_(
            "In reais. What it enters above that within 24 hours waits for a person, and what it wants settled above "
            "that is refused. A payable that repeats counts with a year of it. Empty: no limit."
        ),
    )  # fmt: skip
    next_limit = models.DecimalField(
        _("limit asked for"), max_digits=15, decimal_places=2, null=True, blank=True, editable=False
    )
    limit_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("limit asked for by")
    )
    settles = models.BooleanField(
        _("may settle payables"), default=False, db_default=False,
        help_text=_(
            "Those that this bridge entered; somebody of finance confirms it before it counts. The account has to be "
            "switched on for it, too."
        ),
    )  # fmt: skip
    settles_any = models.BooleanField(
        _("may settle every open payable"), default=False, db_default=False,
        help_text=_("Also those that the bridge did not enter, except those of confidential categories."),
    )  # fmt: skip
    settle_account_id = models.BigIntegerField(
        _("bank account of settlements"), default=0, db_default=0,
        help_text=_("Bling's id of the portador for payables that name none; without one they are not settled."),
    )  # fmt: skip
    settle_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("settling asked for by")
    )
    settle_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("settling confirmed by")
    )
    settle_approved_at = models.DateTimeField(_("settling confirmed at"), null=True)
    is_confirmed = models.BooleanField(_("confirmed by a second person"), default=True, db_default=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    contact_email = models.EmailField(
        _("e-mail of who looks after the program"), blank=True, default="", db_default="",
        help_text=_("Told when the key is revoked."),
    )  # fmt: skip
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("made at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("revoked by")
    )
    reason = models.TextField(_("reason"), blank=True, default="")

    objects = ApiKeyQuerySet.as_manager()

    if TYPE_CHECKING:
        connection_id: int
        created_by_id: int
        limit_asked_by_id: int | None
        settle_asked_by_id: int | None
        settle_approved_by_id: int | None

    class Meta:
        verbose_name = _("key of a program")
        verbose_name_plural = _("keys of programs")
        default_permissions = ("view",)
        permissions = [
            ("manage_apikey", "Can make, register and revoke keys of the bridge"),
            ("approve_apikey", "Can confirm keys of the bridge, and that they may settle"),
        ]
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(settle_approved_by=None) | ~Q(settle_approved_by=models.F("settle_asked_by")),
                name="api_key_settling_has_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=models.F("created_by")),
                name="api_key_has_two_persons",
            ),
            models.CheckConstraint(
                condition=Q(kind="bridge", system="", customers="", bills=False)
                | (Q(kind="api", settles=False) & ~Q(system="")),
                name="api_key_is_of_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"

    @property
    def may_enter(self) -> bool:
        """Say whether a second person let it enter payables, and it is not revoked."""
        return self.kind == KeyKind.BRIDGE and self.is_confirmed and self.revoked_at is None

    @property
    def may_send_customers(self) -> bool:
        """Say whether a second person let it send customers to Bling, and it is not revoked (`that_send_customers`)."""
        return self._may_customers(CustomersDirection.IN)

    @property
    def may_send_bills(self) -> bool:
        """Say whether a second person let it send bills, and it is not revoked (`that_send_bills`)."""
        return self.bills and self.is_confirmed and self.revoked_at is None

    @property
    def may_read_customers(self) -> bool:
        """Say whether a second person let it read Bling's customers, and it is not revoked."""
        return self._may_customers(CustomersDirection.OUT)

    def _may_customers(self, direction: CustomersDirection) -> bool:
        is_let = self.customers in (direction, CustomersDirection.BOTH)
        return is_let and self.is_confirmed and self.revoked_at is None

    @property
    def may_settle(self) -> bool:
        """Say whether two people let it settle payables, and it is not revoked."""
        return self.settles and self.settle_approved_by_id is not None and self.revoked_at is None

    @property
    def awaits_approval(self) -> bool:
        """Say whether a second person has to confirm that it may enter payables, settle them, or do more of that in a
        day (`next_limit`; the limit of before counts until then)."""
        asks = not self.is_confirmed or (self.settles and self.settle_approved_by_id is None)
        asks = asks or self.limit_asked_by_id is not None
        return asks and self.revoked_at is None
