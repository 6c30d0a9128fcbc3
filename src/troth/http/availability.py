"""What a channel may sell, for product pages: out of the memory of the process, some thousand times a second."""

from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.flows.availability import LOW_STOCK_MAX, Near, NodeStock, StockStatus, read_availability
from troth.flows.availability import Availability as Found
from troth.flows.availability import Stock as FoundStock
from troth.http.body import Country, Query, Text
from troth.http.measures import Units
from troth.http.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.problems import Refused
from troth.http.replies import Reply, json_reply
from troth.http.values import Instant as At
from troth.model.ids import NodeId, Sku
from troth.model.measure import shown
from troth.model.refusals import Busy, FieldFlaw, Invalid

_SKUS_MAX: Final = 200
_NODES_MAX: Final = 200


class NodeAvailability(msgspec.Struct, frozen=True):
    """What one node has of a SKU; `miles` is how far it is from the postcode that was given."""

    node: str
    available: Units
    status: StockStatus
    message: str
    next_supply_at: At | None
    miles: float | None


class SkuAvailability(msgspec.Struct, frozen=True):
    """What may be sold of a SKU: units now, units of what is coming, and when the first of those comes."""

    sku: str
    available: Units
    status: StockStatus
    message: str
    next_supply_at: At | None
    incoming: Units
    nodes: tuple[NodeAvailability, ...]


class AvailabilityAnswer(msgspec.Struct, frozen=True):
    """What may be sold of each SKU, in the order in which they were asked."""

    channel: str
    items: tuple[SkuAvailability, ...]


class AvailabilityQuery(Query):
    """Of what, by whom and for whom."""

    sku: Annotated[
        tuple[Text, ...],
        Field(min_length=1, max_length=_SKUS_MAX, description="May be given more than once.", examples=[["A-1001"]]),
    ]
    channel: Annotated[Text, Field(max_length=64, description="Which channel sells.", examples=["web"])] = ""
    postcode: Annotated[
        Text | None,
        Field(
            max_length=20,
            description="Where the customer is: the five nearest nodes that hand over and have units are added.",
        ),
    ] = None
    country: Annotated[Country, Field(description="Of the postcode.")] = "US"
    node: Annotated[
        tuple[Text, ...],
        Field(max_length=_NODES_MAX, description="Answer these nodes too. May be given more than once."),
    ] = ()


async def read(call: Call[Nothing, AvailabilityQuery]) -> Reply:
    """The availability of every SKU."""
    asked = call.query
    near = None if asked.postcode is None else Near(asked.country, asked.postcode)
    found = await read_availability(
        call.system, [Sku(sku) for sku in asked.sku], nodes=[NodeId(node) for node in asked.node], near=near
    )
    if not isinstance(found, tuple):
        raise Refused(found)
    return json_reply(AvailabilityAnswer(asked.channel, tuple(_answer(one) for one in found)))


def _answer(found: Found) -> SkuAvailability:
    stock = found.stock
    return SkuAvailability(
        found.sku,
        shown(stock.available, stock.decimals),
        stock.status,
        stock.message,
        stock.next_supply_at,
        shown(stock.incoming, stock.decimals),
        tuple(_answer_node(one) for one in found.nodes),
    )


def _answer_node(found: NodeStock) -> NodeAvailability:
    stock = found.stock
    return NodeAvailability(
        found.node,
        shown(stock.available, stock.decimals),
        stock.status,
        stock.message,
        stock.next_supply_at,
        found.miles,
    )


_FEW: Final = FoundStock(3, 0, None)
_EXAMPLE: Final = AvailabilityAnswer(
    "web", (_answer(Found(Sku("A-1001"), FoundStock(41, 0, None), (NodeStock(NodeId("ST-NYC"), _FEW, 1.2),))),)
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/availability",
        name="read_availability",
        summary=f"What a channel may sell; up to {LOW_STOCK_MAX} units are low stock",
        tag="inventory",
        run=read,
        shown=(Shown(200, "The availability of every SKU", AvailabilityAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=AvailabilityQuery,
        scope="availability:read",
        refusals=(Invalid((FieldFlaw("?sku", "there is no item A-1001"),)), Busy(1)),
    ),
)
