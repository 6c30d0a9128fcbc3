"""When goods leave and when they arrive: pickups, transit, delivery days, and the place where they go.

Days are days since 1970-01-01, each in the local time of where it matters.
"""

from datetime import date, time
from functools import lru_cache
from typing import Final, NamedTuple

from troth.engine.carriage.calendars import (
    DAYS_SEARCHED_MAX,
    DELIVERY_FROM,
    DELIVERY_UNTIL,
    WorkClock,
    closings_on,
    find_hours,
    finish_work,
    first_arrival_day,
    is_among,
    is_working_day,
    local_day,
    local_instant,
    minute_of,
    works_on,
)
from troth.model.network import LOCAL, CarrierPickup, RateCard
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class CarrierClock:
    """The days on which a carrier picks up and moves goods (`weekdays`) and those on which it delivers, and between
    which hours (local, at the place) it does. `keeps_local` says that it rests on public holidays of places.
    """

    weekdays: frozenset[int]
    holidays: frozenset[date]
    delivery_weekdays: frozenset[int]
    carrier: str = ""
    service: str = ""
    opens: time = DELIVERY_FROM
    closes: time = DELIVERY_UNTIL
    keeps_local: bool = True


@dataclass(frozen=True, slots=True)
class Desk:
    """Where what has arrived is made ready before a customer gets it: by the node's clock, in so many minutes of its
    hours.
    """

    clock: WorkClock
    work_minutes: int


@dataclass(frozen=True, slots=True, eq=False)
class Destination:
    """What dates depend on at the place where goods go: its time zone (empty: the node's), days without delivery,
    `local_holidays`, on which carriers that keep the holidays of places rest, and the `desk` at which they are handed
    over (None: the carrier does that).

    It is compared by identity, because it is a key of every look-up.
    """

    time_zone: str = ""
    holidays: frozenset[date] = frozenset()
    local_holidays: frozenset[date] = frozenset()
    desk: Desk | None = None


ANYWHERE: Final = Destination()
"""A place of which nothing is known."""


class Departure(NamedTuple):
    """When goods leave: the day, and the instant (POSIX) by which they must be ready."""

    day: int
    leaves: float


class Trip(NamedTuple):
    """From door to door: out on a day by `ship_by`, delivered on `arrival_day` from `opens` until `closes` (POSIX).

    Both are when it is ready, where it is handed over at a desk.
    """

    ship_by: float
    opens: float
    closes: float
    arrival_day: int


def carrier_clock(card: RateCard) -> CarrierClock:
    """The clock of a card's carrier."""
    return CarrierClock(
        weekdays=frozenset(card.weekdays),
        holidays=frozenset(card.holidays),
        delivery_weekdays=frozenset(card.delivery_weekdays or card.weekdays),
        carrier=card.carrier,
        service=card.service,
        opens=_whole_minute(card.window_opens),
        closes=_whole_minute(card.window_closes),
        keeps_local=LOCAL in card.public_holidays,
    )


def find_trip(
    clock: WorkClock,
    carrier: CarrierClock,
    done: int,
    transit: int,
    destination: Destination = ANYWHERE,
    *,
    not_before: float | None = None,
    day_min: int | None = None,
) -> Trip | None:
    """The first trip for work that is done at a minute which does not arrive before an instant; None where none does.

    It leaves on no day before `day_min`.
    """
    zone = destination.time_zone or clock.time_zone
    done_day = local_day(clock.time_zone, done)
    wanted = None if not_before is None else first_arrival_day(zone, not_before, carrier.closes)
    earliest = done_day if day_min is None else max(done_day, day_min)
    if wanted is not None:
        earliest = max(earliest, wanted - _slack_days(transit))
    for _ in range(_slack_days(transit) + 31):
        departure = find_departure(clock, carrier, done, earliest)
        if departure is None:
            return None
        # What is delivered on the day itself need not wait for closing time.
        ready = done * 60.0 if transit == 0 else departure.leaves
        arrival = find_arrival_day(carrier, departure.day, transit, destination, zone=zone, ready=ready)
        if arrival is None:
            return None
        if wanted is None or arrival >= wanted:
            opens = local_instant(zone, arrival, carrier.opens)
            closes = local_instant(zone, arrival, carrier.closes)
            if transit > 0:  # around the world a window can open before the goods have left
                opens = max(opens, departure.leaves)
            trip = Trip(
                ship_by=min(departure.leaves, closes),
                opens=opens if not_before is None else max(opens, not_before),
                closes=closes,
                arrival_day=arrival,
            )
            return trip if destination.desk is None else _make_ready(trip, destination.desk)
        earliest = departure.day + 1
    return None


