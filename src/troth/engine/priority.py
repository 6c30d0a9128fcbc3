"""Who comes first where supply does not do for all.

The order's priority comes first, the larger number before the smaller one; then the class of its customer, in the order
in which the routing names them; then the earlier promise, the earlier capture, and the id.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from troth.engine.asked import CUSTOMER_CLASS, find_priority
from troth.model.ids import OrderId
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Order
from troth.model.policy import Policy

Group = tuple[int, int]
"""What comes before dates: the priority (negative), and the place of the customer's class."""

Rank = tuple[int, int, datetime, datetime, OrderId]

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def rank_of(order: Order, policy: Policy) -> Rank:
    """What sorts orders, the most important first."""
    return (*group_of(order, policy), _promised_at(order), order.captured_at, order.order_id)


def in_order_of_rank(orders: Iterable[Order], policy: Policy) -> list[Order]:
    """The orders, the most important first."""
    return sorted(orders, key=lambda order: rank_of(order, policy))


def group_of(order: Order, policy: Policy) -> Group:
    """The orders of one group come in turn by their dates alone."""
    classes = () if policy.routing is None else policy.routing.priority_classes
    name = class_of(order, policy)
    return (-find_priority(order.attributes), classes.index(name) if name else len(classes))


def class_of(order: Order, policy: Policy) -> str:
    """The class of an order's customer as the routing names it; empty where it names none such."""
    classes = () if policy.routing is None else policy.routing.priority_classes
    name = order.attributes.get(CUSTOMER_CLASS, "")
    return name if name in classes else ""


def _promised_at(order: Order) -> datetime:
    """The first promise that may still be moved; what was never promised comes after all that was."""
    waiting = {part.fulfillment_id for part in order.allocations if part.state in UNLOCKED}
    promised = [work.promised_at for work in order.fulfillments if work.fulfillment_id in waiting]
    promised += [parked.promised_at for parked in order.parked if parked.promised_at is not None]
    return min(promised, default=_NEVER)
