"""What a node has to pack for an order, unit by unit."""

from collections.abc import Iterable, Mapping
from typing import Final

from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import AllocationState
from troth.model.measure import scale_of
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.packing import Piece, Size

_TO_PACK: Final = frozenset(
    {AllocationState.RESERVED, AllocationState.RELEASED, AllocationState.ACCEPTED, AllocationState.PICKED}
)


def parts_to_pack(order: Order, work: Fulfillment) -> tuple[Allocation, ...]:
    """The parts of an order that a node has not packed yet."""
    return tuple(
        part for part in order.allocations if part.fulfillment_id == work.fulfillment_id and part.state in _TO_PACK
    )


def find_pieces(order: Order, parts: Iterable[Allocation], items: Mapping[Sku, Item]) -> tuple[Piece, ...]:
    """The units of these parts, as large and heavy as their items say.

    A unit of a kit is one piece: its components lie on each other. What is sold by measure is one piece that nobody has
    measured, as heavy as so much of it is.
    """
    parts = tuple(parts)
    kits = kits_of(order)
    lines = {line.line_id: line for line in order.lines}
    pieces: list[Piece] = []
    for line_id, units in begun_units(parts, kits).items():
        if line_id in kits:
            kit = [(items.get(sku), count) for sku, count in kits[line_id]]
            pieces += [_kit(line_id, lines[line_id].sku, kit)] * units
            continue
        for part in (one for one in parts if one.line_id == line_id):
            pieces += _units(part, lines[line_id].decimals, items.get(part.sku))
    return tuple(pieces)


def _units(part: Allocation, decimals: int, item: Item | None) -> list[Piece]:
    grams, size, alone = _facts(item)
    if decimals:
        weight = -(-grams * part.quantity // scale_of(decimals))
        return [Piece(part.line_id, part.sku, (0, 0, 0), weight, alone, part.quantity)]
    return [Piece(part.line_id, part.sku, size, grams, alone)] * part.quantity


def _kit(line_id: LineId, sku: Sku, components: list[tuple[Item | None, int]]) -> Piece:
    """One on the other, each on its largest side; not measured where one of them is not."""
    length = width = height = grams = 0
    is_measured, alone = True, False
    for item, count in components:
        heavy, size, lonely = _facts(item)
        low, middle, high = sorted(size)
        length, width, height = max(length, high), max(width, middle), height + low * count
        grams += heavy * count
        is_measured, alone = is_measured and low > 0, alone or lonely
    return Piece(line_id, sku, (length, width, height) if is_measured else (0, 0, 0), grams, alone)


def _facts(item: Item | None) -> tuple[int, Size, bool]:
    return (0, (0, 0, 0), False) if item is None else (item.weight_grams, item.dimensions_mm, item.ship_alone)
