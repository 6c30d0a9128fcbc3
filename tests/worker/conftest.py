"""A system with a clock, something to sell, a subscriber, and a way to send to it."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, item, node, set_up, stock
from tests.conftest import Database
from tests.worker.receiver import Receiver, open_receiver
from troth.adapters.webhooks import open_sender
from troth.flows.door.system import System, open_system
from troth.flows.log.deliver import Post


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 10_000})
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as opened:
        yield opened


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with open_sender() as opened:
        yield opened
