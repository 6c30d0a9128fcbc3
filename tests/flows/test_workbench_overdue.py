"""Supply that should have come and has not: told, ranked by what waits for it, and settled in its own document."""

from datetime import datetime, timedelta

import pytest

from tests.builders import NOW, Clock, item, set_up, stock
from tests.flows.moving import ANN, IL, PA, A, assert_sound, line, order_of, read, settle, sources
from troth.flows.door.requests import Answer
from troth.flows.door.system import System
from troth.flows.exceptions.bulk_fixes import fix_in_bulk
from troth.flows.exceptions.fixing import Fixed, apply_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, count_open, find_one, find_open
from troth.flows.stock import expect as purchase_orders
from troth.flows.stock.expect import expect
from troth.flows.stock.move_transfer import Moving, move_transfer
from troth.flows.stock.stock import Adjustment, adjust
from troth.flows.stock.transfer_now import TransferNow
from troth.flows.stock.transfer_now import read as read_transfer
from troth.flows.stock.transfers import set_transfer
from troth.model.commands import ExpectedLine
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.fix import Fix, FixKind
from troth.model.ids import Sku
from troth.model.lifecycle import TransferEvent
from troth.model.refusals import FieldFlaw, FixOutdated, Invalid, Refusal, VersionConflict
from troth.model.risk import Risk
from troth.model.status import promise_of, uncovered_quantities
from troth.model.transfer import Transfer, TransferLine

DUE = NOW + timedelta(days=1)


async def overdue(system: System) -> list[tuple[OpenException, Risk]]:
    kinds = frozenset({ExceptionKind.OVERDUE_SUPPLY})
    return list((await find_open(system, Filters(kinds, with_snoozed=True))).items)


async def only(system: System) -> OpenException:
    ((found, _risk),) = await overdue(system)
    return found


async def fixes_of(system: System, found: OpenException) -> dict[FixKind, Fix]:
    looked = await look(system, found, role="operator")
    assert isinstance(looked, Looked), looked
    return {fix.kind: fix for fix in looked.fixes}


async def do(
    system: System, found: OpenException, kind: FixKind, *, at: datetime | None = None, reason: str = ""
) -> Fixed | Refusal:
    fix = (await fixes_of(system, found))[kind]
    return await apply_fix(
        system,
        found.exception_id,
        fix.fix_id,
        version=fix.version,
        reason=reason,
        actor="maya",
        role="",
        expected_at=at,
    )


async def expected_on(system: System, number: str = "P-1") -> list[tuple[int, datetime]]:
    found = await purchase_orders.read(system, number)
    assert found is not None
    return [(state.line.quantity, state.line.expected_at) for state in found.value]


async def test_a_line_whose_date_passed_calls_a_person_half_a_day_later_until_all_of_it_has_come(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, DUE), line(7, NOW + timedelta(days=9), number=2)), actor=ANN)
    order_id = await order_of(system, "W-1", 2)
    clock.now = DUE + timedelta(hours=11)
    early = await overdue(system)
    clock.advance(hours=2)

    ((found, risk),) = await overdue(system)
    assert early == []
    assert (found.exception_id, found.since, found.node) == ("supply::A@DC-PA@po%2FP-1%2F1", DUE, PA)
    assert found.detail == "5 of A, purchase order P-1: 2 promised to 1 order"
    assert risk.owed_minor == 2 * 1990
    (work,) = (await read(system, order_id)).fulfillments
    assert found.due_at == work.ship_by
    assert (await count_open(system))[ExceptionKind.OVERDUE_SUPPLY].since == DUE

    await adjust(system, [Adjustment(PA, A, 3, "receipt", "P-1")], actor=ANN)
    assert (await only(system)).detail == "2 of A, purchase order P-1: nothing promised"
    await adjust(system, [Adjustment(PA, A, 2, "receipt", "P-1")], actor=ANN)
    assert await overdue(system) == []


async def test_what_is_promised_and_soonest_missed_stands_first(system: System, clock: Clock) -> None:
    await set_up(system.pool, items=(item("A"), item("B"), item("C")))
    for number, sku, quantity in (("P-1", "A", 5), ("P-2", "B", 900), ("P-3", "C", 5)):
        await expect(system, number, (ExpectedLine(1, PA, Sku(sku), quantity, DUE),), actor=ANN)
    await order_of(system, "W-1", 1)
    clock.now = DUE + timedelta(days=2)

    ranked = [(found.skus, risk.owed_minor) for found, risk in await overdue(system)]
    assert ranked[0] == (("A",), 1990)
    assert ranked[1:] == [(("B",), 0), (("C",), 0)]


