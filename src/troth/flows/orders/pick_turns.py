"""In which order a node picks what it is asked for, from what is known of its shelves and of its own times."""

from collections.abc import Sequence

from troth.engine.work_times.measured import node_times
from troth.engine.work_times.pick_order import PickLine, PickTask, PickTurn, order_picks
from troth.flows.door.system import System
from troth.model.ids import NodeId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.status import live_allocations
from troth.store.balances import find_balances
from troth.store.node_work import read_task_evidence

_BALANCES_MAX = 10_000
TO_PICK = frozenset({AllocationState.RELEASED, AllocationState.ACCEPTED})
"""A part in one of these lies on the shelf still."""


async def find_turns(system: System, node: NodeId, works: Sequence[tuple[Order, Fulfillment]]) -> list[PickTurn]:
    """The turns of those of these works that are still to be picked at a node, in their order."""
    reference, now = system.door.reference, system.door.now()
    wanted = {work.fulfillment_id: _skus(order, work) for order, work in works if work.node == node}
    skus = sorted(set().union(*wanted.values()))
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
        PickTask(work.fulfillment_id, work.ship_by, tuple(lines[sku] for sku in sorted(wanted[work.fulfillment_id])))
        for _, work in works
        if wanted.get(work.fulfillment_id)
    ]
    return order_picks(tasks, now, task_minutes=0.0 if times is None else times.mean)


def _skus(order: Order, work: Fulfillment) -> frozenset[Sku]:
    return frozenset(
        part.sku
        for part in live_allocations(order)
        if part.fulfillment_id == work.fulfillment_id and part.state in TO_PICK
    )
