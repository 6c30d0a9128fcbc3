"""No release order breaks a promise: whatever the rules, the room of the waves and the order in which they are run,
every node gets its work in time, and a release moves neither stock nor capacity.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOW, capture, item, node
from tests.examples import examples
from troth.engine.carriage.calendars import finish_work, minute_of, take_on
from troth.engine.carriage.network import compile_network
from troth.engine.policies.release_rules import compile_release
from troth.engine.promising.context import Decision
from troth.engine.reserve import reserve_entries
from troth.engine.waves.latest_start import latest_start
from troth.engine.waves.waves import Amount, Waiting, fill_wave
from troth.model.capacity import CapacityUnit
from troth.model.capture_order import CaptureOrder
from troth.model.commands import ActOnDue, AdjustStock, Command, RunWave
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.network import Calendar, Node
from troth.model.order import Fulfillment, Line, Order
from troth.model.release_rules import LeadRule, ReleaseRules, RemorseRule, WaveRule
from troth.model.status import next_due_at
from troth.replay.world import World

ITEMS = {Sku(name): item(name) for name in "AB"}
CALENDARS = (Calendar(), Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(8), closes=time(18)), Calendar((0, 3, 5)))
STEPS_MAX = 400


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Node:
    return node(
        name,
        calendar=draw(st.sampled_from(CALENDARS)),
        cut_off=time(draw(st.integers(9, 17))),
        processing_hours=draw(st.sampled_from((0.0, 0.5, 3.0, 11.0, 30.0))),
        acceptance_minutes=draw(st.sampled_from((0, 0, 120))),
        capacity_per_day=draw(st.sampled_from((None, None, 3, 8))),
        capacity_unit=draw(st.sampled_from(CapacityUnit)),
    )


@st.composite
def rules(draw: st.DrawFn) -> ReleaseRules:
    def wave(name: str, where: str) -> WaveRule:
        hours = draw(st.lists(st.integers(0, 23), min_size=1, max_size=4, unique=True))
        return WaveRule(
            name,
            tuple(map(time, hours)),
            weekdays=tuple(draw(st.lists(st.integers(0, 6), min_size=1, unique=True))),
            where=where,
            when=draw(st.sampled_from(("", "order.units < 4", "customer.id == 'C-1'"))),
            cut_off_minutes=draw(st.sampled_from((0, 15, 180))),
        )

    waves = (wave("pa", "node.id == 'DC-PA'"), wave("all", ""))
    return ReleaseRules(
        remorse=(RemorseRule("any", draw(st.sampled_from((0, 30, 600)))),),
        lead=draw(st.sampled_from(((), (LeadRule("any", 5.0),), (LeadRule("some", 30.0, "order.units > 2"),)))),
        waves=draw(st.sampled_from((waves, waves[:1], waves[1:], ()))),
    )


@st.composite
def orders(draw: st.DrawFn, number: int) -> tuple[datetime, CaptureOrder]:
    at = NOW + timedelta(minutes=draw(st.integers(0, 3 * 24 * 60)))
    later = draw(st.sampled_from((None, None, None, 4, 12)))
    not_before = None if later is None else at + timedelta(days=later)
    lines = tuple(
        Line(LineId(sku), Sku(sku), draw(st.integers(1, 3)), 1990, not_before=not_before)
        for sku in draw(st.sampled_from(("A", "B", "AB")))
    )
    return at, replace(capture(f"W-{number}"), lines=lines)


@given(data=st.data())
@settings(max_examples=examples(30), deadline=None)
def test_every_node_gets_its_work_in_time_however_it_is_released(data: st.DataObject) -> None:
    network = compile_network((data.draw(nodes("DC-PA")), data.draw(nodes("DC-IL"))))
    release = compile_release(data.draw(rules()), "test@1")
    world = World(network, ITEMS, release=release)
    for one in network.nodes:
        for sku in ITEMS:
            world.apply(AdjustStock(SupplyKey(sku, one.node), 40, "initial"), now=NOW - timedelta(hours=1))
    coming = sorted(
        (data.draw(orders(number)) for number in range(data.draw(st.integers(1, 8)))), key=lambda one: one[0]
    )
    room = data.draw(
        st.sampled_from((Amount(0, 0, 0), Amount(1, None, None), Amount(None, None, 3), Amount(None, None, None)))
    )
    released: dict[FulfillmentId, datetime] = {}
    now = NOW
    for _ in range(STEPS_MAX):
        times = [at for at, _ in coming[:1]] + list(_times(world))
        if not times:
            break
        now = max(now, min(times))
        while coming and coming[0][0] <= now:
            world.apply(coming.pop(0)[1], now=now)
        commands = data.draw(st.permutations(_commands(world, now, room)))
        for command in commands:
            _apply(world, command, now, released)
    else:
        raise AssertionError("it never came to an end")

    for order in world.orders.values():
        assert all(part.state is AllocationState.RELEASED for part in order.allocations)
        for work in order.fulfillments:
            begun = released[work.fulfillment_id]
            latest = latest_start(network, work, since=order.captured_at, ready_minutes=0)
            assert begun <= max(latest, order.release_at)
            if latest >= order.release_at:
                assert _is_done_in_time(world, work, begun)


def _times(world: World) -> Iterable[datetime]:
    """When the clock has something to do next: for orders, and for waves."""
    for order in world.orders.values():
        due = next_due_at(order)
        yield from () if due is None else (due,)
        yield from (one.at for one in order.planned if one.wave)


def _commands(world: World, now: datetime, room: Amount) -> list[Command]:
    """What is due: orders by themselves, and waves, each with as much as it has room for."""
    commands: list[Command] = [
        ActOnDue(order_id) for order_id, order in world.orders.items() if (at := next_due_at(order)) and at <= now
    ]
    waves: dict[str, list[Waiting]] = {}
    for order in world.orders.values():
        for one in order.planned:
            if one.wave and one.at <= now:
                works = {work.fulfillment_id: work for work in order.fulfillments}
                promised = works[one.fulfillment_id].promised_at
                waiting = Waiting(
                    order.order_id, one.fulfillment_id, one.latest, promised, 0, *_size(order, one.fulfillment_id)
                )
                waves.setdefault(one.wave, []).append(waiting)
    for wave, works_of_wave in waves.items():
        taken, left = fill_wave(works_of_wave, room)
        commands += [RunWave(one.order_id, wave, released=(one.fulfillment_id,)) for one in taken]
        commands += [RunWave(one.order_id, wave, deferred=(one.fulfillment_id,)) for one in left]
    return commands


def _size(order: Order, work: FulfillmentId) -> tuple[int, int]:
    parts = [part for part in order.allocations if part.fulfillment_id == work]
    return len({part.line_id for part in parts}), sum(part.quantity for part in parts)


def _apply(world: World, command: Command, now: datetime, released: dict[FulfillmentId, datetime]) -> None:
    load = dict(world.load.used)
    decision = world.apply(command, now=now)
    assert isinstance(decision, Decision)
    assert decision.entries == ()
    assert world.load.used == load
    for change in decision.changes:
        assert change.before is not None
        assert reserve_entries(change.before, change.after) == ()
        before = {part.allocation: part for part in change.before.allocations}
        for part in change.after.allocations:
            if part.state is AllocationState.RELEASED and before[part.allocation].state is not part.state:
                released.setdefault(part.fulfillment_id, now)


def _is_done_in_time(world: World, work: Fulfillment, begun: datetime) -> bool:
    """Whether a node that gets its work at an instant is done with it when it has to leave."""
    network = world._network
    clock = network.clock_of(network.index[NodeId(work.node)], work.service)
    at = take_on(clock, minute_of(begun.timestamp()))
    assert at is not None
    out = finish_work(clock, at, clock.processing_minutes, has_cut_off=True)
    return out is not None and datetime.fromtimestamp(out * 60, UTC) <= work.ship_by
