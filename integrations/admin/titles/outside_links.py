"""Links to a title's page in Bling's and Kamino's own screens. Neither publishes these addresses, so none is built in:
`SCREEN_URLS` names those that somebody has seen to work."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.models import Posting, Title


@dataclass(frozen=True)
class Screen:
    """One link and its words."""

    url: str
    words: str


def screens(title: Title, posting: Posting | None) -> list[Screen]:
    """Return the links that are set for a title; its Kamino page needs a Kamino id."""
    found = []
    bling = settings.SCREEN_URLS.get(f"bling_{title.direction}", "")
    if bling.startswith("https://"):
        found.append(Screen(bling.replace("{id}", str(title.bling_id)), _("Open in Bling")))
    kamino = settings.SCREEN_URLS.get(f"kamino_{title.direction}", "")
    if kamino.startswith("https://") and posting is not None and posting.kamino_id:
        found.append(Screen(kamino.replace("{id}", str(posting.kamino_id)), _("Open in Kamino")))
    return found
