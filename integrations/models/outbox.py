"""The outbox's tables, whatever they are sent to: units with their state machine, and the attempts to send them.

`state` is never set by `save()`: only the conditional UPDATEs of `DeliveryQuerySet` move it, on (state, fence).
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db import models
from django.db.models import Case, F, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from integrations.domain.bodies import StoredBody
from integrations.domain.delivery import IN_FLIGHT, DeliveryState, Outcome
from integrations.domain.reasons import Problem, Reason
from integrations.words.reasons import reason_choices
from integrations.words.states import outcome_choices, state_choices

Unit = TypeVar("Unit", bound="DeliveryUnit")

NO_REASON: dict[str, Any] = {"reason": "", "reason_params": {}, "reason_since": None}
"""What a unit stores while nothing is in its way."""

FIRST_LOOK = timedelta(hours=1)
"""How long a stuck row is left alone before it is looked at again."""
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
    OF_THE_CALL = ("ready_at", "tries")
    """While a call is in flight or unresolved these are about that: a look-up that comes too early proves nothing."""

    def plan(self, pk: int, *, state: str, **values: Any) -> int:
        """Store what was planned; move the state unless a call is in flight, unresolved, or a person said no."""
        whens = When(state__in=self.MOVABLE, then=Value(state))
        for name in set(self.OF_THE_CALL) & set(values):
            values[name] = Case(When(state__in=IN_FLIGHT, then=F(name)), default=Value(values[name]))
        return self.filter(pk=pk).update(state=Case(whens, default=F("state")), **values)

    def plan_first(self, pk: int, fence: int, *, ready_at: datetime) -> int:
        """What is wanted was stored by an older version: it is planned again before it is sent."""
        return self.filter(pk=pk, state=DeliveryState.READY, fence=fence).update(ready_at=ready_at)

    def begin_sending(self, pk: int, fence: int, *, desired: str, lease_until: datetime) -> int:
        """Claim a ready row that still wants `desired`: only the holder of `fence + 1` may record a result."""
        return self.filter(pk=pk, state=DeliveryState.READY, fence=fence, desired_fingerprint=desired).update(
            state=DeliveryState.SENDING, fence=fence + 1, lease_until=lease_until, tries=F("tries") + 1
        )

    def look_up_first(self, pk: int, fence: int, *, now: datetime) -> int:
        """An earlier write of this row has no known outcome: it is looked up before anything else is sent."""
        return self.filter(pk=pk, state=DeliveryState.READY, fence=fence).update(
            state=DeliveryState.UNCERTAIN, ready_at=now, lookups=0, look_began_at=None, **stored(_UNCONFIRMED, now)
        )

    def is_held_by(self, pk: int, fence: int, *, until: datetime) -> bool:
        """Say whether the holder of `fence` may still send: its lease lasts until `until` at least."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.SENDING, lease_until__gte=until).exists()

    def record_delivered(self, pk: int, fence: int, *, sent: str, body: dict[str, Any], remote_id: int) -> int:
        """Record a success: delivered if what was sent is still what is wanted, else back to planning.

        However late the answer is and whatever was thought of the call meanwhile: as long as nothing else was sent
        (the fence), no person named another object there, and it is nobody else's object, it is the truth.
        """
        still_wanted = When(desired_fingerprint=sent, then=Value(DeliveryState.DELIVERED.value))
        left_out = When(state=DeliveryState.IGNORED, then=Value(DeliveryState.IGNORED.value))
        remote = self.model.REMOTE
        same_object = Q(**{remote: None}) | Q(**{remote: remote_id})
        mine = self.filter(same_object, pk=pk, fence=fence).exclude(self.model.of_another_table(remote_id))
        return mine.update(
            state=Case(left_out, still_wanted, default=Value(DeliveryState.HELD.value)),
            tries=0, lookups=0, lease_until=None, priority=Priority.UPDATE,
            delivered=body, delivered_fingerprint=sent, **{remote: remote_id}, **NO_REASON, **self.model.FOUND,
        )  # fmt: skip

    def record_unchanged(self, pk: int, fence: int, *, wanted: str) -> int:
        """The destination holds what it should, and nothing was sent: delivered if that is still what is wanted."""
        still_wanted = When(desired_fingerprint=wanted, then=Value(DeliveryState.DELIVERED.value))
        return self.filter(pk=pk, fence=fence, state=DeliveryState.SENDING).update(
            state=Case(still_wanted, default=Value(DeliveryState.HELD.value)),
            tries=0, lookups=0, lease_until=None, priority=Priority.UPDATE, **NO_REASON, **self.model.FOUND,
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
            state=DeliveryState.UNCERTAIN,
            ready_at=look_at,
            lease_until=None,
            lookups=0,
            look_began_at=None,
            **stored(why, now),
        )

    def record_needs_human(self, pk: int, fence: int, *, why: Problem, now: datetime) -> int:
        """A person decides, for the reason `why`; what may end over there is looked at again after a while."""
        return self.filter(pk=pk, fence=fence, state__in=IN_FLIGHT).update(
            state=DeliveryState.NEEDS_HUMAN, lease_until=None, ready_at=now + FIRST_LOOK, **stored(why, now)
        )

    def look_later(self, pk: int, fence: int, *, why: Problem, now: datetime, ready_at: datetime) -> int:
        """A stuck row was looked at and stays so, for the reason `why`."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.NEEDS_HUMAN).update(
            ready_at=ready_at, **stored(why, now)
        )

    def go_on(self, pk: int, fence: int, *, wanted: str, now: datetime) -> int:
        """What a stuck row waited for is over: it is sent as it was planned."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.NEEDS_HUMAN, desired_fingerprint=wanted).update(
            state=DeliveryState.READY, ready_at=now, tries=0, **NO_REASON, **self.model.FOUND
        )

    def record_surplus(self, pk: int, fence: int, *, why: Problem, now: datetime) -> int:
        """An answer named an object that is one too many: a person decides, also where a look-up had already said that
        nothing happened."""
        rows = self.filter(pk=pk, fence=fence).exclude(state__in=[DeliveryState.DELIVERED, DeliveryState.IGNORED])
        return rows.update(state=DeliveryState.NEEDS_HUMAN, lease_until=None, **stored(why, now))

    def resolve_absent(self, pk: int, fence: int) -> int:
        """An uncertain write is proved not to have happened: it may be sent again."""
        wanted = When(~Q(desired_fingerprint=""), then=Value(DeliveryState.READY.value))
        return self.filter(pk=pk, fence=fence, state=DeliveryState.UNCERTAIN).update(
            state=Case(wanted, default=Value(DeliveryState.HELD.value)), lookups=0, **NO_REASON
        )

    def look_again(self, pk: int, fence: int, *, look_at: datetime) -> int:
        """One look-up found nothing; a second one decides."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.UNCERTAIN).update(
            lookups=F("lookups") + 1, ready_at=look_at, look_began_at=None
        )

    def begin_look(self, pk: int, fence: int, *, now: datetime) -> int:
        """A look-up is tried for the first time; what lists show from now on counts for it."""
        return self.filter(pk=pk, fence=fence, state=DeliveryState.UNCERTAIN).update(look_began_at=now)

    def due(self, state: DeliveryState, now: datetime) -> models.QuerySet[Unit]:
        """Return the rows in a state (ready, uncertain) whose moment has come."""
        return self.filter(state=state, ready_at__lte=now)

    def expired(self, now: datetime) -> models.QuerySet[Unit]:
        """Return the rows whose worker was killed in the middle of a call."""
        return self.filter(state=DeliveryState.SENDING, lease_until__lt=now)

    def release_expired(self, now: datetime, *, look_at: datetime) -> int:
        """Make rows uncertain whose worker was killed in the middle of a call."""
        return self.expired(now).update(
            state=DeliveryState.UNCERTAIN,
            ready_at=look_at,
            lookups=0,
            lease_until=None,
            look_began_at=None,
            **stored(_UNCONFIRMED, now),
        )


def stored(why: Problem, now: datetime) -> dict[str, Any]:
    """Return the columns for a reason; one that stays the same keeps the moment when it began."""
    began = Case(When(reason=why.code, then=F("reason_since")), default=Value(now))
    return {"reason": why.code.value, "reason_params": dict(why.params), "reason_since": began}


class DeliveryUnit(models.Model):
    """What everything that is delivered has in common. JSON bodies are the domain's `to_json` forms.

    `reason` is what the delivery last met, with the parameters of its sentence and since when; `problems` is what the
    plan found, each with its own `since`. `lookups` counts the look-ups of an uncertain unit that found nothing,
    `look_began_at` is when the one under way was first tried.
    """

    WORD: ClassVar[str]
    """What it is called in the names of failpoints."""
    ACCOUNT: ClassVar[str]
    """The foreign key to the account that it is delivered to; an attempt has the same one."""
    REMOTE: ClassVar[str]
    """The column of the id that its object has over there."""
    FOUND: ClassVar[dict[str, Any]] = {}
    """What is over once its object was found over there: what people ordered because it was gone."""

    state = models.CharField(_("state"), max_length=12, choices=state_choices, default=DeliveryState.HELD.value)
    reason = models.CharField(_("reason"), max_length=40, choices=reason_choices, blank=True, default="")
    reason_params = models.JSONField(default=dict, blank=True, editable=False)
    reason_since = models.DateTimeField(_("since"), null=True, blank=True, editable=False)
    problems = models.JSONField(_("problems"), default=list, blank=True)
    desired = models.JSONField(_("what Kamino should hold"), null=True, blank=True)
    desired_fingerprint = models.CharField(max_length=32, blank=True, default="")
    delivered = models.JSONField(_("what Kamino was told"), null=True, blank=True)
    delivered_fingerprint = models.CharField(max_length=32, blank=True, default="")
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NEW)
    ready_at = models.DateTimeField(_("not before"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    lookups = models.PositiveSmallIntegerField(default=0)
    look_began_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    planned_at = models.DateTimeField(_("planned at"))

    objects: Any

    if TYPE_CHECKING:
        attempts: Any

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.NEEDS_HUMAN.value) | ~Q(reason=""), name="%(class)s_stuck_has_a_reason"
            )
        ]

    @classmethod
    def may_be_claimed(cls) -> Q:
        """Return which rows are still as they were planned. No join, so that an UPDATE sees the row as it is once it
        has its lock."""
        return Q()

    @classmethod
    def of_another_table(cls, remote_id: int) -> Q:
        """Return which rows may not have an object, because a unit of another table has it."""
        return Q(pk__in=[])

    @classmethod
    def unresolved(cls) -> QuerySet[Any]:
        """Return the attempts of an outer query's row of which nobody knows what became."""
        attempts = cls._meta.get_field("attempts")
        rows: QuerySet[Any] = attempts.related_model.objects.filter(outcome__in=BaseAttempt.UNRESOLVED)  # type: ignore[union-attr]
        return rows.filter(**{attempts.field.name: OuterRef("pk")})  # type: ignore[union-attr]

    def get_desired(self) -> Any:
        """Return the body that the destination should hold. Raises when there is none."""
        raise NotImplementedError

    def get_delivered(self) -> Any:
        """Return the body that was sent, or `None`."""
        raise NotImplementedError

    def wants(self, desired: StoredBody | None) -> bool:
        """Say whether `desired` is what is stored as wanted already, perhaps by another version."""
        if desired is None or not self.desired:
            return self.desired_fingerprint == (desired.fingerprint if desired else "")
        return desired.fingerprint == self.desired_fingerprint or self.get_desired().means(desired)

    def was_sent(self, desired: StoredBody) -> bool:
        """Say whether `desired` was sent already, perhaps by another version."""
        sent = self.get_delivered()
        return desired.fingerprint == self.delivered_fingerprint or (sent is not None and sent.means(desired))

    def brought_up_to_date(self, desired: StoredBody | None) -> dict[str, Any]:
        """Return the columns that store what was sent as today's version would have, where it means `desired`: two
        fingerprints are compared where only SQL can, and the fields that it lacked are known from now on."""
        sent = self.get_delivered()
        if desired is None or sent is None or not sent.means(desired):
            return {}
        body = {"delivered": desired.to_json()} if sent.is_older else {}
        return {"delivered_fingerprint": desired.fingerprint, **body}

    def new_attempt(self, **values: Any) -> "BaseAttempt":
        """Write down the intention to send what is desired now."""
        attempt: BaseAttempt = self.attempts.create(
            body=self.desired,
            fingerprint=self.desired_fingerprint,
            **self.money(),
            **{f"{self.ACCOUNT}_id": self.account_id},
            **values,
        )
        return attempt

    def money(self) -> dict[str, Any]:
        """Return the columns of an attempt that say what it is to do with money."""
        return {}

    @property
    def account_id(self) -> int:
        account: int = getattr(self, f"{self.ACCOUNT}_id")
        return account

    def to_plan_when_delivered(self, fingerprint: str) -> QuerySet[Any]:
        """Return what has to be planned once the unit was delivered as `fingerprint`."""
        raise NotImplementedError

    def to_plan_when_stuck(self) -> QuerySet[Any]:
        """Return what else has to be planned when a person has to decide about the unit."""
        raise NotImplementedError

    def to_plan_again(self) -> QuerySet[Any]:
        """Return what has to be planned for the unit to be planned itself."""
        return self.to_plan_when_stuck()

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


