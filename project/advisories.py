"""`python -m project.advisories`: compare what is locked with the published advisories, and say what was not compared.

pip-audit (https://pypi.org/project/pip-audit/) asks PyPI for each locked version. Where nobody answers, that is said;
it is never taken for "nothing is known". What was looked at and accepted stands, until a day, in docs/security.md.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
TOOL = ("uv", "tool", "run", "--from", "pip-audit==2.9.0", "pip-audit")
MOST_SECONDS = 300
_ACCEPTED = re.compile(r"^\| *((?:PYSEC|GHSA|CVE)-[\w-]+) *\| *(\d{4}-\d{2}-\d{2}) *\|", re.MULTILINE)


@dataclass(frozen=True)
class Findings:
    """What was found of one lock: how many packages were compared, those that were not, and advisories by package."""

    compared: int
    skipped: Sequence[str]
    known: Sequence[tuple[str, Sequence[str]]]


def read(report: dict[str, Any]) -> Findings:
    """Return what pip-audit's JSON says."""
    rows = report["dependencies"]
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    # One advisory has several ids: any of them may have been accepted.
    known = [
        (f"{row['name']} {row['version']}", [one["id"], *one["aliases"]])
        for row in rows
        for one in row.get("vulns", ())
    ]
    return Findings(len(rows) - len(skipped), skipped, known)


def accepted(text: str, today: date) -> set[str]:
    """Return the advisories that docs/security.md accepts today."""
    return {found[0] for found in _ACCEPTED.findall(text) if date.fromisoformat(found[1]) >= today}


def told(name: str, found: Findings | None, fine: set[str]) -> tuple[list[str], bool]:
    """Return the lines for one lock, and whether something is known that nobody accepted."""
    if found is None or not found.compared:
        return [f"{name}: not checked, nobody answered"], False
    lines = [f"{name}: {found.compared} packages checked"]
    if found.skipped:
        lines.append(f"{name}: not checked: {', '.join(found.skipped)}")
    open_ones = [(package, ids) for package, ids in found.known if fine.isdisjoint(ids)]
    lines += [f"{name}: {package}: {', '.join(ids)}" for package, ids in open_ones]
    return lines, bool(open_ones)


def ask(name: str) -> Findings | None:
    """Let pip-audit look at a lock; `None` where it could not."""
    arguments = ["-r", name, "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(
            [Path(sys.executable).with_name(TOOL[0]), *TOOL[1:], *arguments],
            cwd=ROOT, capture_output=True, text=True, timeout=MOST_SECONDS, check=False,
        )  # fmt: skip
        return read(json.loads(done.stdout))
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return None


def main(today: date) -> int:
    fine = accepted((ROOT / "docs" / "security.md").read_text(), today)
    answers = [told(name, ask(name), fine) for name in LOCKS]
    for lines, _is_bad in answers:
        print("\n".join(lines))
    return 1 if any(is_bad for _lines, is_bad in answers) else 0


if __name__ == "__main__":
    sys.exit(main(datetime.now(tz=UTC).date()))
