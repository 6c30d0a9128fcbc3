"""Payments that the customer confirms, and payments that are captured in parts where the gateway lets them be."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.builders import Clock
from tests.conftest import Database
from tests.http.test_payments import calling
from tests.payments.local_stripe import serve
from tests.payments.paying import events, opened, order, paid, read, settle_all, ship, steps, stored
from tests.payments.test_stripe import asking
from troth.adapters.payments.stripe import Stripe
from troth.adapters.payments.stripe_answer import disputes_of, payment_of
from troth.engine.money.account import record, request
from troth.engine.money.standing import standings
from troth.flows.door.system import System
from troth.model.ids import OrderId
from troth.model.payment import (
    Account,
    ActionNeeded,
    Approved,
    Ask,
    DisputeState,
    Step,
    StepKind,
    Tender,
    TenderKind,
)
from troth.model.status import placed_holds

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def test_an_order_waits_until_the_customer_has_confirmed_its_payment(system: System, clock: Clock) -> None:
    made = await order(system, paid("tok_action"))
    await settle_all(system)
    async with calling(system, "orders:read") as client:
        waiting = (await client.get(f"/v1/orders/{made.order_id}/payments")).json()
    held = [hold.type for hold in placed_holds(await read(system, made.order_id))]
    clock.advance(seconds=31)
    await settle_all(system)
    async with calling(system, "orders:read") as client:
        confirmed = (await client.get(f"/v1/orders/{made.order_id}/payments")).json()

    url = f"https://sandbox.invalid/confirm/{made.order_id}-P1-S1"
    assert [(one["state"], one["action_url"]) for one in waiting["payments"]] == [("unknown", url)]
    assert (waiting["is_secured"], waiting["is_stuck"], held) == (False, False, ["payment"])
    assert [(one["state"], one["action_url"]) for one in confirmed["payments"]] == [("authorized", None)]
    assert await events(system, made.order_id) == ["PaymentActionNeeded", "PaymentAuthorized"]
    assert placed_holds(await read(system, made.order_id)) == ()
    await ship(system, made.order_id)
    await settle_all(system)
    assert await steps(system, made.order_id) == [("authorize", "authorized", 1990), ("capture", "captured", 1990)]


async def test_a_payment_that_the_customer_does_not_confirm_is_refused(system: System, clock: Clock) -> None:
    made = await order(system, paid("tok_action_no"))
    await settle_all(system)
    clock.advance(seconds=31)
    await settle_all(system)

    assert await events(system, made.order_id) == ["PaymentActionNeeded", "PaymentFailed"]
    assert [hold.type for hold in placed_holds(await read(system, made.order_id))] == ["payment"]
    assert not (await stored(system, made.order_id)).is_secured


class PlayedStripe:
    """A Stripe that answers with one payment intent, and keeps what it was asked."""

    def __init__(self, **intent: Any) -> None:
        self.intent = {
            "id": "pi_1", "object": "payment_intent", "amount": 5000, "currency": "usd", "created": 1_700_000_000,
            "status": "requires_capture", "metadata": {}, "latest_charge": None,
        } | intent  # fmt: skip
        self.asked: list[dict[str, str]] = []

    async def answer(self, asked: Request) -> Response:
        if asked.method == "POST":
            self.asked.append(dict(parse_qsl((await asked.body()).decode())))
        if "payment_methods" in asked.url.path:
            return JSONResponse({"id": "pm_1", "object": "payment_method"})
        return Response(json.dumps(self.intent), media_type="application/json")


@asynccontextmanager
async def played(stripe: PlayedStripe, **how: Any) -> AsyncIterator[Stripe]:
    app = Starlette(routes=[Route("/{path:path}", stripe.answer, methods=["GET", "POST"])])
    async with serve(app) as url:
        gateway = Stripe("sk_test_1", url=url, **how)
        try:
            yield gateway
        finally:
            await gateway.close()


async def test_stripe_asks_the_customer_once_and_charges_later_without_them() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}}
    stripe = PlayedStripe(status="requires_action", next_action=action)
    first = asking(StepKind.AUTHORIZE, 1, 5000)

    async with played(stripe, return_url="https://shop.example/back") as gateway:
        there = await gateway.ask(_present(first))
        later = await gateway.ask(first)
    async with played(stripe) as gateway:
        await gateway.ask(_present(first))

    assert there == later == ActionNeeded("pi_1", "https://bank.example/3ds")
    assert [(one.get("return_url"), one.get("off_session")) for one in stripe.asked] == [
        ("https://shop.example/back", None),
        (None, "true"),
        (None, "true"),
    ]


def _present(ask: Ask) -> Ask:
    return replace(ask, is_present=True)


async def test_stripe_captures_in_parts_where_the_card_allows_it() -> None:
    card = {"card": {"multicapture": {"status": "available"}}}
    stripe = PlayedStripe(latest_charge={"id": "ch_1", "payment_method_details": card})

    async with played(stripe, asks_multicapture=True) as gateway:
        made = await gateway.ask(asking(StepKind.AUTHORIZE, 1, 5000))
        stripe.intent["amount_received"] = 2000
        part = await gateway.ask(asking(StepKind.CAPTURE, 2, 2000, "pi_1"))
        stands = payment_of(stripe.intent, ())
    async with played(stripe) as gateway:
        await gateway.ask(asking(StepKind.CAPTURE, 3, 2000, "pi_1"))

    assert isinstance(made, Approved)
    assert made.captures_once is False
    assert part == Approved(2000, "pi_1")
    assert (stands.captured_minor, stands.is_open) == (2000, True)
    assert stripe.asked[0]["payment_method_options[card][request_multicapture]"] == "if_available"
    assert [one.get("final_capture") for one in stripe.asked[1:]] == ["false", None]


@pytest.mark.parametrize(("captures_once", "left"), [(False, 3000), (True, 0), (None, 0)])
def test_what_a_capture_leaves_follows_from_what_the_gateway_said(captures_once: bool | None, left: int) -> None:
    tender = Tender(1, "stripe", "stripe", TenderKind.CARD, "pm_1", 5000, "pending", captures_once=True)
    account = request(Account(OrderId("O-1"), "USD", 0, (tender,)), [Step(1, 1, 1, StepKind.AUTHORIZE, 5000, AT)])
    account, _ = record(account, 1, Approved(5000, "pi_1", captures_once=captures_once), AT)
    account = request(account, [Step(2, 1, 1, StepKind.CAPTURE, 2000, AT)])
    account, _ = record(account, 2, Approved(2000, "pi_1"), AT)

    assert standings(account)[0].open == left


def test_stripes_words_for_disputes_are_ours() -> None:
    told = {"id": "dp_1", "amount": 500, "reason": "fraudulent", "created": 1_700_000_000}
    due = {"evidence_details": {"due_by": 1_700_600_000}}

    found = disputes_of(
        [
            told | due | {"status": status}
            for status in ("needs_response", "under_review", "won", "lost", "warning_closed")
        ]
    )

    assert [(one.state, one.evidence_due_at is not None) for one in found] == [
        (DisputeState.OPEN, True),
        (DisputeState.OPEN, True),
        (DisputeState.WON, False),
        (DisputeState.LOST, False),
        (DisputeState.WON, False),
    ]
