"""Recalls over HTTP: asked of a node, answered by it, and asked by a cancelation or a change that needs one."""

from typing import Any

import pytest

from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHICAGO = {
    "name": "Ada Park", "line1": "1 State St", "city": "Chicago", "region": "IL", "postcode": "60601", "country": "US",
}  # fmt: skip


async def at_node(api: Api, sku: str, *steps: str) -> tuple[dict[str, Any], str]:
    """An order of three units that its node has come so far with, and the path of the work."""
    await api.stocked(sku, {"DC-PA": 10, "DC-IL": 10})
    order = await api.capture(sku.lower(), {sku: 3})
    await api.post(f"/v1/orders/{order['order_id']}/release")
    path = f"/v1/fulfillments/{order['fulfillments'][0]['fulfillment_id']}"
    for step in steps:
        answer = await api.post(f"{path}/{step}", {})
        assert answer.status_code == 200, answer.text
    return order, path


async def order_of(api: Api, order: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = (await api.get(f"/v1/orders/{order['order_id']}")).json()
    return body


async def test_a_node_is_asked_and_gives_some_of_it_back(api: Api) -> None:
    order, path = await at_node(api, "RECALL-1", "pick")
    asked = await api.post(f"{path}/recall", {"reason": "not wanted", "lines": [{"line_id": "1", "quantity": 2}]})

    recall = asked.json()["recall"]
    assert (recall["state"], recall["kind"], recall["units"]) == (
        "requested",
        "cancel",
        [{"line_id": "1", "quantity": 2}],
    )
    assert (recall["answer_by"] > recall["asked_at"], recall["lapses"]) == (True, "refused")
    assert asked.json()["possible"][-2:] == ["accept-recall", "refuse-recall"]
    waiting = (await api.get("/v1/recalls", params={"node": order["fulfillments"][0]["node"]})).json()["items"]
    assert [one["fulfillment_id"] for one in waiting] == [order["fulfillments"][0]["fulfillment_id"]]

    many = await api.post(f"{path}/accept-recall", {"lines": [{"line_id": "1", "quantity": 3}]})
    given = await api.post(
        f"{path}/accept-recall", {"reason": "one was cut", "lines": [{"line_id": "1", "quantity": 1}]}
    )

    assert (many.status_code, many.json()["errors"][0]["detail"]) == (422, "2 units of line 1 can be given back")
    told = (await order_of(api, order))["promise"]["message"]
    assert told.startswith("DC-PA could hold back only a part of it. "), told
    assert given.json()["recall"]["given"] == [{"line_id": "1", "quantity": 1}]
    after = await order_of(api, order)
    assert (after["lines"][0]["canceled_quantity"], after["recalls"][0]["state"]) == (1, "given_back")
    assert (await api.get("/v1/recalls")).json()["items"] == []


async def test_a_node_refuses_with_a_reason(api: Api) -> None:
    order, path = await at_node(api, "RECALL-2", "pack")
    await api.post(f"{path}/recall", {"reason": "not wanted"})
    asked = (await order_of(api, order))["promise"]["message"]
    blank = await api.post(f"{path}/refuse-recall", {"reason": ""})
    refused = await api.post(f"{path}/refuse-recall", {"reason": "it is on the truck"})
    late = await api.post(f"{path}/accept-recall")

    assert (blank.status_code, blank.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert (refused.json()["recall"]["state"], refused.json()["status"]) == ("refused", "packed")
    assert (late.status_code, late.json()["code"]) == (409, "not-possible-now")
    after = await order_of(api, order)
    assert after["lines"][0]["canceled_quantity"] == 0
    assert asked.startswith("DC-PA was asked to hold it back, and answers today by "), asked
    assert after["promise"]["message"].startswith("DC-PA could not hold it back: it comes as it was promised. "), after[
        "promise"
    ]["message"]


async def test_a_cancelation_asks_the_node_and_says_until_when(api: Api) -> None:
    order, path = await at_node(api, "RECALL-3", "pick")
    answer = await api.post(f"/v1/orders/{order['order_id']}/cancel", {"reason": "not wanted"}, params={"recall": True})

    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "in_fulfillment")
    assert [(one["state"], one["reason"]) for one in body["recalls"]] == [("requested", "not wanted")]
    await api.post(f"{path}/accept-recall")
    assert (await order_of(api, order))["status"] == "canceled"


async def test_a_change_of_address_asks_the_node_and_is_made_with_its_answer(api: Api) -> None:
    order, path = await at_node(api, "RECALL-4", "pick")
    changes = f"/v1/orders/{order['order_id']}/changes"
    body = {"reason": "moved", "actions": [{"action": "set_address", "ship_to": CHICAGO}]}
    late = await api.post(changes, body)
    asked = await api.post(changes, body, params={"recall": True})

    assert (late.status_code, late.json()["errors"][0]["pointer"]) == (422, "/actions/0")
    assert asked.json()["recalls"][0]["actions"] == ["set_address"]
    assert (asked.json()["ship_to"]["city"], asked.json()["changed"]["fields"]) == ("New York", [])
    await api.post(f"{path}/accept-recall", {"reason": "put back"})
    after = await order_of(api, order)
    assert (after["ship_to"]["city"], after["status"]) == ("Chicago", "promised")


async def test_a_node_is_asked_to_leave_its_work_to_another(api: Api) -> None:
    order, path = await at_node(api, "RECALL-5", "accept")
    node = order["fulfillments"][0]["node"]
    answer = await api.post(f"{path}/recall", {"kind": "resource", "reason": "the dock is closed"})

    assert (answer.json()["recall"]["state"], answer.json()["recall"]["answer"]) == (
        "given_back", "not begun, given back by rule",
    )  # fmt: skip
    after = await order_of(api, order)
    live = {work["node"] for work in after["fulfillments"] if work["status"] == "reserved"}
    assert live == {"DC-PA", "DC-IL"} - {node}


async def test_a_change_can_be_asked_of_a_node_directly(api: Api) -> None:
    order, path = await at_node(api, "RECALL-6", "pick")
    body = {"kind": "change", "reason": "moved", "actions": [{"action": "set_address", "ship_to": CHICAGO}]}
    flawed = await api.post(f"{path}/recall", {**body, "actions": []})
    asked = await api.post(f"{path}/recall", body)
    again = await api.post(f"{path}/recall", body)

    assert (flawed.status_code, flawed.json()["errors"][0]["pointer"]) == (422, "/actions")
    assert asked.json()["recall"]["kind"] == "change"
    assert (again.status_code, again.json()["possible"]) == (409, ["accept", "refuse"])
    await api.post(f"{path}/ship")
    after = await order_of(api, order)
    assert [(one["state"], one["outcome"]) for one in after["recalls"]] == [("ended", "it has left")]


async def test_only_the_node_itself_answers_and_only_who_may_write_orders_asks(api: Api) -> None:
    order, path = await at_node(api, "RECALL-7", "pick")
    other = "DC-IL" if order["fulfillments"][0]["node"] == "DC-PA" else "DC-PA"
    stranger = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=[other])}"}
    worker = {"authorization": f"Bearer {await api.key_for('fulfillments:write')}"}
    asked = await api.post(f"{path}/recall", {"reason": "r"}, headers=worker)
    await api.post(f"{path}/recall", {"reason": "r"})
    answered = await api.post(f"{path}/accept-recall", headers=stranger)
    seen = await api.get("/v1/recalls", headers=stranger)

    assert (asked.status_code, answered.status_code, seen.json()["items"]) == (403, 404, [])
    assert (await order_of(api, order))["recalls"][0]["state"] == "requested"


