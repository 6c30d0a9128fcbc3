"""Exact instants: cut-offs, weekends, holidays, opening hours and both changes of daylight saving time."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, rows, supply
from troth.engine.carriage.calendars import finish_work, first_arrival_day, minutes_of, work_clock
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.promising.promise import plan
from troth.model.ids import NodeId
from troth.model.network import Calendar, CutOff, DayHours, SpecialDay
from troth.model.order import Method
from troth.model.plan import Shipment
from troth.model.policy import Policy


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def minute(text: str) -> int:
    return int(at(text).timestamp()) // 60


def promised(now: str, *, transit: int = 2, need: dict[str, Any] | None = None, **facts: Any) -> Shipment:
    """The one shipment of one unit from one node, with a carrier that works Monday to Friday."""
    net = network(node("N", **facts), cards=[flat_card(500, transit=transit)])
    found = plan(demand(line("A", **(need or {}))), supply(net, A={"N": 5}), net, Policy(), at(now))
    return found.shipments[0]


NIGHT = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(22), closes=time(6))
OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))

# What happens | order at | facts of the node | leaves by | promised until
SHIPPING: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("before the cut-off it leaves the same day", "2026-11-23T13:59:59Z", {}, "2026-11-23T23:59Z", "2026-11-25T20:00Z"),
    ("at the cut-off it is too late", "2026-11-23T14:00:00Z", {}, "2026-11-24T23:59Z", "2026-11-26T20:00Z"),
    (
        "on Friday after the cut-off it leaves on Monday",
        "2026-11-27T15:00Z",
        {},
        "2026-11-30T23:59Z",
        "2026-12-02T20:00Z",
    ),
    ("transit skips the weekend", "2026-11-26T10:00Z", {}, "2026-11-26T23:59Z", "2026-11-30T20:00Z"),
    (
        "a holiday of the node moves it to the next day",
        "2026-11-26T10:00Z",
        {"calendar": Calendar(holidays=(date(2026, 11, 26),))},
        "2026-11-27T23:59Z",
        "2026-12-01T20:00Z",
    ),
    (
        "the cut-off is one of the node's own time zone",
        "2026-11-23T18:30Z",  # 13:30 in New York
        {"time_zone": "America/New_York"},
        "2026-11-24T04:59Z",
        "2026-11-26T01:00Z",
    ),
    (
        "work that ends before closing leaves the same day",
        "2026-11-23T13:00Z",
        {"calendar": OFFICE, "processing_hours": 4.0},
        "2026-11-23T17:00Z",
        "2026-11-25T20:00Z",
    ),
    (
        "work that runs past closing is done the next working day",
        "2026-11-23T13:01Z",
        {"calendar": OFFICE, "processing_hours": 4.0},
        "2026-11-24T17:00Z",
        "2026-11-26T20:00Z",
    ),
    (
        "work longer than a day takes several",
        "2026-11-23T09:00Z",
        {"calendar": OFFICE, "processing_hours": 20.0},
        "2026-11-25T17:00Z",
        "2026-11-27T20:00Z",
    ),
    (
        "an order of the night is worked on in the night",
        "2026-11-24T01:00Z",
        {"calendar": NIGHT, "cut_off": time(2), "processing_hours": 2.0},
        "2026-11-24T06:00Z",
        "2026-11-26T20:00Z",
    ),
    (
        "behind the cut-off of the night it waits for the next",
        "2026-11-24T02:00Z",
        {"calendar": NIGHT, "cut_off": time(2), "processing_hours": 2.0},
        "2026-11-25T06:00Z",
        "2026-11-27T20:00Z",
    ),
    (
        "what the last night of the week does leaves on Saturday with a carrier that comes then, else on Monday",
        "2026-11-27T23:00Z",
        {"calendar": NIGHT, "cut_off": time(2), "processing_hours": 2.0},
        "2026-12-01T06:00Z",
        "2026-12-03T20:00Z",
    ),
    (
        "on a short day work ends early",
        "2026-11-23T11:30Z",
        {
            "calendar": replace(OFFICE, special_days=(SpecialDay(date(2026, 11, 23), time(9), time(12)),)),
            "processing_hours": 1.0,
        },
        "2026-11-24T17:00Z",
        "2026-11-26T20:00Z",
    ),
    (
        "a Sunday can be worked for once",
        "2026-11-27T17:30Z",
        {
            "calendar": replace(OFFICE, special_days=(SpecialDay(date(2026, 11, 29), time(10), time(18)),)),
            "processing_hours": 8.0,
        },
        "2026-11-30T17:00Z",
        "2026-12-02T20:00Z",
    ),
    (
        "a weekday has hours of its own",
        "2026-11-23T16:00Z",
        {
            "calendar": replace(OFFICE, hours=(DayHours((0,), time(9), time(22)),)),
            "cut_off": time(18),
            "processing_hours": 5.0,
        },
        "2026-11-23T22:00Z",
        "2026-11-25T20:00Z",
    ),
    (
        "the cut-off of the service counts before that of all",
        "2026-11-23T15:00Z",
        {"cut_offs": (CutOff(time(16), "standard"), CutOff(time(9)))},
        "2026-11-23T23:59Z",
        "2026-11-25T20:00Z",
    ),
    (
        "a day of summer and one of winter: the promise is 20:00 on the clock after the change",
        "2026-10-30T10:00-04:00",  # New York sets its clocks back on November 1
        {"time_zone": "America/New_York"},
        "2026-10-30T23:59-04:00",
        "2026-11-03T20:00-05:00",
    ),
    (
        "and in spring the other way",
        "2026-03-06T10:00-05:00",  # clocks go forward on March 8
        {"time_zone": "America/New_York"},
        "2026-03-06T23:59-05:00",
        "2026-03-10T20:00-04:00",
    ),
]


@pytest.mark.parametrize(
    ("now", "facts", "leaves", "until"), [row[1:] for row in SHIPPING], ids=[row[0] for row in SHIPPING]
)
def test_shipping(now: str, facts: dict[str, Any], leaves: str, until: str) -> None:
    shipment = promised(now, **facts)

    assert (shipment.ship_by, shipment.promised_at) == (at(leaves), at(until))
    assert (shipment.promised_at - shipment.promised_from).total_seconds() == 12 * 3600


def test_a_holiday_of_the_carrier_is_no_day_of_transit() -> None:
    net = network(node("N"), cards=[flat_card(500, transit=2, holidays=(date(2026, 11, 26),))])

    found = plan(demand(line("A")), supply(net, A={"N": 1}), net, Policy(), at("2026-11-25T10:00Z"))

    assert found.promised_at == at("2026-11-30T20:00Z")


def test_work_of_an_hour_across_the_spring_change_ends_an_hour_of_real_time_later() -> None:
    clock = work_clock(node("N", time_zone="America/New_York"))

    # 01:30 EST + 60 minutes is 03:30 EDT: the hour from two to three does not exist.
    assert finish_work(clock, minute("2026-03-08T01:30-05:00"), 60, has_cut_off=False) == minute(
        "2026-03-08T03:30-04:00"
    )


def test_a_shift_over_the_autumn_change_is_an_hour_longer() -> None:
    clock = work_clock(node("N", time_zone="America/New_York", calendar=Calendar(opens=time(0), closes=time(4))))

    # Midnight to four o'clock holds five hours on November 1.
    done = finish_work(clock, minute("2026-11-01T00:00-04:00"), 300, has_cut_off=False)

    assert done == minute("2026-11-01T04:00-05:00")


def test_a_node_that_never_works_promises_nothing() -> None:
    net = network(node("N", calendar=Calendar(weekdays=())))

    found = plan(demand(line("A")), supply(net, A={"N": 1}), net, Policy(), MONDAY)

    assert [(item.quantity, item.reason) for item in found.uncovered] == [(1, "no_service_to_destination")]


def test_hours_of_work_are_rounded_up_to_minutes() -> None:
    assert (minutes_of(0.0), minutes_of(1 / 60), minutes_of(1.001), minutes_of(float("inf"))) == (0, 1, 61, 0)


def test_a_line_not_wanted_yet_leaves_so_late_that_it_does_not_arrive_before() -> None:
    shipment = promised("2026-11-23T10:00Z", need={"not_before": at("2026-12-10T00:00Z")})

    assert shipment.ship_by == at("2026-12-08T23:59Z")
    assert (shipment.promised_from, shipment.promised_at) == (at("2026-12-10T08:00Z"), at("2026-12-10T20:00Z"))
    assert shipment.cost["delay"] == 0


def test_a_line_not_wanted_before_an_evening_arrives_the_next_day() -> None:
    assert first_arrival_day("UTC", at("1970-01-11T19:59Z").timestamp()) == 10
    assert first_arrival_day("UTC", at("1970-01-11T20:00Z").timestamp()) == 11


def test_a_window_never_opens_before_the_line_is_wanted() -> None:
    shipment = promised("2026-11-23T10:00Z", need={"not_before": at("2026-12-10T12:30Z")})

    assert (shipment.promised_from, shipment.promised_at) == (at("2026-12-10T12:30Z"), at("2026-12-10T20:00Z"))


# What happens | order at | ready at
PICKUP: list[tuple[str, str, str]] = [
    ("while open it is ready after the work", "2026-11-23T10:00Z", "2026-11-23T12:00Z"),
    ("seconds are rounded up", "2026-11-23T10:00:01Z", "2026-11-23T12:01Z"),
    ("before opening the work begins at opening", "2026-11-23T06:00Z", "2026-11-23T11:00Z"),
    ("what is begun before closing is finished in the morning", "2026-11-23T16:00Z", "2026-11-24T10:00Z"),
    ("after closing it is the next day", "2026-11-23T18:00Z", "2026-11-24T11:00Z"),
    ("on Friday evening it is Monday", "2026-11-27T17:00Z", "2026-11-30T11:00Z"),
]


@pytest.mark.parametrize(("now", "ready"), [row[1:] for row in PICKUP], ids=[row[0] for row in PICKUP])
def test_pickup(now: str, ready: str) -> None:
    net = network(node("S", pickup=True, calendar=OFFICE), cards=DEFAULT_CARDS)
    wish = demand(line("A"), method=Method.PICKUP, pickup_node=NodeId("S"))

    shipment = plan(wish, supply(net, A={"S": 1}), net, Policy(pickup_ready_hours=2.0), at(now)).shipments[0]

    assert (shipment.ship_by, shipment.promised_from, shipment.promised_at) == (at(ready), at(ready), at(ready))


def test_a_pickup_not_wanted_yet_is_ready_at_the_next_opening() -> None:
    net = network(node("S", pickup=True, calendar=OFFICE))
    wish = demand(line("A", not_before=at("2026-11-28T12:00Z")), method=Method.PICKUP, pickup_node=NodeId("S"))

    shipment = plan(wish, supply(net, A={"S": 1}), net, Policy(), MONDAY).shipments[0]

    assert shipment.promised_at == at("2026-11-30T09:00Z")


def test_dated_supply_is_worked_on_from_its_date_and_overdue_supply_as_late_again() -> None:
    net = network(node("N"), cards=[flat_card(500)])
    for expected, leaves in (("2026-12-03T13:00Z", "2026-12-03T23:59Z"), ("2026-11-20T13:00Z", "2026-11-26T23:59Z")):
        stock = {line("A").sku: rows(net, ("N", 5, at(expected)))}

        shipment = plan(demand(line("A")), stock, net, Policy(), MONDAY).shipments[0]

        assert (shipment.ship_by, shipment.is_backordered) == (at(leaves), True)
        assert shipment.promised_from.tzinfo is UTC
