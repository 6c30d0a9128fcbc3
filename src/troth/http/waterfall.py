"""The waterfall of a SKU: every unit from on hand to what may be sold, with the rule that took it."""

from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.engine.exposure.waterfall import RESERVED, Fall, NodeWaterfall, Waterfall
from troth.flows.waterfall import Inquirer, read_waterfall
from troth.http.body import Query, Text
from troth.http.bounds import choose_bound
from troth.http.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.problems import Refused
from troth.http.replies import Reply, json_reply
from troth.model.ids import NodeId, Sku
from troth.model.order import Method
from troth.model.refusals import FieldFlaw, Invalid

WORDS: Final = {
    RESERVED: "promised to orders and carts",
    "inactive": "at nodes that are not active",
    "feed_late": "at nodes whose stock feed is late",
    "look_ahead": "left to promises of supply that falls short",
    "unfindable": "may not be found where the books say",
    "safety_stock": "safety stock",
    "protected": "protected for higher classes",
    "threshold": "too few at the node to be used",
    "excluded": "excluded",
    "channel_buffer": "left by the channel over all nodes",
    "product_allocation": "above the quota",
}
"""What each kind of step is, in words."""


class FallAnswer(msgspec.Struct, frozen=True):
    """Units that a reason takes; `rule` is document/rule where a rule of exposure does."""

    kind: str
    rule: str
    units: int
    description: str
    orders: str | None


class NodeWaterfallAnswer(msgspec.Struct, frozen=True):
    """One node's units."""

    node: str
    on_hand: int
    steps: tuple[FallAnswer, ...]
    exposed: int


class WaterfallAnswer(msgspec.Struct, frozen=True):
    """All units: `on_hand` less every step is `available`; `incoming` may be promised of what comes."""

    sku: str
    channel: str
    demand_class: str
    on_hand: int
    steps: tuple[FallAnswer, ...]
    available: int
    incoming: int
    nodes: tuple[NodeWaterfallAnswer, ...]


class WaterfallQuery(Query):
    """Of what, for whom, and where."""

    sku: Annotated[Text, Field(min_length=1, examples=["A-1001"])]
    channel: Annotated[Text, Field(max_length=64, examples=["web"])] = ""
    customer: Annotated[Text, Field(max_length=64)] = ""
    customer_class: Annotated[Text, Field(max_length=64)] = ""
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
    return WaterfallAnswer(
        sku,
        channel,
        found.class_name,
        found.on_hand,
        tuple(_fall(one, sku, "") for one in found.falls),
        found.available,
        found.incoming,
        tuple(_node(one, sku) for one in found.nodes),
    )


def _node(found: NodeWaterfall, sku: Sku) -> NodeWaterfallAnswer:
    return NodeWaterfallAnswer(
        found.node, found.on_hand, tuple(_fall(one, sku, found.node) for one in found.falls), found.exposed
    )


def _fall(found: Fall, sku: Sku, node: str) -> FallAnswer:
    orders = None
    if found.kind == RESERVED:
        orders = f"/v1/orders?sku={sku}" + (f"&node={node}" if node else "")
    return FallAnswer(found.kind, found.rule, found.units, WORDS[found.kind], orders)


_FALLS: Final = (Fall(RESERVED, "", 3), Fall("safety_stock", "everyday/stores keep two", 2))
_EXAMPLE: Final = answer_waterfall(
    Sku("A-1001"), "web", Waterfall("", 40, _FALLS, 35, 100, (NodeWaterfall(NodeId("DC-PA"), 40, _FALLS, 35),))
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/inventory/waterfall",
        name="read_waterfall",
        summary="Every unit of a SKU from on hand to what may be sold, with the rule that takes it",
        tag="inventory",
        run=read,
        shown=(Shown(200, "The waterfall", WaterfallAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=WaterfallQuery,
        scope="inventory:read",
        refusals=(Invalid((FieldFlaw("?sku", "there is no item A-1001"),)),),
    ),
)
