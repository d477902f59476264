"""Pages that take an order only for the rows which they showed."""

import re
from typing import Any

from django.test import Client


def mark_of(client: Client, address: str) -> str:
    """Return the mark of what a page shows, "" where it shows none."""
    found = re.search(r'name="mark" value="([^"]*)"', client.get(address).content.decode())
    return found[1] if found else ""


def ordered(client: Client, address: str, **data: Any) -> Any:
    """Look at a page, and order what it shows."""
    return client.post(address, {"mark": mark_of(client, address), **data})
