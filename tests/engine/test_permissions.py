"""Who may cancel and change what, and until when."""

import pytest

from tests.builders import NOW
from tests.engine.changing import ONE, TWO, assert_kept, captured, change, changed, world_with
from troth.engine.money.owed import owed
from troth.engine.promising.context import Decision
from troth.model.change import (
    AddLine,
    ChangeAction,
    RemoveLine,
    SetDeliveryCharge,
    SetNode,
    SetPrice,
    SetQuantity,
    Substitute,
)
from troth.model.charges import DeliveryCharge
from troth.model.commands import (
    AcceptWork,
    CancelOrder,
    Command,
    LineQuantity,
    PackWork,
    PickWork,
    ReleaseOrder,
    ShipWork,
)
from troth.model.ids import Sku
from troth.model.lifecycle import GONE, RESERVING, AllocationState
from troth.model.order import Line, Order
from troth.model.permissions import CANCEL, MAY, By
from troth.model.refusals import Invalid, NotPossibleNow
from troth.replay.world import World

STOCK = {("A", "DC-PA"): 9, ("B", "DC-IL"): 9}


def advanced(world: World, order: Order, *, until: AllocationState) -> Order:
    """The order with the work of its first fulfillment so far."""
    work = order.fulfillments[0].fulfillment_id
    steps: dict[AllocationState, Command] = {
        AllocationState.RELEASED: ReleaseOrder(order.order_id),
        AllocationState.ACCEPTED: AcceptWork(work),
        AllocationState.PICKED: PickWork(work),
        AllocationState.PACKED: PackWork(work),
        AllocationState.SHIPPED: ShipWork(work),
    }
    for state, command in steps.items():
        assert isinstance(world.apply(command, now=NOW), Decision), command
        if state is until:
            break
    return world.orders[order.order_id]


def cancel(world: World, order: Order, by: By, reason: str = "", *lines: LineQuantity) -> object:
    """What canceling gives."""
    return world.apply(CancelOrder(order.order_id, reason, lines, by), now=NOW)


def test_a_customer_cancels_within_the_window_without_a_reason() -> None:
    world = world_with(STOCK)
    order = captured(world, {"A": 2, "B": 1})

    assert isinstance(cancel(world, order, By.CUSTOMER), Decision)
    assert world.orders[order.order_id].canceled_at == NOW
    assert_kept(world)


@pytest.mark.parametrize("until", [AllocationState.RELEASED, AllocationState.PACKED, AllocationState.SHIPPED])
def test_a_customer_does_not_cancel_what_a_node_has(until: AllocationState) -> None:
    world = world_with(STOCK)
    order = advanced(world, captured(world, {"A": 2}), until=until)
    refused = cancel(world, order, By.CUSTOMER, "changed my mind")

    assert isinstance(refused, NotPossibleNow)
    assert world.orders[order.order_id] == order


def test_an_operator_cancels_until_it_has_left_and_says_why() -> None:
    world = world_with(STOCK)
    order = advanced(world, captured(world, {"A": 3}), until=AllocationState.PACKED)
    refused = cancel(world, order, By.OPERATOR)

    assert isinstance(refused, Invalid)
    assert [(flaw.pointer, flaw.detail) for flaw in refused.flaws] == [("/reason", "is required of an operator")]
    assert world.orders[order.order_id] == order
    assert isinstance(cancel(world, order, By.OPERATOR, "fraud", LineQuantity(ONE, 1)), Decision)
    assert world.orders[order.order_id].lines[0].canceled_quantity == 1
    gone = advanced_ship(world, world.orders[order.order_id])
    assert isinstance(cancel(world, gone, By.OPERATOR, "fraud"), NotPossibleNow)
    assert world.orders[order.order_id] == gone


def advanced_ship(world: World, order: Order) -> Order:
    """The packed order, shipped."""
    assert isinstance(world.apply(ShipWork(order.fulfillments[0].fulfillment_id), now=NOW), Decision)
    return world.orders[order.order_id]


def test_a_customer_cancels_what_no_node_has_beside_what_one_has() -> None:
    world = world_with(STOCK)
    order = advanced(world, captured(world, {"A": 2}), until=AllocationState.RELEASED)
    more = changed(world, order, AddLine(Line(TWO, Sku("B"), 2, 500)))

    assert isinstance(cancel(world, more, By.CUSTOMER), NotPossibleNow)
    assert isinstance(cancel(world, more, By.CUSTOMER, "", LineQuantity(ONE, 1)), NotPossibleNow)
    assert world.orders[order.order_id] == more
    assert isinstance(cancel(world, more, By.CUSTOMER, "", LineQuantity(TWO, 1)), Decision)
    assert [line.canceled_quantity for line in world.orders[order.order_id].lines] == [0, 1]
    assert_kept(world)


@pytest.mark.parametrize(
    "action",
    [SetPrice(ONE, 1), SetNode(ONE, None), Substitute(ONE, Sku("B"), 1), SetDeliveryCharge(None)],
    ids=lambda action: type(action).__name__,
)
def test_a_customer_sets_no_price_and_no_source(action: ChangeAction) -> None:
    world = world_with(STOCK)
    order = captured(world, {"A": 2})
    refused = change(world, order, action, by=By.CUSTOMER)

    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/actions/0/action"]
    assert world.orders[order.order_id] == order


@pytest.mark.parametrize("action", [SetQuantity(ONE, 1), RemoveLine(ONE), AddLine(Line(TWO, Sku("B"), 1, 500))])
def test_a_customer_changes_until_a_node_has_it(action: ChangeAction) -> None:
    world = world_with(STOCK)
    order = advanced(world, captured(world, {"A": 2}), until=AllocationState.RELEASED)
    refused = change(world, order, action, by=By.CUSTOMER)

    assert isinstance(refused, Invalid)
    assert world.orders[order.order_id] == order
    assert isinstance(change(world, order, action, by=By.OPERATOR), Decision)


def test_what_the_delivery_costs_is_set_until_something_has_left() -> None:
    world = world_with(STOCK)
    order = captured(world, {"A": 2}, delivery_charge=DeliveryCharge(599, 48))
    free = changed(world, order, SetDeliveryCharge(None))

    assert (owed(order).total - owed(free).total, free.delivery_charge) == (647, None)
    assert free.allocations == order.allocations
    dear = changed(world, free, SetDeliveryCharge(DeliveryCharge(1_000, 80, 200)))
    assert owed(dear).delivery.wanted.total_minor == 880
    gone = advanced(world, dear, until=AllocationState.SHIPPED)
    assert not isinstance(change(world, gone, SetDeliveryCharge(None)), Decision)
    assert world.orders[order.order_id] == gone


def test_nobody_may_cancel_what_has_left_and_a_customer_may_nothing_that_an_operator_may_not() -> None:
    assert all(not deeds[CANCEL] & GONE and deeds[CANCEL] <= RESERVING for deeds in MAY.values())
    assert all(states <= MAY[By.OPERATOR][deed] for deed, states in MAY[By.CUSTOMER].items())
