"""Ship notices as they were sent."""

from collections.abc import Collection
from typing import Final

from troth.model.ids import FulfillmentId, OrderId
from troth.model.ship_notice import ShipNotice, ShipNoticeSent
from troth.store.database import Connection
from troth.store.queries import sql

_READ: Final = sql("read_ship_notices")
_WRITE: Final = sql("write_ship_notice")


async def read_notices(connection: Connection, names: Collection[FulfillmentId]) -> dict[FulfillmentId, ShipNotice]:
    """The notices that were sent for some fulfillments."""
    rows = await connection.fetch(_READ, list(names))
    return {row["fulfillment_id"]: ShipNotice(row["due_at"], row["sent_at"], row["reference"]) for row in rows}


async def write_notice(connection: Connection, order_id: OrderId, sent: ShipNoticeSent) -> bool:
    """Write that a notice was sent; False, with nothing written, where one was before."""
    row = (sent.fulfillment_id, order_id, sent.due_at, sent.sent_at, sent.reference)
    return await connection.fetchval(_WRITE, *row) is not None
