"""The mirror: titles, payments and persons as Bling shows them. Written only by `pipeline/read/mirror`."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now, Upper
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.domain.settlement import PaymentFacts
from integrations.domain.titles import (
    BorderoFacts,
    BorderoLine,
    Direction,
    InvoiceStatus,
    Origin,
    PersonFacts,
    SalesOrderFacts,
    TitleFacts,
    TitleStatus,
)
from integrations.models.connections import BlingConnection

DIRECTION_CHOICES = [(Direction.PAYABLE.value, _("Payable")), (Direction.RECEIVABLE.value, _("Receivable"))]
STATUS_CHOICES = [
    (TitleStatus.OPEN.value, _("Pending")),
    (TitleStatus.PARTIAL.value, _("Partial")),
    (TitleStatus.SETTLED.value, _("Paid")),
    (TitleStatus.CANCELLED.value, _("Cancelled")),
    (TitleStatus.RETURNED.value, _("Returned")),
    (TitleStatus.PARTLY_RETURNED.value, _("Partly returned")),
    (TitleStatus.CONFIRMED.value, _("Confirmed")),
    (TitleStatus.UNKNOWN.value, _("Unknown status")),
    (TitleStatus.DELETED.value, _("Deleted")),
]


class Person(models.Model):
    """A contact that some title names. `document` is compact text; it may hold letters.

    `forgotten_at`: its data was erased on request. Its titles are not planned until Bling shows the contact again.
    `changed_at` is when one of its data was last seen to be another. `is_stale`: Bling said that it changed, and its
    detail could not be read since.
    """

    connection = models.ForeignKey(
        BlingConnection, models.CASCADE, related_name="persons", verbose_name=_("connection")
    )
    bling_id = models.BigIntegerField(_("Bling id"))
    name = models.CharField(_("name"), max_length=255)
    document = models.CharField(_("CPF/CNPJ"), max_length=40, blank=True, default="")
    trade_name = models.CharField(_("trade name"), max_length=255, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=2, blank=True, default="")
    email = models.CharField(_("e-mail"), max_length=255, blank=True, default="")
    street = models.CharField(_("street"), max_length=255, blank=True, default="")
    number = models.CharField(_("number"), max_length=40, blank=True, default="")
    complement = models.CharField(_("complement"), max_length=255, blank=True, default="")
    district = models.CharField(_("district"), max_length=255, blank=True, default="")
    city = models.CharField(_("city"), max_length=255, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, blank=True, default="")
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True, default="")
    is_final_consumer = models.BooleanField(_("final consumer"), default=False)
    category_id = models.BigIntegerField(_("default category in Bling"), default=0)
    type_ids = ArrayField(models.BigIntegerField(), verbose_name=_("contact types"), default=list, blank=True)
    read_at = models.DateTimeField(_("read at"))
    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    is_stale = models.BooleanField(default=False, db_default=False, editable=False)
    forgotten_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)

    if TYPE_CHECKING:
        connection_id: int
        posting: Any
        decisions: Any

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        ordering = ["name"]
        indexes = [
            models.Index(fields=["document"], name="person_document"),
            GinIndex("connection", OpClass(Upper("name"), name="gin_trgm_ops"), name="person_name_words"),
            GinIndex("connection", OpClass(Upper("trade_name"), name="gin_trgm_ops"), name="person_trade_name_words"),
            models.Index(fields=["name", "id"], name="person_by_name"),
            models.Index(fields=["connection", "name", "id"], name="person_of_company"),
            models.Index(fields=["connection", "category_id"], condition=~Q(category_id=0), name="person_category"),
            models.Index(fields=["connection", "changed_at", "id"], name="person_changed"),
        ]
        constraints = [models.UniqueConstraint(fields=["connection", "bling_id"], name="one_person_per_bling_id")]
        permissions = [("view_personal_data", "Can see whole CPF numbers")]

    def __str__(self) -> str:
        return gettext("Erased on request") if self.forgotten_at else self.name

    FACT_FIELDS = (
        "bling_id", "name", "document", "trade_name", "kind", "email", "street", "number", "complement", "district",
        "city", "state", "postal_code", "is_final_consumer", "category_id", "type_ids",
    )  # fmt: skip

    def to_facts(self) -> PersonFacts:
        values = {name: getattr(self, name) for name in self.FACT_FIELDS}
        return PersonFacts(**{**values, "type_ids": tuple(self.type_ids)})


class Title(models.Model):
    """One account payable or receivable.

    `status` is what it is to us: as Bling showed it last (`shown_status`), or deleted. `origin` and `invoice_status`
    are the domain's words for Bling's `origin_kind` and `origin_status`.
    `missing_runs` counts complete runs that found the title deleted, `missing_in_run` is the last one that did;
    `is_released` is false until the run that found it has finished looking for vanished titles. A title that Bling
    re-created with a new id is `replaced_by` it; `maybe_replaces` names Bling ids that a person has to choose from.
    `category_id` is the title's own in Bling (`own_category_id`, `None` where it was read before 0.3), else the one of
    its borderôs; where these disagree, or Bling divides the title among several (`split_categories`), it is 0, and they
    are in `disputed_categories`.
    """

    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="titles", verbose_name=_("connection"))
    direction = models.CharField(_("direction"), max_length=10, choices=DIRECTION_CHOICES)
    bling_id = models.BigIntegerField(_("Bling id"))
    status = models.CharField(_("status"), max_length=20, choices=STATUS_CHOICES)
    shown_status = models.CharField(max_length=20, editable=False)
    status_number = models.IntegerField(_("status number in Bling"))
    due_date = models.DateField(_("due date"), null=True)
    value = models.DecimalField(_("value"), max_digits=15, decimal_places=2)
    balance = models.DecimalField(_("balance"), max_digits=15, decimal_places=2, null=True)
    issue_date = models.DateField(_("issue date"), null=True)
    competence_date = models.DateField(_("competence"), null=True)
    document_number = models.CharField(_("document number"), max_length=100, blank=True, default="")
    history = models.TextField(_("description"), blank=True, default="")
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="titles", verbose_name=_("person"))
    contact_id = models.BigIntegerField(_("contact id in Bling"), default=0)
    category_id = models.BigIntegerField(_("category id in Bling"), default=0)
    own_category_id = models.BigIntegerField(null=True, editable=False)
    disputed_categories = ArrayField(models.BigIntegerField(), null=True, editable=False)
    split_categories = ArrayField(models.BigIntegerField(), null=True, editable=False)
    account_id = models.BigIntegerField(_("account id in Bling"), default=0)
    payment_form_id = models.BigIntegerField(_("payment form id in Bling"), default=0)
    bordero_ids = ArrayField(models.BigIntegerField(), verbose_name=_("borderôs"), default=list, blank=True)
    origin_kind = models.CharField(_("origin"), max_length=40, blank=True, default="")
    origin_id = models.BigIntegerField(default=0)
    origin_number = models.CharField(_("origin number"), max_length=60, blank=True, default="")
    origin_status = models.IntegerField(_("status of the origin in Bling"), default=0)
    origin = models.CharField(max_length=20, blank=True, default="", editable=False)
    invoice_status = models.CharField(max_length=20, blank=True, default="", editable=False)
    missing_runs = models.PositiveSmallIntegerField(default=0, editable=False)
    missing_in_run = models.BigIntegerField(null=True, editable=False)
    is_released = models.BooleanField(default=False, editable=False)
    replaced_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="replaced", editable=False, verbose_name=_("replaced by")
    )
    maybe_replaces = ArrayField(models.BigIntegerField(), default=list, editable=False)
    first_seen_at = models.DateTimeField(_("first seen at"))
    read_at = models.DateTimeField(_("last read at"))
    changed_at = models.DateTimeField(_("changed at"))

    if TYPE_CHECKING:
        connection_id: int
        person_id: int | None
        posting: Any
        payments: Any
        payment_check: Any

    class Meta:
        verbose_name = _("title")
        verbose_name_plural = _("titles")
        ordering = ["-due_date", "-pk"]
        indexes = [
            models.Index(fields=["connection", "direction", "due_date", "value"], name="title_due"),
            models.Index(
                fields=["connection", "direction", "bling_id"],
                condition=Q(status__in=["open", "partial"]),
                name="title_unsettled",
            ),
            models.Index(fields=["-due_date", "-id"], name="title_newest_due"),
            models.Index(fields=["connection", "-due_date", "-id"], name="title_of_company"),
            models.Index(fields=["connection", "direction", "-due_date", "-id"], name="title_direction_of_company"),
            models.Index(fields=["status", "-due_date", "-id"], name="title_by_status"),
            models.Index(fields=["connection", "status", "-due_date", "-id"], name="title_status_of_company"),
            models.Index(fields=["document_number", "connection"], name="title_document_number"),
            GinIndex("connection", OpClass(Upper("document_number"), name="gin_trgm_ops"), name="title_number_words"),
            models.Index(Upper("origin_number"), "connection", name="title_origin_number"),
            models.Index(fields=["bling_id", "connection"], name="title_bling_id"),
            models.Index(fields=["value", "id"], name="title_value"),
            models.Index(fields=["connection", "value", "id"], name="title_value_of_company"),
            GinIndex(fields=["bordero_ids"], name="title_borderos"),
            models.Index(fields=["connection", "origin_id"], condition=~Q(origin_id=0), name="title_origin"),
            models.Index(fields=["connection", "changed_at"], name="title_changed"),
            models.Index(fields=["connection", "category_id"], name="title_category"),
            models.Index(fields=["connection"], condition=Q(disputed_categories__isnull=False), name="title_disputed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["connection", "direction", "bling_id"], name="one_title_per_bling_id")
        ]
        permissions = [
            ("resync_title", "Can resync a title"),
            ("search_bling", "Can look for titles in Bling"),
            ("export_title", "Can export titles"),
            ("view_confidential", "Can see titles of confidential categories"),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.document_number or self.bling_id}"

    FACT_FIELDS = (
        "bling_id", "status_number", "due_date", "value", "balance", "contact_id", "issue_date", "competence_date",
        "document_number", "history", "category_id", "account_id", "payment_form_id", "origin_kind", "origin_id",
        "origin_number", "origin_status",
    )  # fmt: skip

    @property
    def is_untouched(self) -> bool:
        """Say whether Bling showed it as open, with nothing of it paid."""
        return self.status == TitleStatus.OPEN and not self.bordero_ids

    @property
    def principal(self) -> Decimal | None:
        """What was paid off its value, in reais; `None` where the balance was not read and may be anything."""
        if self.status == TitleStatus.SETTLED:
            return self.value - (self.balance or Decimal(0))
        return None if self.balance is None else self.value - self.balance

    def to_facts(self) -> TitleFacts:
        return TitleFacts(
            direction=Direction(self.direction),
            bordero_ids=tuple(self.bordero_ids),
            split_category_ids=tuple(self.split_categories or ()),
            status=TitleStatus(self.shown_status),
            origin=Origin(self.origin),
            invoice_status=InvoiceStatus(self.invoice_status),
            **{name: getattr(self, name) for name in self.FACT_FIELDS},
        )


class SalesOrder(models.Model):
    """What a sale behind a receivable says about where it was made: the channel and the business unit, 0 for none.

    Read only when a mapping needs it: once, and again when a person resyncs its title (Bling: GET
    /pedidos/vendas/{id}, `loja.id` and `loja.unidadeNegocio.id`). A receivable of an invoice names no sale, so it has
    none.
    """

    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="orders")
    bling_id = models.BigIntegerField()
    channel_id = models.BigIntegerField(default=0)
    unit_id = models.BigIntegerField(default=0)
    read_at = models.DateTimeField()

    if TYPE_CHECKING:
        connection_id: int

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "bling_id"], name="one_order_per_bling_id")]

    def __str__(self) -> str:
        return f"order {self.bling_id}"

    def to_facts(self) -> SalesOrderFacts:
        return SalesOrderFacts(self.bling_id, self.channel_id, self.unit_id)


class Bordero(models.Model):
    """A payment event as Bling shows it; its lines name contacts and numbers, never titles. `category_id` is `None`
    where it was read before 0.3."""

    connection = models.ForeignKey(BlingConnection, models.CASCADE, related_name="borderos")
    bling_id = models.BigIntegerField()
    date = models.DateField()
    account_id = models.BigIntegerField()
    category_id = models.BigIntegerField(null=True)
    lines = models.JSONField()
    read_at = models.DateTimeField()

    if TYPE_CHECKING:
        connection_id: int

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "bling_id"], name="one_bordero_per_bling_id")]

    def __str__(self) -> str:
        return f"borderô {self.bling_id}"

    def to_facts(self) -> BorderoFacts:
        amounts = ("amount", "interest", "discount", "surcharge", "fee")
        return BorderoFacts(
            bling_id=self.bling_id,
            date=self.date,
            account_id=self.account_id,
            category_id=self.category_id,
            lines=tuple(
                BorderoLine(
                    contact_id=line["contact_id"],
                    document_number=line["document_number"],
                    **{name: Decimal(line[name]) for name in amounts},
                )
                for line in self.lines
            ),
        )


class Payment(models.Model):
    """One payment of one title; `amount` is Bling's `valorPago`, `domain/settlement.each_moved` what moved."""

    title = models.ForeignKey(Title, models.CASCADE, related_name="payments", verbose_name=_("title"))
    bordero_id = models.BigIntegerField(_("borderô"))
    date = models.DateField(_("date"))
    account_id = models.BigIntegerField(_("account id in Bling"))
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=2)
    interest = models.DecimalField(_("interest"), max_digits=15, decimal_places=2)
    discount = models.DecimalField(_("discount"), max_digits=15, decimal_places=2)
    surcharge = models.DecimalField(_("surcharge"), max_digits=15, decimal_places=2)
    fee = models.DecimalField(_("fee"), max_digits=15, decimal_places=2)

    if TYPE_CHECKING:
        title_id: int

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["date", "bordero_id"]
        constraints = [models.UniqueConstraint(fields=["title", "bordero_id"], name="one_payment_per_bordero")]

    def __str__(self) -> str:
        return f"{self.date:%d/%m/%Y} {self.amount}"

    def to_facts(self) -> PaymentFacts:
        return PaymentFacts(**{name: getattr(self, name) for name in PaymentFacts.__dataclass_fields__})


class TitleRead(models.Model):
    """When a title's detail was last read, changed or not, and whether somebody asks for it to be read again: with all
    that hangs on it where that is a person.

    Kept apart from `Title`, so that reading what did not change writes nothing to the mirror. `is_doubted` where it
    showed another title than the listing of the same run had: the next run reads it again. `failure` is why the last
    reading that somebody asked for failed (a `Problem` as JSON).
    """

    title = models.OneToOneField(Title, models.CASCADE, related_name="last_read", primary_key=True)
    read_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    is_asked_by_person = models.BooleanField(default=False, db_default=False)
    is_doubted = models.BooleanField(default=False, db_default=False)
    failure = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["asked_at"], condition=Q(asked_at__isnull=False), name="title_read_asked")]

    def __str__(self) -> str:
        return f"read {self.title_id}"

    if TYPE_CHECKING:
        title_id: int
