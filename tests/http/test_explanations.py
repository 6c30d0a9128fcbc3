"""Explanations of captured orders: the decision is made again from what was kept, even when everything has moved."""

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import node
from tests.http.conftest import Api, order
from troth.flows.records.configure import set_node

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def explained(api: Api, order_id: str, query: str = "") -> dict[str, Any]:
    answer = await api.get(f"/v1/orders/{order_id}/explanation{query}")
    assert answer.status_code == 200, answer.text
    newest: dict[str, Any] = answer.json()["decisions"][0]
    return newest


async def test_a_decision_is_made_again_after_its_stock_is_gone(api: Api) -> None:
    first = await api.stocked("EXP-1", {"DC-PA": 5, "ST-NYC": 1})
    second = await api.stocked("EXP-2", {"DC-PA": 5})
    captured = await api.capture("EXP-GONE", {first: 1, second: 1})
    for number in range(4):
        await api.capture(f"EXP-GONE-{number}", {first: 1, second: 1})

    decision = await explained(api, captured["order_id"])

    assert (decision["is_reproduced"], decision["missing"]) == (True, "")
    trace = decision["trace"]
    assert len(trace["input_digest"]) == 32
    standings = {one["node"]: one["standing"] for one in trace["candidates"]}
    assert standings["DC-PA"] == "chosen"
    assert standings["ST-NYC"] == "partial"


async def test_a_decision_is_made_again_with_the_nodes_as_they_were(api: Api) -> None:
    sku = await api.stocked("EXP-3", {"DC-PA": 5, "ST-NYC": 5})
    captured = await api.capture("EXP-NODES", {sku: 1})
    before = await explained(api, captured["order_id"])

    await set_node(api.system, replace(node("DC-PA"), handling_minor=9_999), actor="test")
    await set_node(api.system, node("DC-NEW"), actor="test")
    after = await explained(api, captured["order_id"])
    await set_node(api.system, node("DC-PA"), actor="test")

    assert after["is_reproduced"] is True
    assert after["trace"] == before["trace"]


async def test_one_may_ask_why_not_a_certain_node(api: Api) -> None:
    sku = await api.stocked("EXP-4", {"DC-PA": 5, "ST-NYC": 0})
    captured = await api.capture("EXP-WHY-NOT", {sku: 1})

    decision = await explained(api, captured["order_id"], "?node=ST-NYC")

    assert [(one["node"], one["standing"], one["reason"]) for one in decision["trace"]["candidates"]] == [
        ("ST-NYC", "removed", "no_stock")
    ]


async def test_what_sooner_or_fewer_shipments_would_have_cost_is_answered_where_it_is_asked_for(api: Api) -> None:
    first = await api.stocked("EXP-F1", {"DC-PA": 5, "ST-NYC": 1})
    captured = await api.capture("EXP-FRONT", {first: 1})

    without = await explained(api, captured["order_id"])
    decision = await explained(api, captured["order_id"], "?front=true")

    assert without["fronts"] == []
    [front] = decision["fronts"]
    assert (front["is_complete"], front["reason"], front["left_out"]) == (True, "", 0)
    assert front["weights"]["delay_minor_per_day"] == {"amount": "1.50", "currency": "USD"}
    [chosen] = [plan for plan in front["plans"] if plan["is_chosen"]]
    assert chosen["dearer_by"]["amount"] == "0.00"
    assert float(chosen["best_at_day"]["least"]["amount"]) <= 1.50
    assert [shipment["line_ids"] for shipment in chosen["shipments"]] == [["1"]]
    for plan in front["plans"]:
        parts = {name: float(text) for name, text in plan["cost_to_serve"]["parts"].items()}
        paid = sum(amount for name, amount in parts.items() if name not in ("split", "delay"))
        assert float(plan["money"]["amount"]) == pytest.approx(paid)


async def test_a_re_sourced_order_has_both_decisions_and_both_can_be_made_again(api: Api) -> None:
    sku = await api.stocked("EXP-5", {"DC-PA": 5, "ST-NYC": 5})
    captured = await api.capture("EXP-AGAIN", {sku: 2})
    released = (await api.post(f"/v1/orders/{captured['order_id']}/release")).json()
    work = released["fulfillments"][0]
    await api.post(f"/v1/fulfillments/{work['fulfillment_id']}/accept", {})
    rejected = await api.post(f"/v1/fulfillments/{work['fulfillment_id']}/reject", {"reason": "no_capacity"})
    assert rejected.status_code == 200, rejected.text

    answer = (await api.get(f"/v1/orders/{captured['order_id']}/explanation")).json()

    assert [decision["is_reproduced"] for decision in answer["decisions"]] == [True, True]
    assert "excluded" in answer["decisions"][0]["trace"]["removed"]


async def test_an_order_that_was_paid_before_it_was_sourced_again_is_explained(api: Api) -> None:
    sku = await api.stocked("EXP-PAID", {"DC-PA": 5, "ST-NYC": 5})
    captured = await api.capture("EXP-PAID", {sku: 2})
    one_more = {"provider": "sandbox", "reference": "tok_1", "amount": {"amount": "10.00", "currency": "USD"}}
    paid = await api.post(f"/v1/orders/{captured['order_id']}/payments", one_more)
    assert paid.status_code == 200, paid.text
    await api.post(f"/v1/orders/{captured['order_id']}/release")
    (work,) = captured["fulfillments"]
    await api.post(f"/v1/fulfillments/{work['fulfillment_id']}/reject", {"reason": "no_capacity"})

    decision = await explained(api, captured["order_id"])

    assert (decision["is_reproduced"], "excluded" in decision["trace"]["removed"]) == (True, True)


