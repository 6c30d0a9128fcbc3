"""Links that do what a customer chooses: once, while there is time, and only when they say so themselves."""

import asyncio
import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.flows.moving import ANN, LATER, PA, settle
from tests.telling.mail_server import MailServer
from tests.telling.telling import Box, Shop, body
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Counted, count
from troth.flows.tracking.links import give_link
from troth.http.app import create_app
from troth.model.commands import ExpectedLine
from troth.model.ids import Sku
from troth.model.notification import Medium
from troth.model.order import Customer, Method, Order
from troth.model.status import live_allocations
from troth.settings import Settings
from troth.store.events import read_subject_events
from troth.tracking.app import create_tracking

LINK = re.compile(r"https://tea\.example(/(?:choose|stop)/[A-Za-z0-9_.-]+)")


@pytest.fixture
def client(shop: Shop) -> httpx.AsyncClient:
    app = create_app(shop.system, Settings())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://tea.example")


@pytest.fixture
def tracking(shop: Shop) -> httpx.AsyncClient:
    app = Starlette(routes=[Mount("/track", create_tracking(shop.system))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://tea.example")


async def delayed(shop: Shop, sku: str = "B", at: Any = LATER) -> tuple[Order, dict[str, str]]:
    """An order whose promise is worse than it was, and the links of the mail about it, by what they say."""
    order = await shop.order("W-1", {sku: 2})
    await shop.tell()
    await expect(shop.system, "P-1", (ExpectedLine(1, PA, Sku(sku), 5, at),), actor=ANN)
    await count(shop.system, PA, shop.system.door.now(), [Counted(Sku(sku), 0)], actor=ANN)
    await settle(shop.system)
    (mail,) = await shop.tell()
    text = body(mail)
    pairs = re.findall(r"\n(.+)\nhttps://tea\.example(/choose/\S+)", text)
    return order, dict(pairs)


async def kinds(shop: Shop, order: Order) -> list[str]:
    async with shop.system.pool.acquire() as connection:
        events = await read_subject_events(connection, order.order_id)
    return [event.kind for event in events]


async def test_a_scanner_that_opens_every_link_chooses_nothing(shop: Shop, client: httpx.AsyncClient) -> None:
    order, links = await delayed(shop)
    before = await shop.read(order.order_id)

    for path in links.values():
        for method in ("GET", "HEAD"):
            answer = await client.request(method, path)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"

    assert await shop.read(order.order_id) == before
    assert "ChoiceMade" not in await kinds(shop, order)


async def test_canceling_by_link_cancels_once_as_the_customer_and_ends_all_other_links(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order, links = await delayed(shop)
    assert list(links) == ["Tuesday, December 8 is fine", "Cancel 2 × Cup & <saucer>"]
    keep, cancel = links.values()

    shown = await client.get(cancel)
    assert "Cancel 2 × Cup &amp; &lt;saucer&gt;" in shown.text
    assert '<form method="post">' in shown.text
    done = await client.post(cancel)
    again = await client.post(cancel)
    other = await client.post(keep)

    assert (done.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert "Done. Thank you." in done.text
    assert "something was chosen already" in other.text
    after = await shop.read(order.order_id)
    assert (after.canceled_at is not None, live_allocations(after)) == (True, ())
    happened = await kinds(shop, order)
    assert (happened.count("OrderCanceled"), happened.count("ChoiceMade")) == (1, 1)
    async with shop.system.pool.acquire() as connection:
        actors = {one.kind: one.actor for one in await read_subject_events(connection, order.order_id)}
    assert actors["OrderCanceled"] == actors["ChoiceMade"] == "customer"


async def test_agreeing_to_the_new_date_is_recorded_and_changes_nothing(shop: Shop, client: httpx.AsyncClient) -> None:
    order, links = await delayed(shop)
    before = await shop.read(order.order_id)

    done = await client.post(links["Tuesday, December 8 is fine"])

    assert done.status_code == 200
    assert await shop.read(order.order_id) == before
    assert (await kinds(shop, order))[-1] == "ChoiceMade"


async def test_agreeing_to_a_date_that_is_promised_no_longer_is_refused_and_something_else_can_be_chosen(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order, links = await delayed(shop)
    keep, cancel = links.values()
    much_later = LATER + timedelta(days=14)
    await expect(shop.system, "P-1", (ExpectedLine(1, PA, Sku("B"), 5, much_later),), actor=ANN)
    await settle(shop.system)

    refused = await client.post(keep)

    assert (refused.status_code, "is not possible any more" in refused.text) == (409, True)
    assert "ChoiceMade" not in await kinds(shop, order)
    assert (await client.post(cancel)).status_code == 200
    assert (await shop.read(order.order_id)).canceled_at is not None


async def test_switching_to_pickup_by_link_changes_the_order(shop: Shop, client: httpx.AsyncClient) -> None:
    no_ship = {"name": "hands over only", "where": "node.type == 'store'", "methods": ["ship"]}
    await shop.put(EXPOSURE_RULES, {"exclusions": [no_ship]})
    order, links = await delayed(shop, "A")
    (pickup,) = [path for text, path in links.items() if text.startswith("Pick it up at Fifth Avenue")]

    done = await client.post(pickup)

    assert done.status_code == 200, done.text
    after = await shop.read(order.order_id)
    assert (after.method, after.pickup_node) == (Method.PICKUP, "ST-NYC")
    assert {part.node for part in live_allocations(after)} == {"ST-NYC"}


async def test_what_cannot_be_done_any_more_is_refused_and_nothing_is_written(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order, links = await delayed(shop)
    await expect(shop.system, "P-1", (), actor=ANN)
    await settle(shop.system)
    await count(shop.system, PA, shop.system.door.now(), [Counted(Sku("B"), 9)], actor=ANN)
    await settle(shop.system)
    await shop.ship(await shop.read(order.order_id))
    before = await shop.read(order.order_id)

    refused = await client.post(links["Cancel 2 × Cup & <saucer>"])

    assert refused.status_code == 409
    assert await shop.read(order.order_id) == before
    assert await shop.system.pool.fetchval("SELECT count(*) FROM choices_made") == 0


async def test_a_link_whose_time_is_over_or_that_was_made_elsewhere_does_nothing(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order, links = await delayed(shop)
    cancel = links["Cancel 2 × Cup & <saucer>"]
    forged = cancel[:-1] + ("A" if cancel[-1] != "A" else "B")
    assert (await client.post(forged)).status_code == 404
    assert (await client.post("/stop/" + cancel.rpartition("/")[2])).status_code == 404
    shop.clock.advance(hours=169)

    over = await client.post(cancel)

    assert (over.status_code, "is over" in over.text) == (410, True)
    assert (await shop.read(order.order_id)).canceled_at is None


async def test_a_customer_opts_out_of_what_is_not_needed_and_still_gets_what_is(
    shop: Shop, client: httpx.AsyncClient
) -> None:
    order = await shop.order()
    await shop.tell()
    await shop.deliver(await shop.ship(order))
    mails = await shop.tell()
    (delivered,) = [mail for mail in mails if mail["Subject"] == "Your order W-1 was delivered"]
    (path,) = set(LINK.findall(body(delivered)))
    assert f"<https://tea.example{path}>" == str(delivered["List-Unsubscribe"])
    assert (await client.get(path)).status_code == 200

    stopped = await client.post(path, data={"List-Unsubscribe": "One-Click"})
    second = await shop.order("W-2")
    await shop.deliver(await shop.ship(second))
    subjects = [mail["Subject"] for mail in await shop.tell()]

    assert stopped.status_code == 200
    assert sorted(subjects) == ["Your order W-2", "Your order W-2 is on its way"]
    (kept,) = await shop.notifications(order_id=second.order_id, kind="delivered")
    assert (kept.state, kept.reason) == ("dropped", "opted out: link")


async def test_two_who_follow_one_link_at_once_do_it_once(
    shop: Shop, client: httpx.AsyncClient, server: MailServer
) -> None:
    order, links = await delayed(shop)
    keep, cancel = links.values()

    answers = await asyncio.gather(*(client.post(path) for path in (cancel, cancel, keep)))

    happened = await kinds(shop, order)
    assert happened.count("ChoiceMade") == 1
    assert happened.count("OrderCanceled") <= 1
    assert sorted({answer.status_code for answer in answers}) == [200, 409]
    assert len(server.seen()) == 2


async def track(client: httpx.AsyncClient, shop: Shop, order: Order, language: str = "en") -> list[tuple[str, str]]:
    """What the tracking page of an order offers, with the paths of its links."""
    page = await client.get(f"/track/{await give_link(shop.system, order.order_id)}?lang={language}")
    assert page.status_code == 200
    return [
        (html.unescape(text), path) for path, text in re.findall(r'class="choice" href="(.+?)">(.+?)</a>', page.text)
    ]


async def test_the_tracking_page_offers_what_the_mail_does_until_one_is_taken(
    shop: Shop, tracking: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    order, links = await delayed(shop)

    assert await track(tracking, shop, order) == list(links.items())
    assert [text for text, _ in await track(tracking, shop, order, "es")] == [
        "Me va bien el martes 8 de diciembre", "Cancelar 2 × Cup & <saucer>",
    ]  # fmt: skip
    done = await client.post((await track(tracking, shop, order))[0][1])

    assert done.status_code == 200
    assert f"/track/{await give_link(shop.system, order.order_id)}" in done.text
    assert await track(tracking, shop, order) == []


async def test_the_tracking_page_offers_nothing_of_a_date_that_is_promised_no_longer_or_too_late(
    shop: Shop, tracking: httpx.AsyncClient
) -> None:
    order, _ = await delayed(shop)
    much_later = LATER + timedelta(days=14)
    await expect(shop.system, "P-1", (ExpectedLine(1, PA, Sku("B"), 5, much_later),), actor=ANN)
    await settle(shop.system)
    assert await track(tracking, shop, order) == []

    await shop.tell()
    (keep, _), *_ = await track(tracking, shop, order)
    assert keep == "Tuesday, December 22 is fine"
    shop.clock.advance(hours=169)
    assert await track(tracking, shop, order) == []


async def test_what_is_offered_by_mail_and_text_message_is_offered_once_and_taken_once(
    shop: Shop, tracking: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    box = Box()
    shop.more = {Medium.SMS: box}
    shop.clock.now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    phone = Customer("C-1", "Ada Park", "ada@example.com", "+1 212 555 0100")
    order = await shop.order("W-1", {"B": 2}, customer=phone)
    await shop.tell()
    await expect(shop.system, "P-1", (ExpectedLine(1, PA, Sku("B"), 5, LATER),), actor=ANN)
    await count(shop.system, PA, shop.system.door.now(), [Counted(Sku("B"), 0)], actor=ANN)
    await settle(shop.system)
    (mail,) = await shop.tell()

    (text,) = [one.sms for one in box.letters if one.kind == "promise_changed"]
    assert text.endswith(f"https://tea.example/track/{await give_link(shop.system, order.order_id)}")
    assert len(await track(tracking, shop, order)) == 2
    (keep, _) = re.findall(r"https://tea\.example(/choose/\S+)", body(mail))
    assert (await client.post(keep)).status_code == 200
    assert await track(tracking, shop, order) == []
