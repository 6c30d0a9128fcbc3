"""What is charged beside the prices, as the columns hold it: nothing where an order, or a line, has none."""

from typing import Any

from troth.model.charges import Charges, DeliveryCharge
from troth.model.order import Line, Order
from troth.model.value import dataclass
from troth.store.codec import decode, encode


@dataclass(frozen=True, slots=True)
class OrderCharges:
    """How an order takes its taxes, and what its delivery costs."""

    prices_include_tax: bool = False
    delivery_charge: DeliveryCharge | None = None


_NONE = OrderCharges()


def order_charges(order: Order) -> str | None:
    """The column of an order."""
    if order.delivery_charge is None and not order.prices_include_tax:
        return None
    return encode(OrderCharges(order.prices_include_tax, order.delivery_charge))


def line_charges(line: Line) -> str | None:
    """The column of a line."""
    return None if line.charges is None else encode(line.charges)


def order_charges_of(row: Any) -> OrderCharges:
    """What the column of an order says."""
    return _NONE if row["charges"] is None else decode(row["charges"], OrderCharges)


def line_charges_of(row: Any) -> Charges | None:
    """What the column of a line says."""
    return None if row["charges"] is None else decode(row["charges"], Charges)
