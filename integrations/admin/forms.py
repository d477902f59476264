"""Forms of actions."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from integrations.models import KaminoItem, Posting
from integrations.models.registers import KaminoKind


class ForceSettlementForm(forms.Form):
    """Date, amount, bank account and reason of a settlement that Bling does not know of."""

    date = forms.DateField(
        label=_("Payment date"), widget=UnfoldAdminSingleDateWidget(), help_text=_("For example 21/11/2026")
    )
    amount = forms.DecimalField(
        label=_("Amount"), min_value=0, max_digits=15, decimal_places=2, localize=True,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=_("In reais, for example 1.234,56"),
    )  # fmt: skip
    account = forms.ModelChoiceField(
        label=_("Bank account"),
        queryset=KaminoItem.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        empty_label=_("Choose a bank account"),
    )
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))

    def __init__(self, *args: Any, posting: Posting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account"]
        assert isinstance(account, forms.ModelChoiceField)
        account.queryset = KaminoItem.objects.filter(
            connection_id=posting.company_id, kind=KaminoKind.BANK_ACCOUNT, is_active=True, takes_postings=True
        )
        self.fields["amount"].initial = posting.title.value

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(_("The amount must be more than zero."))
        return amount
