"""What limited nodes can do in each slot of a working day, and how much of it is promised already."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import WorkClock, day_date, find_hours, is_night, minute_within
from troth.model.capacity import CapacityUnit, Shift, Slot
from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.ids import LineId, NodeId
from troth.model.lifecycle import FREED, STAYING
from troth.model.measure import scale_of
from troth.model.network import Node
from troth.model.order import Allocation, Order
from troth.model.value import dataclass
from troth.model.ways import stay_of
from troth.model.work_times import WorkRates

TIGHT_MAX: Final = 100_000
UNLIMITED: Final = 2**62
"""More than any node can do."""


@dataclass(frozen=True, slots=True)
class DayLimit:
    """What can be done in each shift of one working day; the first shift begins with the day."""

    begins: tuple[time, ...]
    capacity: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a node can do on a working day, in its unit: as said of the date, else of the weekday (Monday is 0)."""

    node: NodeId
    unit: CapacityUnit
    by_weekday: tuple[DayLimit, ...]
    by_date: Mapping[date, DayLimit]
    has_shifts: bool
    least: int

    def of_day(self, day: date) -> DayLimit:
        """What it can do on a day, in each shift."""
        return self.by_date.get(day) or self.by_weekday[day.weekday()]

    def of_slot(self, slot: Slot) -> int:
        """What it can do in a slot; without end in one that there is not (any more)."""
        capacity = self.of_day(slot.day).capacity
        return capacity[slot.shift] if slot.shift < len(capacity) else UNLIMITED


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """The limits of a network's nodes (N), by position; `least` is a node's smallest slot (infinite without limit)."""

    of: Mapping[int, Limit]
    least: NDArray[np.float64]
    counts_units: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SlotTimes:
    """One slot of a node, with the minutes in which it begins and ends."""

    slot: Slot
    begins: int
    ends: int
    capacity: int


