"""The waterfall over HTTP: who may be asked about, in which units, through which components, and what it leads to."""

from typing import Any

import pytest

from tests.http.conftest import Api, order
from tests.http.test_lots import receive

pytestmark = pytest.mark.asyncio(loop_scope="module")

WATERFALL = "/v1/inventory/waterfall"


async def _publish(api: Api, name: str, rules: dict[str, Any]) -> None:
    made = await api.put(f"/v1/exposure-rules/{name}", rules)
    assert made.status_code == 201, made.text
    acted = await api.post(f"/v1/exposure-rules/{name}/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200, acted.text


async def _waterfall(api: Api, sku: str, **query: str) -> dict[str, Any]:
    answer = await api.get(WATERFALL, params={"sku": sku, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _cable_order(external_id: str, meters: float) -> dict[str, Any]:
    body = order(external_id, {"WF-CABLE": 1})
    body["lines"][0]["quantity"] = meters
    return body


async def test_a_customer_class_that_no_rule_asks_for_is_refused_by_name(api: Api) -> None:
    await api.stocked("WF-CLASS", {"DC-PA": 3})
    rules = {
        "classes": [{"name": "wf-key", "rank": 1, "when": "customer.class == 'wf-key'"}],
        "protections": [{"name": "p", "demand_class": "wf-key", "units": 1, "where": "item.sku == 'WF-CLASS'"}],
    }
    unknown = await api.get(WATERFALL, params={"sku": "WF-CLASS", "customer_class": "wf-key"})
    body = {"name": "wf-class", "rules": rules, "skus": ["WF-CLASS"], "customer_class": "wf-kye"}
    preview = await api.post("/v1/exposure-rules/preview", body)
    known = await api.post("/v1/exposure-rules/preview", body | {"customer_class": "wf-key"})
    await _publish(api, "wf-class", rules)

    assert unknown.status_code == preview.status_code == 422
    assert unknown.json()["errors"] == [
        {"pointer": "?customer_class", "detail": "no rule of exposure in force asks for the customer class wf-key"}
    ]
    assert preview.json()["errors"][0]["pointer"] == "/customer_class"
    assert known.json()["available"] == 3
    assert (await _waterfall(api, "WF-CLASS", customer_class="wf-key"))["available"] == 3
    assert (await _waterfall(api, "WF-CLASS"))["available"] == 2


async def test_positions_of_a_time_to_come_are_refused(api: Api) -> None:
    await api.stocked("WF-LATER", {"DC-PA": 3})
    later = await api.get("/v1/inventory", params={"sku": "WF-LATER", "as_of": "2027-01-01T00:00:00Z"})
    now = await api.get("/v1/inventory", params={"sku": "WF-LATER", "as_of": "2026-11-23T15:00:00Z"})

    assert later.status_code == 422
    assert [error["pointer"] for error in later.json()["errors"]] == ["?as_of"]
    assert now.status_code == 200


async def test_units_of_what_is_sold_by_measure_are_told_as_it_is_sold(api: Api) -> None:
    await api.stocked("WF-CABLE", {"DC-PA": 1_000}, decimals=2, unit="m")
    where = "item.sku == 'WF-CABLE'"
    rules = {"safety_stock": [{"name": "two meters", "where": where, "units": 2}]}
    body = {"name": "wf-cable", "rules": rules, "skus": ["WF-CABLE"]}
    preview = (await api.post("/v1/exposure-rules/preview", body)).json()
    await _publish(api, "wf-cable", rules)
    found = await _waterfall(api, "WF-CABLE")
    refused = await api.post("/v1/orders", _cable_order("wf-cable-1", 8.01))
    taken = await api.post("/v1/orders", _cable_order("wf-cable-2", 7.25))

    assert preview["rules"][0]["measured"] == [{"unit": "m", "units": 2.0}]
    assert preview["measured"] == [{"unit": "m", "available": 8.0, "available_now": 10.0}]
    assert preview["rules"][0]["examples"] == [{"sku": "WF-CABLE", "node": "DC-PA", "units": 2.0}]
    assert (found["on_hand"], found["available"], found["nodes"][0]["exposed"]) == (10.0, 8.0, 8.0)
    assert [(step["kind"], step["units"]) for step in found["steps"]] == [("safety_stock", 2.0)]
    assert refused.status_code == 409
    line = refused.json()["lines"][0]
    assert (line["available_quantity"], line["detail"]) == (8.0, "2.0 units are kept back by rules of exposure")
    assert taken.status_code == 201
    shown = (await api.get("/v1/availability", params={"sku": "WF-CABLE"})).json()["items"][0]
    assert shown["available"] == 0.75


async def test_a_kit_is_told_through_its_components_and_leads_to_the_orders_that_hold_them(api: Api) -> None:
    await api.stocked("WF-TENT", {"DC-PA": 7})
    await api.stocked("WF-POLE", {"DC-PA": 20})
    made = await api.put(
        "/v1/items/WF-SET",
        {"name": "Set", "kit": [{"sku": "WF-TENT", "quantity": 1}, {"sku": "WF-POLE", "quantity": 4}]},
    )
    assert made.status_code in (200, 201), made.text
    held = await api.capture("wf-set-1", {"WF-SET": 1})
    await api.capture("wf-set-2", {"WF-TENT": 1})

    found = await _waterfall(api, "WF-SET", channel="web")
    shown = (await api.get("/v1/availability", params={"sku": "WF-SET", "channel": "web"})).json()["items"][0]

    assert (found["on_hand"], found["available"], shown["available"], found["binding"]) == (5, 4, 4, "WF-POLE")
    assert [(step["kind"], step["units"]) for step in found["steps"]] == [("reserved", 1)]
    assert found["components"] == [
        {"sku": "WF-POLE", "units_per_kit": 4, "on_hand": 20, "exposed": 16},
        {"sku": "WF-TENT", "units_per_kit": 1, "on_hand": 7, "exposed": 5},
    ]
    pole = await _waterfall(api, "WF-POLE")
    listed = (await api.get(pole["steps"][0]["orders"])).json()["items"]
    assert [one["order_id"] for one in listed] == [held["order_id"]]


async def test_a_preview_says_what_a_rule_keeps_of_a_kit_without_being_asked_about_it(api: Api) -> None:
    await api.stocked("WF-LID", {"DC-PA": 7})
    made = await api.put("/v1/items/WF-BOX", {"name": "Box", "kit": [{"sku": "WF-LID", "quantity": 2}]})
    assert made.status_code in (200, 201), made.text
    rules = {"safety_stock": [{"name": "boxes", "where": "item.sku == 'WF-BOX'", "units": 1}]}

    found = (await api.post("/v1/exposure-rules/preview", {"name": "wf-box", "rules": rules})).json()
    named = (
        await api.post("/v1/exposure-rules/preview", {"name": "wf-box", "rules": rules, "skus": ["WF-BOX"]})
    ).json()

    (hit,) = (one for one in found["rules"] if one["rule"] == "wf-box/boxes")
    assert (hit["skus"], hit["units"], hit["examples"]) == (1, 1, [{"sku": "WF-BOX", "node": "DC-PA", "units": 1}])
    assert found["available"] == found["available_now"], "components are counted once"
    assert (named["available"], named["available_now"]) == (2, 3)


async def test_orders_that_hold_nothing_any_more_are_not_among_those_that_do(api: Api) -> None:
    await api.stocked("WF-HELD", {"DC-PA": 9})
    gone = await api.capture("wf-held-1", {"WF-HELD": 1})
    stays = await api.capture("wf-held-2", {"WF-HELD": 2})
    canceled = await api.post(f"/v1/orders/{gone['order_id']}/cancel", {"reason": "changed plans"})
    assert canceled.status_code == 200

    (step,) = (await _waterfall(api, "WF-HELD"))["steps"]
    listed = (await api.get(step["orders"])).json()["items"]
    at_node = (await api.get("/v1/orders?sku=WF-HELD&node=DC-PA&reserving=true")).json()["items"]
    elsewhere = (await api.get("/v1/orders?sku=WF-HELD&node=ST-NYC&reserving=true")).json()["items"]

    assert (step["kind"], step["units"]) == ("reserved", 2)
    assert [one["order_id"] for one in listed] == [one["order_id"] for one in at_node] == [stays["order_id"]]
    assert elsewhere == []


async def test_dated_supply_is_told_step_by_step(api: Api) -> None:
    await api.stocked("WF-DUE", {"DC-PA": 0})
    line = {"node": "DC-PA", "sku": "WF-DUE", "quantity": 9, "expected_at": "2026-12-01T14:00:00Z"}
    ordered = await api.put("/v1/purchase-orders/WF-7", {"lines": [line]})
    assert ordered.status_code in (200, 201), ordered.text
    await api.capture("wf-due-1", {"WF-DUE": 2})

    found = await _waterfall(api, "WF-DUE")

    (dated,) = found["dated"]
    assert (dated["kind"], dated["units"], dated["exposed"], found["incoming"]) == ("purchase_order", 9, 7, 7)
    assert dated["expected_at"] == "2026-12-01T14:00:00Z"
    assert [(step["kind"], step["units"]) for step in dated["steps"]] == [("reserved", 2)]


async def test_a_lot_too_old_for_an_order_is_shown_to_nobody_and_is_a_step(api: Api) -> None:
    sku = await api.stocked("WF-OLD", {"DC-PA": 0, "ST-NYC": 0}, min_remaining_days=10)
    await receive(api, sku, ("short", 4, "2026-12-02"), ("long", 4, "2027-03-31"))
    path = f"/v1/availability?sku={sku}"

    shown = (await api.get(path)).json()["items"][0]["available"]
    place = (await api.get(f"{path}&postcode=10118&node=DC-PA")).json()["items"][0]
    found = await _waterfall(api, sku)
    refused = await api.post("/v1/orders", order("wf-old-1", {sku: 5}))
    taken = await api.post("/v1/orders", order("wf-old-2", {sku: 4}))

    assert (shown, place["place"]["ship"], place["nodes"][0]["available"]) == (4, 4, 4)
    assert [(step["kind"], step["units"]) for step in found["steps"]] == [("too_old", 4)]
    assert (found["on_hand"], found["available"]) == (8, 4)
    assert (refused.status_code, taken.status_code) == (409, 201)
