"""What customers were told, will be or could not be: the log of it, each letter, and to tell it once more."""

from collections.abc import Sequence
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.views_notification import view_notification
from troth.flows.telling.media import Letter, without_links
from troth.flows.telling.preview import resend
from troth.model.ids import OrderId, named_order
from troth.model.notification import KINDS, Medium, NotificationState
from troth.model.refusals import Invalid, NotFound
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import position_text, query, read_position
from troth.pages.views_refusal import Told, tell_refusal
from troth.store.database import Connection
from troth.store.notifications import Notification, NotificationFilter, find_notifications, read_notification

_PAGE: Final = 50
_OF_ORDER_MAX: Final = 20


async def show_notifications(visit: Visit) -> Response:
    """A page of notifications, the newest first: of a kind, by a medium, in a state, of an order or to an address."""
    asked = {name: visit.asked(name) for name in ("kind", "medium", "state", "q")}
    text = asked["q"]
    is_address = "@" in text or text.startswith("+")
    wanted = NotificationFilter(
        named_order(text) if text and not is_address else None,
        asked["kind"] or None,
        asked["medium"] or None,
        asked["state"] or None,
        text if is_address else None,
    )
    after = read_position(visit.asked("after"))
    async with visit.system.pool.acquire() as connection:
        found = await find_notifications(connection, wanted, before=after, limit=_PAGE + 1)
    last = found[_PAGE - 1] if len(found) > _PAGE else None
    given = {name: value for name, value in asked.items() if value}
    return page(
        visit,
        "notifications.html",
        section="notifications",
        title="Messages",
        found=[view_notification(one) for one in found[:_PAGE]],
        asked=asked,
        kinds=tuple(KINDS),
        media=tuple(Medium),
        states=tuple(NotificationState),
        filtered=query(**given) if given else "",
        more="" if last is None else query(**given, after=position_text((last.made_at, last.notification_id))),
        is_first=after is None,
    )


async def show_notification(visit: Visit) -> Response:
    """One notification with what is sent."""
    return await _one(visit)


async def send_again(visit: Visit) -> Response:
    """Tell it once more, of what is true now."""
    made = await resend(visit.system, visit.request.path_params["notification_id"])
    if isinstance(made, NotFound | Invalid):
        return await _one(visit, told=tell_refusal(made))
    return RedirectResponse(f"{visit.base}/notifications/{made.notification_id}?done=again", 303)


async def read_told(connection: Connection, order_id: OrderId) -> Sequence[Notification]:
    """What an order's customer was told last, the newest first."""
    return await find_notifications(connection, NotificationFilter(order_id), before=None, limit=_OF_ORDER_MAX)


async def _one(visit: Visit, told: Told = ("", ())) -> Response:
    name = visit.request.path_params["notification_id"]
    async with visit.system.pool.acquire() as connection:
        found = await read_notification(connection, name)
    if found is None:
        return page(visit, "missing.html", status=404, section="notifications", title="No such message", name=name)
    return page(
        visit,
        "notification.html",
        status=409 if told[0] else 200,
        section="notifications",
        title="Message",
        one=found,
        view=view_notification(found),
        letter=without_links(found.read_letter(Letter)) if found.letter else None,
        may_write=visit.actor.may("orders:write"),
        done="It is sent once more." if visit.asked("done") == "again" else "",
        told=told,
    )


routes = [
    Route("/notifications", guarded(show_notifications, scope="orders:read"), name="notifications"),
    Route("/notifications/{notification_id}", guarded(show_notification, scope="orders:read"), name="notification"),
    Route("/notifications/{notification_id}/resend", guarded(send_again, scope="orders:write"), methods=["POST"]),
]
