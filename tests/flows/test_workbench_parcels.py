"""Parcels on the workbench: what is lost, damaged or goes back calls a person, who sends it once more or credits it."""

import pytest

from tests.builders import Clock, accepted, capture, stock
from troth.engine.tracking.trouble import find_troubles
from troth.flows.door.system import System
from troth.flows.exceptions.fixing import Fixed, apply_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.orders.returns import ReturnContent, prepare_open
from troth.flows.tracking.watch import Watcher, follow_watched, look_at_due
from troth.model.carrier_claim import CarrierClaimReason
from troth.model.commands import RecordTracking, ReleaseOrder, ShipWork
from troth.model.exceptions import ExceptionKind, OpenException
from troth.model.fix import FixKind
from troth.model.ids import LineId, NodeId
from troth.model.order import Order, Package, PackageLine
from troth.model.refusals import Invalid
from troth.model.return_moves import AskedUnits
from troth.model.returns import ReturnKind, ReturnMethod
from troth.model.status import OrderStatus, order_status
from troth.store.carrier_claims import CarrierClaimFilter, find_carrier_claims
from troth.store.orders import read_orders

PA = NodeId("DC-PA")
ONE = LineId("1")
PRICE = 1990


async def _shipped(system: System, *parcels: Package, units: int = 3) -> Order:
    await stock(system, {("A", "DC-PA"): units})
    order = accepted(await system.door.one(capture("W-1", {"A": units}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    sent = parcels or (Package("1", carrier="UPS", tracking_number="1Z-1"),)
    return accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id, sent), actor="test"))


async def _told(system: System, clock: Clock, order: Order, status: str, number: str = "1Z-1") -> None:
    clock.advance(hours=1)
    work = order.fulfillments[0].fulfillment_id
    accepted(await system.door.one(RecordTracking(work, "UPS", number, status, clock.now), actor="ups"))
    await _watch(system, clock)


async def _watch(system: System, clock: Clock) -> None:
    clock.advance(seconds=1)
    while await follow_watched(system.pool, system.door.now()):
        pass
    while await look_at_due(system, Watcher()):
        pass


async def _open(system: System) -> list[OpenException]:
    ranked = await find_open(system, Filters(kinds=frozenset({ExceptionKind.PARCEL})))
    return [found for found, _risk in ranked.items]


async def _looked(system: System) -> tuple[OpenException, Looked]:
    (found,) = await _open(system)
    looked = await look(system, found, role="operator", actor="maya")
    assert isinstance(looked, Looked)
    return found, looked


async def _apply(system: System, kind: FixKind) -> Fixed:
    found, looked = await _looked(system)
    fix = next(fix for fix in looked.fixes if fix.kind is kind)
    done = await apply_fix(
        system, found.exception_id, fix.fix_id, version=fix.version, reason="called", actor="maya", role=""
    )
    assert isinstance(done, Fixed), done
    return done


@pytest.mark.parametrize("status", ["lost", "damaged", "returned"])
async def test_a_parcel_in_trouble_can_be_sent_once_more_or_credited(system: System, clock: Clock, status: str) -> None:
    order = await _shipped(system)
    await stock(system, {("A", "DC-PA"): 5})
    await _told(system, clock, order, status)

    found, looked = await _looked(system)

    assert (found.detail, [one.units for one in found.lines]) == (status, [3])
    again, refund = looked.fixes
    assert [(fix.kind, fix.detail, fix.price_minor, fix.is_whole) for fix in looked.fixes] == [
        (FixKind.RE_SHIP, "3 of A", 0, True),
        (FixKind.REFUND, "3 of A", -3 * PRICE, True),
    ]
    assert again.promised_at is not None
    assert [(one.sku, one.node, one.units, one.left) for one in again.takes] == [("A", PA, 3, 2)]
    assert (refund.promised_at, refund.takes, refund.cost_minor) == (None, (), 0)


