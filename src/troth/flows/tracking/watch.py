"""Watching orders on their way: what is expected of their work is predicted again and again, and what will probably be
missed is acted on before it is.

A worker claims orders for a while. What it does to one goes through the write door in one request: the fix, and the
event that says so; and it names the version of the order that it looked at, so that who comes second does nothing. That
a rule has acted on a promise is read from the log. So nothing is done twice, whoever is killed when.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Final

from troth.engine.carriage.calendars import minutes_of
from troth.engine.policies.alerts_in_force import ReadyAlert
from troth.engine.tracking.alerts import find_alert, standing_alerts
from troth.engine.tracking.milestones import STEP_EVENTS, next_step
from troth.engine.tracking.predict import Cells, Moment, Prediction, predict
from troth.engine.tracking.trouble import find_troubles
from troth.flows.documents.alerts_in_force import AlertRulesInForce
from troth.flows.door.facts import facts_of
from troth.flows.door.system import System
from troth.flows.tracking.act import act_on
from troth.flows.tracking.late import TaskTimesSeen, act_on_late, nodes_to_begin
from troth.flows.tracking.read import Tracked, track
from troth.model.events import AlertRaised, WorkUpgraded
from troth.model.ids import FulfillmentId, OrderId
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.status import fulfillment_status
from troth.model.value import dataclass
from troth.store.database import UNAVAILABLE, Pool, transaction
from troth.store.node_work import read_task_evidence
from troth.store.orders import read_orders
from troth.store.tracking import read_order_events
from troth.store.watch import (
    WATCHER,
    Expected,
    Watch,
    claim_watched,
    free_watched,
    read_all_times,
    read_expected,
    read_position,
    touch_watched,
    try_watching,
    write_expected,
)

EVENTS_MAX: Final = 2_000
LOOKED_MAX: Final = 500
CLAIM_SECONDS: Final = 60.0
WATCHED_KINDS: Final = (
    "OrderReleased",
    "OrderChanged",
    "OrderCanceled",
    "OrderResourced",
    "FulfillmentAccepted",
    "FulfillmentRejected",
    "FulfillmentPicked",
    "FulfillmentPacked",
    "FulfillmentReady",
    "FulfillmentReceived",
    "FulfillmentUnaccepted",
    "FulfillmentUnpicked",
    "FulfillmentUnpacked",
    "FulfillmentUnstaged",
    "FulfillmentShipped",
    "FulfillmentDelivered",
    "FulfillmentCollected",
    "TrackingRecorded",
    "WorkRedated",
    "WorkUpgraded",
    "ReturnOpened",
)
"""What has an order looked at, at once."""

HORIZON: Final = timedelta(days=3)
"""So long before its promise work is looked at as time goes by; before that, when something happens."""

SETTLES: Final = timedelta(seconds=5)
"""So long a worker waits with what happened to an order: what is taken on and shipped within seconds is one look."""

_AGAIN: Final = timedelta(minutes=15)
_TIMES_LAST: Final = timedelta(minutes=1)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watcher:
    """What a worker remembers between looks: the rules in force, and what was measured."""

    rules: AlertRulesInForce = field(default_factory=AlertRulesInForce)
    cells: Cells = field(default_factory=dict)
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """What is known of the orders that are looked at together: their works, what rules have done about them, what was
    expected of them, the rules in force, and how long tasks take at their nodes.
    """

    orders: Mapping[OrderId, Order]
    tracked: Mapping[OrderId, Sequence[Tracked]]
    told: Mapping[OrderId, Sequence[AlertRaised]]
    known: Mapping[FulfillmentId, Expected]
    rules: Sequence[ReadyAlert]
    seen: TaskTimesSeen
    moment: Moment


@dataclass(frozen=True, slots=True)
class _Looked:
    """A look at an order: when it is looked at again (None: not any more), and what is expected of its work (None: as
    before).
    """

    watch: Watch
    look_at: datetime | None
    found: Sequence[Expected] | None


async def follow_watched(pool: Pool, now: datetime, *, limit: int = EVENTS_MAX) -> int:
    """Have the orders looked at that the next events of the log are about; how many events were read."""
    async with transaction(pool) as connection:
        if not await try_watching(connection):
            return 0
        position = await read_position(connection, WATCHER)
        return await touch_watched(connection, position, kinds=WATCHED_KINDS, limit=limit, now=now)


async def look_at_due(
    system: System, watcher: Watcher, *, limit: int = LOOKED_MAX, settles: timedelta = timedelta()
) -> int:
    """Look at orders whose time has come, and has settled since; how many were."""
    now = system.door.now()
    async with system.pool.acquire() as connection:
        watches = await claim_watched(connection, now, due_at=now - settles, seconds=CLAIM_SECONDS, limit=limit)
        if not watches:
            return 0
        names = {watch.order_id for watch in watches}
        rules = await watcher.rules.read(connection, now)
        if watcher.read_at is None or now - watcher.read_at >= _TIMES_LAST:
            watcher.cells, watcher.read_at = await read_all_times(connection), now
        orders = await read_orders(connection, names)
        # The orders before the log: what was told of a version that was read is in the log by then.
        events = await read_order_events(connection, names, (*STEP_EVENTS, AlertRaised.__name__, WorkUpgraded.__name__))
        known = await read_expected(connection, names)
        seen = await read_task_evidence(connection, nodes_to_begin(orders.values()))
    reference = system.door.reference
    ready = minutes_of(reference.policy.pickup_ready_hours)
    about = _About(
        orders,
        track(system, orders.values(), events),
        {name: standing_alerts(some) for name, some in events.items()},
        known,
        rules,
        seen,
        Moment(reference.network, watcher.cells, now, ready),
    )
    await _write(system, await asyncio.gather(*(_look_safely(system, watch, about) for watch in watches)), now)
    return len(watches)


async def _write(system: System, looked: Sequence[_Looked], now: datetime) -> None:
    """Write what became of orders and give them back, together: one commit for all. One that cannot be written is found
    by halves, and looked at again.
    """
    seen = [one for one in looked if one.found is not None]
    try:
        async with transaction(system.pool) as connection:
            if seen:
                await write_expected(
                    connection,
                    [one.watch.order_id for one in seen],
                    [expected for one in seen for expected in one.found or ()],
                )
            await free_watched(connection, [one.watch for one in looked], [one.look_at for one in looked], now=now)
    except UNAVAILABLE:
        raise
    except Exception:
        half = len(looked) // 2
        if half:
            await _write(system, looked[:half], now)
            await _write(system, looked[half:], now)
        elif seen:
            _log.exception("cannot write what is expected of order %s", looked[0].watch.order_id)
            await _write(system, (_Looked(looked[0].watch, now + _AGAIN, None),), now)
        else:
            raise


async def _look_safely(system: System, watch: Watch, about: _About) -> _Looked:
    try:
        order = about.orders.get(watch.order_id)
        if order is None:
            return _Looked(watch, None, None)
        look_at, found = await _look(system, order, about)
        return _Looked(watch, look_at, found)
    except Exception:  # the others are looked at all the same, and this one again
        _log.exception("cannot look at order %s", watch.order_id)
        return _Looked(watch, system.door.now() + _AGAIN, None)


async def _look(system: System, order: Order, about: _About) -> tuple[datetime | None, list[Expected]]:
    """Predict and act; when the order is to be looked at again (None: not any more), and what is expected of it."""
    now, told = about.moment.now, about.told.get(order.order_id, ())
    predicted: list[tuple[Tracked, Prediction]] = []
    found: list[Expected] = []
    for one in about.tracked.get(order.order_id, ()):
        steps = {milestone.step: milestone for milestone in one.milestones}
        prediction = predict(order, one.work, steps, about.moment)
        expected = _expected(order, one, prediction, about.known.get(one.work.fulfillment_id), told, now)
        if prediction is not None:
            predicted.append((one, prediction))
        if expected is not None:
            found.append(expected)
    acted, late_at = await _act_on_late(system, order, predicted, told, about.seen)
    acted = acted or await _act(system, order, predicted, told, about.rules, now)
    found = [_with_call(expected, acted) for expected in found]
    return _next_look([one.work.promised_at for one, _ in predicted], now, late_at), found


async def _act_on_late(
    system: System,
    order: Order,
    predicted: Sequence[tuple[Tracked, Prediction]],
    told: Sequence[AlertRaised],
    seen: TaskTimesSeen,
) -> tuple[list[AlertRaised], datetime | None]:
    """Act on the first task of an order that is late; when the next will be. The others follow with the next look."""
    late: list[datetime] = []
    for one, prediction in predicted:
        acted, at = await act_on_late(system, order, one, prediction, told, seen)
        if at is not None:
            late.append(at)
        if acted:
            return acted, min(late, default=None)
    return [], min(late, default=None)


async def _act(
    system: System,
    order: Order,
    predicted: Sequence[tuple[Tracked, Prediction]],
    told: Sequence[AlertRaised],
    rules: Sequence[ReadyAlert],
    now: datetime,
) -> list[AlertRaised]:
    """Act on the first work of an order for which a rule holds that has not acted on its promise; the others follow
    with the next look, as they are then.
    """
    if not predicted or not rules:
        return []
    reference = system.door.reference
    await reference.need_lines(order.lines)
    await reference.need_items({line.sku for line in order.lines})
    for one, prediction in predicted:
        work = one.work
        if _is_awaiting_node(order, work):
            continue  # what a node was not given yet is promised anew by other means
        policy = reference.policy_for(order.customer.id or order.order_id, now)
        facts = facts_of(reference, now, "", policy, None)
        due = next_step(one.milestones)
        rule = find_alert(rules, order, work, due, prediction, facts)
        if rule is None or any(_is_same(event, work, rule.name) for event in told):
            continue
        return await act_on(system, order, work, due, prediction, rule)
    return []


def _is_same(event: AlertRaised, work: Fulfillment, rule: str) -> bool:
    """Whether a rule has acted on the promise of work before."""
    return event.fulfillment_id == work.fulfillment_id and event.rule == rule and event.promised_at == work.promised_at


def _is_awaiting_node(order: Order, work: Fulfillment) -> bool:
    return fulfillment_status(order, work.fulfillment_id) in (AllocationState.RESERVED, AllocationState.BACKORDERED)


def _expected(
    order: Order,
    one: Tracked,
    prediction: Prediction | None,
    before: Expected | None,
    told: Sequence[AlertRaised],
    now: datetime,
) -> Expected | None:
    work, due = one.work, next_step(one.milestones)
    trouble = next(iter(find_troubles(order, work)), None)
    if prediction is None and trouble is None:
        return None
    called = next(
        (
            event
            for event in reversed(told)
            if event.fulfillment_id == work.fulfillment_id
            and event.promised_at == work.promised_at
            and event.action == "exception"
        ),
        None,
    )
    done = work.delivered_at or now
    return Expected(
        order.order_id,
        work.fulfillment_id,
        "" if due is None else due.step.value,
        work.promised_at,
        0 if prediction is None else percent_of(prediction.probability),
        done if prediction is None else prediction.early_at,
        done if prediction is None else prediction.expected_at,
        done if prediction is None else prediction.late_at,
        now if before is None or prediction is not None else before.predicted_at,
        "" if trouble is None else trouble.kind,
        None if trouble is None else trouble.at,
        None if called is None else called.at,
        "" if called is None else called.rule,
        "" if called is None else called.owner,
    )


def percent_of(probability: float) -> int:
    """A probability in whole percent.

    >>> [percent_of(share) for share in (0.0, 0.004, 0.5, 0.996, 1.0)]
    [0, 0, 50, 100, 100]
    """
    return min(100, max(0, round(100.0 * probability)))


def _with_call(expected: Expected, acted: Sequence[AlertRaised]) -> Expected:
    for event in acted:
        if event.fulfillment_id == expected.fulfillment_id and event.action == "exception":
            return replace(expected, called_at=event.at, rule=event.rule, owner=event.owner)
    return expected


def _next_look(promises: Sequence[datetime], now: datetime, late_at: datetime | None) -> datetime | None:
    """When work with these promises is looked at again although nothing happens: as time goes by, and when a task of it
    will be late. None: nothing is expected any more.
    """
    if not promises:
        return None
    look_at = max(now + _AGAIN, min(promises) - HORIZON)
    return look_at if late_at is None else min(look_at, late_at)
