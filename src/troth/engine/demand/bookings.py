"""What the shipments of a plan take of their nodes' days."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from troth.engine.carriage.calendars import DAYS_SEARCHED_MAX, day_number, local_day, minute_of
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import capacity_of, slots_of_day
from troth.engine.carriage.transit import Lanes
from troth.engine.demand.candidates import Block
from troth.engine.demand.capacity import Need, find_work, place_work
from troth.model.capacity import Booking, Slot
from troth.model.plan import Plan, Shipment


def book(
    network: Network,
    lanes: Lanes,
    block: Block,
    position: int,
    service: str,
    *,
    whole: Need,
    own: Need,
    ship_by: float,
    taken: Mapping[Slot, int],
) -> Booking | None:
    """What a shipment from a node by a service takes of its slots; None where the node has no limit.

    The first that have room; the last that are in time where it is not wanted yet. Its date left room for the `whole`
    order, so its `own` part is in time as well; `taken` is what the plan's other shipments have booked.
    """
    limit = None if network.limits is None else network.limits.of.get(position)
    if limit is None:
        return None
    clock = network.clock_of(position, service)
    work = find_work(network, lanes, position, clock, block.minute, whole)
    if work is None:
        return None
    amount, latest, is_late = own.of(limit.unit), minute_of(ship_by), block.not_before is not None
    placed = place_work(network, clock, limit, work, amount, latest=latest, is_late=is_late, taken=taken) or place_work(
        network, clock, limit, work, amount, taken=taken
    )
    return None if placed is None else Booking(limit.unit, placed.parts)


def settle_bookings(network: Network, plan: Plan, now: datetime) -> Plan:
    """The plan with no slot booked beyond its limit by parts of the order that were planned one by one.

    What is too much goes into other slots. The date of each part left room for the whole order, so all are in time.
    """
    if sum([shipment.booking is not None for shipment in plan.shipments]) < 2:
        return plan
    taken: dict[Slot, int] = {}
    return replace(plan, shipments=tuple([_settle(network, shipment, now, taken) for shipment in plan.shipments]))


def _settle(network: Network, shipment: Shipment, now: datetime, taken: dict[Slot, int]) -> Shipment:
    position = network.index[shipment.node]
    limit = None if network.limits is None else network.limits.of.get(position)
    if shipment.booking is None or limit is None or not shipment.booking.work:
        return shipment
    parts: dict[Slot, int] = {}
    first = shipment.booking.work[0][0]
    over = 0
    for slot, amount in shipment.booking.work:
        over += amount - _take(network, slot, amount, taken, parts)
    for day in _days(network, position, shipment, now) if over else ():
        slots = slots_of_day(network.clocks[network.clock_index[position]], limit, day)
        for times in slots:
            # Shifts of its first day that were over before its work could begin are none of these.
            if over and (times.slot.day != first.day or times.slot >= first):
                over -= _take(network, times.slot, over, taken, parts)
        if over == 0:
            break
    return replace(shipment, booking=replace(shipment.booking, work=tuple(sorted(parts.items()))))


def _days(network: Network, position: int, shipment: Shipment, now: datetime) -> Iterable[int]:
    """The days on which a shipment's work may be done instead, the better ones first.

    Those from its first day until it leaves, then the ones before, but for today, and those behind.
    """
    zone = network.clocks[network.clock_index[position]].time_zone
    today, leaves = (
        local_day(zone, minute_of(now.timestamp())),
        local_day(zone, minute_of(shipment.ship_by.timestamp())),
    )
    first = leaves if shipment.booking is None else day_number(shipment.booking.work[0][0].day)
    return (*range(first, leaves + 1), *range(first - 1, today, -1), *range(leaves + 1, leaves + DAYS_SEARCHED_MAX))


def _take(network: Network, slot: Slot, amount: int, taken: dict[Slot, int], parts: dict[Slot, int]) -> int:
    """How much of an amount a slot takes, which is then taken."""
    capacity = capacity_of(network.limits, network.index.get(slot.node), slot)
    room = max(0, capacity - network.load.used.get(slot, 0) - taken.get(slot, 0))
    part = min(room, amount)
    if part > 0:
        taken[slot] = taken.get(slot, 0) + part
        parts[slot] = parts.get(slot, 0) + part
    return part
