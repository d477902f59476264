"""The buttons of a title's page for what people changed in Kamino: create it again, or write Bling's text there."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldBooleanWidget

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import page_action
from integrations.admin.titles.sides import edited_lines
from integrations.domain.delivery import DeliveryState
from integrations.domain.discrepancies import DiscrepancyKind
from integrations.models import PersonAction, Posting, StoredDiscrepancy, Title
from integrations.pipeline.desk import acceptance, commands, recreation
from integrations.words.discrepancies import kind_name
from integrations.words.values import side_text


def useless_kamino_buttons(posting: Posting | None) -> dict[str, bool]:
    """Return which of these buttons can do nothing for a title."""
    awaits = posting is not None and recreation.awaits_approval(posting) is not None
    return {
        "create_again": awaits or posting is None or not recreation.may_be_created_again(posting),
        "approve_creation": not awaits,
        "refuse_creation": not awaits,
        "accept_differences": posting is None or not acceptance.acceptable(posting).exists(),
        "use_bling": posting is None or posting.state != DeliveryState.DELIVERED or not edited_lines(posting),
    }


class LookForm(forms.Form):
    """That a title is not in Kamino as paid either: asked where Kamino's list may hide that."""

    has_looked = forms.BooleanField(
        label=gettext_lazy("I looked in Kamino: it is there neither open nor paid"), widget=UnfoldBooleanWidget()
    )


