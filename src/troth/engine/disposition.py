"""What capture makes of a routing's wish to hold an order or to let a part of it wait."""

from datetime import datetime
from typing import Final

from troth.model.ids import HoldId
from troth.model.order import Hold
from troth.model.plan import Plan
from troth.model.routing import Action

ROUTING_HOLD: Final = "routing"
"""The type of hold that a routing places."""

_WAITING: Final = frozenset({Action.HOLD, Action.QUEUE})


def may_wait(plan: Plan) -> bool:
    """Whether the routing wants the order although not everything is covered: what is not lies nowhere until a person,
    or a change of the order, finds a place for it.
    """
    return plan.disposition is not None and plan.disposition.action in _WAITING


def holds_of(plan: Plan, policy_version: str, now: datetime) -> tuple[Hold, ...]:
    """The hold that a routing places on the order at capture; none where it asks for none."""
    wish = plan.disposition
    if wish is None or wish.action is not Action.HOLD:
        return ()
    reason = f"tier {wish.tier}: {wish.reason}"
    return (Hold(HoldId("H1"), ROUTING_HOLD, reason, f"routing {policy_version}", now),)
