"""One thing: what needs a person, found where it is, ranked, marked, and gone when what it was read from is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, Clock, accepted, capture, fixed, item, stock
from troth.engine.exceptions.risk import weigh
from troth.engine.money.owed import owed
from troth.flows.door.system import System
from troth.flows.exceptions import workbench
from troth.flows.exceptions.fixing import apply_fix
from troth.flows.exceptions.intake import Tried, take_in
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.marking import Said, mark
from troth.flows.exceptions.workbench import NOBODY, Filters, count_open, find_one, find_open
from troth.flows.records.configure import set_item
from troth.model.commands import CancelOrder, LiftHold, LineQuantity, PickWork, PlaceHold, ReleaseOrder, ShipWork
from troth.model.exceptions import ExceptionKind, Mark, OpenException
from troth.model.fix import FixKind
from troth.model.hold_rules import BUILT_IN
from troth.model.hold_terms import HoldTerms
from troth.model.ids import HoldId, LineId, Sku, fulfillment_id
from troth.model.item import Substitute
from troth.model.lifecycle import AllocationState
from troth.model.order import Line, Order
from troth.model.refusals import FieldFlaw, FixOutdated, Invalid, NotFound, VersionConflict
from troth.model.status import OrderStatus, fulfillment_status, order_status, uncovered_quantities
from troth.store.queries import QUERIES

ONE = LineId("1")


async def short_order(system: System, external_id: str = "W-1", units: int = 2) -> Order:
    """An order of which nothing was found at its node, and that can be had nowhere else."""
    await stock(system, {("A", "DC-PA"): units})
    order = accepted(await system.door.one(capture(external_id, {"A": units}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
    picked = PickWork(fulfillment_id(order.order_id, 1), (LineQuantity(ONE, 0, "not_found"),))
    return accepted(await system.door.one(picked, actor="node"))


async def refuse(_body: Mapping[str, Any], _is_despite: bool) -> Tried:
    return Tried(findings=(FieldFlaw("/lines", "is required"),))


async def kinds(system: System, **filters: object) -> list[tuple[ExceptionKind, str]]:
    found = await find_open(system, Filters(**filters))  # type: ignore[arg-type]
    return [(one.kind, one.external_id) for one, _ in found.items]


async def only(system: System) -> OpenException:
    ((found, _risk),) = (await find_open(system, Filters())).items
    return found


async def looked_at(system: System, found: OpenException) -> Looked:
    looked = await look(system, found, role="operator")
    assert isinstance(looked, Looked), looked
    return looked


async def test_without_trouble_nobody_is_called(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 9})
    accepted(await system.door.one(capture(), actor="web"))
    assert await kinds(system) == []


async def test_units_that_were_not_found_and_are_nowhere_else_call_a_person(system: System) -> None:
    order = await short_order(system)
    found = await only(system)
    assert (found.kind, found.order_id, found.subject, found.version) == (
        ExceptionKind.SHORT,
        order.order_id,
        "1",
        order.version,
    )
    assert [(one.line.sku, one.units) for one in found.lines] == [("A", 2)]
    assert found.due_at == order.fulfillments[0].promised_at


async def test_what_resolves_itself_disappears_by_itself(system: System) -> None:
    await short_order(system)
    await stock(system, {("A", "DC-IL"): 5})
    found = await only(system)
    fix = next(fix for fix in (await looked_at(system, found)).fixes if fix.kind is FixKind.RE_SOURCE)
    done = await apply_fix(
        system, found.exception_id, fix.fix_id, version=found.version, reason="called", actor="user/maya", role=""
    )
    after = fixed(done)
    assert uncovered_quantities(after) == {}
    assert after.fulfillments[-1].promised_at == fix.promised_at
    assert await kinds(system) == []
    events = await system.pool.fetch(
        "SELECT kind, actor, body ->> 'reason' FROM events WHERE subject LIKE 'exception:%'"
    )
    assert [tuple(row) for row in events] == [("FixApplied", "user/maya", "called")]


async def test_a_fix_says_what_it_promises_costs_and_takes(system: System) -> None:
    await short_order(system)
    await stock(system, {("A", "DC-IL"): 5})
    looked = await looked_at(system, await only(system))
    assert list(dict.fromkeys(fix.kind for fix in looked.fixes)) == [
        FixKind.RE_SOURCE,
        FixKind.UPGRADE_SERVICE,
        FixKind.WAIT,
        FixKind.CANCEL,
    ]
    again, faster, cancel = looked.fixes[0], looked.fixes[1], looked.fixes[-1]
    assert again.promised_at is not None
    assert faster.promised_at is not None
    assert faster.promised_at < again.promised_at
    assert faster.cost_minor > again.cost_minor
    assert [(one.sku, one.node, one.units, one.left) for one in again.takes] == [("A", "DC-IL", 2, 3)]
    assert again.cost_minor > 0
    assert (cancel.price_minor, cancel.promised_at, cancel.takes) == (-2 * 1990, None, ())


async def test_a_node_that_did_not_find_an_item_sends_what_stands_in_for_it(system: System) -> None:
    await set_item(system, item("A", substitutes=(Substitute(Sku("B"), -490),)), actor="test")
    await stock(system, {("A", "DC-PA"): 3, ("B", "DC-PA"): 5})
    order = accepted(await system.door.one(capture("W-1", {"A": 3}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
    picked = PickWork(fulfillment_id(order.order_id, 1), (LineQuantity(ONE, 1, "not_found"),))
    accepted(await system.door.one(picked, actor="node"))
    found = await only(system)
    fix = next(fix for fix in (await looked_at(system, found)).fixes if fix.kind is FixKind.SUBSTITUTE)
    done = await apply_fix(
        system, found.exception_id, fix.fix_id, version=fix.version, reason="called", actor="user/maya", role=""
    )

    assert (fix.detail, fix.price_minor) == ("2 of B", -980)
    after = fixed(done)
    assert [(line.sku, line.quantity) for line in after.lines] == [("A", 1), ("B", 2)]
    assert uncovered_quantities(after) == {}
    assert await kinds(system) == []


async def test_a_fix_that_would_do_something_else_now_is_refused_and_nothing_is_done(system: System) -> None:
    order = await short_order(system)
    await stock(system, {("A", "DC-IL"): 5})
    found = await only(system)
    fix = (await looked_at(system, found)).fixes[0]

    other = await apply_fix(
        system, found.exception_id, fix.fix_id, version=order.version + 1, reason="", actor="maya", role=""
    )
    assert other == VersionConflict(str(order.version + 1), str(order.version))

    await stock(system, {("A", "DC-IL"): -5})
    gone = await apply_fix(
        system, found.exception_id, fix.fix_id, version=order.version, reason="", actor="maya", role=""
    )
    assert isinstance(gone, FixOutdated)
    assert fix.fix_id not in gone.possible
    assert await kinds(system) == [(ExceptionKind.SHORT, "W-1")]


async def test_what_is_to_wait_calls_nobody_any_more(system: System) -> None:
    await short_order(system)
    found = await only(system)
    wait = next(fix for fix in (await looked_at(system, found)).fixes if fix.kind is FixKind.WAIT)
    done = await apply_fix(
        system, found.exception_id, wait.fix_id, version=found.version, reason="", actor="maya", role=""
    )
    after = fixed(done)
    assert order_status(after) is OrderStatus.BACKORDERED
    assert await kinds(system) == []


async def test_work_that_did_not_leave_in_time_can_get_a_new_date_or_another_node(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 2, ("A", "DC-IL"): 2})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
    clock.advance(days=3)
    found = await only(system)
    assert (found.kind, found.node, found.due_at) == (
        ExceptionKind.LATE_WORK,
        order.fulfillments[0].node,
        order.fulfillments[0].ship_by,
    )
    looked = await looked_at(system, found)
    assert [fix.kind for fix in looked.fixes] == [FixKind.RE_SOURCE, FixKind.NEW_DATE, FixKind.CANCEL]
    later = looked.fixes[1]
    assert (later.cost_minor, later.price_minor) == (0, 0)
    assert later.promised_at is not None
    assert later.promised_at > clock.now

    done = await apply_fix(
        system, found.exception_id, later.fix_id, version=found.version, reason="truck broke down", actor="m", role=""
    )
    after = fixed(done)
    work = after.fulfillments[0]
    assert (work.promised_at, fulfillment_status(after, work.fulfillment_id)) == (
        later.promised_at,
        AllocationState.RELEASED,
    )
    assert work.ship_by > clock.now
    told = await system.pool.fetchval("SELECT body ->> 'reason' FROM events WHERE kind = 'PromiseChanged'")
    assert told == "truck broke down"
    assert await kinds(system) == []


async def test_a_promise_after_the_need_calls_a_person_who_may_agree_to_the_date(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    need_by = NOW + timedelta(hours=6)
    line = Line(ONE, Sku("A"), 2, 1990, need_by=need_by)
    order = accepted(await system.door.one(replace(capture(lines={"A": 2}), lines=(line,)), actor="web"))
    found = await only(system)
    assert (found.kind, found.due_at) == (ExceptionKind.LATE_PROMISE, need_by)
    looked = await looked_at(system, found)
    agree = next(fix for fix in looked.fixes if fix.kind is FixKind.NEW_DATE)
    assert agree.promised_at == order.fulfillments[0].promised_at
    faster = [fix for fix in looked.fixes if fix.kind is FixKind.UPGRADE_SERVICE]
    assert all(fix.promised_at is not None and fix.promised_at <= need_by for fix in faster if fix.is_whole)
    done = await apply_fix(
        system, found.exception_id, agree.fix_id, version=found.version, reason="agreed", actor="m", role=""
    )
    assert fixed(done).version > found.version
    assert await kinds(system) == []


async def test_holds_call_a_person_by_their_type_unless_they_are_quiet(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 9})
    held = {}
    for name in ("fraud", "payment", "address", "exchange"):
        held[name] = accepted(await system.door.one(capture(f"W-{name}"), actor="web")).order_id
        terms = BUILT_IN[name].terms
        accepted(await system.door.one(PlaceHold(held[name], name, "odd", None, terms), actor="rules"))
    assert sorted(await kinds(system)) == [
        (ExceptionKind.ADDRESS, "W-address"),
        (ExceptionKind.HOLD, "W-fraud"),
        (ExceptionKind.HOLD, "W-payment"),
    ]
    assert await kinds(system, owner="fraud") == [(ExceptionKind.HOLD, "W-fraud")]
    accepted(await system.door.one(LiftHold(held["fraud"], HoldId("H1")), actor="maya"))
    assert await kinds(system, owner="fraud") == []


async def test_lifting_a_hold_is_proposed_only_to_who_may(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 9})
    order = accepted(await system.door.one(capture(), actor="web"))
    terms = HoldTerms("fraud", lift_roles=("fraud_desk",))
    accepted(await system.door.one(PlaceHold(order.order_id, "fraud", "odd", None, terms), actor="rules"))
    found = await only(system)
    assert [fix.kind for fix in (await looked_at(system, found)).fixes] == [FixKind.GIVE_TIME, FixKind.CANCEL]
    desk = await look(system, found, role="fraud_desk")
    assert isinstance(desk, Looked)
    assert [fix.kind for fix in desk.fixes] == [FixKind.LIFT, FixKind.GIVE_TIME, FixKind.CANCEL]


async def test_more_promised_than_there_is_calls_a_person(system: System) -> None:
    await stock(system, {("A", "DC-PA"): 5})
    order = accepted(await system.door.one(capture(lines={"A": 3}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
    await stock(system, {("A", "DC-PA"): -4})
    found = await only(system)
    assert (found.kind, found.node, found.lines[0].units) == (ExceptionKind.DEFICIT, "DC-PA", 2)


async def test_what_is_shipped_meanwhile_calls_nobody(system: System, clock: Clock) -> None:
    await stock(system, {("A", "DC-PA"): 2})
    order = accepted(await system.door.one(capture(lines={"A": 2}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
    clock.advance(days=3)
    assert await kinds(system) == [(ExceptionKind.LATE_WORK, "W-1")]
    accepted(await system.door.one(ShipWork(fulfillment_id(order.order_id, 1)), actor="node"))
    assert await kinds(system) == []


async def test_who_looks_after_it_and_until_when_it_is_put_off_is_kept(system: System, clock: Clock) -> None:
    await short_order(system)
    name = (await only(system)).exception_id
    said = await mark(system, name, Said(owner="maya", note="called"), actor="user/ann")
    assert isinstance(said, Mark)
    assert (await kinds(system, owner="maya"), await kinds(system, owner=NOBODY)) == (
        [(ExceptionKind.SHORT, "W-1")],
        [],
    )
    later = clock.now + timedelta(hours=1)
    assert isinstance(await mark(system, name, Said(snoozed_until=later), actor="user/ann"), Mark)
    assert (await kinds(system), await kinds(system, with_snoozed=True)) == ([], [(ExceptionKind.SHORT, "W-1")])
    clock.advance(hours=2)
    found = await only(system)
    assert (found.looked_after_by, found.mark.snoozed_until) == ("maya", later)


@pytest.mark.parametrize(
    ("said", "pointer"), [(Said(), ""), (Said(snoozed_until=NOW - timedelta(days=1)), "/snoozed_until")]
)
async def test_what_says_nothing_or_is_over_is_refused(system: System, said: Said, pointer: str) -> None:
    await short_order(system)
    refused = await mark(system, (await only(system)).exception_id, said, actor="ann")
    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == [pointer]
    assert await system.pool.fetchval("SELECT count(*) FROM exception_marks") == 0


async def test_what_is_not_open_cannot_be_marked_or_fixed(system: System) -> None:
    for name in ("line:O-1:1", "nonsense", "work::", "stock::A@B@C"):
        assert await find_one(system, name) is None
        assert await mark(system, name, Said(owner="x"), actor="ann") == NotFound("exception", name)
        assert await apply_fix(system, name, "f", version=1, reason="", actor="a", role="") == NotFound(
            "exception", name
        )


async def test_the_dearest_and_most_urgent_comes_first_as_its_risk_says(system: System, clock: Clock) -> None:
    await short_order(system, "cheap", 1)
    await short_order(system, "dear", 9)
    ranked = await find_open(system, Filters())
    assert [one.external_id for one, _ in ranked.items] == ["dear", "cheap"]
    assert ranked.counts == {ExceptionKind.SHORT: 2}
    found, risk = ranked.items[0]
    assert (risk.owed_minor, risk.margin_minor) == (9 * 1990, 0)
    assert risk == weigh(found, system.door.reference.items, clock.now)
    assert await kinds(system, kinds=frozenset({ExceptionKind.HOLD})) == []


async def test_what_is_remembered_of_an_exception_is_what_is_true_of_it(system: System, clock: Clock) -> None:
    order = await short_order(system, "W-1", 3)
    first = await only(system)
    assert (await only(system)).lines is first.lines, "nothing changed, so nothing is read again"

    fewer = CancelOrder(order.order_id, "less", (LineQuantity(ONE, 1),))
    after = accepted(await system.door.one(fewer, actor="web"))
    ((found, risk),) = (await find_open(system, Filters())).items
    assert (found.version, found.lines[0].units, risk.owed_minor) == (after.version, 2, 2 * 1990)

    await set_item(system, item("A", cost_minor=990), actor="ann")
    ((found, risk),) = (await find_open(system, Filters())).items
    assert risk.margin_minor == 2 * (1990 - 990)
    remembered = found
    system.workbench.completed.clear()
    assert await only(system) == remembered, "as who remembers nothing finds it"


async def test_of_more_than_are_ranked_it_is_said_and_each_is_found_by_its_id(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "SOURCE_MAX", 3)
    for sku in "AB":
        await stock(system, {(sku, "DC-PA"): 5})
        order = accepted(await system.door.one(capture(f"W-{sku}", {sku: 3}), actor="web"))
        accepted(await system.door.one(ReleaseOrder(order.order_id), actor="web"))
        await stock(system, {(sku, "DC-PA"): -4})
    for name in ("W-1", "W-2"):
        await take_in(system, {"channel": "web", "external_id": name}, "edi", refuse, actor="edi")
    whole = await find_open(system, Filters())
    assert not whole.is_partial
    ids = [one.exception_id for one, _ in whole.items]
    assert [name.split(":")[0] for name in sorted(ids)] == ["intake", "intake", "stock", "stock"]

    for most in (1, 2):
        monkeypatch.setattr(workbench, "SOURCE_MAX", most)
        assert (await find_open(system, Filters())).is_partial
        for kind in (ExceptionKind.DEFICIT, ExceptionKind.INTAKE):
            only_kind = Filters(frozenset({kind}))
            assert (await find_open(system, only_kind, with_counts=False)).is_partial, kind
        assert [await find_one(system, name) for name in ids] == list(whole.items)


async def test_counted_alone_or_listed_the_same_is_found_of_each_kind(system: System, clock: Clock) -> None:
    await short_order(system, "W-1")
    await stock(system, {("B", "DC-PA"): 9})
    late = accepted(await system.door.one(capture("W-2", {"B": 1}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(late.order_id), actor="web"))
    held = accepted(await system.door.one(capture("W-3", {"B": 1}), actor="web"))
    terms = BUILT_IN["address"].terms
    accepted(await system.door.one(PlaceHold(held.order_id, "address", "odd", None, terms), actor="rules"))
    await stock(system, {("B", "DC-PA"): -9})
    await take_in(system, {"channel": "web"}, "edi", refuse, actor="edi")
    clock.advance(days=3)
    put_off = Said(snoozed_until=clock.now + timedelta(days=1))
    assert isinstance(await mark(system, f"hold:{held.order_id}:H1", put_off, actor="user/ann"), Mark)
    whole = await find_open(system, Filters(with_snoozed=True))
    counted = await count_open(system)
    assert {kind: one.count for kind, one in counted.items() if one.count} == whole.counts
    for kind, one in counted.items():
        assert one.since == min((found.since for found, _ in whole.items if found.kind is kind), default=None), kind

    found = {one.kind for one, _ in (await find_open(system, Filters())).items}
    assert len(found) >= 4, found
    for kind in ExceptionKind:
        filters = Filters(frozenset({kind}))
        whole, part = await find_open(system, filters), await find_open(system, filters, with_counts=False)
        assert part.items == whole.items, kind
        assert bool(part.items) is (kind in found)


async def test_at_risk_is_exactly_what_would_no_longer_be_owed(system: System) -> None:
    order = await short_order(system, "W-1", 3)
    ((_found, risk),) = (await find_open(system, Filters())).items
    canceled = accepted(await system.door.one(CancelOrder(order.order_id, "no"), actor="web"))
    assert risk.owed_minor == owed(order).total - owed(canceled).total


def test_each_kind_is_counted() -> None:
    assert [kind for kind in ExceptionKind if f"'{kind}'" not in QUERIES["count_exceptions"]] == []
