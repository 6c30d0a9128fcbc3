"""Lines of kits: their parts are units of components, while the line, and all that is asked and told, counts kits."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from troth.model.ids import LineId, Sku
from troth.model.order import Order
from troth.model.value import dataclass

Kits = Mapping[LineId, tuple[tuple[Sku, int], ...]]
"""The components (SKU, units) of one unit of each line that is a kit."""


@dataclass(frozen=True, slots=True)
class Kit:
    """A kit that a line asks for, and the components (SKU, units) of one of it."""

    sku: Sku
    components: tuple[tuple[Sku, int], ...]


class Units(Protocol):
    """Units of a SKU for a line: a part of an order, or what a plan takes for it."""

    @property
    def line_id(self) -> LineId:
        """For which line."""

    @property
    def sku(self) -> Sku:
        """Of what."""

    @property
    def quantity(self) -> int:
        """How many."""


def kits_of(order: Order) -> Kits:
    """The kits among an order's lines, as they were at capture."""
    return {line.line_id: line.terms.kit for line in order.lines if line.terms is not None and line.terms.kit}


def whole_units(parts: Iterable[Units], kits: Kits) -> dict[LineId, int]:
    """The units of each line that parts make up: of a kit, how many are complete."""
    return _count(parts, kits, is_whole=True)


def begun_units(parts: Iterable[Units], kits: Kits) -> dict[LineId, int]:
    """The units of each line of which parts hold anything: of a kit, also those that lack a component."""
    return _count(parts, kits, is_whole=False)


def _count(parts: Iterable[Units], kits: Kits, *, is_whole: bool) -> dict[LineId, int]:
    units: dict[LineId, int] = {}
    components: dict[LineId, dict[Sku, int]] = {}
    for part in parts:
        if part.line_id in kits:
            held = components.setdefault(part.line_id, {})
            held[part.sku] = held.get(part.sku, 0) + part.quantity
        else:
            units[part.line_id] = units.get(part.line_id, 0) + part.quantity
    for line_id, held in components.items():
        each = kits[line_id]
        if is_whole:
            units[line_id] = min(held.get(sku, 0) // count for sku, count in each)
        else:
            units[line_id] = max(-(-held.get(sku, 0) // count) for sku, count in each)
    return units
