"""Who comes first where supply does not do for all: who keeps it, who is served of what arrives, and who gives way.

The order's priority comes first, the larger number before the smaller one; then the class of its customer, in the order
in which the routing names them; then the earlier promise, the earlier capture, and the id.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from troth.engine.asked import CUSTOMER_CLASS, find_priority
from troth.model.ids import OrderId
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Allocation, Order
from troth.model.policy import Policy

Rank = tuple[int, int, datetime, datetime, OrderId]

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def rank_of(order: Order, policy: Policy) -> Rank:
    """What sorts orders, the most important first."""
    return (*_group(order, policy), _promised_at(order), order.captured_at, order.order_id)


def in_order_of_rank(orders: Iterable[Order], policy: Policy) -> list[Order]:
    """The orders, the most important first."""
    return sorted(orders, key=lambda order: rank_of(order, policy))


def in_turn(needs: Mapping[OrderId, int], orders: Iterable[Order], units: int, policy: Policy) -> list[Order]:
    """The orders in the turn in which they take from so many units; `needs` is what each could use.

    By rank; but the share that the routing keeps for the classes behind the first one goes first, to those of them that
    were captured first. An order that needs more than is left of the share waits for its turn by rank.
    """
    ranked = in_order_of_rank(orders, policy)
    share = units * policy.routing.fair_share_percent // 100 if policy.routing is not None else 0
    if not share or not ranked:
        return ranked
    leading = _group(ranked[0], policy)
    behind = [order for order in ranked if _group(order, policy) != leading]
    first = []
    for order in sorted(behind, key=lambda order: (order.captured_at, order.order_id)):
        if needs.get(order.order_id, 0) <= share:
            share -= needs.get(order.order_id, 0)
            first.append(order)
    return [*first, *(order for order in ranked if order not in first)]


def who_gives_way(
    missing: int, pegged: Sequence[tuple[Order, Allocation]], policy: Policy
) -> list[tuple[Order, Allocation, int]]:
    """The parts, with units, that a supply which is short of so many units does not cover, from the least important
    order up.

    What was released is locked: it keeps what it has, and the others give way for it.
    """
    unlocked = [(order, part) for order, part in pegged if part.state in UNLOCKED]
    unlocked.sort(key=lambda pair: (rank_of(pair[0], policy), pair[1].allocation), reverse=True)
    found = []
    for order, part in unlocked:
        units = min(missing, part.quantity)
        if units <= 0:
            break
        missing -= units
        found.append((order, part, units))
    return found


def _group(order: Order, policy: Policy) -> tuple[int, int]:
    classes = () if policy.routing is None else policy.routing.priority_classes
    name = order.attributes.get(CUSTOMER_CLASS, "")
    return (-find_priority(order.attributes), classes.index(name) if name in classes else len(classes))


def _promised_at(order: Order) -> datetime:
    """The first promise that may still be moved; what was never promised comes after all that was."""
    waiting = {part.fulfillment_id for part in order.allocations if part.state in UNLOCKED}
    promised = [work.promised_at for work in order.fulfillments if work.fulfillment_id in waiting]
    promised += [parked.promised_at for parked in order.parked if parked.promised_at is not None]
    return min(promised, default=_NEVER)
