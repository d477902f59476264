"""The Portuguese catalogue is whole: nothing untranslated or fuzzy, placeholders kept, .mo in step with .po."""

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.utils import translation

from integrations.domain.reasons import Problem, Reason
from integrations.words.reasons import problem_text

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "integrations" / "locale" / "pt_BR" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%s")


@dataclass
class Entry:
    """One message of a .po file."""

    fuzzy: bool = False
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def translations(self) -> list[str]:
        return [text for key, text in self.texts.items() if key.startswith("msgstr")]


def entries() -> Iterator[Entry]:
    """Read the .po file: paragraphs of comments, keywords and continued strings."""
    for paragraph in (FOLDER / "django.po").read_text().split("\n\n"):
        entry, key = Entry(), ""
        for line in paragraph.splitlines():
            if line.startswith("#,"):
                entry.fuzzy = "fuzzy" in line
            elif match := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                key = match[1]
                entry.texts[key] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                entry.texts[key] += ast.literal_eval(line)
        if entry.texts.get("msgid"):
            yield entry


def test_every_message_is_translated() -> None:
    found = list(entries())
    assert len(found) > 400
    for entry in found:
        assert not entry.fuzzy, entry
        assert entry.translations, entry
        assert all(entry.translations), entry


TRANSLATORS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
IN_TEMPLATE = re.compile(r"""\{% translate ("[^"]*"|'[^']*')""")


def strings_of_code(source: str) -> Iterator[str]:
    """Yield every constant that a Python file asks to be translated."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRANSLATORS:
            text = node.args[1 if node.func.id.startswith("pgettext") else 0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def test_every_string_of_the_code_was_extracted() -> None:
    known = {entry.texts["msgid"] for entry in entries()}
    asked: set[str] = set()
    for folder in ("integrations", "project"):
        for path in (ROOT / folder).rglob("*.py"):
            asked |= set(strings_of_code(path.read_text()))
    for path in (ROOT / "templates").rglob("*.html"):
        asked |= {ast.literal_eval(text) for text in IN_TEMPLATE.findall(path.read_text())}
    assert len(asked) > 400
    assert not asked - known, f"run makemessages: {sorted(asked - known)}"


def test_placeholders_survive_translation() -> None:
    for entry in entries():
        wanted = set(PLACEHOLDER.findall(entry.texts["msgid"] + entry.texts.get("msgid_plural", "")))
        for text in entry.translations:
            assert set(PLACEHOLDER.findall(text)) == wanted, entry


def test_the_compiled_catalogue_is_in_step() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    expected = {}
    for entry in entries():
        context = f"{entry.texts['msgctxt']}\x04" if "msgctxt" in entry.texts else ""
        msgid = context + entry.texts["msgid"]
        if "msgid_plural" in entry.texts:
            expected |= {(msgid, number): entry.texts[f"msgstr[{number}]"] for number in (0, 1)}
        else:
            expected[msgid] = entry.texts["msgstr"]
    assert {key: text for key, text in compiled.items() if key} == expected


def test_every_problem_has_a_portuguese_sentence() -> None:
    names = "name bling_name message value paid balance count date bordero number kamino bling id code ids"
    params = dict.fromkeys(names.split(), "x")
    for code in Reason:
        with translation.override("pt-br"):
            portuguese = problem_text(Problem(code, params))
        with translation.override("en"):
            english = problem_text(Problem(code, params))
        assert portuguese != english, code


def test_no_template_writes_an_id_like_an_amount() -> None:
    """From 1.000 on, a key written with a point finds nothing: the form that holds it would be refused."""
    found = [
        (path.name, text)
        for path in (ROOT / "templates").rglob("*.html")
        for text in re.findall(r"{{ *[\w.]*(?:\.pk|_id) *}}", path.read_text())
    ]
    assert found == []
