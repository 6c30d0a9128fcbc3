"""The dates of all lanes for a start of work.

Dates only change when the day, or the carrier's pickup, changes for which some node's work is done: until then they are
remembered, for each time zone of destinations. An order then gathers them with one index per node. The last lane of a
timetable is the one that does not exist.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import (
    WorkClock,
    finish_work,
    first_arrival_day,
    local_day,
    local_instant,
    minute_of,
    take_on,
)
from troth.engine.carriage.carriers import find_trip, pickups_on
from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import NEVER, Lanes
from troth.model.value import dataclass

_LOOK_AHEAD_MINUTES: Final = 32
_STAGES: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """The dates of all lanes (last entry: no such lane) for work that can begin at one minute: days since 1970, POSIX
    seconds. Complete means that every lane has dates.
    """

    ship_by: NDArray[np.float64]
    promised_from: NDArray[np.float64]
    promised_at: NDArray[np.float64]
    arrival_day: NDArray[np.float64]
    is_complete: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """For each clock a minute in which its work is done (None: never), and a code that is equal where dates are."""

    done: tuple[int | None, ...]
    codes: tuple[int, ...]

    def day(self, clock: int) -> int | None:
        """The local day (days since 1970) on which a clock's work is done."""
        code = self.codes[clock]
        return None if code < 0 else code // _STAGES


def find_timetable(
    network: Network,
    lanes: Lanes,
    minute: int,
    *,
    ready_minutes: int,
    queue_minutes: int = 0,
    not_before: float | None = None,
) -> Timetable:
    """The dates of all lanes for work that can begin at `minute`, arriving not before an instant (POSIX).

    `ready_minutes` is the least work that a pickup takes, and `queue_minutes` the work that is waiting before it; they
    have no meaning for other methods.
    """
    if lanes.pickup >= 0:
        return _find_pickup_dates(
            network, lanes, minute, max(0, ready_minutes), queue_minutes=queue_minutes, not_before=not_before
        )
    standing = find_standing(network, lanes, minute)
    key = (standing, lanes.destination, not_before)
    found = network.memory.tables["timetables"].get(key)
    if isinstance(found, Timetable):
        return found
    rows = [
        _find_dates(network, lanes, position, done, code, not_before)
        for position, (done, code) in enumerate(zip(standing.done, standing.codes, strict=True))
    ]
    rows.append(np.full((4, 1), NEVER))
    dates = np.concatenate(rows, axis=1)
    timetable = Timetable(dates[0], dates[1], dates[2], dates[3], is_complete=bool((dates[3, :-1] < NEVER).all()))
    network.memory.keep("timetables", key, timetable)
    return timetable


def find_wanted_days(network: Network, lanes: Lanes, not_before: float) -> NDArray[np.float64]:
    """The first day (services, N) on which each service of each node may deliver what is not wanted before an instant
    (POSIX); remembered, because an order's lines and blocks ask for few instants again and again.
    """
    key = (lanes.method, lanes.services, lanes.destination, not_before)
    found = network.memory.tables["wanted"].get(key)
    if isinstance(found, np.ndarray):
        return found
    carriers = network.offer(lanes.method).carriers
    closings = [carriers[position].closes for position in lanes.services]
    wanted = np.empty((len(closings), len(network.nodes)))
    zone = lanes.destination.time_zone
    for row, closes in enumerate(closings):
        if zone:
            wanted[row] = first_arrival_day(zone, not_before, closes)
        else:
            days = np.array([first_arrival_day(clock.time_zone, not_before, closes) for clock in network.clocks])
            wanted[row] = days[network.clock_index]
    network.memory.keep("wanted", key, wanted)
    return wanted


def dates_of_work(
    network: Network, lanes: Lanes, position: int, done: int | None, not_before: float | None
) -> NDArray[np.float64]:
    """The dates (4, cards * days of transit) of a clock's lanes for work that is done at a minute (None: never)."""
    code = -1 if done is None else _code_of_work(network, lanes, network.clocks[position], done)
    return _find_dates(network, lanes, position, done, code, not_before)


def compute_dates(
    network: Network, lanes: Lanes, clock: WorkClock, done: int, not_before: float | None, *, day_min: int | None = None
) -> NDArray[np.float64]:
    """The dates (4, cards * days of transit) of one clock's lanes for work that is done at a minute: days since 1970
    and POSIX seconds, as in a timetable.
    """
    offer, spans = network.offer(lanes.method), network.spans(lanes.method)
    dates = np.full((4, len(offer.cards), spans.width), NEVER)
    for position, (carrier, days) in enumerate(zip(offer.carriers, spans.days, strict=True)):
        for place, transit in enumerate(days):
            trip = find_trip(clock, carrier, done, transit, lanes.destination, not_before=not_before, day_min=day_min)
            if trip is not None:
                dates[:, position, place:] = np.array(trip)[:, np.newaxis]
    flat: NDArray[np.float64] = dates.reshape(4, -1)
    return flat


