"""What is known of a customer when a new order comes."""

from datetime import datetime, timedelta
from typing import Final

from troth.model.capture_order import CaptureOrder
from troth.model.history import CustomerHistory
from troth.model.network import Address
from troth.store.database import Connection
from troth.store.queries import sql

_READ: Final = sql("read_customer_history")
_SAME_WITHIN: Final = timedelta(days=1)


async def read_history(connection: Connection, command: CaptureOrder, now: datetime) -> CustomerHistory:
    """The history of the customer of a new order, by id, else by mail address; of nobody, where neither is known."""
    customer, place = command.customer, command.ship_to or Address("")
    wanted = sorted((line.sku, line.quantity) for line in command.lines)
    goods = ",".join(f"{sku} {quantity}" for sku, quantity in wanted)
    row = await connection.fetchrow(
        _READ,
        command.order_id,
        customer.id,
        customer.email,
        place.postcode,
        place.line1,
        place.country,
        now - _SAME_WITHIN,
        goods,
    )
    if row is None:
        raise RuntimeError("an aggregate without groups gives one row")
    return CustomerHistory(row["orders"], row["knows_address"], row["same_orders"])
