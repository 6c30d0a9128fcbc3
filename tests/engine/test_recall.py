"""Recalls: a node gives work back or refuses, and what was asked for is done by the same decision as without a node."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NEW_YORK, NOW, node
from tests.engine.test_release_times import captured, done, world_of
from troth.engine.promising.context import Decision
from troth.model.change import ACTION_OF, AddLine, RemoveLine, SetAddress, SetDates, SetNode, SetQuantity
from troth.model.commands import (
    AcceptRecall,
    AcceptWork,
    ActOnDue,
    CancelOrder,
    ChangeOrder,
    Command,
    LineQuantity,
    PackWork,
    PickWork,
    PlaceHold,
    RecallWork,
    RefuseRecall,
    ReleaseOrder,
    ShipWork,
)
from troth.model.events import (
    FulfillmentRejected,
    OrderCanceled,
    OrderChanged,
    OrderResourced,
    RecallAnswered,
    RecallEnded,
    RecallRequested,
)
from troth.model.hold_terms import Block, HoldTerms
from troth.model.ids import FulfillmentId, LineId, NodeId
from troth.model.kept_actions import BY_RECALL, KEPT, keep_action, kept_action
from troth.model.lifecycle import AllocationState, RecallState
from troth.model.order import Line, Order
from troth.model.recall import KeptAction, RecallKind, RecallUnits
from troth.model.refusals import Held, Invalid, NotFound, NotPossibleNow
from troth.model.release_rules import BEGUN_NOTHING, Lapse, RecallRule, ReleaseRules
from troth.model.status import next_due_at
from troth.replay.world import World

PA, IL = node("DC-PA"), node("DC-IL")
ONE = LineId("1")
CHICAGO = replace(NEW_YORK, city="Chicago", region="IL", postcode="60601", latitude=41.88, longitude=-87.63)
S = AllocationState


def rules(**changes: Any) -> ReleaseRules:
    return ReleaseRules(recalls=(RecallRule("all", answer_minutes=30, **changes),))


def at_node(world: World, *steps: type[Any], lines: dict[str, int] | None = None) -> tuple[Order, FulfillmentId]:
    """An order that was released at once, and how far its node has come with it."""
    order = captured(world, lines=lines or {"A": 3})
    done(world.apply(ReleaseOrder(order.order_id), now=NOW))
    (work,) = order.fulfillments
    for step in steps:
        done(world.apply(step(work.fulfillment_id), now=NOW))
    return world.orders[order.order_id], work.fulfillment_id


def events_of(world: World, command: Command, at: Any = NOW) -> list[Any]:
    return [event for _, event in done(world.apply(command, now=at)).events]


def states(world: World, order: Order) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in world.orders[order.order_id].allocations:
        if part.state is not S.SPLIT:
            found[part.state.value] = found.get(part.state.value, 0) + part.quantity
    return found


@pytest.mark.parametrize("steps", [(), (AcceptWork,)])
def test_a_node_that_has_not_begun_gives_work_back_at_once(steps: tuple[type[Any], ...]) -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, *steps)
    asked, answered, canceled = events_of(
        world, RecallWork(work, RecallKind.CANCEL, "not wanted", (LineQuantity(ONE, 2),))
    )
    assert isinstance(asked, RecallRequested)
    assert isinstance(answered, RecallAnswered)
    assert (answered.is_given_back, answered.given) == (True, (RecallUnits(ONE, 2),))
    assert isinstance(canceled, OrderCanceled)
    assert canceled.lines == (LineQuantity(ONE, 2, "not wanted"),)
    (recall,) = world.orders[order.order_id].recalls
    assert (recall.state, recall.answer) == (RecallState.GIVEN_BACK, "not begun, given back by rule")
    assert states(world, order)["canceled"] == 2


def test_a_node_that_has_begun_is_asked_and_gives_back_what_it_likes() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)
    (asked,) = events_of(world, RecallWork(work, RecallKind.CANCEL, "not wanted"))
    assert isinstance(asked, RecallRequested)
    assert (asked.recall.units, asked.recall.answer_by) == ((RecallUnits(ONE, 3),), NOW + timedelta(minutes=30))
    assert states(world, order) == {"picked": 3}
    assert next_due_at(world.orders[order.order_id]) == NOW + timedelta(minutes=30)

    answered, canceled = events_of(world, AcceptRecall(work, "one is on the truck", (LineQuantity(ONE, 2),)))

    assert isinstance(answered, RecallAnswered)
    assert answered.given == (RecallUnits(ONE, 2),)
    assert isinstance(canceled, OrderCanceled)
    assert states(world, order) == {"picked": 1, "canceled": 2}
    assert next_due_at(world.orders[order.order_id]) is None
    assert world.balances[order.allocations[0].key].reserved == 1


def test_a_node_that_refuses_goes_on_with_its_work_as_if_it_had_not_been_asked() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PackWork)
    before = world.orders[order.order_id]
    events_of(world, RecallWork(work, RecallKind.CANCEL, "not wanted"))
    (refused,) = events_of(world, RefuseRecall(work, "it is on the truck"))
    assert isinstance(refused, RecallAnswered)
    assert (refused.is_given_back, refused.given, refused.reason) == (False, (), "it is on the truck")
    after = world.orders[order.order_id]
    assert (after.allocations, after.fulfillments, after.lines) == (
        before.allocations,
        before.fulfillments,
        before.lines,
    )
    again = world.apply(AcceptRecall(work), now=NOW)
    assert again == NotPossibleNow("accept-recall", "recall refused")


def test_work_that_leaves_meanwhile_ends_the_recall() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)
    events_of(world, RecallWork(work, RecallKind.CANCEL, "not wanted"))
    events = events_of(world, ShipWork(work))
    assert isinstance(events[-1], RecallEnded)
    assert events[-1].reason == "it has left"
    assert world.orders[order.order_id].recalls[0].state is RecallState.ENDED
    assert world.apply(AcceptRecall(work), now=NOW) == NotPossibleNow("accept-recall", "recall ended")
    assert world.apply(RefuseRecall(work, "late"), now=NOW) == NotPossibleNow("refuse-recall", "recall ended")
    assert world.apply(RecallWork(work, RecallKind.CANCEL, "again"), now=NOW) == NotPossibleNow("recall", "shipped")


def test_what_a_person_cancels_meanwhile_ends_the_recall() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)
    events_of(world, RecallWork(work, RecallKind.RESOURCE, "closed"))
    events = events_of(world, CancelOrder(order.order_id, "all of it"))
    assert [type(event) for event in events] == [OrderCanceled, RecallEnded]
    assert events[-1].reason == "it is no longer there"


def test_a_change_that_says_how_many_are_wanted_ends_the_recall_that_wanted_some_canceled() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)
    events_of(world, RecallWork(work, RecallKind.CANCEL, "one less", (LineQuantity(ONE, 1),)))

    changed, ended = events_of(world, ChangeOrder(order.order_id, (SetQuantity(ONE, 1),), "two less"))

    assert isinstance(changed, OrderChanged)
    assert isinstance(ended, RecallEnded)
    assert ended.reason == "a change has said how many are wanted"
    assert world.apply(AcceptRecall(work), now=NOW) == NotPossibleNow("accept-recall", "recall ended")
    assert states(world, order) == {"picked": 1, "canceled": 2}


def test_a_change_of_another_line_leaves_the_recall_as_it_is() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork, lines={"A": 3, "B": 2})
    events_of(world, RecallWork(work, RecallKind.CANCEL, "one less", (LineQuantity(ONE, 1),)))

    events_of(world, ChangeOrder(order.order_id, (SetQuantity(LineId("2"), 1),), "one less"))

    assert world.orders[order.order_id].recalls[0].state is RecallState.REQUESTED


@pytest.mark.parametrize(("lapses", "left"), [(Lapse.REFUSED, {"picked": 3}), (Lapse.ACCEPTED, {"canceled": 3})])
def test_a_node_that_does_not_answer_has_refused_or_given_back_as_its_rule_says(
    lapses: Lapse, left: dict[str, int]
) -> None:
    world = world_of(rules(lapses=lapses), PA, IL)
    order, work = at_node(world, PickWork)
    events_of(world, RecallWork(work, RecallKind.CANCEL, "not wanted"))
    assert events_of(world, ActOnDue(order.order_id), NOW + timedelta(minutes=29)) == []
    answered = events_of(world, ActOnDue(order.order_id), NOW + timedelta(minutes=30))[0]
    assert isinstance(answered, RecallAnswered)
    assert (answered.has_lapsed, answered.reason) == (True, "did not answer in time")
    assert states(world, order) == left
    assert events_of(world, ActOnDue(order.order_id), NOW + timedelta(minutes=31)) == []


def test_silence_that_comes_to_nothing_ends_the_recall_once_and_for_all() -> None:
    world = world_of(rules(lapses=Lapse.ACCEPTED), PA, IL)
    order, work = at_node(world, PickWork)
    events_of(world, RecallWork(work, RecallKind.CANCEL, "not wanted"))
    done(world.apply(PlaceHold(order.order_id, "legal", "keep", terms=HoldTerms(blocks=(Block.CANCEL,))), now=NOW))
    assert isinstance(world.apply(AcceptRecall(work), now=NOW), Held)
    (ended,) = events_of(world, ActOnDue(order.order_id), NOW + timedelta(minutes=30))
    assert isinstance(ended, RecallEnded)
    assert ended.reason == "it could not be done (order-on-hold)"
    assert next_due_at(world.orders[order.order_id]) is None


def test_what_a_node_gives_back_is_sourced_elsewhere() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)
    events_of(world, RecallWork(work, RecallKind.RESOURCE, "the dock is closed"))
    events = events_of(world, AcceptRecall(work))
    kinds = [type(event) for event in events]
    assert kinds[:3] == [RecallAnswered, FulfillmentRejected, OrderResourced]
    live = {part.node: part.quantity for part in world.orders[order.order_id].allocations if part.state is S.RESERVED}
    assert live == {"DC-IL": 3}


def test_an_address_is_changed_when_the_node_has_given_the_work_back() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)
    change = ChangeOrder(order.order_id, (SetAddress(CHICAGO),), "moved", may_recall=True)
    assert isinstance(world.apply(replace(change, may_recall=False), now=NOW), Invalid)
    (asked,) = events_of(world, change)
    assert isinstance(asked, RecallRequested)
    assert asked.recall.kind is RecallKind.CHANGE
    assert world.orders[order.order_id].ship_to == NEW_YORK

    events = events_of(world, AcceptRecall(work))

    assert [type(event) for event in events][:2] == [RecallAnswered, OrderChanged]
    after = world.orders[order.order_id]
    assert after.ship_to == CHICAGO
    assert [part.node for part in after.allocations if part.state is S.RESERVED] == ["DC-IL"]
    assert sum(balance.reserved for balance in world.balances.values()) == 3


def test_an_address_is_changed_at_once_where_the_node_has_not_begun() -> None:
    world = world_of(rules(), PA, IL)
    order, _ = at_node(world, AcceptWork)
    events = events_of(world, ChangeOrder(order.order_id, (SetAddress(CHICAGO),), "moved", may_recall=True))
    assert [type(event) for event in events][:3] == [RecallRequested, RecallAnswered, OrderChanged]
    assert world.orders[order.order_id].ship_to == CHICAGO


def test_rules_can_have_changes_ask_by_themselves() -> None:
    world = world_of(replace(rules(given_back=()), recalls_by_change=True), PA, IL)
    order, work = at_node(world)
    (asked,) = events_of(world, ChangeOrder(order.order_id, (SetAddress(CHICAGO),)))
    assert isinstance(asked, RecallRequested)
    again = world.apply(ChangeOrder(order.order_id, (SetAddress(CHICAGO),)), now=NOW)
    assert again == NotPossibleNow("recall", "recall requested")
    assert isinstance(world.apply(RecallWork(work, RecallKind.CANCEL, "r"), now=NOW), NotPossibleNow)


def test_a_change_that_can_no_longer_be_made_leaves_the_work_at_its_node() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)
    later = NOW + timedelta(minutes=20)
    change = SetDates(ONE, None, NOW + timedelta(minutes=10))
    asked = events_of(world, RecallWork(work, RecallKind.CHANGE, "sooner", actions=(change,)))
    assert [type(event) for event in asked] == [RecallRequested]
    (ended,) = events_of(world, AcceptRecall(work), later)
    assert isinstance(ended, RecallEnded)
    assert ended.reason == "it can no longer be done (invalid-request)"
    assert states(world, order) == {"picked": 3}


def test_units_are_canceled_where_no_node_has_begun_and_asked_for_where_one_has() -> None:
    world = world_of(rules(), PA, IL)
    order = captured(world, lines={"A": 150})  # DC-PA has 100 of them
    by_node = {work.node: work.fulfillment_id for work in order.fulfillments}
    done(world.apply(ReleaseOrder(order.order_id), now=NOW))
    done(world.apply(PickWork(by_node[NodeId("DC-PA")]), now=NOW))
    canceled, asked = events_of(world, CancelOrder(order.order_id, "not wanted", may_recall=True))
    assert isinstance(canceled, OrderCanceled)
    assert isinstance(asked, RecallRequested)
    there = {one.node: one.units for one in world.orders[order.order_id].recalls}
    assert there == {"DC-PA": (RecallUnits(ONE, 100),)}
    assert states(world, order) == {"picked": 100, "canceled": 50}
    events_of(world, AcceptRecall(by_node[NodeId("DC-PA")]))
    assert states(world, order) == {"canceled": 150}
    assert sum(balance.reserved for balance in world.balances.values()) == 0


def test_a_change_of_what_two_nodes_work_on_is_asked_of_one_at_a_time() -> None:
    world = world_of(rules(given_back=()), PA, IL)
    order = captured(world, lines={"A": 150})
    done(world.apply(ReleaseOrder(order.order_id), now=NOW))
    refused = world.apply(ChangeOrder(order.order_id, (SetAddress(CHICAGO),), may_recall=True), now=NOW)
    assert isinstance(refused, Invalid)
    assert refused.flaws[0].detail.startswith("DC-")
    assert world.orders[order.order_id].recalls == ()


def test_what_is_asked_of_a_node_must_be_there_and_fit() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PickWork)

    def refused(command: Command) -> Any:
        found = world.apply(command, now=NOW)
        assert not isinstance(found, Decision)
        return found

    many = RecallWork(work, RecallKind.CANCEL, "r", (LineQuantity(ONE, 4),))
    assert refused(many).flaws[0].pointer == "/lines/0"
    assert refused(RecallWork(work, RecallKind.CANCEL, " ")).flaws[0].pointer == "/reason"
    assert refused(RecallWork(work, RecallKind.CHANGE, "r")).flaws[0].pointer == "/actions"
    adding = RecallWork(work, RecallKind.CHANGE, "r", actions=(AddLine(Line(LineId("9"), order.lines[0].sku, 1)),))
    assert refused(adding).flaws[0].pointer == "/actions/0/action"
    assert refused(RecallWork(work, RecallKind.CANCEL, "r", actions=(RemoveLine(ONE),))).flaws[0].pointer == "/actions"
    assert refused(RecallWork(FulfillmentId("O-X-F1"), RecallKind.CANCEL, "r")) == NotFound("order", "O-X")
    assert refused(AcceptRecall(work)) == NotPossibleNow("accept-recall", "not recalled")
    events_of(world, RecallWork(work, RecallKind.CANCEL, "r", (LineQuantity(ONE, 2),)))
    assert refused(AcceptRecall(work, lines=(LineQuantity(ONE, 3),))).flaws[0].pointer == "/lines/0"
    assert refused(RefuseRecall(work, "")).flaws[0].pointer == "/reason"
    assert states(world, order) == {"picked": 3}


def test_what_is_left_of_a_package_is_shipped_without_what_was_given_back() -> None:
    world = world_of(rules(), PA, IL)
    order, work = at_node(world, PackWork)
    events_of(world, RecallWork(work, RecallKind.CANCEL, "r", (LineQuantity(ONE, 1),)))
    events_of(world, AcceptRecall(work))
    events_of(world, ShipWork(work))
    (shipped,) = world.orders[order.order_id].fulfillments
    assert [(line.line_id, line.quantity) for line in shipped.packages[0].lines] == [(ONE, 2)]
    assert states(world, order) == {"shipped": 2, "canceled": 1}


def test_what_a_node_gives_back_and_nobody_takes_is_released_again() -> None:
    world = world_of(rules(given_back=BEGUN_NOTHING), PA, IL)
    order, _ = at_node(world)
    change = ChangeOrder(order.order_id, (SetDates(ONE, None, NOW + timedelta(days=9)),), may_recall=True)
    events_of(world, change)
    after = world.orders[order.order_id]
    assert next_due_at(after) == after.released_at
    done(world.apply(ActOnDue(order.order_id), now=NOW + timedelta(minutes=1)))
    assert "released" in states(world, order)


def test_every_action_that_a_node_can_make_possible_is_kept_and_made_again() -> None:
    actions = (
        RemoveLine(ONE), SetQuantity(ONE, 2), SetDates(ONE, NOW, None), SetAddress(CHICAGO, ONE),
        SetNode(ONE, NodeId("DC-PA")),
    )  # fmt: skip
    assert tuple(kept_action(keep_action(action)) for action in actions) == actions
    kept = {field.name for field in fields(KeptAction)}
    assert all(field.name in kept for kind in KEPT.values() for field in fields(kind))
    assert BY_RECALL.keys() <= {"cancel", *(action.value for action in ACTION_OF.values())}
