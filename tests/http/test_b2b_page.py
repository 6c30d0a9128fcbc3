"""The page on business orders: what its examples ask is what happens."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.http.conftest import Api, order
from troth.model.order import Fill

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PAGE = (Path(__file__).parents[2] / "docs" / "b2b.md").read_text(encoding="utf-8")


def example(heading: str, number: int = 0) -> Any:
    """The example of a section of the page, counted from 0."""
    section = _PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return json.loads(re.findall(r"```json\n(.*?)```", section, re.DOTALL)[number])


async def test_an_order_is_promised_by_its_dates_and_shares(api: Api) -> None:
    for sku, units in (("A-1001", 12), ("A-1002", 25), ("A-1003", 4)):
        await api.stocked(sku, {"DC-PA": units})

    answer = await api.post("/v1/orders", example("By when, and in which share"))

    body = answer.json()
    assert answer.status_code == 201, body
    assert [(line["quantity"], line["canceled_quantity"]) for line in body["lines"]] == [(12, 0), (40, 15), (5, 5)]
    assert "2027-01-18" <= body["lines"][0]["promised_at"]["to"] < "2027-01-30"
    terms = [line["terms"] for line in body["lines"]]
    assert [(one["fill"], one["min_fill"], one["need_by_firm"]) for one in terms] == [
        ("partial", 0, True),
        ("partial", 50, False),
        ("fill_or_kill", 0, False),
    ]
    assert all(one["cancel_after"].startswith("2027-02-15T") for one in terms)
    events = (await api.get(f"/v1/orders/{body['order_id']}/events")).json()["items"]
    assert [event["kind"] for event in events][:2] == ["OrderCaptured", "OrderCanceled"]
    again = await api.post("/v1/orders", example("By when, and in which share"))
    assert (again.status_code, again.json()["order_id"]) == (200, body["order_id"])


async def test_the_tables_name_every_share(api: Api) -> None:
    assert re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", _PAGE.partition("| `fill` | of a line")[2], re.MULTILINE)[:3] == [
        fill.value for fill in Fill
    ]


async def test_an_order_that_is_filled_or_killed_is_had_now_or_not_at_all(api: Api) -> None:
    sku, other = await api.stocked("FOK-1", {"DC-PA": 5}), await api.stocked("FOK-2", {"DC-PA": 1})
    await api.put(
        "/v1/purchase-orders/FOK-PO",
        {"lines": [{"node": "DC-PA", "sku": other, "quantity": 9, "expected_at": "2026-12-20T12:00:00Z"}]},
    )

    refused = await api.post("/v1/orders", order("fok-1", {sku: 5, other: 2}, fill="fill_or_kill"))
    filled = await api.post("/v1/orders", order("fok-2", {sku: 5, other: 1}, fill="fill_or_kill"))
    waits = await api.post("/v1/orders", order("fok-3", {other: 2}))

    assert refused.status_code == 409
    (short,) = refused.json()["lines"]
    assert (short["line_id"], short["reason"], short["available_quantity"]) == ("2", "no_backorder", 1)
    assert [way["without"] for way in short["separately"]] == [["backorder"]]
    assert "without backorder 2 could be there by 2026-12-2" in refused.json()["detail"]
    assert filled.status_code == 201
    assert waits.status_code == 201


async def test_what_does_not_fit_together_is_named_by_field(api: Api) -> None:
    sku = await api.stocked("UNFIT-B2B")
    asked = order("unfit", {sku: 1, "X": 1, "Y": 1}, ship_complete=True)
    asked["lines"][0] |= {"need_by_firm": True, "min_fill": 10}
    asked["lines"][1] |= {"fill": "partial"}
    asked["lines"][2] |= {"not_before": "2027-01-02T00:00:00Z", "cancel_after": "2027-01-01T00:00:00Z"}

    refused = await api.post("/v1/orders", asked)
    unknown = await api.post("/v1/orders", order("unfit", {sku: 1}, fill="some", min_fill=101))
    past = await api.post("/v1/orders", order("unfit", {sku: 1}, cancel_after="2026-11-01T00:00:00Z"))

    assert {flaw["pointer"] for flaw in refused.json()["errors"]} == {
        "/lines/0/need_by_firm",
        "/lines/0/min_fill",
        "/lines/1/fill",
        "/lines/2/cancel_after",
    }
    assert {flaw["pointer"] for flaw in unknown.json()["errors"]} == {"/fill", "/min_fill"}
    assert [flaw["pointer"] for flaw in past.json()["errors"]] == ["/lines/0/cancel_after"]
    assert await api.available(sku) == {"DC-PA": 10}


async def test_the_last_date_is_changed_and_kept(api: Api) -> None:
    sku = await api.stocked("LAST-DATE")
    before = await api.capture("last-date", {sku: 1})
    url = f"/v1/orders/{before['order_id']}/changes"

    late = await api.post(
        url, {"actions": [{"action": "set_dates", "line_id": "1", "cancel_after": "2026-11-23T16:00:00Z"}]}
    )
    kept = await api.post(
        url,
        {"actions": [{"action": "set_dates", "line_id": "1", "cancel_after": "2027-01-01T00:00:00Z"}]},
    )
    taken_away = await api.post(url, {"actions": [{"action": "set_dates", "line_id": "1", "cancel_after": None}]})

    assert late.status_code == 409, late.json()
    assert late.json()["lines"][0]["reason"] == "too_late"
    assert kept.json()["lines"][0]["terms"]["cancel_after"].startswith("2027-01-01")
    assert [field["field"] for field in kept.json()["changed"]["fields"]] == ["cancel_after"]
    assert taken_away.json()["lines"][0]["terms"] is None


async def test_a_quote_says_what_an_order_would_be_promised(api: Api) -> None:
    sku = await api.stocked("QUOTED-FILL", {"DC-PA": 3})
    asked = {key: value for key, value in order("x", {sku: 5}, fill="partial").items() if key != "external_id"}

    quoted = await api.post("/v1/quotes", asked)

    body = quoted.json()
    assert quoted.status_code == 200, body
    assert [line["quantity"] for line in body["options"][0]["lines"]] == [3]
    assert body["unavailable"][0]["line_id"] == "1"
    ordered = await api.post("/v1/orders", asked | {"external_id": "quoted", "plan_id": body["options"][0]["plan_id"]})
    assert ordered.status_code == 201, ordered.json()
    assert ordered.json()["lines"][0]["canceled_quantity"] == 2
