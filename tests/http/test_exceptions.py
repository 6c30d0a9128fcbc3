"""The list of what needs a person, and what an order says of units that lie nowhere."""

from datetime import timedelta

import pytest

from tests.http.conftest import Api, order
from troth.flows.repromise import repromise_moved

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lose(api: Api, sku: str, name: str, units: int = 2) -> str:
    """The id of an order whose units were counted away."""
    await api.stocked(sku, {"DC-PA": units})
    body = await api.capture(name, {sku: units})
    counted = {"node": "DC-PA", "as_of": api.clock().isoformat(), "counts": [{"sku": sku, "on_hand": 0}]}
    assert (await api.post("/v1/inventory/counts", counted)).status_code == 200
    while (await repromise_moved(api.system)).changed:
        pass
    order_id: str = body["order_id"]
    return order_id


async def test_units_that_can_be_had_nowhere_are_listed_with_what_is_at_risk(api: Api) -> None:
    order_id = await lose(api, "EX-1", "ex-1")
    promised = (await api.get(f"/v1/orders/{order_id}")).json()

    items = (await api.get("/v1/exceptions")).json()["items"]

    mine = [one for one in items if one["order_id"] == order_id]
    assert [(one["line_id"], one["sku"], one["quantity"], one["reason"]) for one in mine] == [
        ("1", "EX-1", 2, "EX-1 at DC-PA is short")
    ]
    price = promised["lines"][0]["unit_price"]["amount"]
    assert mine[0]["at_risk"] == {"amount": f"{2 * float(price):.2f}", "currency": "USD"}
    assert mine[0]["promised_at"] is not None
    assert mine[0]["promised_at"] == promised["lines"][0]["parked"]["promised_at"]


async def test_pages_go_on_where_the_one_before_ended(api: Api) -> None:
    for number in range(3):
        await lose(api, f"EX-2{number}", f"ex-2{number}")
    whole = (await api.get("/v1/exceptions?limit=200")).json()["items"]

    seen, path = [], "/v1/exceptions?limit=1"
    for _ in whole:
        page = (await api.get(path)).json()
        seen += page["items"]
        path = f"/v1/exceptions?limit=1&cursor={page['next']}"

    assert seen == whole
    assert [one["since"] for one in seen] == sorted(one["since"] for one in seen)


async def test_the_order_says_since_when_its_units_lie_nowhere(api: Api) -> None:
    order_id = await lose(api, "EX-3", "ex-3")

    body = (await api.get(f"/v1/orders/{order_id}")).json()

    assert (body["status"], body["lines"][0]["status"]) == ("exception", "exception")
    parked = body["lines"][0]["parked"]
    assert (parked["is_waiting"], parked["until"]) == (False, None)
    points = [point for point in body["timeline"] if point["milestone"] == "exception"]
    assert [(point["line_id"], point["at"], point["is_expected"]) for point in points] == [
        ("1", parked["since"], False)
    ]


async def test_a_key_that_is_bound_to_a_customer_sees_no_others(api: Api) -> None:
    await lose(api, "EX-4", "ex-4")
    key = await api.key_for("orders:read", customers=["C-NOBODY"])

    answer = await api.get("/v1/exceptions", headers={"Authorization": f"Bearer {key}"})

    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_an_item_is_backordered_up_to_its_cap_and_refused_above_it_with_the_reason(api: Api) -> None:
    await api.stocked("CAP-1", {"DC-PA": 0}, backorder_max=3)
    due = (api.clock() + timedelta(days=7)).isoformat()
    lines = [{"line": 1, "node": "DC-PA", "sku": "CAP-1", "quantity": 10, "expected_at": due}]
    assert (await api.put("/v1/purchase-orders/CAP-1", {"lines": lines})).status_code == 201
    await api.capture("cap-1", {"CAP-1": 2})

    refused = await api.post("/v1/orders", order("cap-2", {"CAP-1": 2}))

    assert refused.status_code == 409
    short = refused.json()["lines"][0]
    assert (short["reason"], short["available_quantity"]) == ("backorder_max", 1)
    assert "at most 3 units of CAP-1 may be backordered, and 2 are already" in refused.text
    available = (await api.get("/v1/availability?sku=CAP-1&channel=web")).json()["items"][0]
    assert available["status"] == "backorder"
    await api.capture("cap-3", {"CAP-1": 1})
    gone = (await api.get("/v1/availability?sku=CAP-1&channel=web")).json()["items"][0]
    assert gone["status"] == "out_of_stock"
    document = (await api.get("/v1/items/CAP-1")).json()
    assert document["backorder_max"] == 3
