"""What the documents promise about the shape of the project, held by reading its files."""

import re
import subprocess
from pathlib import Path

import grimp
import pytest

from integrations.bling.addresses import ADDRESSES
from integrations.domain.alerts import AlertCause
from integrations.domain.delivery import DeliveryState
from integrations.models.connections import ConnectionStatus
from integrations.words.reasons_page import with_tables
from project.local import BASE_DIR
from tests.mutants import MUTANTS

MOST_LINES = 400
REASONS, OPERATIONS = (
    (BASE_DIR / "docs" / name).read_text(encoding="utf-8") for name in ("reasons.md", "operations.md")
)


def our_files(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [BASE_DIR / name for name in listed.stdout.splitlines() if (BASE_DIR / name).is_file()]


def test_no_file_is_longer_than_400_lines() -> None:
    sizes = {
        path.relative_to(BASE_DIR).as_posix(): len(path.read_bytes().splitlines())
        for path in our_files("*.py", "*.html", "*.css", "*.js", "*.md", "Makefile", ".ci/run")
        if path.parent.name != "migrations"  # written by Django
    }
    assert sizes
    assert {name: size for name, size in sizes.items() if size > MOST_LINES} == {}


def test_the_tables_of_the_page_of_reasons_are_those_of_the_words() -> None:
    assert with_tables(REASONS) == REASONS, "run manage.py reasons_page"


@pytest.mark.parametrize(
    "word",
    [
        *(member.value for kind in (DeliveryState, ConnectionStatus, AlertCause) for member in kind),
    ],
)
def test_every_word_that_an_operator_can_meet_has_a_row_in_a_page_for_operators(word: str) -> None:
    first_cells = re.findall(r"^\| ([^|]+) \|", REASONS + OPERATIONS, re.MULTILINE)
    assert any(f"`{word}`" in cell for cell in first_cells), f"no page for operators says anything about {word}"


def test_the_example_environment_names_exactly_what_is_read() -> None:
    source = (BASE_DIR / "project" / "env.py").read_text(encoding="utf-8")
    read = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", source)) | set(
        re.findall(r"_secret\(env, \"([A-Z_]+)\"", source)
    )
    read |= set(ADDRESSES)
    example = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
    described = re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)
    assert len(described) == len(set(described))
    assert set(described) == read


def test_nothing_of_ours_needs_files_outside_of_the_project() -> None:
    outside = re.compile(r"\.\./shared|/work/")
    allowed = {BASE_DIR / ".ci" / "run", Path(__file__)}
    found = [path.name for path in our_files() if path not in allowed and _mentions(path, outside)]
    assert found == []


def _mentions(path: Path, pattern: re.Pattern[str]) -> bool:
    try:
        return bool(pattern.search(path.read_text(encoding="utf-8")))
    except UnicodeDecodeError:
        return False


def test_the_outbox_knows_no_destination() -> None:
    files = our_files("integrations/pipeline/outbox/*.py")
    assert files
    assert [path.name for path in files if _mentions(path, re.compile("kamino|bling", re.IGNORECASE))] == []


@pytest.mark.parametrize("package", ["integrations", "sandbox"])
def test_no_file_imports_itself_by_way_of_others(package: str) -> None:
    graph = grimp.build_graph(package)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    while done := {name for name, others in imports.items() if not others}:
        imports = {name: others - done for name, others in imports.items() if name not in done}
    assert sorted(imports) == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in our_files("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert broken == []


ROOTS = ("", "integrations", "integrations/pipeline", "templates")


def test_files_named_in_documents_exist() -> None:
    missing = []
    for page in our_files("*.md"):
        if page.name == "CHANGELOG.md":  # says what was there
            continue
        for name in re.findall(r"`([a-z_]+(?:/[A-Za-z0-9_.-]+)+/?)`", page.read_text(encoding="utf-8")):
            places = [BASE_DIR / root / name for root in ROOTS]
            if not any(place.exists() or place.with_suffix(".py").exists() for place in places):
                missing.append(f"{page.name}: {name}")
    assert missing == []


def test_each_known_mutant_still_breaks_something() -> None:
    """A mutant whose line was rewritten would break nothing, and its tests could not fail."""
    lost = [mutant.name for mutant in MUTANTS if (BASE_DIR / mutant.file).read_text().count(mutant.old) != 1]
    assert lost == []


def test_each_picture_is_shown_by_a_page_and_each_page_has_its_pictures() -> None:
    pages = [BASE_DIR / "README.md", *(BASE_DIR / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"images/([\w-]+\.png)", page.read_text(encoding="utf-8"))}
    assert shown == {path.name for path in (BASE_DIR / "docs" / "images").iterdir()}
