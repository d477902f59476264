"""`python -m benchmarks [name …]`: run some, or all and write docs/performance.md."""

import sys
import traceback

from benchmarks import desk, fleet, fleet_db, limits, lists, pages, requests, scale, throughput
from benchmarks.report import Row, show, write

BENCHMARKS = {
    "limits": limits.run,
    "fleet": fleet.run,
    "requests": requests.run,
    "throughput": throughput.run,
    "scale": scale.run,
    "desk": desk.run,
    "fleet-db": fleet_db.run,
    "lists": lists.run,
    "pages": pages.run,
}


def main() -> int:
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names:
        found = _measured(name)
        show(found)
        rows += found
    if names == list(BENCHMARKS):
        write(rows)
    return 0 if all(row.ok for row in rows) else 1


def _measured(name: str) -> list[Row]:
    """Return the rows of a benchmark; of one that fails, that it did, so that the hours of the others are kept."""
    try:
        return BENCHMARKS[name]()
    except Exception as error:
        traceback.print_exc()
        return [Row(f"{name}: figures", f"none ({type(error).__name__})", "some", ok=False)]


if __name__ == "__main__":
    sys.exit(main())
