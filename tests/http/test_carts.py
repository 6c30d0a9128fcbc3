"""Holds of carts over HTTP: quoted with a hold, kept longer, given up, ordered."""

from typing import Any

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def quoted(api: Api, lines: dict[str, int], **more: Any) -> dict[str, Any]:
    body = {name: value for name, value in order("cart", lines).items() if name != "external_id"}
    answer = await api.post("/v1/quotes", body | {"hold_seconds": 300} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_held_quote_becomes_the_order_that_it_promised(api: Api) -> None:
    sku = await api.stocked("CART-1", {"DC-PA": 3})
    answer = await quoted(api, {sku: 3})
    hold = answer["hold"]
    assert (hold["state"], hold["units"]) == (
        "held",
        [{"sku": sku, "node": "DC-PA", "quantity": 3, "is_on_hand": True}],
    )
    assert (await api.post("/v1/orders", order("CART-THIEF", {sku: 1}))).status_code == 409

    captured = await api.capture("CART-W-1", {sku: 3}, hold_id=hold["hold_id"])

    first = answer["options"][0]
    assert captured["promise"]["message"] == first["message"]
    assert (await api.get(f"/v1/cart-holds/{hold['hold_id']}")).json()["state"] == "used"
    assert (await api.available(sku)) == {"DC-PA": 0}


async def test_the_waterfall_leads_to_the_carts_that_keep_units(api: Api) -> None:
    sku = await api.stocked("CART-WF", {"DC-PA": 5})
    kept = [(await quoted(api, {sku: units}))["hold"]["hold_id"] for units in (2, 1)]
    await api.client.delete(f"/v1/cart-holds/{kept[1]}")

    waterfall = (await api.get("/v1/inventory/waterfall", params={"sku": sku})).json()
    (step,) = [one for one in waterfall["steps"] if one["kind"] == "reserved"]
    (at_node,) = [one for one in waterfall["nodes"][0]["steps"] if one["kind"] == "reserved"]
    listed = (await api.get(at_node["carts"])).json()["items"]

    assert (step["units"], step["carts"]) == (2, f"/v1/cart-holds?sku={sku}")
    assert [(one["hold_id"], one["units"][0]["quantity"]) for one in listed] == [(kept[0], 2)]
    assert (await api.get("/v1/cart-holds", params={"sku": sku, "node": "DC-IL"})).json()["items"] == []
    api.clock.advance(minutes=6)
    assert (await api.get(step["carts"])).json()["items"] == []


async def test_the_same_order_sent_again_without_its_hold_is_the_same(api: Api) -> None:
    sku = await api.stocked("CART-2", {"DC-PA": 3})
    hold = (await quoted(api, {sku: 1}))["hold"]
    first = await api.capture("CART-W-2", {sku: 1}, hold_id=hold["hold_id"])
    again = await api.post("/v1/orders", order("CART-W-2", {sku: 1}))
    assert (again.status_code, again.json()["order_id"]) == (200, first["order_id"])


async def test_a_hold_is_extended_and_given_up(api: Api) -> None:
    sku = await api.stocked("CART-3", {"DC-PA": 3})
    hold = (await quoted(api, {sku: 2}))["hold"]
    path = f"/v1/cart-holds/{hold['hold_id']}"
    longer = await api.post(f"{path}/extend", {"hold_seconds": 900})
    assert longer.json()["expires_at"] > hold["expires_at"]
    gone = await api.client.delete(path)
    assert (gone.status_code, gone.json()["state"]) == (200, "freed")
    assert (await api.available(sku)) == {"DC-PA": 3}
    late = await api.post(f"{path}/extend", {"hold_seconds": 900})
    assert (late.status_code, late.json()["type"].rsplit("/", 1)[-1]) == (409, "not-possible-now")
    assert (await api.get("/v1/cart-holds/C-none")).status_code == 404


async def test_what_cannot_be_promised_whole_is_not_held(api: Api) -> None:
    sku = await api.stocked("CART-4", {"DC-PA": 1})
    answer = await quoted(api, {sku: 2})
    assert answer["hold"] is None
    assert answer["unavailable"][0]["available_quantity"] == 1
    assert (await api.available(sku)) == {"DC-PA": 1}


@pytest.mark.parametrize("seconds", [0, 3601, -1, "60"])
async def test_a_hold_has_a_sensible_length(api: Api, seconds: object) -> None:
    sku = await api.stocked("CART-5")
    body = {name: value for name, value in order("cart", {sku: 1}).items() if name != "external_id"}
    answer = await api.post("/v1/quotes", body | {"hold_seconds": seconds})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/hold_seconds")


async def test_an_order_with_an_unknown_hold_is_told_which_field(api: Api) -> None:
    sku = await api.stocked("CART-6")
    answer = await api.post("/v1/orders", order("CART-W-6", {sku: 1}) | {"hold_id": "C-none"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/hold_id")
    assert (await api.available(sku)) == {"DC-PA": 10}


async def test_a_changed_cart_is_quoted_and_kept_under_its_hold(api: Api) -> None:
    sku = await api.stocked("CART-7", {"DC-PA": 4})
    hold = (await quoted(api, {sku: 3}))["hold"]
    seen = await quoted(api, {sku: 4}, hold_id=hold["hold_id"], hold_seconds=None)
    assert (seen["unavailable"], seen["hold"]["units"][0]["quantity"]) == ([], 3)
    assert (await api.available(sku)) == {"DC-PA": 1}

    kept = await quoted(api, {sku: 4}, hold_id=hold["hold_id"])
    assert (kept["hold"]["hold_id"], kept["hold"]["units"][0]["quantity"]) == (hold["hold_id"], 4)
    assert kept["hold"]["expires_at"] >= hold["expires_at"]
    assert (await api.available(sku)) == {"DC-PA": 0}

    beyond = await quoted(api, {sku: 5}, hold_id=hold["hold_id"])
    assert (beyond["hold"], beyond["unavailable"][0]["available_quantity"]) == (kept["hold"], 4)


async def test_a_quote_with_an_unknown_hold_is_told_which_field(api: Api) -> None:
    sku = await api.stocked("CART-8")
    body = {name: value for name, value in order("cart", {sku: 1}).items() if name != "external_id"}
    answer = await api.post("/v1/quotes", body | {"hold_id": "C-none", "hold_seconds": 60})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/hold_id")
    assert (await api.available(sku)) == {"DC-PA": 10}


async def test_more_than_one_customer_may_keep_is_refused_with_how_much_is_kept(api: Api) -> None:
    sku = await api.stocked("CART-9", {"DC-PA": 99})
    await quoted(api, {sku: 48}, customer={"id": "K-9"})
    body = {name: value for name, value in order("cart", {sku: 6}).items() if name != "external_id"}
    answer = await api.post("/v1/quotes", body | {"hold_seconds": 60, "customer": {"id": "K-9"}})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "hold-limit")
    assert (problem["units_max"], problem["held"], problem["asked"]) == (50, 48, 6)
    assert "6 are asked, 48 are kept already, and 50 may be" in problem["detail"]
    assert (await api.available(sku)) == {"DC-PA": 51}
