"""Acting on tasks that nobody begins: the lead of the node is told, and then another node does them, where that keeps
the promise. What was picked stays where it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.policies.work_rules import BUILT_IN_WORK
from troth.engine.recall_terms import open_recall
from troth.engine.tracking.predict import Prediction
from troth.engine.waves.release_plan import ground_of
from troth.engine.work_times.late import LateStep, late_turn
from troth.engine.work_times.measured import node_times
from troth.flows.door.facts import facts_of
from troth.flows.door.system import System
from troth.flows.tracking.act import alert_of, keep_by, submit_alerts
from troth.flows.tracking.read import Tracked
from troth.model.alerts import AlertAction
from troth.model.events import AlertRaised
from troth.model.ids import NodeId
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.status import is_handed_over, live_allocations
from troth.model.tracking import Step
from troth.model.work_rules import LateRule
from troth.model.work_times import HourClass, TaskEvidence

TaskTimesSeen = Mapping[NodeId, Mapping[HourClass, TaskEvidence]]

LATE: Final = "late_work: "
"""How what acted is called in the log: this, and the name of the rule."""
REASON: Final = "late"
"""Why, in the log, a task is taken from its node."""

_TO_BEGIN: Final = frozenset({AllocationState.RELEASED, AllocationState.ACCEPTED})


def nodes_to_begin(orders: Iterable[Order]) -> set[NodeId]:
    """The nodes that have tasks of these orders that nobody has begun."""
    return {part.node for order in orders for part in live_allocations(order) if part.state in _TO_BEGIN}


async def act_on_late(
    system: System,
    order: Order,
    one: Tracked,
    prediction: Prediction,
    told: Sequence[AlertRaised],
    seen: TaskTimesSeen,
) -> tuple[list[AlertRaised], datetime | None]:
    """Do what is due about a task that nobody has begun: what was done, in the words of the log, and when the next
    thing is due (None: nothing is, or it is tried again with the next look).
    """
    work, reference, now = one.work, system.door.reference, system.door.now()
    released_at = next((step.done_at for step in one.milestones if step.step is Step.RELEASED), None)
    position = reference.network.index.get(work.node)
    if released_at is None or position is None or not _is_to_begin(order, work):
        return [], None
    await reference.need_lines(order.lines)
    await reference.need_items({line.sku for line in order.lines})
    rule = _rule_of(system, order, work, now)
    if rule is None:
        return [], None
    times = node_times(reference.network, work.node, seen.get(work.node, {}), now)
    name = LATE + rule.name
    turn = late_turn(
        rule,
        reference.network.clock_of(position, work.service),
        released_at=released_at,
        ship_by=work.ship_by,
        is_sent=work.via is not None or not is_handed_over(work.method),
        task_minutes=0.0 if times is None else times.mean,
        escalated_at=_escalated_at(told, work),
        moves=sum(event.rule == name and event.action == AlertAction.RE_SOURCE for event in told),
    )
    if turn is None or turn.at > now:
        return [], None if turn is None else turn.at
    alert = alert_of(work, name, Step.PICKED.value, prediction)
    if turn.step is LateStep.ESCALATE:
        return await submit_alerts(system, order, (replace(alert, owner=rule.owner),)), now
    if work.promised_at <= now or open_recall(order, work.fulfillment_id) is not None:
        return [], None
    return await keep_by(system, order, work, prediction, AlertAction.RE_SOURCE, alert, reason=REASON), None


def _rule_of(system: System, order: Order, work: Fulfillment, now: datetime) -> LateRule | None:
    reference = system.door.reference
    policy = reference.policy_for(order.customer.id or order.order_id, now)
    facts = facts_of(reference, now, "", policy, None)
    return (facts.work or BUILT_IN_WORK).late_of(ground_of(order, facts), work.node)


def _is_to_begin(order: Order, work: Fulfillment) -> bool:
    """Whether nothing of a task was picked."""
    states = {part.state for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id}
    return bool(states) and states <= _TO_BEGIN


def _escalated_at(told: Sequence[AlertRaised], work: Fulfillment) -> datetime | None:
    """When the lead was told of a task, of the promise that it has."""
    found = [
        event.at
        for event in told
        if event.fulfillment_id == work.fulfillment_id
        and event.promised_at == work.promised_at
        and event.rule.startswith(LATE)
        and event.action == AlertAction.EXCEPTION
    ]
    return max(found, default=None)
