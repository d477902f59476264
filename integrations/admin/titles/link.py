"""The page "Vincular a lançamento existente": search what was seen in Kamino, compare both sides, link."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from integrations.admin.kit import actions, texts
from integrations.admin.kit.decorators import page_action
from integrations.admin.kit.document_search import refuse_document
from integrations.admin.kit.fields import AmountField, DayField
from integrations.admin.kit.scope import sight_for
from integrations.admin.titles.sides import compared
from integrations.domain.calendar import around
from integrations.domain.documents import compact
from integrations.models import Posting, Title
from integrations.pipeline.desk import kamino_search, live_kamino
from integrations.pipeline.desk.links import link
from integrations.pipeline.desk.refusal import Refused

AROUND = timedelta(days=10)


class SearchForm(forms.Form):
    """What a person knows of the title in Kamino."""

    person = forms.CharField(
        label=gettext_lazy("Person (name or CPF/CNPJ)"), required=False, widget=UnfoldAdminTextInputWidget()
    )
    value_from = AmountField(label=gettext_lazy("Value from"), required=False)
    value_to = AmountField(label=gettext_lazy("Value to"), required=False)
    due_from = DayField(label=gettext_lazy("Due from"), required=False)
    due_to = DayField(label=gettext_lazy("Due until"), required=False)
    number = forms.CharField(label=gettext_lazy("Document number"), required=False, widget=UnfoldAdminTextInputWidget())
    kamino_id = forms.IntegerField(
        label=gettext_lazy("Number in Kamino"), required=False, min_value=1, max_value=2**63 - 1,
        widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip

    def to_search(self) -> kamino_search.Search:
        """Return what the pipeline looks for; a CPF or CNPJ without its punctuation."""
        data = dict(self.cleaned_data)
        digits = compact(data["person"])
        if len(digits) in (11, 14) and digits.isalnum() and any(char.isdigit() for char in digits):
            data["person"] = digits
        return kamino_search.Search(**data)


class LinkButton:
    """The button and its page."""

    get_object_or_deny: Any
    admin_site: Any
    opts: Any

    @page_action(gettext_lazy("Link to an existing title"), permissions=["resolve"], icon="link")
    def link_existing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        title = self.get_object_or_deny(request, object_id)
        posting = Posting.objects.select_related("title").filter(title=title).first()
        if posting is None:
            messages.error(request, _("This title has not been planned yet; resync it first."))
            return actions.back_to(self, title.pk)
        sight = sight_for(request)
        number = request.POST.get("kamino_id") or request.GET.get("choose", "")
        found = kamino_search.chosen(posting, int(number), sight) if number.isdigit() and len(number) < 19 else None
        if request.method == "POST" and "read" in request.POST:
            return self._read(request, posting)
        if found is not None:
            return self._link(request, title, posting, found)
        if request.method == "POST":
            messages.error(request, _("Choose a title of Kamino first."))
        return self._search(request, title, posting)

    def _search(self, request: HttpRequest, title: Title, posting: Posting) -> HttpResponse:
        first: dict[str, Any] = {"value_from": title.value, "value_to": title.value}
        if title.due_date:
            start, end = around(title.due_date, title.due_date, AROUND)
            first |= {"due_from": start, "due_to": end}
        form = SearchForm(request.GET) if "search" in request.GET else SearchForm(initial=first)
        search = kamino_search.Search(**first)
        if form.is_bound:
            is_valid = form.is_valid() and not refuse_document(request, form)
            search = form.to_search() if is_valid else kamino_search.Search(kamino_id=-1)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Link %(name)s to an existing title") % {"name": title},
            "line": texts.title_line(title),
            "form": form,
            "found": [
                (found, texts.money(found.row.value), texts.day(found.row.due_date), texts.moment(found.read_at))
                for found in kamino_search.find(posting, search, sight_for(request))
            ],
            "query": request.GET.urlencode(),
            "due_from": search.due_from,
            "due_to": search.due_to,
            "back": actions.page_url(self, title.pk),
        }
        return TemplateResponse(request, "admin/integrations/titles/link.html", context)

    def _read(self, request: HttpRequest, posting: Posting) -> HttpResponse:
        """Read Kamino's page of due dates now, and search again."""
        days = [DayField(), DayField()]
        try:
            start, end = (
                field.clean(request.POST.get(name)) for field, name in zip(days, ("start", "end"), strict=True)
            )
            count = live_kamino.read_due(posting, start=start, end=end, clock=timezone.now)
        except forms.ValidationError:
            messages.error(request, _("Give a span of at most 31 days."))
        except Refused as error:
            actions.refused(request, error)
        else:
            read = ngettext("%(count)s title read in Kamino.", "%(count)s titles read in Kamino.", count)
            messages.success(request, read % {"count": count})
        return HttpResponseRedirect(request.get_full_path())

    def _link(self, request: HttpRequest, title: Title, posting: Posting, found: kamino_search.Found) -> HttpResponse:
        """Show both sides and ask for a reason; then link."""
        form = actions.ReasonForm(request.POST if "reason" in request.POST else None)
        if request.method == "POST" and form.is_valid():
            done = _("Linked to the title %(id)s of Kamino. It is planned again.") % {"id": found.row.kamino_id}
            order = {"kamino_id": found.row.kamino_id, **form.cleaned_data}
            actions.carry_out(request, link, done, posting=posting, **order)
            return actions.back_to(self, title.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Link %(name)s to an existing title") % {"name": title},
            "line": texts.title_line(title),
            "one": found,
            "read_at": texts.moment(found.read_at),
            "sides": compared(title, posting, kamino_search.as_kamino_has_it(found, posting), request, shown=found.row),
            "form": form,
            "back": actions.page_url(self, title.pk),
        }
        return TemplateResponse(request, "admin/integrations/titles/link.html", context)
