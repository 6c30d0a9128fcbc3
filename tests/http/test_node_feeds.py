"""Stock feeds that are late: what a node told too long ago is neither shown nor promised, and rules can ask its age."""

from typing import Any

import httpx
import pytest

from tests.builders import item, node, set_up
from tests.http.conftest import Api, order
from tests.http.documents import activate
from troth.flows.records.configure import set_node
from troth.model.network import NodeType

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _vendor(api: Api, name: str, sku: str, *, due: int | None = 6) -> None:
    """A vendor whose feed is due every few hours, and an item."""
    await set_up(api.system.pool, nodes=(node("DC-IL"),), items=(item(sku),))
    vendor = node(name, type=NodeType.DROP_SHIP, latitude=40.7, longitude=-74.1, feed_due_every_hours=due)
    await set_node(api.system, vendor, actor="test")
    await api.system.door.follow()


async def _feed(api: Api, name: str, rows: str, *, text: str = "", **query: str) -> httpx.Response:
    content = text or f"sku,node,on_hand\n{rows}\n"
    asked = {"as_of": api.clock.now.isoformat(), "reference": api.clock.now.isoformat()} | query
    answer = await api.client.post(
        f"/v1/inventory/feeds/{name}", params=asked, headers={"content-type": "text/csv"}, content=content.encode()
    )
    assert answer.status_code == 200, answer.text
    await api.system.door.follow()
    return answer


async def _told(api: Api, sku: str) -> tuple[str, int]:
    (of_item,) = (await api.get("/v1/availability", params={"sku": sku})).json()["items"]
    return of_item["status"], of_item["available"]


async def _of_node(api: Api, name: str) -> dict[str, Any]:
    items = (await api.get("/v1/inventory/node-feeds")).json()["items"]
    found: dict[str, Any] = next(one for one in items if one["node"] == name)
    return found


async def test_what_a_vendor_told_too_long_ago_is_not_counted_on_until_it_tells_again(api: Api) -> None:
    await _vendor(api, "V-LATE", "LATE")
    never = await _of_node(api, "V-LATE")
    await _feed(api, "V-LATE", "LATE,V-LATE,20")
    fresh = await _told(api, "LATE")
    captured = await api.capture("late-1", {"LATE": 1})

    api.clock.advance(hours=6, minutes=1)
    late = await _told(api, "LATE")
    refused = await api.post("/v1/orders", order("late-2", {"LATE": 1}))
    listed = (await api.get("/v1/inventory/node-feeds", params={"late": "true"})).json()["items"]
    steps = (await api.get("/v1/inventory/waterfall?sku=LATE")).json()["steps"]
    kept = (await api.get("/v1/orders/web:late-1")).json()
    await _feed(api, "V-LATE", "LATE,V-LATE,20")
    again = await _told(api, "LATE")

    assert (never["is_late"], never["as_of"], never["due_every_hours"]) == (True, None, 6)
    assert (fresh, late, again) == (("in_stock", 20), ("out_of_stock", 0), ("in_stock", 19))
    assert captured["fulfillments"][0]["node"] == "V-LATE"
    assert kept["fulfillments"] == captured["fulfillments"]
    assert (refused.status_code, refused.json()["lines"][0]["reason"]) == (409, "feed_late")
    assert (await api.get("/v1/orders/web:late-2")).status_code == 404
    assert [(one["node"], one["is_late"], one["age_hours"]) for one in listed] == [("V-LATE", True, 6.02)]
    assert ("feed_late", 19) in [(step["kind"], step["units"]) for step in steps]
    assert (await _of_node(api, "V-LATE"))["is_late"] is False


async def test_only_a_whole_feed_and_a_newer_one_says_how_fresh_a_node_is(api: Api) -> None:
    await _vendor(api, "V-CUT", "CUT")
    told = (await _feed(api, "V-CUT", "", text="sku,node,on_hand\nCUT,V-CUT,5\nCUT,V-C")).json()
    cut = await _of_node(api, "V-CUT")
    await _feed(api, "V-CUT", "CUT,V-CUT,5", reference="whole")
    whole = await _of_node(api, "V-CUT")
    await _feed(api, "V-CUT", "CUT,V-CUT,4", reference="old", as_of="2026-11-20T00:00:00Z")

    assert (told["status"], cut["as_of"], cut["is_late"]) == ("incomplete", None, True)
    assert (whole["feed"], whole["reference"], whole["is_late"]) == ("V-CUT", "whole", False)
    assert (await _of_node(api, "V-CUT"))["as_of"] == whole["as_of"]


