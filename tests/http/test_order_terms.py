"""Lines on terms of their own, over HTTP: what can be asked, what is answered, what is refused by name."""

from typing import Any

import pytest

from tests.documents import routing
from tests.http.conftest import Api, order
from troth.model.ids import Sku
from troth.model.item import Restrictions, Substitute

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOSTON = {
    "country": "US",
    "city": "Boston",
    "region": "MA",
    "postcode": "02108",
    "latitude": 42.36,
    "longitude": -71.06,
}


def on_terms(external_id: str, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An order of these lines, numbered where they have no id."""
    numbered = [{"line_id": str(number), "quantity": 1, **line} for number, line in enumerate(lines, 1)]
    return {**order(external_id, {"X": 1}), "lines": numbered, **changes}


async def test_lines_go_their_own_ways(api: Api) -> None:
    sku = await api.stocked("WAYS", {"DC-PA": 5, "ST-NYC": 5})

    answer = await api.post(
        "/v1/orders",
        on_terms(
            "ways-1",
            {"sku": sku},
            {"sku": sku, "ship_to": BOSTON, "service": "express"},
            {"sku": sku, "method": "pickup", "pickup_node": "ST-NYC"},
        ),
    )

    body = answer.json()
    assert answer.status_code == 201, body
    assert [line["terms"] is None for line in body["lines"]] == [True, False, False]
    assert body["lines"][1]["terms"]["ship_to"]["city"] == "Boston"
    works = {work["lines"][0]["line_id"]: work for work in body["fulfillments"]}
    assert works["1"]["ship_to"] is None
    assert (works["2"]["ship_to"]["city"], works["2"]["service"]) == ("Boston", "express")
    assert (works["3"]["method"], works["3"]["node"]) == ("pickup", "ST-NYC")
    again = (await api.get(f"/v1/orders/{body['order_id']}")).json()
    assert again["lines"] == body["lines"]


async def test_what_does_not_fit_together_is_refused_by_field(api: Api) -> None:
    sku = await api.stocked("UNFIT", {"DC-PA": 5})

    answer = await api.post(
        "/v1/orders",
        on_terms(
            "unfit-1",
            {"sku": sku, "pickup_node": "DC-PA"},
            {"sku": sku, "method": "pickup"},
            {"sku": sku, "ship_together": "set", "ship_alone": True},
            {"sku": sku, "ship_together": "set"},
        ),
    )

    assert answer.status_code == 422
    assert [flaw["pointer"] for flaw in answer.json()["errors"]] == [
        "/lines/0/pickup_node",
        "/lines/1/pickup_node",
        "/lines/2/ship_alone",
    ]


async def test_a_price_of_parting_a_group_holds_for_all_of_it_and_two_prices_are_refused(api: Api) -> None:
    here, there = await api.stocked("TABLE", {"DC-PA": 5}), await api.stocked("CHAIR", {"ST-NYC": 5})

    def group(name: str, *prices: str | None) -> dict[str, Any]:
        named = [{} if one is None else {"ship_together_penalty": {"amount": one, "currency": "USD"}} for one in prices]
        lines = [{"sku": sku, "ship_together": "set", **own} for sku, own in zip((here, there), named, strict=True)]
        return on_terms(name, *lines)

    parted = await api.post("/v1/orders", group("set-1", "5.00", None))
    two = await api.post("/v1/orders", group("set-2", "5.00", "4.00"))

    assert parted.status_code == 201, parted.text
    assert {work["node"] for work in parted.json()["fulfillments"]} == {"DC-PA", "ST-NYC"}
    assert two.status_code == 422
    assert [flaw["pointer"] for flaw in two.json()["errors"]] == ["/lines/1/ship_together_penalty"]


async def test_a_service_that_nobody_offers_and_a_node_that_hands_nothing_over_are_named(api: Api) -> None:
    sku = await api.stocked("NOBODY", {"DC-PA": 5})

    service = await api.post("/v1/orders", on_terms("nobody-1", {"sku": sku}, service="teleport"))
    pickup = await api.post(
        "/v1/orders", on_terms("nobody-2", {"sku": sku}, method="pickup", pickup_node="DC-PA", ship_to=None)
    )

    assert (service.status_code, pickup.status_code) == (422, 422)
    assert service.json()["errors"][0]["pointer"] == "/service"
    assert "standard" in service.json()["errors"][0]["detail"]
    assert pickup.json()["errors"][0]["pointer"] == "/pickup_node"


async def test_a_kit_is_ordered_picked_and_shipped_by_the_kit(api: Api) -> None:
    first, second = await api.stocked("PART-A", {"DC-PA": 9}), await api.stocked("PART-B", {"DC-PA": 9})
    kit = await api.stocked("KIT", {}, kit=((Sku(first), 2), (Sku(second), 1)))

    body = (await api.post("/v1/orders", on_terms("kit-1", {"sku": kit, "quantity": 3}))).json()

    (line,) = body["lines"]
    assert line["promised_quantity"] == 3
    assert line["terms"]["kit"] == [{"sku": first, "quantity": 2}, {"sku": second, "quantity": 1}]
    assert sorted((part["sku"], part["quantity"]) for part in line["allocations"]) == [(first, 6), (second, 3)]
    assert await api.available(first) == {"DC-PA": 3}
    work = body["fulfillments"][0]["fulfillment_id"]
    await api.post(
        f"/v1/orders/{body['order_id']}/cancel", {"reason": "mind", "lines": [{"line_id": "1", "quantity": 1}]}
    )
    assert await api.available(first) == {"DC-PA": 5}
    await api.post(f"/v1/orders/{body['order_id']}/release")
    picked = await api.post(f"/v1/fulfillments/{work}/pick", {"lines": [{"line_id": "1", "quantity": 2}]})
    assert picked.status_code == 200, picked.text
    assert {(one["sku"], one["quantity"], one["units_per_kit"]) for one in picked.json()["lines"]} == {
        (first, 4, 2),
        (second, 2, 1),
    }
    shipped = await api.post(f"/v1/fulfillments/{work}/ship", {})
    assert shipped.json()["order_status"] == "shipped"


async def test_a_substitute_stands_in_with_consent_and_is_named_without(api: Api) -> None:
    other = await api.stocked("OTHER", {"DC-PA": 9})
    asked = await api.stocked("ASKED", {"DC-PA": 1}, substitutes=(Substitute(Sku(other), -190),))

    refused = await api.post("/v1/orders", on_terms("instead-1", {"sku": asked, "quantity": 3, "substitutes": "offer"}))
    allowed = await api.post("/v1/orders", on_terms("instead-2", {"sku": asked, "quantity": 3, "substitutes": "allow"}))

    assert refused.status_code == 409
    assert f"instead there could be 2 of {other}" in refused.json()["detail"]
    body = allowed.json()
    assert sorted((part["sku"], part["quantity"]) for part in body["lines"][0]["allocations"]) == [
        (asked, 1),
        (other, 2),
    ]
    assert body["lines"][0]["terms"]["substituted"] == [
        {"sku": other, "price_delta": {"amount": "-1.90", "currency": "USD"}}
    ]
    assert body["total"] == {"amount": "55.90", "currency": "USD"}


async def test_a_restricted_item_is_refused_with_the_reason(api: Api) -> None:
    sku = await api.stocked("WINE", {"DC-PA": 9}, restrictions=Restrictions(not_to=("US-NY",)))

    answer = await api.post("/v1/orders", on_terms("wine-1", {"sku": sku}))

    assert answer.status_code == 409
    assert "it may not be sent to US-NY" in answer.json()["detail"]


async def test_an_order_may_name_its_own_limit_of_shipments(api: Api) -> None:
    first, second = await api.stocked("HERE", {"DC-PA": 9}), await api.stocked("THERE", {"DC-CA": 9})

    answer = await api.post("/v1/orders", on_terms("limit-1", {"sku": first}, {"sku": second}, shipments_max=1))
    kept = await api.post("/v1/orders", on_terms("limit-2", {"sku": first}, {"sku": second}, shipments_max=2))

    assert answer.status_code == 409
    assert "too many shipments" in answer.json()["detail"]
    assert (kept.status_code, kept.json()["shipments_max"]) == (201, 2)


async def test_what_is_sent_to_the_store_first_is_work_of_both_and_collected_there(api: Api) -> None:
    sku = await api.stocked("TO-STORE", {"DC-PA": 5, "ST-NYC": 0})
    policy = routing(weights={"ship_to_store": 1})
    await api.put("/v1/routings/to-store", policy)
    active = await api.post("/v1/routings/to-store/activate", {"version": 1, "reason": "stores lack stock"})
    assert active.status_code == 200, active.text
    await api.system.door.follow()
    at_store = {
        "authorization": f"Bearer {await api.key_for('fulfillments:read', 'fulfillments:write', nodes=['ST-NYC'])}"
    }

    captured = await api.post(
        "/v1/orders",
        on_terms("to-store-1", {"sku": sku}, method="pickup", pickup_node="ST-NYC", service="", ship_to=None),
    )

    assert captured.status_code == 201, captured.text
    body = captured.json()
    (work,) = body["fulfillments"]
    name = work["fulfillment_id"]
    assert (work["node"], work["via"], work["method"]) == ("DC-PA", "ST-NYC", "pickup")
    ahead = [(one["milestone"], one["at"]) for one in body["timeline"] if one["fulfillment_id"] == name]
    assert ahead == [
        ("shipped", work["ship_by"]),
        ("ready", work["promised_at"]["to"]),
        ("collected", work["promised_at"]["to"]),
    ]
    await api.post(f"/v1/orders/{body['order_id']}/release")
    for node in ("DC-PA", "ST-NYC"):
        listed = (await api.get(f"/v1/fulfillments?node={node}")).json()["items"]
        assert name in [one["fulfillment_id"] for one in listed]
    shipped = await api.post(f"/v1/fulfillments/{name}/ship", {})
    assert shipped.json()["status"] == "shipped"
    assert "collect" in shipped.json()["possible"]
    await api.post(f"/v1/fulfillments/{name}/ready", {"staging": "A3"}, headers=at_store)
    collected = await api.post(f"/v1/fulfillments/{name}/collect", {"code": work["pickup_code"]}, headers=at_store)
    assert (collected.status_code, collected.json()["status"]) == (200, "collected")
    assert await api.available(sku) == {"DC-PA": 4}
