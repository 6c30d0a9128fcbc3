"""Nodes with systems of their own over the API: asked, acknowledged, answered, posted to; each sees only its own."""

from typing import Any

import pytest

from tests.builders import item, set_up, stock
from tests.flows.telling_nodes import partner, tell
from tests.http.conftest import Api
from tests.worker.receiver import open_receiver
from troth.adapters.webhooks import open_sender
from troth.flows.log.deliver import deliver_round

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/nodes/3PL-1"


async def released(api: Api, external_id: str, units: int = 2) -> str:
    """An order that is the work of 3PL-1, of which it was told; its fulfillment."""
    await set_up(api.system.pool, nodes=(partner(), partner("3PL-2")), items=(item("NM"),))
    await api.system.door.follow()
    await stock(api.system, {("NM", "3PL-1"): units})
    made = await api.capture(external_id, {"NM": units})
    assert (await api.post(f"/v1/orders/{made['order_id']}/release")).status_code == 200
    await tell(api.system)
    work: str = made["fulfillments"][0]["fulfillment_id"]
    return work


async def test_a_node_says_how_it_is_reached(api: Api) -> None:
    body = {"type": "3pl", "latitude": 40.7, "longitude": -74.0}
    link = {"by": "file", "acknowledge_minutes": 30, "ship_minutes": 480, "contact": "Ben, +1 212 555 0100"}
    made = await api.put("/v1/nodes/3PL-9", body | {"link": link})
    shown = {"by": "file", "format": "csv", "folder": "3PL-9", "acknowledged_by": "delivery", "partner": None} | link
    assert (made.status_code, made.json()["link"]) == (201, shown)
    assert (await api.put("/v1/nodes/3PL-9", body | {"link": shown})).json()["link"] == shown
    posted = {"by": "webhook", "acknowledged_by": "answer"}
    said = (await api.put("/v1/nodes/3PL-9", body | {"link": posted})).json()["link"]
    assert {key: said[key] for key in posted} == posted
    assert (await api.put("/v1/nodes/3PL-9", body)).json()["link"] is None
    for wrong, pointer in (
        ({"by": "pigeon"}, "/link/by"),
        ({"by": "file", "folder": "../etc"}, "/link/folder"),
        ({"by": "api", "ship_minutes": 0}, "/link/ship_minutes"),
        ({"by": "webhook", "acknowledged_by": "smoke"}, "/link/acknowledged_by"),
        ({}, "/link/by"),
    ):
        refused = await api.put("/v1/nodes/3PL-9", body | {"link": wrong})
        assert [flaw["pointer"] for flaw in refused.json()["errors"]] == [pointer]
    unnamed = await api.put("/v1/nodes/a%20b", body | {"link": {"by": "file"}})
    assert [flaw["pointer"] for flaw in unnamed.json()["errors"]] == ["/link/folder"]


async def test_messages_are_asked_for_acknowledged_and_answered_by_a_key_of_the_node(api: Api) -> None:
    work = await released(api, "NM-1")
    own = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['3PL-1'])}"}
    found = (await api.get(f"{PATH}/messages", headers=own)).json()
    last = found["items"][-1]
    assert (last["kind"], last["work"]["fulfillment_id"], last["number"]) == ("release", work, found["last"])
    assert last["work"]["lines"] == [{"line_id": "1", "sku": "NM", "name": "Item NM", "quantity": 2, "lot": None}]
    body = {"through": found["last"]}
    done = [(await api.post(f"{PATH}/messages/acknowledge", body, headers=own)).json() for _ in range(2)]
    assert [one["acknowledged"] for one in done] == [len(found["items"]), 0]
    assert (await api.get(f"{PATH}/messages", headers=own)).json()["items"] == []

    answers = {
        "answers": [
            {"answer": "accept", "fulfillment_id": work},
            {"answer": "accept", "fulfillment_id": "O-0000000000000000000-F1"},
            {"answer": "ship", "fulfillment_id": work, "packages": [{"package_id": "1", "tracking_number": "1ZNM"}]},
        ]
    }
    taken = (await api.post(f"{PATH}/answers", answers, headers=own)).json()
    assert (taken["done"], taken["known"], taken["refused"]) == (2, 0, 1)
    assert taken["results"][1]["problem"]["code"] == "not-found"
    again = (await api.post(f"{PATH}/answers", answers, headers=own)).json()
    assert (again["done"], again["known"], again["refused"]) == (0, 2, 1)
    assert (await api.get(f"/v1/fulfillments/{work}", headers=own)).json()["status"] == "shipped"


