"""In which order a node picks what it is asked for, from what is known of its shelves and of its own times."""

from collections.abc import Sequence
from datetime import datetime

from troth.engine.work_times.measured import node_times
from troth.engine.work_times.pick_order import PickLine, PickTask, PickTurn, order_picks
from troth.flows.door.system import System
from troth.model.ids import FulfillmentId, NodeId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.status import live_allocations
from troth.model.value import dataclass
from troth.store.balances import find_balances
from troth.store.node_work import read_task_evidence

_BALANCES_MAX = 10_000
TO_PICK = frozenset({AllocationState.RELEASED, AllocationState.ACCEPTED})
"""A part in one of these lies on the shelf still."""


@dataclass(frozen=True, slots=True)
class ToPick:
    """A work of a node that is still to be picked: by when, and which items."""

    fulfillment_id: FulfillmentId
    ship_by: datetime
    skus: frozenset[Sku]


async def find_turns(system: System, node: NodeId, works: Sequence[tuple[Order, Fulfillment]]) -> list[PickTurn]:
    """The turns of those of these works that are still to be picked at a node, in their order."""
    own = [(order, work) for order, work in works if work.node == node]
    return await order_turns(
        system, node, [ToPick(work.fulfillment_id, work.ship_by, _skus(order, work)) for order, work in own]
    )


async def order_turns(system: System, node: NodeId, works: Sequence[ToPick]) -> list[PickTurn]:
    """The turns of works that are to be picked at a node, in their order; those that want nothing have none."""
    reference, now = system.door.reference, system.door.now()
    skus = sorted({sku for work in works for sku in work.skus})
    if not skus:
        return []
    await reference.need_items(skus)
    await reference.need_sales(skus)
    async with system.pool.acquire() as connection:
        balances = await find_balances(connection, skus=skus, node=node, limit=_BALANCES_MAX)
        cells = await read_task_evidence(connection, (node,))
    times = node_times(reference.network, node, cells.get(node, {}), now)
    spare: dict[Sku, int] = {}
    for balance in balances:
        if balance.expected_at is None:
            spare[balance.key.sku] = spare.get(balance.key.sku, 0) + balance.available

    def line(sku: Sku) -> PickLine:
        item = reference.items.get(sku)
        find = reference.find_rates.at(sku, "" if item is None else item.category, node)
        rate = reference.sales.get(sku, {}).get(node)
        return PickLine(sku, find, spare.get(sku, 0), 0.0 if rate is None else rate.weekly_units)

    lines = {sku: line(sku) for sku in skus}
    tasks = [
        PickTask(work.fulfillment_id, work.ship_by, tuple(lines[sku] for sku in sorted(work.skus)))
        for work in works
        if work.skus
    ]
    return order_picks(tasks, now, task_minutes=0.0 if times is None else times.mean)


def _skus(order: Order, work: Fulfillment) -> frozenset[Sku]:
    return frozenset(
        part.sku
        for part in live_allocations(order)
        if part.fulfillment_id == work.fulfillment_id and part.state in TO_PICK
    )
