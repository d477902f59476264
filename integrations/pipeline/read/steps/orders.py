"""Orders: the sales orders of titles that were mirrored before a mapping asked for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from integrations.bling.errors import ForbiddenError
from integrations.pipeline.access import failpoints
from integrations.pipeline.handover import sales_orders
from integrations.pipeline.read import fetch, mirror
from integrations.pipeline.read.batch import Chunk
from integrations.pipeline.read.failures import note_failures
from integrations.pipeline.read.steps.step import BATCH, Step

ORDERS_LIMIT = 2000
"""So many sales orders of older titles are read in one run after a mapping first asks for them: twelve minutes."""
Row = tuple[int, int]


@dataclass
class Orders:
    """What was read, and whether the app may read no orders at all."""

    chunk: Chunk = field(default_factory=Chunk)
    lacks_scope: bool = False


class ReadOrders(Step[Row, Orders]):
    """Titles (key, sales order), newest first; an order that cannot be read does not come back in this run."""

    name = "orders"

    def choose(self) -> Sequence[Row]:
        cursor = self.work.run.cursor
        left = ORDERS_LIMIT - cursor.get("orders_read", 0)
        if left <= 0 or not self.work.reads_orders:
            return []
        query = sales_orders.worth_reading(self.work.run.connection)
        if "orders" in cursor:
            query = query.filter(pk__lt=cursor["orders"])
        return list(query.order_by("-pk").values_list("pk", "origin_id")[: min(BATCH, left)])

    def fetch(self, chosen: Sequence[Row]) -> Orders:
        found, work = Orders(), self.work
        wanted = list(dict.fromkeys(order for _pk, order in chosen))
        try:
            found.chunk.orders.extend(
                fetch.read_orders(work.client, wanted, clock=work.clock, failures=found.chunk.failures)
            )
        except ForbiddenError as error:
            found.chunk.failures.append(fetch.failed_order(wanted[0], error))
            found.lacks_scope = True
        return found

    def save(self, chosen: Sequence[Row], fetched: Orders) -> bool:
        run = self.work.run
        run.cursor.update(orders=chosen[-1][0], orders_read=run.cursor.get("orders_read", 0) + len(chosen))
        with transaction.atomic():
            mirror.save_orders(run.connection, fetched.chunk.orders, now=self.work.clock())
            self.work.hold(**note_failures(run, fetched.chunk.failures))
        failpoints.passed("pull.orders_saved")
        return fetched.lacks_scope
