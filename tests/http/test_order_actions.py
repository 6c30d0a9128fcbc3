"""What may be done with an order: cancel, hold, release; and what is refused then."""

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_canceled_order_gives_its_stock_back(api: Api) -> None:
    sku = await api.stocked("CANCEL")
    name = (await api.capture("cancel-1", {sku: 4}))["order_id"]

    answer = await api.post(f"/v1/orders/{name}/cancel", {"reason": "changed my mind"})

    body = answer.json()
    assert (answer.status_code, body["status"], body["version"], answer.headers["etag"]) == (200, "canceled", 2, '"2"')
    assert body["promise"]["message"] == "Canceled."
    assert body["possible"] == {
        "actions": [], "cancelable": [], "changes": [], "customer": {"cancelable": [], "changes": []},
        "by_recall": {},
    }  # fmt: skip
    assert [(point["milestone"], point["is_expected"]) for point in body["timeline"]] == [
        ("captured", False),
        ("canceled", False),
    ]
    assert await api.available(sku) == {"DC-PA": 10}


async def test_units_of_a_line_can_be_canceled(api: Api) -> None:
    sku = await api.stocked("UNITS")
    name = (await api.capture("units-1", {sku: 4}))["order_id"]

    body = (
        await api.post(f"/v1/orders/{name}/cancel", {"reason": "too many", "lines": [{"line_id": "1", "quantity": 3}]})
    ).json()

    (line,) = body["lines"]
    assert (body["status"], line["quantity"], line["canceled_quantity"], line["promised_quantity"]) == (
        "promised",
        4,
        3,
        1,
    )
    assert body["total"] == {"amount": "19.90", "currency": "USD"}
    assert await api.available(sku) == {"DC-PA": 9}


async def test_more_than_there_is_cannot_be_canceled(api: Api) -> None:
    sku = await api.stocked("MORE")
    name = (await api.capture("more-1", {sku: 1}))["order_id"]

    answer = await api.post(f"/v1/orders/{name}/cancel", {"reason": "all", "lines": [{"line_id": "1", "quantity": 2}]})

    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"pointer": "/lines/0", "detail": "line 1 has 1 unit to cancel"}],
    )


async def test_an_empty_list_of_lines_cancels_nothing_instead_of_everything(api: Api) -> None:
    sku = await api.stocked("EMPTYLIST")
    order = await api.capture("empty-1", {sku: 2})
    (work,) = order["fulfillments"]
    name, fulfillment = order["order_id"], f"/v1/fulfillments/{work['fulfillment_id']}"

    refused = [
        await api.post(path, {"reason": "none of it", "lines": []})
        for path in (f"/v1/orders/{name}/cancel", f"{fulfillment}/reject", f"{fulfillment}/recall")
    ]
    refused += [await api.post(f"{fulfillment}/{verb}", {"lines": []}) for verb in ("pick", "accept-recall")]

    for answer in refused:
        assert (answer.status_code, [flaw["pointer"] for flaw in answer.json()["errors"]]) == (422, ["/lines"])
    assert (await api.get(f"/v1/orders/{name}")).json()["version"] == 1
    assert await api.available(sku) == {"DC-PA": 8}


async def test_a_line_is_named_once_when_units_are_canceled(api: Api) -> None:
    sku = await api.stocked("ONCE")
    name = (await api.capture("once-1", {sku: 2}))["order_id"]
    line = {"line_id": "1", "quantity": 1}

    answer = await api.post(f"/v1/orders/{name}/cancel", {"reason": "two", "lines": [line, line]})

    assert answer.json()["errors"] == [{"pointer": "/lines/1/line_id", "detail": "1 is named more than once"}]


async def test_a_canceled_order_cannot_be_canceled_again(api: Api) -> None:
    sku = await api.stocked("TWICE")
    name = (await api.capture("twice-1", {sku: 1}))["order_id"]
    await api.post(f"/v1/orders/{name}/cancel", {"reason": "once"})

    answer = await api.post(f"/v1/orders/{name}/cancel", {"reason": "twice"})

    assert (answer.status_code, answer.json()["code"]) == (409, "not-possible-now")
    assert answer.json()["detail"].endswith("cannot cancel what is canceled.")


