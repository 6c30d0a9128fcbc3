"""Whether stored orders are what their events say: each log is folded again and compared with the rows."""

from collections.abc import Callable
from dataclasses import fields
from typing import Final

import msgspec

from troth.engine.evolve import fold
from troth.model.events import DuplicateReceived, OrderEvent
from troth.model.order import Order
from troth.model.status import fulfillment_status, last_promise, next_due_at, order_status
from troth.model.totals import total_minor
from troth.model.value import dataclass
from troth.store.codec import decode_event
from troth.store.database import Pool
from troth.store.doctor import SHOWN_MAX, Differences, StoredOrder, read_stored_orders
from troth.store.orders import order_of_row

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Refolded:
    """How many orders were folded again, and those that differ."""

    orders: int
    differences: Differences


async def verify_orders(
    pool: Pool, *, begin_after: str = "", limit: int | None = None, progress: Callable[[int], None] | None = None
) -> Refolded:
    """Fold the logs of orders and compare: all of them, or `limit` in the order of their ids from a place on, and
    round.

    An id is a hash, so that a stretch of ids is a sample. Each page is read in one snapshot, so that orders may change
    meanwhile.
    """
    seen = differing = 0
    shown: list[str] = []
    after, has_gone_round = begin_after, begin_after == ""
    while limit is None or seen < limit:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            size = _PAGE if limit is None else min(_PAGE, limit - seen)
            page = await read_stored_orders(connection, after, limit=size)
        if has_gone_round and begin_after:
            page = [stored for stored in page if stored.row["order_id"] <= begin_after]
        for stored in page:
            if found := find_differences(stored):
                differing += 1
                shown.append(f"{stored.row['order_id']}: {', '.join(found)}")
        seen += len(page)
        del shown[SHOWN_MAX:]
        if progress is not None:
            progress(seen)
        if page:
            after = page[-1].row["order_id"]
        elif has_gone_round:
            break
        else:
            after, has_gone_round = "", True
    return Refolded(seen, Differences(differing, tuple(shown)))


def find_differences(stored: StoredOrder) -> list[str]:
    """In what an order's rows are not what its events make; empty where they are."""
    try:
        events = [decode_event(kind, body) for kind, body in stored.log if kind != DuplicateReceived.__name__]
        folded = fold(event for event in events if isinstance(event, OrderEvent))
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        return [f"its events make no order ({type(error).__name__}: {error})"]
    order = order_of_row(stored.row)
    found = [
        f"{field.name} is {getattr(order, field.name)!r}, events say {getattr(folded, field.name)!r}"
        for field in fields(Order)
        if getattr(order, field.name) != getattr(folded, field.name)
    ]
    derived = {
        "status": order_status(order).value,
        "due_at": next_due_at(order),
        "promised_at": last_promise(order),
        "total_minor": total_minor(order),
    }
    found += [
        f"{name} is {stored.row[name]!r}, follows as {value!r}"
        for name, value in derived.items()
        if stored.row[name] != value
    ]
    return found + [
        f"{row['fulfillment_id']} is {row['status']}, follows as {status.value}"
        for row in stored.row["fulfillments"]
        if (status := fulfillment_status(order, row["fulfillment_id"])).value != row["status"]
    ]
