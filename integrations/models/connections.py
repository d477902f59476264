"""Connections to Bling and Kamino, and the tokens, which live apart: no form and no history ever sees them."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from integrations.domain.rules import PayableNumber
from integrations.domain.settlement import PaidAmount
from integrations.models.fields import EncryptedTextField
from integrations.models.moments import moment
from integrations.models.tenants import Tenant
from integrations.models.title_lists import TitleLists
from integrations.words.errors import failure_text

DISCONNECTED = "disconnected"
"""The cause of a connection's status after "Desconectar"."""
EXPIRING_AFTER = timedelta(days=20)


class ConnectionStatus(models.TextChoices):
    NEVER = "never", _("Never connected")
    CONNECTED = "connected", _("Connected")
    RECONNECT = "reconnect", _("Needs reconnection")
    PAUSED = "paused", _("Paused")
    HELD = "held", _("Held: the company is to be confirmed")


class BlingAccess(models.TextChoices):
    """What an authorization is for."""

    READ = "read", _("read only")
    WRITE = "write", _("read and write")


class PaidAmountChoice(models.TextChoices):
    UNKNOWN = PaidAmount.UNKNOWN.value, _("not known: what can be read in two ways waits")
    PRINCIPAL = PaidAmount.PRINCIPAL.value, _("the principal: interest, discount and fee stand beside it")
    NET = PaidAmount.NET.value, _("the net amount: interest is in it, the discount is off it")


