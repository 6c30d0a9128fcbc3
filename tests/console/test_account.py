"""An order's money on its page, and what an operator asks for about it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.builders import Clock
from tests.conftest import Database
from tests.console.conftest import post
from tests.payments.paying import account, opened, order, paid, settle_all, ship
from troth.flows.door.system import System


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def test_the_page_shows_what_is_owed_and_every_step(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid("tok_decline"))
    await settle_all(system)
    shown = (await client.get(f"/console/orders/{made.order_id}")).text
    for words in ("Not secured", "Still to come", "Refused", "the bank does not say why", "Try payments again"):
        assert words in shown
    assert "Give money back" not in shown


async def test_the_customer_card_says_only_what_was_ordered_with(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid())
    await settle_all(system)
    shown = (await client.get(f"/console/orders/{made.order_id}")).text
    card = shown[shown.index('id="customer-head"') : shown.index('id="timeline"')]
    assert "Secured" in shown
    assert "Ordered with" in card
    assert "Pending" not in card


async def test_an_order_without_an_account_has_no_panel(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system)
    shown = (await client.get(f"/console/orders/{made.order_id}")).text
    assert "payments-head" not in shown
    assert "None reported." in shown


async def test_money_is_given_back_once_however_often_the_form_is_sent(
    client: httpx.AsyncClient, system: System
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await ship(system, made.order_id)
    await settle_all(system)
    here = f"/orders/{made.order_id}"
    for _ in range(2):
        fields = {"key": "one form", "amount": "5.00", "reason": "a scratch"}
        sent = await post(client, here, f"{here}/payments/give-back", **fields)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/console{here}?done=give_back")
    await settle_all(system)
    found = await account(system, made.order_id)
    assert [(one.amount_minor, one.given_by) for one in found.adjustments] == [(500, "user/maya")]
    shown = (await client.get(f"/console{here}")).text
    assert "a scratch" in shown
    assert "at most $14.90" in shown


@pytest.mark.parametrize(
    ("action", "fields", "words"),
    [
        ("give-back", {"amount": "99.00", "reason": "x"}, "at most the 19.90 that was captured"),
        ("give-back", {"amount": "much", "reason": "x"}, "The amount is not an amount."),
        ("give-back", {"amount": "1.00", "reason": " "}, "Giving money back needs a reason."),
        ("close", {"tender": "9", "reason": "x"}, "tender 9"),
        ("close", {"tender": "1", "reason": ""}, "needs the tender and a reason"),
        ("retry", {"reason": ""}, "Trying again needs a reason."),
    ],
)
async def test_what_cannot_be_is_said_where_it_was_asked_for(
    client: httpx.AsyncClient, system: System, action: str, fields: dict[str, str], words: str
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await ship(system, made.order_id)
    await settle_all(system)
    before = await account(system, made.order_id)
    here = f"/orders/{made.order_id}"
    refused = await post(client, here, f"{here}/payments/{action}", **fields)
    assert refused.status_code == 409
    assert words in refused.text
    assert await account(system, made.order_id) == before


async def test_a_tender_is_closed_and_what_was_refused_tried_again(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid("tok_stolen"))
    await settle_all(system)
    here = f"/orders/{made.order_id}"
    assert (await post(client, here, f"{here}/payments/retry", reason="they called")).status_code == 303
    await settle_all(system)
    assert len((await account(system, made.order_id)).steps) == 2
    assert (await post(client, here, f"{here}/payments/close", tender="1", reason="lost card")).status_code == 303
    assert (await account(system, made.order_id)).tenders[0].is_closed


async def test_an_order_is_paid_in_one_more_way_up_to_what_is_lacking(
    client: httpx.AsyncClient, system: System
) -> None:
    made = await order(system, paid("tok_stolen"))
    await settle_all(system)
    here = f"/orders/{made.order_id}"
    shown = (await client.get(f"/console{here}")).text

    for _ in range(2):
        sent = await post(client, here, f"{here}/payments/pay", key="one", provider="sandbox", token="tok_visa")
        assert (sent.status_code, sent.headers["location"]) == (303, f"/console{here}?done=pay")
    no_token = await post(client, here, f"{here}/payments/pay", provider="sandbox", token="")
    await settle_all(system)

    assert "Pay in one more way" in shown
    assert "$19.90 are lacking." in shown
    assert [(one.reference, one.amount_minor) for one in (await account(system, made.order_id)).tenders] == [
        ("tok_stolen", 1990),
        ("tok_visa", 1990),
    ]
    assert "Paying needs the provider and its token." in no_token.text
    assert "Pay in one more way" not in (await client.get(f"/console{here}")).text
