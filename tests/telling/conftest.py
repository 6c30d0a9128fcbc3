"""Fixtures of notifications: a stocked distribution center and a store, a mail server, and a shop that uses it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.builders import Clock, item, node, set_up, stock
from tests.conftest import Database
from tests.telling.mail_server import MailServer, mail_server
from tests.telling.telling import ORIGIN, Shop
from troth.flows.door.system import System, open_system


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    nodes = (replace(node("DC-PA"), name="Harrisburg DC"), replace(node("ST-NYC"), name="Fifth Avenue"))
    await set_up(database.pool, nodes=nodes, items=(item("A", name="Tea pot"), item("B", name="Cup & <saucer>")))
    async with open_system(database.dsn, clock=clock, origin=ORIGIN) as opened:
        await stock(opened, {("A", "DC-PA"): 100, ("B", "DC-PA"): 100, ("A", "ST-NYC"): 20})
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as one:
        yield one


@pytest.fixture
def shop(system: System, clock: Clock, server: MailServer) -> Shop:
    return Shop(system, clock, server)
