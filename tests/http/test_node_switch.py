"""The switch of a node over HTTP: bound to who works there."""

from datetime import timedelta

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_store_switches_itself_off_and_on_and_no_other_node(api: Api) -> None:
    sku = await api.stocked("SWITCH", {"ST-NYC": 3, "DC-IL": 3})
    key = await api.key_for("fulfillments:write", "fulfillments:read", nodes=["ST-NYC"])
    headers = {"Authorization": f"Bearer {key}"}
    until = (api.clock.now + timedelta(hours=3)).isoformat()

    off = await api.post("/v1/nodes/ST-NYC/switch-off", {"reason": "no staff", "until": until}, headers=headers)
    other = await api.post("/v1/nodes/DC-IL/switch-off", {"reason": "no staff"}, headers=headers)
    without = await api.post("/v1/nodes/ST-NYC/switch-off", {"reason": " "}, headers=headers)
    listed = await api.get("/v1/node-switches", headers=headers)
    captured = await api.capture("switch-1", {sku: 1})
    pickup = await api.post(
        "/v1/orders", order("switch-3", {sku: 1}, method="pickup", pickup_node="ST-NYC", service="")
    )
    on = await api.post("/v1/nodes/ST-NYC/switch-on", headers=headers)
    after = await api.capture("switch-2", {sku: 1})

    assert (off.status_code, off.json()["is_on"], off.json()["reason"]) == (200, False, "no staff")
    assert (other.status_code, without.status_code) == (404, 422)
    assert [one["node_id"] for one in listed.json()["items"]] == ["ST-NYC"]
    assert captured["fulfillments"][0]["node"] == "DC-IL"
    assert pickup.status_code == 422
    (flaw,) = pickup.json()["errors"]
    assert flaw["pointer"] == "/pickup_node"
    assert flaw["detail"].startswith("ST-NYC is switched off until ")
    assert flaw["detail"].endswith(" (no staff)")
    assert on.json() == {
        "node_id": "ST-NYC", "is_on": True, "reason": None, "since": None, "until": None, "switched_by": None,
    }  # fmt: skip
    assert after["fulfillments"][0]["node"] == "ST-NYC"
    assert (await api.get("/v1/node-switches", headers=headers)).json() == {"items": []}


async def test_how_a_node_does_is_shown_to_who_may_see_it(api: Api) -> None:
    key = await api.key_for("fulfillments:read", nodes=["ST-NYC"])
    headers = {"Authorization": f"Bearer {key}"}
    own = await api.get("/v1/node-performance?node=ST-NYC&days=7", headers=headers)
    other = await api.get("/v1/node-performance?node=DC-IL", headers=headers)
    long = await api.get("/v1/node-performance?days=400", headers=headers)
    (found,) = own.json()["items"]
    assert (found["node"], found["days"], found["done"], found["accept_rate"]) == ("ST-NYC", 7, 0, None)
    assert (found["task_minutes_now"], found["ready_minutes"]) == (5.0, None)
    assert (other.status_code, long.status_code) == (404, 422)


async def test_what_a_node_is_to_pick_is_listed_in_its_turn(api: Api) -> None:
    sku = await api.stocked("TURNS", {"ST-NYC": 3})
    captured = await api.capture("turns-1", {sku: 1}, method="pickup", pickup_node="ST-NYC", service="")
    await api.post(f"/v1/orders/{captured['order_id']}/release")
    found = await api.get("/v1/pick-tasks?node=ST-NYC")
    mine = captured["fulfillments"][0]
    (task,) = [one for one in found.json()["items"] if one["fulfillment_id"] == mine["fulfillment_id"]]
    assert (task["ship_by"], task["pick_by"] <= task["ship_by"]) == (mine["ship_by"], True)
    assert (await api.get("/v1/pick-tasks?node=NOWHERE")).status_code == 404
    assert (await api.get("/v1/pick-tasks")).status_code == 422
