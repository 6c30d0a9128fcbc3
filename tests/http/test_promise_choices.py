"""The choices of a customer whose promise is worse, each taken by the operation that it names, once and as seen."""

from typing import Any

import pytest

from tests.builders import node, set_up, stock
from tests.http.conftest import Api, order
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.orders.repromise import repromise_moved
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.model.ids import Sku
from troth.model.item import Substitute

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_SHIP = {"name": "hands over only", "where": "node.id == 'ST-NYC'", "methods": ["ship"]}


async def _lost(api: Api, sku: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """An order of two units that are lost, while a store has two and so has another item that may stand in; the path of
    the order and its choices by kind.
    """
    instead = await api.stocked(f"{sku}-B", {"DC-PA": 5})
    await api.stocked(sku, {"DC-PA": 2, "ST-NYC": 2}, substitutes=(Substitute(Sku(instead), 200),))
    saved = await save_draft(api.system, EXPOSURE_RULES, "stores", {"exclusions": [NO_SHIP]}, actor="ann")
    assert isinstance(saved, Saved)
    await activate(api.system, EXPOSURE_RULES, "stores", saved.document.version, reason="test", actor="ann")
    body = order(sku, {sku: 2})
    body["lines"][0]["substitutes"] = "offer"
    captured = await api.post("/v1/orders", body)
    assert captured.status_code == 201, captured.text
    counted = {"node": "DC-PA", "as_of": api.clock().isoformat(), "counts": [{"sku": sku, "on_hand": 0}]}
    assert (await api.post("/v1/inventory/counts", counted)).status_code == 200
    await repromise_moved(api.system)
    path = f"/v1/orders/{captured.json()['order_id']}"
    events = (await api.get(f"{path}/events")).json()["items"]
    (told,) = [event["body"] for event in events if event["kind"] == "PromiseChanged"]
    assert [(line["quantity"], line["after"]) for line in told["lines"]] == [(2, None)]
    return path, {choice["kind"]: choice for choice in told["choices"]}


async def test_a_line_is_canceled_once_and_only_as_it_was_seen(api: Api) -> None:
    path, choices = await _lost(api, "CHOICE-1")
    cancel = choices["cancel"]
    assert (cancel["operation"], choices["keep"]["operation"]) == ("cancel_order", "")
    body = {"reason": "too late", "lines": cancel["lines"]}
    seen = (await api.get(path)).headers["etag"]

    stale = await api.post(f"{path}/cancel", body, headers={"If-Match": '"1"'})
    keyed = {"If-Match": seen, "Idempotency-Key": "choice-1"}
    taken, again = [await api.post(f"{path}/cancel", body, headers=keyed) for _ in range(2)]

    assert stale.status_code == 412
    assert (taken.status_code, taken.json()["status"]) == (200, "canceled")
    assert again.content == taken.content
    assert await api.available("CHOICE-1") == {"DC-PA": 0, "ST-NYC": 2}


async def test_a_pickup_is_taken_by_a_change_and_promised_as_it_was_offered(api: Api) -> None:
    path, choices = await _lost(api, "CHOICE-2")
    pickup = choices["pickup"]
    assert (pickup["operation"], pickup["node"], pickup["lines"]) == ("change_order", "ST-NYC", [])
    seen = (await api.get(path)).headers["etag"]
    action = {"action": "set_method", "method": "pickup", "pickup_node": pickup["node"]}
    body = {"reason": "chosen", "actions": [action]}

    taken = await api.post(f"{path}/changes", body, headers={"If-Match": seen})

    assert taken.status_code == 200, taken.text
    (work,) = [one for one in taken.json()["fulfillments"] if one["status"] == "reserved"]
    assert (work["node"], work["method"], work["promised_at"]["to"]) == ("ST-NYC", "pickup", pickup["promised_at"])
    assert await api.available("CHOICE-2") == {"DC-PA": 0, "ST-NYC": 0}


async def test_of_an_order_that_goes_otherwise_a_line_alone_is_picked_up(api: Api) -> None:
    await set_up(api.system.pool, nodes=(node("ST-OWN", services=("none",), latitude=40.75, longitude=-73.99),))
    other = await api.stocked("CHOICE-4-REST", {"DC-PA": 5})
    sku = await api.stocked("CHOICE-4", {"DC-PA": 2})
    await stock(api.system, {(sku, "ST-OWN"): 2})
    captured = await api.capture("CHOICE-4", {other: 1, sku: 2})
    counted = {"node": "DC-PA", "as_of": api.clock().isoformat(), "counts": [{"sku": sku, "on_hand": 0}]}
    assert (await api.post("/v1/inventory/counts", counted)).status_code == 200
    await repromise_moved(api.system)
    path = f"/v1/orders/{captured['order_id']}"
    events = (await api.get(f"{path}/events")).json()["items"]
    (told,) = [event["body"] for event in events if event["kind"] == "PromiseChanged"]
    pickup = {choice["kind"]: choice for choice in told["choices"]}["pickup"]
    assert (pickup["node"], pickup["lines"]) == ("ST-OWN", [{"line_id": "2", "quantity": 2}])

    action = {"action": "set_method", "method": "pickup", "pickup_node": "ST-OWN", "line_id": "2"}
    taken = await api.post(f"{path}/changes", {"reason": "chosen", "actions": [action]})

    assert taken.status_code == 200, taken.text
    works = [(one["node"], one["method"]) for one in taken.json()["fulfillments"] if one["status"] == "reserved"]
    assert sorted(works) == [("DC-PA", "ship"), ("ST-OWN", "pickup")]
    assert [one["promised_at"]["to"] for one in taken.json()["fulfillments"]][-1] == pickup["promised_at"]


async def test_a_substitute_is_taken_by_a_change_at_its_price(api: Api) -> None:
    path, choices = await _lost(api, "CHOICE-3")
    other = choices["substitute"]
    assert (other["operation"], other["sku"], other["price_delta_minor"]) == ("change_order", "CHOICE-3-B", 200)
    action = {"action": "substitute", "sku": other["sku"], "unit_price": {"amount": "21.90", "currency": "USD"}}
    body = {"reason": "chosen", "actions": [action | {"line_id": line["line_id"]} for line in other["lines"]]}

    taken = await api.post(f"{path}/changes", body)

    assert taken.status_code == 200, taken.text
    assert (taken.json()["status"], taken.json()["lines"][0]["sku"]) == ("promised", "CHOICE-3-B")
    assert await api.available("CHOICE-3-B") == {"DC-PA": 3}
