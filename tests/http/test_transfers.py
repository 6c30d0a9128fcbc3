"""Transfers over HTTP: planned as a whole, moved line by line, read and listed."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import item, node, set_up, stock
from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {
    "from": "DC-PA",
    "to": "ST-NYC",
    "expected_at": "2026-12-01T09:00:00-05:00",
    "lines": [{"sku": "TR-A", "quantity": 6}, {"sku": "TR-B", "quantity": 2}],
}


async def _set_up(api: Api) -> None:
    await set_up(api.system.pool, nodes=(node("DC-PA"), node("ST-NYC")), items=(item("TR-A"), item("TR-B")))
    await api.system.door.follow()
    await stock(api.system, {("TR-A", "DC-PA"): 10, ("TR-B", "DC-PA"): 10})


async def test_a_transfer_is_planned_shipped_received_and_lost_in_part(api: Api) -> None:
    await _set_up(api)
    created = await api.put("/v1/transfers/T-1", BODY)
    shipped = await api.post("/v1/transfers/T-1/ship", {"lines": [{"line": 1, "quantity": 5}]})
    received = await api.post("/v1/transfers/T-1/receive", {"lines": [{"line": 1, "quantity": 3}]})
    lost = await api.post("/v1/transfers/T-1/lose", {"reason": "stolen"})
    read = await api.get("/v1/transfers/T-1")

    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert [answer.status_code for answer in (shipped, received, lost)] == [200, 200, 200]
    assert read.json() == lost.json()
    assert read.json()["lines"][0] == {
        "line": 1, "sku": "TR-A", "quantity": 6, "planned": 1, "in_transit": 0, "received": 3, "lost": 2, "reserved": 0,
        "lot": "", "lots": [], "serials": [],
    }  # fmt: skip
    position = (await api.get("/v1/inventory?sku=TR-A&node=ST-NYC")).json()["items"][0]
    assert (position["on_hand"], position["incoming"]) == (3, 0)


async def test_a_transfer_whose_date_has_passed_says_so_until_it_has_arrived(api: Api) -> None:
    await _set_up(api)
    passed = (api.clock.now - timedelta(days=2)).isoformat()
    planned = await api.put("/v1/transfers/T-LATE", BODY | {"expected_at": passed})
    await api.post("/v1/transfers/T-LATE/ship")
    arrived = await api.post("/v1/transfers/T-LATE/receive")

    assert [one["pointer"] for one in planned.json()["findings"]] == ["/expected_at"]
    assert (arrived.status_code, arrived.json()["findings"]) == (200, [])


async def test_units_on_their_way_are_promised_and_shown_as_incoming(api: Api) -> None:
    await _set_up(api)
    await api.put("/v1/transfers/T-2", BODY)
    await api.post("/v1/transfers/T-2/ship")

    position = (await api.get("/v1/inventory?sku=TR-B&node=ST-NYC")).json()["items"][0]

    assert (position["incoming"], position["next_incoming_at"]) == (2, "2026-12-01T14:00:00Z")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"to": "DC-PA"}, "/to"),
        ({"from": "MARS"}, "/from"),
        ({"lines": []}, "/lines"),
        ({"lines": [{"sku": "NOPE", "quantity": 1}]}, "/lines/0/sku"),
        ({"lines": [{"sku": "TR-A", "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"line": 1, "sku": "TR-A", "quantity": 1}] * 2}, "/lines/1/line"),
        ({"expected_at": "soon"}, "/expected_at"),
    ],
)
async def test_what_a_transfer_cannot_be_is_named_by_field(api: Api, changes: dict[str, Any], pointer: str) -> None:
    await _set_up(api)

    answer = await api.put("/v1/transfers/T-BAD", BODY | changes)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await api.get("/v1/transfers/T-BAD")).status_code == 404


async def test_what_cannot_be_moved_names_the_line(api: Api) -> None:
    await _set_up(api)
    await api.put("/v1/transfers/T-3", BODY)

    more = await api.post("/v1/transfers/T-3/ship", {"lines": [{"line": 2, "quantity": 3}]})
    twice = await api.post("/v1/transfers/T-3/ship", {"lines": [{"line": 2, "quantity": 1}] * 2})
    none = await api.post("/v1/transfers/T-3/receive")
    nowhere = await api.post("/v1/transfers/T-NOT/ship")

    assert [error["pointer"] for error in more.json()["errors"]] == ["/lines/0/quantity"]
    assert [error["pointer"] for error in twice.json()["errors"]] == ["/lines/1/line"]
    assert [error["pointer"] for error in none.json()["errors"]] == ["/lines"]
    assert (more.status_code, twice.status_code, none.status_code, nowhere.status_code) == (422, 422, 422, 404)


async def test_the_same_key_ships_once_and_answers_the_same(api: Api) -> None:
    await _set_up(api)
    await api.put("/v1/transfers/T-4", BODY)
    body = {"lines": [{"line": 1, "quantity": 2}]}
    headers = {"idempotency-key": "ship-1"}

    first = await api.post("/v1/transfers/T-4/ship", body, headers=headers)
    again = await api.post("/v1/transfers/T-4/ship", body, headers=headers)

    assert (first.status_code, again.content) == (200, first.content)
    assert first.json()["lines"][0]["in_transit"] == 2


async def test_transfers_are_listed_by_node_and_seen_by_those_they_concern(api: Api) -> None:
    await _set_up(api)
    await set_up(api.system.pool, nodes=(node("DC-IL"),), items=())
    await api.system.door.follow()
    await api.put("/v1/transfers/T-5", BODY)
    key = await api.key_for("inventory:write", nodes=["DC-IL"])
    eve = {"authorization": f"Bearer {key}"}

    listed = await api.get("/v1/transfers?node=ST-NYC&limit=200")
    elsewhere = await api.get("/v1/transfers?node=DC-IL")

    assert "T-5" in [row["transfer_id"] for row in listed.json()["items"]]
    assert elsewhere.json()["items"] == []
    assert (await api.get("/v1/transfers", headers=eve)).json()["items"] == []
    assert (await api.get("/v1/transfers/T-5", headers=eve)).status_code == 404
    assert (await api.post("/v1/transfers/T-5/ship", headers=eve)).status_code == 404
    assert (await api.put("/v1/transfers/T-5", BODY, headers=eve)).status_code == 422
