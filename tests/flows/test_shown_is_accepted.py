"""What is shown as available is what capturing accepts at that moment, to the unit, and one more is refused."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.supply.available_to_sell import Stock
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.stock.availability import Answered, read_availability
from troth.model.commands import ExpectedLine, ExpectSupply
from troth.model.ids import NodeId, Sku
from troth.model.refusals import StockShort

NODES = ("DC-PA", "DC-IL", "ST-NYC")
SKUS = tuple(f"E{number}" for number in range(12))


@pytest.fixture
async def pair(database: Database) -> AsyncIterator[tuple[System, System]]:
    await set_up(database.pool, nodes=tuple(map(node, NODES)), items=tuple(map(item, SKUS)))
    async with open_system(database.dsn, clock=Clock()) as one, open_system(database.dsn, clock=Clock()) as other:
        yield one, other


async def _shown(system: System, sku: str) -> Stock:
    found = await read_availability(system, [Sku(sku)], channel="web")
    assert isinstance(found, Answered)
    return found.items[0].stock


async def _expect(system: System, number: str, sku: str, units: int) -> None:
    line = ExpectedLine(1, NodeId("DC-IL"), Sku(sku), units, NOW + timedelta(days=9))
    outcome = await system.door.one(ExpectSupply(number, (line,), ()), actor="test")
    assert isinstance(outcome, Accepted)


async def test_as_many_as_are_shown_are_accepted_and_one_more_is_not(pair: tuple[System, System]) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    system, _ = pair
    for turn, sku in enumerate(SKUS):
        chosen = draw.sample(NODES, draw.randint(0, len(NODES)))
        await stock(system, {(sku, name): draw.randint(1, 30) for name in chosen})
        for number in range(draw.randint(0, 3)):
            await system.door.one(capture(f"B-{turn}-{number}", {sku: draw.randint(1, 8)}), actor="test")
        dated = draw.choice((0, 0, 5))
        if dated:
            await _expect(system, f"PO-{turn}", sku, dated)

        shown = await _shown(system, sku)
        most = shown.available + shown.incoming
        refused = await system.door.one(capture(f"M-{turn}", {sku: most + 1}), actor="test")
        unchanged = await _shown(system, sku)
        if most:
            taken = accepted(await system.door.one(capture(f"T-{turn}", {sku: most}), actor="test"))
            on_hand = sum(part.quantity for part in taken.allocations if part.source == "on_hand")
            assert on_hand == shown.available, "what is shown now is what comes from what is there now"

        assert shown.incoming == dated
        assert isinstance(refused, StockShort)
        assert unchanged == shown
        assert await _shown(system, sku) == Stock(0, 0, None)


async def test_processes_that_race_for_what_both_show_sell_it_once(pair: tuple[System, System]) -> None:
    one, other = pair
    await stock(one, {("E0", "DC-PA"): 7, ("E0", "DC-IL"): 5})
    await other.door.follow()
    shown = (await _shown(one, "E0")).available, (await _shown(other, "E0")).available

    outcomes = await asyncio.gather(
        *(
            system.door.one(capture(f"R-{number}-{at}", {"E0": 1}), actor="test")
            for number in range(10)
            for at, system in enumerate(pair)
        )
    )
    await one.door.follow()
    await other.door.follow()

    assert shown == (12, 12)
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 12
    assert all(isinstance(outcome, Accepted | StockShort) for outcome in outcomes)
    assert ((await _shown(one, "E0")).available, (await _shown(other, "E0")).available) == (0, 0)
