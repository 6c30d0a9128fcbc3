"""One thing: random histories, after which the world in memory, the tables and the ledger folded again agree."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta

import msgspec
import pytest

from tests.builders import NEW_YORK, NOW, Clock, capture, item, node, set_up
from tests.conftest import Database
from tests.flows.returning import draw_return_command
from tests.lives import charge
from tests.supply_moves import settle
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.evolve import fold
from troth.engine.policies.release_rules import compile_release
from troth.engine.promising.context import Decision
from troth.flows.documents.families import RELEASE_RULES
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.memory.offered import compile_offered
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.model.capacity import CapacityUnit, Shift
from troth.model.cart_hold import CartHoldState
from troth.model.change import (
    AddLine,
    ChangeAction,
    RemoveLine,
    SetAddress,
    SetDates,
    SetDeliveryCharge,
    SetNode,
    SetPrice,
    SetQuantity,
    Substitute,
)
from troth.model.charges import DeliveryCharge
from troth.model.commands import (
    AcceptRecall,
    AcceptWork,
    ActOnDue,
    AdjustStock,
    CancelOrder,
    ChangeOrder,
    CollectWork,
    Command,
    CountStock,
    DeliverWork,
    EndCartHold,
    ExpectedLine,
    ExpectSupply,
    ExtendCartHold,
    HoldCart,
    LineQuantity,
    PackWork,
    PickWork,
    PlaceHold,
    RecallWork,
    RefuseRecall,
    RejectWork,
    ReleaseOrder,
    RunWave,
    ShipWork,
)
from troth.model.ids import CartHoldId, LineId, NodeId, Sku
from troth.model.inventory import Balance, SupplyKey, is_on_hand, lot_source, purchase_order_source
from troth.model.lanes import NO_LANES
from troth.model.lifecycle import GONE, RESERVING
from troth.model.order import Customer, Line, Order
from troth.model.permissions import By
from troth.model.policy import DEFAULT_POLICY
from troth.model.recall import RecallKind
from troth.model.release_rules import LeadRule, ReleaseRules, RemorseRule, WaveRule
from troth.model.transfer_moves import Consignment, LoseTransfer, ReceiveTransfer, ShipTransfer, TransferUnits
from troth.replay.world import World
from troth.store.balances import find_balances
from troth.store.cart_holds import lock_cart_holds
from troth.store.events import read_subject_events
from troth.store.node_days import read_node_days
from troth.store.orders import read_orders

NODES = (
    node("DC-PA", capacity_per_day=6),
    node("DC-IL", shifts=(Shift(time(0), 8), Shift(time(10), 5)), capacity_unit=CapacityUnit.UNITS),
    node("ST-NYC"),
)
ITEMS = tuple(item(sku) for sku in ("A", "B", "C"))
RELEASES = ReleaseRules(
    remorse=(RemorseRule("some", 3, "order.units > 4"),),
    lead=(LeadRule("large", 6.0, "order.units > 6"),),
    waves=(WaveRule("illinois", (time(10), time(11), time(13)), where="node.id == 'DC-IL'"),),
)
LOTS = (("soon", NOW.date() + timedelta(days=2)), ("late", NOW.date() + timedelta(days=90)), ("open", None))
PO_KEYS = (SupplyKey(Sku("A"), NodeId("DC-PA"), purchase_order_source(number="1", line=1)),)


def _draw_commands(draw: random.Random, world: World, count: int) -> Iterator[Command]:
    """Commands that mostly make sense for the world as it is by then, and sometimes do not."""
    for number in range(count):
        sku, name = Sku(draw.choice("ABC")), NodeId(draw.choice(NODES).node)
        key = SupplyKey(sku, name)
        orders = sorted(world.orders)
        chosen = draw.random()
        if chosen < 0.14 and orders:
            yield _draw_cart_command(draw, world, number)
        elif chosen < 0.36 or not orders:
            lines = {draw.choice("ABC"): draw.randint(1, 6) for _ in range(draw.randint(1, 3))}
            yield charge(draw, capture(f"W-{draw.randint(0, number)}", lines))
        elif chosen < 0.44:
            yield AdjustStock(key, draw.randint(-4, 12), "adjustment")
        elif chosen < 0.48:
            lot, last = draw.choice(LOTS)
            yield AdjustStock(SupplyKey(sku, name, lot_source(lot)), draw.randint(-2, 6), "adjustment", expires_on=last)
        elif chosen < 0.53:
            yield CountStock(key, draw.randint(0, 15), NOW + timedelta(minutes=draw.randint(-10, number)))
        elif chosen < 0.56:
            due = NOW + timedelta(days=draw.randint(1, 20))
            yield ExpectSupply("1", (ExpectedLine(1, NodeId("DC-PA"), Sku("A"), draw.randint(1, 20), due),), PO_KEYS)
        elif chosen < 0.60:
            yield _draw_transfer_command(draw, world)
        elif chosen < 0.64:
            waiting = tuple(
                order_id
                for order_id, order in sorted(world.orders.items())
                if any(part.key in PO_KEYS for part in order.allocations)
            )
            yield AdjustStock(
                SupplyKey(Sku("A"), NodeId("DC-PA")), draw.randint(1, 8), "receipt", "1", PO_KEYS, waiting
            )
        else:
            order = world.orders[draw.choice(orders)]
            has_left = any(part.state in GONE for part in order.allocations)
            if has_left and draw.random() < 0.6:
                yield draw_return_command(draw, order, tuple(node.node for node in NODES))
            else:
                yield _draw_order_command(draw, order)
        if draw.random() < 0.1:
            yield from settle(world, DEFAULT_POLICY, PO_KEYS)


def _draw_transfer_command(draw: random.Random, world: World) -> Command:
    """Units of two lines go from Illinois to Pennsylvania, by lots or not: shipped, received and lost in parts."""
    numbers = draw.sample((1, 2), draw.randint(1, 2))
    lots = ("", "", *(lot for lot, _last in LOTS))
    lines = tuple(
        TransferUnits(number, Sku("AB"[number - 1]), 30, draw.randint(1, 4), draw.choice(lots)) for number in numbers
    )
    between = Consignment("T", NodeId("DC-IL"), NodeId("DC-PA"))
    known = tuple(
        key
        for key in sorted(world.balances)
        if key.source.startswith("transfer/T/") or (key.node == between.sender and is_on_hand(key.source))
    )
    waiting = tuple(
        order_id
        for order_id, order in sorted(world.orders.items())
        if any(part.source.startswith("transfer/T/") for part in order.allocations)
    )
    commands: list[Command] = [
        ShipTransfer(between, lines, NOW + timedelta(days=draw.randint(1, 9)), known),
        ReceiveTransfer(between, lines, waiting),
        LoseTransfer(between, lines, "damaged"),
    ]
    return draw.choices(commands, weights=[5, 3, 1])[0]


def _draw_cart_command(draw: random.Random, world: World, number: int) -> Command:
    asked = capture(f"H-{number}", {draw.choice("ABC"): draw.randint(1, 5) for _ in range(2)})
    hold_id = CartHoldId(f"C-{draw.randint(0, number)}")
    holds = sorted(world.cart_holds)
    if holds and draw.random() < 0.8:
        hold_id = draw.choice(holds)
    commands: list[Command] = [
        replace(asked, cart_hold=hold_id),
        ExtendCartHold(hold_id, 600),
        EndCartHold(hold_id),
        EndCartHold(hold_id, is_by_clock=True),
        HoldCart(hold_id, replace(asked, customer=Customer(draw.choice(("", "K-1", "K-2")))), 300, units_max=12),
    ]
    return draw.choices(commands, weights=[3, 1, 1, 2, 3 if hold_id in world.cart_holds else 12])[0]


def _draw_order_command(draw: random.Random, order: Order) -> Command:
    work = draw.choice(order.fulfillments).fulfillment_id
    line = draw.choice(order.lines)
    some = (LineQuantity(line.line_id, draw.randint(1, line.quantity)),)
    commands: list[Command] = [
        ReleaseOrder(order.order_id),
        _draw_release(draw, order),
        PlaceHold(order.order_id, "manual", "look"),
        CancelOrder(order.order_id, "test", draw.choice(((), some)), draw.choice(tuple(By))),
        AcceptWork(work),
        RejectWork(work, draw.choice(("busy", "damaged")), draw.choice(((), some))),
        PickWork(work, draw.choice(((), some))),
        PackWork(work),
        ShipWork(work),
        CollectWork(work),
        DeliverWork(work),
    ]
    commands.append(ChangeOrder(order.order_id, _draw_actions(draw, order), may_recall=draw.random() < 0.4))
    commands.append(_draw_recall(draw, order))
    return draw.choices(commands, weights=[6, 2, 1, 2, 3, 2, 4, 3, 3, 1, 2, 6, 6])[0]


def _draw_recall(draw: random.Random, order: Order) -> Command:
    """A request to a node to give work back, or its answer."""
    work = draw.choice(order.fulfillments).fulfillment_id
    line = draw.choice(order.lines)
    some = draw.choice(((), (LineQuantity(line.line_id, draw.randint(1, line.quantity)),)))
    kind = draw.choice(tuple(RecallKind))
    if kind is RecallKind.CHANGE:
        actions = tuple(one for one in _draw_actions(draw, order) if not isinstance(one, AddLine | SetPrice))
        asked = RecallWork(work, kind, "moved", actions=actions)
    else:
        asked = RecallWork(work, kind, "test", some)
    answers: list[Command] = [
        AcceptRecall(work, "fine", some),
        RefuseRecall(work, "gone"),
        CancelOrder(order.order_id, "test", some, may_recall=True),
    ]
    return draw.choice([asked, asked, *answers])


def _draw_release(draw: random.Random, order: Order) -> Command:
    """What the clock asks for: of the order, or of a wave that takes some of what is planned into it."""
    if not order.planned or draw.random() < 0.3:
        return ActOnDue(order.order_id)
    one = draw.choice(order.planned)
    taken, deferred = draw.choice((((one.fulfillment_id,), ()), ((), (one.fulfillment_id,))))
    return RunWave(order.order_id, one.wave or "none", taken, deferred)


def _draw_actions(draw: random.Random, order: Order) -> tuple[ChangeAction, ...]:
    line = draw.choice(order.lines).line_id
    place = replace(NEW_YORK, city="Chicago", region="IL", postcode="60601", latitude=41.88, longitude=-87.63)
    actions: list[ChangeAction] = [
        SetQuantity(line, draw.randint(1, 7)),
        AddLine(
            Line(LineId(f"{order.version}-{draw.randint(0, 9)}"), Sku(draw.choice("ABC")), draw.randint(1, 3), 700)
        ),
        RemoveLine(line),
        SetPrice(line, draw.randint(0, 3000)),
        SetPrice(line, 2500, draw.randint(0, 2500), draw.choice((None, 99))),
        SetDeliveryCharge(draw.choice((None, DeliveryCharge(700, 56, 100)))),
        SetDates(line, draw.choice([None, NOW + timedelta(days=draw.randint(1, 15))]), None),
        SetAddress(draw.choice([NEW_YORK, place])),
        SetNode(line, draw.choice([None, NodeId("DC-PA")])),
        Substitute(line, Sku(draw.choice("ABC")), 800),
    ]
    return tuple(draw.choices(actions, k=draw.randint(1, 3)))


async def _assert_tables_agree(system: System, world: World) -> None:
    async with system.pool.acquire() as connection:
        found = await find_balances(connection, limit=1000)
        derived = await connection.fetch(
            "SELECT sku, node, source, sum(on_hand_delta)::bigint AS on_hand, sum(reserved_delta)::bigint AS reserved"
            " FROM entries GROUP BY sku, node, source"
        )
        stored = await read_orders(connection, list(world.orders))
        holds = await lock_cart_holds(connection, list(world.cart_holds))
        days = await read_node_days(connection, date.min)
        logs = {order_id: await read_subject_events(connection, order_id) for order_id in world.orders}
    zero = (0, 0)
    in_memory = {key: (balance.on_hand, balance.reserved) for key, balance in world.balances.items()}
    in_tables = {balance.key: (balance.on_hand, balance.reserved) for balance in found}
    in_ledger = {SupplyKey(r["sku"], r["node"], r["source"]): (r["on_hand"], r["reserved"]) for r in derived}
    keys = in_memory.keys() | in_tables.keys()
    assert {key: in_memory.get(key, zero) for key in keys} == {key: in_tables.get(key, zero) for key in keys}
    assert {key: in_ledger.get(key, zero) for key in keys} == {key: in_tables.get(key, zero) for key in keys}
    assert {balance.key: balance.expires_on for balance in found if balance.expires_on} == {
        key: balance.expires_on for key, balance in world.balances.items() if balance.expires_on
    }
    assert stored == world.orders
    assert holds == world.cart_holds
    assert {slot: used for slot, used in days if used} == {slot: used for slot, used in world.load.used.items() if used}
    for order_id, log in logs.items():
        assert fold(entry.event for entry in log if entry.kind != "DuplicateReceived") == world.orders[order_id]  # type: ignore[misc]
    _assert_reservations_are_the_open_parts(world, found)
    report = await examine(system.pool, orders_max=1, now=system.door.now())
    assert report.is_clean, report.text()


def _assert_reservations_are_the_open_parts(world: World, balances: list[Balance]) -> None:
    reserved: dict[SupplyKey, int] = {}
    for hold in world.cart_holds.values():
        for held in hold.units if hold.state is CartHoldState.HELD else ():
            reserved[held.key] = reserved.get(held.key, 0) + held.quantity
    for order in world.orders.values():
        for part in order.allocations:
            if part.state in RESERVING:
                reserved[part.key] = reserved.get(part.key, 0) + part.quantity
    assert reserved == {balance.key: balance.reserved for balance in balances if balance.reserved}


async def _put_in_force(system: System) -> None:
    body = msgspec.to_builtins(RELEASES)
    saved = await save_draft(system, RELEASE_RULES, "random", body, actor="test")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, RELEASE_RULES, "random", saved.document.version, reason="test", actor="test")
    assert isinstance(acted, Acted), acted


@pytest.mark.parametrize("seed", range(12))
async def test_memory_tables_and_ledger_agree_on_any_history(database: Database, seed: int) -> None:
    draw = random.Random(seed)
    clock = Clock()
    await set_up(database.pool, nodes=NODES, items=ITEMS)
    network = compile_offered(NODES, DEFAULT_CARDS, NO_LANES)
    world = World(network, {item.sku: item for item in ITEMS}, release=compile_release(RELEASES, "random@1"))
    async with open_system(database.dsn, clock=clock) as system:
        await _put_in_force(system)
        for command in _draw_commands(draw, world, 120):
            clock.advance(minutes=draw.choice((0, 1, 5)))
            outcome = await system.door.one(command, actor="replay")
            decision = world.apply(command, now=clock.now)
            assert isinstance(outcome, Accepted) == isinstance(decision, Decision), (command, outcome, decision)
            if isinstance(outcome, Accepted):
                assert outcome.decision == decision
            else:
                assert outcome == decision
        await _assert_tables_agree(system, world)


@pytest.mark.parametrize("seed", range(4))
async def test_a_batch_gives_what_its_commands_give_one_by_one(database: Database, seed: int) -> None:
    draw = random.Random(seed)
    clock = Clock()
    await set_up(database.pool, nodes=NODES, items=ITEMS)
    world = World(compile_offered(NODES, DEFAULT_CARDS, NO_LANES), {item.sku: item for item in ITEMS})
    async with open_system(database.dsn, clock=clock) as system:
        for name in ("DC-PA", "DC-IL"):
            for sku in "ABC":
                command = AdjustStock(SupplyKey(Sku(sku), NodeId(name)), 25, "initial")
                await system.door.one(command, actor="replay")
                world.apply(command, now=clock.now)
        for _ in range(4):
            clock.advance(minutes=5)
            commands = [
                capture(f"W-{draw.randint(0, 60)}", {draw.choice("ABC"): draw.randint(1, 4), draw.choice("ABC"): 1})
                for _ in range(20)
            ]
            orders = sorted(world.orders)
            commands_of_orders = [CancelOrder(draw.choice(orders), "test") for _ in range(5 if orders else 0)]
            batch: list[Command] = [*commands, *commands_of_orders]
            results = await asyncio.gather(*[system.door.submit(Request((one,), "replay")) for one in batch])
            for one, result in zip(batch, results, strict=True):
                decision = world.apply(one, now=clock.now)
                assert isinstance(result.outcomes[0], Accepted) == isinstance(decision, Decision)
        await _assert_tables_agree(system, world)
