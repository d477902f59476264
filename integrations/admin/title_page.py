"""What a title's page shows: Bling's side, what Kamino should hold, what it was told, and what happened on the way."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.admin import texts
from integrations.admin.mapping_desk import row_url
from integrations.admin.scope import change_url
from integrations.domain.desired import DesiredTitle, KaminoStatus
from integrations.domain.problems import ProblemCode
from integrations.models import CatalogItem, KaminoItem, Posting, Title
from integrations.models.mappings import MappingKind
from integrations.models.problem_texts import rule_text
from integrations.models.registers import KaminoKind
from integrations.resources.texts import side_text

ATTEMPTS_SHOWN = 20
MAPPABLE = {ProblemCode.CATEGORY_UNMAPPED, ProblemCode.CATEGORY_AMBIGUOUS, ProblemCode.CATEGORY_MISSING}


@dataclass(frozen=True)
class Side:
    """One line of the comparison; `differs` when Kamino was told something else than it should hold now."""

    label: str
    bling: Any
    desired: str
    delivered: str

    @property
    def differs(self) -> bool:
        return bool(self.delivered) and self.desired != self.delivered


def title_context(title: Title, request: HttpRequest) -> dict[str, Any]:
    """Return everything that the page's upper half needs."""
    posting: Posting | None = getattr(title, "posting", None)
    context: dict[str, Any] = {
        "title_row": title,
        "posting": posting,
        "tenant_url": change_url(title.connection.tenant),
    }
    if posting is not None:
        problems = posting.get_problems()
        context |= {
            "state_colour": texts.STATE_COLOURS[posting.state],
            "sentences": texts.problem_sentences(problems),
            "rule": rule_text(posting.rule),
            "attempts": posting.attempts.order_by("-started_at")[:ATTEMPTS_SHOWN],
            "orders": posting.person_actions.select_related("user")[:ATTEMPTS_SHOWN],
            "forced": posting.forced_settlements.select_related("user", "account", "undone_by"),
            "discrepancies": [
                (row, side_text(row.bling_value), side_text(row.kamino_value))
                for row in posting.discrepancies.filter(closed_at=None)
            ],
            "mapping_url": row_url(title.connection.tenant_id, MappingKind.CATEGORY, title.category_id)
            if any(problem.code in MAPPABLE for problem in problems)
            else "",
        }
    context["sides"] = _sides(title, posting, request)
    context["person_url"] = change_url(title.person)
    return context


def _sides(title: Title, posting: Posting | None, request: HttpRequest) -> list[Side]:
    desired = posting.get_desired() if posting and posting.desired else None
    delivered = posting.get_delivered() if posting else None
    names = _register_names(posting, [desired, delivered])
    registers = {
        (item.kind, item.bling_id): str(item)
        for item in CatalogItem.objects.filter(
            connection=title.connection_id, bling_id__in=[title.category_id, title.account_id]
        )
    }
    person = (
        f"{title.person} · {texts.document(title.person.document, whole=texts.sees_personal_data(request))}"
        if (title.person)
        else texts.EMPTY
    )
    kamino_person = _kamino_person(title)
    ours, theirs = _words(desired, names), _words(delivered, names)
    bling = {
        "status": texts.status_word(title),
        "value": texts.money(title.value),
        "due": texts.day(title.due_date),
        "competence": texts.day(title.issue_date or title.competence_date),
        "number": title.document_number or texts.EMPTY,
        "description": title.history or texts.EMPTY,
        "chart_account": registers.get(("category", title.category_id), texts.EMPTY),
        "payment": _payments(title),
    }
    labels = {
        "status": _("Status"),
        "value": _("Value"),
        "due": _("Due date"),
        "competence": _("Competence"),
        "number": _("Document number"),
        "description": _("Description"),
        "chart_account": _("Category / chart account"),
        "cost_center": _("Cost center"),
        "business_unit": _("Business unit"),
        "payment": _("Payment"),
    }
    rows = [Side(_("Person"), person, kamino_person if desired else "", kamino_person if delivered else "")]
    rows += [
        Side(label, bling.get(key, texts.EMPTY), ours.get(key, ""), theirs.get(key, ""))
        for key, label in labels.items()
    ]
    return rows


def _kamino_person(title: Title) -> str:
    posting = getattr(title.person, "posting", None) if title.person else None
    return f"Kamino {posting.kamino_id}" if posting and posting.kamino_id else texts.EMPTY


def _payments(title: Title) -> str:
    lines = [f"{texts.day(payment.date)} · {texts.money(payment.amount)}" for payment in title.payments.all()]
    return "\n".join(lines) or texts.EMPTY


def _register_names(posting: Posting | None, bodies: list[DesiredTitle | None]) -> dict[tuple[str, str], str]:
    if posting is None:
        return {}
    ids = {
        kamino_id
        for body in bodies
        if body is not None
        for kamino_id in (
            body.chart_account, body.cost_center, body.business_unit, body.payment.account if body.payment else None,
        )
        if kamino_id
    }  # fmt: skip
    rows = KaminoItem.objects.filter(connection=posting.company_id, kamino_id__in=ids)
    return {(row.kind, row.kamino_id): row.name for row in rows}


def _words(body: DesiredTitle | None, names: dict[tuple[str, str], str]) -> dict[str, str]:
    """Write a Kamino title in words; registers by their name."""
    if body is None:
        return {}
    statuses = {
        KaminoStatus.PENDING: _("Pending"),
        KaminoStatus.SETTLED: _("Paid"),
        KaminoStatus.CANCELLED: _("Cancelled"),
    }

    def register(kind: KaminoKind, kamino_id: str | None) -> str:
        return names.get((kind.value, kamino_id), kamino_id) if kamino_id else texts.EMPTY

    payment = texts.EMPTY
    if body.payment is not None:
        account = register(KaminoKind.BANK_ACCOUNT, body.payment.account)
        payment = f"{texts.day(body.payment.date)} · {texts.money(body.payment.amount)} · {account}"
        if body.payment.forced:
            forced = _("forced")  # outside the f-string, where xgettext would not find it
            payment += f" · {forced}"
    return {
        "status": statuses[body.status],
        "value": texts.money(body.value),
        "due": texts.day(body.due_date),
        "competence": texts.day(body.competence_date),
        "number": body.document_number or texts.EMPTY,
        "description": body.description,
        "chart_account": register(KaminoKind.CHART_ACCOUNT, body.chart_account),
        "cost_center": register(KaminoKind.COST_CENTER, body.cost_center),
        "business_unit": register(KaminoKind.BUSINESS_UNIT, body.business_unit),
        "payment": payment,
    }
