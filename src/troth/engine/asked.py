"""What an order asks of the promising engine: its lines as the engine sees them, and the supply they may have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from troth.engine.demand.line_terms import named_skus, on_terms, settle_lines
from troth.engine.exposure.kept_quotas import within_quotas
from troth.engine.exposure.taking import exposed_supply, with_freed
from troth.engine.promising.context import Facts, State
from troth.engine.supply.backorder_cap import cap_backorders
from troth.engine.supply.supply import SupplyRows
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.ids import NodeId, Sku
from troth.model.measure import scale_of
from troth.model.order import Line, Order, Payment
from troth.model.plan import Demand, DemandLine
from troth.model.routing_guide import NO_GUIDES, RoutingGuide, guide_of

CUSTOMER_CLASS: Final = "customer_class"
PRIORITY: Final = "priority"
TENDER: Final = "tender"
"""The attributes in which a channel states the customer's class, the priority (0 to 999999999) and how it is paid."""

_DIGITS_MAX: Final = 9


def settled(command: CaptureOrder, facts: Facts) -> CaptureOrder:
    """The command with what the catalog says of its kits and substitutes; the same one where it says nothing."""
    lines = settle_lines(command.lines, facts.items)
    return command if lines is command.lines else replace(command, lines=lines)


def demand_of(command: CaptureOrder, facts: Facts) -> Demand:
    """What the engine is asked for an order."""
    return demand_of_settled(settled(command, facts), facts)


def demand_of_settled(command: CaptureOrder, facts: Facts) -> Demand:
    """The same for a settled command."""
    lines = (demand_line(line, line.quantity, facts) for line in command.lines)
    return demand_for(command, lines, ship_complete=command.ship_complete, guides=facts.guides)


def demand_for(
    asked: CaptureOrder | Order,
    lines: Iterable[DemandLine],
    *,
    ship_complete: bool = False,
    excluded_nodes: Iterable[NodeId] = (),
    excluded_items: Iterable[tuple[NodeId, Sku]] = (),
    guides: Mapping[str, RoutingGuide] = NO_GUIDES,
) -> Demand:
    """The demand of these lines, as the order that they are of wants them, be it new or there already."""
    return Demand(
        lines=tuple(lines),
        destination=asked.ship_to,
        method=asked.method,
        pickup_node=asked.pickup_node,
        service=asked.service,
        ship_complete=ship_complete,
        excluded_nodes=frozenset(excluded_nodes),
        excluded_items=frozenset(excluded_items),
        channel=asked.channel,
        customer_id=asked.customer.id,
        customer_class=asked.attributes.get(CUSTOMER_CLASS, ""),
        priority=find_priority(asked.attributes),
        attributes=asked.attributes,
        shipments_max=asked.shipments_max,
        tender=find_tender(asked.payments, asked.attributes),
        currency=asked.currency,
        ordered_at=asked.ordered_at,
        external_id=asked.external_id,
        customer_name=asked.customer.name,
        customer_email=asked.customer.email,
        guide=guide_of(asked.attributes, guides),
    )


def find_tender(payments: Sequence[Payment], attributes: Mapping[str, str]) -> str:
    """How an order is paid: as its attributes state it, which a quote can do as well, else by its first payment's
    provider; empty where neither is known.
    """
    return attributes.get(TENDER) or (payments[0].provider if payments else "")


def find_priority(attributes: Mapping[str, str]) -> int:
    """The order's priority as its attributes state it; 0 where they state none, or no whole number.

    >>> find_priority({"priority": "5"}), find_priority({"priority": "soon"}), find_priority({})
    (5, 0, 0)
    """
    stated = attributes.get(PRIORITY, "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= _DIGITS_MAX else 0


def demand_line(line: Line, quantity: int, facts: Facts) -> DemandLine:
    """Units of an order line as the engine sees them, with the item, its weight and its volume."""
    item = facts.items[line.sku]
    scale = scale_of(line.decimals)
    length, width, height = item.dimensions_mm
    plain = DemandLine(
        line_id=line.line_id,
        sku=line.sku,
        quantity=quantity,
        weight_grams=item.weight_grams,
        volume_cm3=length * width * height // 1000,
        need_by=line.need_by,
        not_before=line.not_before,
        item=item,
        unit_price_minor=line.unit_price_minor,
        terms=line.terms,
        scale=scale,
    )
    return plain if line.terms is None else on_terms(plain, line.terms, facts.items)


def supply_of(
    command: CaptureOrder, demand: Demand, state: State, facts: Facts, hold: CartHold | None = None
) -> dict[Sku, SupplyRows]:
    """The supply of every SKU of an order that it may be planned from, with what its cart holds free for it.

    `facts` are those without the hold.
    """
    skus = {line.sku: None for line in command.lines}
    if any([line.terms is not None for line in command.lines]):  # noqa: C419 - a list is quicker, for every order
        skus |= dict.fromkeys(named_skus(command.lines))
    supply = exposed_supply(facts.pool, demand, skus, state.supply)
    if hold is None:
        return cap_backorders(supply, state.backordered, facts.items, demand=demand)
    kept = {held.key: held.quantity for held in hold.units}
    freed = {sku: with_freed(supply, sku, state.supply(sku), state.supply_freed(sku, kept)) for sku in skus}
    freed = within_quotas(facts.pool, demand, freed, kept)
    return cap_backorders(freed, state.backordered, facts.items, kept, demand=demand)