async def test_what_is_sent_once_more_is_an_order_of_its_own_that_the_claim_pays_for(
    system: System, clock: Clock
) -> None:
    order = await _shipped(system)
    await stock(system, {("A", "DC-PA"): 5})
    await _told(system, clock, order, "lost")

    done = await _apply(system, FixKind.RE_SHIP)
    await _watch(system, clock)

    assert done.order is not None
    (claim,) = done.order.returns
    assert (claim.kind, claim.method, claim.credited_minor, claim.due_minor) == (
        ReturnKind.CLAIM, ReturnMethod.NONE, 3 * PRICE, 0,
    )  # fmt: skip
    assert claim.exchange is not None
    async with system.pool.acquire() as connection:
        again = (await read_orders(connection, [claim.exchange.order_id]))[claim.exchange.order_id]
    assert (again.external_id, order_status(again)) == ("W-1-X1", OrderStatus.PROMISED)
    assert [(line.sku, line.quantity) for line in again.lines] == [("A", 3)]
    assert done.fix.promised_at == again.fulfillments[0].promised_at
    assert await _open(system) == []
    async with system.pool.acquire() as connection:
        (owed,) = await find_carrier_claims(connection, CarrierClaimFilter(), after=None, limit=9)
    assert (owed.carrier, owed.tracking_number, owed.reason, owed.amount_minor, owed.opened_by) == (
        "UPS", "1Z-1", CarrierClaimReason.LOST, 3 * PRICE, "maya",
    )  # fmt: skip


async def test_only_what_was_in_the_lost_parcel_is_credited(system: System, clock: Clock) -> None:
    parcels = (
        Package("1", (PackageLine(ONE, 1),), carrier="UPS", tracking_number="1Z-1"),
        Package("2", (PackageLine(ONE, 2),), carrier="UPS", tracking_number="1Z-2"),
    )
    order = await _shipped(system, *parcels)
    await _told(system, clock, order, "lost", "1Z-2")

    done = await _apply(system, FixKind.REFUND)
    await _watch(system, clock)

    assert done.order is not None
    assert [(line.quantity, line.reason) for line in done.order.returns[0].lines] == [(2, "lost_in_transit")]
    assert done.order.returns[0].due_minor == 2 * PRICE
    assert await _open(system) == []


async def test_another_parcel_that_is_lost_later_calls_again(system: System, clock: Clock) -> None:
    parcels = (
        Package("1", (PackageLine(ONE, 1),), carrier="UPS", tracking_number="1Z-1"),
        Package("2", (PackageLine(ONE, 2),), carrier="UPS", tracking_number="1Z-2"),
    )
    order = await _shipped(system, *parcels)
    await _told(system, clock, order, "lost", "1Z-2")
    await _apply(system, FixKind.REFUND)
    await _told(system, clock, order, "damaged", "1Z-1")

    _found, looked = await _looked(system)

    assert [(fix.kind, fix.price_minor) for fix in looked.fixes][-1] == (FixKind.REFUND, -PRICE)
    assert [one.kind for one in find_troubles(looked.order, looked.order.fulfillments[0])] == ["damaged"]  # type: ignore[union-attr, arg-type]


async def test_what_turns_up_calls_nobody_and_what_contradicts_itself_is_not_guessed_at(
    system: System, clock: Clock
) -> None:
    order = await _shipped(system)
    await _told(system, clock, order, "lost")
    await _told(system, clock, order, "in_transit")
    assert await _open(system) == []

    await _told(system, clock, order, "delivered")
    await _told(system, clock, order, "in_transit")
    found, looked = await _looked(system)
    assert (found.detail, looked.fixes) == ("contradicted", ())


async def test_a_claim_that_a_customer_has_made_since_settles_it(system: System, clock: Clock) -> None:
    order = await _shipped(system)
    await _told(system, clock, order, "lost")
    clock.advance(hours=1)
    content = ReturnContent(
        order.order_id, (AskedUnits(ONE, 3, "lost_in_transit"),), ReturnMethod.NONE, kind=ReturnKind.CLAIM
    )
    async with system.pool.acquire() as connection:
        order = (await read_orders(connection, [order.order_id]))[order.order_id]
    command = await prepare_open(system, order, content)
    assert not isinstance(command, Invalid)
    accepted(await system.door.one(command, actor="desk"))
    await _watch(system, clock)

    assert await _open(system) == []
