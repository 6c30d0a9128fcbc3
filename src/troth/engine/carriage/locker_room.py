"""What is free in lockers. Every pickup takes a compartment of one size on each day from its first to its last, so that
on no day more are promised than there are.

That is enough to find every one a compartment of its own for all its days: intervals of which no more than so many
overlap at a time can be put on so many tracks. *Source:* T. H. Cormen et al., Introduction to Algorithms, 4th ed.,
exercise 15.1-4 (interval graph coloring).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import capacity_of
from troth.model.capacity import LYING, LockerStay, Slot
from troth.model.ids import NodeId
from troth.model.locker import Locker

_NOTHING: Final[Mapping[Slot, int]] = {}
_DAYS_SEARCHED_MAX: Final = 60


def locker_at(network: Network, node: NodeId | None) -> Locker | None:
    """The locker that a node is; None: it is none, or not known."""
    at = None if node is None else network.index.get(node)
    return None if at is None else network.nodes[at].locker


def load_minutes(network: Network, locker: NodeId | None) -> int:
    """How long the store of a locker takes to bring goods there, of its opening hours; 0: it is no locker."""
    found = locker_at(network, locker)
    return 0 if found is None else found.load_minutes


def slot_capacity(network: Network, slot: Slot) -> int:
    """What a slot can do at most: of a locker's day its compartments of a size, and of a compartment one."""
    locker = locker_at(network, slot.node)
    if locker is None:
        return capacity_of(network.limits, network.index.get(slot.node), slot)
    if slot.day == LYING:
        return 1
    return len(locker.sizes[slot.shift].numbers) if slot.shift < len(locker.sizes) else 0


def has_room(
    network: Network, slots: Collection[Slot], *, own: Collection[Slot] = (), taken: Mapping[Slot, int] = _NOTHING
) -> bool:
    """Whether each of these slots has one left, beside what is `taken`; those that are one's `own` already do."""
    used = network.load.used
    return all(slot in own or used.get(slot, 0) + taken.get(slot, 0) < slot_capacity(network, slot) for slot in slots)


def days_with_room(network: Network, stay: LockerStay, *, own: Collection[Slot] = ()) -> LockerStay | None:
    """The stay until the last day on which it has room without a gap; None: it has none on its first."""
    last: date | None = None
    for slot in replace(stay, number=0).slots:
        if not has_room(network, (slot,), own=own):
            break
        last = slot.day
    return None if last is None else replace(stay, last=last)


def first_with_room(network: Network, stay: LockerStay, sizes: Collection[int]) -> date | None:
    """The first day, from that of a stay on, from which a stay as long as it has room in one of these sizes."""
    for number in range(_DAYS_SEARCHED_MAX):
        later = timedelta(days=number)
        moved = replace(stay, first=stay.first + later, last=stay.last + later)
        if any(has_room(network, replace(moved, size=size).slots) for size in sizes):
            return moved.first
    return None