class RecreationForm(LookForm, actions.ReasonForm):
    """Why a title is created again, and that it is not there as paid."""

    field_order = ["reason", "has_looked"]

    def __init__(self, *args: Any, may_be_hidden: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_be_hidden:
            del self.fields["has_looked"]


class AcceptanceForm(actions.ReasonForm):
    """Which differences are meant to be so, as they were shown, and why."""

    shown = forms.MultipleChoiceField(
        label=gettext_lazy("Differences"), widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        error_messages={"invalid_choice": gettext_lazy("The differences changed meanwhile. Look at them again.")},
    )  # fmt: skip
    field_order = ["shown", "reason"]

    def __init__(self, *args: Any, differences: Iterable[StoredDiscrepancy], whole: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shown = {"|".join(row.shows): row.shows for row in differences}
        choices = [(key, _difference_text(*shows, whole=whole)) for key, shows in self._shown.items()]
        field = cast(forms.MultipleChoiceField, self.fields["shown"])
        field.choices, field.initial = choices, [key for key, _text in choices]

    def clean_shown(self) -> list[tuple[str, str, str]]:
        return [self._shown[key] for key in self.cleaned_data["shown"]]


def _difference_text(kind: str, bling: str, kamino: str, *, whole: bool) -> str:
    sides = {
        "kind": kind_name(DiscrepancyKind(kind)), "here": side_text(kind, bling, whole=whole) or texts.EMPTY,
        "there": side_text(kind, kamino, whole=whole) or texts.EMPTY,
    }  # fmt: skip
    return _("%(kind)s: in Kamino “%(there)s”, of Bling “%(here)s”") % sides


class KaminoButtons:
    """What a person may do about a title that people changed in Kamino."""

    get_object_or_deny: Any

    @page_action(gettext_lazy("Create again"), permissions=["recreate"], icon="add_circle", variant="primary")
    def create_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title, posting = self._posting_of(request, object_id)
        if posting is None:
            return _nothing(request, self, title)
        return actions.ask_then(
            request,
            self,
            title.pk,
            recreation.create_again,
            _ordered,
            form=RecreationForm(request.POST or None, may_be_hidden=recreation.may_be_hidden(posting)),
            given={"posting": posting},
            title=_("Create %(name)s in Kamino again") % {"name": title},
            text=_(
                "Kamino is looked through for it first: what looks like it there is offered to be linked. Only what is "
                "not there is created."
            ),
            note=with_limit(title),
            submit=_("Create again"),
            dangerous=True,
        )

    @page_action(gettext_lazy("Approve the creation"), permissions=["recreate"], icon="check", variant="primary")
    def approve_creation(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title, posting = self._posting_of(request, object_id)
        order = recreation.awaits_approval(posting) if posting else None
        if posting is None or order is None:
            return _nothing(request, self, title)
        return actions.ask_then(
            request,
            self,
            title.pk,
            recreation.approve_again,
            _("Approved; the title is sought in Kamino once more, and created next."),
            form=LookForm(request.POST or None) if recreation.may_be_hidden(posting) else None,
            given={"posting": posting},
            title=_("Approve that %(name)s is created again") % {"name": title},
            text=_("The title is created in Kamino once more, unless it is found there."),
            note=_as_ordered(order),
            submit=_("Approve the creation"),
            dangerous=True,
        )

    @page_action(gettext_lazy("Refuse the creation"), permissions=["recreate"], icon="block")
    def refuse_creation(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title, posting = self._posting_of(request, object_id)
        order = recreation.awaits_approval(posting) if posting else None
        if order is None:
            return _nothing(request, self, title)
        return actions.ask_then(
            request,
            self,
            title.pk,
            recreation.refuse_again,
            _("Refused; nothing is created."),
            form=actions.ReasonForm(request.POST or None),
            given={"posting": posting},
            title=_("Refuse that %(name)s is created again") % {"name": title},
            text=_("Nothing is sent. The person who ordered it sees the reason."),
            note=_as_ordered(order),
            submit=_("Refuse the creation"),
        )

    @page_action(gettext_lazy("Use Bling's"), permissions=["resolve"], icon="edit_note")
    def use_bling(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title, posting = self._posting_of(request, object_id)
        lines = edited_lines(posting) if posting else []
        if posting is None or not lines:
            return _nothing(request, self, title)
        return actions.ask_then(
            request,
            self,
            title.pk,
            commands.use_bling,
            _("Ordered; the title is compared with Kamino once more, and written there next."),
            form=actions.ReasonForm(request.POST or None),
            given={"posting": posting},
            title=_("Write in Kamino what Bling has of %(name)s") % {"name": title},
            text=_("Text and classification that people changed in Kamino are written over:"),
            note=texts.title_line(title),
            rows=[_("%(what)s: in Kamino “%(there)s”, then “%(here)s”") % line for line in lines],
            submit=_("Use Bling's"),
            dangerous=True,
        )

    @page_action(gettext_lazy("Accept differences"), permissions=["resolve"], icon="done_all")
    def accept_differences(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title, posting = self._posting_of(request, object_id)
        rows = list(acceptance.acceptable(posting)) if posting else []
        if posting is None or not rows:
            return _nothing(request, self, title)
        whole = texts.sees_personal_data(request)
        return actions.ask_then(
            request,
            self,
            title.pk,
            acceptance.accept,
            _("Accepted; it is told again if one of its sides changes."),
            form=AcceptanceForm(request.POST or None, differences=rows, whole=whole),
            given={"posting": posting},
            title=_("Accept differences of %(name)s") % {"name": title},
            text=_("Nothing is sent. What is accepted is no longer listed as a discrepancy."),
            note=texts.title_line(title),
            submit=_("Accept differences"),
        )

    def _posting_of(self, request: HttpRequest, object_id: str) -> tuple[Title, Posting | None]:
        title: Title = self.get_object_or_deny(request, object_id)
        postings = Posting.objects.select_related("title__connection__tenant", "kamino_connection__tenant")
        return title, postings.filter(title=title).first()


def _nothing(request: HttpRequest, model_admin: Any, title: Title) -> HttpResponse:
    messages.info(request, _("Nothing is to be decided about this title."))
    return actions.back_to(model_admin, title.pk)


def _as_ordered(order: PersonAction) -> str:
    return f"{texts.title_line(order.posting.title)}\n{order.user}: {order.reason}"


def _ordered(is_carried_out: bool) -> str:
    if is_carried_out:
        return _("Ordered; the title is sought in Kamino once more, and created next.")
    return _("Ordered; somebody else has to approve it first.")


def with_limit(title: Title) -> str:
    """Describe a title, and above which amount a second person has to approve an order about it."""
    limit = title.connection.tenant.force_limit
    if limit is None:
        return texts.title_line(title)
    above = _("Above %(limit)s somebody else has to approve it before it is sent.") % {"limit": texts.money(limit)}
    return f"{texts.title_line(title)}\n{above}"
