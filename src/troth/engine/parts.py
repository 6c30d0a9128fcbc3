"""Choosing units among an order's parts, and dividing a part where only some of its units are meant."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from troth.model.events import PartMove, PartSplit
from troth.model.ids import LineId
from troth.model.inventory import Source
from troth.model.lifecycle import ALLOCATION, AllocationEvent
from troth.model.order import Allocation, Order


@dataclass(frozen=True, slots=True)
class Chosen:
    """Parts that hold exactly the units meant, the splits that made them, and what was not found (units by line)."""

    parts: tuple[Allocation, ...]
    splits: tuple[PartSplit, ...]
    missing: Mapping[LineId, int]


def next_allocation(order: Order) -> int:
    """The first number that no allocation of the order bears."""
    return max((part.allocation for part in order.allocations), default=0) + 1


def choose_units(
    parts: Iterable[Allocation], wanted: Mapping[LineId, int], *, first_number: int, new_source: Source | None = None
) -> Chosen:
    """The parts, in the order given, that make up the wanted units.

    The last one of a line is split where it is too large.

    With `new_source` every chosen part is split, even a whole one, since the new part lies at another source.
    """
    missing = {line: quantity for line, quantity in wanted.items() if quantity > 0}
    chosen: list[Allocation] = []
    splits: list[PartSplit] = []
    number = first_number
    for part in parts:
        units = min(missing.get(part.line_id, 0), part.quantity)
        if not units:
            continue
        missing[part.line_id] -= units
        if units == part.quantity and new_source is None:
            chosen.append(part)
            continue
        taken = replace(part, allocation=number, quantity=units, source=new_source or part.source)
        rest = replace(part, allocation=number + 1, quantity=part.quantity - units)
        pieces = (taken, rest) if rest.quantity else (taken,)
        number += len(pieces)
        splits.append(PartSplit(part.allocation, pieces))
        chosen.append(taken)
    return Chosen(tuple(chosen), tuple(splits), {line: units for line, units in missing.items() if units})


def moves_through(part: Allocation, steps: Iterable[AllocationEvent]) -> tuple[PartMove, ...]:
    """The moves that take a part through the steps, without those that are behind it already.

    Empty where it cannot get there.

    >>> from troth.model.lifecycle import AllocationState
    >>> part = Allocation(1, LineId("1"), "A", "N", 1, AllocationState.PICKED, "F")
    >>> steps = (AllocationEvent.PICK, AllocationEvent.PACK, AllocationEvent.SHIP)
    >>> [str(move.event) for move in moves_through(part, steps)]
    ['pack', 'ship']
    """
    state, moves, last = part.state, [], None
    for step in steps:
        last = step
        if (state, step) in ALLOCATION:
            state = ALLOCATION[state, step]
            moves.append(PartMove(part.allocation, step))
    return tuple(moves) if moves and moves[-1].event is last else ()
