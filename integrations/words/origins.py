"""What a title comes from, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from integrations.domain.titles import Origin

_NAMES = {Origin.SALE: gettext_noop("Sale"), Origin.INVOICE: gettext_noop("Invoice")}


def origin_word(origin: str, shown: str) -> str:
    """Return what a title comes from; where rules know no word for it, as Bling wrote it (`shown`)."""
    known = _NAMES.get(Origin(origin))
    return _(known) if known else shown
