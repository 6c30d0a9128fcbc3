"""Returns on the workbench: units that wait for a decision and refunds that are held, found, fixed, and gone."""

from typing import Any

from tests.builders import Clock, accepted, capture, fixed, stock
from troth.flows.documents.families import RETURN_RULES
from troth.flows.door.system import System
from troth.flows.exceptions.bulk_fixes import fix_in_bulk
from troth.flows.exceptions.fixing import apply_fix, refuse_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, count_open, find_one, find_open
from troth.flows.orders.returns import ReturnContent, prepare_open, prepare_receive
from troth.flows.people.access import ADMIN, Actor
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.model.commands import DeliverWork, ReleaseOrder, ShipWork
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.fix import FixKind
from troth.model.ids import LineId, NodeId, OrderId, Sku
from troth.model.inventory import ON_HAND, Source, SupplyKey
from troth.model.lifecycle import DispositionState, ReceptionState
from troth.model.order import Order
from troth.model.refusals import Invalid
from troth.model.return_moves import ArrivedUnits, AskedUnits
from troth.model.returns import ReturnMethod
from troth.store.orders import read_orders
from troth.store.repromise import read_supplies

PA = NodeId("DC-PA")
ONE = LineId("1")


async def _publish(system: System, body: dict[str, Any]) -> None:
    saved = await save_draft(system, RETURN_RULES, "everyday", body, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, RETURN_RULES, "everyday", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def _delivered(system: System, name: str = "W-1", units: int = 2) -> Order:
    await stock(system, {("A", "DC-PA"): units})
    order = accepted(await system.door.one(capture(name, {"A": units}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    accepted(await system.door.one(ShipWork(work), actor="test"))
    return accepted(await system.door.one(DeliverWork(work), actor="test"))


async def _came(system: System, order: Order, *lines: ArrivedUnits) -> Order:
    """The order with two units that came back to the distribution center, without a grade unless lines say more."""
    content = ReturnContent(order.order_id, (AskedUnits(ONE, 2, "too_small"),), ReturnMethod.IN_STORE, PA)
    opened = await prepare_open(system, order, content)
    assert not isinstance(opened, Invalid)
    order = accepted(await system.door.one(opened, actor="test"))
    return await _receive(system, order, *(lines or (ArrivedUnits(2, ONE),)))


async def _receive(system: System, order: Order, *lines: ArrivedUnits, node: NodeId = PA) -> Order:
    received = await prepare_receive(system, order, order.returns[-1].return_id, node, lines)
    assert not isinstance(received, Invalid)
    return accepted(await system.door.one(received, actor="test"))


async def _only(system: System) -> OpenException:
    ((found, _risk),) = (await find_open(system, Filters())).items
    return found


async def _looked(system: System, found: OpenException) -> Looked:
    looked = await look(system, found, role="operator")
    assert isinstance(looked, Looked)
    return looked


async def _fix(system: System, found: OpenException, kind: FixKind) -> Order:
    fix = next(fix for fix in (await _looked(system, found)).fixes if fix.kind is kind)
    done = await apply_fix(
        system, found.exception_id, fix.fix_id, version=fix.version, reason="looked at", actor="maya", role=""
    )
    return fixed(done)


async def _now(system: System, order_id: OrderId) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id]))[order_id]


async def _on_hand(system: System, source: Source = ON_HAND) -> int:
    async with system.pool.acquire() as connection:
        return sum(one.on_hand for one in await read_supplies(connection, [SupplyKey(Sku("A"), PA, source)]))


async def test_units_that_came_back_ungraded_call_a_person_with_what_they_were_paid_with(system: System) -> None:
    order = await _came(system, await _delivered(system))

    ((found, risk),) = (await find_open(system, Filters())).items

    assert (found.kind, found.order_id, found.node) == (ExceptionKind.RETURN_WAITING, order.order_id, PA)
    assert found.exception_id == f"return:{order.order_id}:{order.returns[0].return_id}@DC-PA"
    assert [(one.line.sku, one.units) for one in found.lines] == [("A", 2)]
    assert (risk.owed_minor, risk.hours) == (2 * 1990, None)
    assert (await count_open(system))[ExceptionKind.RETURN_WAITING].since == found.since
    assert await find_one(system, found.exception_id) is not None


async def test_what_is_done_with_waiting_units_is_one_call_and_settles_it(system: System) -> None:
    await _came(system, await _delivered(system))
    found = await _only(system)
    kinds = [fix.kind for fix in (await _looked(system, found)).fixes]

    done = await _fix(system, found, FixKind.RESTOCK)

    assert kinds == [FixKind.RESTOCK, FixKind.OUTLET, FixKind.REFURBISH, FixKind.VENDOR, FixKind.DESTROY]
    assert [got.state for got in done.returns[0].received] == [DispositionState.RESTOCKED]
    assert await _on_hand(system) == 2
    assert (await find_open(system, Filters())).items == ()
    events = await system.pool.fetch(
        "SELECT body ->> 'fix', body ->> 'reason' FROM events WHERE subject = $1", f"exception:{found.exception_id}"
    )
    assert [tuple(row) for row in events] == [("restock", "looked at")]


async def test_what_came_to_another_node_than_it_was_sent_from_is_seen_there(system: System) -> None:
    order = await _delivered(system)
    content = ReturnContent(order.order_id, (AskedUnits(ONE, 2, "too_small"),), ReturnMethod.MAIL, PA)
    opened = await prepare_open(system, order, content)
    assert not isinstance(opened, Invalid)
    order = accepted(await system.door.one(opened, actor="test"))
    await _receive(system, order, ArrivedUnits(2, ONE), node=NodeId("DC-IL"))
    store = Actor("key/il", frozenset({"orders:write"}), nodes=frozenset({"DC-IL"}))

    there = await find_open(system, Filters(node="DC-IL", seen_by=store))
    elsewhere = await find_open(system, Filters(node="DC-PA"))

    assert [found.node for found, _ in there.items] == ["DC-IL"]
    assert elsewhere.items == ()


async def test_what_is_credited_once_units_are_judged_is_said_before(system: System) -> None:
    await _publish(system, {"refunds": [{"name": "once judged", "timing": "graded"}]})
    await _came(system, await _delivered(system))
    found = await _only(system)

    prices = {fix.kind: fix.price_minor for fix in (await _looked(system, found)).fixes}
    done = await _fix(system, found, FixKind.DESTROY)

    assert prices[FixKind.DESTROY] == -2 * 1990
    assert done.returns[0].credited_minor == 2 * 1990


async def test_many_returns_are_put_back_on_hand_in_one_go(system: System) -> None:
    for number in (1, 2, 3):
        await _came(system, await _delivered(system, f"W-{number}"))
    filters = Filters(frozenset({ExceptionKind.RETURN_WAITING}))

    async def run(*, is_preview: bool) -> int:
        done = await fix_in_bulk(
            system, filters, FixKind.RESTOCK, is_preview=is_preview, reason="", actor="maya", role=""
        )
        return len(done.fixed)

    assert await run(is_preview=True) == 3
    assert await _on_hand(system) == 0
    assert await run(is_preview=False) == 3
    assert await _on_hand(system) == 6
    assert (await find_open(system, Filters())).items == ()


async def test_units_of_nobodys_line_call_a_person_too(system: System) -> None:
    await _came(system, await _delivered(system), ArrivedUnits(2, ONE, grade="A"), ArrivedUnits(1, None, Sku("C")))
    found = await _only(system)
    assert (found.kind, found.lines, found.detail) == (
        ExceptionKind.RETURN_WAITING,
        (),
        "another item than was sent",
    )

    done = await _fix(system, found, FixKind.VENDOR)

    assert [got.state for got in done.returns[0].received] == [
        DispositionState.RESTOCKED,
        DispositionState.VENDOR,
    ]


async def test_a_refund_that_a_rule_holds_is_credited_or_denied_by_a_person(system: System, clock: Clock) -> None:
    await _publish(system, {"risks": [{"name": "many units", "when": "rma.units > 1", "action": "hold"}]})
    for name in ("W-1", "W-2"):
        await _came(system, await _delivered(system, name), ArrivedUnits(2, ONE, grade="A"))
        clock.advance(minutes=5)
    (first, _), (second, _) = (await find_open(system, Filters())).items
    fixes = {fix.kind: fix for fix in (await _looked(system, first)).fixes}

    credited = await _fix(system, first, FixKind.CREDIT)
    denied = await _fix(system, second, FixKind.DENY)

    assert [(one.kind, one.detail) for one in (first, second)] == [(ExceptionKind.REFUND_HELD, "many units")] * 2
    assert set(fixes) == {FixKind.CREDIT, FixKind.DENY}
    assert (fixes[FixKind.CREDIT].price_minor, fixes[FixKind.DENY].price_minor) == (-2 * 1990, 0)
    assert credited.returns[0].credited_minor == 2 * 1990
    (over,) = denied.returns
    assert (over.state, over.credited_minor) == (ReceptionState.CLOSED, 0)
    assert (await find_open(system, Filters())).items == ()


async def test_a_refund_that_is_held_before_anything_came_can_be_let_go(system: System) -> None:
    await _publish(system, {"risks": [{"name": "many units", "when": "rma.units > 1", "action": "hold"}]})
    order = await _delivered(system)
    content = ReturnContent(order.order_id, (AskedUnits(ONE, 2, "too_small"),), ReturnMethod.MAIL)
    opened = await prepare_open(system, order, content)
    assert not isinstance(opened, Invalid)
    accepted(await system.door.one(opened, actor="test"))
    found = await _only(system)
    assert [fix.kind for fix in (await _looked(system, found)).fixes] == [FixKind.CREDIT]

    done = await _fix(system, found, FixKind.CREDIT)
    after = await _receive(system, done, ArrivedUnits(2, ONE, grade="A"))

    assert done.returns[0].credited_minor == 0
    assert after.returns[0].credited_minor == 2 * 1990


async def test_what_moves_money_is_for_nobody_who_is_bound_and_returns_and_supply_are_for_who_takes_them() -> None:
    desk = Actor("key/desk", frozenset({"orders:write"}))
    buyer = Actor("key/buyer", frozenset({"orders:write", "inventory:write"}))
    store = Actor("user/sam", frozenset({ADMIN}), nodes=frozenset({"DC-PA"}))
    customer = Actor("key/portal", frozenset({"orders:write"}), customers=frozenset({"C-1"}))

    assert {kind for kind in FixKind if refuse_fix(desk, kind)} == {FixKind.RESCHEDULE, FixKind.WITHDRAW}
    assert {kind for kind in FixKind if refuse_fix(store, kind)} == {
        FixKind.RE_SHIP,
        FixKind.REFUND,
        FixKind.CREDIT,
        FixKind.DENY,
        FixKind.RETRY_PAYMENT,
        FixKind.OTHER_PAYMENT,
    }
    assert [refuse_fix(buyer, kind) for kind in FixKind] == [None] * len(FixKind)
    assert refuse_fix(customer, FixKind.RESTOCK) is not None
    assert refuse_fix(customer, FixKind.CANCEL) is None
