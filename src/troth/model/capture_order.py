"""What it takes to ask for a new order."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from troth.model.charges import DeliveryCharge
from troth.model.history import CustomerHistory
from troth.model.ids import CartHoldId, NodeId, OrderId
from troth.model.network import Address
from troth.model.order import Customer, Line, Method, Payment
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """Promise an order and reserve its stock, or refuse it. `digest` tells the same content from other content.

    With a `plan_id` it is promised as the option of a quote that was named so, or refused; pickups were offered `near`
    a place. `history` is what is known of the customer, where a rule in force asks for it (None: nobody looked).
    """

    order_id: OrderId
    channel: str
    external_id: str
    digest: str
    currency: str
    ordered_at: datetime
    customer: Customer
    ship_to: Address | None
    method: Method
    pickup_node: NodeId | None
    service: str
    ship_complete: bool
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    cart_hold: CartHoldId | None = None
    shipments_max: int | None = None
    plan_id: str = ""
    near: Address | None = None
    prices_include_tax: bool = False
    delivery_charge: DeliveryCharge | None = None
    history: CustomerHistory | None = None
