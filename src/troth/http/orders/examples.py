"""The example of the documentation: one order, made of the same values as real ones, and shown by the same code."""

from datetime import UTC, datetime, timedelta
from typing import Final

from troth.engine.carriage.network import compile_network
from troth.http.orders.order_answer import answer_order
from troth.model.ids import LineId, NodeId, Sku, derive_order_id, fulfillment_id
from troth.model.lifecycle import AllocationState
from troth.model.network import Address, Node, NodeType
from troth.model.order import Allocation, Customer, Fulfillment, Line, Method, Order, Payment

AT: Final = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ORDER_ID: Final = derive_order_id(channel="web", external_id="W-1001")
FULFILLMENT_ID: Final = fulfillment_id(ORDER_ID, 1)
NODE: Final = Node(
    NodeId("DC-PA"), NodeType.DC, "Harrisburg DC", 40.27, -76.88, "America/New_York", Address(country="US")
)
NETWORK: Final = compile_network((NODE,))
CURRENCY: Final = "USD"
WORK: Final = Fulfillment(
    FULFILLMENT_ID,
    NODE.node,
    Method.SHIP,
    "standard",
    ship_by=AT + timedelta(hours=7),
    promised_from=AT + timedelta(hours=42),
    promised_at=AT + timedelta(hours=54),
    cost={"transport": 727, "handling": 60},
    carrier="parcel",
)
ORDER: Final = Order(
    order_id=ORDER_ID,
    channel="web",
    external_id="W-1001",
    digest="5f3c8b1e",
    version=1,
    currency=CURRENCY,
    ordered_at=AT - timedelta(minutes=2),
    captured_at=AT,
    release_at=AT + timedelta(minutes=30),
    customer=Customer("C-77", "Ada Park", "ada@example.com"),
    ship_to=Address("US", "Ada Park", "350 5th Ave", "", "New York", "NY", "10118", 40.75, -73.99),
    method=Method.SHIP,
    pickup_node=None,
    service="standard",
    ship_complete=False,
    lines=(Line(LineId("1"), Sku("A-1001"), 2, 1990),),
    allocations=(Allocation(1, LineId("1"), Sku("A-1001"), NODE.node, 2, AllocationState.RESERVED, FULFILLMENT_ID),),
    fulfillments=(WORK,),
    payments=(Payment("stripe", "pi_3Pq", 3980, "authorized"),),
    policy_version="default-1",
    attributes={"gift": "yes"},
)
ORDER_ANSWER: Final = answer_order(ORDER, NETWORK, CURRENCY, AT)
