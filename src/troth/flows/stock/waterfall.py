"""The waterfall of a SKU: where every unit of it is, and what keeps it from whom."""

from collections.abc import Sequence
from dataclasses import replace

from troth.engine.asked import CUSTOMER_CLASS, demand_line
from troth.engine.demand.line_terms import is_whole, settle_lines
from troth.engine.exposure.asker import names_class
from troth.engine.exposure.kit_waterfall import find_kit_waterfall
from troth.engine.exposure.lasting import spoils_soon
from troth.engine.exposure.waterfall import Waterfall, find_waterfall
from troth.engine.promising.context import Facts
from troth.engine.supply.backorder_cap import cap_backorders
from troth.engine.supply.feed_age import late_nodes
from troth.engine.supply.supply import SupplyRows
from troth.flows.door.system import System
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.network import Address
from troth.model.order import Line, Method
from troth.model.plan import Demand
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Inquirer:
    """For whom stock is looked at: a channel, and a customer or a class where they are known."""

    channel: str = ""
    customer_id: str = ""
    customer_class: str = ""
    method: Method = Method.SHIP
    pickup_node: NodeId | None = None

    def demand(self, item: Item, facts: Facts, destination: Address | None = None) -> Demand:
        """One unit of an item, as they would ask for it: on the terms of the catalog, to a destination where one is
        known, and by no service of their choice.
        """
        attributes = {CUSTOMER_CLASS: self.customer_class} if self.customer_class else {}
        (line,) = settle_lines((Line(LineId("1"), item.sku, 1, item.price_minor),), facts.items)
        return Demand(
            (demand_line(line, 1, facts),),
            destination,
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
    if not flaws:
        flaws += find_class_flaws(facts, facts.items[sku], who)
    if flaws:
        return Invalid(tuple(flaws))
    return look(system, facts, sku, who, nodes=nodes)


def look(system: System, facts: Facts, sku: Sku, who: Inquirer, *, nodes: Sequence[NodeId] = ()) -> Waterfall:
    """The waterfall of an item that is known, of a kit through its components."""
    item, index = facts.items[sku], system.door.index
    if item.kit and not is_whole(sku, facts.items):
        return Waterfall("", 0, (), 0, 0, ())
    demand = who.demand(item, facts)

    def cap(one: Sku, rows: SupplyRows) -> SupplyRows:
        return cap_backorders({one: rows}, index.backordered, facts.items)[one]

    if item.kit:
        return find_kit_waterfall(facts.pool, demand, index.rows, nodes=nodes, cap=cap)
    return find_waterfall(facts.pool, demand, item, index.rows(sku), nodes=nodes, cap=cap)


def find_class_flaws(facts: Facts, item: Item, who: Inquirer, *, pointer: str = "?customer_class") -> list[FieldFlaw]:
    """What is wrong with a customer class that is asked about: no rule that counts now tells it from no class at all.

    Classes of demand are conditions, so that no list says which customer classes there are; but one that no condition
    asks for would be answered as if nobody had been named, and a slip of the pen would go unseen.
    """
    named, exposure = who.customer_class, facts.exposure
    if not named or (exposure is not None and names_class(exposure.rules, named)):
        return []
    one, other = (facts.pool.asker(each.demand(item, facts)) for each in (who, replace(who, customer_class="")))
    if one is not None and other is not None and (one.class_name, one.spared) != (other.class_name, other.spared):
        return []
    return [FieldFlaw(pointer, f"no rule of exposure in force asks for the customer class {named}")]


async def find_kept_back(system: System, skus: Sequence[Sku]) -> dict[Sku, Waterfall]:
    """By SKU, what is kept back from whoever has no class and no channel; nothing where no rules, lots or feeds do."""
    facts = await know(system, skus)
    index = system.door.index
    is_late = late_nodes(facts.network, facts.now.timestamp()) is not None
    return {
        sku: look(system, facts, sku, Inquirer())
        for sku in skus
        if sku in facts.items
        and not facts.items[sku].kit
        and (facts.exposure is not None or is_late or spoils_soon({sku: index.rows(sku)}))
    }


async def know(system: System, skus: Sequence[Sku]) -> Facts:
    """What is known now, with the items and the stock of some SKUs, and of the components of kits among them."""
    door = system.door
    every = await door.reference.need_kits(skus)
    await door.need_stock(every)
    now, reference = door.now(), door.reference
    exposure = reference.exposure_at(now)
    if exposure is not None and exposure.rules.looks_at_sales:
        await reference.need_sales(every)
    return Facts(now, "", reference.network, reference.items, reference.policy, exposure=exposure)
