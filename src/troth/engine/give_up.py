"""Units of an order that give up their supply, and what has to go with them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from troth.engine.evolve import evolve
from troth.engine.parts import next_allocation
from troth.model.commands import LineQuantity
from troth.model.events import PartMove, PartsChange, PartSplit, SupplyGivenUp
from troth.model.ids import LineId
from troth.model.inventory import SupplyKey
from troth.model.kits import kits_of
from troth.model.lifecycle import UNLOCKED, AllocationEvent
from troth.model.order import Order
from troth.model.status import live_allocations, uncovered_quantities


def give_up(
    order: Order, units: Mapping[int, int], reason: str, at: datetime, *, is_parked: bool = False
) -> tuple[SupplyGivenUp, dict[SupplyKey, int]]:
    """The event by which units (by the number of their allocation) give up their supply, and what that frees."""
    splits, moves, number = [], [], next_allocation(order)
    freed: dict[SupplyKey, int] = {}
    for part in order.allocations:
        given = units.get(part.allocation, 0)
        if not given:
            continue
        freed[part.key] = freed.get(part.key, 0) + given
        if given == part.quantity:
            moves.append(PartMove(part.allocation, AllocationEvent.REPLACE))
            continue
        pieces = (
            replace(part, allocation=number, quantity=given),
            replace(part, allocation=number + 1, quantity=part.quantity - given),
        )
        splits.append(PartSplit(part.allocation, pieces))
        moves.append(PartMove(number, AllocationEvent.REPLACE))
        number += 2
    event = SupplyGivenUp((), reason, at, PartsChange(splits=tuple(splits), moves=tuple(moves)), is_parked)
    before, after = uncovered_quantities(order), uncovered_quantities(evolve(order, event))
    lines = tuple(
        LineQuantity(line_id, count - before.get(line_id, 0), reason)
        for line_id, count in after.items()
        if count > before.get(line_id, 0)
    )
    return replace(event, lines=lines), freed


def kit_parts(order: Order, units: Mapping[int, int]) -> dict[int, int]:
    """The same units, and where some are of a kit, the other components of as many kits at the same node."""
    kits = kits_of(order)
    found = dict(units)
    parts = {part.allocation: part for part in order.allocations}
    broken: dict[tuple[LineId, str], int] = {}
    for number, given in units.items():
        part = parts[number]
        if part.line_id in kits:
            each = next((count for sku, count in kits[part.line_id] if sku == part.sku), 1)
            place = (part.line_id, part.fulfillment_id)
            broken[place] = max(broken.get(place, 0), -(-given // each))
    for (line_id, fulfillment_id), count in broken.items():
        for sku, each in kits[line_id]:
            here = [
                part
                for part in order.allocations
                if (part.line_id, part.fulfillment_id, part.sku) == (line_id, fulfillment_id, sku)
                and part.state in UNLOCKED
            ]
            wanted = count * each - sum(found.get(part.allocation, 0) for part in here)
            for part in here:
                more = min(wanted, part.quantity - found.get(part.allocation, 0))
                if more > 0:
                    found[part.allocation] = found.get(part.allocation, 0) + more
                    wanted -= more
    return found


def bound_parts(order: Order, units: Mapping[int, int], lines: Iterable[LineId] = ()) -> dict[int, int]:
    """The same units with everything unlocked that is to leave with them, or with units of these lines: a line that may
    not be divided, a group that ships together, or all of an order that ships complete and of which nothing was
    released.
    """
    parts = {part.allocation: part for part in order.allocations}
    touched = {*lines, *(parts[number].line_id for number in units)}
    if order.ship_complete and all(part.state in UNLOCKED for part in live_allocations(order)):
        bound = {line.line_id for line in order.lines}
    else:
        terms = {line.line_id: line.terms for line in order.lines if line.terms is not None}
        groups = {terms[line_id].ship_together for line_id in touched if line_id in terms} - {""}
        bound = {line_id for line_id in touched if line_id in terms and terms[line_id].line_complete}
        bound |= {line_id for line_id, of_line in terms.items() if of_line.ship_together in groups}
    more = {
        part.allocation: part.quantity for part in order.allocations if part.line_id in bound and part.state in UNLOCKED
    }
    return {**units, **more}
