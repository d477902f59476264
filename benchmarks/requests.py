"""How many requests does a change cost? Counted by the sandbox, against the computed minimum and other mirrors."""

from benchmarks import peer, scale
from benchmarks.bounds import all_pages, listing_pages
from benchmarks.companies import add_company, edit_titles
from benchmarks.passes import Pass, counted, sync
from benchmarks.report import Row
from benchmarks.stage import stage, whole_history
from sandbox.world import Account, World

UNSETTLED = PAID = 1_000
REGISTERS_AND_CONTACTS = 5


def run() -> list[Row]:
    """Compare on a small company, then hold the bounds on the largest one."""
    return [*_compare(), *_unchanged(scale.measure()[scale.SIZES[-1]]), *_changed(scale.measure()[scale.SIZES[-1]])]


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


def _unchanged(one: scale.Measured) -> list[Row]:
    """An unchanged run reads its listings, partial titles and 2 % of the open ones, and writes nothing."""
    what = f"{scale.SIZES[-1]:,} titles, {one.open_titles + one.partial_titles:,} open, unchanged"
    reread = -(-one.open_titles * 2 // 100)
    limit = int(1.05 * (one.pages + REGISTERS_AND_CONTACTS)) + one.partial_titles + reread
    run = one.unchanged
    return [
        Row(f"{what}: requests to Bling ({one.pages} pages, {run.details} details)", f"{run.requests:,}",
            f"≤ {limit:,}", run.requests <= limit),
        Row(f"{what}: writes to Kamino", str(run.kamino_writes), "0", run.kamino_writes == 0),
        Row(f"{what}: rows of the mirror written", str(run.mirror_writes), "0", run.mirror_writes == 0),
    ]  # fmt: skip


def _changed(one: scale.Measured) -> list[Row]:
    """A change costs one detail, one write to Kamino and at most one look before it; borderôs and people apart."""
    what, run = f"{scale.SIZES[-1]:,} titles, {one.edits:,} changed", one.changed
    ratios = {
        "details": ((run.details - one.unchanged.details) / one.edits, 1.1),
        "writes to Kamino": (run.kamino_writes / one.edits, 1.1),
        "requests to Kamino": (run.kamino_requests / one.edits, 2.0),
    }
    return [
        Row(f"{what}: {name} per changed title", f"{ratio:.2f}", f"≤ {most:g}", ratio <= most)
        for name, (ratio, most) in ratios.items()
    ]
