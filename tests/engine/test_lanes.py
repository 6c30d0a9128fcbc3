"""Exact dates by what carriers and retailers say: pickups, lane tables, delivery days, places, and vendors' latency."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

import pytest

from tests.engine.worlds import HERE, demand, flat_card, line, node, supply
from troth.engine.carriage.network import Network, compile_network
from troth.engine.promising.promise import plan
from troth.model.ids import NodeId
from troth.model.lanes import Lane, LaneTable, PlaceHolidays
from troth.model.network import Address, Calendar, CarrierPickup, RateCard
from troth.model.order import Method
from troth.model.plan import Shipment
from troth.model.policy import Policy

OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(9), closes=time(17))
EVENING = CarrierPickup(time(15), carrier="test")
CHICAGO = replace(HERE, region="IL", postcode="60601", time_zone="America/Chicago")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def sent_at(
    now: str, *, cards: list[RateCard] | None = None, lanes: LaneTable | None = None, to: Address = HERE, **facts: Any
) -> Shipment:
    """The one shipment of a unit from node N, by a card of a day of transit on weekdays."""
    net = compile_network((node("N", **facts),), cards or [flat_card(500, transit=1)], lanes or LaneTable())
    found = plan(demand(line("A"), destination=to), supply(net, A={"N": 5}), net, Policy(), at(now))
    return found.shipments[0]


# What happens | order at | pickups of the node | leaves by
PICKUPS: list[tuple[str, str, tuple[CarrierPickup, ...], str]] = [
    ("what is done by then leaves with it", "2026-11-23T13:00Z", (EVENING,), "2026-11-23T15:00Z"),
    ("what is done after it leaves with the next", "2026-11-23T13:01Z", (EVENING,), "2026-11-24T15:00Z"),
    (
        "the last of a day counts",
        "2026-11-23T13:00Z",
        (EVENING, CarrierPickup(time(10))),
        "2026-11-23T15:00Z",
    ),
    (
        "it comes on its weekdays only",
        "2026-11-23T10:00Z",
        (CarrierPickup(time(15), weekdays=(2, 4)),),
        "2026-11-25T15:00Z",
    ),
    (
        "a row of the service counts before one of the carrier",
        "2026-11-23T10:00Z",
        (EVENING, CarrierPickup(time(16), service="standard")),
        "2026-11-23T16:00Z",
    ),
    (
        "a carrier that no row names comes at closing time",
        "2026-11-23T13:01Z",
        (CarrierPickup(time(9), carrier="other"),),
        "2026-11-23T17:00Z",
    ),
    (
        "a carrier that comes after closing takes what is done by then",
        "2026-11-23T13:59Z",
        (CarrierPickup(time(18)),),
        "2026-11-23T18:00Z",
    ),
    (
        "a carrier that comes before opening takes what was done the day before",
        "2026-11-23T12:00Z",
        (CarrierPickup(time(7)),),
        "2026-11-24T07:00Z",
    ),
]


@pytest.mark.parametrize(("now", "pickups", "leaves"), [row[1:] for row in PICKUPS], ids=[row[0] for row in PICKUPS])
def test_pickups(now: str, pickups: tuple[CarrierPickup, ...], leaves: str) -> None:
    shipment = sent_at(now, calendar=OFFICE, processing_hours=2.0, pickups=pickups)

    assert shipment.ship_by == at(leaves)


def test_transit_counts_from_the_pickup() -> None:
    shipment = sent_at("2026-11-26T13:01Z", calendar=OFFICE, processing_hours=2.0, pickups=(EVENING,))

    assert (shipment.ship_by, shipment.promised_at) == (at("2026-11-27T15:00Z"), at("2026-11-30T20:00Z"))


def test_a_carrier_that_never_comes_takes_nothing() -> None:
    never = CarrierPickup(time(15), service="standard", weekdays=())
    cards = [flat_card(500), flat_card(900, service="express", transit=1)]

    assert sent_at("2026-11-23T10:00Z", cards=cards, pickups=(never,)).service == "express"


# What happens | delivery weekdays | transit | order on a Friday | arrives
DELIVERY: list[tuple[str, tuple[int, ...], int, str, str]] = [
    ("without days of their own deliveries are on the carrier's", (), 1, "2026-11-27T10:00Z", "2026-11-30T20:00Z"),
    ("a Saturday delivery counts as the last day", (0, 1, 2, 3, 4, 5), 1, "2026-11-27T10:00Z", "2026-11-28T20:00Z"),
    ("but a parcel does not travel on it", (0, 1, 2, 3, 4, 5), 2, "2026-11-27T10:00Z", "2026-12-01T20:00Z"),
    ("from Thursday it takes two days to Saturday", (0, 1, 2, 3, 4, 5), 2, "2026-11-26T10:00Z", "2026-11-28T20:00Z"),
    ("a day without delivery is waited for", (1, 2, 3, 4), 1, "2026-11-27T10:00Z", "2026-12-01T20:00Z"),
]


@pytest.mark.parametrize(
    ("weekdays", "transit", "now", "arrives"), [row[1:] for row in DELIVERY], ids=[row[0] for row in DELIVERY]
)
def test_delivery_days(weekdays: tuple[int, ...], transit: int, now: str, arrives: str) -> None:
    card = flat_card(500, transit=transit, delivery_weekdays=weekdays)

    assert sent_at(now, cards=[card]).promised_at == at(arrives)


def test_the_window_is_in_the_time_zone_of_the_destination() -> None:
    shipment = sent_at("2026-11-23T10:00Z", to=CHICAGO, time_zone="Europe/Berlin")

    assert (shipment.promised_from, shipment.promised_at) == (
        at("2026-11-24T08:00-06:00"),
        at("2026-11-24T20:00-06:00"),
    )


def test_without_a_time_zone_of_the_destination_the_window_is_in_the_node_s() -> None:
    shipment = sent_at("2026-11-23T10:00Z", time_zone="Europe/Berlin")

    assert shipment.promised_at == at("2026-11-24T20:00+01:00")


def test_a_parcel_never_arrives_before_it_left_where_the_date_is_another() -> None:
    honolulu = replace(HERE, time_zone="Pacific/Honolulu")
    kiritimati = replace(HERE, time_zone="Pacific/Kiritimati")

    west = sent_at("2026-11-22T20:00Z", to=honolulu, time_zone="Pacific/Kiritimati")
    east = sent_at("2026-11-23T20:00Z", to=kiritimati, time_zone="Pacific/Honolulu")

    assert (west.ship_by, west.promised_at) == (at("2026-11-23T23:59+14:00"), at("2026-11-24T20:00-10:00"))
    # A day behind Monday in Honolulu is Tuesday; by its evening in Kiritimati the parcel had not left.
    assert (east.ship_by, east.promised_at) == (at("2026-11-23T23:59-10:00"), at("2026-11-25T20:00+14:00"))


def test_a_wish_is_read_in_the_destination_s_time_zone() -> None:
    net = compile_network((node("N"),), [flat_card(500, transit=1)])
    wish = demand(line("A", not_before=at("2026-12-02T21:00-06:00")), destination=CHICAGO)

    shipment = plan(wish, supply(net, A={"N": 1}), net, Policy(), at("2026-11-23T10:00Z")).shipments[0]

    assert shipment.promised_at == at("2026-12-03T20:00-06:00")
    assert shipment.cost["delay"] == 0


def test_what_is_delivered_the_same_day_is_not_promised_for_hours_that_are_over() -> None:
    net = compile_network((node("N", degrees=0.1, cut_off=time(22)),))
    wish = demand(line("A"), method=Method.DELIVERY)
    stock = supply(net, A={"N": 5})

    before, after = (
        plan(wish, stock, net, Policy(), at(f"2026-11-23T{now}Z")).shipments[0] for now in ("19:30", "20:30")
    )

    assert (before.ship_by, before.promised_at) == (at("2026-11-23T20:00Z"), at("2026-11-23T20:00Z"))
    assert after.promised_at == at("2026-11-24T20:00Z")


# Lane tables ---------------------------------------------------------------------------------------------------------

ANY = Lane(transit_days=4)
COUNTRY = Lane(country="us", transit_days=5)
REGION = Lane(country="US", region="il", transit_days=3)
PREFIX = Lane(country="US", postcode_prefix="606", transit_days=2)
LONGER = Lane(country="US", postcode_prefix="6060", transit_days=1)
OF_NODE = Lane(node=NodeId("N"), transit_days=6)
ELSEWHERE = Lane(country="US", postcode_prefix="9", transit_days=9)
OF_OTHER = Lane(node=NodeId("other"), transit_days=9)
OF_SERVICE = Lane(service="standard", country="US", postcode_prefix="606", transit_days=0)


def arrival(*rows: Lane, to: Address = CHICAGO) -> date:
    """The day of arrival of a parcel that leaves on Monday, December 7, with a carrier that works every day."""
    card = flat_card(500, transit=1, weekdays=tuple(range(7)))
    return sent_at("2026-12-07T16:00Z", cards=[card], lanes=LaneTable(rows), to=to, cut_off=time(20)).promised_at.date()


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        ((), 1),
        ((ANY,), 4),
        ((COUNTRY, ANY), 5),
        ((REGION, COUNTRY, ANY), 3),
        ((PREFIX, REGION, COUNTRY), 2),
        ((LONGER, PREFIX, REGION), 1),
        ((OF_NODE, LONGER, PREFIX), 6),
        ((ELSEWHERE, OF_OTHER), 1),
        ((OF_SERVICE, PREFIX), 0),
        ((PREFIX, replace(PREFIX, transit_days=7)), 7),
    ],
)
def test_of_rows_that_fit_the_most_specific_counts(rows: tuple[Lane, ...], days: int) -> None:
    # Until 20:00 in Chicago is the next day in UTC.
    assert arrival(*rows) == date(2026, 12, 8 + days)
    assert arrival(*reversed(rows[:-1] if days == 7 else rows), *(rows[-1:] if days == 7 else ())) == arrival(*rows)


def test_a_postcode_is_compared_without_blanks_and_in_capitals() -> None:
    london = Address("GB", postcode="sw1a 1aa", latitude=51.5, longitude=-0.1)

    assert arrival(Lane(country="GB", postcode_prefix="SW1 A", transit_days=3), to=london) == date(2026, 12, 10)


def zoned() -> RateCard:
    """A card of three zones that cost 1, 2 and 3 dollars and take 1, 2 and 3 days."""
    return replace(
        flat_card(100, weekdays=tuple(range(7))),
        zone_miles=(100.0, 500.0, 25_000.0),
        rates_minor=((100,), (200,), (300,)),
        over_minor=(0, 0, 0),
        transit_days=(1, 2, 3),
    )


@pytest.mark.parametrize(
    ("rows", "cost", "days"),
    [
        ((), 100, 1),
        ((Lane(postcode_prefix="606", zone=1),), 200, 2),
        ((Lane(postcode_prefix="606", zone=2), Lane(postcode_prefix="60", transit_days=1)), 300, 1),
        ((Lane(zone=9),), 300, 3),
    ],
)
def test_a_zone_of_the_table_stands_for_the_one_by_miles(rows: tuple[Lane, ...], cost: int, days: int) -> None:
    shipment = sent_at("2026-12-07T10:00Z", cards=[zoned()], lanes=LaneTable(rows), to=replace(CHICAGO, time_zone=""))

    assert (shipment.cost["shipping"], shipment.promised_at) == (cost, at(f"2026-12-{7 + days:02}T20:00Z"))


def test_a_zone_of_the_table_needs_no_coordinates() -> None:
    nowhere = Address("US", postcode="60601")

    near = sent_at("2026-12-07T10:00Z", cards=[zoned()], lanes=LaneTable((Lane(zone=0),)), to=nowhere)
    far = sent_at("2026-12-07T10:00Z", cards=[zoned()], to=nowhere)

    assert (near.cost["shipping"], far.cost["shipping"]) == (100, 300)


@pytest.mark.parametrize(
    ("holidays", "arrives"),
    [
        ((), "2026-11-24T20:00-06:00"),
        ((PlaceHolidays("US", (date(2026, 11, 24),)),), "2026-11-25T20:00-06:00"),
        ((PlaceHolidays("US", (date(2026, 11, 24),), region="IL"),), "2026-11-25T20:00-06:00"),
        ((PlaceHolidays("US", (date(2026, 11, 24),), region="NY"),), "2026-11-24T20:00-06:00"),
        ((PlaceHolidays("CA", (date(2026, 11, 24),)),), "2026-11-24T20:00-06:00"),
        (
            (PlaceHolidays("US", (date(2026, 11, 24),)), PlaceHolidays("US", (date(2026, 11, 25),), region="IL")),
            "2026-11-26T20:00-06:00",
        ),
    ],
)
def test_nothing_is_delivered_on_a_holiday_of_the_place(holidays: tuple[PlaceHolidays, ...], arrives: str) -> None:
    shipment = sent_at("2026-11-23T10:00Z", lanes=LaneTable(holidays=holidays), to=CHICAGO)

    assert shipment.promised_at == at(arrives)


# Latency -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "feed", "acceptance", "leaves"),
    [
        ("2026-11-23T13:00Z", 0, 0, "2026-11-23T17:00Z"),
        ("2026-11-23T13:00Z", 59, 0, "2026-11-23T17:00Z"),
        ("2026-11-23T13:00Z", 60, 0, "2026-11-24T17:00Z"),  # it arrives at the cut-off
        ("2026-11-23T13:00Z", 0, 60, "2026-11-24T17:00Z"),  # it is accepted at the cut-off
        ("2026-11-23T08:30Z", 15, 240, "2026-11-23T17:00Z"),  # accepted at 13:00
        ("2026-11-23T16:00Z", 0, 120, "2026-11-24T17:00Z"),  # an hour today, and one tomorrow
        ("2026-11-27T16:30Z", 60, 60, "2026-11-30T17:00Z"),  # it arrives after closing on Friday
    ],
)
def test_a_vendor_s_work_begins_when_it_has_the_order_and_took_it_on(
    now: str, feed: int, acceptance: int, leaves: str
) -> None:
    shipment = sent_at(now, calendar=OFFICE, feed_minutes=feed, acceptance_minutes=acceptance)

    assert shipment.ship_by == at(leaves)


def test_a_held_order_keeps_the_pickups_of_each_node() -> None:
    slow = node("slow", calendar=OFFICE, processing_hours=12.0)
    fast = node("fast", calendar=OFFICE, pickups=(CarrierPickup(time(12)),))
    net: Network = compile_network((slow, fast), [flat_card(500, transit=1)])
    stock = supply(net, A={"slow": 1}, B={"fast": 1})

    found = plan(demand(line("A"), line("B"), ship_complete=True), stock, net, Policy(), at("2026-11-23T10:00Z"))

    assert {str(shipment.node): shipment.ship_by for shipment in found.shipments} == {
        "fast": at("2026-11-24T12:00Z"),
        "slow": at("2026-11-24T17:00Z"),
    }