async def test_a_date_that_somebody_knows_moves_the_promises_and_calls_nobody(system: System, clock: Clock) -> None:
    await expect(system, "P-1", (line(5, DUE), line(7, DUE, number=2)), actor=ANN)
    order_id = await order_of(system, "W-1", 2)
    before = promise_of(await read(system, order_id), (await read(system, order_id)).lines[0].line_id)
    clock.now = DUE + timedelta(days=2)
    found = (await overdue(system))[0][0]
    known = clock.now + timedelta(days=5)

    done = await do(system, found, FixKind.RESCHEDULE, at=known, reason="their mail of today")
    await settle(system)

    assert isinstance(done, Fixed)
    assert (done.order, done.version, done.fix.promised_at) == (None, 2, known)
    assert await expected_on(system) == [(5, known), (7, DUE)]
    after = promise_of(await read(system, order_id), (await read(system, order_id)).lines[0].line_id)
    assert before is not None
    assert after is not None
    assert after.date() >= known.date() > before.date()
    assert [one.exception_id for one, _ in await overdue(system)] == ["supply::A@DC-PA@po%2FP-1%2F2"]
    rows = await system.pool.fetch("SELECT actor, body ->> 'reason' FROM events WHERE kind = 'FixApplied'")
    assert [tuple(row) for row in rows] == [("maya", "their mail of today")]
    await assert_sound(system)


async def test_the_date_that_is_proposed_is_as_much_later_again_and_the_same_all_day(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, DUE),), actor=ANN)
    clock.now = DUE + timedelta(days=2, hours=1)
    found = await only(system)
    first = (await fixes_of(system, found))[FixKind.RESCHEDULE]
    clock.advance(hours=6)
    again = (await fixes_of(system, found))[FixKind.RESCHEDULE]

    assert first == again
    assert first.promised_at == DUE + timedelta(days=6)
    assert isinstance(await do(system, found, FixKind.RESCHEDULE), Fixed)
    assert await expected_on(system) == [(5, DUE + timedelta(days=6))]


async def test_who_asked_for_it_is_called_again_after_a_day_and_when_it_is_late_once_more(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, DUE),), actor=ANN)
    clock.now = DUE + timedelta(days=2)

    assert isinstance(await do(system, await only(system), FixKind.CHASE, reason="asked by phone"), Fixed)

    assert (await find_open(system, Filters())).items == ()
    clock.advance(days=1)
    assert len((await find_open(system, Filters())).items) == 1
    await do(system, await only(system), FixKind.CHASE)
    await do(system, await only(system), FixKind.RESCHEDULE, at=clock.now + timedelta(hours=1))
    clock.advance(hours=14)
    ((late_again, _risk),) = (await find_open(system, Filters())).items
    assert late_again.mark.snoozed_until is None, "what was said of the earlier delay does not count"


async def test_what_is_withdrawn_is_promised_from_elsewhere_by_rank_and_the_rest_calls_a_person(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(6, DUE),), actor=ANN)
    first, second = await order_of(system, "W-1", 2), await order_of(system, "W-2", 2)
    await adjust(system, [Adjustment(PA, A, 1, "receipt", "P-1")], actor=ANN)
    await stock(system, {("A", IL): 3})
    await settle(system)
    clock.now = DUE + timedelta(days=2)
    found = await only(system)
    fix = (await fixes_of(system, found))[FixKind.WITHDRAW]

    done = await do(system, found, FixKind.WITHDRAW, reason="the vendor has none")
    await settle(system)

    assert fix.detail == "5 units of purchase order P-1, line 1; 3 units free elsewhere"
    assert isinstance(done, Fixed)
    assert await expected_on(system) == [(1, DUE)], "what has come stays"
    assert sum(units for _, _, units in await sources(system, first)) == 2
    left = {order_id: sum(uncovered_quantities(await read(system, order_id)).values()) for order_id in (first, second)}
    held = [units for one in (first, second) for _, _, units in await sources(system, one)]
    assert (left[first], sum(left.values()) + sum(held)) == (0, 4)
    assert await overdue(system) == []
    await assert_sound(system)


