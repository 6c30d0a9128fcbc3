"""What an order's customer would be told, or be told again: composed of what really happened to it, and not sent."""

from typing import Any, Final

from troth.flows.door.system import System
from troth.flows.telling.follow import address_of
from troth.flows.telling.letters import Asked, Stationery, compose
from troth.flows.telling.media import Letter
from troth.flows.wording.wording import Wording
from troth.model.ids import OrderId
from troth.model.messages import MessageTemplates
from troth.model.notification import Medium, Origin, derive_notification_id
from troth.model.notification_rules import BUILT_IN
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.value import dataclass
from troth.store.database import transaction
from troth.store.events import read_subject_events
from troth.store.notifications import Notification, Wish, gather, read_notification
from troth.store.orders import read_orders

_NO_SECRET: Final = b""
"""Links of what is only looked at lead nowhere."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Texts that are looked at as if they stood under a name."""

    name: str
    templates: MessageTemplates


async def preview_notification(
    system: System,
    order_id: OrderId,
    kind: str,
    origin: Origin,
    *,
    medium: Medium = Medium.EMAIL,
    language: str = "",
    draft: Draft | None = None,
) -> Letter | str | NotFound:
    """The letter that a kind would be now, of the last that happened of what makes it; or why there is none."""
    now, reference = system.door.now(), system.door.reference
    async with system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
        logged = await read_subject_events(connection, order_id)
    if order is None:
        return NotFound("order", order_id)
    rules = reference.notifications_at(now)[1]
    made_by = {
        rule.on for rule in (*rules.rules, *BUILT_IN.rules) if rule.tell in (kind, kind.removesuffix("_in_part"))
    }
    events: list[Any] = [one.event for one in logged if one.kind in made_by]
    if not events:
        return "nothing of that kind has happened to it"
    await reference.need_items({line.sku for line in order.lines})
    made_with = Stationery(
        rules,
        reference.wording_at(now) if draft is None else _wording_with(system, draft),
        reference.network,
        reference.items,
        origin,
        _NO_SECRET,
        now,
    )
    name = derive_notification_id(order_id, rule="preview", medium=medium, cause=kind)
    asked = Asked(name, kind, medium, address_of(order, medium) or "", order, events[-1:])
    return compose(asked, made_with, (language,) if language else ())


async def resend(system: System, notification_id: str) -> Notification | Invalid | NotFound:
    """Send once more what a customer was told, as a notification of its own; it is made anew, of what is true now."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        found = await read_notification(connection, notification_id)
        if found is None:
            return NotFound("notification", notification_id)
        if found.due_at is not None:
            return Invalid((FieldFlaw("", "is still being sent"),))
        rule = f"resend {notification_id}"
        again = derive_notification_id(found.order_id, rule=rule, medium=found.medium, cause=now.isoformat())
        wish = Wish(
            found.order_id,
            again,
            rule,
            found.label,
            found.kind,
            found.medium,
            found.causes,
            now,
            resend_of=notification_id,
        )
        await gather(connection, [wish], now)
        made = await read_notification(connection, again)
    return found if made is None else made


def _wording_with(system: System, draft: Draft) -> Wording:
    now = system.door.now()
    others = [pair for pair in system.door.reference.message_documents(now) if pair[0] != draft.name]
    named = sorted([*others, (draft.name, (draft.name, draft.templates))], key=lambda pair: pair[0])
    return Wording(labeled for _, labeled in named)
