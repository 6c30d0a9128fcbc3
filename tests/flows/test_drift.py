"""Drift: what another system says is held against the books of that instant, explained, and corrected by a count."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.feeding import taken_in
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.flows.people.access import Actor
from troth.flows.stock.drift import Cause, Difference, DriftReport, Proposal, TheirPosition, find_drift
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Adjustment, Counted, LineResult, adjust, count
from troth.model.commands import ExpectedLine, ReleaseOrder
from troth.model.ids import NodeId, Sku
from troth.model.inventory import VarianceReason
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.positions import find_positions

ANN = Actor("key/wms", frozenset({"inventory:write"}))
PA = NodeId("DC-PA")
A, B, C, D, E = (Sku(sku) for sku in "ABCDE")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(PA),), items=tuple(item(sku, cost_minor=800) for sku in "ABCDE"))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {(sku, PA): 10 for sku in "ABCDE"})
        yield opened


async def _find(system: System, clock: Clock, theirs: Mapping[Sku, int | Decimal]) -> DriftReport:
    positions = [TheirPosition(sku, PA, units) for sku, units in theirs.items()]
    found = await find_drift(system, clock.now - timedelta(minutes=10), positions, actor=ANN)
    assert isinstance(found, DriftReport)
    return found


async def test_each_difference_has_its_likely_cause_and_what_to_do(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    await expect(system, "P-1", (ExpectedLine(1, PA, B, 5, NOW + timedelta(minutes=30)),), actor=ANN)
    clock.advance(hours=1)
    as_of = clock.now
    clock.advance(minutes=10)
    await count(system, PA, as_of + timedelta(minutes=5), [Counted(C, 9)], actor=ANN)
    await adjust(system, [Adjustment(PA, D, -2, "damaged")], actor=ANN)

    found = await _find(system, clock, {A: 8, B: 14, C: 7, D: 13, E: 10})

    work = order.fulfillments[0].fulfillment_id
    counted_at = (as_of + timedelta(minutes=5)).isoformat()
    assert found.compared == 5
    assert found.differences == (
        Difference(A, PA, 10, 8, 0, -1600, Cause.UNPOSTED_SHIPMENT, Proposal.POST_SHIPMENT, (work,)),
        Difference(B, PA, 10, 14, 0, 3200, Cause.MISSED_RECEIPT, Proposal.POST_RECEIPT, ("po/P-1/1",)),
        Difference(C, PA, 10, 7, 0, -2400, Cause.COUNT_OLDER, Proposal.NOTHING, (counted_at,)),
        Difference(D, PA, 10, 13, -2, 2400, Cause.UNKNOWN, Proposal.COUNT),
    )
    assert found.correction() == (Counted(D, 13, PA, VarianceReason.UNKNOWN),)


async def test_the_correction_is_an_ordinary_count_that_adds_what_moved_since(system: System, clock: Clock) -> None:
    clock.advance(minutes=20)
    await adjust(system, [Adjustment(PA, A, -2, "damaged")], actor=ANN)
    found = await _find(system, clock, {A: 13})

    done = await count(system, None, found.as_of, found.correction(), actor=ANN, reference="drift WMS")
    again = await _find(system, clock, {A: 13})

    assert done == (LineResult(0),)
    async with system.pool.acquire() as connection:
        (position, *_) = await find_positions(connection, skus=[A], limit=1)
    assert position.on_hand == 11
    assert (again.compared, again.differences) == (1, ())
    assert (await examine(system.pool)).is_clean


async def test_what_was_corrected_is_clean_also_later_and_where_more_left_since_than_they_had(
    system: System, clock: Clock
) -> None:
    clock.advance(minutes=20)
    as_of = clock.now
    clock.advance(minutes=10)
    await adjust(system, [Adjustment(PA, A, -3, "damaged"), Adjustment(PA, B, -9, "damaged")], actor=ANN)
    found = await find_drift(system, as_of, [TheirPosition(A, PA, 13), TheirPosition(B, PA, 1)], actor=ANN)
    assert isinstance(found, DriftReport)
    done = await count(system, None, found.as_of, found.correction(), actor=ANN, reference="drift WMS")
    assert isinstance(done, tuple)
    assert [line.code for line in done] == ["", "invalid-request"]  # of B more has left than they had
    await taken_in(system, "sku,node,on_hand\nB,DC-PA,1\n", as_of=as_of)
    clock.advance(minutes=10)
    await adjust(system, [Adjustment(PA, A, 5, "receipt")], actor=ANN)
    later = clock.now
    clock.advance(minutes=10)

    then = await find_drift(system, as_of, [TheirPosition(A, PA, 13), TheirPosition(B, PA, 1)], actor=ANN)
    now = await find_drift(system, later, [TheirPosition(A, PA, 15), TheirPosition(B, PA, 0)], actor=ANN)

    assert then == DriftReport(as_of, 2, (), ())
    assert now == DriftReport(later, 2, (), ())


async def test_a_count_of_an_earlier_time_that_was_written_later_is_what_the_books_held_then(
    system: System, clock: Clock
) -> None:
    clock.advance(minutes=10)
    counted_at = clock.now
    clock.advance(minutes=10)
    await adjust(system, [Adjustment(PA, A, -2, "damaged")], actor=ANN)
    clock.advance(minutes=10)
    as_of = clock.now
    clock.advance(minutes=10)
    await count(system, PA, counted_at, [Counted(A, 7)], actor=ANN)

    found = await find_drift(system, as_of, [TheirPosition(A, PA, 5)], actor=ANN)
    off = await find_drift(system, as_of, [TheirPosition(A, PA, 8)], actor=ANN)

    assert found == DriftReport(as_of, 1, (), ())
    assert isinstance(off, DriftReport)
    assert [(one.ours, one.units, one.moved_since) for one in off.differences] == [(5, 3, 0)]


async def test_more_units_than_the_evidence_explains_are_of_unknown_cause(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    clock.advance(hours=1)

    found = await _find(system, clock, {A: 6})

    assert [(one.cause, one.proposal) for one in found.differences] == [(Cause.UNKNOWN, Proposal.COUNT)]


async def test_work_that_was_released_later_explains_nothing(system: System, clock: Clock) -> None:
    clock.advance(hours=1)
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))

    found = await _find(system, clock, {A: 8})

    assert [one.cause for one in found.differences] == [Cause.UNKNOWN]


async def test_lines_that_cannot_be_compared_are_named_and_the_others_are(system: System, clock: Clock) -> None:
    clock.advance(hours=1)
    positions = [
        TheirPosition(A, PA, 10),
        TheirPosition(Sku("NOPE"), PA, 1),
        TheirPosition(A, PA, 9),
        TheirPosition(A, NodeId("MARS"), 1),
    ]

    found = await find_drift(system, clock.now, positions, actor=ANN)
    future = await find_drift(system, clock.now + timedelta(days=1), positions, actor=ANN)

    assert isinstance(found, DriftReport)
    assert (found.compared, found.differences) == (1, ())
    assert [(one.line, one.flaws[0].pointer) for one in found.refused] == [(1, "/sku"), (2, "/sku"), (3, "/node")]
    assert future == Invalid((FieldFlaw("/as_of", "positions cannot be those of the future"),))


async def test_positions_that_cannot_be_compared_are_refused_line_by_line(system: System, clock: Clock) -> None:
    await set_up(system.pool, nodes=(), items=(item("KIT", kit=((A, 2),)), item("CHEESE", unit="kg", decimals=3)))
    await adjust(system, [Adjustment(PA, A, 5, "receipt", lot="L-1")], actor=ANN)
    clock.advance(hours=1)

    found = await _find(system, clock, {A: 5, B: -1, Sku("KIT"): 5, C: 9, Sku("CHEESE"): Decimal("0.1234")})

    assert [(one.line, one.flaws) for one in found.refused] == [
        (0, (FieldFlaw("/lot", "A is held by lot at DC-PA: count each lot by its name"),)),
        (1, (FieldFlaw("/on_hand", "cannot be less than nothing"),)),
        (2, (FieldFlaw("/sku", "is a kit, which has no stock: name its components"),)),
        (4, (FieldFlaw("/on_hand", "must have at most 3 decimals: CHEESE is sold by measure"),)),
    ]
    assert [(one.sku, one.units) for one in found.differences] == [(C, -1)]


async def test_lots_and_measures_are_compared_each_for_itself_and_corrected(system: System, clock: Clock) -> None:
    cheese = item("CHEESE", unit="kg", decimals=3, cost_minor=1000)
    await set_up(system.pool, nodes=(), items=(cheese,))
    lots = [Adjustment(PA, A, 5, "receipt", lot="L-1"), Adjustment(PA, A, 4, "receipt", lot="L-2")]
    await adjust(system, [*lots, Adjustment(PA, cheese.sku, 1500, "receipt", lot="L-9")], actor=ANN)
    clock.advance(hours=1)
    theirs = [
        TheirPosition(A, PA, 5, "L-1"),
        TheirPosition(A, PA, 3, "L-2"),
        TheirPosition(A, PA, 10),
        TheirPosition(cheese.sku, PA, Decimal("1.25"), "L-9"),
        TheirPosition(A, PA, 3, "L-2"),
    ]

    found = await find_drift(system, clock.now, theirs, actor=ANN)

    assert isinstance(found, DriftReport)
    assert [(one.sku, one.lot, one.ours, one.theirs, one.cost_minor) for one in found.differences] == [
        (A, "L-2", 4, 3, -800),
        (cheese.sku, "L-9", 1500, 1250, -250),
    ]
    assert [(one.line, one.flaws[0].detail) for one in found.refused] == [
        (4, "lot L-2 of A at DC-PA is in line 1 already")
    ]
    await count(system, None, found.as_of, found.correction(), actor=ANN)
    again = await find_drift(system, clock.now, theirs[:4], actor=ANN)
    assert isinstance(again, DriftReport)
    assert (again.compared, again.differences) == (4, ())
