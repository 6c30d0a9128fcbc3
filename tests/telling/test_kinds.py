"""What customers read: one mail for each change, true when it is sent, in their language, and safe to open."""

import json
import re
from datetime import UTC, datetime

import pytest

from tests.builders import accepted, capture
from tests.flows.moving import ANN, LATER, PA, settle
from tests.telling.telling import Shop, body
from troth.flows.documents.families import ROUTINGS
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.flows.stock.expect import expect
from troth.flows.stock.stock import Counted, count
from troth.flows.telling.follow import follow_log
from troth.flows.tracking.links import give_link
from troth.model.commands import (
    AcceptWork,
    CancelOrder,
    CollectWork,
    DeliverWork,
    ExpectedLine,
    LineQuantity,
    PackWork,
    PickWork,
    ReceiveWork,
    RecordTracking,
    ReleaseOrder,
    ShipWork,
)
from troth.model.ids import LineId, NodeId, Sku
from troth.model.order import Customer, Method, Package, PackageLine


async def test_the_confirmation_repeats_the_promise_that_was_shown(shop: Shop) -> None:
    order = await shop.order("W-1", {"A": 2, "B": 1})

    (mail,) = await shop.tell()

    assert (mail["Subject"], mail["To"], mail["From"]) == (
        "Your order W-1", "ada@example.com", "Tea & Co <orders@tea.example>",
    )  # fmt: skip
    promise = "Ships today from Harrisburg DC; arrives tomorrow."
    assert body(mail) == (
        f"Hello Ada Park,\n\nThank you for your order W-1.\n\n{promise}\n\n2 × Tea pot\n1 × Cup & <saucer>\n\n"
        f"See your order: https://tea.example/track/{await give_link(shop.system, order.order_id)}\n\nTea & Co\n"
    )
    rows = re.findall(r"<td[^>]*>(.*?)</td>", body(mail, "html"))
    assert rows == ["2 × Tea pot", "1 × Cup &amp; &lt;saucer&gt;"]
    assert str(mail["Message-ID"]).startswith(f"<{order.order_id}-N")
    assert str(mail["Message-ID"]).endswith("@tea.example>")
    assert await shop.states() == [("order_confirmed", "sent")]


async def test_an_order_that_was_canceled_meanwhile_is_told_as_canceled_only(shop: Shop) -> None:
    order = await shop.order()
    accepted(await shop.system.door.one(CancelOrder(order.order_id, "changed my mind"), actor="test"))

    (mail,) = await shop.tell()

    assert mail["Subject"] == "Your order W-1 is canceled"
    assert await shop.states() == [("canceled", "sent"), ("order_confirmed", "dropped")]
    (dropped,) = await shop.notifications(kind="order_confirmed")
    assert dropped.reason == "the order was canceled"


async def test_units_that_are_canceled_one_after_the_other_are_one_mail(shop: Shop) -> None:
    order = await shop.order("W-1", {"A": 3, "B": 1})
    await shop.tell()
    for line_id in ("1", "2"):
        units = (LineQuantity(LineId(line_id), 1),)
        accepted(await shop.system.door.one(CancelOrder(order.order_id, "too many", units), actor="test"))

    (mail,) = await shop.tell()

    assert mail["Subject"] == "A part of your order W-1 is canceled"
    assert "Canceled: 1 × Tea pot, 1 × Cup & <saucer>. You do not pay for it." in body(mail)


async def test_several_changes_of_a_promise_within_moments_are_one_mail_from_the_first_to_the_last(shop: Shop) -> None:
    await shop.order("W-1", {"B": 1})
    await shop.tell()
    await count(shop.system, PA, shop.system.door.now(), [Counted(Sku("B"), 0)], actor=ANN)
    await settle(shop.system)  # lost
    await expect(shop.system, "P-1", (ExpectedLine(1, PA, Sku("B"), 5, LATER),), actor=ANN)
    await settle(shop.system)  # and found again, for later

    (mail,) = await shop.tell()

    assert mail["Subject"] == "A new date for your order W-1"
    assert "1 × Cup & <saucer>: now Tuesday, December 8 instead of tomorrow." in body(mail)
    (kept,) = await shop.notifications(kind="promise_changed")
    assert len(kept.causes) == 2


async def test_a_promise_that_is_the_old_one_again_is_not_told(shop: Shop) -> None:
    await shop.order("W-1", {"B": 1})
    await shop.tell()
    await count(shop.system, PA, shop.system.door.now(), [Counted(Sku("B"), 0)], actor=ANN)
    await settle(shop.system)
    await count(shop.system, PA, shop.system.door.now(), [Counted(Sku("B"), 9)], actor=ANN)
    await settle(shop.system)

    assert await shop.tell() == []
    (kept,) = await shop.notifications(kind="promise_changed")
    assert (kept.state, kept.reason) == ("dropped", "it is promised as before")


