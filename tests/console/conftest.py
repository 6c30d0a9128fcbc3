"""The console over a small system of its own, and somebody who is logged in."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.builders import Clock, item, node, set_up, stock
from tests.conftest import Database
from troth.console.app import create_console
from troth.flows.door.system import System, open_system
from troth.flows.people.access import digest_secret
from troth.http.records.bodies import BODIES
from troth.settings import Settings
from troth.store.access import User, create_session, create_user

PASSWORD = "a long password"
HOSTILE = """<script>alert("1")</script>'"&"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(
        database.pool,
        nodes=(node("DC-PA"), node("DC-IL"), node("ST-NYC")),
        items=(item("A", name="Blue Tent", gtin="09520000000011"), item("B", name=HOSTILE)),
    )
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 20, ("B", "DC-IL"): 20})
        yield opened


@pytest.fixture
def app(system: System) -> Starlette:
    return Starlette(routes=[Mount("/console", create_console(system, Settings(sample="small"), bodies=BODIES))])


@pytest.fixture
async def stranger(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        yield client


@pytest.fixture
async def client(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    token = await begin_session(system, "maya", "operator")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    return stranger


async def begin_session(system: System, login: str, role: str) -> str:
    """The token of a session of a new user, without the password's slow hash."""
    now, token = datetime.now(UTC), f"token of {login}"
    async with system.pool.acquire() as connection:
        await create_user(connection, User(login, login, "no hash", role, None, None, now))
        await create_session(
            connection, digest_secret(token), login=login, created_at=now, expires_at=now + timedelta(hours=1)
        )
    return token


async def log_in(client: httpx.AsyncClient, login: str, password: str = PASSWORD) -> httpx.Response:
    """Send the login form as a browser would."""
    form = await client.get("/console/login")
    return await client.post("/console/login", data={"csrf": csrf_in(form), "login": login, "password": password})


async def post(client: httpx.AsyncClient, page: str, action: str, **fields: str) -> httpx.Response:
    """Send a form of a page, with the token that the page holds."""
    return await client.post(f"/console{action}", data={"csrf": csrf_in(await client.get(f"/console{page}")), **fields})


def csrf_in(response: httpx.Response) -> str:
    """The token in a form of a page."""
    found = re.search(r'name="csrf" value="(\w+)"', response.text)
    assert found, response.text
    return found[1]
