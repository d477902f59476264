"""No page brings a script of its own: the Content-Security-Policy refuses it, and a part of the page would not work."""

import re

from django.contrib.auth.models import User

from tests.admin.access.test_matrix import CALLS_OUT, logged_in, nobody_is_called
from tests.admin.matrix import answer, asks, signature
from tests.admin.world import Rows

__all__ = ["nobody_is_called"]
_TAG = re.compile(r"<(\w+)\s([^>]*)>|<(script)>")
_INLINE = re.compile(r"""(?:^|\s)on\w+\s*=|=\s*["']?\s*javascript:""", re.IGNORECASE)
_DATA = re.compile(r"""type=["']application/json["']""")


def scripts_in(page: str) -> list[str]:
    """Return the tags of a page by which it brings a script that is in no file of ours."""
    found = []
    for tag, attributes, bare in _TAG.findall(page):
        is_script = (tag or bare).lower() == "script"
        brings = is_script and not re.search(r"(?:^|\s)src=", attributes) and not _DATA.search(attributes)
        if brings or _INLINE.search(attributes):
            found.append(f"<{tag or bare} {attributes}>")
    return found


def test_what_would_be_refused_is_found() -> None:
    assert len(scripts_in("<script>a()</script> <script type='text/javascript'>a()</script>")) == 2
    assert len(scripts_in('<a href="javascript:a()">x</a> <p class="a" onclick="a()">')) == 2
    assert scripts_in('<script src="/a.js" defer></script> <script id="a" type="application/json">{}</script>') == []
    assert scripts_in('<p x-on:click="a()" @click="a()" data-on="x">') == []


def test_no_page_brings_a_script_of_its_own(ours: Rows, root: User) -> None:
    """Each address is opened, and each list asked to do what it can: what it asks back is a page as well."""
    client, before = logged_in(root), signature(ours)
    asked = [ask for ask in asks(ours, root) if ask.method == "GET" or "action" in ask.body]
    pages = {str(ask): answer(client, ask, ours, before).text for ask in asked if not ask.path.endswith(CALLS_OUT)}
    assert sum("<html" in page for page in pages.values()) > 200
    assert {ask: found for ask, page in pages.items() if (found := scripts_in(page))} == {}
