"""What Kamino should hold and does hold, for each title and person, and every write to Kamino.

`state` is never set by `save()`: only the conditional UPDATEs of `DeliveryQuerySet` move it, on (state, fence).
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from integrations.domain.delivery import IN_FLIGHT, DeliveryState, Operation
from integrations.domain.desired import DesiredTitle
from integrations.domain.persons import DesiredPerson
from integrations.domain.reasons import Problem, Reason
from integrations.models.connections import KaminoConnection
from integrations.models.moments import moment
from integrations.models.problem_queries import CODES_OF_PROBLEMS, LACKS_ANY
from integrations.models.titles import DIRECTION_CHOICES, Person, Title
from integrations.words.reasons import reason_choices
from integrations.words.states import state_choices

Unit = TypeVar("Unit", bound="DeliveryUnit")


MAY_NEED_ACTION = ~Q(problems=[]) | Q(state__in=[DeliveryState.NEEDS_HUMAN.value, DeliveryState.UNCERTAIN.value])
"""Few of a company's postings; its worklists are counted in an index of just these."""

NO_REASON: dict[str, Any] = {"reason": "", "reason_params": {}, "reason_since": None}
"""What a unit stores while nothing is in its way."""


_UNCONFIRMED = Problem(Reason.UNCONFIRMED)


class Priority(models.IntegerChoices):
    PERSON = 0, _("Asked by a person")
    SETTLEMENT = 1, _("Settlement or cancellation")
    NEW = 2, _("New title")
    UPDATE = 3, _("Change")
    HISTORY = 4, _("Settled history")


