"""Floors of classes: what a lower class keeps and gets of scarce supply, whoever comes before it."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from tests.flows.moving import ANN, PA, A, assert_sound, line, log, order_of, read, settle, sources
from tests.flows.test_queue import decide_by
from troth.flows.door.system import System, open_system
from troth.flows.orders.repromise import repromise_moved
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.model.commands import CancelOrder
from troth.model.events import BackorderCovered, PromiseChanged, SupplyGivenUp
from troth.model.ids import OrderId
from troth.model.status import live_allocations

FLOORS = {
    "priority_classes": ["gold", "silver"],
    "class_floors": [{"customer_class": "silver", "percent": 25}, {"customer_class": "", "units": 1}],
}
WAIT = {"name": "wait", "partial": "queue", "none": "queue"}
LATER = {"name": "later", "partial": "backorder", "none": "backorder"}


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await decide_by(opened, LATER, WAIT, **FLOORS)
        yield opened


async def gold(system: System, units: int) -> OrderId:
    return await order_of(system, "gold", units, customer_class="gold")


async def silver(system: System, units: int) -> OrderId:
    return await order_of(system, "silver", units, customer_class="silver")


async def held(system: System, *orders: OrderId) -> list[int]:
    """How many units each order has on hand."""
    return [sum(units for _node, source, units in await sources(system, one) if source == "on_hand") for one in orders]


async def test_who_comes_first_gives_way_where_a_floor_keeps_units_and_it_is_said_who_has_what(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 14})
    orders = (await gold(system, 8), await silver(system, 4), await order_of(system, "plain", 2))

    await count(system, PA, system.door.now(), [Counted(A, 8)], actor=ANN)
    await settle(system)

    assert await held(system, *orders) == [5, 2, 1]
    events = await log(system, orders[0])
    divided = "gold has 5 of 8, silver has 2 of 4 (2 by a floor), all others have 1 of 2 (1 by a floor)"
    assert [one.reason for one in events if isinstance(one, SupplyGivenUp)] == [f"A at DC-PA ({divided}) is short"]
    # What customers are told says nothing of other customers.
    assert [one.reason for one in events if isinstance(one, PromiseChanged)] == ["A at DC-PA is short"]
    await assert_sound(system)


async def test_looking_again_at_what_floors_divided_changes_nothing(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 12})
    orders = (await gold(system, 8), await silver(system, 4))
    await count(system, PA, system.door.now(), [Counted(A, 8)], actor=ANN)
    await settle(system)
    before = [await read(system, one) for one in orders]

    await count(system, PA, system.door.now(), [Counted(A, 8)], actor=ANN)
    assert await settle(system) == 0

    assert [await read(system, one) for one in orders] == before
    assert await held(system, *orders) == [6, 2]


async def test_of_a_purchase_order_that_comes_in_part_a_class_has_its_floor(system: System) -> None:
    await expect(system, "P-1", (line(12),), actor=ANN)
    orders = (await gold(system, 8), await silver(system, 4))

    await adjust(system, [Adjustment(PA, A, 8, "receipt", "P-1")], actor=ANN)

    assert await held(system, *orders) == [6, 2]
    covered = [event for one in orders for event in await log(system, one) if isinstance(event, BackorderCovered)]
    assert [event.floor_units for event in covered] == [0, 2]


async def test_what_arrives_for_who_waits_is_divided_exactly_and_the_decision_says_why(system: System) -> None:
    orders = (await gold(system, 8), await silver(system, 4))

    await adjust(system, [Adjustment(PA, A, 8, "receipt")], actor=ANN)
    await settle(system)

    assert await held(system, *orders) == [6, 2]
    decided = (await explained(system, await read(system, orders[1])))[0]
    assert decided.is_reproduced
    assert decided.trace.notes[0] == (
        "a floor keeps 2 units of A at DC-PA for its class, whoever comes before it; more is left to who comes first"
    )


async def test_what_is_free_again_is_divided_as_what_arrives(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 8})
    first = await order_of(system, "first", 8, customer_class="gold")
    orders = (await gold(system, 8), await silver(system, 4))
    await repromise_moved(system)

    accepted(await system.door.one(CancelOrder(first, "changed their mind"), actor="ann"))
    await settle(system)

    assert await held(system, *orders) == [6, 2]


async def test_a_floor_that_is_too_small_for_an_order_that_ships_complete_is_left_to_the_others(
    system: System,
) -> None:
    first = await gold(system, 8)
    command = capture("whole", {"A": 4}, ship_complete=True, attributes={"customer_class": "silver"})
    whole = accepted(await system.door.one(command, actor="web")).order_id

    await adjust(system, [Adjustment(PA, A, 8, "receipt")], actor=ANN)
    await settle(system)

    assert await held(system, first, whole) == [8, 0]
    assert live_allocations(await read(system, whole)) == ()


async def test_where_there_is_enough_for_all_nobody_needs_a_floor(system: System) -> None:
    orders = (await gold(system, 8), await silver(system, 4))

    await adjust(system, [Adjustment(PA, A, 12, "receipt")], actor=ANN)

    assert await held(system, *orders) == [8, 4]
    decided = (await explained(system, await read(system, orders[1])))[0]
    assert not [note for note in decided.trace.notes if "floor" in note]


async def test_without_floors_those_behind_have_nothing_before_those_who_come_first_have_all(system: System) -> None:
    await decide_by(system, LATER, WAIT, priority_classes=["gold", "silver"])
    orders = (await gold(system, 8), await silver(system, 4))

    await adjust(system, [Adjustment(PA, A, 8, "receipt")], actor=ANN)
    await settle(system)

    assert await held(system, *orders) == [8, 0]