async def test_a_fix_of_a_document_that_was_set_again_meanwhile_is_refused_and_nothing_changes(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, DUE),), actor=ANN)
    clock.now = DUE + timedelta(days=2)
    found = await only(system)
    fix = (await fixes_of(system, found))[FixKind.RESCHEDULE]
    await expect(system, "P-1", (line(5, DUE), line(1, NOW + timedelta(days=30), number=2)), actor=ANN)

    refused = await apply_fix(
        system, found.exception_id, fix.fix_id, version=fix.version, reason="", actor="maya", role=""
    )

    assert refused == VersionConflict("1", "2")
    assert [quantity for quantity, _ in await expected_on(system)] == [5, 1]


@pytest.mark.parametrize(
    ("kind", "at", "why"),
    [
        (FixKind.RESCHEDULE, NOW, "must lie in the future"),
        (FixKind.WITHDRAW, NOW + timedelta(days=60), "is nothing that withdraw needs"),
    ],
)
async def test_a_date_that_is_none_is_refused_by_its_field(
    system: System, clock: Clock, kind: FixKind, at: datetime, why: str
) -> None:
    await expect(system, "P-1", (line(5, DUE),), actor=ANN)
    clock.now = DUE + timedelta(days=2)

    refused = await do(system, await only(system), kind, at=at)

    assert refused == Invalid((FieldFlaw("/expected_at", why),))
    assert await expected_on(system) == [(5, DUE)]


async def test_a_fix_that_would_do_something_else_by_now_is_refused_with_what_is_possible(
    system: System, clock: Clock
) -> None:
    await expect(system, "P-1", (line(5, DUE),), actor=ANN)
    clock.now = DUE + timedelta(days=2)
    found = await only(system)
    fix = (await fixes_of(system, found))[FixKind.RESCHEDULE]
    clock.advance(days=2)

    refused = await apply_fix(
        system, found.exception_id, fix.fix_id, version=fix.version, reason="", actor="maya", role=""
    )

    assert isinstance(refused, FixOutdated)
    assert await expected_on(system) == [(5, DUE)]


async def test_a_transfer_that_has_not_come_is_expected_later_or_lost(system: System, clock: Clock) -> None:
    def render(done: TransferNow | Refusal) -> Answer:
        assert isinstance(done, TransferNow), done
        return Answer(200, b"")

    await stock(system, {("A", IL): 5})
    await set_transfer(system, "T-1", Transfer(IL, PA, DUE, (TransferLine(1, A, 5),)), actor=ANN)
    await move_transfer(system, "T-1", Moving(TransferEvent.SHIP, lambda _: ()), actor=ANN, render=render)
    order_id = await order_of(system, "W-1", 2)
    clock.now = DUE + timedelta(days=1, hours=12)
    found = await only(system)

    assert found.detail == "5 of A, transfer T-1: 2 promised to 1 order"
    assert isinstance(await do(system, found, FixKind.RESCHEDULE), Fixed)
    moved = await read_transfer(system, "T-1")
    assert moved is not None
    assert moved.value.transfer.expected_at == DUE + timedelta(days=4)
    clock.now = DUE + timedelta(days=6)
    assert isinstance(await do(system, await only(system), FixKind.WITHDRAW), Fixed)
    await settle(system)

    assert await sources(system, order_id) == []
    assert [one.kind for one, _ in (await find_open(system, Filters())).items] == [ExceptionKind.SHORT]
    await assert_sound(system)


async def test_in_bulk_all_lines_of_an_item_are_withdrawn(system: System, clock: Clock) -> None:
    for number in ("P-1", "P-2"):
        await expect(system, number, (line(5, DUE),), actor=ANN)
    clock.now = DUE + timedelta(days=2)
    filters = Filters(frozenset({ExceptionKind.OVERDUE_SUPPLY}), sku=A)

    done = await fix_in_bulk(
        system, filters, FixKind.WITHDRAW, is_preview=False, reason="delisted", actor="maya", role=""
    )

    assert [line_.refusal for line_ in done.fixed] == [None, None]
    assert [await expected_on(system, number) for number in ("P-1", "P-2")] == [[], []]
    assert await overdue(system) == []


async def test_what_should_have_come_three_months_ago_calls_nobody_any_more(system: System, clock: Clock) -> None:
    await expect(system, "P-1", (line(5, DUE),), actor=ANN)
    clock.now = DUE + timedelta(days=89)
    name = (await only(system)).exception_id
    assert await find_one(system, name) is not None
    clock.advance(days=1)

    assert await overdue(system) == []
    assert await find_one(system, name) is None
