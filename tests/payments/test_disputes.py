"""Disputes: what a customer's bank demands back is in the account, calls a person, and goes back only once."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from tests.builders import Clock, accepted
from tests.conftest import Database
from tests.http.test_payments import calling, money
from tests.payments.paying import SECRET, books, events, opened, order, paid, read, settle_all, ship, steps
from troth.adapters.payments.sandbox import sign
from troth.engine.money.dues import dues_of
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.money.disputes import ask_for_disputes
from troth.flows.money.reconcile import reconcile
from troth.model.commands import CancelOrder, LineQuantity
from troth.model.ids import LineId
from troth.model.order import Order


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


@pytest.fixture
async def client(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(system, "admin") as one:
        yield one


async def disputed(system: System, client: httpx.AsyncClient, token: str) -> Order:
    """An order of which one of two units has left and is paid, and disputed."""
    made = await order(system, paid(token, 1990), external_id="W-A", A=1)
    await settle_all(system)
    await ship(system, made.order_id)
    await settle_all(system)
    await tell(client, made, "n-1")
    return made


async def tell(client: httpx.AsyncClient, made: Order, number: str) -> None:
    """What the gateway says unasked of the dispute."""
    reference = f"sb-{made.order_id}-P1-S1"
    body = json.dumps({"id": number, "kind": "dispute.changed", "reference": reference}).encode()
    headers = {"content-type": "application/json", "sandbox-signature": sign(body, SECRET)}
    answer = await client.post("/v1/payment-notices/sandbox", content=body, headers=headers)
    assert answer.status_code == 204


async def shown(client: httpx.AsyncClient, made: Order) -> tuple[list[tuple[str, str, bool]], list[tuple[str, str]]]:
    """The disputes of the account, each with whether evidence is taken, and what calls a person."""
    account = (await client.get(f"/v1/orders/{made.order_id}/payments")).json()
    open_now = (await client.get(f"/v1/exceptions?order={made.order_id}")).json()["items"]
    return (
        [(one["amount"]["amount"], one["state"], one["evidence_due_at"] is not None) for one in account["disputes"]],
        [(one["kind"], one["due_at"]) for one in open_now],
    )


async def test_a_dispute_is_shown_calls_a_person_and_lets_nothing_else_go_back(
    system: System, client: httpx.AsyncClient
) -> None:
    made = await disputed(system, client, "tok_dispute")
    await tell(client, made, "n-1")
    await tell(client, made, "n-2")
    found, called = await shown(client, made)
    body = {"amount": money("5.00"), "reason": "a scratch"}
    refused = await client.post(f"/v1/orders/{made.order_id}/payments/refund", json=body)

    assert found == [("19.90", "open", True)]
    assert [kind for kind, _ in called] == ["dispute"]
    assert called[0][1].startswith("2026-11-30")
    assert (refused.status_code, refused.json()["state"]) == (409, "disputed")
    assert await events(system, made.order_id) == ["PaymentAuthorized", "PaymentCaptured", "PaymentDisputed"]


async def test_what_a_lost_dispute_took_is_owed_no_more_and_given_back_by_nobody(
    system: System, client: httpx.AsyncClient, clock: Clock
) -> None:
    made = await disputed(system, client, "tok_dispute_lost")
    clock.advance(days=11)
    await tell(client, made, "n-2")
    await settle_all(system)
    await tell(client, made, "n-3")

    found, called = await shown(client, made)
    assert (found, called) == ([("19.90", "lost", False)], [])
    assert await steps(system, made.order_id) == [
        ("authorize", "authorized", 1990), ("capture", "captured", 1990), ("refund", "refunded", 1990),
    ]  # fmt: skip
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 0)}
    (compared,) = await reconcile(system, since=clock() - timedelta(days=30), is_repairing=False)
    assert compared.differences == ()
    report = await examine(system.pool, orders_max=None)
    assert [one.rows for one in report.findings if one.check == "payments"] == [()]
    assert dues_of(await read(system, made.order_id)).earned == 1990
    again = await client.post(
        f"/v1/orders/{made.order_id}/payments/refund", json={"amount": money("0.01"), "reason": "please"}
    )
    assert again.status_code == 422


async def test_what_was_canceled_is_given_back_once_the_dispute_is_won(
    system: System, client: httpx.AsyncClient, clock: Clock
) -> None:
    made = await order(system, paid("tok_dispute_won", 3980, status="captured"), A=2)
    await settle_all(system)
    reference = "tok_dispute_won"
    for number, days in (("n-1", 0), ("n-2", 11)):
        clock.advance(days=days)
        body = json.dumps({"id": number, "kind": "dispute.changed", "reference": reference}).encode()
        headers = {"content-type": "application/json", "sandbox-signature": sign(body, SECRET)}
        await client.post("/v1/payment-notices/sandbox", content=body, headers=headers)
        if not days:
            canceled = CancelOrder(made.order_id, "one is enough", (LineQuantity(LineId("1"), 1),))
            accepted(await system.door.one(canceled, actor="test"))
        await settle_all(system)
        if not days:
            assert [kind for kind, _, _ in await steps(system, made.order_id)] == ["adopt", "capture"]

    assert (await shown(client, made))[0] == [("39.80", "won", False)]
    assert [kind for kind, _, _ in await steps(system, made.order_id)] == ["adopt", "capture", "refund"]


async def test_a_dispute_of_which_no_notice_came_is_found_when_gateways_are_asked(
    system: System, client: httpx.AsyncClient, clock: Clock
) -> None:
    made = await order(system, paid("tok_dispute_lost", 1990), external_id="W-A", A=1)
    undisputed = await order(system, paid("tok_visa", 1990), external_id="W-B", A=1)
    for one in (made, undisputed):
        await settle_all(system)
        await ship(system, one.order_id)
    await settle_all(system)

    first, again = await ask_for_disputes(system), await ask_for_disputes(system)
    told = await shown(client, made)
    clock.advance(days=11)  # beyond what gateways are asked for anew
    decided, later = await ask_for_disputes(system), await ask_for_disputes(system)

    assert (first, again, decided, later) == (1, 0, 1, 0)
    assert (told[0], [kind for kind, _ in told[1]]) == ([("19.90", "open", True)], ["dispute"])
    assert await shown(client, made) == ([("19.90", "lost", False)], [])
    assert (await shown(client, undisputed))[0] == []