class DeliveryQuerySet(models.QuerySet[Unit]):
    """The state machine. Every method returns how many rows it moved: 0 means that somebody else was faster."""

    MOVABLE = (DeliveryState.HELD, DeliveryState.READY, DeliveryState.DELIVERED, DeliveryState.NEEDS_HUMAN)

    def plan(self, pk: int, *, state: str, **values: Any) -> int:
        """Store what was planned; move the state unless a call is in flight, unresolved, or a person said no."""
        whens = When(state__in=self.MOVABLE, then=Value(state))
        return self.filter(pk=pk).update(state=Case(whens, default=F("state")), **values)

    def begin_sending(self, pk: int, fence: int, *, desired: str, lease_until: datetime) -> int:
        """Claim a ready row that still wants `desired`: only the holder of `fence + 1` may record a result."""
        return self.filter(pk=pk, state=DeliveryState.READY, fence=fence, desired_fingerprint=desired).update(
            state=DeliveryState.SENDING, fence=fence + 1, lease_until=lease_until, tries=F("tries") + 1
        )

    def look_up_first(self, pk: int, fence: int, *, now: datetime) -> int:
        """An earlier write of this row has no known outcome: it is looked up before anything else is sent."""
        return self.filter(pk=pk, state=DeliveryState.READY, fence=fence).update(
            state=DeliveryState.UNCERTAIN, ready_at=now, lookups=0, **stored(_UNCONFIRMED, now)
        )

    def is_held_by(self, pk: int, fence: int, *, until: datetime) -> bool:
        """Say whether the holder of `fence` may still send: its lease lasts until `until` at least."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.SENDING, lease_until__gte=until).exists()

    def record_delivered(self, pk: int, fence: int, *, sent: str, body: dict[str, Any], kamino_id: int) -> int:
        """Record a success: delivered if what was sent is still what is wanted, else back to planning.

        However late the answer is and whatever was thought of the call meanwhile: as long as nothing else was sent
        (the fence) and no person named another object of Kamino, it is the truth.
        """
        still_wanted = When(desired_fingerprint=sent, then=Value(DeliveryState.DELIVERED.value))
        left_out = When(state=DeliveryState.IGNORED, then=Value(DeliveryState.IGNORED.value))
        same_object = Q(kamino_id=None) | Q(kamino_id=kamino_id)
        return self.filter(same_object, pk=pk, fence=fence).update(
            state=Case(left_out, still_wanted, default=Value(DeliveryState.HELD.value)),
            tries=0, lookups=0, lease_until=None, priority=Priority.UPDATE,
            delivered=body, delivered_fingerprint=sent, kamino_id=kamino_id, **NO_REASON,
        )  # fmt: skip

    def record_retry(
        self, pk: int, fence: int, *, why: Problem, now: datetime, ready_at: datetime, counts: bool = True
    ) -> int:
        """Nothing happened over there: try again from `ready_at`. `counts` is false for waits that are no failure."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.SENDING).update(
            state=DeliveryState.READY, ready_at=ready_at, lease_until=None,
            tries=F("tries") if counts else F("tries") - 1, **stored(why, now),
        )  # fmt: skip

    def record_uncertain(self, pk: int, fence: int, *, why: Problem, now: datetime, look_at: datetime) -> int:
        """We sent and do not know: nobody writes again before a look-up from `look_at` on."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.SENDING).update(
            state=DeliveryState.UNCERTAIN, ready_at=look_at, lease_until=None, lookups=0, **stored(why, now)
        )

    def record_needs_human(self, pk: int, fence: int, *, why: Problem, now: datetime) -> int:
        """A person decides, for the reason `why`."""
        return self.filter(pk=pk, fence=fence, state__in=IN_FLIGHT).update(
            state=DeliveryState.NEEDS_HUMAN, lease_until=None, **stored(why, now)
        )

    def resolve_absent(self, pk: int, fence: int) -> int:
        """An uncertain write is proved not to have happened: it may be sent again."""
        wanted = When(~Q(desired_fingerprint=""), then=Value(DeliveryState.READY.value))
        return self.filter(pk=pk, fence=fence, state=DeliveryState.UNCERTAIN).update(
            state=Case(wanted, default=Value(DeliveryState.HELD.value)), lookups=0, **NO_REASON
        )

    def look_again(self, pk: int, fence: int, *, look_at: datetime) -> int:
        """One look-up found nothing; a second one decides."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.UNCERTAIN).update(
            lookups=F("lookups") + 1, ready_at=look_at
        )

    def expired(self, now: datetime) -> models.QuerySet[Unit]:
        """Return the rows whose worker died in the middle of a call."""
        return self.filter(state=DeliveryState.SENDING, lease_until__lt=now)

    def release_expired(self, now: datetime, *, look_at: datetime) -> int:
        """A worker died in the middle of a call: its outcome is unknown."""
        return self.expired(now).update(
            state=DeliveryState.UNCERTAIN, ready_at=look_at, lookups=0, lease_until=None, **stored(_UNCONFIRMED, now)
        )


def stored(why: Problem, now: datetime) -> dict[str, Any]:
    """Return the columns for a reason; one that stays the same keeps the moment when it began."""
    began = Case(When(reason=why.code, then=F("reason_since")), default=Value(now))
    return {"reason": why.code.value, "reason_params": dict(why.params), "reason_since": began}


class DeliveryUnit(models.Model):
    """What a title and a person have in common as things to deliver. JSON bodies are the domain's `to_json` forms.

    `reason` is what the delivery last met, with the parameters of its sentence and since when; `problems` is what the
    plan found, each with its own `since`.
    """

    kamino_connection = models.ForeignKey(
        KaminoConnection, models.PROTECT, related_name="+", verbose_name=_("Kamino connection")
    )
    state = models.CharField(_("state"), max_length=12, choices=state_choices, default=DeliveryState.HELD.value)
    reason = models.CharField(_("reason"), max_length=40, choices=reason_choices, blank=True, default="")
    reason_params = models.JSONField(default=dict, blank=True, editable=False)
    reason_since = models.DateTimeField(_("since"), null=True, blank=True, editable=False)
    problems = models.JSONField(_("problems"), default=list, blank=True)
    desired = models.JSONField(_("what Kamino should hold"), null=True, blank=True)
    desired_fingerprint = models.CharField(max_length=32, blank=True, default="")
    delivered = models.JSONField(_("what Kamino was told"), null=True, blank=True)
    delivered_fingerprint = models.CharField(max_length=32, blank=True, default="")
    kamino_id = models.BigIntegerField(_("Kamino id"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NEW)
    ready_at = models.DateTimeField(_("not before"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    lookups = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    planned_at = models.DateTimeField(_("planned at"))

    objects: Any

    if TYPE_CHECKING:
        kamino_connection_id: int

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.NEEDS_HUMAN.value) | ~Q(reason=""), name="%(class)s_stuck_has_a_reason"
            )
        ]

    def get_problems(self) -> list[Problem]:
        return [Problem.from_json(problem) for problem in self.problems]

    def get_causes(self) -> list[Problem]:
        """Return everything that is in its way: what the delivery met, then what the plan found, each once."""
        why = self.get_reason()
        found = self.get_problems()
        return found if why is None or any(problem.code is why.code for problem in found) else [why, *found]

    def get_reason(self) -> Problem | None:
        """Return what the delivery last met, or `None`."""
        return Problem(Reason(self.reason), self.reason_params) if self.reason else None


