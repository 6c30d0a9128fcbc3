"""Feeds, counts, variances, drift and sales rates over HTTP."""

import gzip
import random
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.builders import NOW, item, node, set_up
from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = {"content-type": "text/csv"}


async def _set_up(api: Api, *skus: str) -> None:
    await set_up(
        api.system.pool,
        nodes=(node("DC-PA"), node("DC-IL")),
        items=tuple(item(sku, cost_minor=800) for sku in skus),
    )
    await api.system.door.follow()


async def _feed(api: Api, text: str, name: str = "WMS", **query: str) -> httpx.Response:
    headers = {"content-type": query.pop("content_type", "text/csv")}
    asked = {"as_of": api.clock.now.isoformat()} | query
    return await api.client.post(f"/v1/inventory/feeds/{name}", params=asked, headers=headers, content=text.encode())


async def _on_hand(api: Api, sku: str, at: str = "DC-PA") -> int:
    items = (await api.get("/v1/inventory", params={"sku": sku, "node": at})).json()["items"]
    return int(items[0]["on_hand"]) if items else 0


async def test_a_feed_of_csv_is_taken_in_and_says_which_rows_were_refused(api: Api) -> None:
    await _set_up(api, "F1", "F2")

    answer = await _feed(api, "sku,node,on_hand\nF1,DC-PA,7\nNOPE,DC-PA,1\nF2,DC-PA,x\n", reference="N-1")
    listed = await api.get("/v1/inventory/feeds/WMS")

    told = answer.json()
    assert (answer.status_code, told["status"], told["accepted"], told["moved"]) == (200, "taken_in", 1, 1)
    assert told["refused_rows"] == [
        {
            "line": 3,
            "column": "sku",
            "reason": "there is no item NOPE",
            "row": "NOPE,DC-PA,1",
        },
        {"line": 4, "column": "on_hand", "reason": "must be a number, not x", "row": "F2,DC-PA,x"},
    ]
    assert await _on_hand(api, "F1") == 7
    assert [(row["reference"], row["rows"], row["is_whole"]) for row in listed.json()["items"]] == [("N-1", 3, True)]


