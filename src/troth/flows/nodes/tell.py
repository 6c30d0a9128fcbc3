"""Telling nodes with systems of their own of their work: the log is read once, and what each node is to be told is
written with how far it was read, in one transaction. So nothing is told twice, and nothing is forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.engine.acceptance import within_hours
from troth.engine.carriage.network import Network
from troth.engine.told_work import Asked, LastTold, ask, find_kind
from troth.flows.door.system import System
from troth.model.events import ConfigurationSet, FulfillmentRejected
from troth.model.ids import FulfillmentId, NodeId, OrderId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.network import Node
from troth.model.node_messages import MessageKind, NodeTold
from troth.model.order import Fulfillment, Order
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.events import LoggedEvent
from troth.store.node_messages import (
    Awaited,
    WorkTold,
    advance_followed_position,
    append_messages,
    read_followed_position,
    read_last_told,
    take_numbers,
    try_following,
    write_last_told,
)
from troth.store.orders import find_fulfillments, read_orders
from troth.store.reference import read_node

ACTOR: Final = "node messages"
"""Who acts, in the log, where a node is told something."""
ANSWERED: Final = "node answer"
"""The cause, in the log, of what a node itself has answered."""
EVENTS_MAX: Final = 1_000
FOLLOWED: Final = (
    "OrderReleased",
    "OrderCanceled",
    "OrderChanged",
    "FulfillmentRejected",
    "RecallRequested",
    "RecallAnswered",
    "RecallEnded",
    "WorkRedated",
    "WorkUpgraded",
    ConfigurationSet.__name__,
)
"""After which events a node may have to be told something."""

_ORDER: Final = "O-"
_AT_NODE: Final = (AllocationState.RELEASED, AllocationState.ACCEPTED, AllocationState.PICKED, AllocationState.PACKED)
_OPEN_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class _Telling:
    """A message that is to be written to a node, and why."""

    order: Order
    work: Fulfillment
    node: Node
    kind: MessageKind
    asked: Asked
    reason: str


async def tell_nodes(system: System, *, limit: int = EVENTS_MAX) -> int:
    """Tell nodes what the next events of the log mean for them; how many events were looked at."""
    async with transaction(system.pool) as connection:
        if not await try_following(connection):
            return 0
        position = await read_followed_position(connection)
        page = await system.log.read(connection, position, kinds=FOLLOWED, limit=limit)
        if not page.looked_at:
            return 0
        await _tell(connection, system, page.events)
        if not await advance_followed_position(connection, position, page.end):
            raise RuntimeError("somebody else has told nodes of the same events")
    return page.looked_at


def when_due(network: Network, node: Node, work: FulfillmentId, now: datetime) -> Awaited:
    """By when work that a node is told of now has to be acknowledged and shipped."""
    link = node.link
    return Awaited(
        work,
        None if link is None else within_hours(network, node.node, now, link.acknowledge_minutes),
        None if link is None else within_hours(network, node.node, now, link.ship_minutes),
    )


async def item_names(system: System, orders: Iterable[Order]) -> Mapping[Sku, str]:
    """The names of all items that orders have parts of."""
    skus = {part.sku for order in orders for part in order.allocations} | {
        line.sku for order in orders for line in order.lines
    }
    await system.door.reference.need_items(skus)
    items = system.door.reference.items
    return {sku: items[sku].name for sku in skus if sku in items}


async def _tell(connection: Connection, system: System, events: Sequence[LoggedEvent]) -> None:
    network = system.door.reference.network
    linked = {node.node: node for node in network.nodes if node.link is not None}
    of_orders = [event for event in events if event.subject.startswith(_ORDER)]
    found = await read_orders(connection, {OrderId(event.subject) for event in of_orders}) if linked else {}
    for name in {_node_set(event) for event in events} - {None}:
        stored = None if name is None else await read_node(connection, name)
        if stored is not None and stored.value.link is not None:
            linked[stored.value.node] = stored.value
            open_works = await find_fulfillments(connection, node=stored.value.node, statuses=_AT_NODE, limit=_OPEN_MAX)
            found |= {order.order_id: order for order, _ in open_works}
    works = [(order, work) for order in found.values() for work in order.fulfillments if work.node in linked]
    if not works:
        return
    names = await item_names(system, [order for order, _ in works])
    before = await read_last_told(connection, [work.fulfillment_id for _, work in works])
    own, reasons = _own_rejections(of_orders), _reasons(of_orders)
    tellings: list[_Telling] = []
    quiet: list[WorkTold] = []
    for order, work in works:
        told = before.get(work.fulfillment_id)
        asked = ask(order, work, names)
        kind = find_kind(None if told is None else told.last, asked)
        if kind is None:
            continue
        if told is not None and work.fulfillment_id in own and asked.units < told.last.units:
            last = LastTold(asked.units, asked.digest, asked.recall_id)
            quiet.append(WorkTold(work.fulfillment_id, order.order_id, work.node, told.number, last))
            continue
        reason = "" if kind is MessageKind.RELEASE else reasons.get(order.order_id, "")
        tellings.append(_Telling(order, work, linked[work.node], kind, asked, reason))
    await _write(connection, network, tellings, quiet, system.door.now())


async def _write(
    connection: Connection, network: Network, tellings: Sequence[_Telling], quiet: Sequence[WorkTold], now: datetime
) -> None:
    counts: dict[NodeId, int] = {}
    for one in tellings:
        counts[one.node.node] = counts.get(one.node.node, 0) + 1
    numbers = await take_numbers(connection, counts) if counts else {}
    messages: list[NodeTold] = []
    told: list[WorkTold] = list(quiet)
    awaited: list[Awaited] = []
    for one in sorted(tellings, key=lambda one: (one.work.ship_by, one.work.fulfillment_id)):
        node, work = one.node, one.work
        number = numbers[node.node]
        numbers[node.node] += 1
        due = None
        if one.kind is MessageKind.RELEASE:
            due = when_due(network, node, work.fulfillment_id, now)
            awaited.append(due)
        messages.append(
            NodeTold(
                node.node,
                number,
                one.kind,
                one.asked.work,
                now,
                one.reason,
                None if due is None else due.acknowledge_by,
            )
        )
        last = LastTold(one.asked.units, one.asked.digest, one.asked.recall_id)
        told.append(WorkTold(work.fulfillment_id, one.order.order_id, node.node, number, last))
    if messages:
        await append_messages(connection, messages, actor=ACTOR)
    await write_last_told(connection, told, awaited)


def _node_set(event: LoggedEvent) -> NodeId | None:
    """The node that an event says was set."""
    what, _, name = event.subject.partition(":")
    return NodeId(name) if what == "node" and event.kind == ConfigurationSet.__name__ else None


def _own_rejections(events: Iterable[LoggedEvent]) -> set[FulfillmentId]:
    """The work of which units were refused by its node itself, which need not be told what it has said."""
    rejected = [one for one in events if one.kind == FulfillmentRejected.__name__ and one.cause == ANSWERED]
    return {event.fulfillment_id for one in rejected if isinstance(event := one.event, FulfillmentRejected)}


def _reasons(events: Iterable[LoggedEvent]) -> dict[OrderId, str]:
    """Why orders are other ones now than they were: what the last event that says so says."""
    found = {}
    for logged in events:
        reason = getattr(logged.event, "reason", "")
        if reason:
            found[OrderId(logged.subject)] = str(reason)
    return found
