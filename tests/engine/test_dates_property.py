"""The engine's dates are those of a slow reference, on random calendars of zones with all kinds of clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.engine import slow_dates
from tests.engine.worlds import HERE, demand, flat_card, line, network, node, supply
from tests.examples import examples
from troth.engine.carriage.calendars import finish_work, local_instant, take_on, work_clock
from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.timetable import find_timetable
from troth.engine.carriage.transit import find_lanes
from troth.engine.promising.promise import plan
from troth.model.ids import NodeId
from troth.model.lanes import LaneTable, PlaceHolidays
from troth.model.network import Address, Calendar, CarrierPickup, CutOff, DayHours, Node, RateCard, SpecialDay
from troth.model.order import Method
from troth.model.policy import Policy

ZONES = (
    "UTC",
    "America/New_York",
    "America/Havana",  # changes at midnight
    "America/St_Johns",
    "Asia/Kathmandu",  # 5:45 from Greenwich
    "Australia/Lord_Howe",  # changes by half an hour
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
)
# The days around changes of the clock in any of these zones, a year's end, a leap day, and a day like any other.
DAYS = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 9, 27),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2026, 12, 31),
    date(2028, 2, 28),
    date(2026, 6, 10),
)
WEEKDAYS = st.frozensets(st.integers(0, 6), max_size=7).map(lambda days: tuple(sorted(days)))
TIMES = st.sampled_from((0, 30, 60, 90, 119, 120, 121, 135, 150, 180, 540, 840, 1020, 1200, 1320, 1439)) | st.integers(
    0, 1439
)


def clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    day = draw(st.sampled_from(DAYS)) + timedelta(days=draw(st.integers(-2, 1)))
    wall = datetime.combine(
        day,
        clock(draw(TIMES)),
        ZoneInfo(zone),
    ).replace(fold=draw(st.integers(0, 1)))
    return wall.astimezone(UTC)


def holidays(draw: st.DrawFn, day: date) -> tuple[date, ...]:
    return tuple(sorted(day + timedelta(days=number) for number in draw(st.frozensets(st.integers(0, 9), max_size=3))))


def hours(draw: st.DrawFn) -> tuple[time, time]:
    """Of a day, of a night, or of a whole day and night."""
    return clock(draw(TIMES)), clock(draw(TIMES))


@st.composite
def calendars(draw: st.DrawFn, day: date) -> Calendar:
    """Hours by weekday and by date, over midnight as well."""
    opens, closes = hours(draw)
    return Calendar(
        draw(WEEKDAYS),
        opens,
        closes,
        holidays(draw, day),
        tuple(DayHours(draw(WEEKDAYS), *hours(draw)) for _ in range(draw(st.integers(0, 2)))),
        tuple(
            SpecialDay(at, *hours(draw), draw(st.none() | TIMES.map(clock)))
            for at in holidays(draw, day - timedelta(days=1))
        ),
    )


@st.composite
def nodes_with_hours(draw: st.DrawFn, zone: str, day: date) -> Node:
    rows = tuple(
        CutOff(clock(draw(TIMES)), draw(st.sampled_from(("", "standard", "express"))), draw(WEEKDAYS))
        for _ in range(draw(st.integers(0, 3)))
    )
    return replace(draw(nodes(zone, day)), calendar=draw(calendars(day)), cut_offs=rows)


@st.composite
def nodes(draw: st.DrawFn, zone: str, day: date) -> Node:
    opens, closes = sorted((draw(TIMES), draw(TIMES)))
    pickups = tuple(
        CarrierPickup(
            clock(draw(TIMES)),
            carrier=draw(st.sampled_from(("", "test", "other"))),
            service=draw(st.sampled_from(("", "standard", "express"))),
            weekdays=draw(WEEKDAYS),
        )
        for _ in range(draw(st.sampled_from((0, 0, 1, 3))))
    )
    return node(
        "N",
        time_zone=zone,
        calendar=Calendar(draw(WEEKDAYS), clock(opens), clock(closes + (opens == closes)), holidays(draw, day))
        if closes < 1439
        else Calendar(draw(WEEKDAYS), time(0), time(23, 59), holidays(draw, day)),
        cut_off=clock(draw(TIMES)),
        processing_hours=draw(st.sampled_from((0, 0, 1, 45, 60, 61, 480, 1500)) | st.integers(0, 300)) / 60,
        feed_minutes=draw(st.sampled_from((0, 0, 15, 90))),
        acceptance_minutes=draw(st.sampled_from((0, 0, 30, 600))),
        pickups=pickups,
    )


@st.composite
def cards(draw: st.DrawFn, day: date) -> RateCard:
    opens, closes = draw(st.sampled_from(((time(8), time(20)), (time(18), time(21, 30)), (time(0), time(23, 59)))))
    return flat_card(
        500,
        transit=draw(st.integers(0, 4)),
        weekdays=draw(WEEKDAYS),
        holidays=holidays(draw, day),
        delivery_weekdays=draw(st.just(()) | WEEKDAYS),
        window_opens=opens,
        window_closes=closes,
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Node, RateCard, datetime, str, datetime | None]:
    zone = draw(st.sampled_from(ZONES))
    now = draw(moments(zone))
    day = now.astimezone(ZoneInfo(zone)).date()
    there = draw(st.sampled_from(("", *ZONES)))
    wish = draw(st.none() | st.integers(0, 12 * 24 * 60).map(lambda minutes: now + timedelta(minutes=minutes)))
    of = draw(st.sampled_from((nodes, nodes_with_hours)))
    return draw(of(zone, day)), draw(cards(day)), now, there, wish


def minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from(DAYS), TIMES)
@example("America/New_York", date(2026, 3, 8), 150)
@example("Australia/Lord_Howe", date(2026, 10, 4), 135)
@example("America/Havana", date(2026, 3, 8), 0)
@example("America/New_York", date(2026, 11, 1), 90)
def test_a_local_time_is_the_first_moment_at_which_the_wall_shows_it_or_a_later_one(
    zone: str, day: date, at: int
) -> None:
    number = (day - date(1970, 1, 1)).days

    assert local_instant(zone, number, clock(at)) == slow_dates.first_minute(zone, day, clock(at)) * 60


@settings(max_examples=examples(50), deadline=None)
@given(questions())
def test_work_is_done_when_as_many_open_minutes_have_passed(
    question: tuple[Node, RateCard, datetime, str, datetime | None],
) -> None:
    place, _card, now, _there, _wish = question
    expected = slow_dates.done(place, minute(now))
    of_node = work_clock(place, "standard")

    begin = take_on(of_node, minute(now))
    found = None if begin is None else finish_work(of_node, begin, of_node.processing_minutes, has_cut_off=True)

    if expected is not None:
        assert found == expected
    else:
        assert found is None or found > minute(now) + slow_dates.MINUTES_MAX


@settings(max_examples=examples(60), deadline=None)
@given(questions(), *[st.frozensets(st.integers(0, 8), max_size=2)] * 3, st.booleans())
def test_a_shipment_has_the_dates_of_the_reference(
    question: tuple[Node, RateCard, datetime, str, datetime | None],
    off: frozenset[int],
    off_here: frozenset[int],
    off_there: frozenset[int],
    keeps_local: bool,
) -> None:
    place, card, now, there, wish = question
    closed, here, away = (
        frozenset(now.date() + timedelta(days=number) for number in days) for days in (off, off_here, off_there)
    )
    place = replace(place, address=Address("CA"))
    card = replace(card, public_holidays=("local",) if keeps_local else ())
    ready = slow_dates.done(place, minute(now))
    not_before = None if wish is None else wish.timestamp()
    expected = (
        None
        if ready is None
        else slow_dates.trip(place, card, ready, there, holidays=closed, local=(here, away), not_before=not_before)
    )
    lanes = LaneTable(holidays=(PlaceHolidays("US", tuple(sorted(closed))),))
    net = compile_network(
        (place,), (card,), lanes, lambda calendar: {"US": away, "CA": here}.get(calendar, frozenset())
    )

    asked = demand(line("A", not_before=wish), destination=replace(HERE, time_zone=there))
    found = plan(asked, supply(net, A={"N": 1}), net, Policy(), now)

    if expected is None:
        assert not found.shipments or found.shipments[0].ship_by > now + timedelta(days=14)
        return
    shipment = found.shipments[0]
    leaves, opens, closes = expected
    assert (minute(shipment.ship_by), minute(shipment.promised_at)) == (leaves, closes)
    there_at = ready if ready is not None and card.transit_days[0] == 0 else 0
    begins = max(opens * 60.0, now.timestamp(), not_before or 0.0, there_at * 60.0)
    assert shipment.promised_from.timestamp() == begins


@settings(max_examples=examples(40), deadline=None)
@given(st.data())
def test_what_is_remembered_of_other_minutes_changes_no_date(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    now = data.draw(moments(zone))
    day = now.astimezone(ZoneInfo(zone)).date()
    places = [
        replace(
            data.draw(data.draw(st.sampled_from((nodes, nodes_with_hours)))(data.draw(st.sampled_from(ZONES)), day)),
            node=NodeId(f"n{number}"),
        )
        for number in range(3)
    ]
    offered = [data.draw(cards(day)), replace(data.draw(cards(day)), service="express")]
    used = network(*places, cards=offered)
    method = data.draw(st.sampled_from((Method.SHIP, Method.DELIVERY)))
    there = replace(HERE, time_zone=data.draw(st.sampled_from(("", *ZONES))))
    for step in data.draw(st.lists(st.integers(-300, 3000), min_size=1, max_size=12)):
        at = minute(now) + step
        assert dates(used, method, there, at) == dates(network(*places, cards=offered), method, there, at)


def dates(net: Network, method: Method, there: Address, at: int) -> list[list[float]]:
    found = find_timetable(net, find_lanes(net, method, there, ""), at, ready_minutes=0)
    return [
        found.ship_by.tolist(),
        found.promised_from.tolist(),
        found.promised_at.tolist(),
        found.arrival_day.tolist(),
    ]
