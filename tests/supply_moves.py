"""What looks after supplies that moved in a world in memory, as a worker does from the ledger."""

from collections.abc import Iterator

from troth.engine.priority import in_order_of_rank
from troth.engine.shares import who_gives_way
from troth.model.commands import LostUnits, RepromiseOrder
from troth.model.ids import OrderId
from troth.model.inventory import SupplyKey
from troth.model.order import Allocation, Order
from troth.model.policy import Policy
from troth.model.status import live_allocations
from troth.replay.world import World


def pegs(world: World, key: SupplyKey) -> list[tuple[Order, Allocation]]:
    return [(order, part) for order in world.orders.values() for part in live_allocations(order) if part.key == key]


def settle(world: World, policy: Policy, moved: tuple[SupplyKey, ...]) -> Iterator[RepromiseOrder]:
    """What a worker submits when these supplies and others moved, from what the world is by then."""
    lost: dict[OrderId, list[LostUnits]] = {}
    for key, balance in sorted(world.balances.items()):
        missing = balance.reserved - balance.on_hand
        for order, part, units in who_gives_way(missing, pegs(world, key), policy):
            lost.setdefault(order.order_id, []).append(LostUnits(part.allocation, key, units))
    for order_id, parts in sorted(lost.items()):
        yield RepromiseOrder(order_id, "short", version=world.orders[order_id].version, lost=tuple(parts))
    for order in in_order_of_rank(world.orders.values(), policy):
        yield RepromiseOrder(order.order_id, "moved", moved=moved)