async def test_a_hold_keeps_an_order_until_it_is_lifted(api: Api) -> None:
    sku = await api.stocked("HOLD")
    path = f"/v1/orders/{(await api.capture('hold-1', {sku: 1}))['order_id']}"

    held = (await api.post(f"{path}/holds", {"type": "fraud", "reason": "address differs"})).json()
    refused = await api.post(f"{path}/release")
    lifted = await api.delete(f"{path}/holds/{held['holds'][0]['hold_id']}")
    released = await api.post(f"{path}/release")

    assert held["status"] == "on_hold"
    assert [(hold["hold_id"], hold["type"], hold["state"]) for hold in held["holds"]] == [("H1", "fraud", "placed")]
    assert (refused.status_code, refused.json()["code"], refused.json()["holds"]) == (409, "order-on-hold", ["H1"])
    assert (lifted.status_code, lifted.json()["status"]) == (200, "promised")
    assert lifted.json()["holds"][0]["state"] == "lifted"
    assert (released.status_code, released.json()["status"]) == (200, "released")
    assert released.json()["possible"]["actions"] == ["cancel", "change"]


async def test_a_hold_ends_in_the_future_and_has_a_type(api: Api) -> None:
    sku = await api.stocked("PAST")
    path = f"/v1/orders/{(await api.capture('past-1', {sku: 1}))['order_id']}/holds"

    past = await api.post(path, {"type": "fraud", "expires_at": "2026-11-01T00:00:00Z"})
    untyped = await api.post(path, {"reason": "no type"})

    assert past.json()["errors"] == [{"pointer": "/expires_at", "detail": "a hold must end in the future"}]
    assert untyped.json()["errors"] == [{"pointer": "/type", "detail": "is required"}]


async def test_what_is_released_cannot_be_held_or_released_again(api: Api) -> None:
    sku = await api.stocked("LATE")
    path = f"/v1/orders/{(await api.capture('late-1', {sku: 1}))['order_id']}"
    await api.post(f"{path}/release")

    held = await api.post(f"{path}/holds", {"type": "fraud"})
    released = await api.post(f"{path}/release")

    assert (held.status_code, released.status_code) == (409, 409)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "cancel", {"reason": "none"}),
        ("POST", "holds", {"type": "fraud"}),
        ("DELETE", "holds/H1", None),
        ("POST", "release", None),
        ("GET", "events", None),
        ("GET", "explanation", None),
    ],
)
async def test_of_an_order_that_is_not_there_nothing_can_be_asked(
    api: Api, method: str, path: str, body: object
) -> None:
    answer = await api.client.request(method, f"/v1/orders/O-NONE/{path}", json=body)

    assert (answer.status_code, answer.json()["what"]) == (404, "order")


async def test_a_hold_that_is_not_there_cannot_be_lifted(api: Api) -> None:
    sku = await api.stocked("NOHOLD")
    name = (await api.capture("nohold-1", {sku: 1}))["order_id"]

    answer = await api.delete(f"/v1/orders/{name}/holds/H9")

    assert (answer.status_code, answer.json()["what"], answer.json()["id"]) == (404, "hold", "H9")


async def test_an_order_that_changed_since_it_was_read_is_left_as_it_is(api: Api) -> None:
    sku = await api.stocked("SEEN", {"DC-PA": 5})
    seen = await api.post("/v1/orders", order("seen-1", {sku: 1}))
    path = f"/v1/orders/{seen.json()['order_id']}"
    held = await api.post(
        f"{path}/holds", {"type": "fraud", "reason": "odd"}, headers={"If-Match": seen.headers["etag"]}
    )
    lost = await api.post(f"{path}/cancel", {"reason": "mind"}, headers={"If-Match": seen.headers["etag"]})
    won = await api.post(f"{path}/cancel", {"reason": "mind"}, headers={"If-Match": held.headers["etag"]})

    assert (held.status_code, lost.status_code, won.status_code) == (200, 412, 200)
    assert await api.available(sku) == {"DC-PA": 5}


async def test_what_was_canceled_is_not_packed(api: Api) -> None:
    sku = await api.stocked("CANCELED-PACK")
    made = await api.capture("canceled-pack", {sku: 1})
    await api.post(f"/v1/orders/{made['order_id']}/release")
    name = made["fulfillments"][0]["fulfillment_id"]
    await api.post(f"/v1/orders/{made['order_id']}/cancel", {"reason": "not wanted"})

    bare = await api.post(f"/v1/fulfillments/{name}/pack", {})
    named = await api.post(
        f"/v1/fulfillments/{name}/pack", {"packages": [{"package_id": "1", "lines": [{"line_id": "1", "quantity": 1}]}]}
    )

    assert [(one.status_code, one.json()["type"]) for one in (bare, named)] == [(409, "/problems/work-withdrawn")] * 2
