"""The quote page of a call center: who calls, and the order that was shown placed by a click, as it was shown."""

import re

import httpx

from tests.builders import accepted, capture, stock
from tests.console.conftest import csrf_in
from tests.console.test_quote import NEW_YORK
from troth.flows.door.system import System
from troth.flows.records.customers import set_terms
from troth.model.credit import CustomerTerms
from troth.model.ids import OrderId
from troth.model.order import Order, Payment
from troth.store.orders import find_orders, read_orders

ADA = {"customer": "C-1", "name": "Ada Park", "email": "ada@example.com"}


async def _ask(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    csrf = csrf_in(await client.get("/console/quote"))
    asked = {"channel": "phone", "method": "ship", "sku": "A", "quantity": "2", **NEW_YORK, **ADA, **fields}
    return await client.post("/console/quote", data={"csrf": csrf, **asked})


def _plans(page: httpx.Response) -> list[str]:
    return re.findall(r'name="place" value="([^"]+)"', page.text)


async def _placed(system: System, answer: httpx.Response) -> Order:
    assert answer.status_code == 303, answer.text
    name = OrderId(answer.headers["location"].removeprefix("/console/orders/").removesuffix("?done=placed"))
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [name]))[name]


async def _all(system: System) -> list[Order]:
    async with system.pool.acquire() as connection:
        return await find_orders(connection)


async def test_the_option_that_was_shown_is_the_order_that_is_placed(client: httpx.AsyncClient, system: System) -> None:
    await stock(system, {("A", "ST-NYC"): 3})
    shown = await _ask(client)
    plans = _plans(shown)

    order = await _placed(system, await _ask(client, place=plans[1], key="k"))

    assert len(plans) >= 4
    assert f'id="{plans[1]}" aria-labelledby="way-2"' in shown.text
    assert '<h3 id="way-2">Ship, express</h3>' in shown.text
    assert [work.service for work in order.fulfillments] == ["express"]
    assert (order.channel, order.external_id[:3], order.customer.name) == ("phone", "CC-", "Ada Park")
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.city) == ("Ada Park", "New York")


async def test_the_form_sent_twice_is_one_order(client: httpx.AsyncClient, system: System) -> None:
    (plan, *_) = _plans(await _ask(client))
    one = await _placed(system, await _ask(client, place=plan, key="same"))
    again = await _placed(system, await _ask(client, place=plan, key="same"))
    assert one.order_id == again.order_id
    assert len(await _all(system)) == 1


async def test_what_can_no_longer_be_had_as_it_was_shown_is_not_placed_and_is_quoted_anew(
    client: httpx.AsyncClient, system: System
) -> None:
    await stock(system, {("A", "ST-NYC"): 3})
    shown = await _ask(client)
    (plan, *_), (node, *_) = _plans(shown), re.findall(r'<article class="work" aria-label="([^"]+)">', shown.text)
    await stock(system, {("A", node): -{"DC-PA": 20, "ST-NYC": 3}[node]})

    refused = await _ask(client, place=plan)

    assert refused.status_code == 409
    assert plan not in _plans(refused)
    assert _plans(refused)
    assert await _all(system) == []


async def test_an_order_on_a_bill_and_one_by_token_have_a_payment_of_what_they_come_to(
    client: httpx.AsyncClient, system: System
) -> None:
    (plan, *_) = _plans(await _ask(client))
    billed = await _placed(system, await _ask(client, place=plan, key="a", pay="invoice", external_id="PO-77"))
    (other, *_) = _plans(await _ask(client))
    by_token = {"pay": "token", "provider": "sandbox", "token": "tok_visa"}
    paid = await _placed(system, await _ask(client, place=other, key="b", **by_token))
    no_token = await _ask(client, place=other, key="c", pay="token")

    assert billed.payments == (Payment("invoice", "PO-77", 3980, "pending"),)
    assert paid.payments == (Payment("sandbox", "tok_visa", 3980, "pending"),)
    assert "needs the provider and the token" in no_token.text
    assert len(await _all(system)) == 2


async def test_who_calls_is_shown_with_their_orders_and_terms_and_where_the_last_one_went(
    client: httpx.AsyncClient, system: System
) -> None:
    await set_terms(system, CustomerTerms("C-1", name="Park & Co", terms_days=30, credit_limit_minor=9_000), actor="x")
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="web"))

    shown = await _ask(client)
    by_mail = await _ask(client, customer="")
    filled = await _ask(client, fill="last", name="", line1="", city="", region="", postcode="")
    stranger = await _ask(client, customer="C-9")

    for text in ("Park &amp; Co", "$70.10 of credit left", "pays within 30 days", f"/console/orders/{order.order_id}"):
        assert text in shown.text
    assert f"/console/orders/{order.order_id}" in by_mail.text
    assert order.ship_to is not None
    assert f'name="postcode" value="{order.ship_to.postcode}"' in filled.text
    assert 'name="name" value="Ada Park"' in filled.text
    assert "No orders yet." in stranger.text


async def test_whoever_may_only_read_orders_finds_no_button(client: httpx.AsyncClient, system: System) -> None:
    await system.pool.execute("UPDATE users SET role = 'planner' WHERE login = 'maya'")
    shown = await _ask(client)
    assert shown.status_code == 200
    assert _plans(shown) == []
    refused = await _ask(client, place="P-1")
    assert refused.status_code == 403
    assert await _all(system) == []
