"""The buttons of a title's page: each asks first, makes one pipeline call, and shows the result."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import page_action
from integrations.admin.kit.forms import DecisionForm, ForceSettlementForm
from integrations.admin.titles.kamino_buttons import KaminoButtons, useless_kamino_buttons, with_limit
from integrations.admin.titles.link import LinkButton
from integrations.admin.worklists.forced_settlement import undo_page
from integrations.domain.conflicts import GONE
from integrations.domain.delivery import DeliveryState
from integrations.domain.reasons import Reason
from integrations.models import ForcedSettlement, Posting
from integrations.pipeline.desk import commands, decisions, person_decisions
from integrations.words.reasons import problem_sentences

BUTTONS: list[Any] = [
    "decide_this", "create_again", "approve_creation", "refuse_creation", "resync_this", "use_bling",
    "accept_differences", "retry_this",
    "force_settlement", "undo_forced",
    {
        "title": gettext_lazy("More"), "icon": "more_vert",
        "items": ["link_existing", "stop_syncing", "resume_syncing"],
    },
]  # fmt: skip


class TitleButtons(LinkButton, KaminoButtons, actions.PermittedActions):
    """What a person may do about one title."""

    get_object_or_deny: Any
    get_queryset: Any

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Show only the buttons that can do something for this title."""
        posting = (
            Posting.objects.select_related("title__person__posting", "kamino_connection")
            .filter(title_id=object_id)
            .first()
        )
        state = posting.state if posting else ""
        is_forced = ForcedSettlement.objects.not_undone().filter(posting__title=object_id).exists()
        problems = posting.get_problems() if posting else []
        has_stuck_part = any(problem.code is Reason.PART_STUCK for problem in problems)
        useless = {
            "stop_syncing": state in ("", DeliveryState.IGNORED),
            "resume_syncing": state != DeliveryState.IGNORED,
            "retry_this": not (has_stuck_part or _is_tried_again(posting)),
            "force_settlement": state == "" or is_forced,
            "undo_forced": not is_forced,
            "link_existing": posting is None or posting.kamino_id is not None,
            "decide_this": posting is None or not (decisions.options(posting) or _asks_about_its_person(posting)),
            **useless_kamino_buttons(posting),
        }
        shown = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [action for action in shown if not useless.get(action.path, False)]

    @page_action(gettext_lazy("Resync"), permissions=["resync"], icon="sync", variant="primary")
    def resync_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            actions.resync(request, self.get_queryset(request).filter(pk=title.pk))
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Resync %(name)s") % {"name": title},
            text=_("Reads the title from Bling again, compares it with Kamino, and sends to Kamino what differs."),
            note=texts.title_line(title),
            submit=_("Resync"),
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Send to Kamino again"), permissions=["resolve"], icon="replay")
    def retry_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        if request.method == "POST":
            actions.retry(request, Posting.objects.filter(title=title))
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Send %(name)s to Kamino again") % {"name": title},
            text=_("Sends the title to Kamino again. Do so once what Kamino complained about has been corrected."),
            note=texts.title_line(title),
            submit=_("Send to Kamino again"),
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Decide"), permissions=["resolve"], icon="rule", variant="primary")
    def decide_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        posting = Posting.objects.select_related("title__person__posting").filter(title=title).first()
        found = decisions.options(posting) if posting else []
        if posting is not None and not found and _asks_about_its_person(posting):
            return HttpResponseRedirect(reverse("admin:integrations_person_decide_this", args=[title.person_id]))
        if posting is None or not found:
            messages.info(request, _("Nothing is to be decided about this title."))
            return actions.back_to(self, title.pk)
        form = DecisionForm(request.POST or None, options=found, fence=posting.fence)
        if request.method == "POST" and form.is_valid():
            done = _("Decided. The title is planned again.")
            actions.carry_out(request, decisions.decide, done, posting=posting, **form.answer())
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Decide about %(name)s") % {"name": title},
            text=" ".join(problem_sentences(posting.get_causes())),
            note=texts.title_line(title),
            submit=_("Decide"),
            form=form,
            dangerous=True,
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Force settlement in Kamino"), permissions=["force"], icon="gavel")
    def force_settlement(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        posting = Posting.objects.select_related("kamino_connection", "title").filter(title=title).first()
        if posting is None:
            messages.error(request, _("This title has not been planned yet; resync it first."))
            return actions.back_to(self, title.pk)
        form = ForceSettlementForm(request.POST or None, posting=posting)
        # What was typed stays on the page when it is refused.
        if (
            request.method == "POST"
            and form.is_valid()
            and actions.carry_out(request, commands.force_settlement, _ordered, posting=posting, **form.cleaned_data)
        ):
            return actions.back_to(self, title.pk)
        return actions.confirm(
            request,
            self,
            title=_("Force the settlement of %(name)s in Kamino") % {"name": title},
            text=_("The settlement is made in Kamino only; in Bling nothing changes."),
            note=with_limit(title),
            submit=_("Force settlement in Kamino"),
            form=form,
            dangerous=True,
            back=actions.page_url(self, title.pk),
        )

    @page_action(gettext_lazy("Undo forced settlement"), permissions=["force"], icon="undo")
    def undo_forced(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        forced = ForcedSettlement.objects.not_undone().filter(posting__title=title).select_related("posting").first()
        if forced is None:
            messages.info(request, _("There is no forced settlement of this title."))
            return actions.back_to(self, title.pk)
        return undo_page(request, self, forced, title)

    @page_action(gettext_lazy("Do not sync this title"), permissions=["resolve"], icon="block")
    def stop_syncing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_ignored(request, object_id, ignored=True)

    @page_action(gettext_lazy("Sync this title again"), permissions=["resolve"], icon="play_arrow")
    def resume_syncing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._set_ignored(request, object_id, ignored=False)

    def _set_ignored(self, request: HttpRequest, object_id: str, *, ignored: bool) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        form = actions.ReasonForm(request.POST or None)
        posting = Posting.objects.filter(title=title).first()
        if request.method == "POST" and form.is_valid() and posting is not None:
            actions.set_ignored(request, [posting], ignored=ignored, reason=form.cleaned_data["reason"])
            return actions.back_to(self, title.pk)
        name = {"name": title}
        return actions.confirm(
            request,
            self,
            title=_("Do not sync %(name)s") % name if ignored else _("Sync %(name)s again") % name,
            text=_("Nothing more of this title is sent to Kamino. What Kamino already holds stays as it is.")
            if ignored
            else _("The title is planned again and sent to Kamino like every other."),
            note=texts.title_line(title),
            submit=_("Do not sync this title") if ignored else _("Sync this title again"),
            form=form,
            dangerous=ignored,
            back=actions.page_url(self, title.pk),
        )


def _lacks_its_person(posting: Posting | None) -> bool:
    """Say whether a title is held back because its customer or supplier could not be saved."""
    if posting is None or posting.kamino_id is not None or posting.state != DeliveryState.HELD:
        return False
    person = getattr(posting.title.person, "posting", None)
    return person is not None and person.state == DeliveryState.NEEDS_HUMAN


def _is_tried_again(posting: Posting | None) -> bool:
    """Say whether it may be sent again as it was planned; what is gone from Kamino is created again, or not."""
    is_stuck = posting is not None and posting.state == DeliveryState.NEEDS_HUMAN and posting.reason not in GONE
    return is_stuck or _lacks_its_person(posting)


def _asks_about_its_person(posting: Posting) -> bool:
    """Say whether a title is held back because somebody has to decide which person in Kamino its contact is."""
    is_held = posting.kamino_id is None and posting.state == DeliveryState.HELD
    return is_held and person_decisions.is_open(getattr(posting.title.person, "posting", None))


def _ordered(forced: ForcedSettlement) -> str:
    values = {"amount": texts.money(forced.amount), "date": texts.day(forced.date)}
    if forced.awaits_approval:
        return _("Settlement of %(amount)s on %(date)s ordered; somebody else has to approve it first.") % values
    return _("Settlement of %(amount)s on %(date)s ordered; it is sent to Kamino next.") % values
