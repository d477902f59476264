"""The locks hold what the two lists of requirements ask for, with hashes, in one resolution."""

import re

import pytest

from project.local import BASE_DIR

_PIN = re.compile(r"([a-z0-9.-]+)==([0-9][0-9a-z.]*)(?: ; .+)?")


def _entries(name: str) -> list[str]:
    """Return the requirements of a lock, each with the lines that continue it."""
    text = (BASE_DIR / name).read_text(encoding="utf-8").replace("\\\n", "")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _pins(name: str) -> dict[str, str]:
    found = [_PIN.match(entry) for entry in _entries(name)]
    assert all(found), f"{name} holds something that is not pinned"
    return {match[1]: match[2] for match in found if match}


def _asked_for(name: str) -> set[str]:
    lines = (BASE_DIR / name).read_text(encoding="utf-8").splitlines()
    names = [re.match(r"[A-Za-z0-9.-]+", line) for line in lines if not line.startswith("-r ")]
    return {match[0].lower() for match in names if match}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    assert _pins(name)
    assert [entry for entry in _entries(name) if not re.search(r" --hash=sha256:[0-9a-f]{64}\b", entry)] == []


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_the_lock_holds_all_that_was_asked_for(name: str) -> None:
    assert _asked_for(f"{name}.in") - set(_pins(f"{name}.txt")) == set(), "run make lock"


def test_production_and_development_share_one_resolution() -> None:
    development = _pins("requirements-dev.txt")
    assert {name: pin for name, pin in _pins("requirements.txt").items() if development.get(name) != pin} == {}


def test_a_lock_names_no_machine_and_no_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert not re.search(r"://|--index|--find-links|/home/|/tmp/", (BASE_DIR / name).read_text(encoding="utf-8"))
