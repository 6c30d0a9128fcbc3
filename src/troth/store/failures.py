"""When nodes could not provide units of orders, and whether these were found there since: nothing of it is stored, it
follows from the log, the ledger and the counts.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from troth.engine.failed import FAILED, failures_in
from troth.model.failure import Failure
from troth.model.ids import OrderId
from troth.model.inventory import lot_of
from troth.model.order import Order
from troth.store.codec import decode_event
from troth.store.database import Connection
from troth.store.queries import sql

_READ: Final = sql("read_failures")
_FOUND: Final = sql("read_found")


async def read_failures(connection: Connection, orders: Collection[Order]) -> dict[tuple[OrderId, int], Failure]:
    """The failures of all parts (by number) that nodes could not provide to some orders; most orders have none."""
    failed = {
        (order.order_id, part.allocation): part
        for order in orders
        for part in order.allocations
        if part.state in FAILED
    }
    if not failed:
        return {}
    known = await _read_failed_parts(connection, {order_id for order_id, _ in failed})
    missed = [key for key in known if key in failed and known[key].is_of_item]
    if missed:
        parts = [failed[key] for key in missed]
        rows = await connection.fetch(
            _FOUND,
            [part.sku for part in parts],
            [part.node for part in parts],
            [part.source if lot_of(part.source) else None for part in parts],
            [known[key].at for key in missed],
        )
        known |= {key: replace(known[key], found_at=row["found_at"]) for key, row in zip(missed, rows, strict=True)}
    return known


async def _read_failed_parts(
    connection: Connection, order_ids: Collection[OrderId]
) -> dict[tuple[OrderId, int], Failure]:
    """When nodes could not provide parts (by number) of some orders, without whether the units were found since."""
    return {
        (OrderId(row["subject"]), number): failure
        for row in await connection.fetch(_READ, sorted(order_ids))
        for number, failure in failures_in(decode_event(row["kind"], row["body"])).items()
    }
