"""Forms of actions."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from integrations.admin.kit.fields import AmountField, DayField
from integrations.domain.money import ZERO
from integrations.domain.titles import Direction
from integrations.models import BlingConnection, KaminoItem, Posting, Tenant
from integrations.models.registers import KaminoKind
from integrations.models.titles import DIRECTION_CHOICES
from integrations.pipeline.desk import follow_ups, live_search
from integrations.pipeline.desk.decisions import Option

A_YEAR = timedelta(days=365)


def extra_amount(label: Any) -> AmountField:
    """Return a field for an amount that a settlement contains or lacks; empty is zero."""
    return AmountField(
        label=label, required=False, help_text=_("Goes to Kamino's note. The amount above is the money that moved.")
    )


def bank_accounts(**where: Any) -> QuerySet[KaminoItem]:
    """Return the bank accounts in Kamino that money can be booked on."""
    return KaminoItem.objects.filter(kind=KaminoKind.BANK_ACCOUNT, is_active=True, takes_postings=True, **where)


class UploadForm(forms.Form):
    """One file; the theme's script fails beside any other field for it."""

    file = forms.FileField(widget=UnfoldAdminFileFieldWidget())

    def __init__(self, *args: Any, label: Any, accept: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = label
        self.fields["file"].widget.attrs["accept"] = accept


class PaidForm(forms.Form):
    """When and on which account something was paid that Bling does not know of, and why it is settled by hand."""

    date = DayField(label=_("Payment date"), help_text=_("For example 21/11/2026"))
    account = forms.ModelChoiceField(
        label=_("Bank account"),
        queryset=KaminoItem.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        empty_label=_("Choose a bank account"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))

    def __init__(self, *args: Any, accounts: QuerySet[KaminoItem], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account"]
        assert isinstance(account, forms.ModelChoiceField)
        account.queryset = accounts


class ForceSettlementForm(PaidForm):
    """The same for one title, with its amounts."""

    field_order = ["date", "amount", "interest", "discount", "account", "reason"]
    amount = AmountField(label=_("Amount"), help_text=_("In reais, for example 1.234,56"))
    interest = extra_amount(_("Interest"))
    discount = extra_amount(_("Discount"))

    def __init__(self, *args: Any, posting: Posting, **kwargs: Any) -> None:
        super().__init__(*args, accounts=bank_accounts(connection=posting.kamino_connection_id), **kwargs)
        self.fields["amount"].initial = posting.title.value
        paid = posting.title.payments.order_by("-date").first()
        if paid is not None:
            self.fields["date"].initial = paid.date

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(_("The amount must be more than zero."))
        return amount

    def clean_interest(self) -> Decimal:
        return self.cleaned_data["interest"] or ZERO

    def clean_discount(self) -> Decimal:
        return self.cleaned_data["discount"] or ZERO


class BlingSearchForm(forms.Form):
    """What a person knows of a title that is looked for in Bling itself."""

    connection = forms.ModelChoiceField(
        label=_("Company"), queryset=BlingConnection.objects.none(), widget=UnfoldAdminSelectWidget(), empty_label=None
    )
    side = forms.ChoiceField(
        label=_("Direction"), required=False, choices=[("", _("Both")), *DIRECTION_CHOICES],
        widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    bling_id = forms.IntegerField(
        label=_("Bling id"), required=False, min_value=1, max_value=2**63 - 1, widget=UnfoldAdminIntegerFieldWidget(),
        help_text=_("With it, nothing else is needed."),
    )  # fmt: skip
    person = forms.CharField(
        label=_("Person (name or CPF/CNPJ)"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget()
    )
    number = forms.CharField(
        label=_("Document number"), required=False, max_length=100, widget=UnfoldAdminTextInputWidget(),
        help_text=_("Or the number of the invoice or order. Needs a person, a value or due dates beside it."),
    )  # fmt: skip
    value = AmountField(label=_("Value"), required=False)
    due_from = DayField(label=_("Due from"), required=False)
    due_to = DayField(label=_("Due until"), required=False)

    def __init__(self, *args: Any, connections: QuerySet[BlingConnection], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connection = self.fields["connection"]
        assert isinstance(connection, forms.ModelChoiceField)
        connection.queryset = connections

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        start, end = data.get("due_from"), data.get("due_to")
        if not self.errors and not any(data.get(name) for name in ("bling_id", "person", "value", "due_from")):
            raise forms.ValidationError(_("Give the Bling id, a person, a value or due dates."))
        if start and end and not start <= end <= start + A_YEAR:
            self.add_error("due_to", _("Bling searches at most a year at a time, from the earlier to the later day."))
        return data

    def to_search(self) -> live_search.Search:
        """Return what the pipeline looks for; a span with one end reaches half a year from it."""
        data = {**self.cleaned_data}
        side, start, end = data.pop("side"), data["due_from"], data["due_to"]
        del data["connection"]
        data["due_from"] = start or (end - live_search.AROUND_TODAY if end else None)
        data["due_to"] = end or (start + live_search.AROUND_TODAY if start else None)
        directions = [Direction(side)] if side else list(Direction)
        return live_search.Search(directions=directions, **data)


class CompanyForm(forms.Form):
    """Which of the user's companies."""

    tenant = forms.ModelChoiceField(
        label=_("Company"), queryset=Tenant.objects.none(), widget=UnfoldAdminSelectWidget(), empty_label=None
    )

    def __init__(self, *args: Any, tenants: QuerySet[Tenant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tenant = self.fields["tenant"]
        assert isinstance(tenant, forms.ModelChoiceField)
        tenant.queryset = tenants


class MonthForm(CompanyForm):
    """A company's month; `clean` gives its first day as `first`."""

    month = forms.RegexField(
        r"^(0[1-9]|1[0-2])/(20\d\d)$", label=_("Month"), help_text=_("For example 10/2026"),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": _("Write the month as two digits and the year: 10/2026.")},
    )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if "month" in data:
            month, year = data["month"].split("/")
            data["first"] = date(int(year), int(month), 1)
        return data


class PositionForm(CompanyForm):
    """A company, and the day that is asked for."""

    day = DayField(
        label=_("Open at the end of"),
        validators=[MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2099, 12, 31))],
    )  # fmt: skip


class FollowUpForm(forms.Form):
    """Who looks after some titles, and what is to be said about them."""

    responsible = forms.ChoiceField(label=_("Responsible"), widget=UnfoldAdminSelectWidget())
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("No passwords and no bank data. Everybody who sees the company can read it."),
    )  # fmt: skip

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._people = {str(user.pk): user for user in people}
        responsible = self.fields["responsible"]
        assert isinstance(responsible, forms.ChoiceField)
        responsible.choices = [
            (follow_ups.UNTOUCHED, _("As it is")), (follow_ups.NOBODY, _("Nobody")),
            *((key, str(user)) for key, user in self._people.items()),
        ]  # fmt: skip

    def clean_responsible(self) -> User | str:
        """Return the person, or one of the pipeline's two words."""
        answer = str(self.cleaned_data["responsible"])
        return self._people.get(answer, answer)


def answer_key(option: Option, fence: int) -> str:
    """Name one answer to one question."""
    return f"{fence}:{option.code}:{'' if option.number is None else option.number}"


class DecisionForm(forms.Form):
    """One of the answers that a title waits for, the number that some of them need, and why.

    What is chosen is the answer itself and not its place in a list, which may be another one when the form is sent: the
    same answer to what was asked when `fence` was that of the unit on the page.
    """

    choice = forms.ChoiceField(
        label=_("Your decision"), widget=UnfoldAdminRadioSelectWidget(),
        error_messages={"invalid_choice": _("This was decided meanwhile, or is no longer open.")},
    )  # fmt: skip
    number = forms.IntegerField(
        label=_("Number in Kamino"), min_value=1, max_value=2**63 - 1, required=False,
        widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))

    def __init__(self, *args: Any, options: list[Option], fence: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = {answer_key(option, fence): option for option in options}
        choice = self.fields["choice"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(key, option.label) for key, option in self.options.items()]
        if all(option.number is not None for option in options):
            del self.fields["number"]

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if "choice" in data and self._chosen().number is None and not data.get("number"):
            self.add_error("number", _("Give the number that it has in Kamino."))
        return data

    def _chosen(self) -> Option:
        return self.options[self.cleaned_data["choice"]]

    def answer(self) -> dict[str, Any]:
        """Return what `decisions.decide` takes of this form."""
        option = self._chosen()
        number = self.cleaned_data["number"] if option.number is None else option.number
        return {"code": option.code, "number": number, "reason": self.cleaned_data["reason"]}