async def test_a_parcel_is_told_on_its_way_out_for_delivery_and_delivered_each_once(shop: Shop) -> None:
    order = await shop.order()
    await shop.tell()
    await shop.ship(order)
    (shipped,) = await shop.tell()
    work = order.fulfillments[0].fulfillment_id
    for status in ("in_transit", "out_for_delivery"):
        tracked = RecordTracking(work, "UPS", "1Z999", status, shop.clock.now)
        accepted(await shop.system.door.one(tracked, actor="ups"))
    (out,) = await shop.tell()
    accepted(await shop.system.door.one(DeliverWork(work), actor="ups"))
    (delivered,) = await shop.tell()

    assert "We have sent you 1 × Tea pot." in body(shipped)
    assert "UPS 1Z999" in body(shipped)
    assert [mail["Subject"] for mail in (shipped, out, delivered)] == [
        "Your order W-1 is on its way", "Your order W-1 comes today", "Your order W-1 was delivered",
    ]  # fmt: skip
    assert "List-Unsubscribe" not in shipped  # what is needed cannot be opted out of
    assert delivered["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_only_what_is_in_the_vehicle_is_told_to_be_out_for_delivery(shop: Shop) -> None:
    order = await shop.order(lines={"A": 2, "B": 1})
    await shop.tell()
    accepted(await shop.system.door.one(ReleaseOrder(order.order_id), actor="test"))
    work = order.fulfillments[0].fulfillment_id
    parcels = tuple(
        Package(line, (PackageLine(LineId(line), units),), 500, "UPS", "", f"1Z-{line}")
        for line, units in (("1", 2), ("2", 1))
    )
    for command in (AcceptWork(work), PickWork(work), PackWork(work, parcels), ShipWork(work, parcels)):
        accepted(await shop.system.door.one(command, actor="test"))
    await shop.tell()

    told = []
    for line in ("1", "2"):
        seen = RecordTracking(work, "UPS", f"1Z-{line}", "out_for_delivery", shop.clock.now)
        accepted(await shop.system.door.one(seen, actor="ups"))
        told += await shop.tell()
        there = RecordTracking(work, "UPS", f"1Z-{line}", "delivered", shop.clock.now)
        accepted(await shop.system.door.one(there, actor="ups"))

    assert [re.findall("Out for delivery: (.*)", body(mail)) for mail in told] == [
        ["2 × Tea pot."], ["1 × Cup & <saucer>."],
    ]  # fmt: skip


async def test_who_does_not_come_is_reminded_and_who_came_is_not(shop: Shop) -> None:
    orders = [
        await shop.order(f"W-{name}", method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
        for name in ("1", "2")
    ]
    await shop.tell()
    for order in orders:
        await shop.release_to_ready(order)
    ready = await shop.tell()
    work = orders[0].fulfillments[0].fulfillment_id
    accepted(await shop.system.door.one(CollectWork(work, "Ada Park"), actor="store"))
    reminders = await shop.tell_after_days(1)
    late = await shop.tell_after_days(7)

    assert sorted(mail["Subject"] for mail in ready) == ["Your order W-1 is ready", "Your order W-2 is ready"]
    assert "Ready for pickup at Fifth Avenue." in body(ready[0])
    assert re.search(r"Your code: \d{6}\n", body(ready[0]))
    assert [mail["Subject"] for mail in reminders] == ["Your order W-2 still waits for you"]
    assert sorted(mail["Subject"] for mail in late) == [
        "Your order W-2 still waits for you", "Your order W-2 was not picked up",
    ]  # fmt: skip
    assert "Not picked up in time: 1 × Tea pot. The goods go back" in body(late[-1]) + body(late[0])
    assert ("canceled", "dropped") in await shop.states()


async def test_who_picks_up_what_was_sent_to_the_store_first_is_told_when_it_is_there_and_reminded(shop: Shop) -> None:
    saved = await save_draft(shop.system, ROUTINGS, "default", {"weights": {"ship_to_store": 1}}, actor="test")
    assert isinstance(saved, Saved), saved
    await activate(shop.system, ROUTINGS, "default", 1, reason="test", actor="test")
    order = await shop.order("W-1", {"B": 1}, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
    await shop.tell()
    work = (await shop.ship(order)).fulfillments[0].fulfillment_id
    (shipped,) = await shop.tell()
    near = RecordTracking(work, "UPS", "1Z999", "out_for_delivery", shop.clock.now)
    accepted(await shop.system.door.one(near, actor="ups"))
    coming = await shop.tell()
    accepted(await shop.system.door.one(ReceiveWork(work, (), "A3"), actor="store"))
    (ready,) = await shop.tell()
    reminders = await shop.tell_after_days(1)
    accepted(await shop.system.door.one(CollectWork(work, "Ada Park"), actor="store"))

    assert "Fifth Avenue" in body(shipped)
    assert coming == []  # it comes to the store today, not to them
    assert ready["Subject"] == "Your order W-1 is ready"
    assert "Ready for pickup at Fifth Avenue." in body(ready)
    assert re.search(r"Your code: \d{6}\n", body(ready))
    assert [mail["Subject"] for mail in reminders] == ["Your order W-1 still waits for you"]
    assert await shop.tell_after_days(4) == []


async def test_spanish_is_spoken_to_who_ordered_in_it(shop: Shop) -> None:
    await shop.order("W-1", {"B": 1}, attributes={"language": "es-MX"})

    (mail,) = await shop.tell()

    assert (mail["Subject"], mail["Content-Language"]) == ("Su pedido W-1", "es-MX")
    assert "Gracias por su pedido W-1.\n\nSale hoy de Harrisburg DC; llega mañana." in body(mail)


async def test_a_brand_and_a_channel_have_words_and_a_letterhead_of_their_own(shop: Shop) -> None:
    heads = [{"shop": "Acme", "sender": "hello@acme.example", "color": "#aa0000", "channels": ["acme"]}]
    await shop.rules({"rules": [{"name": "c", "on": "OrderCaptured", "tell": "order_confirmed"}], "letterheads": heads})
    texts = {"language": "en", "channels": ["acme"], "texts": {"order_confirmed_subject": "Yay, {order}!"}}
    await shop.texts({"texts": [texts]})
    await shop.order("W-1")
    await shop.order("W-2", channel="acme")

    mails = await shop.tell()

    assert sorted((str(mail["From"]), mail["Subject"]) for mail in mails) == [
        ("Acme <hello@acme.example>", "Yay, W-2!"), ("Tea & Co <orders@tea.example>", "Your order W-1"),
    ]  # fmt: skip
    assert "#aa0000" in body(next(mail for mail in mails if mail["Subject"] == "Yay, W-2!"), "html")


async def test_a_condition_on_the_order_says_who_is_told(shop: Shop) -> None:
    rule = {"name": "dear", "on": "OrderCaptured", "tell": "order_confirmed", "when": "order.value >= 50.0"}
    await shop.rules({"rules": [rule]})
    await shop.order("W-1", {"A": 1})
    await shop.order("W-2", {"A": 5})

    assert [mail["Subject"] for mail in await shop.tell()] == ["Your order W-2"]


@pytest.mark.parametrize("name", ["Ada\r\nBcc: all@example.com", "<b>Ada</b>", "\u2028Ada"])
async def test_what_a_customer_is_called_ends_no_header_and_is_no_markup(shop: Shop, name: str) -> None:
    await shop.order("W-1\nX-Evil: yes", customer=Customer("C-1", name, "ada@example.com", ""))

    (mail,) = await shop.tell()

    assert {"Bcc", "X-Evil"} & set(mail.keys()) == set()
    assert mail["Subject"] == "Your order W-1 X-Evil: yes"
    assert "<b>Ada" not in body(mail, "html")


async def test_nothing_is_sent_to_what_is_no_address(shop: Shop) -> None:
    await shop.order(customer=Customer("C-1", "Ada", "ada@example.com\r\nBcc: all@example.com", ""))

    assert await shop.tell() == []
    (kept,) = await shop.notifications()
    assert kept.state == "dropped"
    assert kept.reason.endswith("is no mail address")


async def test_the_mail_carries_the_order_as_schema_org_says_it(shop: Shop) -> None:
    order = await shop.order(customer=Customer("C-1", "</script><b>", "ada@example.com", ""))
    await shop.tell()
    await shop.ship(order)

    (mail,) = await shop.tell()

    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', body(mail, "html"))
    markup = json.loads(script)
    assert (markup["@type"], markup["orderNumber"], markup["orderStatus"]) == (
        "Order", "W-1", "http://schema.org/OrderInTransit",
    )  # fmt: skip
    (parcel,) = markup["orderDelivery"]
    work = (await shop.read(order.order_id)).fulfillments[0]
    assert parcel["trackingNumber"] == "1Z999"
    assert parcel["carrier"] == {"@type": "Organization", "name": "UPS"}
    assert datetime.fromisoformat(parcel["expectedArrivalUntil"]).astimezone(UTC) == work.promised_at
    assert [one["name"] for one in parcel["itemShipped"]] == ["Tea pot"]


async def test_what_was_loaded_from_elsewhere_is_not_told_again(shop: Shop) -> None:
    accepted(await shop.system.door.one(capture("OLD-1"), actor="load/orders"))

    assert await shop.tell() == []
    assert await shop.notifications() == []


async def test_nothing_is_kept_of_what_no_medium_carries_and_a_medium_that_comes_later_tells_no_old_news(
    shop: Shop,
) -> None:
    await shop.order("W-1")
    while await follow_log(shop.system, ()):
        pass
    await shop.order("W-2")

    assert [mail["Subject"] for mail in await shop.tell()] == ["Your order W-2"]
