"""Daily capacity: what does not fit goes into the next working day with room, and nothing is ever booked twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, reasons, rows, supply
from troth.engine.carriage.network import Network
from troth.engine.promising.promise import plan
from troth.model.capacity import CapacityUnit, DayCapacity, Shift, Slot
from troth.model.ids import NodeId, Sku
from troth.model.network import Calendar, CarrierPickup, CutOff
from troth.model.order import Method, Terms
from troth.model.plan import Plan, Shipment
from troth.model.policy import Policy

OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def limited(used: dict[date, int] | None = None, **facts: Any) -> Network:
    """One node N with a carrier that takes a day, and what is promised of its days already."""
    net = network(node("N", **{"calendar": OFFICE, **facts}), cards=[flat_card(500, transit=1)])
    net.load.move((Slot(NodeId("N"), day), amount) for day, amount in (used or {}).items())
    return net


def asked(net: Network, now: datetime = MONDAY, *, units: Sequence[int] = (1,), **facts: Any) -> Plan:
    lines = [line(f"A{number}", quantity) for number, quantity in enumerate(units)]
    stock = supply(net, **{f"A{number}": {"N": 1000} for number in range(len(units))})
    return plan(demand(*lines, **facts), stock, net, Policy(), now)


def booked(shipment: Shipment) -> list[tuple[str, int, int]]:
    assert shipment.booking is not None
    return [(str(slot.day), slot.shift, amount) for slot, amount in shipment.booking.work]


TODAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def test_a_day_with_room_is_booked_and_no_date_changes() -> None:
    shipment = asked(limited({TODAY: 4}, capacity_per_day=5)).shipments[0]

    assert (shipment.ship_by, booked(shipment)) == (at("2026-11-23T17:00Z"), [("2026-11-23", 0, 1)])


def test_a_full_day_spills_to_the_next_and_a_day_of_delay_is_paid() -> None:
    shipment = asked(limited({TODAY: 5, TUESDAY: 4}, capacity_per_day=5)).shipments[0]

    assert (shipment.ship_by, booked(shipment)) == (at("2026-11-24T17:00Z"), [("2026-11-24", 0, 1)])
    # The reference of delay is what the node could do if it had room: a smaller capacity never makes a plan cheaper.
    assert shipment.cost["delay"] == Policy().delay_minor_per_day


def test_full_days_are_skipped_with_the_weekend_behind_them() -> None:
    full = {date(2026, 11, 23) + timedelta(days=number): 5 for number in range(5)}

    shipment = asked(limited(full, capacity_per_day=5)).shipments[0]

    assert shipment.ship_by == at("2026-11-30T17:00Z")


def test_a_node_without_a_limit_books_nothing() -> None:
    assert asked(limited()).shipments[0].booking is None


def test_lines_count_once_each_and_units_count_all() -> None:
    by_lines = asked(limited({TODAY: 3}, capacity_per_day=5), units=(4, 4)).shipments[0]
    by_units = asked(
        limited({TODAY: 3}, capacity_per_day=10, capacity_unit=CapacityUnit.UNITS), units=(4, 4)
    ).shipments[0]

    assert booked(by_lines) == [("2026-11-23", 0, 2)]
    assert booked(by_units) == [("2026-11-23", 0, 7), ("2026-11-24", 0, 1)]
    assert (by_lines.ship_by, by_units.ship_by) == (at("2026-11-23T17:00Z"), at("2026-11-24T17:00Z"))


def test_an_order_takes_what_room_there_is_and_is_done_with_the_last() -> None:
    shipment = asked(limited({TODAY: 3}, capacity_per_day=5), units=(1,) * 9).shipments[0]

    assert booked(shipment) == [("2026-11-23", 0, 2), ("2026-11-24", 0, 5), ("2026-11-25", 0, 2)]
    assert shipment.ship_by == at("2026-11-25T17:00Z")


def test_a_node_that_can_do_nothing_promises_nothing() -> None:
    assert reasons(asked(limited(capacity_per_day=0))) == {"A0": (1, "no_capacity")}


def test_another_node_takes_over_where_that_costs_less_than_the_delay() -> None:
    near, far = node("near", capacity_per_day=1), node("far", degrees=3.0)
    net = network(near, far, cards=[flat_card(500, transit=1)])
    stock = supply(net, A={"near": 9, "far": 9})
    free = plan(demand(line("A")), stock, net, Policy(), MONDAY)
    net.load.move([(Slot(NodeId("near"), TODAY), 1)])

    full = plan(demand(line("A")), stock, net, Policy(), MONDAY)

    # Flat rates: far only wins where near is late (ties go to the node that comes first by id, which is far).
    assert {shipment.node for shipment in full.shipments} == {"far"}
    assert full.cost_minor == free.cost_minor


SHIFTS = (Shift(time(9), 2), Shift(time(13), 2))


def test_a_full_shift_spills_to_the_next_shift_of_the_day() -> None:
    shipment = asked(limited({TODAY: 2}, shifts=SHIFTS)).shipments[0]

    assert (shipment.ship_by, booked(shipment)) == (at("2026-11-23T17:00Z"), [("2026-11-23", 1, 1)])


def test_work_is_booked_in_the_shift_in_which_it_is_done() -> None:
    shipment = asked(limited(shifts=SHIFTS, processing_hours=4.0)).shipments[0]

    assert booked(shipment) == [("2026-11-23", 1, 1)]


def test_a_spill_past_the_last_pickup_leaves_the_next_day() -> None:
    early = CarrierPickup(time(12))

    shipment = asked(limited({TODAY: 2}, shifts=SHIFTS, pickups=(early,))).shipments[0]

    assert (shipment.ship_by, booked(shipment)) == (at("2026-11-24T12:00Z"), [("2026-11-23", 1, 1)])


def test_what_is_not_wanted_yet_is_booked_on_the_last_day_that_is_in_time() -> None:
    net = limited({date(2026, 12, 8): 5}, capacity_per_day=5)
    wish = demand(line("A0", not_before=at("2026-12-09T00:00Z")))

    shipment = plan(wish, supply(net, A0={"N": 1}), net, Policy(), MONDAY).shipments[0]

    assert (shipment.ship_by, booked(shipment)) == (at("2026-12-08T17:00Z"), [("2026-12-07", 0, 1)])


def test_dated_supply_is_booked_on_its_own_day() -> None:
    net = limited({date(2026, 12, 3): 5}, capacity_per_day=5)
    stock = {Sku("A0"): rows(net, ("N", 5, at("2026-12-03T10:00Z")))}

    shipment = plan(demand(line("A0")), stock, net, Policy(), MONDAY).shipments[0]

    assert (shipment.ship_by, booked(shipment)) == (at("2026-12-04T17:00Z"), [("2026-12-04", 0, 1)])


def pickup_at(queue: int, now: str = "2026-11-23T10:00Z", **facts: Any) -> Shipment:
    net = network(node("S", pickup=True, calendar=OFFICE, **facts))
    net.load.queue_minutes[NodeId("S")] = queue
    wish = demand(line("A"), method=Method.PICKUP, pickup_node=NodeId("S"))
    return plan(wish, supply(net, A={"S": 1}), net, Policy(pickup_ready_hours=0.5), at(now)).shipments[0]


@pytest.mark.parametrize(
    ("queue", "hours", "ready"),
    [
        (0, 0.0, "2026-11-23T10:30Z"),
        (45, 0.0, "2026-11-23T11:15Z"),
        (45, 2.0, "2026-11-23T12:45Z"),
        (60 * 8, 0.0, "2026-11-24T10:30Z"),
    ],
)
def test_a_pickup_is_ready_when_the_work_before_it_and_its_own_are_done(queue: int, hours: float, ready: str) -> None:
    assert pickup_at(queue, processing_hours=hours).promised_at == at(ready)


def test_a_pickup_spills_when_the_store_is_full() -> None:
    net = network(node("S", pickup=True, calendar=OFFICE, capacity_per_day=1))
    net.load.move([(Slot(NodeId("S"), TODAY), 1)])
    wish = demand(line("A"), method=Method.PICKUP, pickup_node=NodeId("S"))

    shipment = plan(wish, supply(net, A={"S": 1}), net, Policy(pickup_ready_hours=0.5), MONDAY).shipments[0]

    assert (shipment.promised_at, booked(shipment)) == (at("2026-11-24T09:30Z"), [("2026-11-24", 0, 1)])


def in_two_groups(net: Network, units: int) -> Plan:
    """Lines for two addresses."""
    there = replace(HERE, postcode="60601")
    lines = [line("A0", units), line("A1", units, terms=Terms(ship_to=there))]
    return plan(demand(*lines), supply(net, A0={"N": 99}, A1={"N": 99}), net, Policy(), MONDAY)


def test_ship_groups_of_one_order_never_take_the_same_last_slot() -> None:
    found = in_two_groups(limited({TODAY: 4}, capacity_per_day=5), 1)

    assert [booked(shipment) for shipment in found.shipments] == [[("2026-11-23", 0, 1)], [("2026-11-24", 0, 1)]]
    assert {shipment.ship_by for shipment in found.shipments} == {at("2026-11-24T17:00Z")}


def test_ship_groups_that_are_larger_than_a_day_divide_what_room_there_is() -> None:
    net = limited({TODAY: 2}, capacity_per_day=5, capacity_unit=CapacityUnit.UNITS)

    found = in_two_groups(net, 4)

    assert [booked(shipment) for shipment in found.shipments] == [
        [("2026-11-23", 0, 3), ("2026-11-24", 0, 1)],
        [("2026-11-24", 0, 4)],
    ]
    assert {shipment.ship_by for shipment in found.shipments} == {at("2026-11-24T17:00Z")}


def test_a_day_of_the_week_and_a_date_have_capacities_of_their_own_and_the_date_counts_first() -> None:
    facts: dict[str, Any] = {
        "capacity_per_day": 5,
        "capacity_days": (DayCapacity(weekdays=(0,), capacity=1), DayCapacity(dates=(TUESDAY,), capacity=9)),
    }

    shipment = asked(limited(**facts), units=(1,) * 8).shipments[0]
    on_a_peak_day = asked(
        limited(**{**facts, "capacity_days": (*facts["capacity_days"], DayCapacity(dates=(TODAY,), capacity=8))}),
        units=(1,) * 8,
    ).shipments[0]

    assert booked(shipment) == [("2026-11-23", 0, 1), ("2026-11-24", 0, 7)]
    assert booked(on_a_peak_day) == [("2026-11-23", 0, 8)]


def test_a_day_without_a_limit_takes_what_the_days_before_it_could_not() -> None:
    found = limited({TODAY: 1}, capacity_days=(DayCapacity(weekdays=(0,), capacity=1),))

    assert booked(asked(found, units=(1, 1)).shipments[0]) == [("2026-11-24", 0, 2)]


def test_work_after_midnight_is_booked_on_the_day_on_which_the_night_began() -> None:
    night = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(22), closes=time(6))
    shifts = (Shift(time(22), 2), Shift(time(2), 2))
    facts: dict[str, Any] = {"calendar": night, "cut_off": time(5), "shifts": shifts}
    now = at("2026-11-24T03:00Z")

    shipment = asked(limited(**facts), now).shipments[0]
    net = limited(**facts)
    net.load.move([(Slot(NodeId("N"), TODAY, 1), 2)])
    later = asked(net, now).shipments[0]

    assert (shipment.ship_by, booked(shipment)) == (at("2026-11-24T06:00Z"), [("2026-11-23", 1, 1)])
    assert (later.ship_by, booked(later)) == (at("2026-11-25T06:00Z"), [("2026-11-24", 0, 1)])


def test_a_full_day_moves_a_service_from_its_own_cut_off_on() -> None:
    net = network(
        node("N", calendar=OFFICE, capacity_per_day=5, cut_offs=(CutOff(time(9, 30), "express"),)),
        cards=[flat_card(500, transit=2), flat_card(500, service="express", transit=1)],
    )
    net.load.move([(Slot(NodeId("N"), TUESDAY), 5)])

    found = {service: asked(net, service=service).shipments[0] for service in ("standard", "express")}

    assert {service: (shipment.ship_by, booked(shipment)) for service, shipment in found.items()} == {
        "standard": (at("2026-11-23T17:00Z"), [("2026-11-23", 0, 1)]),
        "express": (at("2026-11-25T17:00Z"), [("2026-11-25", 0, 1)]),
    }
