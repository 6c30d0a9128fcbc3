"""Purchase orders over HTTP: set as a whole, read with how far they arrived, guarded by their version."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import item, node, set_up
from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = "2026-12-01T09:00:00-05:00"


def _line(quantity: float = 10, **changes: Any) -> dict[str, Any]:
    return {"node": "DC-PA", "sku": "PO-A", "quantity": quantity, "expected_at": SOON, **changes}


async def _set_up(api: Api) -> None:
    await set_up(api.system.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("PO-A"), item("PO-B")))
    await api.system.door.follow()


async def test_a_purchase_order_is_created_received_in_part_and_sent_again_as_it_is(api: Api) -> None:
    await _set_up(api)
    created = await api.put("/v1/purchase-orders/P-1", {"lines": [_line(), _line(3, sku="PO-B")]})
    receipt = {"node": "DC-PA", "sku": "PO-A", "delta": 4, "reason": "receipt", "reference": "P-1"}
    await api.post("/v1/inventory/adjustments", {"adjustments": [receipt]})
    read = await api.get("/v1/purchase-orders/P-1")

    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert [(line["line"], line["quantity"], line["received"]) for line in read.json()["lines"]] == [
        (1, 10, 4),
        (2, 3, 0),
    ]
    assert read.json()["lines"][0]["expected_at"] == "2026-12-01T14:00:00Z"

    changed = await api.put(
        "/v1/purchase-orders/P-1", {"lines": [_line(12)]}, headers={"if-match": read.headers["etag"]}
    )

    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    position = (await api.get("/v1/inventory?sku=PO-A&node=DC-PA")).json()["items"][0]
    assert (position["on_hand"], position["incoming"], position["next_incoming_at"]) == (4, 8, "2026-12-01T14:00:00Z")
    lost = await api.put("/v1/purchase-orders/P-1", {"lines": []}, headers={"if-match": '"1"'})
    assert lost.status_code == 412


@pytest.mark.parametrize(
    ("lines", "pointers"),
    [
        ([_line(0)], ["/lines/0/quantity"]),
        ([_line(-1)], ["/lines/0/quantity"]),
        ([_line(sku="NOPE")], ["/lines/0/sku"]),
        ([_line(node="MARS")], ["/lines/0/node"]),
        ([_line(expected_at="soon")], ["/lines/0/expected_at"]),
        ([_line(expected_at="2026-12-01T09:00:00")], ["/lines/0/expected_at"]),
        ([_line(line=1), _line(line=1)], ["/lines/1/line"]),
        ([_line(color="red")], ["/lines/0/color"]),
    ],
)
async def test_what_a_purchase_order_cannot_bring_is_named_by_field(
    api: Api, lines: list[dict[str, Any]], pointers: list[str]
) -> None:
    await _set_up(api)

    answer = await api.put("/v1/purchase-orders/P-BAD", {"lines": lines})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await api.get("/v1/purchase-orders/P-BAD")).status_code == 404


async def test_what_was_received_cannot_be_withdrawn(api: Api) -> None:
    await _set_up(api)
    await api.put("/v1/purchase-orders/P-2", {"lines": [_line()]})
    receipt = {"node": "DC-PA", "sku": "PO-A", "delta": 4, "reason": "receipt", "reference": "P-2"}
    await api.post("/v1/inventory/adjustments", {"adjustments": [receipt]})

    answer = await api.put("/v1/purchase-orders/P-2", {"lines": [_line(3)]})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/lines", "detail": "4 units of PO-A were already received"}]
    assert (await api.get("/v1/purchase-orders/P-2")).json()["lines"][0]["quantity"] == 10


async def test_a_date_that_has_passed_is_a_finding_and_what_comes_late_is_counted_on_later(api: Api) -> None:
    await _set_up(api)
    now = api.clock.now
    lines = [
        _line(sku="PO-B", line=1, expected_at=(now - timedelta(days=3)).isoformat()),
        _line(sku="PO-B", line=2, expected_at=(now - timedelta(days=90)).isoformat()),
        _line(sku="PO-B", line=3, expected_at=(now + timedelta(days=3)).isoformat()),
    ]

    answer = (await api.put("/v1/purchase-orders/P-LATE", {"lines": lines})).json()

    later = (now + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    assert [(line["counted_from"] or "never")[:16] for line in answer["lines"]] == [later, "never", later]
    assert [(one["pointer"], one["detail"][:18]) for one in answer["findings"]] == [
        ("/lines/0/expected_at", "passed 3 days ago:"),
        ("/lines/1/expected_at", "passed 90 days ago"),
    ]
    (position,) = (await api.get("/v1/inventory", params={"sku": "PO-B", "node": "DC-PA"})).json()["items"]
    assert (position["incoming"], position["next_incoming_at"][:16]) == (30, later)
    await api.put("/v1/purchase-orders/P-LATE", {"lines": [lines[1]]})
    (position,) = (await api.get("/v1/inventory", params={"sku": "PO-B", "node": "DC-PA"})).json()["items"]
    assert (position["incoming"], position["next_incoming_at"]) == (10, None)
    await api.put("/v1/purchase-orders/P-LATE", {"lines": []})


async def test_purchase_orders_are_listed_page_by_page(api: Api) -> None:
    await _set_up(api)
    for number in ("Q-1", "Q-2", "Q-3"):
        await api.put(f"/v1/purchase-orders/{number}", {"lines": [_line(), _line(5)]})

    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get("/v1/purchase-orders", params={"limit": "2", "cursor": cursor})).json()
        found += page["items"]
        cursor = page["next"]

    listed = {row["number"]: row for row in found}
    assert list(listed) == sorted(listed)
    assert listed["Q-2"] == {
        "number": "Q-2",
        "lines": 2,
        "quantity": 15,
        "measured": [],
        "expected_from": "2026-12-01T14:00:00Z",
        "expected_to": "2026-12-01T14:00:00Z",
    }


async def test_a_purchase_order_in_the_list_adds_up_pieces_and_each_measure_by_itself(api: Api) -> None:
    await _set_up(api)
    await api.stocked("PO-CABLE", {}, decimals=2, unit="m")
    lines = [_line(), _line(sku="PO-CABLE", quantity=2.25), _line(sku="PO-CABLE", quantity=1)]
    await api.put("/v1/purchase-orders/M-1", {"lines": lines})

    listed = (await api.get("/v1/purchase-orders", params={"limit": "200"})).json()["items"]

    (row,) = [one for one in listed if one["number"] == "M-1"]
    assert (row["lines"], row["quantity"], row["measured"]) == (3, 10, [{"unit": "m", "units": 3.25}])


async def test_who_is_bound_to_a_node_neither_sees_nor_changes_what_comes_elsewhere(api: Api) -> None:
    await _set_up(api)
    await api.put("/v1/purchase-orders/P-3", {"lines": [_line()]})
    key = await api.key_for("inventory:write", nodes=["DC-IL"])
    headers = {"authorization": f"Bearer {key}"}

    assert (await api.get("/v1/purchase-orders/P-3", headers=headers)).status_code == 404
    assert (await api.put("/v1/purchase-orders/P-3", {"lines": []}, headers=headers)).status_code == 422
    assert len((await api.get("/v1/purchase-orders/P-3")).json()["lines"]) == 1
