"""Typed holds: each blocks what its terms say and nothing else, and ends as they say."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW
from tests.engine.changing import (
    CHICAGO,
    ITEMS,
    NODES,
    ONE,
    PA,
    assert_kept,
    captured,
    change,
    changed,
    reserved,
    world_with,
)
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.change import SetAddress, SetPrice, SetQuantity
from troth.model.commands import (
    ActOnDue,
    AdjustStock,
    AssignHold,
    CancelOrder,
    Command,
    ExtendHold,
    LiftHold,
    LineQuantity,
    PickWork,
    PlaceHold,
    ReleaseOrder,
    RepromiseOrder,
    ShipWork,
    TellHolds,
)
from troth.model.events import HoldAssigned, HoldLifted, OrderCanceled
from troth.model.hold_terms import AtEnd, Block, HoldTerms, Signal
from troth.model.ids import FulfillmentId, HoldId, NodeId, Sku, fulfillment_id
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import HoldState
from troth.model.order import Order
from troth.model.refusals import Held, Invalid, LiftReserved, NotFound, NotPossibleNow, Refusal
from troth.model.status import OrderStatus, next_due_at, order_status, uncovered_quantities
from troth.replay.world import World

H1 = HoldId("H1")
SOON = NOW + timedelta(hours=2)


def held(world: World, order: Order, *blocks: Block, type_: str = "manual", **terms: Any) -> Order:
    """The order with a hold that blocks this, on these terms."""
    expires_at = terms.pop("expires_at", None)
    command = PlaceHold(order.order_id, type_, "odd", expires_at, HoldTerms(blocks=blocks or (Block.RELEASE,), **terms))
    assert isinstance(world.apply(command, now=NOW), Decision)
    return world.orders[order.order_id]


def done(world: World, command: Command, *, minutes: int = 5) -> Order:
    """The order after a command that is taken."""
    decision = world.apply(command, now=NOW + timedelta(minutes=minutes))
    assert isinstance(decision, Decision), decision
    return decision.changes[0].after if decision.changes else next(iter(world.orders.values()))


def refused(world: World, command: Command, *, minutes: int = 5) -> Refusal:
    """Why a command is refused, having left everything as it was."""
    orders, balances = dict(world.orders), dict(world.balances)
    decision = world.apply(command, now=NOW + timedelta(minutes=minutes))
    assert not isinstance(decision, Decision), decision
    assert (world.orders, world.balances) == (orders, balances)
    return decision


def released(world: World, order: Order) -> FulfillmentId:
    """The first work of an order, once it is released."""
    done(world, ReleaseOrder(order.order_id))
    return fulfillment_id(order.order_id, 1)


def test_a_hold_blocks_only_what_its_terms_say() -> None:
    for block in Block:
        world = world_with({("A", "DC-PA"): 9})
        order = captured(world, {"A": 2})
        held(world, order, block, type_="own")
        asked: dict[Block, Command] = {
            Block.RELEASE: ReleaseOrder(order.order_id),
            Block.CANCEL: CancelOrder(order.order_id, "no"),
        }
        answers = {
            what: isinstance(world_after(world).apply(one, now=NOW + timedelta(minutes=5)), Held)
            for what, one in asked.items()
        }
        answers[Block.CHANGE] = isinstance(change(world_after(world), order, SetPrice(ONE, 5)), Held)
        assert [what for what, is_held in answers.items() if is_held] == [what for what in answers if what is block]


def world_after(world: World) -> World:
    """A world that goes on from where another one is, which it leaves as it is."""
    copy = World(compile_network(NODES), {one.sku: one for one in ITEMS})
    copy.orders, copy.balances = dict(world.orders), dict(world.balances)
    return copy


def test_a_hold_of_shipping_lets_a_node_pick_and_keeps_the_goods_there() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    work = released(world, order)
    held(world, order, Block.SHIP)

    done(world, PickWork(work))
    assert refused(world, ShipWork(work)) == Held((H1,))

    done(world, LiftHold(order.order_id, H1))
    assert order_status(done(world, ShipWork(work))) is OrderStatus.SHIPPED


def test_what_has_left_can_only_be_held_from_being_refunded() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    done(world, ShipWork(released(world, order)))
    for block in (Block.RELEASE, Block.PROMISE, Block.CHANGE, Block.CANCEL, Block.SHIP):
        terms = HoldTerms(blocks=(block,))
        assert isinstance(refused(world, PlaceHold(order.order_id, "own", "x", None, terms)), NotPossibleNow)
    after = held(world, order, Block.REFUND)
    assert (order_status(after), len(after.holds)) == (OrderStatus.SHIPPED, 1)


def test_several_holds_count_each_for_itself() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, Block.RELEASE, type_="fraud")
    held(world, order, Block.RELEASE, Block.CANCEL, type_="credit")

    assert refused(world, ReleaseOrder(order.order_id)) == Held((H1, HoldId("H2")))
    assert refused(world, CancelOrder(order.order_id, "no")) == Held((HoldId("H2"),))
    done(world, LiftHold(order.order_id, HoldId("H2")))
    assert refused(world, ReleaseOrder(order.order_id)) == Held((H1,))
    done(world, CancelOrder(order.order_id, "no"))


def test_units_of_an_order_that_may_not_be_promised_are_free_for_others_until_its_hold_is_lifted() -> None:
    world = world_with({("A", "DC-PA"): 2})
    order = captured(world, {"A": 2})
    after = held(world, order, Block.PROMISE, type_="stock")

    assert (order_status(after), reserved(world)) == (OrderStatus.ON_HOLD, {})
    assert uncovered_quantities(after) == {ONE: 2}
    captured(world, {"A": 1}, "W-2")
    assert done(world, RepromiseOrder(order.order_id, "stock moved")).version in (1, after.version)
    assert world.orders[order.order_id] == after, "nobody promises it while it is held"

    world.apply(AdjustStock(SupplyKey(Sku("A"), PA), 1, "initial"), now=NOW)
    decision = world.apply(LiftHold(order.order_id, H1), now=NOW + timedelta(minutes=5))
    assert isinstance(decision, Decision)
    assert order_status(world.orders[order.order_id]) is OrderStatus.PROMISED
    assert decision.trace is not None
    assert_kept(world)


def test_an_order_that_is_short_once_its_hold_is_lifted_needs_a_person() -> None:
    world = world_with({("A", "DC-PA"): 2})
    order = captured(world, {"A": 2})
    held(world, order, Block.PROMISE)
    captured(world, {"A": 2}, "W-2")

    done(world, LiftHold(order.order_id, H1))

    after = world.orders[order.order_id]
    assert (order_status(after), uncovered_quantities(after)) == (OrderStatus.EXCEPTION, {ONE: 2})


def test_a_change_that_asks_for_another_promise_waits_for_the_hold_and_one_of_the_price_does_not() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, Block.PROMISE)
    assert change(world, order, SetQuantity(ONE, 3)) == Held((H1,))
    assert changed(world, order, SetPrice(ONE, 500)).lines[0].unit_price_minor == 500


def test_what_a_node_cannot_provide_stays_unpromised_while_that_is_blocked() -> None:
    world = world_with({("A", "DC-PA"): 2, ("A", "DC-IL"): 2})
    order = captured(world, {"A": 2})
    work = released(world, order)
    held(world, order, Block.PROMISE, Block.SHIP)

    after = done(world, PickWork(work, (LineQuantity(ONE, 1),)))
    assert (uncovered_quantities(after), after.parked[0].reason) == ({ONE: 1}, "manual hold")

    after = done(world, LiftHold(order.order_id, H1))
    assert uncovered_quantities(after) == {}
    assert {work.node for work in after.fulfillments} == {PA, NodeId("DC-IL")}


def test_only_people_of_a_role_lift_a_hold_that_is_kept_for_them() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, lift_roles=("fraud_desk",))
    for role in ("", "operator"):
        assert refused(world, LiftHold(order.order_id, H1, role)) == LiftReserved(H1, ("fraud_desk",))
    after = done(world, LiftHold(order.order_id, H1, "fraud_desk"))
    assert after.holds[0].state is HoldState.LIFTED
    assert refused(world, LiftHold(order.order_id, H1, "fraud_desk")) == NotPossibleNow("lift", "lifted")


def test_an_administrator_lifts_any_hold() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, lift_roles=("fraud_desk",))
    assert done(world, LiftHold(order.order_id, H1, "administrator")).holds[0].state is HoldState.LIFTED


def test_a_signal_lifts_what_waits_for_it_and_nothing_else() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, type_="payment", lift_on=(Signal.PAYMENT_AUTHORIZED,))
    held(world, order, type_="fraud")

    after = done(world, TellHolds(order.order_id, Signal.PAYMENT_AUTHORIZED))
    assert [(hold.type, hold.state) for hold in after.holds] == [
        ("payment", HoldState.LIFTED),
        ("fraud", HoldState.PLACED),
    ]
    decision = world.apply(TellHolds(order.order_id, Signal.PAYMENT_AUTHORIZED), now=SOON)
    assert isinstance(decision, Decision)
    assert decision.events == (), "told twice, it happens once"


@pytest.mark.parametrize(
    ("signal", "action"),
    [(Signal.ADDRESS_CHANGED, SetAddress(CHICAGO)), (Signal.PRICE_CHANGED, SetPrice(ONE, 900))],
)
def test_a_change_ends_the_hold_that_waited_for_it(signal: Signal, action: Any) -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, lift_on=(signal,))
    assert changed(world, order, SetQuantity(ONE, 1)).holds[0].state is HoldState.PLACED
    assert changed(world, order, action).holds[0].state is HoldState.LIFTED


def test_a_condition_on_the_order_ends_a_hold_as_soon_as_it_is_met() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 5})
    held(world, order, lift_when="order.value < 50.0")
    assert changed(world, order, SetQuantity(ONE, 3)).holds[0].state is HoldState.PLACED  # 3 × 19.90
    assert changed(world, order, SetQuantity(ONE, 2)).holds[0].state is HoldState.LIFTED


def test_the_clock_lifts_a_hold_and_releases_what_it_held() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    after = held(world, order, expires_at=SOON)
    assert next_due_at(after) == SOON
    after = done(world, ActOnDue(order.order_id), minutes=120)
    assert (order_status(after), next_due_at(after)) == (OrderStatus.RELEASED, None)


def test_the_clock_cancels_what_can_still_be_canceled() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, expires_at=SOON, at_end=AtEnd.CANCEL, type_="payment")
    decision = world.apply(ActOnDue(order.order_id), now=SOON)
    assert isinstance(decision, Decision)
    assert [type(event) for _, event in decision.events] == [HoldLifted, OrderCanceled]
    assert (order_status(world.orders[order.order_id]), reserved(world)) == (OrderStatus.CANCELED, {})


def test_the_clock_hands_a_hold_on_once_and_it_still_blocks() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, owner="fraud", expires_at=SOON, at_end=AtEnd.ESCALATE, escalate_to="head_of_fraud")
    decision = world.apply(ActOnDue(order.order_id), now=SOON)
    assert isinstance(decision, Decision)
    assert [event for _, event in decision.events] == [HoldAssigned(H1, "head_of_fraud", SOON, is_escalated=True)]
    after = world.orders[order.order_id]
    hold = after.holds[0]
    assert (hold.terms.owner, hold.escalated_at, hold.expires_at) == ("head_of_fraud", SOON, None)
    assert (order_status(after), next_due_at(after)) == (OrderStatus.ON_HOLD, None)


def test_an_order_that_another_hold_keeps_from_being_canceled_is_handed_on_instead() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, owner="payments", expires_at=SOON, at_end=AtEnd.CANCEL)
    held(world, order, Block.CANCEL)
    after = done(world, ActOnDue(order.order_id), minutes=120)
    assert (order_status(after), after.holds[0].escalated_at) == (OrderStatus.ON_HOLD, SOON)
    assert next_due_at(after) is None


def test_somebody_else_can_look_after_a_hold() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, owner="fraud")
    assert done(world, AssignHold(order.order_id, H1, "maya")).holds[0].terms.owner == "maya"
    assert refused(world, AssignHold(order.order_id, HoldId("H7"), "maya")) == NotFound("hold", "H7")


def test_a_hold_is_given_time_and_never_less() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order, expires_at=SOON, at_end=AtEnd.CANCEL)
    later = SOON + timedelta(hours=4)

    assert done(world, ExtendHold(order.order_id, H1, later, "they look for it")).holds[0].expires_at == later
    assert done(world, ActOnDue(order.order_id), minutes=120).holds[0].state is HoldState.PLACED
    for sooner in (SOON, NOW):
        found = refused(world, ExtendHold(order.order_id, H1, sooner), minutes=120)
        assert isinstance(found, Invalid)
        assert found.flaws[0].pointer == "/expires_at"
    assert world.apply(ExtendHold(order.order_id, H1, later), now=NOW) == Decision()
    assert order_status(done(world, ActOnDue(order.order_id), minutes=360)) is OrderStatus.CANCELED


def test_a_hold_that_no_clock_ends_or_that_is_lifted_is_given_no_time() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    held(world, order)
    endless = refused(world, ExtendHold(order.order_id, H1, SOON))
    done(world, LiftHold(order.order_id, H1))

    assert isinstance(endless, Invalid)
    assert endless.flaws[0].detail == "has no meaning: no clock ends the hold"
    assert refused(world, ExtendHold(order.order_id, H1, SOON)) == NotPossibleNow("extend", "lifted")
    assert refused(world, ExtendHold(order.order_id, HoldId("H7"), SOON)) == NotFound("hold", "H7")


def test_a_hold_must_end_in_the_future() -> None:
    world = world_with({("A", "DC-PA"): 9})
    order = captured(world, {"A": 2})
    found = refused(world, PlaceHold(order.order_id, "manual", "x", NOW))
    assert isinstance(found, Invalid)
    assert found.flaws[0].pointer == "/expires_at"