class PersonPosting(DeliveryUnit):
    """A contact and its Kamino person. Only the first linked contact (`owns_person`) may change the person's data."""

    person = models.OneToOneField(Person, models.CASCADE, related_name="posting", verbose_name=_("person"))
    owns_person = models.BooleanField(default=True)

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        verbose_name = _("person in Kamino")
        verbose_name_plural = _("persons in Kamino")
        indexes = [
            models.Index(fields=["kamino_connection", "ready_at"], condition=Q(state="ready"), name="person_ready"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="person_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="person_uncertain"),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(
                fields=["kamino_connection", "kamino_id"],
                condition=Q(kamino_id__isnull=False, owns_person=True),
                name="one_owner_per_kamino_person",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)

    def get_desired(self) -> DesiredPerson:
        return DesiredPerson.from_json(self.desired or {})

    def get_delivered(self) -> DesiredPerson | None:
        return DesiredPerson.from_json(self.delivered) if self.delivered else None


class Posting(DeliveryUnit):
    """A title and its Kamino title. `candidates` are the Kamino ids of titles there that may be this one already.

    `kept_for_category`: a change of the De/Para was not to touch what Kamino was told of this title. It keeps that
    classification for as long as Bling shows this category for it.
    """

    title = models.OneToOneField(Title, models.CASCADE, related_name="posting", verbose_name=_("title"))
    direction = models.CharField(_("direction"), max_length=10, choices=DIRECTION_CHOICES)
    due_date = models.DateField(_("due date"), null=True)
    rule = models.CharField(_("classified by"), max_length=20, blank=True, default="")
    candidates = models.JSONField(_("possible duplicates in Kamino"), default=list, blank=True)
    problem_codes = models.GeneratedField(
        expression=CODES_OF_PROBLEMS, output_field=models.JSONField(), db_persist=True
    )
    kept_for_category = models.BigIntegerField(null=True, editable=False)
    create_anyway = models.BooleanField(_("create although there are possible duplicates"), default=False)

    objects = DeliveryQuerySet.as_manager()

    if TYPE_CHECKING:
        title_id: int
        person_actions: Any

    class Meta:
        verbose_name = _("title in Kamino")
        verbose_name_plural = _("titles in Kamino")
        permissions = [
            ("force_settlement", "Can force a settlement in Kamino"),
            ("resolve_posting", "Can decide about titles that need action"),
        ]
        indexes = [
            models.Index(
                fields=["kamino_connection", "priority", "due_date"], condition=Q(state="ready"), name="posting_ready"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="posting_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="posting_uncertain"),
            models.Index(fields=["kamino_connection", "state"], name="posting_state"),
            models.Index(fields=["kamino_connection"], condition=LACKS_ANY, name="posting_lacks_names"),
            models.Index(
                fields=["kamino_connection", "state"],
                include=["id", "reason", "problem_codes"],
                condition=MAY_NEED_ACTION,
                name="posting_may_need_action",
            ),
            models.Index(fields=["due_date", "id"], condition=MAY_NEED_ACTION, name="posting_action_by_due"),
            models.Index(fields=["kamino_id"], condition=Q(kamino_id__isnull=False), name="posting_kamino_id"),
        ]
        constraints = [
            *DeliveryUnit.Meta.constraints,
            models.UniqueConstraint(
                fields=["kamino_connection", "direction", "kamino_id"],
                condition=Q(kamino_id__isnull=False),
                name="one_posting_per_kamino_title",
            ),
        ]

    def __str__(self) -> str:
        return str(self.title)

    def get_desired(self) -> DesiredTitle:
        return DesiredTitle.from_json(self.desired or {})

    def get_delivered(self) -> DesiredTitle | None:
        return DesiredTitle.from_json(self.delivered) if self.delivered else None


class Attempt(models.Model):
    """One write to Kamino: the intention first, then what came of it. `outcome` empty: still in flight, or died.

    While an attempt's outcome is unknown, no other one can exist for its title or person (a constraint holds this).
    """

    UNRESOLVED = ("", "uncertain")
    NOT_WRITTEN = ("transient", "rejected", "config", "conflict", "internal")
    """Outcomes after which Kamino holds what it held before."""

    class Outcome(models.TextChoices):
        IN_FLIGHT = "", _("In flight")
        DELIVERED = "delivered", _("Delivered")
        ADOPTED = "adopted", _("Found in Kamino")
        TRANSIENT = "transient", _("Temporary failure")
        REJECTED = "rejected", _("Refused by Kamino")
        CONFIG = "config", _("Connection settings")
        CONFLICT = "conflict", _("Conflict")
        UNCERTAIN = "uncertain", _("Outcome unknown")
        INTERNAL = "internal", _("Internal error")

    OPERATIONS = [
        (Operation.CREATE.value, _("Create")),
        (Operation.UPDATE.value, _("Update")),
        (Operation.SETTLE.value, _("Settle")),
        (Operation.CANCEL.value, _("Cancel")),
        (Operation.SAVE_PERSON.value, _("Save person")),
    ]

    kamino_connection = models.ForeignKey(
        KaminoConnection, models.PROTECT, related_name="+", verbose_name=_("Kamino connection")
    )
    posting = models.ForeignKey(Posting, models.CASCADE, null=True, related_name="attempts", verbose_name=_("title"))
    person_posting = models.ForeignKey(
        PersonPosting, models.CASCADE, null=True, related_name="attempts", verbose_name=_("person")
    )
    part_posting = models.ForeignKey(
        "integrations.PartPosting", models.CASCADE, null=True, related_name="attempts", verbose_name=_("part")
    )
    operation = models.CharField(_("operation"), max_length=20, choices=OPERATIONS)
    settles = models.BooleanField(_("settles"), default=False)
    body = models.JSONField(_("what was sent"))
    fingerprint = models.CharField(max_length=32)
    fence = models.PositiveBigIntegerField()
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True, default="")
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    message = models.TextField(_("answer"), blank=True, default="")
    kamino_id = models.BigIntegerField(_("Kamino id"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["kamino_connection", "started_at"], name="attempt_company"),
            models.Index(fields=["kamino_connection", "ended_at"], name="attempt_ended"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["posting"],
                condition=Q(outcome__in=["", "uncertain"], posting__isnull=False),
                name="one_open_attempt_per_posting",
            ),
            models.UniqueConstraint(
                fields=["person_posting"],
                condition=Q(outcome__in=["", "uncertain"], person_posting__isnull=False),
                name="one_open_attempt_per_person",
            ),
            models.UniqueConstraint(
                fields=["part_posting"],
                condition=Q(outcome__in=["", "uncertain"], part_posting__isnull=False),
                name="one_open_attempt_per_part",
            ),
            models.UniqueConstraint(
                fields=["posting"],
                condition=Q(settles=True, outcome__in=["delivered", "adopted"]),
                name="one_settlement_per_posting",
            ),
            models.UniqueConstraint(
                fields=["part_posting"],
                condition=Q(settles=True, outcome__in=["delivered", "adopted"]),
                name="one_settlement_per_part",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} {moment(self.started_at)}"
