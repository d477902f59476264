"""The page "Lançar conta a pagar": what is owed, to whom, what becomes of it, and then it is accepted."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.admin.kit import actions, texts
from integrations.admin.kit.document_search import refuse_document
from integrations.admin.kit.scope import change_url, row_number, scoped, sees_confidential, sight_for
from integrations.admin.payables.attempts import register_name
from integrations.admin.payables.forms import PayableForm, SupplierForm
from integrations.domain.calendar import day_of
from integrations.domain.money import ZERO
from integrations.models import BlingConnection, BlingWriting, WriteBatch, WriteMode
from integrations.models.confidential import WHOLE, confidential_ids
from integrations.models.connections import ConnectionStatus
from integrations.models.registers import CatalogKind
from integrations.pipeline.desk.refusal import Refused
from integrations.pipeline.payables.accept import Accepted, accept, writing_of
from integrations.pipeline.payables.columns import COLUMNS
from integrations.pipeline.payables.duplicates import Duplicate
from integrations.pipeline.payables.entry import Entry, Registers, Supplier, registers_of
from integrations.pipeline.payables.proposal import Proposal, find_suppliers, propose
from integrations.queue import enqueue_tick
from integrations.words.writes import recurrence_text

NAME = "integrations_payablewrite_enter"


class EnterPage:
    """A page beside the list of payables for Bling."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.enter)
        return [path("lancar/", view, name=NAME), *super().get_urls()]  # type: ignore[misc]

    def enter(self, request: HttpRequest) -> HttpResponse:
        """Ask for the company where there are several, then for the payable. Raises `PermissionDenied`."""
        if not request.user.has_perm("integrations.enter_payable"):
            raise PermissionDenied
        connections, connection = which_account(request)
        if connection is None:
            context = {"connections": connections, "most": MOST_LINKS}
            return self._page(request, context, title=_("Enter a payable"))
        try:
            return _Entering(self, request, connection).answer()
        except Refused as error:
            actions.refused(request, error)
            return HttpResponseRedirect(actions.changelist_url(self))

    def _page(self, request: HttpRequest, context: dict[str, Any], *, title: str) -> HttpResponse:
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "back": actions.changelist_url(self),
        }
        return TemplateResponse(request, "admin/integrations/payables/enter.html", context)


def writable(request: HttpRequest) -> QuerySet[BlingConnection]:
    """Return the connections of the user's companies that payables may be entered for: Bling is asked for the supplier
    while somebody waits, so it has to be connected."""
    on = BlingWriting.objects.exclude(mode=WriteMode.OFF).values("connection")
    connected = BlingConnection.objects.filter(pk__in=on, tenant__is_active=True, status=ConnectionStatus.CONNECTED)
    return scoped(connected, request).select_related("tenant", "writing").order_by("tenant__name", "label")


def which_account(request: HttpRequest) -> tuple[QuerySet[BlingConnection], BlingConnection | None]:
    """Return the connections that payables may be entered for, and the one that is asked for or the only one."""
    connections = writable(request)
    if "connection" in request.GET:
        # One that cannot be written to any more is never taken for another company's.
        return connections, connections.filter(pk=row_number(request.GET["connection"]) or 0).first()
    return connections, connections[0] if len(connections) == 1 else None


def enter_url(connection: BlingConnection | None = None) -> str:
    query = f"?connection={connection.pk}" if connection else ""
    return reverse(f"admin:{NAME}") + query


MOST_LINKS = 12
"""So many companies are shown as links to choose from; more as a list that the keyboard searches."""


