"""Blanket orders: what a customer agreed to take over a time, and what call-offs have taken of it."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from troth.model.ids import Sku
from troth.model.network import Address
from troth.model.value import dataclass

BLANKET_ORDER: Final = "blanket_order"
"""The attribute of an order that names the blanket order from which it calls off."""


@dataclass(frozen=True, slots=True)
class BlanketLine:
    """So many units of an item (None: as many as the value lets), at a price for each (minor units)."""

    sku: Sku
    unit_price_minor: int
    quantity: int | None = None
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class BlanketOrder:
    """What a customer may call off from `starts_at` until `ends_at`: lines at their prices, up to a value
    (`value_max_minor`; None: not limited), to the addresses named (none: anywhere), at least so many days
    (`release_days`) after one another.
    """

    blanket_id: str
    customer_id: str
    currency: str
    starts_at: datetime
    ends_at: datetime
    lines: tuple[BlanketLine, ...]
    value_max_minor: int | None = None
    release_days: int = 0
    ship_to: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """What call-offs have taken: units by SKU, what they come to (minor units), and when the last one was made."""

    units: Mapping[Sku, int] = field(default_factory=dict)
    amount_minor: int = 0
    last_at: datetime | None = None

    def moved(self, units: Mapping[Sku, int], amount_minor: int, last_at: datetime | None) -> "Called":
        """The same with more taken, or less."""
        skus = dict.fromkeys((*self.units, *units))
        times = [at for at in (self.last_at, last_at) if at is not None]
        return Called(
            {sku: self.units.get(sku, 0) + units.get(sku, 0) for sku in skus},
            self.amount_minor + amount_minor,
            max(times, default=None),
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """A blanket order with what was called off of it."""

    blanket: BlanketOrder
    called: Called = Called()

    def remaining(self, line: BlanketLine) -> int | None:
        """The units of a line that may still be called off; None: as many as the value lets."""
        return None if line.quantity is None else max(0, line.quantity - self.called.units.get(line.sku, 0))

    @property
    def remaining_minor(self) -> int | None:
        """What may still be called off in value (minor units); None: as much as the lines let."""
        most = self.blanket.value_max_minor
        return None if most is None else max(0, most - self.called.amount_minor)

    @property
    def is_used_up(self) -> bool:
        """Whether nothing more can be called off: every line is taken, or the value is."""
        return self.remaining_minor == 0 or all(self.remaining(line) == 0 for line in self.blanket.lines)