async def test_what_would_have_flipped_a_quote_is_told_in_money(api: Api) -> None:
    sku = await api.stocked("EXP-6", {"DC-PA": 5, "ST-NYC": 0})
    body = order("EXP-QUOTE", {sku: 1})
    del body["external_id"]

    trace = (await api.post("/v1/quotes?explain=true", body)).json()["trace"]

    for flip in trace["flips"]:
        assert flip["summary"].endswith(".")
        assert set(flip["saves"]) == {"amount", "currency"}


async def test_a_node_that_there_is_not_is_named_in_the_refusal(api: Api) -> None:
    sku = await api.stocked("EXP-NOPE", {"DC-PA": 5})
    captured = await api.capture("EXP-NOPE", {sku: 1})

    answer = await api.get(f"/v1/orders/{captured['order_id']}/explanation?node=DC-PA&node=NOPE")

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"] == [{"pointer": "?node", "detail": "there is no node NOPE"}]


async def test_an_explanation_says_how_many_nodes_it_does_not_show_and_that_nothing_was_skipped(api: Api) -> None:
    sku = await api.stocked("EXP-CUT", {f"DC-X{at:02d}": 1 for at in range(26)})
    captured = await api.capture("EXP-CUT", {sku: 1})

    trace = (await explained(api, captured["order_id"]))["trace"]

    assert len(trace["candidates"]) == 24
    assert {one["reason"] for one in trace["candidates"]} == {"", "tie"}
    assert trace["left_out"]["has_stock"] == 2
    assert (trace["alternatives_skipped"], trace["flips_skipped"]) == (0, 0)


async def test_a_node_that_did_not_find_an_item_is_explained_as_left_out_for_it_and_not_at_all(api: Api) -> None:
    lamp = await api.stocked("EXP-LAMP", {"DC-PA": 5, "ST-NYC": 5})
    bulb = await api.stocked("EXP-BULB", {"DC-PA": 5})
    captured = await api.capture("EXP-OF-ITEM", {lamp: 2, bulb: 1})
    path = f"/v1/orders/{captured['order_id']}"
    work = captured["fulfillments"][0]
    assert work["node"] == "DC-PA"
    await api.post(f"{path}/release")
    picked = {"lines": [{"line_id": "1", "quantity": 0, "short_reason": "not_there"}]}
    answer = await api.post(f"/v1/fulfillments/{work['fulfillment_id']}/pick", picked)
    assert answer.status_code == 200, answer.text

    decision = await explained(api, captured["order_id"], "?node=DC-PA&node=ST-NYC")

    trace = decision["trace"]
    assert decision["is_reproduced"]
    assert [(one["node"], one["standing"], one["reason"]) for one in trace["candidates"]] == [
        ("DC-PA", "removed", "item_excluded"),
        ("ST-NYC", "chosen", ""),
    ]
    assert trace["candidates"][0]["summary"] == "could not provide it before"
    assert "excluded" not in trace["removed"]
    assert f"DC-PA is asked for all but {lamp}, which it could not provide" in trace["notes"]


async def test_attempts_that_failed_are_in_the_explanation_and_in_the_timeline(api: Api) -> None:
    sku = await api.stocked("EXP-TRIED", {"DC-PA": 5})
    captured = await api.capture("EXP-TRIED", {sku: 2})
    path = f"/v1/orders/{captured['order_id']}"
    work = captured["fulfillments"][0]["fulfillment_id"]
    await api.post(f"{path}/release")
    picked = {"lines": [{"line_id": "1", "quantity": 0, "short_reason": "not_there"}]}
    assert (await api.post(f"/v1/fulfillments/{work}/pick", picked)).status_code == 200

    explanation = (await api.get(f"{path}/explanation")).json()
    as_of = api.system.door.now().isoformat()
    counted = {"node": "DC-PA", "as_of": as_of, "counts": [{"sku": sku, "on_hand": 3}]}
    assert (await api.post("/v1/inventory/counts", counted)).status_code == 200
    found = (await api.get(f"{path}/explanation")).json()

    (attempt,) = explanation["attempts"]
    at = attempt.pop("at")
    assert attempt == {
        "fulfillment_id": work,
        "node": "DC-PA",
        "line_id": "1",
        "sku": sku,
        "quantity": 2,
        "outcome": "not_found",
        "reason": "not_there",
        "lot": None,
        "may_be_asked_again": False,
        "left_out": "sku",
    }
    assert explanation["attempts_max"] == 5
    assert [(one["may_be_asked_again"], one["left_out"]) for one in found["attempts"]] == [(True, None)]
    held = await api.post(f"{path}/holds", {"type": "manual", "reason": "asked by phone"})
    changed = await api.post(
        f"{path}/changes?preview=true",
        {"version": held.json()["version"], "actions": [{"action": "set_quantity", "line_id": "1", "quantity": 1}]},
    )
    for answer in (await api.get(path), await api.get(f"/v1/orders?sku={sku}"), held, changed):
        body = answer.json()
        timeline = (body["items"][0] if "items" in body else body)["timeline"]
        assert [(point["at"], point["fulfillment_id"]) for point in timeline if point["milestone"] == "not_found"] == [
            (at, work)
        ]
