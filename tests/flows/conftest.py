"""Fixtures of flows: a clock that stands still, and a system of two distribution centers with three items.

Tests of other networks have a `system` of their own.
"""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, item, node, set_up
from tests.conftest import Database
from troth.flows.door.system import System, open_system


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=tuple(item(sku) for sku in "ABC"))
    async with open_system(database.dsn, clock=clock) as opened:
        yield opened
