"""The store app over a small system of its own, and somebody of the store who is logged in."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.builders import Clock, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.people.access import digest_secret
from troth.model.ids import NodeId, Sku
from troth.model.shelf import ShelfPlace
from troth.settings import Settings
from troth.store.access import User, create_session, create_user
from troth.store.shelf_places import write_shelf_places
from troth.storefloor.app import create_store

PASSWORD = "a long password"
STORE = "ST-NYC"
TENT, STOVE, MUG = "4006381333931", "012345678905", "73513537"
PLACES = {"TENT": "B-10", "STOVE": "A-2", "MUG": "A-10"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(
        database.pool,
        nodes=(replace(node(STORE), name="Broadway"), node("ST-BK", latitude=40.68, longitude=-73.94), node("DC-PA")),
        items=(
            item("TENT", name="Blue Tent", gtin=TENT),
            item("STOVE", name="Gas Stove", gtin=STOVE, barcodes=("X001",)),
            item("MUG", name="Steel Mug", gtin=MUG),
        ),
    )
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("TENT", STORE): 9, ("STOVE", STORE): 9, ("MUG", STORE): 9, ("TENT", "DC-PA"): 9})
        async with opened.pool.acquire() as connection:
            places = [ShelfPlace(Sku(sku), NodeId(STORE), place) for sku, place in PLACES.items()]
            await write_shelf_places(connection, places, clock())
        yield opened


@pytest.fixture
def app(system: System) -> Starlette:
    return Starlette(routes=[Mount("/store", create_store(system, Settings()))])


@pytest.fixture
async def stranger(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://store.test") as client:
        yield client


@pytest.fixture
async def client(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    await log_in(stranger, system, "ana")
    return stranger


async def log_in(
    client: httpx.AsyncClient,
    system: System,
    login: str,
    role: str = "store_associate",
    nodes: Sequence[str] | None = (STORE,),
) -> None:
    """Begin a session of a new user, without the password's slow hash."""
    now, token = datetime.now(UTC), f"token of {login}"
    bound = None if nodes is None else frozenset(nodes)
    async with system.pool.acquire() as connection:
        await create_user(connection, User(login, login, "no hash", role, bound, None, now))
        await create_session(
            connection, digest_secret(token), login=login, created_at=now, expires_at=now + timedelta(hours=1)
        )
    client.cookies.set("troth_session", token, domain="store.test", path="/store")
