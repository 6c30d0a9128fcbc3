"""The work of nodes and carriers: what is found out before a report becomes a command."""

from collections.abc import Iterable
from datetime import datetime

from troth.model.ids import FulfillmentId, LineId, Sku, order_of_fulfillment
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotFound
from troth.store.database import Pool
from troth.store.orders import find_fulfillment_by_tracking, read_orders
from troth.store.serials import find_serial


async def read_work(pool: Pool, fulfillment: FulfillmentId) -> tuple[Order, Fulfillment] | NotFound:
    """A fulfillment with its order."""
    found = await read_works(pool, [fulfillment])
    return found.get(fulfillment) or NotFound("fulfillment", fulfillment)


async def read_works(
    pool: Pool, fulfillments: Iterable[FulfillmentId]
) -> dict[FulfillmentId, tuple[Order, Fulfillment]]:
    """Some fulfillments with their orders; those that do not exist are left out."""
    wanted = set(fulfillments)
    async with pool.acquire() as connection:
        orders = await read_orders(connection, {order_of_fulfillment(name) for name in wanted})
    return {
        work.fulfillment_id: (order, work)
        for order in orders.values()
        for work in order.fulfillments
        if work.fulfillment_id in wanted
    }


async def read_serial(pool: Pool, sku: Sku, serial: str) -> tuple[Order, Fulfillment, LineId, datetime] | NotFound:
    """The order and the fulfillment that a unit was last named for, of which line and when."""
    async with pool.acquire() as connection:
        place = await find_serial(connection, sku, serial)
    found = NotFound("serial", f"{sku}/{serial}") if place is None else await read_work(pool, place.fulfillment_id)
    if place is None or isinstance(found, NotFound):
        return NotFound("serial", f"{sku}/{serial}")
    return *found, place.line_id, place.named_at


async def find_tracked(pool: Pool, tracking_numbers: Iterable[str]) -> dict[str, FulfillmentId]:
    """The fulfillments by the tracking numbers of their packages; numbers that no package bears are left out."""
    found: dict[str, FulfillmentId] = {}
    async with pool.acquire() as connection:
        for number in sorted(set(tracking_numbers)):
            fulfillment = await find_fulfillment_by_tracking(connection, number)
            if fulfillment is not None:
                found[number] = fulfillment
    return found
