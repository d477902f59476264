"""How many requests does a change cost? Counted by the sandbox, against the computed minimum and other mirrors."""

from benchmarks import peer, scale
from benchmarks.bounds import all_pages, listing_pages
from benchmarks.companies import add_company, edit_titles
from benchmarks.passes import Pass, counted, sync
from benchmarks.report import Row
from benchmarks.stage import stage, whole_history
from sandbox.account import Account
from sandbox.world import World

UNSETTLED = PAID = 1_000
REGISTERS_AND_CONTACTS = 5


def run() -> list[Row]:
    """Compare on a small company; hold the bounds on a large one, which sends to Kamino, and on the largest one."""
    found = scale.measure()
    rows = [row for size in (scale.LARGE, scale.LARGEST) for row in _unchanged(size, found[size])]
    rows += [_details(size, found[size]) for size in (scale.LARGE, scale.LARGEST)]
    return [*_compare(), *rows, *_on_kamino(scale.LARGE, found[scale.LARGE])]


def _compare() -> list[Row]:
    world = World(unlimited=True)
    account = add_company(world, "media", unsettled=UNSETTLED, paid=PAID)
    edits = (UNSETTLED + PAID) // 100
    with stage(world, whole_history(world)) as environment:
        sync(environment, account)
        dlt = peer.prepare(environment, account)
        peer.run_peer(dlt)
        rows = []
        for what, changes in (("unchanged", 0), (f"{edits} changed", edits)):
            borderos = len(account.bling.borderos)
            edit_titles(account, changes)
            least = listing_pages(account) + changes + len(account.bling.borderos) - borderos
            ours = sync(environment, account)
            theirs = counted(environment, account, lambda: peer.run_peer(dlt))
            rows += _rows(f"{UNSETTLED + PAID:,} titles, {what}", account, changes, ours, theirs, least)
    return rows


def _rows(what: str, account: Account, changes: int, ours: Pass, dlt: Pass, least: int) -> list[Row]:
    bling = account.bling
    naive = all_pages(account) + len(bling.titles) + len(bling.borderos) + len(bling.contacts)
    found = {"computed minimum": least, "ours": ours.requests, "naive list + detail (computed)": naive,
             "dlt": dlt.requests}  # fmt: skip
    return [
        Row(f"{what}: requests per run, {who}",
            f"{count:,}" + (f", {count / changes:.1f} per changed title" if changes else ""))
        for who, count in found.items()
    ] + [
        Row(f"{what}: requests, dlt / ours", f"{dlt.requests / ours.requests:.0f}", "≥ 25",
            dlt.requests >= 25 * ours.requests)
    ]  # fmt: skip


def _unchanged(size: int, one: scale.Measured) -> list[Row]:
    """An unchanged run reads its listings, partial titles and 2 % of the open ones, and writes nothing."""
    what, run = f"{size:,} titles, {one.open_titles + one.partial_titles:,} open, unchanged", one.unchanged
    limit = int(1.05 * (one.pages + REGISTERS_AND_CONTACTS)) + one.partial_titles + -(-one.open_titles * 2 // 100)
    read = f"{what}: requests to Bling ({one.pages} pages, {run.details} details)"
    return [
        Row(read, f"{run.requests:,}", f"≤ {limit:,}", run.requests <= limit),
        Row(f"{what}: rows of the mirror written", str(run.mirror_writes), "0", run.mirror_writes == 0),
    ]


def _details(size: int, one: scale.Measured) -> Row:
    return _per_change(size, one, "details of titles", one.changed.details - one.unchanged.details, 1.1)


def _on_kamino(size: int, one: scale.Measured) -> list[Row]:
    """On Kamino, nothing without a change, and with one a write and at most one look before it."""
    writes, run = one.unchanged.kamino_writes, one.changed
    return [
        Row(f"{size:,} titles, unchanged: writes to Kamino", str(writes), "0", writes == 0),
        _per_change(size, one, "writes to Kamino", run.kamino_writes, 1.1),
        _per_change(size, one, "requests to Kamino", run.kamino_requests, 2.0),
    ]


def _per_change(size: int, one: scale.Measured, what: str, count: int, most: float) -> Row:
    ratio = count / one.edits
    return Row(
        f"{size:,} titles, {one.edits:,} changed: {what} per change", f"{ratio:.2f}", f"≤ {most:g}", ratio <= most
    )