class BlingConnection(models.Model):
    """One authorization of one Bling account.

    `company_id` is Bling's hexadecimal id of the company that is mirrored, `came_company_id` of one that waits for
    support's word, `accepted_company_id` of one that support has accepted although nothing proved it.

    `next_access`, and for an own app `next_client_id` and `next_client_secret`, are what the customer is asked for.
    They become `access` and the app with the authorization that the customer gives by them; until then nothing changes.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="bling_connections", verbose_name=_("company"))
    label = models.CharField(_("label"), max_length=100, default="Bling")
    client_id = models.CharField(
        _("client id"), max_length=200, blank=True, help_text=_("Empty: the platform's own Bling app is used.")
    )
    client_secret = EncryptedTextField(_("client secret"), blank=True, default="")
    access = models.CharField(
        _("access to Bling"), max_length=5, choices=BlingAccess, default=BlingAccess.READ, db_default=BlingAccess.READ,
        editable=False,
    )  # fmt: skip
    next_access = models.CharField(
        _("access that the customer is asked for"), max_length=5, choices=BlingAccess, blank=True, default="",
        db_default="", editable=False,
    )  # fmt: skip
    next_client_id = models.CharField(
        _("client id of the next app"), max_length=200, blank=True, default="", db_default="", editable=False
    )
    next_client_secret = EncryptedTextField(blank=True, default="", db_default="", editable=False)
    status = models.CharField(
        _("status"), max_length=12, choices=ConnectionStatus.choices, default=ConnectionStatus.NEVER
    )
    status_cause = models.TextField(_("cause"), blank=True, default="")
    company_id = models.CharField(_("Bling company id"), max_length=64, blank=True, default="")
    company_name = models.CharField(_("company in Bling"), max_length=200, blank=True, default="")
    company_cnpj = models.CharField(_("CNPJ in Bling"), max_length=18, blank=True, default="")
    code_prefix = models.CharField(
        _("code prefix"),
        max_length=10,
        blank=True,
        default="",
        help_text=_("Put before Bling's ids in Kamino; needed for a company's second connection."),
    )
    paid_amount = models.CharField(
        _("the paid amount (valorPago) is"),
        max_length=10,
        choices=PaidAmountChoice,
        default=PaidAmountChoice.UNKNOWN,
        help_text=_("Compare a payment with interest or a fee in Bling with the bank statement before you choose."),
    )
    came_company_id = models.CharField(max_length=64, blank=True, default="", editable=False)
    accepted_company_id = models.CharField(max_length=64, blank=True, default="", editable=False)
    registers_read_at = models.DateTimeField(_("registers read at"), null=True, blank=True)
    contacts_read_until = models.DateTimeField(null=True, blank=True, editable=False)
    planned_at = models.DateTimeField(null=True, blank=True, editable=False)
    swept_at = models.DateTimeField(_("last full sweep"), null=True, blank=True)
    deletions_confirmed = models.PositiveIntegerField(
        _("deletions confirmed"), default=0, help_text=_("The next run may find so many titles deleted.")
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["client_secret", "next_client_secret"])

    if TYPE_CHECKING:
        token: "BlingToken"
        tenant_id: int

    class Meta:
        verbose_name = _("Bling connection")
        verbose_name_plural = _("Bling connections")
        ordering = ["tenant__name", "label"]
        permissions = [("connect_blingconnection", "Can connect and disconnect a Bling account")]
        indexes = [models.Index(fields=["company_id"], name="connection_of_company")]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "label"], name="one_label_per_tenant"),
            models.UniqueConstraint(fields=["tenant", "code_prefix"], name="one_code_prefix_per_tenant"),
            models.UniqueConstraint(
                fields=["company_id"],
                condition=Q(status__in=["connected", "reconnect", "paused"]) & ~Q(company_id=""),
                name="one_live_connection_per_bling_company",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant} · {self.label}"

    def status_text(self) -> str:
        """Name the status; one that a person disconnected was connected once."""
        was_connected = self.status == ConnectionStatus.NEVER and self.status_cause == DISCONNECTED
        return gettext("Disconnected") if was_connected else str(self.get_status_display())

    @property
    def may_be_accepted(self) -> bool:
        """Say whether support may accept the company that came: never for a connection that mirrors another one."""
        came = self.came_company_id or self.company_id
        return self.status == ConnectionStatus.HELD and bool(came) and self.company_id in ("", came)

    def is_expiring(self, now: datetime) -> bool:
        """Say whether the authorization was not refreshed for so long that it will soon expire (30 days unused)."""
        token = getattr(self, "token", None)
        return token is not None and token.refreshed_at < now - EXPIRING_AFTER


class Waiting(models.IntegerChoices):
    """Who waits for a newer token, besides whatever works by itself. Whoever waits with more comes first."""

    NOBODY = 0
    RUN = 1
    """A sync run that somebody asked for, by a button or a command."""
    PERSON = 2
    """A person who asked for a title."""


class BlingToken(models.Model):
    """The current pair of tokens. Written only by `pipeline/access/tokens` under this row's lock.

    `authorized_at`: when its owner consented last. `client_id`: the app it was given to; empty where that was not
    stored, which `pipeline/access/apps` resolves. `scopes`: the ids that Bling's answer named; empty: it named none.
    `company_checked_version` equal to `version` means: whose account it opens was read with this pair, or with one that
    this pair was renewed from.
    `waiting`, `waits_since`: a person's place in the line for the next refreshes (`pipeline/access/token_line`).
    `refresh_started_version` equal to `version` means: a refresh was begun and its result never saved.
    """

    connection = models.OneToOneField(BlingConnection, models.CASCADE, related_name="token")
    access_token = EncryptedTextField()
    refresh_token = EncryptedTextField()
    kind = models.CharField(max_length=10)
    client_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    scopes = models.TextField(blank=True, default="", db_default="")
    company_checked_version = models.PositiveIntegerField(default=0, db_default=0)
    expires_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    authorized_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    refresh_started_at = models.DateTimeField(null=True)
    refresh_started_version = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    waiting = models.PositiveSmallIntegerField(choices=Waiting, default=Waiting.NOBODY, db_default=Waiting.NOBODY)
    waits_since = models.DateTimeField(null=True)
    given_digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["expires_at"], name="token_expires"),
            models.Index(fields=["refreshed_at"], name="token_refreshed"),
        ]

    def was_given(self, refresh_token: str) -> bool:
        """Say whether this refresh token is the one that was once entered from outside (kept as a digest only)."""
        return self.given_digest == hashlib.sha256(refresh_token.encode()).hexdigest()

    def note_given(self) -> None:
        """Remember the current refresh token as entered from outside."""
        self.given_digest = hashlib.sha256(self.refresh_token.encode()).hexdigest()

    def __str__(self) -> str:
        return f"token of {self.connection_id}, version {self.version}"

    if TYPE_CHECKING:
        connection_id: int


class PayableNumberChoice(models.TextChoices):
    TEXT = PayableNumber.TEXT.value, _("as in Bling")
    DIGITS = PayableNumber.DIGITS.value, _("its digits only")
    LEFT_OUT = PayableNumber.LEFT_OUT.value, _("left out (the description names it)")


class KaminoConnection(TitleLists):
    """A company's keys at Kamino, and the row that is leased while one call for it is in flight."""

    tenant = models.OneToOneField(Tenant, models.PROTECT, related_name="kamino_connection", verbose_name=_("company"))
    base_url = models.CharField(_("address"), max_length=200, help_text=_("For example https://suaempresa.kamino.tech"))
    app = EncryptedTextField(_("App"))
    cn = models.CharField(_("CN (company id)"), max_length=100)
    id_usr = EncryptedTextField(_("IDUsr"))
    usr = EncryptedTextField(_("Usr"))
    hash = EncryptedTextField(_("Hash"))
    requests_per_minute = models.PositiveIntegerField(_("requests per minute"), null=True, blank=True)
    allow_unconfirmed = models.BooleanField(
        _("use unconfirmed operations"),
        default=False,
        help_text=_(
            "Writing payables, cancelling, and the second address of the receivables' list are not confirmed by Kamino."
        ),
    )
    lists_are_complete = models.BooleanField(
        _("lists show every status"),
        default=False,
        help_text=_("Proved with Kamino: a title that its list does not show does not exist."),
    )
    payable_number = models.CharField(
        _("document number of payables"),
        max_length=10,
        choices=PayableNumberChoice,
        default=PayableNumberChoice.TEXT,
        help_text=_("Whether Kamino takes letters here is not confirmed: “kamino_probe --write” tries it."),
    )
    is_paused = models.BooleanField(_("paused"), default=False)
    failure = models.JSONField(_("last error"), default=dict, editable=False)
    registers_read_at = models.DateTimeField(_("registers read at"), null=True, blank=True, editable=False)
    reconciled_at = models.DateTimeField(_("reconciled at"), null=True, blank=True, editable=False)
    reconcile_cursor = models.JSONField(default=dict, editable=False)
    reconcile_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    guarded_at = models.DateTimeField(_("double payments looked for at"), null=True, blank=True, editable=False)
    default_cost_center = models.ForeignKey(
        "integrations.KaminoItem", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("default cost center"),
    )  # fmt: skip
    default_business_unit = models.ForeignKey(
        "integrations.KaminoItem", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("default business unit"),
    )  # fmt: skip
    served_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)

    SECRETS = ("app", "id_usr", "usr", "hash")

    history = HistoricalRecords(
        excluded_fields=[
            *SECRETS,
            "failure",
            "served_at",
            "lease_until",
            "fence",
            "reconcile_cursor",
            "reconcile_asked_at",
            "guarded_at",
            "list_answers",
            "payable_list_failure",
            "receivable_list_failure",
            "payable_list_waits_until",
            "receivable_list_waits_until",
        ]
    )

    if TYPE_CHECKING:
        tenant_id: int

    class Meta:
        verbose_name = _("Kamino connection")
        verbose_name_plural = _("Kamino connections")
        ordering = ["tenant__name"]
        permissions = [
            ("test_kaminoconnection", "Can test a Kamino connection"),
            ("decide_titlelist", "Can say that Kamino has no list of titles"),
        ]
        indexes = [models.Index(fields=["cn"], name="kamino_connection_cn")]
        constraints = [models.UniqueConstraint(fields=["base_url", "cn"], name="one_connection_per_kamino_company")]

    @property
    def error(self) -> str:
        """The sentence for `failure`, the last call that Kamino refused; empty when it works."""
        return failure_text(self.failure)

    def __str__(self) -> str:
        return f"{self.tenant} · Kamino"


