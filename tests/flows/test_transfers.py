"""Transfers: units leave one node, are promised while they are on their way, and arrive or are lost; none twice."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.moving import assert_sound, log, order_of, settle, sources
from tests.flows.moving import read as read_order
from troth.flows.door.expected import Expected
from troth.flows.door.requests import Answer, Key
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.people.access import Actor
from troth.flows.records.configure import Set
from troth.flows.stock.move_transfer import MovedLine, Moving, move_transfer
from troth.flows.stock.transfer_now import TransferNow, read
from troth.flows.stock.transfers import set_transfer
from troth.model.events import BackorderCovered, PromiseChanged
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, SupplyKey, transfer_source
from troth.model.lifecycle import AllocationState, TransferEvent
from troth.model.refusals import FieldFlaw, Invalid, KeyReused, NotFound, Refusal, VersionConflict
from troth.model.status import promise_of
from troth.model.transfer import LotInTransit, Transfer, TransferLine, TransitState
from troth.model.transfer_moves import TransferShipped
from troth.store.balances import find_balances
from troth.store.codec import decode, encode_bytes
from troth.store.events import read_subject_events
from troth.store.orders import read_orders

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, NYC = NodeId("DC-PA"), NodeId("ST-NYC")
A, B = Sku("A"), Sku("B")
SOON = NOW + timedelta(days=3)
PLAN = Transfer(PA, NYC, SOON, (TransferLine(1, A, 6), TransferLine(2, B, 4)))
SHIP, RECEIVE, LOSE = TransferEvent.SHIP, TransferEvent.RECEIVE, TransferEvent.LOSE
ON_WAY_A = SupplyKey(A, NYC, transfer_source(transfer_id="T-1", line=1))


def gone(**units: int) -> TransitState:
    """Units of a line that no lot holds."""
    return TransitState((LotInTransit("", None, **units),))


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(PA), node(NYC)), items=(item(A), item(B)))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {(A, PA): 10, (B, PA): 4})
        yield opened


async def _move(
    system: System,
    event: TransferEvent,
    quantities: Mapping[int, int] | None = None,
    *,
    actor: Actor = ANN,
    key: Key | None = None,
) -> TransferNow | Refusal | None:
    """What a movement came to; None where it was answered from its key."""
    seen: list[TransferNow | Refusal] = []

    def render(done: TransferNow | Refusal) -> Answer:
        seen.append(done)
        return Answer(200, encode_bytes(done))

    lines = tuple(MovedLine(line, units) for line, units in (quantities or {}).items())
    moving = Moving(event, lambda _transfer: lines, "damaged" if event is LOSE else "")
    await move_transfer(system, "T-1", moving, actor=actor, key=key, render=render)
    return seen[0] if seen else None


async def _balances(system: System) -> dict[SupplyKey, Balance]:
    async with system.pool.acquire() as connection:
        return {one.key: one for one in await find_balances(connection, limit=100)}


async def _states(system: System) -> tuple[TransitState, ...]:
    found = await read(system, "T-1")
    assert found is not None
    return found.value.states


async def test_units_leave_the_sender_are_on_their_way_and_arrive(system: System) -> None:
    assert await set_transfer(system, "T-1", PLAN, actor=ANN) == Set(1, is_new=True)
    assert await _states(system) == (TransitState(), TransitState())

    shipped = await _move(system, SHIP, {1: 5})

    assert isinstance(shipped, TransferNow)
    assert shipped.states == (gone(shipped=5), TransitState())
    balances = await _balances(system)
    assert (balances[SupplyKey(A, PA)].on_hand, balances[SupplyKey(B, PA)].on_hand) == (5, 4)
    assert balances[ON_WAY_A] == Balance(ON_WAY_A, 5, 0, 0, SOON)

    received = await _move(system, RECEIVE, {1: 3})
    lost = await _move(system, LOSE)

    assert isinstance(received, TransferNow)
    assert isinstance(lost, TransferNow)
    assert received.states[0] == gone(shipped=5, received=3)
    assert lost.states == (gone(shipped=5, received=3, lost=2), TransitState())
    assert await _states(system) == lost.states
    balances = await _balances(system)
    assert (balances[SupplyKey(A, NYC)].on_hand, balances[ON_WAY_A].on_hand) == (3, 0)
    assert (await examine(system.pool)).is_clean


async def test_without_lines_all_that_is_left_is_meant(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    await _move(system, SHIP, {1: 2})
    await _move(system, SHIP)
    await _move(system, RECEIVE)

    assert await _states(system) == (gone(shipped=6, received=6), gone(shipped=4, received=4))
    assert await _move(system, SHIP) == Invalid((FieldFlaw("/lines", "there is nothing left to ship"),))


@pytest.mark.parametrize(
    ("event", "quantities", "flaws"),
    [
        (SHIP, {1: 7}, {"/lines/0/quantity": "only 6 units of line 1 are still to be shipped"}),
        (SHIP, {2: 4, 1: 6}, {"/lines/1/quantity": "only 5 unreserved units of A are at DC-PA"}),
        (SHIP, {3: 1}, {"/lines/0/line": "there is no line 3"}),
        (RECEIVE, {1: 1}, {"/lines/0/quantity": "only 0 units of line 1 are on their way"}),
        (LOSE, {2: 1}, {"/lines/0/quantity": "only 0 units of line 2 are on their way"}),
    ],
)
async def test_what_cannot_be_moved_is_named_and_nothing_is(
    system: System, event: TransferEvent, quantities: dict[int, int], flaws: dict[str, str]
) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    accepted(await system.door.one(capture(lines={"A": 5}), actor="test"))
    before = await system.pool.fetchval("SELECT count(*) FROM entries")

    assert await _move(system, event, quantities) == Invalid(tuple(FieldFlaw(at, why) for at, why in flaws.items()))

    assert await _states(system) == (TransitState(), TransitState())
    assert await system.pool.fetchval("SELECT count(*) FROM entries") == before


async def test_a_kit_is_not_planned(system: System) -> None:
    kit = item("KIT", kit=((A, 2),))
    await set_up(system.pool, nodes=(), items=(kit,))
    lines = (TransferLine(1, kit.sku, 1), TransferLine(2, A, 1))

    refused = await set_transfer(system, "T-1", Transfer(PA, NYC, SOON, lines), actor=ANN)

    assert refused == Invalid((FieldFlaw("/lines/0/sku", "is a kit, which has no stock: name its components"),))
    assert await read(system, "T-1") is None


async def test_more_than_was_sent_cannot_be_received(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    await _move(system, SHIP, {1: 2})

    refused = await _move(system, RECEIVE, {1: 3})

    assert refused == Invalid((FieldFlaw("/lines/0/quantity", "only 2 units of line 1 are on their way"),))
    assert SupplyKey(A, NYC) not in await _balances(system) or not (await _balances(system))[SupplyKey(A, NYC)].on_hand


async def test_an_order_is_promised_from_what_is_on_its_way_and_covered_when_it_arrives(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    await _move(system, SHIP, {1: 6, 2: 4})
    await stock(system, {(A, PA): -4})
    order = accepted(await system.door.one(capture(lines={"A": 2, "B": 1}), actor="test"))
    assert [part.state for part in order.allocations] == [AllocationState.BACKORDERED] * 2
    assert await _states(system) == (gone(shipped=6, reserved=2), gone(shipped=4, reserved=1))

    received = await _move(system, RECEIVE, {1: 3, 2: 4})

    assert isinstance(received, TransferNow)
    assert received.states == (gone(shipped=6, received=3), gone(shipped=4, received=4))
    async with system.pool.acquire() as connection:
        covered = (await read_orders(connection, [order.order_id]))[order.order_id]
        log = await read_subject_events(connection, order.order_id)
    live = [part for part in covered.allocations if part.state is not AllocationState.SPLIT]
    assert [(part.sku, part.state, part.source, part.quantity) for part in live] == [
        ("A", AllocationState.RESERVED, "on_hand", 2),
        ("B", AllocationState.RESERVED, "on_hand", 1),
    ]
    assert [entry.event.reference for entry in log if isinstance(entry.event, BackorderCovered)] == ["transfer/T-1"] * 2
    assert (await examine(system.pool)).is_clean


async def test_what_is_lost_leaves_the_promises_made_from_it_without_cover(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    await _move(system, SHIP, {1: 6})
    await stock(system, {(A, PA): -4})
    accepted(await system.door.one(capture(lines={"A": 5}), actor="test"))

    await _move(system, LOSE, {1: 4})

    assert (await _balances(system))[ON_WAY_A] == Balance(ON_WAY_A, 2, 5, 3, SOON)
    late = await system.door.one(capture("W-2", {"A": 1}), actor="test")
    assert getattr(late, "code", "") == "insufficient-inventory"
    assert (await examine(system.pool)).is_clean


async def test_a_transfer_is_set_again_but_not_what_has_left(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    assert await set_transfer(system, "T-1", PLAN, actor=ANN) == Set(1, is_new=False)
    await _move(system, SHIP, {1: 5})
    changed = Transfer(NYC, PA, SOON, (TransferLine(1, A, 4),))

    refused = await set_transfer(system, "T-1", changed, actor=ANN)
    conflict = await set_transfer(system, "T-1", PLAN, actor=ANN, expected=Expected(frozenset({7})))
    later = SOON + timedelta(days=2)
    delayed = await set_transfer(system, "T-1", Transfer(PA, NYC, later, (TransferLine(1, A, 5),)), actor=ANN)

    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/from", "/to", "/lines/0/quantity"]
    assert isinstance(conflict, VersionConflict)
    assert delayed == Set(2, is_new=False)
    assert (await _balances(system))[ON_WAY_A].expected_at == later
    async with system.pool.acquire() as connection:
        log = await read_subject_events(connection, "transfer:T-1")
    dates = [entry.event.expected_at for entry in log if isinstance(entry.event, TransferShipped)]
    assert dates == [SOON, later]


async def test_a_movement_sent_again_under_its_key_happens_once(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    first = await _move(system, SHIP, {1: 2}, key=Key("k-1", "digest"))
    again = await _move(system, SHIP, {1: 2}, key=Key("k-1", "digest"))
    other = await _move(system, SHIP, {1: 1}, key=Key("k-1", "another"))

    assert (isinstance(first, TransferNow), again, other) == (True, None, KeyReused("k-1"))
    assert await _states(system) == (gone(shipped=2), TransitState())


async def test_movements_at_once_never_send_or_receive_a_unit_twice(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)

    shipped = await asyncio.gather(*(_move(system, SHIP, {1: 4}) for _ in range(3)))
    received = await asyncio.gather(*(_move(system, RECEIVE, {1: 3}) for _ in range(3)))

    assert sum(isinstance(one, TransferNow) for one in shipped) == 1
    assert sum(isinstance(one, TransferNow) for one in received) == 1
    assert await _states(system) == (gone(shipped=4, received=3), TransitState())
    assert (await examine(system.pool)).is_clean


async def test_who_is_bound_to_a_node_ships_only_from_there_and_receives_only_there(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    eve = Actor("user/eve", frozenset({"inventory:write"}), nodes=frozenset({NYC}))
    mallory = Actor("user/mallory", frozenset({"inventory:write"}), nodes=frozenset({NodeId("DC-IL")}))

    ship = await _move(system, SHIP, {1: 1}, actor=eve)
    hidden = await _move(system, SHIP, {1: 1}, actor=mallory)
    await _move(system, SHIP, {1: 1})
    receive = await _move(system, RECEIVE, {1: 1}, actor=eve)

    assert isinstance(ship, Invalid)
    assert hidden == NotFound("transfer", "T-1")
    assert isinstance(receive, TransferNow)


def test_the_document_of_a_transfer_is_read_as_it_was_written() -> None:
    assert decode(encode_bytes(PLAN), Transfer) == PLAN


async def test_a_serial_is_on_its_way_once_also_when_two_processes_send_it_at_the_same_instant(
    system: System, database: Database
) -> None:
    async def send(by: System, number: str, serial: str) -> bool:
        moving = Moving(SHIP, lambda _transfer: (MovedLine(1, 1, serials=(serial,)),))
        done = await move_transfer(by, number, moving, actor=ANN, render=lambda done: Answer(200, encode_bytes(done)))
        return b'"states"' in done.body

    for number in ("T-1", "T-2"):
        await set_transfer(system, number, PLAN, actor=ANN)
    async with open_system(database.dsn, clock=Clock()) as other:
        sent = [
            await asyncio.gather(send(system, "T-1", serial), send(other, "T-2", serial))
            for serial in ("SN-1", "SN-2", "SN-3")
        ]

    assert [sum(both) for both in sent] == [1, 1, 1]
    rows = await system.pool.fetch("SELECT serial, count(*) FROM transfer_serials GROUP BY serial ORDER BY serial")
    assert [tuple(row) for row in rows] == [("SN-1", 1), ("SN-2", 1), ("SN-3", 1)]
    assert (await examine(system.pool)).is_clean


async def test_a_transfer_that_comes_later_moves_the_promises_made_from_it(system: System) -> None:
    await set_transfer(system, "T-1", PLAN, actor=ANN)
    await _move(system, SHIP, {1: 6})
    await stock(system, {(A, PA): -4})
    order_id = await order_of(system, "W-1", 2)
    await settle(system)
    before = await read_order(system, order_id)

    await set_transfer(system, "T-1", replace(PLAN, expected_at=SOON + timedelta(days=12)), actor=ANN)
    await settle(system)

    after = await read_order(system, order_id)
    line_id = after.lines[0].line_id
    told = [event for event in await log(system, order_id) if isinstance(event, PromiseChanged)]
    assert [(event.reason, one.before, one.after) for event in told for one in event.lines] == [
        ("A of transfer T-1 comes at another time", promise_of(before, line_id), promise_of(after, line_id))
    ]
    assert after.fulfillments[-1].ship_by > SOON + timedelta(days=12)
    assert await sources(system, order_id) == [(NYC, ON_WAY_A.source, 2)]
    assert await _states(system) == (gone(shipped=6, reserved=2), TransitState())
    await assert_sound(system)