def _make_ready(trip: Trip, desk: Desk) -> Trip | None:
    """The trip until what it brings, by the end of its window, is ready at the desk; None where that is never."""
    ready = finish_work(desk.clock, -minute_of(-trip.closes), desk.work_minutes, has_cut_off=False)
    if ready is None:
        return None
    at = ready * 60.0
    return Trip(trip.ship_by, at, at, local_day(desk.clock.time_zone, ready))


def find_departure(clock: WorkClock, carrier: CarrierClock, done: int, earliest: int) -> Departure | None:
    """The first time, on a day from `earliest` on, at which the carrier comes for work that is done at a minute.

    That is a working day of both. A node that names no pickup of the carrier has one every day at closing time.
    """
    for day in range(earliest, earliest + DAYS_SEARCHED_MAX):
        if moves_on(carrier, clock.local_holidays, day):
            for leaves in pickups_on(clock, carrier, day):
                if leaves >= done * 60:
                    return Departure(day, leaves)
    return None


def pickups_on(clock: WorkClock, carrier: CarrierClock, day: int) -> tuple[float, ...]:
    """When a carrier comes to a node on a day on which it works (days since 1970), as POSIX instants: as the node says,
    or whenever it closes. In the hours after midnight a node is still there that opened the day before.
    """
    pickups = last_pickups(clock.pickups, carrier.carrier, carrier.service)
    if pickups is None:
        return closings_on(clock, day)
    at = pickups[(day + 3) % 7]
    if at is None:
        return ()
    leaves = local_instant(clock.time_zone, day, at)
    if works_on(clock, day):
        return (leaves,)
    night = find_hours(clock, day - 1) if clock.is_nightly else None
    return (leaves,) if night is not None and leaves <= night[1] * 60 else ()


def find_arrival_day(
    carrier: CarrierClock,
    ship_day: int,
    transit: int,
    destination: Destination = ANYWHERE,
    *,
    zone: str = "UTC",
    ready: float | None = None,
) -> int | None:
    """The day of delivery after so many days of transit.

    All days of transit but the last are days on which the carrier moves goods there; then it is the first day on which
    it delivers there. Delivery hours of `zone` that have ended at `ready` (POSIX) are too early.
    """
    day = ship_day
    left = transit - 1
    searched = 0
    while left > 0:
        day += 1
        searched += 1
        left -= moves_on(carrier, destination.local_holidays, day)
        if searched > 2 * DAYS_SEARCHED_MAX:
            return None
    first = day + 1 if transit > 0 else day
    for at in range(first, first + DAYS_SEARCHED_MAX):
        if (
            is_working_day(carrier.delivery_weekdays, carrier.holidays, at)
            and not (carrier.keeps_local and is_among(destination.local_holidays, at))
            and is_working_day(carrier.delivery_weekdays, destination.holidays, at)
            and (ready is None or local_instant(zone, at, carrier.closes) > ready)
        ):
            return at
    return None


def moves_on(carrier: CarrierClock, local_holidays: frozenset[date], day: int) -> bool:
    """Whether a carrier moves goods on a day (days since 1970) at a place with these public holidays."""
    return is_working_day(carrier.weekdays, carrier.holidays, day) and not (
        carrier.keeps_local and is_among(local_holidays, day)
    )


@lru_cache(maxsize=16_384)
def last_pickups(pickups: tuple[CarrierPickup, ...], carrier: str, service: str) -> tuple[time | None, ...] | None:
    """When a carrier last comes for a service, by weekday; None where the node names no pickup that fits.

    Rows that name carrier and service count before those of the service, the carrier, and all.
    """
    fitting = [row for row in pickups if row.carrier in ("", carrier) and row.service in ("", service)]
    if not fitting:
        return None
    closest = max((row.service != "", row.carrier != "") for row in fitting)
    by_day: list[time | None] = [None] * 7
    for row in fitting:
        if (row.service != "", row.carrier != "") == closest:
            for weekday in row.weekdays:
                at = _whole_minute(row.at)
                earlier = by_day[weekday]
                by_day[weekday] = at if earlier is None else max(at, earlier)
    return tuple(by_day)


def _whole_minute(at: time) -> time:
    return at.replace(second=0, microsecond=0, tzinfo=None)


def _slack_days(transit: int) -> int:
    """So many calendar days before the wanted arrival the search for the day out begins: transit over weekends and
    holidays.
    """
    return 3 * transit + 14