class NodeLoad:
    """What is promised of each slot, how much work waits at each node before a pickup (minutes), in how many minutes a
    pickup is ready there with all that waits, where that was measured (`ready_minutes`), as of when (POSIX)
    each node's newest stock feed is (`fed_at`, N; not a number where that is not known; None: of none it is), and how
    well each does its work (`rates`, in the order of `WorkRates` x N; likewise).

    It belongs to whoever commits promises, who moves it with them; the engine only reads it. `used_max` (N) is at least
    what is used in any slot of a node. `placed` remembers where work was placed, as long as nothing moves at its node.
    """

    __slots__ = (
        "_of_node",
        "_positions",
        "_since",
        "_tight",
        "fed_at",
        "placed",
        "queue_minutes",
        "rates",
        "ready_minutes",
        "used",
        "used_max",
        "versions",
    )

    def __init__(
        self,
        positions: Mapping[NodeId, int],
        queue_minutes: Mapping[NodeId, int] | None = None,
        ready_minutes: Mapping[NodeId, int] | None = None,
    ) -> None:
        self._positions = positions
        self._since = date.min
        self.used: dict[Slot, int] = {}
        self.used_max = np.zeros(len(positions))
        self.versions = [0] * len(positions)
        self._of_node: dict[int, dict[Slot, int]] = {}
        self._tight: dict[tuple[int, int], tuple[int, tuple[tuple[Slot, int], ...]]] = {}
        self.placed: dict[tuple[int, int, int, int], tuple[int, int]] = {}
        self.queue_minutes = dict(queue_minutes or {})
        self.ready_minutes = dict(ready_minutes or {})
        self.fed_at: NDArray[np.float64] | None = None
        self.rates: NDArray[np.float64] | None = None

    def feed(self, fed_at: Mapping[NodeId, float]) -> None:
        """Say as of when (POSIX) the newest stock feed of nodes is; of others it is not known. What was said before is
        left as it is to whoever looks at it.
        """
        times = np.full(len(self._positions), np.nan)
        for node, at in fed_at.items():
            if node in self._positions:
                times[self._positions[node]] = at
        self.fed_at = times if fed_at else None

    def rate(self, rates: Mapping[NodeId, WorkRates]) -> None:
        """Say how well nodes do their work; of others it is not known. What was said before is left as it is."""
        found = np.full((len(WorkRates._fields), len(self._positions)), np.nan)
        for node, one in rates.items():
            if node in self._positions:
                found[:, self._positions[node]] = one
        self.rates = found if rates else None

    def move(self, moves: Iterable[tuple[Slot, int]]) -> None:
        """Add to what slots have promised, or take from it."""
        for slot, amount in moves:
            self.put(slot, self.used.get(slot, 0) + amount)

    def put(self, slot: Slot, used: int) -> None:
        """Say what a slot has promised."""
        self.used[slot] = used
        position = self._positions.get(slot.node)
        if position is not None:
            self.used_max[position] = max(self.used_max[position], used)
            self.versions[position] += 1
            self._of_node.setdefault(position, {})[slot] = used

    def without(self, days: Iterable[tuple[Slot, int]]) -> "NodeLoad":
        """A load of its own in which some promises are not made; what is promised beside them is as it is here."""
        freed = NodeLoad(self._positions, self.queue_minutes, self.ready_minutes)
        freed.fed_at, freed.rates = self.fed_at, self.rates
        freed.used, freed.used_max = self.used.copy(), self.used_max.copy()
        freed._of_node = {position: slots.copy() for position, slots in self._of_node.items()}
        for slot, amount in days:
            freed.put(slot, max(0, freed.used.get(slot, 0) - amount))
        return freed

    def tight_slots(self, position: int, limit: "Limit", amount: int) -> tuple[tuple[Slot, int], ...]:
        """The slots of a node that have promised too much to have room for an amount, with what they have promised."""
        version = self.versions[position]
        known = self._tight.get((position, amount))
        if known is not None and known[0] == version:
            return known[1]
        found = tuple(
            (slot, used)
            for slot, used in sorted(self._of_node.get(position, {}).items())
            if used > 0 and limit.of_slot(slot) - used < amount
        )
        if len(self._tight) >= TIGHT_MAX:
            self._tight.clear()
        self._tight[position, amount] = (version, found)
        return found

    def of_node(self, position: int) -> tuple[tuple[Slot, int], ...]:
        """The slots of a node of which something is promised, with how much, by slot."""
        return tuple((slot, used) for slot, used in sorted(self._of_node.get(position, {}).items()) if used > 0)

    def forget_before(self, day: date) -> None:
        """Forget the slots of earlier days, once a day."""
        if day <= self._since:
            return
        self._since = day
        kept = {slot: used for slot, used in self.used.items() if slot.day >= day and used > 0}
        self.used.clear()
        self.placed.clear()
        self._of_node.clear()
        self._tight.clear()
        self.used_max[:] = 0.0
        for slot, used in kept.items():
            self.put(slot, used)


def limit_of(node: Node) -> Limit | None:
    """The limit of a node: that of its shifts, or else of its day, and those of the days that have others; None where
    it has none.
    """
    if not node.shifts and node.capacity_per_day is None and not node.capacity_days:
        return None
    by_weekday = [_day_limit(node, node.shifts, node.capacity_per_day)] * 7
    by_date: dict[date, DayLimit] = {}
    for row in node.capacity_days:
        limit = _day_limit(node, row.shifts, row.capacity)
        for weekday in row.weekdays:
            by_weekday[weekday] = limit
        by_date.update(dict.fromkeys(row.dates, limit))
    days = (*by_weekday, *by_date.values())
    return Limit(
        node.node,
        node.capacity_unit,
        tuple(by_weekday),
        by_date,
        has_shifts=any(len(day.capacity) > 1 for day in days),
        least=min(min(day.capacity) for day in days),
    )


def _day_limit(node: Node, shifts: Sequence[Shift], capacity: int | None) -> DayLimit:
    if not shifts:
        return DayLimit((time(0),), (UNLIMITED if capacity is None else max(0, capacity),))
    hours = (node.calendar.opens, node.calendar.closes)
    ordered = sorted(shifts, key=lambda shift: turn_of(shift.begins, hours))
    return DayLimit(
        tuple(shift.begins.replace(second=0, microsecond=0, tzinfo=None) for shift in ordered),
        tuple(max(0, shift.capacity) for shift in ordered),
    )


