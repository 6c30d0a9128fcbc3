"""What is known of a customer's earlier orders when a new one comes."""

from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class CustomerHistory:
    """How many orders of a customer there were before, whether one of them went to the same address, and how many of
    the last day want the very same goods.
    """

    orders: int
    knows_address: bool
    same_orders: int
