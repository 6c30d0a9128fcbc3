"""What the shipments of a plan take of their nodes' days."""

from collections.abc import Mapping
from dataclasses import replace

from troth.engine.calendars import DAYS_SEARCHED_MAX, day_number, minute_of
from troth.engine.candidates import Block
from troth.engine.capacity import Need, find_work, place_work
from troth.engine.network import Network
from troth.engine.node_load import Limit, capacity_of, slots_of_day
from troth.engine.transit import Lanes
from troth.model.capacity import Booking, Slot
from troth.model.plan import Plan, Shipment


def book(
    network: Network,
    lanes: Lanes,
    block: Block,
    position: int,
    *,
    whole: Need,
    own: Need,
    ship_by: float,
    taken: Mapping[Slot, int],
) -> Booking | None:
    """What a shipment from a node takes of its slots; None where the node has no limit.

    That is its `own` need in the slot that has room for the `whole` order, which is where its date comes from: the
    first one, or the last that is in time where it is not wanted yet. An order that no slot has room for is divided
    over several; `taken` is what the plan's other shipments have booked.
    """
    limit = None if network.limits is None else network.limits.of.get(position)
    if limit is None:
        return None
    clock = network.clocks[network.clock_index[position]]
    work = find_work(network, lanes, position, block.minute, whole)
    if work is None:
        return None
    amount = own.of(limit.unit)
    placed = place_work(
        network,
        clock,
        limit,
        work,
        whole.of(limit.unit),
        divides=False,
        latest=minute_of(ship_by),
        is_late=block.not_before is not None,
    )
    if placed is not None:
        return Booking(limit.unit, ((placed.parts[0][0], amount),))
    placed = place_work(network, clock, limit, work, amount, divides=True, taken=taken)
    return None if placed is None else Booking(limit.unit, placed.parts)


def settle_bookings(network: Network, plan: Plan) -> Plan:
    """The plan of several ship groups with no slot booked beyond its limit: what is too much goes into later slots.

    That only happens to groups of an order that is larger than a node's whole day, since they are divided one by one.
    """
    taken: dict[Slot, int] = {}
    return replace(plan, shipments=tuple([_settle(network, shipment, taken) for shipment in plan.shipments]))


def _settle(network: Network, shipment: Shipment, taken: dict[Slot, int]) -> Shipment:
    position = network.index[shipment.node]
    limit = None if network.limits is None else network.limits.of.get(position)
    if shipment.booking is None or limit is None:
        return shipment
    parts: dict[Slot, int] = {}
    over = 0
    for slot, amount in shipment.booking.work:
        over += amount - _take(network, slot, amount, taken, parts)
    first = shipment.booking.work[0][0]
    first_day = day_number(first.day)
    for day in range(first_day, first_day + DAYS_SEARCHED_MAX if over else first_day):
        over -= _take_day(network, position, limit, day, over, first=first, taken=taken, parts=parts)
        if over == 0:
            break
    return replace(shipment, booking=replace(shipment.booking, work=tuple(sorted(parts.items()))))


def _take_day(
    network: Network,
    position: int,
    limit: Limit,
    day: int,
    amount: int,
    *,
    first: Slot,
    taken: dict[Slot, int],
    parts: dict[Slot, int],
) -> int:
    """How much of an amount the slots of a day take, from the first one on."""
    clock = network.clocks[network.clock_index[position]]
    found = 0
    for times in slots_of_day(clock, limit, day):
        if times.slot >= first and found < amount:
            found += _take(network, times.slot, amount - found, taken, parts)
    return found


def _take(network: Network, slot: Slot, amount: int, taken: dict[Slot, int], parts: dict[Slot, int]) -> int:
    """How much of an amount a slot takes, which is then taken."""
    capacity = capacity_of(network.limits, network.index.get(slot.node), slot)
    room = max(0, capacity - network.load.used.get(slot, 0) - taken.get(slot, 0))
    part = min(room, amount)
    if part > 0:
        taken[slot] = taken.get(slot, 0) + part
        parts[slot] = parts.get(slot, 0) + part
    return part
