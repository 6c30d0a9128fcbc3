"""Ship to store: what a pickup node lacks is sent there from other nodes, and promised for when it has arrived and been
made ready.
"""

from collections.abc import Mapping
from dataclasses import replace

from troth.engine.carriage.network import Network
from troth.engine.demand.group_turns import Ask, less_taken, taken_by
from troth.engine.supply.kits import components_of
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.measure import half_up
from troth.model.network import Address, Node
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine, Plan, Shipment, Uncovered
from troth.model.policy import Policy


def fill_store(
    demand: Demand, found: Plan, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, ask: Ask
) -> Plan:
    """The plan of a pickup in which what its node lacks comes from other nodes; `found` where they cover no more."""
    at = network.index.get(demand.pickup_node, -1) if demand.pickup_node is not None else -1
    if at < 0 or not network.is_pickup[at] or not found.uncovered:
        return found
    own = replace(demand, ship_complete=False)
    here = ask(own, supply) if demand.ship_complete else found
    most = max(1, policy.shipments_max if demand.shipments_max is None else demand.shipments_max)
    left = most - len(here.shipments)
    if left <= 0:
        return found
    sent = ask(_transfer(own, here, network.nodes[at], left), less_taken(supply, taken_by([here]), network))
    if not sent.shipments or (demand.ship_complete and sent.uncovered):
        return found
    store, split_minor = network.nodes[at], policy.split_minor if here.shipments else 0
    arrived = tuple(
        _via(shipment, demand.method, store, _handling_minor(demand, shipment, store), 0 if number else split_minor)
        for number, shipment in enumerate(sent.shipments)
    )
    together = (*here.shipments, *arrived)
    if demand.ship_complete:
        together = _ready_at_once(together)
    note = f"what {demand.pickup_node} lacks is sent there first"
    return replace(
        here,
        shipments=together,
        uncovered=sent.uncovered,
        trace=replace(
            here.trace, notes=(*here.trace.notes, note), candidates=here.trace.candidates + sent.trace.candidates
        ),
    )


def _transfer(demand: Demand, here: Plan, store: Node, left: int) -> Demand:
    """What is short at the store as a demand to be shipped there, and handed over by it."""
    gaps: dict[tuple[str, str], Uncovered] = {(gap.line_id, gap.sku): gap for gap in here.uncovered}
    lines = tuple(
        _unbound(replace(line, quantity=gaps[line.line_id, line.sku].quantity))
        for line in demand.lines
        if (line.line_id, line.sku) in gaps
    )
    return replace(
        demand,
        lines=lines,
        destination=_address(store),
        method=Method.SHIP,
        service="",
        excluded_nodes=demand.excluded_nodes | {store.node},
        shipments_max=left,
        hand_over=demand.method,
    )


def _unbound(line: DemandLine) -> DemandLine:
    """The line without a restriction to methods: it is handed over in the end, as it may be."""
    item = line.item
    if item is None or item.restrictions is None or not item.restrictions.methods:
        return line
    return replace(line, item=replace(item, restrictions=replace(item.restrictions, methods=())))


def _address(store: Node) -> Address:
    return replace(store.address, latitude=store.latitude, longitude=store.longitude)


def _via(shipment: Shipment, method: Method, store: Node, handling_minor: int, split_minor: int) -> Shipment:
    """The shipment as the store hands it over, which handles what it gets as well; the split is what one more shipment
    of the order costs, where the first of those that are sent is not the first of the order.
    """
    cost = dict(shipment.cost)
    cost["handling"] += handling_minor
    cost["split"] += split_minor
    return replace(shipment, method=method, via=store.node, cost=cost)


def _handling_minor(demand: Demand, shipment: Shipment, store: Node) -> int:
    """What it costs the store to handle the units of a shipment that comes in."""
    total = 0
    for line in demand.lines:
        sku, each = components_of(line)[0]
        taken = sum(peg.quantity for peg in shipment.pegs if (peg.line_id, peg.sku) == (line.line_id, sku))
        total += half_up(taken // each * store.handling_minor, line.scale)
    return total


def _ready_at_once(shipments: tuple[Shipment, ...]) -> tuple[Shipment, ...]:
    """All of them ready when the last is."""
    last = max(shipment.promised_at for shipment in shipments)
    return tuple(replace(shipment, promised_from=last, promised_at=last) for shipment in shipments)
