"""The waterfall of a SKU: where every unit of it is, and what keeps it from whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from troth.engine.capture import CUSTOMER_CLASS
from troth.engine.context import Facts
from troth.engine.exposure.waterfall import Waterfall, find_waterfall
from troth.flows.system import System
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine
from troth.model.refusals import FieldFlaw, Invalid


@dataclass(frozen=True, slots=True)
class Inquirer:
    """For whom stock is looked at: a channel, and a customer or a class where they are known."""

    channel: str = ""
    customer_id: str = ""
    customer_class: str = ""
    method: Method = Method.SHIP
    pickup_node: NodeId | None = None

    def demand(self, item: Item) -> Demand:
        """One unit of an item, as they would ask for it."""
        attributes = {CUSTOMER_CLASS: self.customer_class} if self.customer_class else {}
        line = DemandLine(LineId("1"), item.sku, 1, item.weight_grams, item=item, unit_price_minor=item.price_minor)
        return Demand(
            (line,),
            None,
            self.method,
            pickup_node=self.pickup_node,
            channel=self.channel,
            customer_id=self.customer_id,
            customer_class=self.customer_class,
            attributes=attributes,
        )


async def read_waterfall(
    system: System, sku: Sku, who: Inquirer, *, nodes: Sequence[NodeId] = ()
) -> Waterfall | Invalid:
    """The waterfall of a SKU as it is now; of some nodes, or of all that have any."""
    facts = await know(system, (sku,))
    flaws = [] if sku in facts.items else [FieldFlaw("?sku", f"there is no item {sku}")]
    named = (*nodes, *(() if who.pickup_node is None else (who.pickup_node,)))
    flaws += [FieldFlaw("?node", f"there is no node {node}") for node in named if node not in facts.network.index]
    if flaws:
        return Invalid(tuple(flaws))
    item = facts.items[sku]
    return find_waterfall(facts.pool, who.demand(item), item, system.door.index.rows(sku), nodes=nodes)


async def find_kept_back(system: System, skus: Sequence[Sku]) -> dict[Sku, Waterfall]:
    """By SKU, what the rules keep back from whoever has no class and no channel; nothing where there are no rules."""
    facts = await know(system, skus)
    if facts.exposure is None:
        return {}
    return {
        sku: find_waterfall(facts.pool, Inquirer().demand(item), item, system.door.index.rows(sku))
        for sku in skus
        if (item := facts.items.get(sku)) is not None
    }


async def know(system: System, skus: Sequence[Sku]) -> Facts:
    """What is known now, with the items and the stock of some SKUs."""
    door = system.door
    await door.reference.need_items(skus)
    await door.need_stock(skus)
    now, reference = door.now(), door.reference
    return Facts(now, "", reference.network, reference.items, reference.policy, exposure=reference.exposure_at(now))
