"""What is made of a routing's wish to hold an order, or to let a part of it wait."""

from datetime import datetime, timedelta
from typing import Final

from troth.model.ids import HoldId
from troth.model.order import Hold, Parked
from troth.model.plan import Plan
from troth.model.routing import Action, Disposition

ROUTING_HOLD: Final = "routing"
"""The type of hold that a routing places."""

_WAITING: Final = frozenset({Action.HOLD, Action.QUEUE})


def may_wait(plan: Plan) -> bool:
    """Whether the routing wants the order although not everything is covered: what is not is parked until stock comes,
    or until a person, or a change of the order, finds a place for it.
    """
    return plan.disposition is not None and plan.disposition.action in _WAITING


def is_queued(plan: Plan) -> bool:
    """Whether what a plan does not cover is to wait for stock by itself."""
    return plan.disposition is not None and plan.disposition.action is Action.QUEUE


def parked_of(plan: Plan, now: datetime) -> tuple[Parked, ...]:
    """The lines of a new order that are parked: what is queued waits, with everything else a person is called."""
    if not plan.uncovered or plan.disposition is None:
        return ()
    until = ends_waiting_at(plan.disposition, now)
    reasons = {gap.line_id: gap.reason for gap in reversed(plan.uncovered)}
    lines = dict.fromkeys(gap.line_id for gap in plan.uncovered)
    return tuple(Parked(line_id, reasons[line_id], now, is_queued(plan), until) for line_id in lines)


def ends_waiting_at(wish: Disposition, now: datetime) -> datetime | None:
    """When what waits from now on is canceled; None: never."""
    return None if wish.cancel_after_days is None else now + timedelta(days=wish.cancel_after_days)


def holds_of(plan: Plan, policy_version: str, now: datetime) -> tuple[Hold, ...]:
    """The hold that a routing places on the order at capture; none where it asks for none."""
    wish = plan.disposition
    if wish is None or wish.action is not Action.HOLD:
        return ()
    reason = f"tier {wish.tier}: {wish.reason}"
    return (Hold(HoldId("H1"), ROUTING_HOLD, reason, f"routing {policy_version}", now),)
