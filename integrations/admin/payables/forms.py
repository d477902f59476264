"""The form for one payable, and the choice of its supplier."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from integrations.admin.kit.fields import AmountField, DayField
from integrations.domain.documents import DocumentKind, compact, kind_of
from integrations.domain.occurrences import FENCED, MOST_INSTALLMENTS, Recurrence
from integrations.domain.payables import LARGEST_VALUE, MOST_HISTORY, MOST_NAME, MOST_NUMBER
from integrations.models import CatalogItem
from integrations.pipeline.payables.entry import Entry, Fault, Registers, Supplier
from integrations.words.writes import RECURRENCE_NAMES

NEW = "new"
_FIELDS = {"supplier": "person", "document": "person", "account": "account"}
"""Which field of the form shows a fault of another name."""


class PayableForm(forms.Form):
    """One payable. Choices are the registers of the connection that it is entered for."""

    person = forms.CharField(
        label=_("Supplier (name, CPF or CNPJ)"), max_length=MOST_NAME, widget=UnfoldAdminTextInputWidget()
    )
    value = AmountField(label=_("Value"), help_text=_("In reais, for example 1.234,56"))
    due_date = DayField(label=_("Due date"))
    issue_date = DayField(label=_("Issue date"))
    competence_date = DayField(label=_("Competence"))
    category = forms.ChoiceField(label=_("Category"), widget=UnfoldAdminSelectWidget())
    account = forms.ChoiceField(label=_("Account (portador)"), required=False, widget=UnfoldAdminSelectWidget())
    payment_form = forms.ChoiceField(label=_("Payment form"), required=False, widget=UnfoldAdminSelectWidget())
    document_number = forms.CharField(
        label=_("Document number"), required=False, max_length=MOST_NUMBER, widget=UnfoldAdminTextInputWidget()
    )
    history = forms.CharField(
        label=_("Description"), required=False, max_length=MOST_HISTORY,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Stands in Bling, followed by a mark by which this service knows its own titles."),
    )  # fmt: skip
    recurrence = forms.ChoiceField(
        label=_("Occurrence"), widget=UnfoldAdminSelectWidget(),
        choices=[(one.value, gettext_lazy(name)) for one, name in RECURRENCE_NAMES.items() if one not in FENCED],
    )  # fmt: skip
    installments = forms.IntegerField(
        label=_("Number of installments"), required=False, min_value=2, max_value=MOST_INSTALLMENTS,
        widget=UnfoldAdminIntegerFieldWidget(), help_text=_("Only for installments."),
    )  # fmt: skip
    day = forms.IntegerField(
        label=_("Day of the month"), required=False, min_value=1, max_value=31,
        widget=UnfoldAdminIntegerFieldWidget(), help_text=_("Of the later ones; empty: as the first."),
    )  # fmt: skip
    is_total = forms.ChoiceField(
        label=_("The value is"), required=False, widget=UnfoldAdminSelectWidget(),
        choices=[("total", _("that of all installments together")), ("each", _("that of each installment"))],
    )  # fmt: skip

    def __init__(self, *args: Any, registers: Registers, today: date, **kwargs: Any) -> None:
        days = dict.fromkeys(("issue_date", "competence_date"), today)
        super().__init__(*args, **{**kwargs, "initial": {**days, **kwargs.get("initial", {})}})
        self._choose("category", registers.categories, _("Choose a category"))
        self._choose("account", registers.accounts, _("None"))
        self._choose("payment_form", registers.payment_forms, _("None"))

    def _choose(self, name: str, items: dict[int, CatalogItem], empty: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", empty), *((str(bling_id), str(item)) for bling_id, item in items.items())]

    def clean_person(self) -> str:
        """Refuse digits that are neither a name nor a CPF or CNPJ: they would become the name of a new supplier."""
        person = str(self.cleaned_data["person"])
        is_number = not any(letter.isalpha() for letter in person)
        if is_number and kind_of(person) not in (DocumentKind.CPF, DocumentKind.CNPJ):
            raise forms.ValidationError(_("This is no CPF or CNPJ: its check digits do not fit."))
        return person

    def clean_value(self) -> Decimal:
        value: Decimal = self.cleaned_data["value"]
        if not 0 < value <= LARGEST_VALUE:
            raise forms.ValidationError(_("The value must be more than zero and at most 999,999,999.99."))
        return value

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if data.get("recurrence") == Recurrence.INSTALLMENTS and not data.get("installments"):
            self.add_error("installments", _("Say how many installments there are."))
        return data

    def to_entry(self, supplier: Supplier) -> Entry:
        """Return what was entered, owed to a supplier."""
        data = self.cleaned_data
        recurrence = Recurrence(data["recurrence"])
        is_split = recurrence is Recurrence.INSTALLMENTS
        return Entry(
            supplier=supplier,
            value=data["value"],
            due_date=data["due_date"],
            issue_date=data["issue_date"],
            competence_date=data["competence_date"],
            document_number=data["document_number"].strip(),
            history=" ".join(data["history"].split()),
            category_id=int(data["category"]),
            account_id=int(data["account"] or 0),
            payment_form_id=int(data["payment_form"] or 0),
            recurrence=recurrence,
            installments=data["installments"] if is_split else 1,
            day=data["day"] or 0,
            is_total=data["is_total"] != "each",
        )

    def show(self, faults: list[Fault]) -> None:
        """Show what is wrong with an entry beside its fields."""
        for fault in faults:
            name = _FIELDS.get(fault.field, fault.field)
            self.add_error(name if name in self.fields else None, fault.text)


class SupplierForm(forms.Form):
    """Which contact in Bling the supplier is, or a new one with its name and CPF/CNPJ."""

    supplier = forms.ChoiceField(label=_("Supplier in Bling"), widget=UnfoldAdminRadioSelectWidget())
    new_name = forms.CharField(
        label=_("Name of the new supplier"), required=False, max_length=MOST_NAME, widget=UnfoldAdminTextInputWidget()
    )
    new_document = forms.CharField(
        label=_("CPF/CNPJ of the new supplier"), required=False, max_length=18, widget=UnfoldAdminTextInputWidget()
    )
    new_email = forms.EmailField(
        label=_("E-mail of the new supplier"), required=False, max_length=100, widget=UnfoldAdminTextInputWidget()
    )

    def __init__(self, *args: Any, found: dict[int, str], typed: str, is_guess: bool, **kwargs: Any) -> None:
        is_document = kind_of(typed) in (DocumentKind.CPF, DocumentKind.CNPJ)
        known = {"new_document": typed} if is_document else {"new_name": typed}
        first = "" if found else NEW
        if len(found) == 1 and not is_guess:
            first = str(next(iter(found)))
        super().__init__(*args, **{**kwargs, "initial": {"supplier": first, **known, **kwargs.get("initial", {})}})
        field = self.fields["supplier"]
        assert isinstance(field, forms.ChoiceField)
        new = (NEW, _("None of these: register a new supplier in Bling"))
        field.choices = [*((str(key), label) for key, label in found.items()), new]

    def clean_new_document(self) -> str:
        document = compact(self.cleaned_data["new_document"])
        if kind_of(document) is DocumentKind.INVALID:
            raise forms.ValidationError(_("This is no CPF or CNPJ: its check digits do not fit."))
        return document

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if data.get("supplier") == NEW and not str(data.get("new_name", "")).strip():
            self.add_error("new_name", _("Give the name of the new supplier."))
        return data

    def to_supplier(self, found: dict[int, Supplier]) -> Supplier:
        """Return the supplier that was chosen among those that Bling has, or a new one."""
        data = self.cleaned_data
        if data["supplier"] != NEW:
            return found[int(data["supplier"])]
        return Supplier(" ".join(data["new_name"].split()), data["new_document"], email=data["new_email"])