async def test_a_decision_that_left_a_late_vendor_out_is_made_again_and_says_so(api: Api) -> None:
    await _vendor(api, "V-WHY", "WHY")
    await _feed(api, "V-WHY", "WHY,V-WHY,20\nWHY,DC-IL,9")
    near = await api.capture("why-1", {"WHY": 1})
    api.clock.advance(hours=7)
    await _feed(api, "V-IL", "WHY,DC-IL,8")
    far = await api.capture("why-2", {"WHY": 1})
    await _feed(api, "V-WHY", "WHY,V-WHY,20")

    answers = [
        (await api.get(f"/v1/orders/web:{name}/explanation", params={"node": "V-WHY"})).json()["decisions"][0]
        for name in ("why-1", "why-2")
    ]

    assert [one["fulfillments"][0]["node"] for one in (near, far)] == ["V-WHY", "DC-IL"]
    assert [(one["is_reproduced"], one["missing"]) for one in answers] == [(True, ""), (True, "")]
    assert answers[1]["trace"]["removed"]["feed_late"] == 1
    (candidate,) = answers[1]["trace"]["candidates"]
    assert (candidate["node"], candidate["standing"], candidate["reason"]) == ("V-WHY", "removed", "feed_late")


async def test_exposure_shows_less_of_what_is_older(api: Api) -> None:
    await _vendor(api, "V-OLD", "OLD", due=None)
    await _feed(api, "V-OLD", "OLD,V-OLD,20")
    where = "item.sku == 'OLD' && node.feed_age_hours > 2.0"
    rules = {"safety_stock": [{"name": "old news", "where": where, "percent": 50.0}]}
    assert (await api.put("/v1/exposure-rules/feeds", rules)).status_code == 201
    acted = await api.post("/v1/exposure-rules/feeds/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200, acted.text

    fresh = await _told(api, "OLD")
    api.clock.advance(hours=3)
    old = await _told(api, "OLD")
    refused = await api.post("/v1/orders", order("old-1", {"OLD": 11}))
    captured = await api.capture("old-2", {"OLD": 10})
    await _feed(api, "V-OLD", "OLD,V-OLD,20")
    after = await _told(api, "OLD")

    assert (fresh, old, after) == (("in_stock", 20), ("in_stock", 10), ("in_stock", 10))
    assert refused.status_code == 409
    decision = (await api.get(f"/v1/orders/{captured['order_id']}/explanation")).json()["decisions"][0]
    assert (decision["is_reproduced"], decision["missing"]) == (True, "")


async def test_a_routing_passes_over_old_news_and_is_reproduced(api: Api) -> None:
    await _vendor(api, "V-RULE", "RULE", due=None)
    routing = {
        "exclusions": [{"name": "old news", "expression": "node.feed_age_hours > 2.0"}],
        "tiers": [{"name": "anybody", "none": "backorder", "partial": "backorder"}],
    }
    flawed = {**routing, "exclusions": [{"name": "old news", "expression": "node.feed_age_hours == 'old'"}]}
    odd = "node.feed_age_hours > 3.0 && node.feed_age_hours < 2.0"
    checked = (await api.post("/v1/routings/feeds/check", flawed)).json()
    linted = (
        await api.post("/v1/routings/feeds/check", {**routing, "exclusions": [{"name": "odd", "expression": odd}]})
    ).json()
    assert (await api.put("/v1/routings/feeds", routing)).status_code == 201
    await activate(api, "feeds", 1)
    await _feed(api, "V-RULE", "RULE,V-RULE,20\nRULE,DC-IL,9")
    near = await api.capture("rule-1", {"RULE": 1})
    api.clock.advance(hours=3)
    await _feed(api, "V-IL", "RULE,DC-IL,9")
    far = await api.capture("rule-2", {"RULE": 1})
    await _feed(api, "V-RULE", "RULE,V-RULE,20")
    retired = await api.post("/v1/routings/feeds/retire", {"reason": "test"})

    answers = [
        (await api.get(f"/v1/orders/web:{name}/explanation", params={"node": "V-RULE"})).json()["decisions"][0]
        for name in ("rule-1", "rule-2")
    ]

    assert checked["errors"][0]["pointer"] == "/exclusions/0/expression"
    assert "node.feed_age_hours" in linted["findings"][0]["detail"]
    assert retired.status_code == 200
    assert [one["fulfillments"][0]["node"] for one in (near, far)] == ["V-RULE", "DC-IL"]
    assert [(one["is_reproduced"], one["missing"]) for one in answers] == [(True, ""), (True, "")]
    assert answers[1]["trace"]["removed"]["rule old news"] >= 1
    (candidate,) = answers[1]["trace"]["candidates"]
    assert (candidate["standing"], candidate["reason"]) == ("removed", "excluded_by_rules")


async def test_a_feed_that_is_due_is_said_in_whole_hours(api: Api) -> None:
    body = {"type": "drop_ship", "latitude": 40.7, "longitude": -74.1, "time_zone": "America/New_York"}
    none = await api.put("/v1/nodes/V-NONE", {**body, "feed_due_every_hours": 0})
    some = await api.put("/v1/nodes/V-SOME", {**body, "feed_due_every_hours": 24})

    assert (none.status_code, [one["pointer"] for one in none.json()["errors"]]) == (422, ["/feed_due_every_hours"])
    assert (await api.get("/v1/nodes/V-NONE")).status_code == 404
    assert (some.status_code, some.json()["feed_due_every_hours"]) == (201, 24)
