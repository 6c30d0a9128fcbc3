"""Pickups in lockers: into which compartment goods are laid, for how long it is theirs, and that it was opened."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from troth.engine.carriage.locker_room import days_with_room, has_room, locker_at
from troth.engine.demand.lockers import local_date
from troth.engine.promising.context import Facts
from troth.model.capacity import LYING, LockerStay, Slot
from troth.model.locker import Locker
from troth.model.order import Fulfillment, Order
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.model.ways import counter_of, stay_of

_NO_NUMBER = "must be the number of a compartment of {}: {}"


def find_compartment(
    staging: str, order: Order, work: Fulfillment, at: datetime, facts: Facts
) -> LockerStay | Invalid | None:
    """What goods take of a locker once they lie in the compartment that is named, from then on and as long as they are
    kept; or why they are not to be laid there. None: they are handed over at a counter.
    """
    promised = stay_of(order, work)
    if promised is None:
        return None
    locker = locker_at(facts.network, promised.locker)
    number = int(staging) if staging.isascii() and staging.isdigit() and len(staging) < 6 else 0
    size = None if locker is None else locker.size_of(number)
    if locker is None or size is None:
        return _flaw(_NO_NUMBER.format(promised.locker, "none" if locker is None else tell_numbers(locker)))
    if not has_room(facts.network, (Slot(promised.locker, LYING, number),), own=promised.slots):
        return _flaw(f"compartment {number} is not empty")
    first = local_date(facts.network, promised.locker, at)
    last = local_date(facts.network, promised.locker, at + timedelta(hours=locker.keep_hours))
    stay = days_with_room(facts.network, LockerStay(promised.locker, size, first, last, number), own=promised.slots)
    if stay is None:
        return _flaw(f"every compartment of size {locker.sizes[size].name} is promised to others on {first}")
    return stay


def tell_numbers(locker: Locker) -> str:
    """The compartments of a locker, by size.

    >>> from troth.model.ids import NodeId
    >>> from troth.model.locker import CompartmentSize
    >>> tell_numbers(Locker(NodeId("ST-1"), (CompartmentSize("S", (1, 1, 1), 1, (1, 2, 3, 5)),)))
    'S 1-3, 5'
    """
    told = []
    for size in locker.sizes:
        runs: list[list[int]] = []
        for number in sorted(size.numbers):
            if runs and runs[-1][1] == number - 1:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        told.append(f"{size.name} " + ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in runs))
    return "; ".join(told)


def within_stay(stay: LockerStay, until: datetime, facts: Facts) -> datetime:
    """An instant until which goods are kept, no later than the end of the last day on which the compartment is
    theirs.
    """
    zone = ZoneInfo(facts.network.nodes[facts.network.index[stay.locker]].time_zone)
    return min(until, datetime.combine(stay.last, time(23, 59), zone))


def longer_stay(order: Order, work: Fulfillment, until: datetime, facts: Facts) -> LockerStay | NotPossibleNow | None:
    """What goods take of a locker when they are kept until an instant, or that it is promised to others by then; None:
    they lie in none.
    """
    stay = stay_of(order, work)
    if stay is None:
        return None
    longer = replace(stay, last=max(stay.last, local_date(facts.network, stay.locker, until)))
    if has_room(facts.network, longer.slots, own=stay.slots):
        return longer
    return NotPossibleNow("extend", f"its compartment of {counter_of(work)} is promised to others by {longer.last}")


def _flaw(detail: str) -> Invalid:
    return Invalid((FieldFlaw("/staging", detail),))
