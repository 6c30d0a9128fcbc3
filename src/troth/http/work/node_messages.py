"""What nodes with systems of their own are told of their work: asked for, acknowledged, sent again, and tried."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.engine.told_work import ask
from troth.flows.nodes.messages import WAIT_SECONDS_MAX, Acknowledged, Inbox, acknowledge_messages, read_inbox
from troth.flows.nodes.say import send_again, send_test
from troth.http.edge.body import Body, NoQuery, Query, Strict
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.address_answer import answer_address
from troth.http.orders.order_shapes import AddressAnswer
from troth.http.work.fulfillments import NO_WORK, WORK_PATH, read_visible_work
from troth.model.ids import NodeId
from troth.model.node_messages import MessageKind, NodeTold, ToldLine, ToldWork
from troth.model.order import Method
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.store.node_messages import Message

LIMIT_MAX: Final = 500


class MessagesQuery(Query):
    """Which messages, and how long to wait where there are none."""

    after: Annotated[
        Annotated[int, Field(ge=0, lt=2**63)] | None,
        Field(description="The number of the last message that is known; left out: all that are not acknowledged."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 100
    wait_seconds: Annotated[
        int, Field(ge=0, le=WAIT_SECONDS_MAX, description="Where there is none, answer once there is, or then.")
    ] = 0


class AcknowledgeBody(Strict):
    """Which messages the node has: all up to a number, or some by their numbers."""

    through: Annotated[int, Field(ge=0, lt=2**63)] = 0
    numbers: Annotated[tuple[int, ...], Field(max_length=LIMIT_MAX, strict=False)] = ()


class ToldLineAnswer(msgspec.Struct, frozen=True):
    """Units that the node is to send, of a lot where one is promised."""

    line_id: str
    sku: str
    name: str
    quantity: int | float
    lot: str | None


class ToldRecallAnswer(msgspec.Struct, frozen=True):
    """What is asked back of the node, and until when it has to answer."""

    recall_id: str
    answer_by: Instant
    lines: tuple[ToldLineAnswer, ...]


class ToldWorkAnswer(msgspec.Struct, frozen=True):
    """The work as it was told: everything that it takes to send it."""

    fulfillment_id: str
    order_id: str
    channel: str
    external_id: str
    method: Method
    service: str
    carrier: str | None
    ship_by: Instant
    promised_at: Instant
    customer_name: str
    customer_phone: str
    ship_to: AddressAnswer | None
    via: str | None
    attributes: Mapping[str, str]
    lines: tuple[ToldLineAnswer, ...]
    recall: ToldRecallAnswer | None


class MessageAnswer(msgspec.Struct, frozen=True):
    """A message to a node. Its messages are numbered without gaps; `repeats` is the number of the one that it says
    again. It has to be acknowledged by `acknowledge_by`, where somebody waits for that; `refused_why` is why a trading
    partner could not read it, or could not be told.
    """

    node: str
    number: int
    kind: MessageKind
    told_at: Instant
    reason: str
    work: ToldWorkAnswer
    acknowledge_by: Instant | None
    repeats: int | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    refused_at: Instant | None
    refused_why: str


class MessagesAnswer(msgspec.Struct, frozen=True):
    """Messages in order; the next ones are those after the number `last`."""

    items: tuple[MessageAnswer, ...]
    last: int


class AcknowledgedAnswer(msgspec.Struct, frozen=True):
    """How many messages were acknowledged just now, and up to which number all are."""

    acknowledged: int
    through: int


def answer_message(message: Message) -> MessageAnswer:
    """A message as it is answered."""
    told = message.told
    return MessageAnswer(
        told.node,
        told.number,
        told.kind,
        told.at,
        told.reason,
        _answer_work(told.work),
        told.acknowledge_by,
        told.repeats,
        message.acknowledged_at,
        message.acknowledged_by,
        message.refused_at,
        message.refused_why,
    )


def node_of(call: Call[Any, Any]) -> NodeId:
    """The node of the path; one that the actor has nothing to do with is not there for them."""
    node = NodeId(call.path("node_id"))
    if not call.actor.may_at(node) or call.actor.customers is not None:
        raise Refused(NotFound("node", node))
    return node


async def list_messages(call: Call[Nothing, MessagesQuery]) -> Reply:
    """The messages to a node after a number; where there are none, it is waited for some."""
    asked = call.query
    found = await read_inbox(
        call.system, node_of(call), after=asked.after, limit=asked.limit, wait_seconds=asked.wait_seconds
    )
    if isinstance(found, NotFound):
        raise Refused(found)
    return json_reply(_answer_inbox(found))


async def acknowledge(call: Call[AcknowledgeBody, NoQuery]) -> Reply:
    """Write that the node has messages."""
    asked = call.body
    done = await acknowledge_messages(
        call.system, node_of(call), through=asked.through, numbers=asked.numbers, actor=call.actor.name
    )
    if not isinstance(done, Acknowledged):
        raise Refused(done)
    return json_reply(AcknowledgedAnswer(done.acknowledged, done.through))


async def test_node(call: Plain) -> Reply:
    """Send a node a test."""
    node = node_of(call)

    async def run() -> Reply:
        sent = await send_test(call.system, node, actor=call.actor.name)
        if not isinstance(sent, Message):
            raise Refused(sent)
        return json_reply(answer_message(sent), status=201)

    return await once(call, run)


async def remind_node(call: Plain) -> Reply:
    """Tell a node once more of its work."""
    _, work = await read_visible_work(call)

    async def run() -> Reply:
        sent = await send_again(call.system, work.fulfillment_id, actor=call.actor.name)
        if not isinstance(sent, Message):
            raise Refused(sent)
        return json_reply(answer_message(sent), status=201)

    return await once(call, run)


def _answer_inbox(inbox: Inbox) -> MessagesAnswer:
    return MessagesAnswer(tuple(map(answer_message, inbox.messages)), inbox.last)


def _answer_work(work: ToldWork) -> ToldWorkAnswer:
    recall = work.recall
    return ToldWorkAnswer(
        work.fulfillment_id,
        work.order_id,
        work.channel,
        work.external_id,
        work.method,
        work.service,
        work.carrier or None,
        work.ship_by,
        work.promised_at,
        work.customer_name,
        work.customer_phone,
        None if work.ship_to is None else answer_address(work.ship_to),
        work.via,
        work.attributes,
        tuple(map(_answer_line, work.lines)),
        None
        if recall is None
        else ToldRecallAnswer(recall.recall_id, recall.answer_by, tuple(map(_answer_line, recall.lines))),
    )


def _answer_line(line: ToldLine) -> ToldLineAnswer:
    return ToldLineAnswer(line.line_id, line.sku, line.name, line.quantity, line.lot or None)


_MESSAGE: Final = Message(
    NodeTold(examples.WORK.node, 17, MessageKind.RELEASE, ask(examples.ORDER, examples.WORK, {}).work, examples.AT)
)
_SHOWN: Final = answer_message(_MESSAGE)
_NODE_PATH: Final = (("node_id", examples.WORK.node),)
_NO_NODE: Final = NotFound("node", examples.WORK.node)
_NO_LINK: Final = Invalid((FieldFlaw("/link", "is not set: it is not said how this node is reached"),))

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    Operation(
        method="GET",
        path="/v1/nodes/{node_id}/messages",
        name="list_node_messages",
        summary="What a node is told of its work: releases, changes, withdrawals, recalls; waits for the next one",
        tag="nodes",
        run=list_messages,
        shown=(Shown(200, "The messages, in order", MessagesAnswer, MessagesAnswer((_SHOWN,), 17)),),
        body=NO_BODY,
        query=MessagesQuery,
        scope="fulfillments:read",
        refusals=(_NO_NODE,),
        path_examples=_NODE_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/nodes/{node_id}/messages/acknowledge",
        name="acknowledge_node_messages",
        summary="The node has these messages; said again it changes nothing",
        tag="nodes",
        run=acknowledge,
        shown=(Shown(200, "How far it is", AcknowledgedAnswer, AcknowledgedAnswer(1, 17)),),
        body=Body(TypeAdapter(AcknowledgeBody), {"through": 17}),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(_NO_NODE, Invalid((FieldFlaw("/through", "is required where no numbers are given"),))),
        path_examples=_NODE_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/nodes/{node_id}/messages/test",
        name="test_node",
        summary="Send a node a test release, of which nothing comes but an acknowledgment",
        tag="nodes",
        run=test_node,
        shown=(Shown(201, "The message", MessageAnswer, _SHOWN),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(_NO_NODE, _NO_LINK),
        path_examples=_NODE_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/fulfillments/{fulfillment_id}/remind",
        name="remind_node",
        summary="Tell the node once more of its work; it has its time to answer anew",
        tag="nodes",
        run=remind_node,
        shown=(Shown(201, "The message", MessageAnswer, _SHOWN),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(NO_WORK, _NO_LINK, NotPossibleNow("send again", "shipped")),
        path_examples=WORK_PATH,
    ),
)