async def test_a_key_of_another_node_sees_and_says_nothing(api: Api) -> None:
    work = await released(api, "NM-2")
    other = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['3PL-2'])}"}
    customer = {"authorization": f"Bearer {await api.key_for('fulfillments:write', customers=['C-1'])}"}
    accept = {"answers": [{"answer": "accept", "fulfillment_id": work}]}
    for headers in (other, customer):
        answered = [
            await api.get(f"{PATH}/messages", headers=headers),
            await api.post(f"{PATH}/messages/acknowledge", {"through": 1}, headers=headers),
            await api.post(f"{PATH}/messages/test", headers=headers),
            await api.post(f"{PATH}/answers", accept, headers=headers),
        ]
        assert [one.status_code for one in answered] == [404] * 4
    assert (await api.post(f"/v1/fulfillments/{work}/remind", headers=other)).status_code == 404
    mine = await api.post("/v1/nodes/3PL-2/answers", accept, headers=other)
    assert mine.json()["results"][0]["problem"]["code"] == "not-found"
    assert (await api.get(f"/v1/fulfillments/{work}")).json()["status"] == "released"


async def test_what_is_withdrawn_is_refused_by_its_own_word_also_where_everybody_reports(api: Api) -> None:
    work = await released(api, "NM-3")
    order = work.rpartition("-F")[0]
    assert (await api.post(f"/v1/orders/{order}/cancel?recall=true", {"reason": "changed my mind"})).status_code == 200
    late = await api.post(f"/v1/fulfillments/{work}/accept")
    assert (late.status_code, late.json()["code"]) == (409, "work-withdrawn")
    assert late.json()["detail"].startswith("This work is no longer the node's")


async def test_a_node_that_is_posted_to_has_acknowledged_what_it_took(api: Api) -> None:
    async with open_receiver() as receiver, open_sender() as post:
        wrong = await api.post("/v1/webhooks", {"url": receiver.url, "node": "3PL-1", "kinds": ["OrderCaptured"]})
        nobody = await api.post("/v1/webhooks", {"url": receiver.url, "node": "3PL-0"})
        pointers = [flaw["pointer"] for one in (wrong, nobody) for flaw in one.json()["errors"]]
        assert pointers == ["/kinds", "/node"]
        await set_up(api.system.pool, nodes=(partner(),), items=(item("NM"),))
        made: dict[str, Any] = (await api.post("/v1/webhooks", {"url": receiver.url, "node": "3PL-1"})).json()
        assert (made["node"], made["kinds"]) == ("3PL-1", ["NodeTold"])
        work = await released(api, "NM-4")
        assert (await api.post("/v1/nodes/3PL-2/messages/test")).status_code == 201
        await deliver_round(api.system.pool, post, limit=100)

        of_work = {one.payload["data"]["work"]["fulfillment_id"]: one for one in receiver.received}
        received = of_work[work]
        assert (received.payload["type"], received.payload["subject"]) == ("NodeTold", "node:3PL-1")
        number = received.payload["data"]["number"]
        shown = (await api.get(f"{PATH}/messages?after={number - 1}&limit=1")).json()["items"]
        assert [one["acknowledged_by"] for one in shown] == [f"webhook/{made['webhook_id']}"]
        assert {one.payload["subject"] for one in receiver.received} == {"node:3PL-1"}
        path = f"/v1/webhooks/{made['webhook_id']}"
        other = await api.client.patch(path, json={"kinds": ["OrderCaptured"]})
        assert [flaw["pointer"] for flaw in other.json()["errors"]] == ["/kinds"]


async def test_a_release_is_sent_again_and_a_test_needs_a_link(api: Api) -> None:
    work = await released(api, "NM-5")
    again = await api.post(f"/v1/fulfillments/{work}/remind")
    assert (again.status_code, again.json()["kind"], again.json()["repeats"]) == (
        201, "release", again.json()["number"] - 1,
    )  # fmt: skip
    await api.stocked("NM-X", {"DC-PA": 1})
    assert (await api.post("/v1/nodes/DC-PA/messages/test")).json()["errors"][0]["pointer"] == "/link"
    nothing = await api.post(f"{PATH}/messages/acknowledge", {})
    assert (nothing.status_code, nothing.json()["errors"][0]["pointer"]) == (422, "/through")
