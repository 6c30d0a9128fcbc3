"""Which orders are there already, and with what content: asked of many at once before they are sent again."""

from collections.abc import Sequence

from troth.model.ids import OrderId
from troth.store.database import Connection
from troth.store.queries import sql

_READ = sql("read_order_digests")


async def read_digests(connection: Connection, order_ids: Sequence[OrderId]) -> dict[OrderId, str]:
    """The content digests of those of the orders that exist."""
    return {row["order_id"]: row["digest"] for row in await connection.fetch(_READ, order_ids)}
