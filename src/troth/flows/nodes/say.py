"""What a person says to a node with a system of its own: a release once more, and a test."""

from datetime import datetime, timedelta
from typing import Final

from troth.engine.told_work import LastTold, ask
from troth.flows.door.system import System
from troth.flows.nodes.tell import item_names, when_due
from troth.flows.orders.fulfill import read_work
from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId, Sku
from troth.model.network import Node
from troth.model.node_messages import TEST_PREFIX, MessageKind, NodeTold, ToldLine, ToldWork
from troth.model.order import Method
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.status import fulfillment_status
from troth.store.database import transaction
from troth.store.node_messages import (
    Message,
    WorkTold,
    append_messages,
    read_last_told,
    take_numbers,
    wait_to_tell,
    write_last_told,
)
from troth.store.reference import read_node

_NO_LINK: Final = Invalid((FieldFlaw("/link", "is not set: it is not said how this node is reached"),))


async def send_again(
    system: System, fulfillment: FulfillmentId, *, actor: str, cause: str = ""
) -> Message | NotFound | NotPossibleNow | Invalid:
    """Tell a node once more of its work, as it is now; it has its time to answer anew."""
    found = await read_work(system.pool, fulfillment)
    if isinstance(found, NotFound):
        return found
    order, work = found
    names = await item_names(system, (order,))
    now = system.door.now()
    async with transaction(system.pool) as connection:
        await wait_to_tell(connection)
        stored = await read_node(connection, work.node)
        if stored is None or stored.value.link is None:
            return _NO_LINK
        asked = ask(order, work, names)
        if not asked.is_open:
            return NotPossibleNow("send again", fulfillment_status(order, fulfillment))
        before = (await read_last_told(connection, (fulfillment,))).get(fulfillment)
        due = when_due(system.door.reference.network, stored.value, fulfillment, now)
        number = (await take_numbers(connection, {work.node: 1}))[work.node]
        repeats = None if before is None else before.number
        told = NodeTold(
            work.node, number, MessageKind.RELEASE, asked.work, now, "sent again", due.acknowledge_by, repeats
        )
        await append_messages(connection, (told,), actor=actor, cause=cause)
        last = LastTold(asked.units, asked.digest, asked.recall_id)
        await write_last_told(connection, (WorkTold(fulfillment, order.order_id, work.node, number, last),), (due,))
    return Message(told)


async def send_test(system: System, node: NodeId, *, actor: str) -> Message | NotFound | Invalid:
    """Tell a node of work that is not there, to see that it is reached and answers; nothing else comes of it."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        await wait_to_tell(connection)
        stored = await read_node(connection, node)
        if stored is None:
            return NotFound("node", node)
        if stored.value.link is None:
            return _NO_LINK
        number = (await take_numbers(connection, {node: 1}))[node]
        due = when_due(system.door.reference.network, stored.value, FulfillmentId(""), now)
        work = _test_work(stored.value, number, due.ship_within or now + timedelta(days=1))
        told = NodeTold(node, number, MessageKind.TEST, work, now, "a test", due.acknowledge_by)
        await append_messages(connection, (told,), actor=actor)
    return Message(told)


def _test_work(node: Node, number: int, ship_by: datetime) -> ToldWork:
    """Work of one unit of nothing, which is sent to the node itself."""
    name = f"{TEST_PREFIX}{number}"
    return ToldWork(
        FulfillmentId(name),
        OrderId(name),
        "test",
        name,
        Method.SHIP,
        "standard",
        "",
        ship_by,
        ship_by,
        node.name,
        "",
        node.address,
        (ToldLine(LineId("1"), Sku("TEST"), "a test, of which nothing is there", 1),),
    )
