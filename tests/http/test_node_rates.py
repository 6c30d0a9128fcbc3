"""How well nodes do their work moves the next decision, and is remembered with it."""

from typing import Any

import pytest

from tests.http.conftest import Api
from tests.http.documents import activate
from troth.flows.memory.node_work import learn_work

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _answer(api: Api, sku: str, answer: str, *, times: int, body: dict[str, Any]) -> None:
    """Have the store answer so many orders, and let that be learned and taken over by who decides."""
    for number in range(times):
        name = f"{sku}-{answer}-{number}"
        captured = await api.capture(name, {sku: 1}, method="pickup", pickup_node="ST-NYC", service="")
        await api.post(f"/v1/orders/{captured['order_id']}/release")
        work = captured["fulfillments"][0]["fulfillment_id"]
        done = await api.post(f"/v1/fulfillments/{work}/{answer}", body)
        assert done.status_code == 200, done.text
    door = api.system.door
    await learn_work(api.system.pool, door.reference.network)
    await door.follow()
    api.clock.advance(minutes=1)
    await door.follow()


async def _accepts(api: Api) -> float:
    """What rules count on of the work that the store takes on."""
    (found,) = (await api.get("/v1/node-performance?node=ST-NYC")).json()["items"]
    rate: float = found["rules_count_on"]["accept_rate"]
    return rate


async def test_a_store_that_refuses_work_is_passed_over_and_the_decision_is_made_again_as_it_was(api: Api) -> None:
    sku = await api.stocked("RATED", {"ST-NYC": 100, "DC-IL": 100})
    routing = {
        "cost_rates": {"failure_minor": 100},
        "exclusions": [{"name": "refuses", "expression": "node.accept_rate < 0.3", "when": "order.method == 'ship'"}],
        "tiers": [{"name": "anybody", "none": "backorder", "partial": "backorder"}],
    }
    assert (await api.put("/v1/routings/rated", routing)).status_code == 201
    await activate(api, "rated", 1)
    new = await _accepts(api)
    near = await api.capture("rated-1", {sku: 1})
    await _answer(api, sku, "reject", times=10, body={"reason": "no staff"})
    refusing = await _accepts(api)
    far = await api.capture("rated-2", {sku: 1})
    await _answer(api, sku, "ready", times=10, body={})
    mended = await _accepts(api)
    again = await api.capture("rated-3", {sku: 1})
    retired = await api.post("/v1/routings/rated/retire", {"reason": "test"})

    names = ("rated-1", "rated-2", "rated-3")
    found = [
        (await api.get(f"/v1/orders/web:{name}/explanation", params={"node": "ST-NYC"})).json()["decisions"][0]
        for name in names
    ]

    assert retired.status_code == 200
    assert (new, refusing) == (0.98, 0.2904)  # 0.98 by 20 / 30, for all, for its type and for itself
    assert 0.3 < mended < 0.7
    assert [one["fulfillments"][0]["node"] for one in (near, far, again)] == ["ST-NYC", "DC-IL", "ST-NYC"]
    assert [(one["is_reproduced"], one["missing"]) for one in found] == [(True, "")] * 3
    (candidate,) = found[1]["trace"]["candidates"]
    assert (candidate["standing"], candidate["reason"]) == ("removed", "excluded_by_rules")


async def test_exposure_shows_less_of_what_a_store_often_does_not_find(api: Api) -> None:
    sku = await api.stocked("HIDDEN", {"ST-NYC": 300})
    where = "item.sku == 'HIDDEN' && node.short_rate > 0.2"
    rules = {"safety_stock": [{"name": "lost", "where": where, "percent": 50.0}]}
    assert (await api.put("/v1/exposure-rules/lost", rules)).status_code == 201
    assert (await api.post("/v1/exposure-rules/lost/activate", {"version": 1, "reason": "test"})).status_code == 200

    async def shown() -> int:
        (told,) = (await api.get("/v1/availability", params={"sku": sku})).json()["items"]
        units: int = told["available"]
        return units

    before = await shown()
    many = await api.capture("hidden", {sku: 100}, method="pickup", pickup_node="ST-NYC", service="")
    await api.post(f"/v1/orders/{many['order_id']}/release")
    work = many["fulfillments"][0]["fulfillment_id"]
    lines = [{"line_id": "1", "quantity": 20, "short_reason": "not_found"}]
    assert (await api.post(f"/v1/fulfillments/{work}/pick", {"lines": lines})).status_code == 200
    await _answer(api, sku, "ready", times=1, body={})
    after = await shown()
    (found,) = (await api.get("/v1/node-performance?node=ST-NYC")).json()["items"]
    assert (await api.post("/v1/exposure-rules/lost/retire", {"reason": "test"})).status_code == 200

    assert before == 300
    assert found["rules_count_on"]["short_rate"] > 0.2
    assert after == 89  # of 199, half of the 220 that are on hand
    assert await shown() == 199