class ConnectionEvent(models.Model):
    """One line of a connection's timeline: what happened, who did it, and when."""

    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="events", verbose_name=_("connection"))
    at = models.DateTimeField(_("at"))
    code = models.CharField(_("event"), max_length=40)
    detail = models.TextField(_("detail"), blank=True, default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("user"))

    class Meta:
        verbose_name = _("connection event")
        verbose_name_plural = _("connection events")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["at"], name="connection_event_age")]

    def __str__(self) -> str:
        return f"{moment(self.at)} {self.code}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("Events are never changed.")
        super().save(*args, **kwargs)


class ConnectLink(models.Model):
    """A link that lets a customer connect without a login here. Opening it consumes nothing; a success does."""

    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="connect_links")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        connection_id: int

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"link of {self.connection}"


class AuthorizationRequest(models.Model):
    """One click on "connect": its nonce is bound to a browser by a cookie and can be burnt once.

    `client_id` is the app that consent is given to (empty: as for `BlingToken`), `access` what the connection becomes
    with it (empty: it stays as it is).
    """

    link = models.ForeignKey(ConnectLink, models.SET_NULL, null=True)
    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="authorization_requests")
    nonce = models.CharField(max_length=64, unique=True)
    client_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    access = models.CharField(max_length=5, choices=BlingAccess, blank=True, default="", db_default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        connection_id: int
        user_id: int | None
        link_id: int | None

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"authorization of {self.connection}"
