"""Nodes with systems of their own, for tests: what they are told, and what they answer."""

from typing import Any

from tests.builders import Clock, accepted, capture, node
from troth.flows.door.system import System
from troth.flows.nodes.answers import Taken, take_answers
from troth.flows.nodes.messages import read_inbox
from troth.flows.nodes.tell import tell_nodes
from troth.flows.orders.due import act_on_due
from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId
from troth.model.network import Node
from troth.model.node_answers import AnsweredLine, AnswerKind, NodeAnswer
from troth.model.node_link import NodeLink, Reach
from troth.model.order import Order
from troth.model.refusals import NotFound
from troth.store.node_messages import Message
from troth.store.orders import read_orders

PARTNER = NodeId("3PL-1")


def partner(name: str = "3PL-1", **changes: Any) -> Node:
    """A node with a system of its own, that asks for its work."""
    return node(name, **{"link": NodeLink(Reach.API), "latitude": 40.7} | changes)


async def released(system: System, clock: Clock, external_id: str = "W-1", **lines: int) -> Order:
    """An order that was captured, released, and of which nodes were told."""
    order = accepted(await system.door.one(capture(external_id, lines or {"A": 2}), actor="web"))
    clock.advance(minutes=30)
    assert await act_on_due(system, system.door.now(), limit=10) == 1
    await tell(system)
    return await stored(system, order.order_id)


async def tell(system: System) -> None:
    """Tell nodes of everything that happened."""
    while await tell_nodes(system):
        pass


async def stored(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def inbox(system: System, name: NodeId = PARTNER, after: int | None = 0) -> list[Message]:
    """All messages to a node."""
    found = await read_inbox(system, name, after=after, limit=500)
    assert not isinstance(found, NotFound)
    return list(found.messages)


async def kinds(system: System, name: NodeId = PARTNER) -> list[str]:
    """The kinds of all messages to a node, in order."""
    return [message.told.kind.value for message in await inbox(system, name)]


async def answer(system: System, *answers: NodeAnswer, name: NodeId = PARTNER) -> list[Taken]:
    """What becomes of what a node answers."""
    return await take_answers(system, name, answers, actor=f"node/{name}")


def said(kind: AnswerKind, work: FulfillmentId, *lines: AnsweredLine, **more: Any) -> NodeAnswer:
    """An answer about some work."""
    return NodeAnswer(kind, work, lines=lines, **more)


def of_line(number: int, quantity: int, reason: str = "") -> AnsweredLine:
    """Units of a line."""
    return AnsweredLine(LineId(str(number)), quantity, reason)
