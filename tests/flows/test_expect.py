"""Purchase orders that are set: supply and document go together, and what arrived stays arrived."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up
from tests.conftest import Database
from troth.flows.door.expected import Expected
from troth.flows.door.system import System, open_system
from troth.flows.people.access import Actor
from troth.flows.records.configure import Set
from troth.flows.stock.expect import expect, find, read
from troth.flows.stock.stock import Adjustment, adjust
from troth.model.commands import ExpectedLine
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid, VersionConflict
from troth.store.positions import find_positions

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA = NodeId("DC-PA")
A, B = Sku("A"), Sku("B")
SOON = NOW + timedelta(days=3)


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(PA),), items=(item(A), item(B)))
    async with open_system(database.dsn, pool_size=2, clock=Clock()) as opened:
        yield opened


def _line(number: int = 1, sku: Sku = A, quantity: int = 5) -> ExpectedLine:
    return ExpectedLine(number, PA, sku, quantity, SOON)


async def _incoming(system: System) -> dict[str, int]:
    async with system.pool.acquire() as connection:
        return {one.sku: one.incoming for one in await find_positions(connection, limit=10)}


async def test_a_purchase_order_brings_its_lines_and_what_it_lacks_later_is_withdrawn(system: System) -> None:
    assert await expect(system, "P-1", (_line(1), _line(2, B, 7)), actor=ANN) == Set(1, is_new=True)
    assert await _incoming(system) == {A: 5, B: 7}

    assert await expect(system, "P-1", (_line(1, A, 9),), actor=ANN) == Set(2, is_new=False)

    assert await _incoming(system) == {A: 9, B: 0}


async def test_a_purchase_order_says_how_far_it_has_arrived_and_is_promised(system: System) -> None:
    await expect(system, "P-1", (_line(),), actor=ANN)
    accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    await adjust(system, [Adjustment(PA, A, 2, "receipt", "P-1")], actor=ANN)

    found = await read(system, "P-1")

    assert found is not None
    assert [(state.line, state.received, state.reserved) for state in found.value] == [(_line(), 2, 1)]
    assert await read(system, "P-2") is None


async def test_a_line_cannot_shrink_below_what_was_received_and_the_document_stays(system: System) -> None:
    await expect(system, "P-1", (_line(),), actor=ANN)
    await adjust(system, [Adjustment(PA, A, 4, "receipt", "P-1")], actor=ANN)

    done = await expect(system, "P-1", (_line(quantity=3),), actor=ANN)

    assert isinstance(done, Invalid)
    assert [number for number, _ in await find(system, limit=10)] == ["P-1"]
    found = await read(system, "P-1")
    assert found is not None
    assert (found.version, found.value[0].line.quantity) == (1, 5)


async def test_what_a_purchase_order_cannot_mean_is_named_by_field(system: System) -> None:
    lines = (_line(1), _line(1, Sku("NOPE")), ExpectedLine(3, NodeId("MARS"), A, 1, SOON))

    done = await expect(system, "P/1", lines, actor=ANN)

    assert isinstance(done, Invalid)
    assert [flaw.pointer for flaw in done.flaws] == ["/number", "/lines/1/line", "/lines/1/sku", "/lines/2/node"]
    assert await _incoming(system) == {}


async def test_a_kit_is_not_expected(system: System) -> None:
    kit = item("KIT", kit=((A, 2),))
    await set_up(system.pool, nodes=(), items=(kit,))

    done = await expect(system, "P-1", (_line(1), _line(2, kit.sku)), actor=ANN)

    assert done == Invalid((FieldFlaw("/lines/1/sku", "is a kit, which has no stock: name its components"),))
    assert await read(system, "P-1") is None
    assert await _incoming(system) == {}


async def test_of_many_who_replace_the_same_version_one_wins_even_with_few_connections(system: System) -> None:
    await expect(system, "P-1", (_line(),), actor=ANN)

    done = await asyncio.gather(
        *(
            expect(system, "P-1", (_line(quantity=quantity),), actor=ANN, expected=Expected(frozenset({1})))
            for quantity in range(10, 18)
        )
    )

    assert len([one for one in done if isinstance(one, Set)]) == 1
    assert len([one for one in done if isinstance(one, VersionConflict)]) == 7


async def test_two_processes_that_set_one_at_once_leave_document_and_supply_alike(
    system: System, database: Database
) -> None:
    async with open_system(database.dsn, pool_size=2, clock=Clock(NOW + timedelta(seconds=1))) as other:
        await asyncio.gather(
            *(
                expect(system if quantity % 2 else other, "P-1", (_line(quantity=quantity),), actor=ANN)
                for quantity in range(10, 20)
            )
        )

    found = await read(system, "P-1")
    assert found is not None
    assert found.version == 10
    assert await _incoming(system) == {A: found.value[0].line.quantity}
