"""Where items lie at a node, and the way along the shelves."""

import re
from datetime import datetime
from typing import Final

from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass

_DIGITS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class ShelfPlace:
    """Where an item lies at a node: aisle, bay and shelf, as its people call them; empty: nowhere in particular."""

    sku: Sku
    node: NodeId
    place: str
    changed_at: datetime | None = None


def walk_key(place: str) -> tuple[bool, tuple[tuple[str, int], ...]]:
    """By what places are sorted into a walk: letters as letters, numbers as numbers; what has no place comes last.

    >>> sorted(["B1", "A10", "", "A2", "a2-3"], key=walk_key)
    ['A2', 'a2-3', 'A10', 'B1', '']
    """
    pieces = _DIGITS.split(place.upper())
    numbers = (*pieces[1::2], "0")
    return not place, tuple((text, int(number)) for text, number in zip(pieces[::2], numbers, strict=True))
