"""The waterfall of a SKU: every unit, on hand or to come, down to what may be sold, with the rule that took it."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from pydantic import Field

from troth.engine.exposure.kit_waterfall import TOGETHER
from troth.engine.exposure.waterfall import (
    BACKORDER_MAX,
    EXPIRED,
    FEED_LATE,
    INACTIVE,
    OVERDUE,
    RESERVED,
    TOO_OLD,
    DatedWaterfall,
    Fall,
    NodeWaterfall,
    PartWaterfall,
    Waterfall,
)
from troth.flows.stock.waterfall import Inquirer, read_waterfall
from troth.http.edge.body import Query, Text
from troth.http.edge.bounds import choose_bound
from troth.http.edge.measures import Units
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant as At
from troth.model.ids import NodeId, Sku
from troth.model.inventory import purchase_order_source
from troth.model.measure import shown
from troth.model.network import NodeType
from troth.model.order import Method
from troth.model.refusals import FieldFlaw, Invalid

WORDS: Final = {
    EXPIRED: "expired",
    RESERVED: "promised to orders and carts",
    INACTIVE: "at nodes that are not active",
    OVERDUE: "overdue for so long that nobody counts on it",
    FEED_LATE: "at nodes whose stock feed is late",
    TOO_OLD: "in lots that would be too old when they arrive",
    "look_ahead": "left to promises of supply that falls short",
    "unfindable": "may not be found where the books say",
    "safety_stock": "safety stock",
    "protected": "protected for higher classes",
    "threshold": "too few at the node to be used",
    "excluded": "excluded",
    "channel_buffer": "left by the channel over all nodes",
    "product_allocation": "above the quota",
    BACKORDER_MAX: "more than may be backordered",
    TOGETHER: "left by what limits several components together",
}
"""What each kind of step is, in words."""

_KINDS: Final = {"po": "purchase_order", "transfer": "transfer"}


class FallAnswer(msgspec.Struct, frozen=True):
    """Units that a reason takes; `rule` is document/rule where a rule of exposure does. `orders` leads to the orders
    that hold them, `carts` to the carts that do.
    """

    kind: str
    rule: str
    units: Units
    description: str
    orders: str | None
    carts: str | None


class NodeWaterfallAnswer(msgspec.Struct, frozen=True):
    """One node's units; what lies at a node of type `drop_ship` or `supplier` is a vendor's stock. Of a kit `binding`
    is the component of which there is least.
    """

    node: str
    type: NodeType
    on_hand: Units
    steps: tuple[FallAnswer, ...]
    exposed: Units
    binding: str | None


class DatedWaterfallAnswer(msgspec.Struct, frozen=True):
    """Units that are to come to a node: `kind` is `purchase_order`, `transfer` (in transit), or the first part of its
    source; those less every step are `exposed`.
    """

    node: str
    kind: str
    source: str
    expected_at: At | None
    units: Units
    steps: tuple[FallAnswer, ...]
    exposed: Units


class ComponentAnswer(msgspec.Struct, frozen=True):
    """A component of a kit: how many a kit takes, how many lie at nodes, and how many of these are exposed."""

    sku: str
    units_per_kit: Units
    on_hand: Units
    exposed: Units


class WaterfallAnswer(msgspec.Struct, frozen=True):
    """All units: `on_hand` less every step is `available`. What is exposed of every dated supply less every one of
    `incoming_steps` is `incoming`, which may be promised of what comes. Of a kit all are kits, made of `components`.
    """

    sku: str
    channel: str
    demand_class: str
    on_hand: Units
    steps: tuple[FallAnswer, ...]
    available: Units
    incoming: Units
    nodes: tuple[NodeWaterfallAnswer, ...]
    dated: tuple[DatedWaterfallAnswer, ...]
    incoming_steps: tuple[FallAnswer, ...]
    components: tuple[ComponentAnswer, ...]
    binding: str | None


class WaterfallQuery(Query):
    """Of what, for whom, and where."""

    sku: Annotated[Text, Field(min_length=1, examples=["A-1001"])]
    channel: Annotated[Text, Field(max_length=64, examples=["web"])] = ""
    customer: Annotated[Text, Field(max_length=64)] = ""
    customer_class: Annotated[
        Text, Field(max_length=64, description="One that a rule of exposure in force asks for.")
    ] = ""
    method: Annotated[Method, Field(description="How it would reach the customer.")] = Method.SHIP
    node: Annotated[
        tuple[Text, ...], Field(max_length=200, description="Only these nodes; may be given more than once.")
    ] = ()


async def read(call: Call[Nothing, WaterfallQuery]) -> Reply:
    """The waterfall of a SKU."""
    asked = call.query
    for node in asked.node:
        choose_bound(call.actor.nodes, node, "node")
    nodes = asked.node or tuple(sorted(call.actor.nodes or ()))
    who = Inquirer(asked.channel, asked.customer, asked.customer_class, asked.method)
    found = await read_waterfall(call.system, Sku(asked.sku), who, nodes=[NodeId(node) for node in nodes])
    if isinstance(found, Invalid):
        raise Refused(found)
    return json_reply(answer_waterfall(Sku(asked.sku), asked.channel, found))


def answer_waterfall(sku: Sku, channel: str, found: Waterfall) -> WaterfallAnswer:
    """A waterfall as it is answered."""
    told = partial(shown, decimals=found.decimals)
    return WaterfallAnswer(
        sku,
        channel,
        found.class_name,
        told(found.on_hand),
        tuple(_fall(one, sku, "", told) for one in found.falls),
        told(found.available),
        told(found.incoming),
        tuple(_node(one, sku, told) for one in found.nodes),
        tuple(_dated(one, sku, told) for one in found.dated),
        tuple(_fall(one, sku, "", told) for one in found.incoming_falls),
        tuple(_component(one) for one in found.parts),
        found.binding,
    )


def _orders_with(sku: str, node: str) -> str:
    """The query for the orders that hold units of a SKU (at a node): those that have not left."""
    return f"sku={quote(sku)}" + (f"&node={quote(node)}" if node else "") + "&reserving=true"


def _node(found: NodeWaterfall, sku: Sku, told: Callable[[int], Units]) -> NodeWaterfallAnswer:
    return NodeWaterfallAnswer(
        found.node,
        found.type,
        told(found.on_hand),
        tuple(_fall(one, sku, found.node, told) for one in found.falls),
        told(found.exposed),
        found.binding,
    )


def _dated(found: DatedWaterfall, sku: Sku, told: Callable[[int], Units]) -> DatedWaterfallAnswer:
    prefix = found.source.partition("/")[0]
    return DatedWaterfallAnswer(
        found.node,
        _KINDS.get(prefix, prefix),
        found.source,
        found.expected_at,
        told(found.units),
        tuple(_fall(one, sku, found.node, told) for one in found.falls),
        told(found.exposed),
    )


def _component(found: PartWaterfall) -> ComponentAnswer:
    told = partial(shown, decimals=found.decimals)
    return ComponentAnswer(found.sku, told(found.each), told(found.on_hand), told(found.exposed))


def _fall(found: Fall, sku: Sku, node: str, told: Callable[[int], Units]) -> FallAnswer:
    orders = carts = None
    if found.kind == RESERVED:
        orders = f"/v1/orders?{_orders_with(sku, node)}"
        carts = f"/v1/cart-holds?sku={quote(sku)}" + (f"&node={quote(node)}" if node else "")
    return FallAnswer(found.kind, found.rule, told(found.units), WORDS[found.kind], orders, carts)


_FALLS: Final = (Fall(RESERVED, "", 3), Fall("safety_stock", "everyday/stores keep two", 2))
_DATED: Final = DatedWaterfall(
    NodeId("DC-PA"),
    purchase_order_source(number="4500017", line=1),
    datetime.fromisoformat("2026-12-01T14:00:00+00:00"),
    120,
    (Fall(RESERVED, "", 20),),
    100,
)
_EXAMPLE: Final = answer_waterfall(
    Sku("A-1001"),
    "web",
    Waterfall("", 40, _FALLS, 35, 100, (NodeWaterfall(NodeId("DC-PA"), 40, _FALLS, 35),), (_DATED,)),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/inventory/waterfall",
        name="read_waterfall",
        summary="Every unit of a SKU, on hand or to come, down to what may be sold, with the rule that takes it",
        tag="inventory",
        run=read,
        shown=(Shown(200, "The waterfall", WaterfallAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=WaterfallQuery,
        scope="inventory:read",
        refusals=(Invalid((FieldFlaw("?sku", "there is no item A-1001"),)),),
    ),
)
