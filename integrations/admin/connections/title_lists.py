"""Kamino's lists of titles, on the page of a connection: what is known of each, and the decision that there is none."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminRadioSelectWidget

from integrations.admin.kit import actions, texts
from integrations.admin.kit.scope import sight_for
from integrations.domain.title_lists import PROVED, TitleList
from integrations.domain.titles import Direction
from integrations.models import KaminoConnection
from integrations.pipeline.company import title_lists
from integrations.words.errors import failure_text, list_answer_text


def state_text(connection: KaminoConnection, direction: Direction) -> str:
    """Return what is known of the list of a direction, and what that means."""
    state = connection.title_lists[direction]
    failure = connection.failing_lists.get(direction)
    if failure:
        return _("Cannot be read: nothing of it is sent until it can. %(why)s") % {"why": failure_text(failure)}
    if state in PROVED:
        return _("Proved: it is read before something is created.")
    if state is TitleList.ABSENT:
        return _("Does not exist, as a person said: titles are created without a look at what is there.")
    answers = connection.list_answers.get(direction.value, {})
    why = " ".join(dict.fromkeys(list_answer_text(answer) for answer in answers.values()))
    return _("Not known: nothing of it is sent. %(why)s") % {"why": why or _("Test the connection.")}


def decisions(connection: KaminoConnection) -> list[Direction]:
    """Return the directions about whose lists a person may decide something now."""
    return [
        direction
        for direction in Direction
        if title_lists.may_be_absent(connection, direction) or connection.title_lists[direction] is TitleList.ABSENT
    ]


class _Form(actions.ReasonForm):
    """The decision, the reason, and what the page showed."""

    decision = forms.ChoiceField(
        label=gettext_lazy("What is true of Kamino"), widget=UnfoldAdminRadioSelectWidget(), choices=[]
    )

    field_order = ["decision", "reason"]

    def __init__(
        self, choices: list[tuple[str, str]], waiting: Mapping[Direction, title_lists.Unseen], *args: Any
    ) -> None:
        super().__init__(*args)
        self.fields["decision"].choices = choices  # type: ignore[attr-defined]
        if not self.is_bound and len(choices) == 1:
            self.initial["decision"] = choices[0][0]
        hidden: dict[str, Any] = {"widget": forms.HiddenInput, "required": False}
        for direction, now in waiting.items():
            self.fields[f"{direction}_count"] = forms.IntegerField(initial=now.count, **hidden)
            self.fields[f"{direction}_total"] = forms.DecimalField(localize=False, initial=now.total, **hidden)

    def seen(self, direction: Direction) -> title_lists.Unseen:
        values = self.cleaned_data
        return title_lists.Unseen(values[f"{direction}_count"], values[f"{direction}_total"])


def _choice(direction: Direction, *, is_absent: bool) -> str:
    if direction is Direction.PAYABLE:
        return _("It may list payables after all: look again") if is_absent else _("It has no list of payables")
    return _("It may list receivables after all: look again") if is_absent else _("It has no list of receivables")


def page(request: HttpRequest, model_admin: Any, connection: KaminoConnection) -> HttpResponse:
    """Ask for the decision, carry it out, and go back to the connection."""
    back = actions.back_to(model_admin, connection.pk)
    found = decisions(connection)
    if not found:
        return back
    absent = [direction for direction in found if connection.title_lists[direction] is TitleList.ABSENT]
    waiting = {each: title_lists.unseen(connection, each, sight_for(request)) for each in found if each not in absent}
    choices = [(each.value, _choice(each, is_absent=each in absent)) for each in found]
    form = _Form(choices, waiting, request.POST if "reason" in request.POST else None)
    if form.is_valid():
        direction = Direction(form.cleaned_data["decision"])
        given = {"kamino": connection, "direction": direction, "reason": form.cleaned_data["reason"]}
        if direction in absent:
            actions.carry_out(request, title_lists.take_back, _("It is looked for again now."), **given)
        else:
            done = _("Kept. These titles are sent without a look from now on.")
            actions.carry_out(request, title_lists.say_absent, done, seen=form.seen(direction), **given)
        return back
    return actions.confirm(
        request,
        model_admin,
        title=_("Kamino has no such list"),
        text=_(
            "Each address where Kamino might list these titles answered that it does not exist. Without a list they "
            "are created without a look: one that somebody entered in Kamino by hand is created a second time, a "
            "delivery whose answer is lost waits for a person, and what people change there is not noticed."
        )
        if waiting
        else _(
            "A person said that Kamino has no such list. If it may have one after all, it is looked for again now, and "
            "nothing of these titles is sent before it was found or a person says again that there is none."
        ),
        note=" ".join(map(_in_words, waiting.values())),
        form=form,
        submit=_("Keep the decision"),
        dangerous=bool(waiting),
        back=actions.page_url(model_admin, connection.pk),
    )


def _in_words(seen: title_lists.Unseen) -> str:
    text = ngettext(
        "%(count)s title, %(total)s, would be created without a look now.",
        "%(count)s titles, %(total)s, would be created without a look now.",
        seen.count,
    )
    return text % {"count": seen.count, "total": texts.money(seen.total)}
