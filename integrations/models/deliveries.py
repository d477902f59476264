"""What Kamino should hold and does hold, for each title and person, and every write to Kamino."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integrations.domain.conflicts import DONE_THERE, ENDS_THERE, GONE
from integrations.domain.delivery import DeliveryState, Operation, Outcome
from integrations.domain.persons import DesiredPerson
from integrations.domain.reasons import Problem, Reason
from integrations.models.connections import KaminoConnection
from integrations.models.kamino_units import KaminoUnit, TitleUnit
from integrations.models.moments import moment
from integrations.models.outbox import BaseAttempt, DeliveryQuerySet, DeliveryUnit, Priority, stored
from integrations.models.payment_checks import PaymentCheck
from integrations.models.plan_requests import PlanRequest
from integrations.models.problem_queries import (
    CODES_OF_PROBLEMS,
    IS_ONLY_OUT,
    LACKS_ANY,
    WAITING_FOR_A_PERSON,
    has_problem,
)
from integrations.models.subqueries import has_any
from integrations.models.titles import Person, Title

MAY_NEED_ACTION = ~Q(problems=[]) | Q(state__in=[DeliveryState.NEEDS_HUMAN.value, DeliveryState.UNCERTAIN.value])
ASKS = MAY_NEED_ACTION & (Q(state__in=[DeliveryState.NEEDS_HUMAN.value, DeliveryState.UNCERTAIN.value]) | ~IS_ONLY_OUT)
"""What may be in a worklist: not what is only history or filtered, of which there may be any number. Its indexes show
the lists of what waits for a person."""
NEEDS_A_PERSON = ASKS & (
    Q(state__in=[DeliveryState.NEEDS_HUMAN.value, DeliveryState.UNCERTAIN.value])
    | (~Q(problems=[]) & ~Q(state=DeliveryState.IGNORED.value) & has_problem(WAITING_FOR_A_PERSON))
)
"""What only a person can move on."""
MAY_END_THERE = Q(
    state=DeliveryState.NEEDS_HUMAN.value, reason__in=sorted(reason.value for reason in (*ENDS_THERE, *DONE_THERE))
)
"""Stuck titles that go on by themselves once Kamino shows them otherwise."""
SOUGHT_IN_VAIN = (*GONE, Reason.REOPENED_AFTER_CANCELLATION)
"""What a title meets that was sent, and that Kamino was seen not to have any more."""


class PersonPostingQuerySet(DeliveryQuerySet["PersonPosting"]):
    def sought(self, pk: int, fence: int, *, why: Problem | None, now: datetime) -> int:
        """Who a contact is in Kamino was looked up while nothing is sent: `why` says what a person has to decide."""
        stuck = {"state": DeliveryState.NEEDS_HUMAN, **stored(why, now)} if why else {}
        rows = self.filter(pk=pk, fence=fence, **PersonPosting.UNSOUGHT)
        return rows.update(sought_at=now, **stuck)


class PersonPosting(KaminoUnit):
    """A contact and its Kamino person. Only the first linked contact (`owns_person`) may change the person's data.

    `kept_document` is the CPF/CNPJ (compact) of Bling that a person called wrong: Kamino's stays while Bling shows it.
    `sought_at`: when it was looked up in Kamino for the simulation, since its plan.
    """

    WORD = "person"
    UNSOUGHT: ClassVar[dict[str, Any]] = {
        "state": DeliveryState.READY.value, "kamino_id__isnull": True, "sought_at__isnull": True,
    }  # fmt: skip

    person = models.OneToOneField(Person, models.CASCADE, related_name="posting", verbose_name=_("person"))
    owns_person = models.BooleanField(default=True)
    kept_document = models.CharField(_("wrong CPF/CNPJ in Bling"), max_length=40, blank=True, default="", db_default="")
    sought_at = models.DateTimeField(null=True, editable=False)

    objects = PersonPostingQuerySet.as_manager()

    if TYPE_CHECKING:
        person_id: int

    class Meta:
        verbose_name = _("person in Kamino")
        verbose_name_plural = _("persons in Kamino")
        indexes = [
            models.Index(fields=["kamino_connection", "ready_at"], condition=Q(state="ready"), name="person_ready"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="person_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="person_uncertain"),
            # Not of those that are ready: what a company has to send is found by its own index.
            models.Index(fields=["state"], condition=~Q(state="ready"), name="person_by_state"),
            models.Index(
                fields=["kamino_connection"],
                condition=Q(state="ready", kamino_id__isnull=True, sought_at__isnull=True),
                name="person_unsought",
            ),
            models.Index(
                fields=["kamino_connection", "ready_at"],
                condition=Q(state="needs_human", reason="ambiguous"),
                name="person_may_end",
            ),
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

    def to_plan_when_delivered(self, fingerprint: str) -> QuerySet[Title]:
        waits = Q(posting__state=DeliveryState.HELD) | ~Q(person__posting__desired_fingerprint=fingerprint)
        return Title.objects.filter(waits, person_id=self.person_id)

    def to_plan_when_stuck(self) -> QuerySet[Title]:
        return Title.objects.filter(person_id=self.person_id)

    def get_desired(self) -> DesiredPerson:
        return DesiredPerson.from_json(self.desired or {})

    def get_delivered(self) -> DesiredPerson | None:
        return DesiredPerson.from_json(self.delivered) if self.delivered else None

    @property
    def known_document(self) -> str | None:
        """Return the CPF/CNPJ (compact) that the linked Kamino person is known to have, "" for none; `None` where that
        is not known."""
        sent = self.get_delivered()
        return None if sent is None or sent.lacks("document") else sent.document


class PostingQuerySet(DeliveryQuerySet["Posting"]):
    """Postings ask for their review with the update that changes what it depends on, whoever makes it; an order to
    create one again ends with the update that ends its cause."""

    REVIEWED = frozenset(("state", "reason", "candidates", "problems", "delivered", "kamino_id", "title", "title_id"))

    def update(self, **values: Any) -> int:
        asks = {} if self.REVIEWED.isdisjoint(values) else {"is_review_due": True}
        over = Posting.FOUND if _is_no_more_gone(values) else {}
        return super().update(**{**asks, **over, **values})


def _is_no_more_gone(values: dict[str, Any]) -> bool:
    """Say whether an update ends that a title was sought in Kamino in vain: it gets another object or none, is done or
    left out, or is stuck for something else. What only sends it once more does not."""
    state, reason = values.get("state", DeliveryState.NEEDS_HUMAN), values.get("reason")
    is_stuck_otherwise = state == DeliveryState.NEEDS_HUMAN and bool(reason) and reason not in SOUGHT_IN_VAIN
    return "kamino_id" in values or state in (DeliveryState.DELIVERED, DeliveryState.IGNORED) or is_stuck_otherwise


class Posting(TitleUnit):
    """A title and its Kamino title. `candidates` are the Kamino ids of titles there that may be this one already.

    `kept_for_category`: a change of the De/Para was not to touch what was sent of this title. It keeps that
    classification as long as Bling shows this category for it. `is_review_due`: what it says may have opened or closed
    a discrepancy. `left_with`: the Kamino person that it stays with although its contact (`left_by`, a key of `Person`)
    is another company there since. `creation_asked`: the order to create it again, above the limit, that waits for a
    second person; it ends once the title was found, or something else became of it.
    """

    WORD = "title"
    IS_WHOLE = True
    FOUND: ClassVar[dict[str, Any]] = {"creation_asked": None}

    title = models.OneToOneField(Title, models.CASCADE, related_name="posting", verbose_name=_("title"))
    due_date = models.DateField(_("due date"), null=True)
    rule = models.CharField(_("classified by"), max_length=20, blank=True, default="")
    candidates = models.JSONField(_("possible duplicates in Kamino"), default=list, blank=True)
    problem_codes = models.GeneratedField(
        expression=CODES_OF_PROBLEMS, output_field=models.JSONField(), db_persist=True
    )
    kept_for_category = models.BigIntegerField(null=True, editable=False)
    create_anyway = models.BooleanField(_("create although there are possible duplicates"), default=False)
    left_with = models.BigIntegerField(null=True, editable=False)
    left_by = models.BigIntegerField(null=True, editable=False)
    is_review_due = models.BooleanField(default=True, editable=False)
    creation_asked = models.ForeignKey(
        "integrations.PersonAction", models.SET_NULL, null=True, related_name="+", editable=False
    )

    objects = PostingQuerySet.as_manager()

    if TYPE_CHECKING:
        title_id: int
        person_actions: Any

    class Meta:
        verbose_name = _("title in Kamino")
        verbose_name_plural = _("titles in Kamino")
        permissions = [
            ("force_settlement", "Can force a settlement in Kamino"),
            ("resolve_posting", "Can decide about titles that need action"),
            ("recreate_posting", "Can create titles again that are gone from Kamino"),
        ]
        indexes = [
            models.Index(
                fields=["kamino_connection", "priority", "due_date", "id"],
                condition=Q(state="ready"),
                name="posting_ready",
            ),
            models.Index(fields=["kamino_connection", "ready_at"], condition=Q(state="ready"), name="posting_ready_at"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="posting_leased"),
            models.Index(fields=["ready_at"], condition=Q(state="uncertain"), name="posting_uncertain"),
            models.Index(fields=["kamino_connection", "ready_at"], condition=MAY_END_THERE, name="posting_may_end"),
            models.Index(fields=["kamino_connection"], condition=LACKS_ANY, name="posting_lacks_names"),
            models.Index(fields=["due_date", "id"], condition=ASKS, name="posting_asks_by_due"),
            models.Index(
                fields=["kamino_connection", "due_date", "id"], condition=ASKS, name="posting_asks_of_company"
            ),
            models.Index(fields=["due_date", "id"], condition=Q(state="ready"), name="posting_ready_by_due"),
            models.Index(
                fields=["kamino_connection", "ready_at"], condition=Q(state="ready"), name="posting_ready_since"
            ),
            models.Index(
                fields=["kamino_connection", "due_date", "id"],
                condition=Q(state="ready"),
                name="posting_ready_of_company",
            ),
            models.Index(fields=["state", "-due_date", "-id"], name="posting_by_state"),
            models.Index(fields=["kamino_connection", "state", "-due_date", "-id"], name="posting_state_of_company"),
            models.Index(
                fields=["kamino_id", "kamino_connection"],
                condition=Q(kamino_id__isnull=False),
                name="posting_kamino_id",
            ),
            models.Index(fields=["kamino_connection"], condition=Q(is_review_due=True), name="posting_to_review"),
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

    @classmethod
    def may_be_claimed(cls) -> Q:
        """An open plan request means that what stands ready may no longer be wanted: a month was closed, say. An open
        check, that its payments are read again first."""
        mine = {"title": OuterRef("title")}
        checked = PaymentCheck.objects.filter(is_waived=False, **mine)
        return super().may_be_claimed() & ~has_any(PlanRequest.objects.filter(**mine)) & ~has_any(checked)

    IS_LEFT = Q(left_with__isnull=False, left_by=F("title__person"))
    """Its title stays with the Kamino person that its contact was before."""

    @property
    def is_left(self) -> bool:
        return self.left_with is not None and self.left_by == self.title.person_id

    @property
    def kamino_person_id(self) -> int | None:
        """Return the Kamino person that its title belongs to, `None` while its contact has none."""
        if self.is_left:
            return self.left_with
        its_contact: PersonPosting | None = getattr(self.title.person, "posting", None)
        return its_contact.kamino_id if its_contact is not None else None

    def offer(self, candidates: list[int]) -> None:
        if candidates != self.candidates or self.create_anyway:
            Posting.objects.filter(pk=self.pk).update(candidates=candidates, create_anyway=False)

    def is_none_of(self, candidates: list[int]) -> bool:
        return self.create_anyway and set(candidates) <= set(self.candidates)

    @property
    def is_to_be_compared(self) -> bool:
        """Say whether a person asked for a title that Kamino has: it is compared with what Kamino shows now, also where
        nothing changed in Bling."""
        return self.priority == Priority.PERSON and self.kamino_id is not None

    def overwrites_edits(self) -> bool:
        """Say whether a person's last word is that texts and classification are to be those of Bling, and that was not
        done since. It goes with the delivery that they asked for: what is sent for another cause knows none of it."""
        done = (Outcome.DELIVERED, Outcome.ADOPTED, Outcome.UNCHANGED)
        kinds = self.person_actions.model.Kind
        words = self.person_actions.filter(kind__in=(kinds.USE_BLING, kinds.RESYNC, kinds.RETRY))
        last = words.order_by("-at", "-pk").first() if self.priority == Priority.PERSON else None
        if last is None or last.kind != kinds.USE_BLING:
            return False
        return not self.attempts.filter(outcome__in=done, started_at__gte=last.at).exists()

    def was_there(self) -> bool:
        """Say whether a person had it created once more; one that is claimed for the first time never was."""
        kinds = self.person_actions.model.Kind
        return self.fence > 1 and bool(self.person_actions.filter(kind=kinds.CREATE_AGAIN).exists())

    def replaces_none(self) -> bool:
        kinds = self.person_actions.model.Kind
        return bool(self.person_actions.filter(kind=kinds.REPLACES_NONE).exists())

    def to_plan_when_delivered(self, fingerprint: str) -> QuerySet[Title]:
        # Not `self.title`: a relaunched title may have taken the posting over while the call was under way.
        changed = Posting.objects.filter(pk=self.pk).exclude(desired_fingerprint=fingerprint)
        return Title.objects.filter(posting__in=changed)

    def to_plan_when_stuck(self) -> QuerySet[Title]:
        return Title.objects.none()

    def to_plan_again(self) -> QuerySet[Title]:
        return Title.objects.filter(posting=self.pk)


class Attempt(BaseAttempt):
    """One write to Kamino.

    While an attempt's outcome is unknown, no other one can exist for its title or person (a constraint holds this).
    """

    REMOTE = "kamino_id"
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
    kamino_id = models.BigIntegerField(_("Kamino id"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["kamino_connection", "-started_at", "-id"], name="attempt_company"),
            models.Index(fields=["-started_at", "-id"], name="attempt_newest"),
            models.Index(
                fields=["kamino_connection", "-started_at", "-id"],
                condition=Q(surplus_id__isnull=False),
                name="attempt_surplus_of_company",
            ),
            models.Index(fields=["operation", "-started_at", "-id"], name="attempt_by_operation"),
            models.Index(
                fields=["kamino_connection", "operation", "-started_at", "-id"], name="attempt_operation_of_company"
            ),
            models.Index(fields=["outcome", "-started_at", "-id"], name="attempt_by_outcome"),
            models.Index(
                fields=["kamino_connection", "outcome", "-started_at", "-id"], name="attempt_outcome_of_company"
            ),
            models.Index(fields=["kamino_connection", "ended_at"], name="attempt_ended"),
            models.Index(fields=["kamino_connection"], condition=BaseAttempt.HAS_SURPLUS, name="attempt_has_surplus"),
            models.Index(fields=["started_at"], condition=~BaseAttempt.IS_EMPTIED, name="attempt_with_body"),
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
