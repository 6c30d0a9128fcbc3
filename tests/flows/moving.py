"""Orders whose supply moves: a small world of two nodes, and what tests look at in it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tests.builders import NOW, accepted, capture
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.orders.repromise import repromise_moved
from troth.flows.people.access import Actor
from troth.model.commands import (
    ExpectedLine,
)
from troth.model.events import Event
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.status import live_allocations
from troth.store.balances import find_balances
from troth.store.events import read_subject_events
from troth.store.orders import read_orders

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, IL = NodeId("DC-PA"), NodeId("DC-IL")
A, B = Sku("A"), Sku("B")
SOON, LATER = NOW + timedelta(days=7), NOW + timedelta(days=14)


def line(quantity: int, at: datetime = SOON, number: int = 1, at_node: NodeId = PA) -> ExpectedLine:
    return ExpectedLine(number, at_node, A, quantity, at)


async def order_of(system: System, name: str, units: int = 1, **attributes: str) -> OrderId:
    command = capture(name, {"A": units}, attributes=attributes)
    return accepted(await system.door.one(command, actor="web")).order_id


async def read(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def log(system: System, order_id: OrderId) -> list[Event]:
    async with system.pool.acquire() as connection:
        return [logged.event for logged in await read_subject_events(connection, order_id)]


async def settle(system: System) -> int:
    """All rounds that there is work for; how many orders changed in them."""
    changed = 0
    for _ in range(10):
        done = await repromise_moved(system)
        changed += done.changed
        if not done.changed and not done.has_more:
            break
    return changed


async def sources(system: System, order_id: OrderId) -> list[tuple[str, str, int]]:
    order = await read(system, order_id)
    return [(part.node, part.source, part.quantity) for part in live_allocations(order)]


async def assert_sound(system: System, without: Mapping[SupplyKey, int] | None = None) -> None:
    """No supply promises more than it holds (but for what is said), and the doctor finds nothing."""
    async with system.pool.acquire() as connection:
        balances = await find_balances(connection, limit=1000)
    short = {one.key: one.reserved - one.on_hand for one in balances if one.reserved > one.on_hand}
    assert short == (without or {})
    report = await examine(system.pool)
    assert report.is_clean, report.text()


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]
