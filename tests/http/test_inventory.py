"""Stock over HTTP: adjusted and counted line by line, idempotent, and read as positions and ledger."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.builders import item, node, set_up
from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _set_up(api: Api, *skus: str) -> None:
    await set_up(api.system.pool, nodes=(node("DC-PA"), node("DC-IL")), items=tuple(item(sku) for sku in skus))
    await api.system.door.follow()


async def _adjust(api: Api, *lines: tuple[str, str, int], **more: Any) -> httpx.Response:
    adjustments = [{"node": at, "sku": sku, "delta": delta, "reason": "found"} for at, sku, delta in lines]
    return await api.post("/v1/inventory/adjustments", {"adjustments": adjustments}, **more)


async def _position(api: Api, sku: str, at: str = "DC-PA") -> dict[str, Any]:
    items = (await api.get("/v1/inventory", params={"sku": sku, "node": at})).json()["items"]
    found: dict[str, Any] = items[0] if items else {"on_hand": 0}
    return found


async def test_every_line_is_answered_and_a_refused_one_says_why(api: Api) -> None:
    await _set_up(api, "A1")

    answer = await _adjust(api, ("DC-PA", "A1", 5), ("DC-PA", "NOPE", 1), ("MARS", "A1", 1), ("DC-PA", "A1", -9))

    assert answer.status_code == 200
    body = answer.json()
    assert (body["accepted"], body["refused"]) == (1, 3)
    assert [result["ok"] for result in body["results"]] == [True, False, False, False]
    assert body["results"][1]["problem"] == {
        "type": "/problems/invalid-request",
        "title": "Invalid request",
        "status": 422,
        "code": "invalid-request",
        "transient": False,
        "errors": [{"pointer": "/adjustments/1/sku", "detail": "there is no item NOPE"}],
    }
    assert body["results"][2]["problem"]["errors"][0]["pointer"] == "/adjustments/2/node"
    assert body["results"][3]["problem"]["errors"] == [
        {"pointer": "/adjustments/3/delta", "detail": "only 5 units are on hand"}
    ]
    assert (await _position(api, "A1"))["on_hand"] == 5


async def test_where_no_line_is_accepted_the_whole_is_a_problem(api: Api) -> None:
    answer = await _adjust(api, ("DC-PA", "NOPE", 1), ("MARS", "NOPE", 1))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/adjustments/0/sku",
        "/adjustments/1/node",
        "/adjustments/1/sku",
    ]


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ({"delta": "5"}, "/adjustments/0/delta"),
        ({"delta": 1.5}, "/adjustments/0/delta"),
        ({"delta": 10**10}, "/adjustments/0/delta"),
        ({"delta": 1, "reason": ""}, "/adjustments/0/reason"),
        ({"delta": 1, "bin": "A"}, "/adjustments/0/bin"),
        ({"delta": 1, "sku": "A\u0000"}, "/adjustments/0/sku"),
        ({}, "/adjustments/0/delta"),
    ],
)
async def test_where_the_only_line_is_of_another_form_the_whole_is_a_problem(
    api: Api, line: dict[str, Any], pointer: str
) -> None:
    body = {"adjustments": [{"node": "DC-PA", "sku": "A2", "reason": "found", **line}]}

    answer = await api.post("/v1/inventory/adjustments", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_line_of_another_form_is_refused_by_itself_and_the_others_are_taken_once(api: Api) -> None:
    await _set_up(api, "T9")
    good = {"node": "DC-PA", "sku": "T9", "delta": 3, "reason": "found"}
    lines = [
        good | {"delta": "many"},
        good,
        5,
        good | {"bin": "A", "delta": None},
        good | {"sku": "NOPE"},
        good | {"delta": 1.5},
        good | {"delta": 2},
    ]
    headers = {"idempotency-key": "of-another-form"}

    answer = await api.post("/v1/inventory/adjustments", {"adjustments": lines}, headers=headers)
    again = await api.post("/v1/inventory/adjustments", {"adjustments": lines}, headers=headers)

    assert (answer.status_code, again.content) == (200, answer.content)
    body = answer.json()
    assert (body["accepted"], body["refused"]) == (2, 5)
    assert [(one["line"], one["ok"]) for one in body["results"]] == [(at, at in (1, 6)) for at in range(7)]
    pointers = [
        [error["pointer"] for error in one["problem"]["errors"]]
        for one in body["results"]
        if one["problem"] is not None
    ]
    assert pointers == [
        ["/adjustments/0/delta"],
        ["/adjustments/2"],
        ["/adjustments/3/delta", "/adjustments/3/bin"],
        ["/adjustments/4/sku"],
        ["/adjustments/5/delta"],
    ]
    assert (await _position(api, "T9"))["on_hand"] == 5


async def test_a_key_that_a_line_has_twice_refuses_that_line(api: Api) -> None:
    await _set_up(api, "T10")
    twice = b'{"node": "DC-PA", "sku": "T10", "delta": 1, "delta": 9, "reason": "found"}'
    once = b'{"node": "DC-PA", "sku": "T10", "delta": 4, "reason": "found"}'
    content = b'{"adjustments": [' + twice + b", " + once + b"]}"

    answer = await api.client.post(
        "/v1/inventory/adjustments", content=content, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["problem"]["errors"] == [
        {"pointer": "/adjustments/0/delta", "detail": "is given more than once"}
    ]
    assert (await _position(api, "T10"))["on_hand"] == 4


async def test_a_flaw_beside_the_lines_refuses_the_whole(api: Api) -> None:
    await _set_up(api, "T11")
    good = {"node": "DC-PA", "sku": "T11", "delta": 3, "reason": "found"}

    answer = await api.post("/v1/inventory/adjustments", {"adjustments": [good, good | {"delta": []}], "by": "me"})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/adjustments/1/delta", "/by"]
    assert (await _position(api, "T11"))["on_hand"] == 0


async def test_counts_rates_and_positions_of_another_form_hurt_only_their_own_lines(api: Api) -> None:
    await _set_up(api, "T12")
    at = api.system.door.now().isoformat()
    counts = [{"sku": "T12", "on_hand": [4]}, {"sku": "T12", "on_hand": 4}, {"sku": "T12", "on_hand": 5}]
    counted = await api.post("/v1/inventory/counts", {"node": "DC-PA", "as_of": at, "counts": counts})
    rates = [{"sku": "T12"}, {"sku": "T12", "node": "DC-PA", "weekly_units": 7}]
    rated = await api.post("/v1/inventory/sales-rates", {"rates": rates})
    theirs = [{"sku": "T12", "node": "DC-PA", "on_hand": "?"}, {"sku": "T12", "node": "DC-PA", "on_hand": 4}]
    as_of = api.system.door.now().isoformat()
    drift = await api.post("/v1/inventory/drift", {"system": "WMS", "as_of": as_of, "positions": theirs})

    assert [one["ok"] for one in counted.json()["results"]] == [False, True, False]
    assert counted.json()["results"][2]["problem"]["errors"] == [
        {"pointer": "/counts/2/sku", "detail": "T12 is counted already in line 1"}
    ]
    assert [one["ok"] for one in rated.json()["results"]] == [False, True]
    assert (drift.json()["compared"], [one["line"] for one in drift.json()["refused"]]) == (1, [0])
    assert (await _position(api, "T12"))["on_hand"] == 4


async def test_no_lines_at_all_are_refused(api: Api) -> None:
    assert (await api.post("/v1/inventory/adjustments", {"adjustments": []})).status_code == 422
    assert (await api.client.post("/v1/inventory/adjustments", content=b'{"adjust')).status_code == 400


async def test_the_same_key_moves_stock_once_and_another_body_is_refused(api: Api) -> None:
    await _set_up(api, "A3")
    headers = {"idempotency-key": "adjust-1"}

    first = await _adjust(api, ("DC-PA", "A3", 5), ("DC-PA", "NOPE", 5), headers=headers)
    again = await _adjust(api, ("DC-PA", "A3", 5), ("DC-PA", "NOPE", 5), headers=headers)
    other = await _adjust(api, ("DC-PA", "A3", 6), headers=headers)

    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert (await _position(api, "A3"))["on_hand"] == 5


async def test_a_count_is_merged_with_what_moved_since(api: Api) -> None:
    await _set_up(api, "A4")
    await _adjust(api, ("DC-PA", "A4", 10))
    as_of = api.clock.now + timedelta(minutes=1)
    api.clock.advance(minutes=2)
    await _adjust(api, ("DC-PA", "A4", -3))

    body = {"node": "DC-PA", "as_of": as_of.isoformat(), "counts": [{"sku": "A4", "on_hand": 8}]}
    answer = await api.post("/v1/inventory/counts", body)

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert (await _position(api, "A4"))["on_hand"] == 5


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"counts": [{"sku": "A5", "on_hand": -1}]}, "/counts/0/on_hand"),
        ({"counts": [{"sku": "NOPE", "on_hand": 1}]}, "/counts/0/sku"),
        ({"counts": []}, "/counts"),
        ({"as_of": "2030-01-01T00:00:00Z"}, "/as_of"),
        ({"as_of": "2026-11-23T09:00:00"}, "/as_of"),
        ({"as_of": "yesterday"}, "/as_of"),
        ({"node": "MARS"}, "/node"),
    ],
)
async def test_a_count_that_cannot_be_is_refused_by_field(api: Api, changes: dict[str, Any], pointer: str) -> None:
    await _set_up(api, "A5")
    body = {"node": "DC-PA", "as_of": "2026-11-23T09:00:00Z", "counts": [{"sku": "A5", "on_hand": 3}], **changes}

    answer = await api.post("/v1/inventory/counts", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await _position(api, "A5"))["on_hand"] == 0


async def test_positions_are_listed_by_sku_and_node_page_by_page(api: Api) -> None:
    await _set_up(api, "A6", "A7")
    await _adjust(api, ("DC-PA", "A6", 5), ("DC-IL", "A6", 2), ("DC-PA", "A7", 1))

    first = await api.get("/v1/inventory?sku=A6&sku=A7&limit=2")
    second = await api.get("/v1/inventory", params={"sku": ["A6", "A7"], "limit": "2", "cursor": first.json()["next"]})

    rows = [*first.json()["items"], *second.json()["items"]]
    assert [(row["sku"], row["node"], row["on_hand"]) for row in rows] == [
        ("A6", "DC-IL", 2),
        ("A6", "DC-PA", 5),
        ("A7", "DC-PA", 1),
    ]
    assert rows[0] == {
        "sku": "A6",
        "node": "DC-IL",
        "on_hand": 2,
        "reserved": 0,
        "safety_stock": 0,
        "protected": 0,
        "available": 2,
        "incoming": 0,
        "incoming_reserved": 0,
        "next_incoming_at": None,
        "lots": [],
    }


async def test_the_ledger_is_read_with_its_running_balance_page_by_page(api: Api) -> None:
    await _set_up(api, "A8")
    await _adjust(api, ("DC-PA", "A8", 5), ("DC-PA", "A8", -2), ("DC-PA", "A8", 4))
    path = "/v1/inventory/entries"

    first = await api.get(path, params={"sku": "A8", "node": "DC-PA", "limit": "2"})
    second = await api.get(path, params={"sku": "A8", "node": "DC-PA", "limit": "2", "cursor": first.json()["next"]})

    entries = [*first.json()["items"], *second.json()["items"]]
    assert [(entry["on_hand_delta"], entry["on_hand"]) for entry in entries] == [(4, 7), (-2, 3), (5, 5)]
    assert entries[0]["reason"] == "found"


@pytest.mark.parametrize("query", ["?sku=A8", "?node=DC-PA", "?sku=A8&node=DC-PA&cursor=nonsense", "?sku=%00&node=x"])
async def test_a_ledger_that_is_not_named_is_refused(api: Api, query: str) -> None:
    assert (await api.get(f"/v1/inventory/entries{query}")).status_code == 422


async def test_who_is_bound_to_a_node_sees_and_moves_only_its_stock(api: Api) -> None:
    await _set_up(api, "A9")
    await _adjust(api, ("DC-PA", "A9", 5), ("DC-IL", "A9", 2))
    key = await api.key_for("inventory:write", nodes=["DC-IL"])
    headers = {"authorization": f"Bearer {key}"}

    seen = await api.get("/v1/inventory?sku=A9", headers=headers)
    hidden = await api.get("/v1/inventory?sku=A9&node=DC-PA", headers=headers)
    ledger = await api.get("/v1/inventory/entries?sku=A9&node=DC-PA", headers=headers)
    moved = await _adjust(api, ("DC-PA", "A9", 1), headers=headers)

    assert [row["node"] for row in seen.json()["items"]] == ["DC-IL"]
    assert (hidden.status_code, ledger.status_code, moved.status_code) == (404, 404, 422)
    assert (await _position(api, "A9"))["on_hand"] == 5