async def test_the_tables_say_what_may_be_asked_of_a_node(api: Api) -> None:
    tables = (await api.get("/v1/lifecycles")).json()
    assert tables["by_recall"]["operator"]["set_address"] == ["accepted", "packed", "picked", "ready", "released"]
    assert tables["by_recall"]["customer"]["cancel"] == ["accepted", "packed", "picked", "ready", "released"]
    assert "cancel" not in tables["by_recall"]["operator"]  # who may do it at once
    assert {one["event"] for one in tables["recall"]["transitions"]} == {"accept", "refuse", "end"}
    assert {one["to"] for one in tables["wave"]["transitions"]} == {"open", "held", "closed"}


async def test_a_customer_may_have_a_node_asked_for_what_is_too_late_to_be_done_at_once(api: Api) -> None:
    order, path = await at_node(api, "RECALL-8", "pick")
    cancel = f"/v1/orders/{order['order_id']}/cancel"
    body = {"reason": "changed my mind", "by": "customer"}
    before = (await order_of(api, order))["possible"]
    late = await api.post(cancel, body)
    asked = await api.post(cancel, body, params={"recall": True})

    assert "cancel" in before["by_recall"]["customer"]
    assert (late.status_code, late.json()["code"]) == (409, "not-possible-now")
    assert (asked.status_code, asked.json()["recalls"][0]["state"]) == (200, "requested")
    assert asked.json()["possible"]["by_recall"] == {}  # the node is asked already, and a second time it is refused
    await api.post(f"{path}/accept-recall")
    assert (await order_of(api, order))["status"] == "canceled"


async def test_what_a_hold_blocks_is_not_asked_of_a_node(api: Api) -> None:
    order, _path = await at_node(api, "RECALL-9", "pick")
    url = f"/v1/orders/{order['order_id']}"
    held = await api.post(f"{url}/holds", {"type": "fraud", "blocks": ["change"]})
    actions = [{"action": "set_address", "ship_to": CHICAGO}]
    refused = await api.post(f"{url}/changes", {"reason": "moved", "actions": actions}, params={"recall": True})

    assert held.json()["possible"]["by_recall"] == {"customer": ["cancel"]}
    assert (refused.status_code, refused.json()["code"], refused.json().get("recalls")) == (409, "order-on-hold", None)
