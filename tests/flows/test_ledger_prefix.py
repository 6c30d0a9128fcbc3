"""Any prefix of the ledger gives the balances of its moment, whatever moved them."""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tests.builders import NOW, Clock, capture, item, node, set_up
from tests.conftest import Database
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System, open_system
from troth.flows.people.access import Actor
from troth.flows.stock.feed import Feed, FeedReport
from troth.flows.stock.feeds import take_in
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.model.commands import CancelOrder
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.transfer_moves import Consignment, ReceiveTransfer, ShipTransfer, TransferUnits
from troth.store.positions import find_positions

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, IL = NodeId("DC-PA"), NodeId("DC-IL")

Held = dict[tuple[str, str], tuple[int, int, int, int]]


async def _held(system: System, as_of: datetime | None = None) -> Held:
    async with system.pool.acquire() as connection:
        found = await find_positions(connection, as_of=as_of, limit=1000)
    held = {(one.sku, one.node): (one.on_hand, one.reserved, one.incoming, one.incoming_reserved) for one in found}
    return {key: units for key, units in held.items() if any(units)}


async def _folded(system: System, as_of: datetime) -> Held:
    """The same from the entries alone, added up in their order."""
    rows = await system.pool.fetch(
        "SELECT sku, node, source = 'on_hand' AS is_here, on_hand_delta, reserved_delta FROM entries WHERE at <= $1"
        " ORDER BY xid, seq",
        as_of,
    )
    held: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        units = held.setdefault((row["sku"], row["node"]), [0, 0, 0, 0])
        first = 0 if row["is_here"] else 2
        units[first] += row["on_hand_delta"]
        units[first + 1] += row["reserved_delta"]
    return {key: (units[0], units[1], units[2], units[3]) for key, units in held.items() if any(units)}


async def _act(draw: random.Random, system: System, number: int, orders: list[OrderId]) -> None:
    sku, at = Sku(draw.choice("AB")), draw.choice((PA, IL))
    match draw.choice(("adjust", "count", "capture", "capture", "cancel", "feed", "ship", "receive")):
        case "adjust":
            await adjust(system, [Adjustment(at, sku, draw.randint(-3, 9), "found")], actor=ANN)
        case "count":
            as_of = system.door.now() - timedelta(minutes=draw.randint(0, 9))
            await count(system, at, as_of, [Counted(sku, draw.randint(0, 12))], actor=ANN)
        case "capture":
            outcome = await system.door.one(capture(f"W-{number}", {sku: draw.randint(1, 4)}), actor="test")
            if isinstance(outcome, Accepted) and outcome.order is not None:
                orders.append(outcome.order.order_id)
        case "cancel" if orders:
            await system.door.one(CancelOrder(draw.choice(orders), "test"), actor="test")
        case "feed":
            as_of = system.door.now() - timedelta(minutes=draw.randint(0, 9))

            async def rows() -> AsyncIterator[bytes]:
                yield f"sku,node,on_hand\n{sku},{at},{draw.randint(0, 12)}\n".encode()

            assert isinstance(await take_in(system, Feed("F", as_of, f"R-{number}"), rows(), actor=ANN), FeedReport)
        case "ship":
            units = (TransferUnits(1, sku, 1_000, draw.randint(1, 3)),)
            await system.door.one(
                ShipTransfer(Consignment(f"T{sku}", IL, PA), units, NOW + timedelta(days=2)), actor="test"
            )
        case _:
            units = (TransferUnits(1, sku, 1_000, 1),)
            await system.door.one(ReceiveTransfer(Consignment(f"T{sku}", IL, PA), units, tuple(orders)), actor="test")


@pytest.mark.parametrize("seed", range(4))
async def test_positions_as_of_any_moment_are_what_they_were_then_and_the_fold_of_the_entries_so_far(
    database: Database, seed: int
) -> None:
    draw = random.Random(seed)
    clock = Clock()
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as system:
        moments: list[tuple[datetime, Held]] = []
        orders: list[OrderId] = []
        for number in range(60):
            clock.advance(minutes=1)
            await _act(draw, system, number, orders)
            clock.advance(seconds=1)
            moments.append((clock.now, await _held(system)))

        for moment, held in moments:
            assert await _held(system, moment) == held == await _folded(system, moment)
        assert len({str(held) for _, held in moments}) > 20


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entries SET on_hand_delta = on_hand_delta + 1 WHERE seq = (SELECT min(seq) FROM entries)",
        "UPDATE entries SET at = at + interval '2 minutes' WHERE seq = (SELECT min(seq) + 1 FROM entries)",
        "DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)",
    ],
)
async def test_an_entry_that_is_not_what_happened_is_seen_at_the_moments_after_it(
    database: Database, damage: str
) -> None:
    clock = Clock()
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as system:
        moments: list[tuple[datetime, Held]] = []
        for units in (5, 3, 2):
            clock.advance(minutes=1)
            await adjust(system, [Adjustment(PA, Sku("A"), units, "found")], actor=ANN)
            clock.advance(seconds=1)
            moments.append((clock.now, await _held(system)))
        assert [await _folded(system, moment) for moment, _ in moments] == [held for _, held in moments]

        await system.pool.execute(damage)

        assert [await _folded(system, moment) for moment, _ in moments] != [held for _, held in moments]
