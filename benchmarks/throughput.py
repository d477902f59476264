"""How long does mirroring take, and how much memory, ours against dlt? Same sandbox, same data, one run."""

from benchmarks import peer
from benchmarks.companies import add_company
from benchmarks.passes import counted, sync
from benchmarks.report import Row
from benchmarks.stage import count_rows, pause_kamino, stage, whole_history
from sandbox.world import World

UNSETTLED = PAID = 10_000


def run() -> list[Row]:
    """Load 20,000 titles and sync them again unchanged: ours, then dlt. dlt only mirrors, so ours does no more."""
    world = World(unlimited=True)
    account = add_company(world, "grande", unsettled=UNSETTLED, paid=PAID)
    with stage(world, whole_history(world)) as environment:
        pause_kamino(environment, account.slug)
        ours = [sync(environment, account) for _ in range(2)]
        dlt = peer.prepare(environment, account)
        theirs = [counted(environment, account, lambda: peer.run_peer(dlt)) for _ in range(2)]
        mirrored = count_rows(environment["DATABASE_URL"], "integrations_title")
        same = mirrored == count_rows(dlt["DLT_DATABASE_URL"], "mirror.titles") == len(account.bling.titles)
    (load, again), (dlt_load, dlt_again) = ours, theirs
    slower = load.cost.wall / dlt_load.cost.wall
    fewer, faster = dlt_again.requests / again.requests, dlt_again.cost.wall / again.cost.wall
    memory = max(one.cost.peak_mib for one in ours) / max(one.cost.peak_mib for one in theirs)
    size = f"{UNSETTLED + PAID:,} titles"
    return [
        Row(f"{size}, both mirrors hold them all", f"{mirrored:,}", f"{UNSETTLED + PAID:,}", same),
        Row(f"{size}, first load, ours", str(load)),
        Row(f"{size}, first load, dlt", str(dlt_load)),
        Row(f"{size}, unchanged, ours", str(again)),
        Row(f"{size}, unchanged, dlt", str(dlt_again)),
        Row(f"{size}, first load: wall time, ours / dlt", f"{slower:.2f}", "≤ 1", slower <= 1),
        Row(f"{size}, unchanged: requests, dlt / ours", f"{fewer:.0f}", "≥ 25", fewer >= 25),
        Row(f"{size}, unchanged: wall time, dlt / ours", f"{faster:.0f}", "≥ 10", faster >= 10),
        Row(f"{size}: peak memory, ours / dlt", f"{memory:.2f}", "≤ 1", memory <= 1),
    ]