def find_standing(network: Network, lanes: Lanes, minute: int) -> Standing:
    """Where each clock stands at a minute; the same value for all minutes that have the same dates."""
    # Only what is delivered on the day itself can be too late for the destination's delivery hours.
    place = lanes.destination if network.spans(lanes.method).has_same_day else None
    kind = (lanes.method, place)
    found = network.memory.tables["standings"].get((kind, minute))
    if isinstance(found, Standing):
        return found
    lasting = network.memory.tables["lasting"].get(kind)
    if not isinstance(lasting, list):
        never: tuple[int, int, int, int | None] = (0, -1, 0, None)
        lasting = [never] * len(network.clocks)
        network.memory.keep("lasting", kind, lasting)
    for position, (first, last, _code, _done) in enumerate(lasting):
        if not first <= minute <= last:
            lasting[position] = _stand(network, lanes, position, minute)
    codes = tuple([entry[2] for entry in lasting])
    standing = network.memory.tables["standings"].get((kind, codes))
    if not isinstance(standing, Standing):
        standing = Standing(tuple([entry[3] for entry in lasting]), codes)
        network.memory.keep("standings", (kind, codes), standing)
    network.memory.keep("standings", (kind, minute), standing)
    return standing


def _stand(network: Network, lanes: Lanes, position: int, minute: int) -> tuple[int, int, int, int | None]:
    """The first and the last minute known to have the same dates, their code, and when work of the first is done.

    Later orders are never done sooner; so if a later minute has the same code, all between have it. How far it looks
    differs by clock, so that not all are due again in the same minute.
    """
    code, done = _code(network, lanes, position, minute)
    later = minute + _LOOK_AHEAD_MINUTES + position % _LOOK_AHEAD_MINUTES
    return minute, later if _code(network, lanes, position, later)[0] == code else minute, code, done


def _code(network: Network, lanes: Lanes, position: int, minute: int) -> tuple[int, int | None]:
    clock = network.clocks[position]
    begin = take_on(clock, minute)
    done = None if begin is None else finish_work(clock, begin, clock.processing_minutes, has_cut_off=True)
    return -1 if done is None else _code_of_work(network, lanes, clock, done), done


def _code_of_work(network: Network, lanes: Lanes, clock: WorkClock, done: int) -> int:
    """What tells dates apart: the day on which the work is done, and how many pickups and hours it misses on it."""
    day = local_day(clock.time_zone, done)
    missed = 0
    if clock.pickups or clock.is_nightly:
        carriers = network.offer(lanes.method).carriers
        missed += len({at for carrier in carriers for at in pickups_on(clock, carrier, day) if at < done * 60})
    if network.spans(lanes.method).has_same_day:
        zone = lanes.destination.time_zone or clock.time_zone
        for closes in {carrier.closes for carrier in network.offer(lanes.method).carriers}:
            missed += sum(local_instant(zone, at, closes) <= done * 60 for at in (day, day + 1))
    return day * _STAGES + min(missed, _STAGES - 1)


def _find_dates(
    network: Network, lanes: Lanes, position: int, done: int | None, code: int, not_before: float | None
) -> NDArray[np.float64]:
    key = (lanes.method, position, code, lanes.destination, not_before)
    found = network.memory.tables["dates"].get(key)
    if isinstance(found, np.ndarray):
        return found
    width = len(network.offer(lanes.method).cards) * network.spans(lanes.method).width
    if done is None:
        dates = np.full((4, width), NEVER)
    else:
        dates = compute_dates(network, lanes, network.clocks[position], done, not_before)
    network.memory.keep("dates", key, dates)
    return dates


def _find_pickup_dates(
    network: Network, lanes: Lanes, minute: int, ready_minutes: int, *, queue_minutes: int, not_before: float | None
) -> Timetable:
    """The dates of the one lane of a pickup (and of the one that does not exist): all three instants are when the goods
    are ready.
    """
    position = network.clock_index.item(lanes.pickup)
    clock = network.clocks[position]
    work = max(clock.processing_minutes, ready_minutes) + max(0, queue_minutes)
    measured = network.load.ready_minutes.get(network.nodes[lanes.pickup].node)
    work = work if measured is None else measured
    key = (position, minute, work, not_before)
    found = network.memory.tables["pickups"].get(key)
    if isinstance(found, Timetable):
        return found
    begin = take_on(clock, minute)
    ready = None if begin is None else finish_work(clock, begin, work, has_cut_off=False)
    timetable = pickup_dates(clock, ready, not_before)
    network.memory.keep("pickups", key, timetable)
    return timetable


def pickup_dates(clock: WorkClock, ready: int | None, not_before: float | None) -> Timetable:
    """The timetable of a pickup that is ready at a minute; what is not wanted yet is handed over when it is, or at the
    next opening.
    """
    if ready is not None and not_before is not None and ready * 60 < not_before:
        ready = finish_work(clock, -minute_of(-not_before), 0, has_cut_off=False)
    dates = np.full((4, 2), NEVER)
    if ready is not None:
        dates[:3, 0] = ready * 60.0
        dates[3, 0] = local_day(clock.time_zone, ready)
    return Timetable(dates[0], dates[1], dates[2], dates[3], is_complete=ready is not None)
