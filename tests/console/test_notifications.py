"""What customers were told, in the console: listed, shown without the links that are theirs, and told once more."""

from collections.abc import Sequence

import httpx

from tests.builders import accepted, capture
from tests.console.conftest import begin_session, post
from troth.flows.door.system import System
from troth.flows.telling.follow import follow_log
from troth.flows.telling.media import Letter, Receipt, Taken
from troth.flows.telling.send import send_due
from troth.model.ids import OrderId
from troth.model.notification import Medium
from troth.store.notifications import Notification, NotificationFilter, find_notifications


class _Box:
    """A medium that takes everything."""

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        return [Taken("250 queued") for _ in letters]


async def told(system: System, order_id: OrderId) -> list[Notification]:
    """Tell what is to be told by now, and what came of it."""
    while await follow_log(system, (Medium.EMAIL,)):
        pass
    await system.pool.execute("UPDATE notifications SET due_at = made_at WHERE state = 'waiting'")
    while await send_due(system, {Medium.EMAIL: _Box()}, limit=50):
        pass
    async with system.pool.acquire() as connection:
        return await find_notifications(connection, NotificationFilter(order_id), before=None, limit=50)


async def test_a_message_is_listed_shown_and_told_once_more(client: httpx.AsyncClient, system: System) -> None:
    order = accepted(await system.door.one(capture("MSG-1"), actor="test"))
    (one,) = await told(system, order.order_id)

    listed = await client.get("/console/notifications", params={"q": order.order_id, "kind": "order_confirmed"})
    shown = await client.get(f"/console/notifications/{one.notification_id}")
    of_order = await client.get(f"/console/orders/{order.order_id}")
    path = f"/notifications/{one.notification_id}"
    again = await post(client, path, f"{path}/resend")
    both = await told(system, order.order_id)

    assert one.notification_id in listed.text
    assert "Thank you for your order MSG-1." in shown.text
    assert "What the customer was told" in of_order.text
    assert again.status_code == 303
    assert [(found.state, found.resend_of) for found in both] == [("sent", one.notification_id), ("sent", "")]
    assert (await client.get("/console/notifications/O-1-Nno")).status_code == 404


async def test_texts_are_previewed_on_what_really_happened_to_an_order(
    stranger: httpx.AsyncClient, system: System
) -> None:
    token = await begin_session(system, "pia", "planner")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    client = stranger
    order = accepted(await system.door.one(capture("MSG-2"), actor="test"))
    written = '{"texts": [{"language": "en", "texts": {"order_confirmed_subject": "Yay, {order}!"}}]}'
    assert (
        await post(client, "/message-templates-new", "/message-templates-save", name="p", written=written)
    ).status_code == 303

    where = "/console/message-templates/p/preview"
    seen = await client.get(where, params={"order": order.order_id, "kind": "order_confirmed"})
    not_yet = await client.get(where, params={"order": order.order_id, "kind": "delivered"})

    assert "Yay, MSG-2!" in seen.text
    assert "Nothing would be told: nothing of that kind has happened to it." in not_yet.text
