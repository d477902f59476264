"""What is said of titles that somebody may not see: that there are some in the company, never where."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from integrations.domain.confidential import COUNTED

CLOSED_MONTH = gettext_noop(
    "This month was frozen by an older version, which does not tell confidential titles apart: its numbers are shown "
    "only to people who may see them. Compare and freeze it again."
)


def left_out_text(count: int) -> str:
    """Say how many titles of a company the numbers leave out, "" for none. `count`: of `Sight.left_out`."""
    if not count:
        return ""
    if count > COUNTED:
        return _("Without the confidential titles of this company, more than %(count)s.") % {"count": COUNTED}
    text = ngettext(
        "Without %(count)s confidential title of this company.",
        "Without %(count)s confidential titles of this company.",
        count,
    )
    return text % {"count": count}
