"""Acting on a promise that will probably be missed: what keeps it first, else the customer and a person are told."""

from dataclasses import replace
from typing import Final

from troth.engine.policies.alerts_in_force import ReadyAlert
from troth.engine.tracking.predict import Prediction
from troth.flows.door.expected import Expected
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.exceptions.fixing import with_reason
from troth.flows.exceptions.looking import look
from troth.model.alerts import KEEPING, AlertAction
from troth.model.commands import Command, RaiseAlert, RejectWork, UpgradeWork
from troth.model.events import AlertRaised
from troth.model.exceptions import ConcernedUnits, ExceptionKind, OpenException, Source
from troth.model.fix import Fix, FixKind
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import GONE
from troth.model.order import Fulfillment, Order
from troth.model.status import live_allocations
from troth.model.tracking import Milestone

ACTOR: Final = "alerts"
"""Who acts, in the log, where a rule does."""
REASON: Final = "predicted_late"
"""Why, in the log, work is taken from its node."""

_FIXES: Final = {AlertAction.RE_SOURCE: FixKind.RE_SOURCE, AlertAction.UPGRADE: FixKind.UPGRADE_SERVICE}


async def act_on(
    system: System, order: Order, work: Fulfillment, due: Milestone | None, prediction: Prediction, rule: ReadyAlert
) -> list[AlertRaised]:
    """Do what a rule says about work, as it was looked at; what was done, in the words of the log. Nothing where the
    order has changed meanwhile.
    """
    alert = alert_of(work, rule.name, "" if due is None else due.step.value, prediction)
    telling: list[Command] = []
    for action in rule.rule.actions:
        if action in KEEPING:
            done = await keep_by(system, order, work, prediction, action, alert, reason=REASON)
            if done:
                return done
            continue
        owner = rule.rule.owner if action is AlertAction.EXCEPTION else ""
        telling.append(replace(alert, action=action, owner=owner))
    return await submit_alerts(system, order, tuple(telling)) if telling else []


def alert_of(work: Fulfillment, rule: str, step: str, prediction: Prediction) -> RaiseAlert:
    """That a promise will probably be missed, as a rule says of work that waits for a step: a person is called."""
    return RaiseAlert(
        work.fulfillment_id,
        rule,
        AlertAction.EXCEPTION,
        step,
        work.promised_at,
        prediction.expected_at,
        min(100, max(0, round(100.0 * prediction.probability))),
    )


async def keep_by(
    system: System,
    order: Order,
    work: Fulfillment,
    prediction: Prediction,
    action: AlertAction,
    alert: RaiseAlert,
    *,
    reason: str,
) -> list[AlertRaised]:
    """Do what keeps a promise, and say that it was done; nothing where nothing of that kind keeps it."""
    fixes = await _fixes(system, order, work, prediction)
    fix = next((one for one in fixes if one.kind is _FIXES[action]), None)
    if fix is None or not isinstance(fix.command, RejectWork | UpgradeWork):
        return []
    told = replace(alert, action=action, detail=fix.detail)
    return await submit_alerts(system, order, (with_reason(fix.command, reason), told))


async def _fixes(system: System, order: Order, work: Fulfillment, prediction: Prediction) -> tuple[Fix, ...]:
    """What would keep the promise of work that has not left yet, whole and in time."""
    looked = await look(system, as_exception(order, work, prediction), actor=ACTOR)
    fixes = getattr(looked, "fixes", ())
    return tuple(
        fix for fix in fixes if fix.is_whole and fix.promised_at is not None and fix.promised_at <= work.promised_at
    )


def as_exception(order: Order, work: Fulfillment, prediction: Prediction) -> OpenException:
    """Work that will probably be late, as something that could be fixed."""
    parts = [
        part
        for part in live_allocations(order)
        if part.fulfillment_id == work.fulfillment_id and part.state not in GONE
    ]
    units = whole_units(parts, kits_of(order))
    lines = tuple(ConcernedUnits(line, units[line.line_id]) for line in order.lines if units.get(line.line_id))
    return OpenException(
        Source.ALERT,
        ExceptionKind.PREDICTED_LATE,
        work.fulfillment_id,
        prediction.expected_at,
        work.promised_at,
        node=work.node,
        order_id=order.order_id,
        version=order.version,
        lines=lines,
    )


async def submit_alerts(system: System, order: Order, commands: tuple[Command, ...]) -> list[AlertRaised]:
    """Send commands of the order as it was looked at, together; the alerts that were raised. None where the first one
    is refused: then nothing was done.
    """
    request = Request(commands, ACTOR, ACTOR, expected=Expected(frozenset({order.version})))
    outcomes = (await system.door.submit(request)).outcomes
    if not all(isinstance(outcome, Accepted) for outcome in outcomes):
        return []
    return [
        event
        for outcome in outcomes
        if isinstance(outcome, Accepted)
        for _, event in outcome.decision.events
        if isinstance(event, AlertRaised)
    ]