class BaseAttempt(models.Model):
    """One write: the intention first, then what came of it. `outcome` is empty while in flight, or after a kill.

    `body` is what was wanted; `sent_body` what was really sent, where edits that people made over there were kept in
    it. `value`, `paid` and `paid_on` say what it was to do with money: they stay when the bodies are emptied. `failure`
    is what is stored of the error that ended it, `message` the same for developers, in English; versions
    before 0.3 stored the message alone. `surplus_id` names an object over there that an answer showed to be one too
    many, until a person says that it is gone (`surplus_gone_at`).
    """

    REMOTE: ClassVar[str]
    """The column of the id that the object of its unit has over there."""
    UNRESOLVED = (Outcome.IN_FLIGHT.value, Outcome.UNCERTAIN.value)
    NOT_WRITTEN = ("transient", "rejected", "config", "conflict", "internal", "unchanged")
    """Outcomes after which the destination holds what it held before."""

    settles = models.BooleanField(_("settles"), default=False)
    body = models.JSONField(_("what was to be sent"))
    sent_body = models.JSONField(_("what was sent"), null=True, editable=False)
    value = models.DecimalField(_("value"), max_digits=15, decimal_places=2, null=True, editable=False)
    paid = models.DecimalField(_("paid amount"), max_digits=15, decimal_places=2, null=True, editable=False)
    paid_on = models.DateField(_("paid on"), null=True, editable=False)
    fingerprint = models.CharField(max_length=32)
    fence = models.PositiveBigIntegerField()
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=outcome_choices, blank=True, default="")
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    message = models.TextField(_("answer"), blank=True, default="")
    failure = models.JSONField(null=True, editable=False)
    surplus_id = models.BigIntegerField(_("one too many"), null=True, editable=False)
    surplus_gone_at = models.DateTimeField(_("removed at"), null=True, editable=False)

    IS_EMPTIED = Q(body={}, message="", failure__isnull=True)
    """What was sent and answered is not kept any more."""
    HAS_SURPLUS = Q(surplus_id__isnull=False, surplus_gone_at=None)
    """What may exist twice over there."""

    objects: Any

    class Meta:
        abstract = True

    @property
    def open_surplus(self) -> int | None:
        """Return the id of what may exist twice over there; none once a person said that it does not."""
        return self.surplus_id if self.surplus_gone_at is None else None

    @property
    def was_sent(self) -> Any:
        """Return the body that was really sent."""
        return self.body if self.sent_body is None else self.sent_body
