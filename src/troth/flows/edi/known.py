"""What is known here of what partners are told and tell."""

from collections.abc import Iterable

from troth.flows.door.system import System
from troth.flows.edi.tongue import Known
from troth.flows.orders.fulfill import read_works
from troth.model.kits import kits_of
from troth.model.node_messages import NodeTold


async def known_of(system: System, told: Iterable[NodeTold]) -> Known:
    """What is known of the work of messages: its items, the components of its kits, and what time it is."""
    works = {one.work.fulfillment_id: one.work for one in told}
    skus = {line.sku for work in works.values() for line in work.lines}
    await system.door.reference.need_items(skus)
    items = system.door.reference.items
    found = await read_works(system.pool, works)
    kits = {name: kits for name, (order, _) in found.items() if (kits := kits_of(order))}
    return Known({sku: items[sku] for sku in skus if sku in items}, works, kits, system.door.now())
