"""Ten thousand orders live at random through all verbs and come back, and not a unit, not a cent, no status differs.

Eight thousand live in memory, each looked at after every step; two thousand in the tables, through the write door in
batches, where afterwards the doctor derives everything again. Together they take about a minute of one core.
"""

import asyncio
import random
from datetime import timedelta
from typing import get_args

import pytest

from tests.builders import Clock, set_up, stock
from tests.conftest import Database
from tests.engine.test_conservation import Lives
from tests.lives import (
    ITEMS,
    NODES,
    STOCKED,
    assert_ended,
    assert_money,
    assert_units,
    cancel_rest,
    closing_commands,
    draw_capture,
    draw_command,
    units_gone,
)
from tests.lives_returns import return_commands, units_back
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.model.capture_order import CaptureOrder
from troth.model.commands import (
    Command,
    MissAcceptance,
    OrderCommand,
    ReceiveWork,
    RepromiseOrder,
    ReviewCredit,
    RunWave,
)
from troth.model.ids import OrderId
from troth.model.label_moves import LabelCommand
from troth.model.lifecycle import RecallState
from troth.model.order import Order
from troth.model.pickup_moves import ExtendPickup, OpenLocker, PutBackPickup
from troth.model.return_moves import ReturnCommand
from troth.store.orders import read_orders

UNITS = 30_000
VERBS = frozenset({CaptureOrder, *get_args(OrderCommand), *get_args(ReturnCommand)} - {*get_args(LabelCommand)})
"""Everything that can be asked of an order; labels are bought of carriers first, and have histories of their own."""

NEEDS_MORE = frozenset(
    {ExtendPickup, MissAcceptance, OpenLocker, PutBackPickup, ReceiveWork, RepromiseOrder, ReviewCredit, RunWave}
)
"""What is asked here and has nothing to do: no node has its time to accept or its waves, no customer a limit, no supply
moves, no pickup lies in a locker or is kept until its time is over, no store is sent what another has. Each has
histories of its own.
"""


def test_each_verb_is_asked_and_does_something_in_long_lives_with_little_stock() -> None:
    asked, taken = set[type[Command]](), set[type[Command]]()
    for seed, units in enumerate((40, *[150] * 7)):
        lives, draw = Lives(units), random.Random(seed)
        lives.live(draw, orders=200, steps=14)
        lives.now += timedelta(days=40)
        lives.live(draw, orders=1, steps=40)
        lives.end(draw, returns=1)
        assert (lives.on_hand(), lives.reserved()) == (lives.accounted_for(), [])
        asked, taken = asked | lives.asked, taken | lives.taken
        if asked >= VERBS and taken >= VERBS - NEEDS_MORE:
            return
    assert (VERBS - asked, VERBS - NEEDS_MORE - taken) == (frozenset(), frozenset())


@pytest.mark.parametrize("seed", range(4))
def test_eight_thousand_orders_in_memory_end_without_a_difference(seed: int) -> None:
    lives, draw = Lives(UNITS, looked_at=4), random.Random(seed)

    lives.live(draw, orders=2_000, steps=5)
    lives.end(draw, returns=2)

    assert lives.on_hand() == lives.accounted_for()
    assert (lives.reserved(), lives.folded()) == ([], lives.world.orders)

    for order in lives.world.orders.values():
        assert_units(order)
        assert_money(order)
    assert len(lives.world.orders) > 1_900
    answered = [one.state for order in lives.world.orders.values() for one in order.recalls]
    assert answered.count(RecallState.GIVEN_BACK) > 100
    assert sum(one.credited_minor > 0 for order in lives.world.orders.values() for one in order.returns) > 200


@pytest.mark.parametrize("seed", range(2))
async def test_two_thousand_orders_in_the_tables_end_without_a_difference(database: Database, seed: int) -> None:
    draw, clock = random.Random(seed), Clock()
    await set_up(database.pool, nodes=NODES, items=ITEMS)
    async with open_system(database.dsn, clock=clock) as system:
        units = {(sku, str(one.node)): UNITS for sku in STOCKED for one in NODES}
        await stock(system, units)
        made = await submit(system, [draw_capture(draw, f"W-{number}") for number in range(1_000)])
        orders = {order.order_id: order for order in made}
        for _round in range(5):
            clock.advance(minutes=draw.choice((1, 20)))
            orders |= by_id(await submit(system, [draw_command(draw, one, clock.now) for one in orders.values()]))
            orders |= await read_all(system)  # replacements came to be
        for _pass in range(2):
            for step in range(30):
                batch = [
                    steps[step] for steps in map(list, map(closing_commands, orders.values())) if step < len(steps)
                ]
                orders |= by_id(await submit(system, batch))
            orders |= by_id(await submit(system, [one for one in map(cancel_rest, orders.values()) if one is not None]))
        for _round in range(2):
            made_of = [return_commands(draw, order, may_exchange=False) for order in orders.values()]
            orders |= by_id(await submit(system, [draw.choice(some)[1]() for some in made_of if some]))
        stored = await read_all(system)
        balances = await system.pool.fetch(
            "SELECT sku, node, sum(on_hand)::bigint AS on_hand, sum(reserved)::bigint AS reserved FROM balances"
            " GROUP BY sku, node"
        )
        missed = await system.pool.fetch(
            "SELECT sku, node, sum(on_hand_delta)::bigint AS units FROM entries"
            " WHERE kind = 'adjustment' AND reason <> 'disposed' GROUP BY sku, node"
        )
        report = await examine(system.pool, orders_max=None, now=system.door.now())

    assert len(stored) > 950
    assert_ended(stored.values())
    for order in stored.values():
        assert_units(order)
        assert_money(order)
    gone, back = units_gone(stored.values()), units_back(stored.values())
    moved = {(row["sku"], row["node"]): row["units"] for row in missed}
    for row in balances:
        place = (row["sku"], row["node"])
        assert row["on_hand"] == moved.get(place, 0) - gone.get(place, 0) + back.get(place, 0), place
    assert not any(row["reserved"] for row in balances)
    assert report.is_clean, report.text()


async def read_all(system: System) -> dict[OrderId, Order]:
    """All orders that there are, as they are."""
    names = [row["order_id"] for row in await system.pool.fetch("SELECT order_id FROM orders")]
    async with system.pool.acquire() as connection:
        return await read_orders(connection, names)


async def submit(system: System, commands: list[Command]) -> list[Order]:
    """The orders after commands that came together; those that are refused change nothing."""
    results = await asyncio.gather(*[system.door.submit(Request((one,), "test")) for one in commands])
    outcomes = [result.outcomes[0] for result in results]
    return [one.order for one in outcomes if isinstance(one, Accepted) and one.order is not None]


def by_id(orders: list[Order]) -> dict[OrderId, Order]:
    """The orders by id, each as it was last."""
    return {order.order_id: order for order in orders}
