"""Which notifications events make: the log is read once, and what is to be told is written down with how far it was
read, in one transaction. So nothing is told twice, and nothing is forgotten.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from troth.engine.hold_ends import holds_now
from troth.engine.promising.context import Facts
from troth.flows.door.facts import facts_of
from troth.flows.door.system import System
from troth.model.ids import OrderId
from troth.model.notification import Medium, derive_notification_id
from troth.model.notification_rules import NotificationRule
from troth.model.order import Order
from troth.store.database import transaction
from troth.store.events import LoggedEvent
from troth.store.notifications import Wish, gather, position_of, read_told_events, try_telling
from troth.store.orders import read_orders

ACTOR: Final = "notifications"
"""Who acts, in the log, where a customer is told something."""
EVENTS_MAX: Final = 1_000
_LOADED: Final = "load/"
"""How actors are called that bring in what happened elsewhere, of which customers were told there."""


async def follow_log(system: System, media: Collection[Medium], *, limit: int = EVENTS_MAX) -> int:
    """Write down what is to be told of the next events of the log, by the media that there are; how many events were
    looked at.
    """
    now = system.door.now()
    label, rules = system.door.reference.notifications_at(now)
    told = [rule for rule in rules.rules if any(medium in media for medium in rule.by)]
    async with transaction(system.pool) as connection:
        if not await try_telling(connection):
            return 0
        page = await read_told_events(connection, system.log, kinds=sorted({rule.on for rule in told}), limit=limit)
        events = [event for event in page.events if not event.actor.startswith(_LOADED)]
        if events:
            orders = await read_orders(connection, {OrderId(event.subject) for event in events})
            if any(rule.when for rule in told):
                skus = {line.sku for order in orders.values() for line in order.lines}
                await system.door.reference.need_items(skus)
            reference = system.door.reference
            facts = facts_of(reference, now, ACTOR, reference.policy, None)
            wishes = find_wishes(events, orders, told, label, facts, media)
            await gather(connection, wishes, now)
    return page.looked_at


def find_wishes(
    events: Iterable[LoggedEvent],
    orders: Mapping[OrderId, Order],
    rules: Collection[NotificationRule],
    label: str,
    facts: Facts,
    media: Collection[Medium],
) -> list[Wish]:
    """The notifications that rules make of events, with those of one order, rule and medium as one."""
    found: dict[tuple[str, str, Medium], Wish] = {}
    for event in events:
        order = orders.get(OrderId(event.subject))
        body = None
        for rule in rules:
            if order is None or rule.on != event.kind:
                continue
            body = msgspec.json.decode(event.body) if body is None and rule.of else body
            if not _is_of(rule, body) or (rule.when and not holds_now(rule.when, order, facts)):
                continue
            for medium in rule.by:
                if medium in media and address_of(order, medium) is not None:
                    wish = _wish(order, rule, label, medium, event)
                    key = (order.order_id, rule.name, medium)
                    found[key] = wish if key not in found else _together(found[key], wish)
    return list(found.values())


def address_of(order: Order, medium: Medium) -> str | None:
    """To where a customer of an order is written by a medium; None where that is not known."""
    match medium:
        case Medium.EMAIL:
            return order.customer.email or None
        case Medium.SMS:
            return order.customer.phone or None
        case Medium.WEBHOOK:
            return ""


def _is_of(rule: NotificationRule, body: Any) -> bool:
    return all(_word(body.get(name)) in values for name, values in rule.of.items())


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wish(order: Order, rule: NotificationRule, label: str, medium: Medium, event: LoggedEvent) -> Wish:
    cause = position_of(event)
    return Wish(
        order.order_id,
        derive_notification_id(order.order_id, rule=rule.name, medium=medium, cause=cause),
        rule.name,
        label,
        rule.tell,
        medium,
        (cause,),
        _due_at(rule, event.at),
    )


def _due_at(rule: NotificationRule, at: datetime) -> datetime:
    return at + timedelta(seconds=rule.wait_seconds, hours=rule.after_hours)


def _together(first: Wish, more: Wish) -> Wish:
    return Wish(
        first.order_id,
        first.notification_id,
        first.rule,
        first.label,
        first.kind,
        first.medium,
        (*first.causes, *more.causes),
        first.due_at,
    )
