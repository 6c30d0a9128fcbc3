"""Idempotency keys: the same request has the same answer, and another one is refused."""

import asyncio

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_same_key_and_body_get_the_same_bytes(api: Api) -> None:
    sku = await api.stocked("SAME")
    headers = {"idempotency-key": "same-1"}

    first = await api.post("/v1/orders", order("same-1", {sku: 1}), headers=headers)
    await api.post("/v1/orders/web:same-1/cancel", {"reason": "meanwhile"})
    again = await api.post("/v1/orders", order("same-1", {sku: 1}), headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert first.headers["location"] == again.headers["location"]


async def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    sku = await api.stocked("BODY")
    headers = {"idempotency-key": "body-1"}
    await api.post("/v1/orders", order("body-1", {sku: 1}), headers=headers)

    other = await api.post("/v1/orders", order("body-2", {sku: 1}), headers=headers)

    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert await api.available(sku) == {"DC-PA": 9}


async def test_the_same_key_on_another_path_is_refused(api: Api) -> None:
    sku = await api.stocked("PATH")
    headers = {"idempotency-key": "path-1"}
    await api.post("/v1/orders", order("path-1", {sku: 1}), headers=headers)
    await api.post("/v1/orders/web:path-1/holds", {"type": "fraud"}, headers={"idempotency-key": "path-2"})

    other = await api.post("/v1/orders/web:path-1/release", headers={"idempotency-key": "path-2"})

    assert other.json()["code"] == "idempotency-key-reused"


async def test_the_key_of_another_actor_is_another_key(api: Api) -> None:
    sku = await api.stocked("ACTOR")
    other = {"authorization": f"Bearer {await api.key_for('orders:write')}"}
    await api.post("/v1/orders", order("actor-1", {sku: 1}), headers={"idempotency-key": "actor"})

    answer = await api.post("/v1/orders", order("actor-2", {sku: 1}), headers={"idempotency-key": "actor"} | other)

    assert answer.status_code == 201


async def test_a_refusal_is_not_kept_so_that_the_request_can_be_sent_again(api: Api) -> None:
    sku = await api.stocked("LATER", {"DC-PA": 0})
    headers = {"idempotency-key": "later-1"}
    refused = await api.post("/v1/orders", order("later-1", {sku: 1}), headers=headers)
    await api.stocked(sku, {"DC-PA": 1})

    again = await api.post("/v1/orders", order("later-1", {sku: 1}), headers=headers)

    assert (refused.status_code, again.status_code) == (409, 201)


async def test_a_hold_is_placed_once_under_a_key(api: Api) -> None:
    sku = await api.stocked("HELD")
    await api.capture("held-1", {sku: 1})
    path, headers = "/v1/orders/web:held-1/holds", {"idempotency-key": "held-1"}

    answers = await asyncio.gather(*(api.post(path, {"type": "fraud"}, headers=headers) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len((await api.get("/v1/orders/web:held-1")).json()["holds"]) == 1


async def test_a_quote_is_the_same_under_a_key_though_the_stock_has_changed(api: Api) -> None:
    sku = await api.stocked("QUOTED", {"DC-PA": 1})
    body = {name: value for name, value in order("", {sku: 1}).items() if name != "external_id"}
    headers = {"idempotency-key": "quoted-1"}
    first = await api.post("/v1/quotes", body, headers=headers)
    await api.capture("quoted-1", {sku: 1})

    again = await api.post("/v1/quotes", body, headers=headers)
    other = await api.post("/v1/quotes", body | {"service": "express"}, headers=headers)
    fresh = await api.post("/v1/quotes", body)

    assert first.content == again.content
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert fresh.json()["options"] == []


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "é".encode()])
async def test_a_key_that_cannot_be_one_is_refused(api: Api, key: str | bytes) -> None:
    answer = await api.post(
        "/v1/quotes",
        {"channel": "web", "lines": [{"line_id": "1", "sku": "A", "quantity": 1}]},
        headers={"idempotency-key": key},
    )

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "Idempotency-Key")