@dataclass
class _Entering:
    """One answer of the page, for one connection."""

    page: EnterPage
    request: HttpRequest
    connection: BlingConnection

    def answer(self) -> HttpResponse:
        request = self.request
        hidden = frozenset[int]() if sees_confidential(request) else confidential_ids(self.connection)
        registers = registers_of(self.connection, hidden)
        form = PayableForm(request.POST or None, registers=registers, today=day_of(timezone.now()))
        if "change" in request.POST or not form.is_valid() or refuse_document(request, form):
            return self._show(form)
        try:
            return self._choose(form, registers)
        except Refused as error:
            actions.refused(request, error)
            return self._show(form)

    def _choose(self, form: PayableForm, registers: Registers) -> HttpResponse:
        typed = form.cleaned_data["person"]
        answer = find_suppliers(self.connection, typed, sight=sight_for(self.request), clock=timezone.now)
        found = {supplier.contact_id or 0: supplier for supplier in answer.suppliers}
        labels = {key: self._label(supplier) for key, supplier in found.items()}
        is_chosen = "supplier" in self.request.POST
        chooser = SupplierForm(
            self.request.POST if is_chosen else None, found=labels, typed=typed, is_guess=answer.is_guess
        )
        context = {"chooser": chooser, "answer": answer}
        if not is_chosen and answer.only_one is not None:
            supplier = answer.only_one
        elif chooser.is_valid():
            supplier = self._known(chooser.to_supplier(found))
        else:
            return self._show(form, context)
        proposal = propose(self.connection, form.to_entry(supplier), registers, clock=timezone.now)
        if proposal.faults:
            form.show(list(proposal.faults))
            return self._show(form)
        if self.request.POST.get("seen") == proposal.signature:
            return self._accept(form, proposal, context)
        if "seen" in self.request.POST:
            messages.warning(self.request, _("Something is different from what was shown. Look again, then confirm."))
        return self._show(form, {**context, **self._shown(proposal)})

    def _known(self, supplier: Supplier) -> Supplier:
        """Return the contact that Bling has by the CPF/CNPJ of a new supplier, so that the page names who gets the
        payable; the supplier itself where there is none."""
        if supplier.contact_id is not None or not supplier.document:
            return supplier
        found = find_suppliers(self.connection, supplier.document, sight=WHOLE, clock=timezone.now).only_one
        if found is None:
            return supplier
        messages.warning(self.request, _("Bling has this CPF/CNPJ already: it is %(name)s.") % {"name": found.name})
        return found

    def _accept(self, form: PayableForm, proposal: Proposal, context: dict[str, Any]) -> HttpResponse:
        request = self.request
        is_another = request.POST.get("is_another") == "yes"
        if proposal.has_duplicates and not is_another:
            messages.error(request, _("There may be the same payable already: say that this is another one."))
            return self._show(form, {**context, **self._shown(proposal)})
        denied = [duplicate for found in proposal.duplicates for duplicate in found]
        one = Accepted(proposal.entry, denied, proposal.shown)
        batch = accept(
            connection=self.connection, accepted=[one], source=WriteBatch.Source.FORM, user=actions.user_of(request),
            now=timezone.now(),
        )  # fmt: skip
        enqueue_tick()
        messages.success(request, accepted_text(batch, writing_of(self.connection)))
        return HttpResponseRedirect(change_url(batch))

    def _label(self, supplier: Supplier) -> str:
        document = texts.document(supplier.document, whole=texts.sees_personal_data(self.request))
        return " · ".join([supplier.name, document if supplier.document else _("no CPF/CNPJ")])

    def _shown(self, proposal: Proposal) -> dict[str, Any]:
        rows = [
            {
                "position": parcel.position,
                "due": texts.day(parcel.due_date),
                "value": texts.money(parcel.value),
                "duplicates": [duplicate_text(duplicate, self.request) for duplicate in found],
            }
            for parcel, found in zip(proposal.parcels, proposal.duplicates, strict=True)
        ]
        total = sum((parcel.value for parcel in proposal.parcels), ZERO)
        shown = {"rows": rows, "total": texts.money(total), "facts": _facts(proposal.entry, self.connection)}
        return {"proposal": proposal, "supplier": proposal.entry.supplier, **shown}

    def _show(self, form: PayableForm, context: dict[str, Any] | None = None) -> HttpResponse:
        writing = writing_of(self.connection)
        shown = {
            "form": form, "connection": self.connection, "is_simulation": writing.mode == WriteMode.SIMULATION,
            "limit": texts.money(writing.limit) if writing.limit is not None else "", **(context or {}),
        }  # fmt: skip
        title = _("Enter a payable of %(company)s") % {"company": self.connection.tenant}
        return self.page._page(self.request, shown, title=title)


def _facts(entry: Entry, connection: BlingConnection) -> list[tuple[str, str]]:
    """Return what Bling gets beside what differs from one installment to the next."""
    registers = {
        "category": (CatalogKind.CATEGORY, entry.category_id),
        "account": (CatalogKind.BANK_ACCOUNT, entry.account_id),
        "payment_form": (CatalogKind.PAYMENT_FORM, entry.payment_form_id),
    }
    facts = {
        "recurrence": recurrence_text(entry.recurrence, entry.due_day),
        **{name: register_name(connection.pk, *which) for name, which in registers.items() if which[1]},
        "document_number": entry.document_number,
        "history": entry.history,
        "issue_date": texts.day(entry.issue_date),
        "competence_date": texts.day(entry.competence_date),
    }
    return [(str(COLUMNS[name]), text) for name, text in facts.items() if text]


def duplicate_text(duplicate: Duplicate, request: HttpRequest) -> str:
    """Name something that may be the same payable, as far as the user may see it."""
    where = {"day": texts.day(duplicate.due_date), "value": texts.money(duplicate.value)}
    if any(
        not scoped(type(row)._default_manager.filter(pk=row.pk), request).exists()
        for row in (duplicate.title, duplicate.write)
        if row is not None
    ):
        return _("a title that you may not see, due %(day)s, %(value)s") % where
    if duplicate.write is not None:
        return _("entered here, due %(day)s, %(value)s: %(number)s") % {**where, "number": duplicate.write}
    if duplicate.row is not None:
        return _("row %(row)s of this spreadsheet, due %(day)s, %(value)s") % {**where, "row": duplicate.row}
    return _("in Bling (%(id)s), due %(day)s, %(value)s") % {**where, "id": duplicate.bling_id}


def accepted_text(batch: WriteBatch, writing: BlingWriting) -> str:
    """Say what becomes of a batch that was accepted."""
    total = texts.money(batch.total)
    if batch.limit_amount not in (None, batch.total):
        total = _("%(total)s (%(year)s within a year)") % {"total": total, "year": texts.money(batch.limit_amount)}
    values = {"count": batch.count, "total": total}
    if batch.state == WriteBatch.State.AWAITING:
        return (
            ngettext(
                "%(count)s payable, %(total)s: above the limit, so somebody else has to confirm it first.",
                "%(count)s payables, %(total)s: above the limit, so somebody else has to confirm them first.",
                batch.count,
            )
            % values
        )
    if writing.mode == WriteMode.SIMULATION:
        return (
            ngettext(
                "%(count)s payable, %(total)s, kept in simulation: nothing is sent.",
                "%(count)s payables, %(total)s, kept in simulation: nothing is sent.",
                batch.count,
            )
            % values
        )
    return (
        ngettext(
            "%(count)s payable, %(total)s: sent to Bling next.",
            "%(count)s payables, %(total)s: sent to Bling next.",
            batch.count,
        )
        % values
    )
