"""What the log says of work that is to be accepted: when it was released, and whether its time was over before."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from troth.model.events import AcceptanceMissed, OrderReleased
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.store.codec import decode_event
from troth.store.database import Connection
from troth.store.queries import sql

_FIND: Final = sql("find_unaccepted")
_READ: Final = sql("read_releases")


async def find_unaccepted(
    connection: Connection, nodes: Sequence[tuple[NodeId, int, bool]], now: datetime, *, limit: int
) -> list[tuple[OrderId, FulfillmentId]]:
    """Work that these nodes may have had to accept by now, the most urgent first: nodes with the minutes that they have
    at least, and whether what they miss is sourced again.
    """
    names = [node for node, _, _ in nodes]
    minutes = [given for _, given, _ in nodes]
    rows = await connection.fetch(_FIND, names, minutes, [is_rerouted for _, _, is_rerouted in nodes], now, limit)
    return [(OrderId(row["order_id"]), FulfillmentId(row["fulfillment_id"])) for row in rows]


async def read_releases(
    connection: Connection, order_ids: Collection[OrderId]
) -> list[tuple[OrderId, OrderReleased | AcceptanceMissed]]:
    """The releases of some orders and the acceptances that were missed of them, the oldest first."""
    found: list[tuple[OrderId, OrderReleased | AcceptanceMissed]] = []
    for row in await connection.fetch(_READ, sorted(set(order_ids))):
        event = decode_event(row["kind"], row["body"])
        if isinstance(event, OrderReleased | AcceptanceMissed):
            found.append((OrderId(row["subject"]), event))
    return found
