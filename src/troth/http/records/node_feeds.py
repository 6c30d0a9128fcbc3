"""The newest stock feed of each node: how old it is, and whether the next one is late."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field

from troth.engine.supply.feed_age import is_late
from troth.http.edge.body import Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders.examples import AT, NETWORK
from troth.model.ids import NodeId
from troth.model.network import Node, NodeType
from troth.store.node_feeds import NodeFeed, read_node_feeds

_HOUR_SECONDS: Final = 3600.0


class NodeFeedsQuery(Query):
    """Which of them."""

    late: Annotated[bool, Field(description="Only those that are late.")] = False


class NodeFeedAnswer(msgspec.Struct, frozen=True):
    """A node's newest feed, and as of when it is; null where none ever came. While it `is_late` nothing of the node's
    stock is shown or promised.
    """

    node: str
    name: str
    type: NodeType
    feed: str | None
    reference: str | None
    as_of: Instant | None
    age_hours: float | None
    due_every_hours: int | None
    is_late: bool


class NodeFeedsAnswer(msgspec.Struct, frozen=True):
    """The nodes that send feeds or should, by id."""

    items: tuple[NodeFeedAnswer, ...]


async def list_node_feeds(call: Call[Nothing, NodeFeedsQuery]) -> Reply:
    """The feeds of all nodes that the actor may see."""
    await call.system.door.follow()  # whether it is late is said by what decides about orders
    network, now = call.system.door.reference.network, call.system.door.now()
    async with call.system.pool.acquire() as connection:
        known = await read_node_feeds(connection)
    found = [
        answer_node_feed(node, known.get(node.node), now, is_late=is_late(network, node.node, now.timestamp()))
        for node in network.nodes
        if (node.node in known or node.feed_due_every_hours is not None) and call.actor.may_at(node.node)
    ]
    return json_reply(NodeFeedsAnswer(tuple(one for one in found if one.is_late or not call.query.late)))


def answer_node_feed(node: Node, newest: NodeFeed | None, now: datetime, *, is_late: bool) -> NodeFeedAnswer:
    """A node's newest feed as it is answered."""
    age: dict[str, Any] = {"feed": None, "reference": None, "as_of": None, "age_hours": None}
    if newest is not None:
        hours = round((now - newest.as_of).total_seconds() / _HOUR_SECONDS, 2)
        age = {"feed": newest.feed, "reference": newest.reference, "as_of": newest.as_of, "age_hours": hours}
    return NodeFeedAnswer(
        node=node.node,
        name=node.name,
        type=node.type,
        due_every_hours=node.feed_due_every_hours,
        is_late=is_late,
        **age,
    )


_EXAMPLE: Final = answer_node_feed(
    NETWORK.nodes[0], NodeFeed(NodeId("DC-PA"), AT, "wms", "2026-11-23T15:00"), AT, is_late=False
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/inventory/node-feeds",
        name="list_node_feeds",
        summary="How old the newest stock feed of each node is, and which are late",
        tag="inventory",
        run=list_node_feeds,
        shown=(Shown(200, "The nodes that send feeds or should", NodeFeedsAnswer, NodeFeedsAnswer((_EXAMPLE,))),),
        body=NO_BODY,
        query=NodeFeedsQuery,
        scope="feeds:read",
    ),
)
