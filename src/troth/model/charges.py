"""What is charged beside the prices: discounts, taxes and the delivery, and how a share of units is cut from them.

What is stated for some units of a line is cut by cumulative rounding: the first n units have the nearest amount to
their share, and the units after them what that of the first m is more. So the parts of a line, however it is divided
and in whatever sequence, sum to the cent.
"""

from collections.abc import Sequence

from troth.model.measure import half_up
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Charges:
    """Discount and tax of a line (minor units), stated for so many `units` of it.

    `order_discount_minor` is the line's part of a discount on the whole order. Of more or fewer units they are in
    proportion, so that what the units cost that have left stays what it was when the quantity changes.
    """

    units: int
    discount_minor: int = 0
    tax_minor: int = 0
    order_discount_minor: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is charged or taken off."""
        return not (self.discount_minor or self.tax_minor or self.order_discount_minor)

    def discount_of(self, first: int) -> int:
        """The discount of the first so many units, with that on the order.

        >>> [Charges(3, discount_minor=100).discount_of(count) for count in (0, 1, 2, 3, 6)]
        [0, 33, 67, 100, 200]
        """
        return half_up((self.discount_minor + self.order_discount_minor) * first, self.units)

    def tax_of(self, first: int) -> int:
        """The tax of the first so many units."""
        return half_up(self.tax_minor * first, self.units)


@dataclass(frozen=True, slots=True)
class DeliveryCharge:
    """What the customer pays for the delivery of an order (minor units), the discount not yet taken off."""

    amount_minor: int
    tax_minor: int = 0
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Amounts:
    """What something costs: its price, what is taken off, its tax, and what is to be paid, all in minor units."""

    price_minor: int = 0
    discount_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        if self is NOTHING or other is NOTHING:  # as most are, and every order that is answered is added up
            return other if self is NOTHING else self
        return Amounts(
            self.price_minor + other.price_minor,
            self.discount_minor + other.discount_minor,
            self.tax_minor + other.tax_minor,
            self.total_minor + other.total_minor,
        )

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.price_minor - other.price_minor,
            self.discount_minor - other.discount_minor,
            self.tax_minor - other.tax_minor,
            self.total_minor - other.total_minor,
        )


NOTHING = Amounts()


def charged(price_minor: int, discount_minor: int, tax_minor: int, *, includes_tax: bool) -> Amounts:
    """The amounts with what is to be paid; a tax that the price includes is a part of it.

    >>> charged(1000, 100, 90, includes_tax=False).total_minor, charged(1000, 100, 82, includes_tax=True).total_minor
    (990, 900)
    """
    total = price_minor - discount_minor + (0 if includes_tax else tax_minor)
    return Amounts(price_minor, discount_minor, tax_minor, total)


def prorate(amount_minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """An amount divided in proportion to weights (0 or more, not all 0), by cumulative rounding, so that it sums.

    A part is never more than its weight where the amount is not more than all weights together.

    >>> prorate(100, (1, 1, 1)), prorate(10, (0, 999, 1)), prorate(5, (2, 2, 1))
    ((33, 34, 33), (0, 10, 0), (2, 2, 1))
    """
    whole, before, parts = sum(weights), 0, []
    for weight in weights:
        parts.append(half_up(amount_minor * (before + weight), whole) - half_up(amount_minor * before, whole))
        before += weight
    return tuple(parts)
