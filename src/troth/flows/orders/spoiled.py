"""Which orders hold lots that no longer last as long as they must, since their last day is another one than it was."""

from collections.abc import Iterable, Mapping

from troth.engine.stock.promised_lots import is_spoiled
from troth.flows.door.system import System
from troth.model.ids import OrderId
from troth.model.inventory import Balance, SupplyKey
from troth.model.lifecycle import UNLOCKED
from troth.store.database import Connection
from troth.store.orders import read_orders
from troth.store.repromise import read_reserved


async def find_spoiled(
    system: System, connection: Connection, supplies: Iterable[Balance]
) -> Mapping[OrderId, tuple[SupplyKey, ...]]:
    """By order, the lots among some supplies that do not last for parts of it which are still unlocked.

    What was released is a node's: it is told when it picks.
    """
    network, now = system.door.reference.network, system.door.now()
    found: dict[OrderId, set[SupplyKey]] = {}
    for balance in supplies:
        if balance.expires_on is None or not balance.reserved:
            continue
        reserved = await read_reserved(connection, balance)
        orders = await read_orders(connection, {order_id for order_id, _ in reserved.parts})
        for order in orders.values():
            if any(
                part.key == balance.key
                and part.state in UNLOCKED
                and is_spoiled(order, part, balance.expires_on, network, now)
                for part in order.allocations
            ):
                found.setdefault(order.order_id, set()).add(balance.key)
    return {order_id: tuple(sorted(keys)) for order_id, keys in found.items()}
