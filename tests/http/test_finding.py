"""The discount in force: a store shows what will be found, less where units were missed, and more when counted."""

import pytest

from tests.http.conftest import Api
from tests.http.test_count_tasks import learn, pick_short

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def shown(api: Api, sku: str) -> tuple[int, int]:
    """The units that the web may sell of a SKU, and those that may not be found."""
    waterfall = (await api.get("/v1/inventory/waterfall", params={"sku": sku, "channel": "web"})).json()
    available: int = waterfall["available"]
    return available, sum(step["units"] for step in waterfall["steps"] if step["kind"] == "unfindable")


async def test_what_a_store_shows_follows_what_was_missed_and_counted_there(api: Api) -> None:
    rules = {"finding": [{"name": "sure", "where": "item.sku == 'FIND-1'", "confidence": 0.9}]}
    assert (await api.put("/v1/exposure-rules/finding", rules)).status_code == 201
    acted = await api.post("/v1/exposure-rules/finding/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200, acted.text
    await api.stocked("FIND-1", {"ST-NYC": 12}, category="camping")
    await api.stocked("FIND-2", {"ST-NYC": 12}, category="camping")
    before = await shown(api, "FIND-1")

    await pick_short(api, "FIND-1", "ST-NYC", "W-FIND-1")
    await learn(api)
    doubted = await shown(api, "FIND-1")
    short = await api.post(
        "/v1/orders",
        {
            "channel": "web",
            "external_id": "W-FIND-2",
            "method": "pickup",
            "pickup_node": "ST-NYC",
            "ship_complete": True,
            "customer": {"id": "C-1", "name": "Ada Park"},
            "lines": [{"line_id": "1", "sku": "FIND-1", "quantity": 9}],
        },
    )
    counts = {"node": "ST-NYC", "as_of": api.clock().isoformat(), "counts": [{"sku": "FIND-1", "on_hand": 11}]}
    assert (await api.post("/v1/inventory/counts", counts)).status_code == 200
    await learn(api)
    counted = await shown(api, "FIND-1")

    # Ten of twelve units at 95 percent are there with 98 percent, eleven with 88. Of the eleven that are then on the
    # books, at 75 percent, one is reserved; what was just counted is there.
    assert before == (10, 2)
    assert doubted == (5, 5)
    assert (short.status_code, short.json()["code"]) == (409, "insufficient-inventory")
    assert counted == (10, 0)
    assert await shown(api, "FIND-2") == (12, 0)
