"""Which boxes the units of a parcel go into: as few as are found, then the cheapest and smallest."""

from collections.abc import Sequence

from troth.engine.packing.place import place
from troth.model.ids import NodeId
from troth.model.packing import Box, BoxSet, Parcel, Piece, Placed, Size


def pack(pieces: Sequence[Piece], boxes: BoxSet, node: NodeId) -> tuple[Parcel, ...]:
    """Parcels that hold each piece once. What fits into no box that the node has, goes as it is; what goes alone is
    alone; what nobody has measured goes along as far as the weight allows.

    Boxes are filled one after the other: with all that is left where one box holds it, else the one that holds the
    largest volume, and then the cheapest box that what lies in it fits into as well.
    """
    at_node = [box for box in boxes.boxes if not box.nodes or node in box.nodes]
    measured = [piece for piece in pieces if all(piece.size_mm)]
    parcels: list[Parcel] = []
    for piece in measured:
        if piece.alone:
            parcels += _fill([piece], at_node, boxes.padding_mm)
    parcels += _fill([piece for piece in measured if not piece.alone], at_node, boxes.padding_mm)
    return _with_unmeasured(parcels, [piece for piece in pieces if not all(piece.size_mm)], at_node)


def _fill(pieces: Sequence[Piece], boxes: Sequence[Box], padding_mm: int) -> list[Parcel]:
    parcels = []
    left = tuple(pieces)
    while left:
        tried = [(box, *place(left, _room(box, padding_mm), box.grams_max)) for box in boxes]
        tried = [one for one in tried if one[1]]
        if not tried:
            parcels += [Parcel(None, (Placed(piece, (0, 0, 0), piece.size_mm),)) for piece in left]
            break
        whole = [one for one in tried if not one[2]]
        if whole:
            box, placed, left = min(whole, key=lambda one: _rank(one[0]))
        else:
            _, most, left = max(
                tried, key=lambda one: (_volume(one[1]), len(one[1]), *(-rank for rank in _rank(one[0])[:2]))
            )
            box, placed = _smallest([one.piece for one in most], boxes, padding_mm)
        parcels.append(Parcel(box, placed))
    return parcels


def _smallest(pieces: Sequence[Piece], boxes: Sequence[Box], padding_mm: int) -> tuple[Box, tuple[Placed, ...]]:
    """The cheapest box that holds all of these pieces, of which one holds them."""
    tried = [(box, *place(pieces, _room(box, padding_mm), box.grams_max)) for box in boxes]
    box, placed, _ = min((one for one in tried if not one[2]), key=lambda one: _rank(one[0]))
    return box, placed


def _with_unmeasured(parcels: Sequence[Parcel], pieces: Sequence[Piece], boxes: Sequence[Box]) -> tuple[Parcel, ...]:
    """The parcels with the pieces that have no size: each in the first that may weigh as much and in which nothing is
    alone, or in one of its own.
    """
    found = list(parcels)
    for piece in pieces:
        at = next((at for at, parcel in enumerate(found) if not piece.alone and _takes(parcel, piece)), None)
        if at is None:
            able = [box for box in boxes if piece.grams <= box.grams_max]
            found.append(Parcel(min(able, key=_rank) if able else None, (), (piece,)))
        else:
            parcel = found[at]
            found[at] = Parcel(parcel.box, parcel.placed, (*parcel.unmeasured, piece))
    return tuple(found)


def _takes(parcel: Parcel, piece: Piece) -> bool:
    if parcel.box is None or any(one.alone for one in parcel.pieces):
        return False
    return parcel.grams - parcel.box.tare_grams + piece.grams <= parcel.box.grams_max


def _room(box: Box, padding_mm: int) -> Size:
    length, width, height = (side - 2 * padding_mm for side in box.inner_mm)
    return length, width, height


def _rank(box: Box) -> tuple[int, int, str]:
    return box.cost_minor, box.volume, box.box


def _volume(placed: Sequence[Placed]) -> int:
    return sum(one.piece.volume for one in placed)
