"""Steps of a node that are taken back: only the last one, and only while nothing has left the building."""

import pytest

from tests.builders import NOW, item, node
from tests.engine.changing import assert_kept, captured, world_with
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.model.commands import (
    AcceptWork,
    AdjustStock,
    CollectWork,
    Command,
    LineQuantity,
    LineSerials,
    PackWork,
    PickWork,
    ReleaseOrder,
    ShipWork,
    StageWork,
    UnacceptWork,
    UndoCommand,
    UnpackWork,
    UnpickWork,
    UnstageWork,
)
from troth.model.events import (
    FulfillmentUnaccepted,
    FulfillmentUnpacked,
    FulfillmentUnpicked,
    FulfillmentUnstaged,
    SerialsNamed,
)
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.order import Method, Order
from troth.model.refusals import NotPossibleNow
from troth.replay.world import World

S = AllocationState
Step = type[AcceptWork | PickWork | PackWork | StageWork | ShipWork | CollectWork]
STOCK = {("A", "ST-NYC"): 9, ("B", "ST-NYC"): 9}


def at_store(*steps: Step, method: Method = Method.PICKUP, units: int = 2) -> tuple[World, Order]:
    """An order of a store, and how far the store has come with it."""
    world = world_with(STOCK, nodes=(node("ST-NYC"),))
    pickup = {"method": method, "pickup_node": NodeId("ST-NYC")} if method is Method.PICKUP else {}
    order = captured(world, {"A": units}, **pickup)
    done(world, ReleaseOrder(order.order_id))
    for step in steps:
        done(world, step(work_of(order)))
    return world, world.orders[order.order_id]


def work_of(order: Order) -> FulfillmentId:
    return order.fulfillments[0].fulfillment_id


def done(world: World, command: Command) -> Decision:
    decision = world.apply(command, now=NOW)
    assert isinstance(decision, Decision), decision
    return decision


def states(order: Order) -> set[AllocationState]:
    return {part.state for part in order.allocations if part.state not in ENDED}


@pytest.mark.parametrize(
    ("steps", "method", "undo", "state", "event"),
    [
        ((AcceptWork,), Method.SHIP, UnacceptWork, S.RELEASED, FulfillmentUnaccepted),
        ((PickWork,), Method.PICKUP, UnpickWork, S.ACCEPTED, FulfillmentUnpicked),
        ((PickWork, PackWork), Method.SHIP, UnpackWork, S.PICKED, FulfillmentUnpacked),
        ((PickWork, StageWork), Method.PICKUP, UnstageWork, S.PICKED, FulfillmentUnstaged),
        ((PickWork, PackWork, StageWork), Method.PICKUP, UnstageWork, S.PICKED, FulfillmentUnstaged),
    ],
)
def test_the_last_step_is_taken_back_and_may_be_done_again(
    steps: tuple[Step, ...],
    method: Method,
    undo: type[UndoCommand],
    state: AllocationState,
    event: type[object],
) -> None:
    world, order = at_store(*steps, method=method)

    decision = done(world, undo(work_of(order), "the wrong one"))

    after = world.orders[order.order_id]
    ((_, happened),) = decision.events
    assert isinstance(happened, event)
    assert (states(after), decision.entries) == ({state}, ())  # what is in the building stays reserved
    assert (after.fulfillments[0].packages, after.fulfillments[0].staging) == ((), "")
    assert_kept(world)
    for step in steps if len(steps) == 1 else steps[1:]:
        done(world, step(work_of(order)))
    assert states(world.orders[order.order_id]) == states(order)


@pytest.mark.parametrize("undo", [UnacceptWork, UnpickWork, UnpackWork, UnstageWork])
@pytest.mark.parametrize(
    ("steps", "method", "fits"),
    [
        ((), Method.SHIP, None),
        ((AcceptWork,), Method.SHIP, UnacceptWork),
        ((PickWork,), Method.SHIP, UnpickWork),
        ((PackWork,), Method.SHIP, UnpackWork),
        ((ShipWork,), Method.SHIP, None),
        ((StageWork,), Method.PICKUP, UnstageWork),
        ((CollectWork,), Method.PICKUP, None),
    ],
)
def test_any_other_step_is_refused_and_leaves_everything_as_it_was(
    steps: tuple[Step, ...], method: Method, fits: type[UndoCommand] | None, undo: type[UndoCommand]
) -> None:
    world, order = at_store(*steps, method=method)
    if undo is fits:
        done(world, undo(work_of(order)))
        return
    balances = dict(world.balances)

    refused = world.apply(undo(work_of(order)), now=NOW)

    assert isinstance(refused, NotPossibleNow)
    assert refused.what in ("unaccept", "unpick", "unpack", "unstage")
    assert (world.orders[order.order_id], world.balances) == (order, balances)


def test_what_was_picked_is_put_back_and_the_rest_stays_as_it_is() -> None:
    world = world_with(STOCK, nodes=(node("ST-NYC"),))
    order = captured(world, {"A": 2, "B": 1})
    work = work_of(order)
    done(world, ReleaseOrder(order.order_id))
    done(world, PickWork(work, (LineQuantity(LineId("1"), 2),)))

    done(world, UnpickWork(work))

    by_line = {part.line_id: part.state for part in world.orders[order.order_id].allocations}
    assert by_line == {LineId("1"): S.ACCEPTED, LineId("2"): S.RELEASED}


def test_what_was_not_found_stays_sourced_elsewhere() -> None:
    world = world_with({("A", "DC-PA"): 2, ("A", "DC-IL"): 5})
    order = captured(world, {"A": 2})
    (work,) = order.fulfillments
    (other,) = {"DC-PA", "DC-IL"} - {work.node}
    done(world, ReleaseOrder(order.order_id))
    done(world, PickWork(work.fulfillment_id, (LineQuantity(LineId("1"), 1, "not_found"),)))

    done(world, UnpickWork(work.fulfillment_id))

    after = world.orders[order.order_id]
    live = {(part.node, part.quantity, part.state) for part in after.allocations if part.state not in ENDED}
    assert live == {(work.node, 1, S.ACCEPTED), (other, 1, S.RESERVED)}
    assert_kept(world)


def test_the_serials_of_what_is_put_back_are_free_again() -> None:
    world = World(compile_network((node("ST-NYC"),)), {Sku("A"): item("A", serialized=True)})
    done(world, AdjustStock(SupplyKey(Sku("A"), NodeId("ST-NYC")), 9, "initial"))
    order = captured(world, {"A": 2})
    work = work_of(order)
    done(world, ReleaseOrder(order.order_id))
    done(world, PickWork(work, serials=(LineSerials(LineId("1"), ("S-1", "S-2")),)))

    decision = done(world, UnpickWork(work))

    assert SerialsNamed(work, (), NOW) in [event for _, event in decision.events]
    assert decision.freed_serials == {(Sku("A"), "S-1"): work, (Sku("A"), "S-2"): work}
    assert world.orders[order.order_id].fulfillments[0].serials == ()
