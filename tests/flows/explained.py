"""An order's decisions made again, where nothing else is asked at once."""

from troth.flows.door.system import System
from troth.flows.orders.explain import Decided, explain_order
from troth.model.order import Order


async def explained(system: System, order: Order) -> tuple[Decided, ...]:
    """The decisions, the newest first."""
    found = await explain_order(system, order)
    assert isinstance(found, tuple)
    return found
