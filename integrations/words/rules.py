"""Which rule chose a title's chart account, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.domain.classification import RuleWord

_RULES: dict[str, str] = {
    RuleWord.PERSON: gettext_noop("Mapping of the customer or supplier"),
    RuleWord.MAPPING: gettext_noop("Mapping of the category"),
    RuleWord.NAME: gettext_noop("Same name in Kamino"),
    RuleWord.CONTACT: gettext_noop("Default category of the customer or supplier"),
    RuleWord.BORDERO: gettext_noop("Category of the payment (borderô)"),
    RuleWord.KEPT: gettext_noop("Kept as it was sent, although the mapping changed"),
}


def rule_text(rule: str) -> str:
    """Return which rule chose a chart account, in the active language; "" where none did."""
    return _(_RULES[rule]) if rule in _RULES else ""
