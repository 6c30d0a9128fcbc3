"""Which alert rule holds for work of which a prediction was made, and which alerts stand."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from troth.engine.asked import demand_for, demand_line
from troth.engine.carriage.network import Network
from troth.engine.hold_rules import holds_for
from troth.engine.policies.alerts_in_force import ReadyAlert
from troth.engine.promising.context import Facts
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import NO_NUMBER, NO_TEXT, Value
from troth.engine.tracking.predict import Prediction, carried_by
from troth.model.alerts import AlertAction
from troth.model.events import AlertRaised, WorkUpgraded
from troth.model.order import Fulfillment, Order
from troth.model.status import fulfillment_status
from troth.model.tracking import Milestone


def find_alert(
    rules: Sequence[ReadyAlert],
    order: Order,
    work: Fulfillment,
    due: Milestone | None,
    prediction: Prediction,
    facts: Facts,
) -> ReadyAlert | None:
    """The first rule that certainly holds; None where none does. The items of the order must be known."""
    lines = [line for line in order.lines if line.quantity > line.canceled_quantity and line.sku in facts.items]
    asked = (demand_line(line, line.quantity - line.canceled_quantity, facts) for line in lines)
    demand = demand_for(order, asked, ship_complete=order.ship_complete)
    known = _known(order, work, due, prediction, facts.network, facts.now)
    ground = Ground(demand, {}, facts.network, currency=facts.policy.currency, now=facts.now, known=known)
    return next((rule for rule in rules if holds_for(rule.condition, ground)), None)


def _known(
    order: Order, work: Fulfillment, due: Milestone | None, prediction: Prediction, network: Network, now: datetime
) -> dict[str, Value]:
    position = network.index.get(work.node)
    carrier, service = carried_by(work)
    step_due = None if due is None else due.expected_by
    return {
        "alert.probability": Value(prediction.probability),
        "alert.hours_late": Value(_hours(work.promised_at, prediction.expected_at)),
        "alert.hours_left": Value(_hours(now, work.promised_at)),
        "alert.step": Value("" if due is None else due.step.value),
        "alert.leg": Value("" if due is None else due.leg.value),
        "alert.step_hours_late": NO_NUMBER if step_due is None else Value(_hours(step_due, now)),
        "work.status": Value(fulfillment_status(order, work.fulfillment_id).value),
        "work.node": Value(str(work.node)),
        "work.node_type": NO_TEXT if position is None else Value(network.nodes[position].type.value),
        "work.method": Value(work.method.value),
        "work.service": Value(service),
        "work.carrier": Value(carrier),
    }


def _hours(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() / 3600.0


def standing_alerts(events: Iterable[object]) -> list[AlertRaised]:
    """The alerts that were raised, without the calls for a person that a faster service has answered since."""
    found: list[AlertRaised] = []
    for event in events:
        if isinstance(event, AlertRaised):
            found.append(event)
        elif isinstance(event, WorkUpgraded):
            is_answered = (event.fulfillment_id, AlertAction.EXCEPTION)
            found = [one for one in found if (one.fulfillment_id, one.action) != is_answered]
    return found
