"""The page "Procurar no Bling": what Bling itself says of a title that is not here, and why it is not."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.admin.kit import actions, texts
from integrations.admin.kit.document_search import refuse_document
from integrations.admin.kit.forms import BlingSearchForm
from integrations.admin.kit.scope import row_number, scoped, sees_confidential
from integrations.domain.absence import Absence
from integrations.domain.documents import DocumentKind, kind_of
from integrations.domain.titles import Direction
from integrations.domain.typed import read_amount
from integrations.models import BlingConnection, Title
from integrations.models.confidential import confidential_ids
from integrations.models.titles import DIRECTION_CHOICES, STATUS_CHOICES
from integrations.pipeline.desk import live_search
from integrations.pipeline.desk.refusal import Refused
from integrations.words.reasons import problem_sentences

SHORTEST_ID = 9
"""Digits from which on a number that is no CPF or CNPJ is taken for an id of Bling's."""
_WHY = {
    Absence.PAID_BEFORE: gettext_noop(
        "Not here: it was paid before %(since)s, from which day on this company wants payments."
    ),
    Absence.OVER: gettext_noop(
        "Not here: it was cancelled or returned before it was ever read. Nothing is to be done."
    ),
    Absence.NOT_READ: gettext_noop("Not here yet: the next sync reads it. It can be brought now."),
}


class LiveSearch:
    """A page beside the list of titles, for titles that are not in it."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.live_search)
        return [path("procurar-no-bling/", view, name="integrations_title_live_search"), *super().get_urls()]  # type: ignore[misc]

    def live_search(self, request: HttpRequest) -> HttpResponse:
        """Ask what is known, look in Bling, and explain. Raises `PermissionDenied`."""
        if not request.user.has_perm("integrations.search_bling"):
            raise PermissionDenied
        connections = scoped(BlingConnection.objects.select_related("tenant"), request).order_by("tenant__name")
        if request.method == "POST" and "bring" in request.POST:
            return self._bring(request, connections)
        known = _known(request.GET.get("q", "").strip())
        form = BlingSearchForm(request.POST or None, connections=connections, initial=known)
        context: dict[str, Any] = {}
        if form.is_valid() and not refuse_document(request, form):
            connection = form.cleaned_data["connection"]
            visible = scoped(Title.objects.all(), request)
            try:
                hidden = frozenset[int]() if sees_confidential(request) else confidential_ids(connection)
                found = live_search.search(
                    connection, form.to_search(), visible=visible, hidden=hidden, clock=timezone.now
                )
            except Refused as error:
                actions.refused(request, error)
            else:
                may_bring = request.user.has_perm("integrations.resync_title")
                context = _shown(found, connection, whole=not hidden, may_bring=may_bring)
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Search in Bling"),
            "form": form,
            "back": actions.changelist_url(self),
        }
        return TemplateResponse(request, "admin/integrations/titles/live_search.html", context)

    def _bring(self, request: HttpRequest, connections: Any) -> HttpResponse:
        connection = connections.filter(pk=_number(request.POST.get("connection"))).first()
        direction, bling_id = request.POST.get("direction", ""), _number(request.POST.get("bring"))
        may = request.user.has_perm("integrations.resync_title")
        if not may or connection is None or direction not in list(Direction) or not bling_id:
            raise PermissionDenied
        done = _("The sync reads title %(id)s before all others; it is here in a moment.") % {"id": bling_id}
        order = {"connection": connection, "direction": direction, "bling_id": bling_id}
        actions.carry_out(request, live_search.bring, done, **order)
        query = f"?q={bling_id}"
        return HttpResponseRedirect(actions.changelist_url(self) + query)


def live_search_url(request: HttpRequest) -> str:
    """Return the page's address; what was searched for in the list is looked for there too."""
    term = request.GET.get("q", "").strip()
    return reverse("admin:integrations_title_live_search") + (f"?{urlencode({'q': term})}" if term else "")


def _known(term: str) -> dict[str, Any]:
    """Say which field of the form a term of the list's search belongs to."""
    if not term:
        return {}
    is_document = kind_of(term) in (DocumentKind.CPF, DocumentKind.CNPJ)
    if term.isdecimal() and len(term) >= SHORTEST_ID and not is_document:
        return {"bling_id": term}
    if (amount := read_amount(term)) is not None and ("," in term or "." in term):
        return {"value": amount}
    is_number = any(char.isdigit() for char in term) and not is_document
    return {"number" if is_number else "person": term}


def _number(text: str | None) -> int:
    return row_number(text) or 0


def _shown(found: live_search.Answer, connection: BlingConnection, *, whole: bool, may_bring: bool) -> dict[str, Any]:
    """Return what the page shows of an answer. Entries of Caixas e Bancos tell no category here: not `whole`, neither
    their person nor their text is shown."""
    return {
        "connection": connection,
        "hits": [
            {
                "hit": hit,
                "side": dict(DIRECTION_CHOICES)[hit.direction.value],
                "value": texts.money(hit.facts.value) if hit.facts else texts.EMPTY,
                "due": texts.day(hit.facts.due_date) if hit.facts else texts.EMPTY,
                "status": dict(STATUS_CHOICES)[hit.facts.status.value] if hit.facts else texts.EMPTY,
                "link": texts.link(hit.title) if hit.title else "",
                "says": _sentence(hit, connection),
                "may_bring": may_bring and hit.why is Absence.NOT_READ,
            }
            for hit in found.hits
        ],
        "cash": [
            (row if whole else replace(row, contato_nome="", descricao=""), texts.day(row.data), texts.money(row.valor))
            for row in found.cash
        ],
        "answer": found,
    }


def _sentence(hit: live_search.Hit, connection: BlingConnection) -> str:
    if hit.why is not None:
        return _(_WHY[hit.why]) % {"since": texts.day(connection.tenant.sync_from)}
    title = hit.title
    if title is None:
        return ""
    if hit.is_elsewhere:
        return _("Not in this account: it belongs to %(company)s.") % {"company": title.connection.tenant}
    if hit.is_gone:
        return _("Bling does not have it any more; here is what was last read.")
    posting = getattr(title, "posting", None)
    problems = problem_sentences(posting.get_problems()) if posting else []
    state = posting.get_state_display() if posting else _("Not planned yet")
    return _("It is here: %(state)s.") % {"state": " ".join([f"{state}.", *problems[:1]]).rstrip(".")}