async def test_a_feed_may_come_as_gzip_and_half_of_one_goes_on_when_it_is_sent_again(api: Api) -> None:
    draw = random.Random(7)
    skus = [f"GZ-{number}" for number in range(2_000)]
    await _set_up(api, *skus)
    units = {sku: draw.randint(1, 10**6) for sku in skus}
    whole = "sku,node,on_hand\n" + "".join(f"{sku},DC-PA,{count}\n" for sku, count in units.items())
    packed = gzip.compress(whole[:20_000].encode()) + gzip.compress(whole[20_000:].encode())
    headers = CSV | {"content-encoding": "gzip"}
    path, asked = "/v1/inventory/feeds/GZ", {"as_of": api.clock.now.isoformat(), "reference": "GZ-1"}

    half = await api.client.post(path, params=asked, headers=headers, content=packed[: len(packed) * 3 // 4])
    damaged = await api.client.post(
        path, params=asked | {"reference": "GZ-2"}, headers=headers, content=packed[:400] + b"\0" * 600
    )
    again = await api.client.post(path, params=asked, headers=headers, content=packed)

    assert (half.status_code, half.json()["status"]) == (200, "incomplete")
    assert half.json()["detail"] == "the gzip stream ends before its end; all whole rows before are taken in"
    assert 0 < half.json()["rows"] < 2_000
    assert damaged.json()["status"] == "incomplete"
    assert damaged.json()["detail"].startswith("the gzip stream is damaged: ")
    assert (again.json()["status"], again.json()["rows"]) == ("taken_in", 2_000)
    assert {sku: await _on_hand(api, sku) for sku in skus[::199]} == {sku: units[sku] for sku in skus[::199]}


async def test_what_is_packed_otherwise_or_where_json_is_expected_is_refused(api: Api) -> None:
    asked = {"as_of": api.clock.now.isoformat()}
    body = gzip.compress(b'{"adjustments": []}')

    other = await api.client.post(
        "/v1/inventory/feeds/BR", params=asked, headers=CSV | {"content-encoding": "br"}, content=b"x"
    )
    packed = await api.client.post(
        "/v1/inventory/adjustments", headers={"content-type": "application/json"}, content=body
    )

    assert [(one.status_code, one.json()["media_type"]) for one in (other, packed)] == [
        (415, "text/csv, packed by br"),
        (415, "a gzip stream"),
    ]


async def test_a_count_below_nothing_leaves_the_other_lines_alone(api: Api) -> None:
    await _set_up(api, "F-LESS", "F-MORE")
    counts = [{"sku": "F-LESS", "on_hand": -1}, {"sku": "F-MORE", "on_hand": 3}]

    answer = await api.post(
        "/v1/inventory/counts", {"node": "DC-PA", "as_of": api.clock.now.isoformat(), "counts": counts}
    )

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert answer.json()["results"][0]["problem"]["errors"] == [
        {"pointer": "/counts/0/on_hand", "detail": "cannot be less than nothing"}
    ]
    assert await _on_hand(api, "F-MORE") == 3


async def test_a_feed_of_json_lines_is_taken_in(api: Api) -> None:
    await _set_up(api, "F3")
    text = '{"sku": "F3", "node": "DC-PA", "on_hand": 4}\n[1]\n{"sku": 7, "node": "DC-PA", "on_hand": 4}\n'

    answer = await _feed(api, text, "JSON", content_type="application/x-ndjson")

    assert [row["reason"] for row in answer.json()["refused_rows"]] == ["is not a JSON object", "must be text"]
    assert await _on_hand(api, "F3") == 4


async def test_movements_need_a_name_and_happen_once(api: Api) -> None:
    await _set_up(api, "F4")
    text = "sku,node,delta\nF4,DC-PA,3\n"

    unnamed = await _feed(api, text, "MOVES", mode="deltas")
    first = await _feed(api, text, "MOVES", mode="deltas", reference="M-1")
    again = await _feed(api, text, "MOVES", mode="deltas", reference="M-1")
    other = await _feed(api, text + "F4,DC-PA,1\n", "MOVES", mode="deltas", reference="M-1")

    assert [error["pointer"] for error in unnamed.json()["errors"]] == ["?reference"]
    assert (first.json()["status"], again.json()["status"], other.status_code) == ("taken_in", "known", 422)
    assert await _on_hand(api, "F4") == 3


@pytest.mark.parametrize(
    ("query", "content", "status", "pointer"),
    [
        ({"as_of": "2030-01-01T00:00:00Z"}, "sku,node,on_hand\n", 422, "?as_of"),
        ({"as_of": "yesterday"}, "sku,node,on_hand\n", 422, "?as_of"),
        ({"missing": "zero"}, "sku,node,on_hand\n", 422, "?missing"),
        ({"node": "MARS"}, "sku,node,on_hand\n", 422, "?node"),
        ({"mode": "guesses"}, "sku,node,on_hand\n", 422, "?mode"),
        ({"reference": "H"}, "sku,on_hand\n", 422, ""),
        ({"content_type": "application/json"}, "{}", 415, None),
    ],
)
async def test_a_feed_that_cannot_be_is_refused(
    api: Api, query: dict[str, str], content: str, status: int, pointer: str | None
) -> None:
    await _set_up(api, "F5")

    answer = await _feed(api, content, "BAD", **query)

    assert answer.status_code == status
    if pointer is not None:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_who_is_bound_to_a_node_feeds_only_its_stock(api: Api) -> None:
    await _set_up(api, "F6")
    key = await api.key_for("inventory:write", nodes=["DC-IL"])
    headers = CSV | {"authorization": f"Bearer {key}"}
    text = "sku,node,on_hand\nF6,DC-PA,5\nF6,DC-IL,5\n"

    answer = await api.client.post(
        "/v1/inventory/feeds/EVE", params={"as_of": NOW.isoformat()}, headers=headers, content=text.encode()
    )

    assert [row["reason"] for row in answer.json()["refused_rows"]] == ["you are not bound to node DC-PA"]
    assert (await _on_hand(api, "F6"), await _on_hand(api, "F6", "DC-IL")) == (0, 5)


async def _count(api: Api, sku: str, on_hand: float, **changes: Any) -> httpx.Response:
    line = {"sku": sku, "on_hand": on_hand} | changes
    body = {"node": "DC-PA", "as_of": api.clock.now.isoformat(), "counts": [line], "reference": f"C-{sku}"}
    return await api.post("/v1/inventory/counts", body)


async def test_variances_are_listed_and_summed_at_cost(api: Api) -> None:
    await _set_up(api, "V1", "V2")
    for sku in ("V1", "V2"):
        await _count(api, sku, 10, reason="found")
    api.clock.advance(minutes=1)
    since = api.clock.now.isoformat()
    await _count(api, "V1", 7, reason="stolen", counted_by="Ann")
    await _count(api, "V2", 12)

    listed = (await api.get("/v1/inventory/variances", params={"since": since, "node": "DC-PA"})).json()["items"]
    sums = (await api.get("/v1/inventory/variances/summary", params={"sku": "V1"})).json()["reasons"]

    assert [(row["sku"], row["units"], row["cost"]["amount"], row["reason"]) for row in listed] == [
        ("V2", 2, "16.00", "unknown"),
        ("V1", -3, "-24.00", "stolen"),
    ]
    assert sums == [
        {
            "reason": "found",
            "counts": 1,
            "units_more": 10,
            "units_less": 0,
            "measured": [],
            "cost": {"amount": "80.00", "currency": "USD"},
        },
        {
            "reason": "stolen",
            "counts": 1,
            "units_more": 0,
            "units_less": 3,
            "measured": [],
            "cost": {"amount": "-24.00", "currency": "USD"},
        },
    ]


async def test_what_is_sold_by_measure_is_summed_by_its_measure_and_costs_what_one_costs(api: Api) -> None:
    await api.stocked("V-CABLE", {"DC-PA": 1_250}, decimals=2, unit="m", cost_minor=400)
    await _count(api, "V-CABLE", 8.25, reason="misplaced")
    await _set_up(api, "V-PIECE")
    await _count(api, "V-PIECE", 3, reason="misplaced")

    (listed,) = (await api.get("/v1/inventory/variances", params={"sku": "V-CABLE"})).json()["items"]
    sums = (await api.get("/v1/inventory/variances/summary")).json()["reasons"]

    assert (listed["units"], listed["cost"]["amount"]) == (-4.25, "-17.00")
    assert [one for one in sums if one["reason"] == "misplaced"] == [
        {
            "reason": "misplaced",
            "counts": 2,
            "units_more": 3,
            "units_less": 0,
            "measured": [{"unit": "m", "units_more": 0.0, "units_less": 4.25}],
            "cost": {"amount": "7.00", "currency": "USD"},
        }
    ]


async def test_a_count_with_an_unknown_reason_or_no_node_is_refused_by_field(api: Api) -> None:
    await _set_up(api, "V3")
    reason = await _count(api, "V3", 1, reason="gremlins")
    body = {"as_of": api.clock.now.isoformat(), "counts": [{"sku": "V3", "on_hand": 1}]}
    nowhere = await api.post("/v1/inventory/counts", body)

    assert [error["pointer"] for error in reason.json()["errors"]] == ["/counts/0/reason"]
    assert [error["pointer"] for error in nowhere.json()["errors"]] == ["/counts/0/node"]
    assert await _on_hand(api, "V3") == 0


async def test_an_older_count_is_refused_by_its_time(api: Api) -> None:
    await _set_up(api, "V4")
    await _count(api, "V4", 5)
    body = {
        "node": "DC-PA",
        "as_of": (api.clock.now - timedelta(hours=1)).isoformat(),
        "counts": [{"sku": "V4", "on_hand": 1}],
    }

    answer = await api.post("/v1/inventory/counts", body)

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/as_of"])
    assert await _on_hand(api, "V4") == 5


async def test_the_correction_of_a_drift_is_applied_by_one_call(api: Api) -> None:
    await _set_up(api, "D1", "D2")
    for sku in ("D1", "D2"):
        await _count(api, sku, 10)
    api.clock.advance(minutes=5)
    positions = [
        {"sku": "D1", "node": "DC-PA", "on_hand": 8},
        {"sku": "D2", "node": "DC-PA", "on_hand": 10},
        {"sku": "NOPE", "node": "DC-PA", "on_hand": 1},
    ]
    body = {"system": "WMS", "as_of": api.clock.now.isoformat(), "positions": positions}

    answer = await api.post("/v1/inventory/drift", body)
    applied = await api.post("/v1/inventory/counts", answer.json()["correction"])
    again = await api.post("/v1/inventory/drift", body | {"as_of": api.clock.now.isoformat()})

    told = answer.json()
    assert (answer.status_code, told["compared"], told["agreeing"]) == (200, 2, 1)
    assert [(one["units"], one["cause"], one["cost"]["amount"]) for one in told["differences"]] == [
        (-2, "unknown", "-16.00")
    ]
    assert told["refused"][0]["problem"]["errors"][0]["pointer"] == "/positions/2/sku"
    assert (applied.status_code, await _on_hand(api, "D1")) == (200, 8)
    assert (again.json()["differences"], again.json()["correction"]) == ([], None)


async def test_a_drift_adds_up_pieces_and_each_measure_by_itself(api: Api) -> None:
    await _set_up(api, "D3", "D4")
    await api.stocked("D-CABLE", {"DC-PA": 1_250}, decimals=2, unit="m", cost_minor=400)
    for sku in ("D3", "D4"):
        await _count(api, sku, 10)
    api.clock.advance(minutes=5)
    theirs = {"D3": 8, "D4": 11, "D-CABLE": 8.25}
    positions = [{"sku": sku, "node": "DC-PA", "on_hand": on_hand} for sku, on_hand in theirs.items()]
    body = {"system": "WMS", "as_of": api.clock.now.isoformat(), "positions": positions}

    (cause,) = (await api.post("/v1/inventory/drift", body)).json()["causes"]

    assert cause == {
        "cause": "unknown",
        "positions": 3,
        "units_more": 1,
        "units_less": 2,
        "measured": [{"unit": "m", "units_more": 0.0, "units_less": 4.25}],
        "cost": {"amount": "-25.00", "currency": "USD"},
    }


async def test_positions_are_read_as_they_were(api: Api) -> None:
    await _set_up(api, "W1")
    await _count(api, "W1", 10)
    then = api.clock.now.isoformat()
    api.clock.advance(minutes=5)
    await _count(api, "W1", 4)

    before = await api.get("/v1/inventory", params={"sku": "W1", "as_of": then})

    assert [row["on_hand"] for row in before.json()["items"]] == [10]
    assert await _on_hand(api, "W1") == 4


async def test_sales_rates_are_taken_in_line_by_line_and_listed(api: Api) -> None:
    await _set_up(api, "R1")
    good = {"sku": "R1", "node": "DC-PA", "weekly_units": 12.5, "weekly_deviation": 4, "lead_days": 14}

    answer = await api.post("/v1/inventory/sales-rates", {"rates": [good, good | {"sku": "NOPE"}]})
    negative = await api.post("/v1/inventory/sales-rates", {"rates": [good | {"weekly_units": -1}]})
    listed = (await api.get("/v1/inventory/sales-rates?sku=R1")).json()["items"]

    assert (answer.json()["accepted"], answer.json()["refused"]) == (1, 1)
    assert [error["pointer"] for error in negative.json()["errors"]] == ["/rates/0/weekly_units"]
    assert [(row["sku"], row["weekly_units"], row["lead_days"]) for row in listed] == [("R1", 12.5, 14.0)]
