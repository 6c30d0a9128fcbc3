"""What an order's money is about: what has left and is owed, and what is still to leave."""

from troth.engine.money.owed import owed
from troth.model.order import Order
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Dues:
    """What the customer owes (minor units), for what has left and was not given back, and for what is to leave."""

    earned: int
    to_come: int


def dues_of(order: Order) -> Dues:
    """The dues of an order as it stands."""
    sums = owed(order)
    return Dues(sums.earned, sums.whole.wanted.total_minor - sums.whole.earned.total_minor)
