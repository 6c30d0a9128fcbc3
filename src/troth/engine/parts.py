"""Choosing units among an order's parts, and dividing a part where only some of its units are meant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from troth.model.events import PartMove, PartSplit
from troth.model.ids import FulfillmentId, LineId, Sku
from troth.model.inventory import Source
from troth.model.kits import Kits
from troth.model.lifecycle import ALLOCATION, AllocationEvent
from troth.model.order import Allocation, Order
from troth.model.value import dataclass

NO_KITS: Final[Kits] = {}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Parts that hold exactly the units meant, the splits that made them, and what was not found (units by line)."""

    parts: tuple[Allocation, ...]
    splits: tuple[PartSplit, ...]
    missing: Mapping[LineId, int]


def all_through(parts: tuple[Allocation, ...], steps: tuple[AllocationEvent, ...]) -> tuple[PartMove, ...]:
    """The moves of all parts to the last step; empty where a part cannot get there, or there is none."""
    moves = [moves_through(part, steps) for part in parts]
    return tuple(move for of_part in moves for move in of_part) if all(moves) else ()


def next_allocation(order: Order) -> int:
    """The first number that no allocation of the order bears."""
    return max((part.allocation for part in order.allocations), default=0) + 1


def choose_units(
    parts: Iterable[Allocation],
    wanted: Mapping[LineId, int],
    *,
    first_number: int,
    new_source: Source | None = None,
    kits: Kits = NO_KITS,
) -> Chosen:
    """The parts, in the order given, that make up the wanted units.

    The last one of a line is split where it is too large. Of a line in `kits` whole kits are wanted: their components
    are taken from the same fulfillments, as far as these have whole ones.

    With `new_source` every chosen part is split, even a whole one, since the new part lies at another source.
    """
    parts = tuple(parts)
    missing = {line: quantity for line, quantity in wanted.items() if quantity > 0}
    quotas, missing_kits = _choose_kits(parts, missing, kits)
    chosen: list[Allocation] = []
    splits: list[PartSplit] = []
    number = first_number
    for part in parts:
        if part.line_id in kits:
            place = (part.line_id, part.sku, part.fulfillment_id)
            units = min(quotas.get(place, 0), part.quantity)
            if not units:
                continue
            quotas[place] -= units
        else:
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
    missing |= missing_kits
    return Chosen(tuple(chosen), tuple(splits), {line: units for line, units in missing.items() if units})


def _choose_kits(
    parts: Sequence[Allocation], wanted: Mapping[LineId, int], kits: Kits
) -> tuple[dict[tuple[LineId, Sku, FulfillmentId], int], dict[LineId, int]]:
    """How many units of each component to take at each fulfillment, and how many kits cannot be made up.

    Whole kits first, by the order in which the fulfillments come; what is then left of the wish is taken piece by
    piece, where there is any.
    """
    quotas: dict[tuple[LineId, Sku, FulfillmentId], int] = {}
    missing: dict[LineId, int] = {}
    for line_id, left in wanted.items():
        if line_id not in kits:
            continue
        held: dict[FulfillmentId, dict[Sku, int]] = {}
        for part in parts:
            if part.line_id == line_id:
                here = held.setdefault(part.fulfillment_id, {})
                here[part.sku] = here.get(part.sku, 0) + part.quantity
        for fulfillment, here in held.items():
            taken = min(left, *(here.get(sku, 0) // each for sku, each in kits[line_id]))
            left -= taken
            for sku, each in kits[line_id]:
                quotas[line_id, sku, fulfillment] = taken * each
        missing[line_id] = left
        for sku, each in kits[line_id]:
            rest = left * each
            for fulfillment, here in held.items():
                more = min(rest, here.get(sku, 0) - quotas[line_id, sku, fulfillment])
                quotas[line_id, sku, fulfillment] += more
                rest -= more
    return quotas, missing


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
