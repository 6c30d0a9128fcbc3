"""What customers read of money that is given back, and of promises that will probably be missed."""

from datetime import timedelta

from tests.telling.telling import Shop, body
from troth.flows.telling.follow import ACTOR
from troth.model.alerts import AlertAction
from troth.model.events import AlertRaised, Event, PaymentRefunded
from troth.model.ids import NodeId
from troth.model.order import Order
from troth.store.database import transaction
from troth.store.events import append_event


async def happen(shop: Shop, order: Order, *events: Event) -> None:
    """Let something be in the log of an order."""
    async with transaction(shop.system.pool) as connection:
        for event in events:
            await append_event(connection, event, subject=order.order_id, at=shop.clock.now, actor=ACTOR)


async def test_refunds_of_one_moment_are_one_mail_with_what_they_come_to(shop: Shop) -> None:
    order = await shop.order()
    await shop.tell()
    at = shop.clock.now
    await happen(shop, order, *(PaymentRefunded(1, step, "card", "r", 1_050, "USD", at) for step in (2, 3)))

    (mail,) = await shop.tell()

    assert mail["Subject"] == "A refund for your order W-1"
    assert "We have given $21.00 back to you for your order W-1." in body(mail)


async def test_a_customer_is_told_of_a_promise_that_will_probably_be_missed_only_where_a_rule_says_so(
    shop: Shop,
) -> None:
    order = await shop.order()
    await shop.tell()
    work, at = order.fulfillments[0], shop.clock.now
    expected_at = work.promised_at + timedelta(days=2)
    alerts = [
        AlertRaised(work.fulfillment_id, NodeId("DC-PA"), "r", action, "picked", at, expected_at, 80, at)
        for action in (AlertAction.EXCEPTION, AlertAction.TELL)
    ]
    await happen(shop, order, alerts[0])
    assert await shop.tell() == []

    await happen(shop, order, alerts[1])
    (mail,) = await shop.tell()

    assert mail["Subject"] == "Your order W-1 may be late"
    assert "It will probably be later. We expect it Thursday, November 26, and are on it." in body(mail)
