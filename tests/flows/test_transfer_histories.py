"""Random histories of transfers with lots and measures: no unit is made or lost on the way, at any moment."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pytest

from tests.builders import NOW, Clock, capture, item, node, set_up
from tests.conftest import Database
from troth.flows.door.requests import Accepted, Answer
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.people.access import Actor
from troth.flows.stock.move_transfer import MovedLine, Moving, move_transfer
from troth.flows.stock.stock import Adjustment, Counted, adjust, count
from troth.flows.stock.transfer_now import TransferNow, read
from troth.flows.stock.transfers import set_transfer
from troth.model.commands import CancelOrder
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import Source, is_on_hand, lot_within
from troth.model.lifecycle import TransferEvent
from troth.model.transfer import Transfer, TransferLine
from troth.store.positions import find_positions

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, IL = NodeId("DC-PA"), NodeId("DC-IL")
DAYS: Mapping[str, date | None] = {
    "soon": NOW.date() + timedelta(days=9), "late": NOW.date() + timedelta(days=90), "open": None, "": None,
}  # fmt: skip
ITEMS = (item("A"), item("M", unit="kg", decimals=3))
TRANSFERS = ("T-1", "T-2")

ByLot = Counter[tuple[str, str]]
Sources = dict[tuple[str, str, str], tuple[int, int]]


async def _act(draw: random.Random, system: System, number: int, orders: list[OrderId]) -> None:
    sku, at, lot = Sku(draw.choice("AM")), draw.choice((PA, IL)), draw.choice(list(DAYS))
    match draw.choice(("adjust", "count", "capture", "cancel", "ship", "ship", "receive", "receive", "lose", "set")):
        case "adjust":
            delta = draw.randint(-2, 9)
            await adjust(system, [Adjustment(at, sku, delta, "found", lot=lot, expires_on=DAYS[lot])], actor=ANN)
        case "count":
            as_of = system.door.now() - timedelta(minutes=draw.randint(0, 9))
            await count(system, at, as_of, [Counted(sku, draw.randint(0, 9), lot=lot, expires_on=DAYS[lot])], actor=ANN)
        case "capture":
            outcome = await system.door.one(capture(f"W-{number}", {sku: draw.randint(1, 4)}), actor="test")
            if isinstance(outcome, Accepted) and outcome.order is not None:
                orders.append(outcome.order.order_id)
        case "cancel" if orders:
            await system.door.one(CancelOrder(draw.choice(orders), "test"), actor="test")
        case "set":
            await _set(draw, system, draw.choice(TRANSFERS))
        case event:
            named = tuple(
                MovedLine(line, draw.randint(1, 4), draw.choice((None, None, "soon", "late")))
                for line in draw.sample((1, 2), draw.randint(0, 2))
            )
            moving = Moving(
                TransferEvent(event) if event in set(TransferEvent) else TransferEvent.SHIP,
                lambda _transfer: named,
                "damaged",
            )
            await move_transfer(
                system, draw.choice(TRANSFERS), moving, actor=ANN, render=lambda _done: Answer(200, b"")
            )


async def _set(draw: random.Random, system: System, transfer_id: str) -> None:
    """Two lines, of which one may name a lot; at most one of them has to be as it was."""
    lines = tuple(
        TransferLine(number, Sku(sku), draw.randint(5, 40), draw.choice(("", "", "late")))
        for number, sku in ((1, "A"), (2, "M"))
    )
    sender, receiver = (IL, PA) if transfer_id == "T-1" else (PA, IL)
    expected_at = system.door.now() + timedelta(days=draw.randint(1, 5))
    await set_transfer(system, transfer_id, Transfer(sender, receiver, expected_at, lines), actor=ANN)


async def _folded(system: System, as_of: datetime) -> Sources:
    """What each supply holds and has reserved, from the entries alone."""
    rows = await system.pool.fetch(
        "SELECT sku, node, source, sum(on_hand_delta)::bigint AS on_hand, sum(reserved_delta)::bigint AS reserved"
        " FROM entries WHERE at <= $1 GROUP BY sku, node, source",
        as_of,
    )
    found = {(row["sku"], row["node"], row["source"]): (row["on_hand"], row["reserved"]) for row in rows}
    return {key: units for key, units in found.items() if any(units)}


async def _held(system: System) -> Sources:
    rows = await system.pool.fetch("SELECT sku, node, source, on_hand, reserved FROM balances")
    found = {(row["sku"], row["node"], row["source"]): (row["on_hand"], row["reserved"]) for row in rows}
    return {key: units for key, units in found.items() if any(units)}


async def _made(system: System, as_of: datetime) -> ByLot:
    """By SKU and lot, the units that came or went at nodes other than by a transfer, and those that it lost."""
    rows = await system.pool.fetch(
        "SELECT sku, node, source, on_hand_delta FROM entries WHERE at <= $1 AND reason <> 'transfer'"
        " AND NOT (kind = 'receipt' AND reference LIKE 'transfer/%')",
        as_of,
    )
    made: ByLot = Counter()
    for row in rows:
        made[row["sku"], lot_within(Source(row["source"]))] += row["on_hand_delta"]
    return made


def _by_lot(sources: Sources) -> ByLot:
    units: ByLot = Counter()
    for (sku, _node, source), (on_hand, _reserved) in sources.items():
        units[sku, lot_within(Source(source))] += on_hand
    return units


def _nonzero(units: ByLot) -> dict[tuple[str, str], int]:
    return {key: count for key, count in units.items() if count}


def _positions(sources: Sources) -> dict[tuple[str, str], tuple[int, ...]]:
    held: dict[tuple[str, str], list[int]] = {}
    for (sku, at, source), (on_hand, reserved) in sources.items():
        units = held.setdefault((sku, at), [0, 0, 0, 0])
        first = 0 if is_on_hand(Source(source)) else 2
        units[first] += on_hand
        units[first + 1] += reserved
    return {key: tuple(units) for key, units in held.items()}


@pytest.mark.parametrize("seed", range(6))
async def test_by_lot_what_was_shipped_was_received_or_lost_or_is_on_its_way_at_every_moment(
    database: Database, seed: int
) -> None:
    draw = random.Random(seed)
    clock = Clock()
    await set_up(database.pool, nodes=(node(PA), node(IL)), items=ITEMS)
    async with open_system(database.dsn, clock=clock) as system:
        for transfer_id in TRANSFERS:
            await _set(draw, system, transfer_id)
        orders: list[OrderId] = []
        moments: list[tuple[datetime, Sources]] = []
        for number in range(90):
            clock.advance(minutes=1)
            await _act(draw, system, number, orders)
            clock.advance(seconds=1)
            moments.append((clock.now, await _held(system)))

        for moment, held in moments:
            assert await _folded(system, moment) == held
            assert _nonzero(_by_lot(held)) == _nonzero(await _made(system, moment))
            async with system.pool.acquire() as connection:
                found = await find_positions(connection, as_of=moment, limit=100)
            then = {(p.sku, p.node): (p.on_hand, p.reserved, p.incoming, p.incoming_reserved) for p in found}
            assert {key: units for key, units in then.items() if any(units)} == _positions(held)

        moved = 0
        for transfer_id in TRANSFERS:
            stored = await read(system, transfer_id)
            assert stored is not None
            moved += await _check_lines(system, transfer_id, stored.value)
        assert moved > 0
        assert (await examine(system.pool)).is_clean


async def _check_lines(system: System, transfer_id: str, now: TransferNow) -> int:
    """Each lot of each line: what it says is on its way is what the balance holds; the units that have left in all."""
    held = await _held(system)
    for line, state in zip(now.transfer.lines, now.states, strict=True):
        assert state.shipped <= line.quantity
        for lot in state.lots:
            key = now.transfer.transit_key(transfer_id, line, lot.lot)
            on_way, reserved = held.get((key.sku, key.node, key.source), (0, 0))
            assert lot.shipped == lot.received + lot.lost + on_way
            assert (lot.in_transit, lot.reserved) == (on_way, reserved)
            assert lot.expires_on == DAYS[lot.lot]
            assert on_way >= 0
    return sum(state.shipped for state in now.states)