def turn_of(begins: time, hours: tuple[time, time]) -> tuple[bool, time]:
    """What shifts are put in order by: where the hours close on the next day, those after midnight come last.

    >>> [at.hour for at in sorted((time(2), time(22)), key=lambda at: turn_of(at, (time(22), time(6))))]
    [22, 2]
    """
    return is_night(*hours) and begins <= hours[1], begins


def compile_limits(nodes: Iterable[Node]) -> Limits | None:
    """The limits of nodes; None where no node has one."""
    found = [limit_of(node) for node in nodes]
    if not any(found):
        return None
    return Limits(
        of={position: limit for position, limit in enumerate(found) if limit is not None},
        least=np.array([np.inf if limit is None else limit.least for limit in found], dtype=np.float64),
        counts_units=np.array(
            [limit is not None and limit.unit is CapacityUnit.UNITS for limit in found], dtype=np.bool_
        ),
    )


def slots_of_day(clock: WorkClock, limit: Limit, day: int) -> list[SlotTimes]:
    """The slots of a node on a day (days since 1970), in their order; none where it does not work."""
    hours = find_hours(clock, day)
    if hours is None:
        return []
    begins, closes = hours
    at = day_date(day)
    of_day = limit.of_day(at)
    found = []
    for shift, capacity in enumerate(of_day.capacity):
        is_last = shift + 1 == len(of_day.capacity)
        ends = closes if is_last else min(closes, minute_within(clock, day, of_day.begins[shift + 1]))
        if ends > begins:
            found.append(SlotTimes(Slot(limit.node, at, shift), begins, ends, capacity))
        begins = max(begins, ends)
    return found


def capacity_of(limits: Limits | None, position: int | None, slot: Slot) -> int:
    """What a slot can do at most; without end where its node has no limit (any more)."""
    limit = None if limits is None or position is None else limits.of.get(position)
    return UNLIMITED if limit is None else limit.of_slot(slot)


def used_by(order: Order) -> dict[Slot, int]:
    """What an order takes of each slot: each fulfillment as much as its live parts need, of its first slots first; and
    of a locker its compartment, until it is collected or put back.
    """
    used: dict[Slot, int] = {}
    for work in order.fulfillments:
        if work.booking is None:
            continue
        parts = [
            part for part in order.allocations if part.fulfillment_id == work.fulfillment_id and part.state not in FREED
        ]
        left = (
            _pieces(order, parts) if work.booking.unit is CapacityUnit.UNITS else len({part.line_id for part in parts})
        )
        for slot, amount in work.booking.work:
            taken = min(left, amount)
            left -= taken
            if taken:
                used[slot] = used.get(slot, 0) + taken
        stay = stay_of(order, work)
        if stay is not None and any(part.state in STAYING for part in parts):
            for slot in stay.slots:
                used[slot] = used.get(slot, 0) + 1
    return used


def _pieces(order: Order, parts: Sequence[Allocation]) -> int:
    """How many pieces of work some parts are: of what is sold by measure each begun one of a line."""
    scales = {line.line_id: scale_of(line.decimals) for line in order.lines}
    units: dict[LineId, int] = {}
    for part in parts:
        units[part.line_id] = units.get(part.line_id, 0) + part.quantity
    return sum(-(-count // scales.get(line_id, 1)) for line_id, count in units.items())


def load_moves(before: Order | None, after: Order) -> tuple[tuple[Slot, int], ...]:
    """By how much each slot's promises change between two states of an order, sorted by slot."""
    if all(work.booking is None for work in after.fulfillments):
        return ()
    return _moves({} if before is None else used_by(before), used_by(after))


def cart_moves(before: CartHold | None, after: CartHold) -> tuple[tuple[Slot, int], ...]:
    """By how much each slot's promises change between two states of a cart's hold, sorted by slot."""
    return _moves({} if before is None else _kept_by(before), _kept_by(after))


def _kept_by(hold: CartHold) -> dict[Slot, int]:
    return dict(hold.days) if hold.state is CartHoldState.HELD else {}


def _moves(old: Mapping[Slot, int], new: Mapping[Slot, int]) -> tuple[tuple[Slot, int], ...]:
    moves = ((slot, new.get(slot, 0) - old.get(slot, 0)) for slot in sorted(old.keys() | new.keys()))
    return tuple((slot, amount) for slot, amount in moves if amount)
