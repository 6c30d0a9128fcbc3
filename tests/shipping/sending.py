"""Packages that are sent with the simulated carrier: a world of one node, and what its books and ours say."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.adapters.carriers.simulated import Behavior, Simulated
from troth.flows.door.system import System, open_system
from troth.flows.memory.carriers import Carriers
from troth.flows.shipping.label_work import label_work
from troth.flows.shipping.labels import advance_due, follow_orders
from troth.model.commands import AcceptWork, PackWork, PickWork, ReleaseOrder
from troth.model.ids import LineId, OrderId
from troth.model.label import Label
from troth.model.network import Address
from troth.model.order import Fulfillment, Order, Package, PackageLine
from troth.store.database import Pool
from troth.store.events import read_subject_events
from troth.store.labels import read_labels
from troth.store.orders import read_orders

DEPOT = Address(country="US", line1="1 Depot Rd", city="Harrisburg", region="PA", postcode="17101")
ONE = (Package("1", (PackageLine(LineId("1"), 2),), 1_200),)
TWO = (
    Package("1", (PackageLine(LineId("1"), 1),), 600),
    Package("2", (PackageLine(LineId("1"), 1),), 600),
)


@asynccontextmanager
async def opened(database: Database, clock: Clock, behavior: Behavior | None = None) -> AsyncIterator[System]:
    """A system with a stocked node, whose parcels the simulated carrier takes."""
    await set_up(database.pool, nodes=(node("DC-PA", address=DEPOT),), items=(item("A"),))
    async with again(database.dsn, clock, behavior) as system:
        await stock(system, {("A", "DC-PA"): 1_000})
        yield system


@asynccontextmanager
async def again(dsn: str, clock: Clock, behavior: Behavior | None = None) -> AsyncIterator[System]:
    """The same, of another process."""

    @asynccontextmanager
    async def carriers(pool: Pool, now: Callable[[], datetime] | None) -> AsyncIterator[Carriers]:
        assert now is not None
        yield {"parcel": Simulated("parcel", behavior or Behavior(), pool, now)}

    async with open_system(dsn, clock=clock, carriers=carriers, gs1_prefix="0614141") as system:
        yield system


async def packed(
    system: System, external_id: str = "W-1", packages: tuple[Package, ...] = ONE, **changes: object
) -> Order:
    """An order of two units that its node has packed."""
    order = accepted(await system.door.one(capture(external_id, {"A": 2}, **changes), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    name = order.fulfillments[0].fulfillment_id
    for command in (AcceptWork(name), PickWork(name), PackWork(name, packages)):
        order = accepted(await system.door.one(command, actor="test"))
    return order


def work_of(order: Order) -> Fulfillment:
    """The one work of an order."""
    (work,) = order.fulfillments
    return work


async def label(system: System, order: Order, *packages: str) -> tuple[Label, ...]:
    """The labels of an order's packages; fails the test where they were refused."""
    labels = await label_work(system, order, work_of(order), packages=packages, actor="test")
    assert isinstance(labels, tuple), labels
    return labels


async def go_on(system: System) -> None:
    """Follow the log and go on with labels until nothing is due now."""
    while await follow_orders(system):
        pass
    for _ in range(20):
        if not await advance_due(system, limit=10):
            return
    raise AssertionError("labels are due again and again")


async def read(system: System, order_id: OrderId) -> Order:
    """An order as it is stored."""
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def labels(system: System, order_id: OrderId) -> list[tuple[str, str]]:
    """All labels of an order: package and state."""
    async with system.pool.acquire() as connection:
        found = (await read_labels(connection, [order_id])).get(order_id, ())
    return [(one.package_id, one.state.value) for one in found]


async def numbers(system: System, order_id: OrderId) -> list[str]:
    """The tracking numbers of an order's packages."""
    order = await read(system, order_id)
    return [package.tracking_number for package in work_of(order).packages]


async def books(system: System) -> dict[str, tuple[int, bool]]:
    """The carrier's books: how often it was asked under a key, and whether the parcel is void."""
    async with system.pool.acquire() as connection:
        rows = await connection.fetch("SELECT key, asked, voided_at FROM simulated_parcels ORDER BY key")
    return {row["key"]: (row["asked"], row["voided_at"] is not None) for row in rows}


async def events(system: System, order_id: OrderId) -> list[str]:
    """What happened to the labels of an order, in order."""
    async with system.pool.acquire() as connection:
        found = await read_subject_events(connection, order_id)
    return [one.kind for one in found if one.kind.startswith("Label")]
