"""What the log says of work on its way."""

from collections.abc import Collection, Sequence

from troth.model.events import Event
from troth.model.ids import OrderId
from troth.store.codec import decode_event
from troth.store.database import Connection
from troth.store.queries import sql

_EVENTS = sql("read_kinds_of_subjects")


async def read_order_events(
    connection: Connection, orders: Collection[OrderId], kinds: Sequence[str]
) -> dict[OrderId, list[Event]]:
    """The events of some kinds of some orders, the oldest first; orders without any are left out."""
    found: dict[OrderId, list[Event]] = {}
    for row in await connection.fetch(_EVENTS, sorted(orders), list(kinds)):
        found.setdefault(OrderId(row["subject"]), []).append(decode_event(row["kind"], row["body"]))
    return found
