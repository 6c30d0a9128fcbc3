"""A store sells what another node sends, and is credited with it."""

from datetime import timedelta

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_store_is_credited_with_what_it_sold_and_others_send(api: Api) -> None:
    sku = await api.stocked("AISLE", {"DC-PA": 9})
    await api.stocked("AISLE-OWN", {"ST-NYC": 9})
    by_ann = {"attributes": {"seller_node": "ST-NYC", "seller": "E-12"}}
    sent = await api.capture("aisle-1", {sku: 2}, channel="store", **by_ann)
    own = await api.capture("aisle-2", {"AISLE-OWN": 1}, channel="store", attributes={"seller_node": "ST-NYC"})
    gone = await api.capture("aisle-3", {sku: 1}, channel="store", **by_ann)
    await api.capture("aisle-4", {sku: 1})
    await api.post(f"/v1/orders/{gone['order_id']}/cancel", {"reason": "changed mind"})
    key = await api.key_for("orders:read", nodes=["ST-NYC"])
    headers = {"Authorization": f"Bearer {key}"}

    found = await api.get("/v1/seller-credits?node=ST-NYC", headers=headers)
    seen = await api.get(f"/v1/orders/{sent['order_id']}", headers=headers)
    other = await api.get("/v1/seller-credits?node=DC-PA", headers=headers)
    past = (api.clock.now - timedelta(days=1)).isoformat()
    earlier = await api.get("/v1/seller-credits", params={"until": past})

    assert found.json()["items"] == [
        {
            "node": "ST-NYC", "seller": "", "orders": 1, "canceled": 0, "sent_by_others": 0, "total": own["total"],
        },
        {
            "node": "ST-NYC", "seller": "E-12", "orders": 2, "canceled": 1, "sent_by_others": 1,
            "total": sent["total"],
        },
    ]  # fmt: skip
    assert sent["fulfillments"][0]["node"] == "DC-PA"
    assert (seen.status_code, seen.json()["attributes"]["seller_node"]) == (200, "ST-NYC")
    assert (other.status_code, earlier.json()) == (404, {"items": []})


async def test_a_seller_that_is_no_node_is_refused_by_name_and_so_is_too_long_a_time(api: Api) -> None:
    sku = await api.stocked("AISLE-X", {"DC-PA": 1})
    refused = await api.post("/v1/orders", order("aisle-9", {sku: 1}, attributes={"seller_node": "NOWHERE"}))
    long = await api.get("/v1/seller-credits?since=2024-01-01T00:00:00Z")
    assert (refused.status_code, refused.json()["errors"]) == (
        422,
        [{"pointer": "/attributes/seller_node", "detail": "there is no node NOWHERE"}],
    )
    assert (await api.get("/v1/orders/web:aisle-9")).status_code == 404
    assert long.status_code == 422
