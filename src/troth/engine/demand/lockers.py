"""A pickup out of a locker: planned as a pickup at the store that it belongs to, with what is sent there first; then a
compartment for each shipment, for as many days as it may wait.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.carriage.calendars import finish_work, instant, minute_of
from troth.engine.carriage.locker_room import first_with_room, has_room, locker_at
from troth.engine.carriage.network import Network
from troth.engine.demand.locker_fit import pieces_of, sizes_that_hold
from troth.engine.supply.kits import components_of
from troth.model.capacity import Booking, CapacityUnit, LockerStay, Slot
from troth.model.ids import LineId, NodeId
from troth.model.locker import Locker
from troth.model.network import Node
from troth.model.plan import Demand, Peg, Plan, Shipment, Uncovered

TOO_SMALL: Final = "locker_too_small"
FULL: Final = "locker_full"
UNABLE: Final = "locker_unable"


def plan_by_locker(demand: Demand, network: Network, plan_at_home: Callable[[Demand], Plan]) -> Plan:
    """The plan of a demand that is picked up out of a locker: that of its home store, later by as long as the store
    takes to load it, with a stay for each shipment. What has none is not covered, with the reason.
    """
    locker = locker_at(network, demand.pickup_node)
    if locker is None or demand.pickup_node is None:
        return plan_at_home(demand)
    node = network.nodes[network.index[demand.pickup_node]]
    if not node.active or locker.home not in network.index:
        return _nothing(plan_at_home(demand), demand, "no_pickup_there", "")
    lacks = _lacks(demand, node)
    if lacks:
        return _nothing(plan_at_home(demand), demand, UNABLE, lacks)
    found = plan_at_home(replace(demand, pickup_node=locker.home))
    kept: list[Shipment] = []
    refused: list[tuple[Shipment, str, str]] = []
    for shipment in found.shipments:
        loaded = _loaded(shipment, network, locker)
        settled = _with_stay(loaded, demand, network, node, locker)
        if isinstance(settled, Shipment):
            kept.append(settled)
        else:
            refused.append((shipment, *settled))
    return _without(found, demand, kept, refused) if refused else replace(found, shipments=tuple(kept))


def settle_stays(network: Network, demand: Demand, plan: Plan) -> Plan:
    """The plan with no compartment promised to two of its own shipments: what finds none beside the others goes."""
    if sum(_stay(shipment) is not None for shipment in plan.shipments) < 2:
        return plan
    taken: dict[Slot, int] = {}
    kept: list[Shipment] = []
    refused: list[tuple[Shipment, str, str]] = []
    for shipment in plan.shipments:
        stay, booking = _stay(shipment), shipment.booking
        locker = None if stay is None else locker_at(network, stay.locker)
        if stay is None or booking is None or locker is None:
            kept.append(shipment)
            continue
        sizes = sizes_that_hold(locker, pieces_of(demand.lines, shipment.pegs) or ())
        tries = [replace(stay, size=size) for size in sizes]
        own = next((one for one in tries if has_room(network, one.slots, taken=taken)), None)
        if own is None:
            refused.append((shipment, FULL, _told_full(network, stay, sizes)))
            continue
        for slot in own.slots:
            taken[slot] = taken.get(slot, 0) + 1
        kept.append(replace(shipment, booking=replace(booking, stay=own)))
    return _without(plan, demand, kept, refused) if refused else replace(plan, shipments=tuple(kept))


def local_date(network: Network, node: NodeId, at: datetime) -> date:
    """The day on which an instant is at a node."""
    return at.astimezone(ZoneInfo(network.nodes[network.index[node]].time_zone)).date()


def _stay(shipment: Shipment) -> LockerStay | None:
    return None if shipment.booking is None else shipment.booking.stay


def _lacks(demand: Demand, node: Node) -> str:
    """What the goods need of whoever keeps them that the locker is not able to; empty: nothing."""
    needs = {
        need
        for line in demand.lines
        if line.item is not None and line.item.restrictions is not None
        for need in line.item.restrictions.node_needs
    }
    missing = sorted(needs - set(node.capabilities))
    return f"{node.node} is not able to keep {', '.join(missing)}" if missing else ""


def _loaded(shipment: Shipment, network: Network, locker: Locker) -> Shipment:
    """The shipment promised for when it lies in the locker, which is loaded in the hours of its store."""
    if not locker.load_minutes:
        return shipment
    clock = network.clock_of(network.index[locker.home], "")

    def after(at: datetime) -> datetime:
        done = finish_work(clock, minute_of(at.timestamp()), locker.load_minutes, has_cut_off=False)
        return at if done is None else max(at, instant(done * 60.0))

    return replace(shipment, promised_from=after(shipment.promised_from), promised_at=after(shipment.promised_at))


def _with_stay(
    shipment: Shipment, demand: Demand, network: Network, node: Node, locker: Locker
) -> Shipment | tuple[str, str]:
    """The shipment with the smallest compartment that holds it and is free on all its days, or why there is none."""
    pieces = pieces_of(demand.lines, shipment.pegs)
    sizes = () if pieces is None else sizes_that_hold(locker, pieces)
    if not sizes:
        return TOO_SMALL, f"no compartment of {node.node} holds all of it"
    ends = shipment.promised_at + timedelta(hours=locker.keep_hours)
    stay = LockerStay(
        node.node,
        sizes[0],
        local_date(network, node.node, shipment.promised_from),
        local_date(network, node.node, ends),
    )
    for size in sizes:
        own = replace(stay, size=size)
        if has_room(network, own.slots):
            booking = shipment.booking or Booking(CapacityUnit.LINES, ())
            return replace(shipment, booking=replace(booking, stay=own))
    return FULL, _told_full(network, stay, sizes)


def _told_full(network: Network, stay: LockerStay, sizes: tuple[int, ...]) -> str:
    free = first_with_room(network, stay, sizes)
    told = f"no compartment of {stay.locker} that holds it is free from {stay.first} to {stay.last}"
    return told if free is None else f"{told}; one is from {free}"


def _nothing(found: Plan, demand: Demand, reason: str, detail: str) -> Plan:
    """Nothing of a demand is covered, for one reason."""
    gaps = tuple(
        Uncovered(line.line_id, line.sku, line.quantity, reason, detail=detail)
        for line in demand.lines
        if line.quantity > 0
    )
    return replace(found, shipments=(), uncovered=gaps)


def _without(
    found: Plan, demand: Demand, kept: Iterable[Shipment], refused: Iterable[tuple[Shipment, str, str]]
) -> Plan:
    """The plan with only some of its shipments, and what the others had covered with the reason why it is not."""
    gaps: dict[LineId, Uncovered] = {gap.line_id: gap for gap in found.uncovered}
    by_id = {line.line_id: line for line in demand.lines}
    first = ("", "")
    for shipment, reason, detail in refused:
        first = first if first[0] else (reason, detail)
        for line_id, units in _units(shipment.pegs, {one: dict(components_of(by_id[one])) for one in by_id}).items():
            known = gaps.get(line_id)
            missing = units + (0 if known is None else known.quantity)
            gaps[line_id] = Uncovered(line_id, by_id[line_id].sku, missing, reason, detail=detail)
    if demand.ship_complete:
        return _nothing(found, demand, *first)
    ordered = tuple(gaps[line.line_id] for line in demand.lines if line.line_id in gaps)
    return replace(found, shipments=tuple(kept), uncovered=ordered)


def _units(pegs: Iterable[Peg], kits: Mapping[LineId, Mapping[str, int]]) -> dict[LineId, int]:
    """The units of each line that some pegs cover (of kits, kits)."""
    units: dict[tuple[LineId, str], int] = {}
    for peg in pegs:
        units[peg.line_id, peg.sku] = units.get((peg.line_id, peg.sku), 0) + peg.quantity
    found: dict[LineId, int] = {}
    for (line_id, sku), count in units.items():
        kit = kits[line_id]
        whole = -(-count // kit[sku]) if sku in kit else count
        found[line_id] = max(found.get(line_id, 0), whole) if len(kit) > 1 else found.get(line_id, 0) + whole
    return found
