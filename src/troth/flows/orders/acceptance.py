"""Nodes that have to accept their work in time: by when, and what happens where they do not."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from troth.engine.acceptance import accept_by
from troth.engine.carriage.network import Network
from troth.flows.door.expected import Expected
from troth.flows.door.requests import Request
from troth.flows.door.system import System
from troth.flows.orders.due import ACTOR, count_acted
from troth.model.commands import Command, MissAcceptance, RejectWork
from troth.model.events import OrderReleased
from troth.model.ids import FulfillmentId, OrderId
from troth.model.lifecycle import AllocationState
from troth.model.network import Node
from troth.model.order import Fulfillment, Order
from troth.model.status import fulfillment_status
from troth.model.value import dataclass
from troth.store.acceptance import find_unaccepted, read_releases
from troth.store.database import Connection
from troth.store.orders import read_orders

NOT_ACCEPTED: Final = "not_accepted"
"""The reason with which work is taken from a node that did not accept it."""

_RELEASED: Final = AllocationState.RELEASED


@dataclass(frozen=True, slots=True)
class Window:
    """The time that a node has to accept work: from its release on, and whether it was said that it is over."""

    released_at: datetime
    accept_by: datetime
    is_missed: bool


async def read_windows(
    connection: Connection, network: Network, works: Collection[tuple[Order, Fulfillment]]
) -> dict[FulfillmentId, Window]:
    """The windows of what is released and not accepted yet, of nodes that have to accept; the others are left out.

    They follow from the log, which says when what was released: nothing about them is stored.
    """
    open_works = [
        (order, work)
        for order, work in works
        if _node(network, work) is not None and fulfillment_status(order, work.fulfillment_id) is _RELEASED
    ]
    if not open_works:
        return {}
    released: dict[tuple[OrderId, int], datetime] = {}
    missed: dict[FulfillmentId, datetime] = {}
    for order_id, event in await read_releases(connection, {order.order_id for order, _ in open_works}):
        if isinstance(event, OrderReleased):
            released |= {(order_id, move.allocation): event.at for move in event.parts.moves}
        else:
            missed[event.fulfillment_id] = event.at
    windows: dict[FulfillmentId, Window] = {}
    for order, work in open_works:
        numbers = [part.allocation for part in order.allocations if part.fulfillment_id == work.fulfillment_id]
        at = max((at for number in numbers if (at := released.get((order.order_id, number)))), default=None)
        until = None if at is None else accept_by(network, work.node, at)
        if at is not None and until is not None:
            missed_at = missed.get(work.fulfillment_id)
            windows[work.fulfillment_id] = Window(at, until, missed_at is not None and missed_at >= at)
    return windows


def find_accept_by(windows: Mapping[FulfillmentId, Window], fulfillment: FulfillmentId) -> datetime | None:
    """By when a fulfillment has to be accepted; None where it does not, or was."""
    window = windows.get(fulfillment)
    return None if window is None else window.accept_by


async def act_on_acceptance(system: System, now: datetime, *, limit: int) -> int:
    """Say of at most `limit` fulfillments that they were not accepted in time, and take those that were not for too
    long from their nodes, to be sourced again; how many orders changed.

    Workers may do this side by side: each command names the version of the order that it was read from, so that who
    comes second, or after the node, changes nothing.
    """
    network = system.door.reference.network
    nodes = [
        (node.node, node.feed_minutes + node.acceptance_minutes, node.reroute_after_minutes is not None)
        for node in network.nodes
        if node.acceptance_minutes
    ]
    if not nodes:
        return 0
    async with system.pool.acquire() as connection:
        found = await find_unaccepted(connection, nodes, now, limit=limit)
        # The orders before the log: what is told of a version that was read is in the log by then.
        orders = await read_orders(connection, {order_id for order_id, _ in found})
        wanted = {fulfillment for _, fulfillment in found}
        works = [
            (order, work) for order in orders.values() for work in order.fulfillments if work.fulfillment_id in wanted
        ]
        windows = await read_windows(connection, network, works)
    asked: dict[OrderId, Request] = {}
    for order, work in works:
        window = windows.get(work.fulfillment_id)
        command = None if window is None else _command(network, work, window, now)
        if command is not None and order.order_id not in asked:  # the next one of an order is of its next version
            version = Expected(frozenset({order.version}))
            asked[order.order_id] = Request((command,), ACTOR, ACTOR, expected=version)
    results = await asyncio.gather(*map(system.door.submit, asked.values()), return_exceptions=True)
    return count_acted(list(asked), results, set())


def _command(network: Network, work: Fulfillment, window: Window, now: datetime) -> Command | None:
    if window.accept_by > now:
        return None
    if not window.is_missed:
        return MissAcceptance(work.fulfillment_id, window.released_at)
    node = _node(network, work)
    after = None if node is None else node.reroute_after_minutes
    if after is None or window.accept_by + timedelta(minutes=after) > now:
        return None
    return RejectWork(work.fulfillment_id, NOT_ACCEPTED)


def _node(network: Network, work: Fulfillment) -> Node | None:
    """The node of the work, where it has to accept it."""
    position = network.index.get(work.node)
    node = None if position is None else network.nodes[position]
    return node if node is not None and node.acceptance_minutes else None
