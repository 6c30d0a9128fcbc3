"""The lots that a node says it picked: where they are others than were planned, the reservation moves to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from troth.engine.carriage.network import Network
from troth.engine.demand.shelf_life import end_of_supply
from troth.engine.parts import Chosen
from troth.engine.supply.supply import SupplyRows
from troth.model.commands import LineQuantity
from troth.model.events import PartSplit
from troth.model.ids import LineId, Sku
from troth.model.inventory import Source, SupplyKey, lot_source
from troth.model.kits import Kits
from troth.model.measure import counted
from troth.model.order import Allocation
from troth.model.refusals import FieldFlaw
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a node has to pick from: supply by SKU, and until when (POSIX) the goods of each line must be good."""

    supply: Callable[[Sku], SupplyRows]
    network: Network
    needed_until: Mapping[LineId, float]


def find_lot_flaws(lines: Sequence[LineQuantity], kits: Kits) -> list[FieldFlaw]:
    """What cannot be meant by the lots of these lines."""
    flaws = []
    for at, line in enumerate(lines):
        if not line.lots:
            continue
        total = sum(one.quantity for one in line.lots)
        if line.line_id in kits:
            flaws.append(FieldFlaw(f"/lines/{at}/lots", "a kit is picked out of the lots that were planned"))
        elif total != line.quantity:
            flaws.append(FieldFlaw(f"/lines/{at}/lots", f"add up to {counted(total)}, not to {line.quantity}"))
    return flaws


def choose_lots(
    lines: Sequence[LineQuantity], parts: Sequence[Allocation], shelf: Shelf, *, first_number: int
) -> Chosen | list[FieldFlaw]:
    """The parts that hold the units of each line's lots, and the splits that make them; or which lots cannot be had.

    What was planned to come from a lot comes from it; the rest of what is picked moves to the lots that lack it, from
    the parts in their order.
    """
    chosen: list[Allocation] = []
    splits: list[PartSplit] = []
    flaws: list[FieldFlaw] = []
    number = first_number
    moved: dict[SupplyKey, int] = {}
    left = {part.allocation: part.quantity for part in parts}
    for at, line in enumerate(lines):
        own = [part for part in parts if part.line_id == line.line_id]
        pieces: dict[int, list[tuple[Source, int]]] = {}
        for lot in line.lots:
            source = lot_source(lot.lot)
            wanted = lot.quantity
            # The parts at this lot first, then those that would else come from another one.
            for part in sorted(own, key=lambda part: (part.source != source, part.allocation)):
                units = min(wanted, left[part.allocation])
                if units:
                    wanted -= units
                    left[part.allocation] -= units
                    pieces.setdefault(part.allocation, []).append((source, units))
                    if part.source != source:
                        key = SupplyKey(part.sku, part.node, source)
                        moved[key] = moved.get(key, 0) + units
                        flaws += _flaws_of(key, moved[key], shelf, line.line_id, f"/lines/{at}/lots")
        for part in own:
            taken = pieces.get(part.allocation, [])
            if taken == [(part.source, part.quantity)]:
                chosen.append(part)
            elif taken:
                rest = part.quantity - sum(units for _source, units in taken)
                new = [
                    replace(part, allocation=number + offset, source=source, quantity=units)
                    for offset, (source, units) in enumerate([*taken, *([(part.source, rest)] if rest else [])])
                ]
                number += len(new)
                splits.append(PartSplit(part.allocation, tuple(new)))
                chosen += new[: len(taken)]
    return flaws or Chosen(tuple(chosen), tuple(splits), {})


def _flaws_of(key: SupplyKey, units: int, shelf: Shelf, line_id: LineId, pointer: str) -> list[FieldFlaw]:
    rows = shelf.supply(key.sku)
    there, end = end_of_supply(rows, shelf.network.index.get(key.node, -1), key.source)
    name = key.source.replace("/", " ", 1).replace("_", " ")
    if there < units:
        return [FieldFlaw(pointer, f"{name} has {there} units at {key.node} that are not reserved")]
    if end < shelf.needed_until[line_id]:
        return [FieldFlaw(pointer, f"{name} is not good for long enough")]
    return []
