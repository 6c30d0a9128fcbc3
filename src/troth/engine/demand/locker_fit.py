"""Into which compartments of a locker goods fit."""

from collections.abc import Iterable, Sequence
from typing import Final

from troth.engine.packing.place import place
from troth.model.ids import LineId, Sku
from troth.model.locker import Locker
from troth.model.packing import Piece
from troth.model.plan import DemandLine, Peg

_PIECES_MAX: Final = 250
"""More units than this are not placed one by one: they are taken to fit nowhere."""


def pieces_of(lines: Iterable[DemandLine], pegs: Sequence[Peg]) -> tuple[Piece, ...] | None:
    """The units of some pegs of these lines, as large and heavy as their items say; None: there are too many.

    What stands in for an item counts as that one. Of a kit all that its components weigh is one piece a unit.
    """
    known = {(line.line_id, one.sku): one for line in lines for one in (line, *line.instead)}
    asked: dict[LineId, DemandLine] = {line.line_id: line for line in lines}
    units: dict[tuple[LineId, Sku], int] = {}
    for peg in pegs:
        line = known.get((peg.line_id, peg.sku), asked[peg.line_id])
        kit = dict(line.terms.kit) if line.terms is not None else {}
        key = (line.line_id, line.sku)
        count = peg.quantity // kit[peg.sku] if peg.sku in kit else peg.quantity
        # The components of a kit come together: each says how many there are of the whole.
        units[key] = max(units.get(key, 0), count) if kit else units.get(key, 0) + count
    pieces: list[Piece] = []
    for key, count in sorted(units.items()):
        line = known[key]
        is_kit = line.terms is not None and bool(line.terms.kit)
        size = (0, 0, 0) if line.item is None or is_kit else line.item.dimensions_mm
        if line.scale > 1:
            pieces.append(Piece(line.line_id, line.sku, (0, 0, 0), line.grams(count)))
            continue
        if len(pieces) + count > _PIECES_MAX:
            return None
        pieces += [Piece(line.line_id, line.sku, size, line.grams(1))] * count
    return tuple(pieces)


def sizes_that_hold(locker: Locker, pieces: Sequence[Piece]) -> tuple[int, ...]:
    """The positions of a locker's sizes of which one compartment holds all pieces, the smallest first. What nobody has
    measured only counts by its weight.
    """
    measured = [piece for piece in pieces if all(piece.size_mm)]
    volume, grams = sum(piece.volume for piece in measured), sum(piece.grams for piece in pieces)
    found = [
        (size.volume, at)
        for at, size in enumerate(locker.sizes)
        if grams <= size.grams_max
        and volume <= size.volume
        and not place(measured, size.inner_mm, max(size.grams_max, 0))[1]
    ]
    return tuple(at for _volume, at in sorted(found))
