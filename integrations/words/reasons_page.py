"""The tables of docs/reasons.md that say what the words say: made from the same tables, never written by hand."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext, override

from integrations.domain.discrepancies import DiscrepancyKind
from integrations.domain.reasons import Reason, effect_of
from integrations.words import discrepancies
from integrations.words.reasons import words_of
from integrations.words.worklists import WORKLIST_WORDS

PORTUGUESE = "pt-br"
_PARAMETER = re.compile(r"%\(\w+\)s")


def tables() -> dict[str, str]:
    """Return the tables by the name of their place on the page."""
    return {"reasons": "\n".join(_reasons()), "discrepancies": "\n".join(_kinds())}


def with_tables(page: str) -> str:
    """Return the page with its tables made again: each is between `<!-- name -->` and `<!-- end -->`."""
    for name, table in tables().items():
        begin, end = f"<!-- {name} -->\n", "\n<!-- end -->"
        before, rest = page.split(begin, 1)
        page = before + begin + table + rest[rest.index(end) :]
    return page


def _reasons() -> Iterator[str]:
    yield "| code | in the admin | holds back | worklist | what it says | what to do |"
    yield "|---|---|---|---|---|---|"
    for reason in Reason:
        words, effect = words_of(reason), effect_of(reason)
        worklist = _portuguese(WORKLIST_WORDS[words.worklist].name) if words.worklist else "–"
        cells = (f"`{reason}`", _portuguese(words.name), effect.holds, worklist, words.sentence, words.advice or "–")
        yield _row(*cells)


def _kinds() -> Iterator[str]:
    yield "| kind | in the admin | what it means | what to do |"
    yield "|---|---|---|---|"
    for kind in DiscrepancyKind:
        words = discrepancies.words_of(kind)
        yield _row(f"`{kind}`", _portuguese(words.name), words.meaning, words.advice)


def _portuguese(text: str) -> str:
    with override(PORTUGUESE):
        return gettext(text)


def _row(*cells: str) -> str:
    return "| " + " | ".join(_PARAMETER.sub("…", cell) for cell in cells) + " |"
