"""The tracking page over a small system, and an order with its link."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.tracking.links import give_link
from troth.model.commands import ReleaseOrder
from troth.model.ids import OrderId
from troth.model.order import Order
from troth.store.orders import read_orders
from troth.tracking.app import create_tracking


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(
        database.pool,
        nodes=(node("DC-PA"), replace(node("ST-NYC"), name="Fifth Avenue")),
        items=(item("A", name="Blue Tent"), item("B", name="""<b>"Lamp" & 'Oil'</b>""")),
    )
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 20, ("B", "DC-PA"): 20, ("A", "ST-NYC"): 5})
        yield opened


@pytest.fixture
def app(system: System) -> Starlette:
    return Starlette(routes=[Mount("/track", create_tracking(system))])


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://track.test") as opened:
        yield opened


async def captured(system: System, external_id: str = "W-1", **changes: object) -> Order:
    return accepted(await system.door.one(capture(external_id, **changes), actor="web"))  # type: ignore[arg-type]


async def released(system: System, external_id: str = "W-1", **changes: object) -> Order:
    order = await captured(system, external_id, **changes)
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    return await stored(system, order.order_id)


async def stored(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def path_of(system: System, order: Order) -> str:
    token = await give_link(system, order.order_id)
    assert token is not None
    return f"/track/{token}"
