"""By text message and by webhook, in the hours and to the addresses to which something may be sent."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from tests.builders import NOW
from tests.telling.telling import Box, Shop, body
from tests.worker.receiver import open_receiver
from troth.adapters.messages.opening import make_senders
from troth.adapters.messages.posts import Poster, sms_writer, write_whole
from troth.adapters.messages.smtp import Server, Smtp, read_server
from troth.adapters.webhooks import open_sender
from troth.engine.policies.quiet_hours import next_allowed
from troth.flows.telling.media import Deferred
from troth.flows.tracking.links import give_link
from troth.model.notification import Medium
from troth.model.notification_rules import QuietHours
from troth.model.order import Customer
from troth.settings import read_settings
from troth.store.opt_outs import write_opt_out

SECRET = "whsec_" + "a" * 43 + "="
ADA = Customer("C-1", "Ada Park", "ada@example.com", "+1 212 555 0100")
CONFIRM = {"name": "c", "on": "OrderCaptured", "tell": "order_confirmed", "by": ["sms"]}


async def test_a_gateway_of_text_messages_gets_what_it_takes_signed_and_once(shop: Shop) -> None:
    await shop.rules({"rules": [CONFIRM]})
    async with open_receiver() as gateway, open_sender() as post:
        write = sms_writer('{"messages": [{"to": $to, "body": $text, "ref": $id}]}')
        shop.more = {Medium.SMS: Poster(post, gateway.url, SECRET, write)}
        order = await shop.order(customer=ADA)
        await shop.tell()

    (got,) = gateway.received
    (kept,) = await shop.notifications()
    link = f"https://tea.example/track/{await give_link(shop.system, order.order_id)}"
    text = f"Tea & Co: thank you for order W-1. Ships today from our store Fifth Avenue; arrives tomorrow. {link}"
    assert got.payload == {"messages": [{"to": ADA.phone, "body": text, "ref": kept.notification_id}]}
    assert Webhook(SECRET).verify(got.body, got.headers)
    assert got.headers["webhook-id"] == kept.notification_id
    assert kept.state == "sent"


async def test_a_text_message_that_is_too_long_keeps_its_link_whole(shop: Shop) -> None:
    await shop.rules({"rules": [CONFIRM]})
    await shop.texts(
        {"texts": [{"language": "en", "texts": {"order_confirmed_sms": "{promise} {link} " + "word " * 95}}]}
    )
    box = Box()
    shop.more = {Medium.SMS: box}
    order = await shop.order(customer=ADA)
    await shop.tell()

    (letter,) = box.letters
    assert letter.sms.endswith(f"… https://tea.example/track/{await give_link(shop.system, order.order_id)}")
    assert len(letter.sms) <= 480


@pytest.mark.parametrize(("status", "state"), [(400, "failed"), (429, "retrying"), (503, "retrying"), (200, "sent")])
async def test_what_a_gateway_answers_is_what_becomes_of_a_message(shop: Shop, status: int, state: str) -> None:
    await shop.rules({"rules": [CONFIRM]})
    async with open_receiver() as gateway, open_sender() as post:
        gateway.answer = lambda _: (status, "")
        shop.more = {Medium.SMS: Poster(post, gateway.url, SECRET, sms_writer('{"to": $to}'))}
        await shop.order(customer=ADA)
        await shop.tell()

    assert await shop.states() == [("order_confirmed", state)]


async def test_a_system_of_the_shop_gets_the_whole_letter(shop: Shop) -> None:
    await shop.rules({"rules": [{**CONFIRM, "by": ["webhook"]}]})
    async with open_receiver() as system, open_sender() as post:
        shop.more = {Medium.WEBHOOK: Poster(post, system.url, SECRET, write_whole)}
        await shop.order(customer=Customer("C-1", "Ada", "", ""))
        await shop.tell()

    (got,) = system.received
    told = got.payload["data"]
    assert (got.payload["type"], told["kind"], told["external_id"]) == ("notification", "order_confirmed", "W-1")
    assert told["subject"] == "Your order W-1"
    assert "Ships today from our store Fifth Avenue" in told["text"]


def test_a_template_that_is_no_json_or_names_something_else_is_refused() -> None:
    for template in ("{$to", '{"a": $nobody}', "to: $to"):
        with pytest.raises(ValueError, match="is no template of JSON"):
            sms_writer(template)


async def test_text_messages_wait_for_the_morning_where_the_customer_is_and_mail_does_not(shop: Shop) -> None:
    await shop.rules(
        {
            "rules": [{**CONFIRM, "by": ["sms", "email"]}],
            "quiet_hours": [{"begins": "21:00:00", "ends": "08:00:00", "by": ["sms"]}],
        }
    )
    box = Box()
    shop.more = {Medium.SMS: box}
    shop.clock.now = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # ten in the evening in New York
    await shop.order(customer=ADA)

    (mail,) = await shop.tell()
    assert (mail["Subject"], box.letters) == ("Your order W-1", [])
    (kept,) = await shop.notifications(medium="sms")
    assert kept.due_at == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
    assert "arrives" in body(mail)

    shop.clock.now = datetime(2026, 11, 24, 13, 1, tzinfo=UTC)
    await shop.tell(after_seconds=0)
    assert len(box.letters) == 1


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    st.times(),
    st.times(),
    st.sampled_from(["America/New_York", "Europe/Madrid", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_what_is_allowed_lies_in_no_quiet_hours_and_is_at_most_a_day_away(
    at: datetime, begins: time, ends: time, zone: str
) -> None:
    quiet = QuietHours(begins, ends)
    found = next_allowed(at, zone, (quiet,), Medium.SMS)

    assert at <= found <= at + timedelta(hours=25, minutes=31)
    assert next_allowed(found, zone, (quiet,), Medium.SMS) == found


def test_quiet_ends_with_the_hour_that_clocks_leave_out() -> None:
    before = datetime(2026, 3, 8, 1, 0, tzinfo=ZoneInfo("America/New_York"))
    quiet = QuietHours(time(0), time(2, 30))

    assert next_allowed(before, "America/New_York", (quiet,), Medium.SMS).isoformat() == "2026-03-08T03:30:00-04:00"


async def test_to_where_it_bounced_for_good_nothing_is_sent_any_more_until_it_is_said(shop: Shop) -> None:
    async with shop.system.pool.acquire() as connection:
        await write_opt_out(connection, "ADA@example.com", Medium.EMAIL, "", because="bounced", at=NOW, said_by="mail")
    await shop.order()

    assert await shop.tell() == []
    (kept,) = await shop.notifications()
    assert (kept.state, kept.reason) == ("dropped", "the address bounced")


async def test_a_server_that_offers_no_encryption_is_sent_nothing_where_that_is_asked_for(shop: Shop) -> None:
    smtp = Smtp(Server("smtp+starttls", "127.0.0.1", shop.server.port), "orders@tea.example")
    await shop.order()
    shop.more = {Medium.EMAIL: smtp}

    assert await shop.tell() == []
    (kept,) = await shop.notifications()
    assert kept.state == "retrying"
    assert "STARTTLS" in kept.reason


def test_a_password_goes_over_no_open_line() -> None:
    with pytest.raises(ValueError, match="only over"):
        read_server("smtp://shop:secret@mail.example.com")


async def test_settings_that_lack_a_part_are_refused_and_the_others_set_media_up() -> None:
    with pytest.raises(ValueError, match="TROTH_MAIL_FROM is required"):
        read_settings(smtp_url="smtp://mail.example.com")
    with pytest.raises(ValueError, match="TROTH_SMTP_URL must be"):
        read_settings(smtp_url="http://mail.example.com", mail_from="a@example.com")
    with pytest.raises(ValueError, match="whsec_"):
        read_settings(sms_url="https://sms.example.com", sms_secret="short")
    settings = read_settings(
        smtp_url="smtps://mail.example.com",
        mail_from="orders@example.com",
        sms_url="https://sms.example.com",
        sms_secret=SECRET,
    )
    async with open_sender() as post:
        assert set(make_senders(settings, post)) == {Medium.EMAIL, Medium.SMS}
        assert make_senders(read_settings(), post) == {}


async def test_a_medium_that_is_taken_away_leaves_what_waits_for_it(shop: Shop) -> None:
    await shop.rules({"rules": [CONFIRM]})
    shop.more = {Medium.SMS: Box([Deferred("busy")])}
    await shop.order(customer=ADA)
    await shop.tell()
    shop.more = {}
    await shop.tell()

    (kept,) = await shop.notifications()
    assert (kept.state, kept.reason) == ("retrying", "there is nobody who carries it")
    box = Box()
    shop.more = {Medium.SMS: box}
    await shop.tell()
    assert len(box.letters) == 1
