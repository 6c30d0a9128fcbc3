"""Receipts of purchase orders that are taken back, and what a receipt or a loss cannot mean."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.moving import ANN, IL, PA, A, B
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.stock.expect import expect, read
from troth.flows.stock.stock import Adjustment, LineResult, adjust
from troth.model.commands import ExpectedLine
from troth.model.refusals import FieldFlaw
from troth.store.positions import find_positions


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=(item(A), item(B)))
    async with open_system(database.dsn, clock=Clock()) as opened:
        yield opened


async def _expected(system: System, number: str) -> list[tuple[int, int, int]]:
    """Units ordered, received and promised by line of a purchase order."""
    found = await read(system, number)
    assert found is not None
    return [(state.line.quantity, state.received, state.reserved) for state in found.value]


async def test_a_receipt_that_is_taken_back_is_expected_again(system: System) -> None:
    lines = (ExpectedLine(1, PA, A, 3, NOW + timedelta(days=2)), ExpectedLine(2, PA, A, 7, NOW + timedelta(days=4)))
    await expect(system, "PO-1", lines, actor=ANN)
    await adjust(system, [Adjustment(PA, A, 5, "receipt", "PO-1")], actor=ANN)
    assert await _expected(system, "PO-1") == [(3, 3, 0), (7, 2, 0)]

    back = [Adjustment(PA, A, -2, "receipt", "PO-1"), Adjustment(PA, A, -1, "receipt", "PO-1")]
    done = await adjust(system, back, actor=ANN)

    assert done == (LineResult(0), LineResult(1))
    assert await _expected(system, "PO-1") == [(3, 2, 0), (7, 0, 0)]
    async with system.pool.acquire() as connection:
        (position,) = await find_positions(connection, skus=[A], nodes=[PA], limit=10)
    assert (position.on_hand, position.incoming) == (2, 8)
    assert (await examine(system.pool)).is_clean


async def test_what_a_receipt_cannot_mean_is_refused_by_line(system: System) -> None:
    await stock(system, {(A, PA): 10, (B, PA): 10})
    await expect(system, "PO-1", (ExpectedLine(1, PA, A, 5, NOW + timedelta(days=2)),), actor=ANN)
    await adjust(system, [Adjustment(PA, A, 2, "receipt", "PO-1")], actor=ANN)
    entries = await system.pool.fetchval("SELECT count(*) FROM entries")

    done = await adjust(
        system,
        [
            Adjustment(PA, A, 3, "receipt", "PO-9"),
            Adjustment(PA, A, -3, "receipt", "PO-9"),
            Adjustment(PA, A, -3, "receipt", "PO-1"),
            Adjustment(PA, B, -1, "receipt", "PO-1"),
            Adjustment(PA, A, 2, "damaged"),
        ],
        actor=ANN,
    )

    assert isinstance(done, tuple)
    assert [line.flaws for line in done] == [
        (FieldFlaw("/reference", "there is no purchase order PO-9"),),
        (FieldFlaw("/reference", "there is no purchase order PO-9"),),
        (FieldFlaw("/delta", "only 2 units were received of purchase order PO-1"),),
        (FieldFlaw("/reference", "nothing of it was received here of purchase order PO-1"),),
        (FieldFlaw("/delta", "must be less than zero for damaged units: what is there after all is found"),),
    ]
    assert await system.pool.fetchval("SELECT count(*) FROM entries") == entries
    assert await _expected(system, "PO-1") == [(5, 2, 0)]
