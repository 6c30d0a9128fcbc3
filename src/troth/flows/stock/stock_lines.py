"""What is wrong with a line that says what a node holds, before anything is done about it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, SupplyKey
from troth.model.refusals import FieldFlaw
from troth.store.balances import find_places_with_lots

KIT: Final = FieldFlaw("/sku", "is a kit, which has no stock: name its components")


async def find_line_flaws(
    system: System, wanted: Sequence[tuple[NodeId, Sku]], actor: Actor
) -> defaultdict[int, list[FieldFlaw]]:
    """By line, what it names that is not there or not the actor's."""
    reference = system.door.reference
    await reference.need_items({sku for _, sku in wanted})
    if any(node not in reference.network.index for node, _ in wanted):
        await system.door.follow()
    flaws: defaultdict[int, list[FieldFlaw]] = defaultdict(list)
    for number, (node, sku) in enumerate(wanted):
        if node not in reference.network.index:
            flaws[number].append(FieldFlaw("/node", f"there is no node {node}"))
        elif not actor.may_at(node):
            flaws[number].append(FieldFlaw("/node", f"you are not bound to node {node}"))
        if sku not in reference.items:
            flaws[number].append(FieldFlaw("/sku", f"there is no item {sku}"))
    return flaws


def is_kit(system: System, sku: Sku) -> bool:
    """Whether an item that was looked at is made of others."""
    item = system.door.reference.items.get(sku)
    return item is not None and bool(item.kit)


async def find_held_by_lot(system: System, keys: Sequence[SupplyKey]) -> list[int]:
    """The lines that name no lot of what is held by lot there, unless another line names a lot of it."""
    named = {(key.sku, key.node) for key in keys if key.source != ON_HAND}
    loose = {(key.sku, key.node) for key in keys} - named
    async with system.pool.acquire() as connection:
        by_lot = await find_places_with_lots(connection, sorted(loose))
    return [number for number, key in enumerate(keys) if (key.sku, key.node) in by_lot]


def must_name_lot(sku: Sku, node: NodeId) -> str:
    """Why a quantity of what is held by lot is refused."""
    return f"{sku} is held by lot at {node}: count each lot by its name"
