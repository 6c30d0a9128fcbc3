"""One thing: the money of orders over the API: what it shows, what a person can ask for, and what is refused."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.builders import Clock
from tests.conftest import Database
from tests.http.conftest import order as order_body
from tests.payments.paying import SECRET, account, opened, order, paid, read, settle_all, ship, stored
from troth.adapters.payments.sandbox import Sandbox, sign
from troth.flows.door.system import System
from troth.flows.people.access import create_key
from troth.http.app import create_app
from troth.model.status import placed_holds
from troth.settings import Settings


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


@asynccontextmanager
async def calling(
    system: System,
    *scopes: str,
    customers: tuple[str, ...] | None = None,
    nodes: tuple[str, ...] | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    made = await create_key(
        system.pool, name="desk", scopes=list(scopes), actor="test", customers=customers, nodes=nodes
    )
    assert isinstance(made, tuple)
    transport = httpx.ASGITransport(app=create_app(system, Settings()), raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {made[1]}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://troth.test", headers=headers) as one:
        yield one


def money(amount: str, currency: str = "USD") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


async def written(system: System) -> tuple[int, int]:
    """How much was written about money: versions of accounts, and events."""
    versions = await system.pool.fetchval("SELECT coalesce(sum(version), 0) FROM payment_accounts")
    events = await system.pool.fetchval("SELECT count(*) FROM events WHERE kind LIKE 'Payment%'")
    return versions, events


async def test_the_account_says_what_is_owed_and_what_stands(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid(minor=3980), A=2)
    await settle_all(system)
    await ship(system, made.order_id)
    await settle_all(system)
    shown = (await client.get(f"/v1/orders/{made.order_id}/payments")).json()
    figures = ("earned", "to_come", "authorized", "captured", "refunded", "lacking")
    assert [shown[name]["amount"] for name in figures] == ["39.80", "0.00", "0.00", "39.80", "0.00", "0.00"]
    assert (shown["is_secured"], shown["is_stuck"]) == (True, False)
    assert [(step["kind"], step["state"], step["done"]["amount"]) for step in shown["steps"]] == [
        ("authorize", "authorized", "39.80"), ("capture", "captured", "39.80"),
    ]  # fmt: skip


async def test_an_order_without_payments_shows_an_empty_account(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system)
    shown = (await client.get(f"/v1/orders/{made.order_id}/payments")).json()
    assert (shown["to_come"]["amount"], shown["steps"], shown["tenders"]) == ("19.90", [], [])


async def test_an_amount_is_given_back_once_under_its_key(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await ship(system, made.order_id)
    await settle_all(system)
    body = {"amount": money("5.00"), "reason": "a scratch"}
    answers = [
        await client.post(f"/v1/orders/{made.order_id}/payments/refund", json=body, headers={"idempotency-key": "r1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    await settle_all(system)
    found = await account(system, made.order_id)
    assert [(step.kind, step.done_minor) for step in found.steps[1:]] == [("capture", 1990), ("refund", 500)]
    more = await client.post(
        f"/v1/orders/{made.order_id}/payments/refund", json={"amount": money("14.91"), "reason": "more"}
    )
    assert more.status_code == 422
    assert more.json()["errors"] == [
        {"pointer": "/amount/amount", "detail": "must be above 0, and at most the 14.90 that was captured"}
    ]


async def test_who_has_seen_an_older_account_changes_nothing(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid(minor=3980), A=2)
    path, reason = f"/v1/orders/{made.order_id}/payments", {"reason": "they pay otherwise"}
    untouched = await client.get(path)
    before_any = await client.post(f"{path}/retry", json=reason, headers={"if-match": '"1"'})
    await settle_all(system)
    seen = (await client.get(path)).headers["etag"]
    done = await client.post(f"{path}/void", json={"tender": 1} | reason, headers={"if-match": seen})
    now = await written(system)
    late = [
        await client.post(f"{path}{tail}", json=body, headers={"if-match": seen})
        for tail, body in (
            ("", {"provider": "sandbox", "reference": "tok_visa", "amount": money("5.00")}),
            ("/retry", reason),
            ("/void", {"tender": 1} | reason),
            ("/refund", {"amount": money("1.00")} | reason),
        )
    ]

    assert "etag" not in untouched.headers
    assert before_any.status_code == 412
    assert done.status_code == 200
    assert done.headers["etag"] not in ("", seen)
    assert [(one.status_code, one.json()["type"]) for one in late] == [(412, "/problems/version-conflict")] * 4
    assert await written(system) == now


async def test_what_is_given_back_before_the_rest_ships_goes_out_at_once_and_is_owed_no_more(
    client: httpx.AsyncClient, system: System
) -> None:
    made = await order(system, paid("bank-9", 3980, status="captured"), A=2)
    await settle_all(system)
    body = {"amount": money("10.00"), "reason": "late"}
    assert (await client.post(f"/v1/orders/{made.order_id}/payments/refund", json=body)).status_code == 200
    await settle_all(system)
    await ship(system, made.order_id)
    await settle_all(system)
    found = await account(system, made.order_id)
    assert [(step.kind, step.done_minor) for step in found.steps] == [
        ("adopt", 3980), ("capture", 3980), ("refund", 1000),
    ]  # fmt: skip


async def test_after_a_stolen_card_another_tender_pays_and_the_order_goes_on(
    client: httpx.AsyncClient, system: System
) -> None:
    made = await order(system, paid("tok_stolen"))
    await settle_all(system)
    path = f"/v1/orders/{made.order_id}/payments"
    closed = await client.post(f"{path}/void", json={"tender": 1, "reason": "stolen"})
    assert closed.json()["tenders"][0]["is_closed"] is True
    added = await client.post(path, json={"provider": "sandbox", "reference": "tok_other", "amount": money("19.90")})
    assert added.status_code == 200
    await settle_all(system)
    found = await stored(system, made.order_id)
    assert (found.is_secured, found.is_stuck) == (True, False)
    assert placed_holds(await read(system, made.order_id)) == ()


async def test_a_tender_that_is_closed_is_released_and_the_order_lacks_it(
    client: httpx.AsyncClient, system: System
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    body = {"tender": 1, "reason": "wrong card"}
    assert (await client.post(f"/v1/orders/{made.order_id}/payments/void", json=body)).status_code == 200
    await settle_all(system)
    found = await stored(system, made.order_id)
    assert [(step.kind, step.state) for step in found.account.steps] == [
        ("authorize", "authorized"),
        ("void", "voided"),
    ]
    assert (found.is_secured, found.lacking_minor) == (False, 1990)


async def test_a_retry_begins_anew(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid("tok_stolen"))
    await settle_all(system)
    assert (await stored(system, made.order_id)).is_stuck
    body = {"reason": "the bank was wrong"}
    assert (await client.post(f"/v1/orders/{made.order_id}/payments/retry", json=body)).status_code == 200
    await settle_all(system)
    assert len((await account(system, made.order_id)).steps) == 2


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("", {"provider": "sandbox", "reference": "4242 4242 4242 4242", "amount": money("1.00")}, "/reference"),
        ("", {"provider": "5555-5555-5555-4444", "reference": "x", "amount": money("1.00")}, "/provider"),
        ("", {"provider": "exchange", "reference": "x", "amount": money("1.00")}, "/provider"),
        ("", {"provider": "sandbox", "reference": "x", "amount": money("0.00")}, "/amount/amount"),
        ("", {"provider": "sandbox", "reference": "x", "amount": money("1.00"), "status": "paid"}, "/status"),
        ("/refund", {"amount": money("1.00", "EUR"), "reason": "x"}, "/amount/currency"),
        ("/refund", {"amount": money("-1.00"), "reason": "x"}, "/amount/amount"),
        ("/refund", {"amount": money("1.00"), "reason": ""}, "/reason"),
        ("/retry", {"reason": "card 4111111111111111"}, "/reason"),
        ("/void", {"tender": 0, "reason": "x"}, "/tender"),
    ],
)
async def test_what_cannot_be_is_refused_by_field_and_nothing_is_written(
    client: httpx.AsyncClient, system: System, path: str, body: dict[str, Any], pointer: str
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    before = await written(system)
    answer = await client.post(f"/v1/orders/{made.order_id}/payments{path}", json=body)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert "4242" not in answer.text
    assert "4111" not in answer.text
    assert await written(system) == before


async def test_a_tender_that_is_not_there_and_an_order_of_somebody_else_are_not_found(
    client: httpx.AsyncClient, system: System
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    body = {"tender": 7, "reason": "x"}
    assert (await client.post(f"/v1/orders/{made.order_id}/payments/void", json=body)).status_code == 404
    before = await written(system)
    async with calling(system, "orders:write", customers=("C-other",)) as stranger:
        for path, asked in (("/retry", {"reason": "x"}), ("/void", {"tender": 1, "reason": "x"})):
            answer = await stranger.post(f"/v1/orders/{made.order_id}/payments{path}", json=asked)
            assert answer.status_code == 404
        assert (await stranger.get(f"/v1/orders/{made.order_id}/payments")).status_code == 404
    async with calling(system, "orders:read") as reader:
        answer = await reader.post(f"/v1/orders/{made.order_id}/payments/retry", json={"reason": "x"})
        assert answer.status_code == 403
    assert await written(system) == before


@pytest.mark.parametrize("bound", [{"customers": ("C-1",)}, {"nodes": ("DC-PA",)}])
async def test_whoever_is_bound_to_customers_or_nodes_pays_and_gives_nothing_back(
    system: System, bound: dict[str, tuple[str, ...]]
) -> None:
    made = await order(system, paid("tok_visa"))
    await settle_all(system)
    await ship(system, made.order_id)
    await settle_all(system)
    path, before = f"/v1/orders/{made.order_id}/payments", await account(system, made.order_id)
    amount = {"amount": "5.00", "currency": "USD"}
    async with calling(system, "orders:write", **bound) as themselves:
        refund = await themselves.post(f"{path}/refund", json={"amount": amount, "reason": "please"})
        void = await themselves.post(f"{path}/void", json={"tender": 1, "reason": "please"})
        retry = await themselves.post(f"{path}/retry", json={"reason": "please"})
        books = await themselves.get("/v1/payments/reconciliation")
        more = {"provider": "cash", "reference": "R-1", "amount": amount, "status": "captured"}
        paid_already = await themselves.post(path, json=more)
        seen = await themselves.get(path)

    assert [one.status_code for one in (refund, void, retry, books)] == [403] * 4
    assert refund.json()["is_bound"] is True
    assert paid_already.json()["errors"][0]["pointer"] == "/status"
    assert seen.status_code == 200
    assert await account(system, made.order_id) == before


@pytest.mark.parametrize("name", ["provider", "reference", "status"])
async def test_no_field_of_a_payment_lets_a_card_number_in(
    client: httpx.AsyncClient, system: System, name: str
) -> None:
    payment = {"provider": "sandbox", "reference": "tok", "amount": money("19.90"), "status": "pending"}
    body = order_body("W-card", {"A": 1}, payments=[payment | {name: "tok 4242-4242-4242-4242"}])
    answer = await client.post("/v1/orders", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/payments/0/{name}"]
    assert "4242" not in answer.text
    assert await system.pool.fetchval("SELECT count(*) FROM orders") == 0


async def test_nobody_but_a_return_pays_with_its_credit(client: httpx.AsyncClient, system: System) -> None:
    payment = {"provider": "exchange", "reference": "R-1", "amount": money("19.90"), "status": "authorized"}
    answer = await client.post("/v1/orders", json=order_body("W-exchange", {"A": 1}, payments=[payment]))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/payments/0/provider"]
    assert await system.pool.fetchval("SELECT count(*) FROM orders") == 0


def notice(number: str, **about: str) -> bytes:
    return json.dumps({"id": number, "kind": "payment.updated", **about}).encode()


async def send(client: httpx.AsyncClient, body: bytes, signature: str | None = None) -> httpx.Response:
    headers = {"content-type": "application/json", "sandbox-signature": signature or sign(body, SECRET)}
    return await client.post("/v1/payment-notices/sandbox", content=body, headers=headers)


async def test_a_late_answer_is_known_by_a_notice_whenever_and_however_often_it_comes(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    made = await order(system, paid("tok_late"))
    await settle_all(system)
    body = notice("n-1", key=f"{made.order_id}-P1-S1")
    assert (await send(client, body)).status_code == 204
    assert [step.state for step in (await account(system, made.order_id)).steps] == ["unknown"]
    clock.advance(seconds=5)
    for number in ("n-2", "n-2", "n-3"):
        answer = await send(client, notice(number, key=f"{made.order_id}-P1-S1"))
        assert answer.status_code == 204
    assert [step.state for step in (await account(system, made.order_id)).steps] == ["authorized"]
    kinds = await system.pool.fetch("SELECT kind FROM events WHERE kind LIKE 'Payment%' ORDER BY xid, seq")
    assert [row["kind"] for row in kinds] == ["PaymentUnknown", "PaymentAuthorized"]
    assert await system.pool.fetchval("SELECT count(*) FROM payment_notices") == 3


async def test_a_notice_of_what_the_gateway_released_ends_the_authorization(
    client: httpx.AsyncClient, system: System
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    reference = f"sb-{made.order_id}-P1-S1"
    await system.pool.execute("UPDATE sandbox_payments SET is_voided = true WHERE reference = $1", reference)
    assert (await send(client, notice("n-9", reference=reference))).status_code == 204
    await settle_all(system)
    states = [(step.kind, step.state) for step in (await account(system, made.order_id)).steps]
    assert states == [("authorize", "expired"), ("authorize", "authorized")]


async def test_a_notice_at_which_looking_failed_is_looked_at_when_it_is_sent_again(
    client: httpx.AsyncClient, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    reference = f"sb-{made.order_id}-P1-S1"
    await system.pool.execute("UPDATE sandbox_payments SET is_voided = true WHERE reference = $1", reference)

    async def silent(_gateway: Sandbox, _reference: str) -> None:
        raise TimeoutError

    with monkeypatch.context() as away:
        away.setattr(Sandbox, "read_payment", silent)
        failed = await send(client, notice("n-10", reference=reference))
    states = [step.state for step in (await account(system, made.order_id)).steps]
    again = await send(client, notice("n-10", reference=reference))
    await settle_all(system)

    assert failed.status_code >= 500
    assert states == ["authorized"]
    assert again.status_code == 204
    assert [step.state for step in (await account(system, made.order_id)).steps] == ["expired", "authorized"]


async def test_a_notice_without_the_gateways_signature_does_nothing(client: httpx.AsyncClient, system: System) -> None:
    made = await order(system, paid("tok_late"))
    await settle_all(system)
    before = await written(system)
    body = notice("n-1", key=f"{made.order_id}-P1-S1")
    assert (await send(client, body, sign(body, "another"))).status_code == 422
    assert (await client.post("/v1/payment-notices/acme", json={})).status_code == 404
    assert await written(system) == before
    assert await system.pool.fetchval("SELECT count(*) FROM payment_notices") == 0


async def test_a_notice_about_nothing_that_is_known_is_taken(client: httpx.AsyncClient) -> None:
    assert (await send(client, notice("n-1", key="O-NONE-P1-S1"))).status_code == 204
    assert (await send(client, notice("n-2", reference="sb-none"))).status_code == 204
