"""How much of SKUs whoever has neither class nor channel may take now: what stands beside on hand where people look."""

from collections.abc import Mapping, Sequence

from troth.flows.door.system import System
from troth.flows.stock.availability import find_now, find_terms
from troth.flows.stock.waterfall import Inquirer, know, look
from troth.model.ids import NodeId, Sku


async def find_exposed(system: System, skus: Sequence[Sku]) -> Mapping[Sku, int]:
    """Units by SKU, over all nodes; the same that availability shows without a channel."""
    await know(system, skus)
    door = system.door
    terms = {sku: find_terms(door, sku) for sku in skus}
    return {sku: 0 if on is None else find_now(door, sku, on, channel="").stock.available for sku, on in terms.items()}


async def find_exposed_by_node(system: System, sku: Sku) -> tuple[int, Mapping[NodeId, int]]:
    """Units of one SKU over all nodes, and of each node alone."""
    facts = await know(system, (sku,))
    if sku not in facts.items:
        return 0, {}
    found = look(system, facts, sku, Inquirer())
    return found.available, {node.node: node.exposed for node in found.nodes}
