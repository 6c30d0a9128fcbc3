"""Lots over HTTP: received, counted, listed, promised, picked from another one, missed, and expired by themselves."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW
from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")

INVENTORY = "/v1/inventory"


async def receive(api: Api, sku: str, *lots: tuple[str, int, str | None], node: str = "DC-PA") -> None:
    """Units of lots with their last good days."""
    lines = [
        {"node": node, "sku": sku, "delta": units, "reason": "receipt", "lot": lot, "expires_on": last}
        for lot, units, last in lots
    ]
    answer = await api.post(f"{INVENTORY}/adjustments", {"adjustments": lines})
    assert answer.json()["refused"] == 0, answer.text


async def lots_of(api: Api, sku: str, node: str = "DC-PA") -> dict[str, tuple[int, int, int]]:
    """On hand, reserved and available units by lot."""
    (position,) = (await api.get(INVENTORY, params={"sku": sku, "node": node})).json()["items"]
    return {lot["lot"]: (lot["on_hand"], lot["reserved"], lot["available"]) for lot in position["lots"]}


def sources(captured: dict[str, Any]) -> dict[str, int]:
    """Units by source of an order's live allocations."""
    units: dict[str, int] = {}
    for line in captured["lines"]:
        for part in line["allocations"]:
            units[part["source"]] = units.get(part["source"], 0) + part["quantity"]
    return units


async def released(api: Api, external_id: str, sku: str, quantity: int) -> str:
    captured = await api.capture(external_id, {sku: quantity})
    assert (await api.post(f"/v1/orders/{captured['order_id']}/release")).status_code == 200
    return f"/v1/fulfillments/{captured['fulfillments'][0]['fulfillment_id']}"


async def test_units_of_a_lot_that_expired_are_booked_with_a_finding_and_not_promised(api: Api) -> None:
    sku = await api.stocked("L-GONE", {"DC-PA": 0})
    line = {"node": "DC-PA", "sku": sku, "delta": 3, "reason": "receipt", "lot": "old", "expires_on": "2026-11-20"}
    answer = await api.post(f"{INVENTORY}/adjustments", {"adjustments": [line, line | {"lot": "x", "delta": "?"}]})
    as_of = api.system.door.now().isoformat()
    counts = [{"sku": sku, "lot": "old", "on_hand": 2, "expires_on": "2026-11-22"}]
    counted = await api.post(f"{INVENTORY}/counts", {"node": "DC-PA", "as_of": as_of, "counts": counts})

    assert [one["findings"] for one in answer.json()["results"]] == [
        [
            {
                "pointer": "/adjustments/0/expires_on",
                "detail": "was 3 days ago: the units are booked, and nothing of them is promised",
            }
        ],
        [],
    ]
    assert [one["pointer"] for one in counted.json()["results"][0]["findings"]] == ["/counts/0/expires_on"]
    assert await lots_of(api, sku) == {"old": (2, 0, 0)}


async def test_a_lot_that_nobody_would_get_in_time_is_listed_as_too_old(api: Api) -> None:
    sku = await api.stocked("L-STALE", {"DC-PA": 0})
    today = api.clock.now.date()
    await receive(api, sku, ("today", 4, today.isoformat()), ("good", 4, (today + timedelta(days=20)).isoformat()))

    answer = await api.get(f"{INVENTORY}/expiring", params={"before": (today + timedelta(days=30)).isoformat()})
    listed = [one for one in answer.json()["items"] if one["sku"] == sku]

    assert [(one["lot"], one["available"], one["is_expired"], one["is_too_old"]) for one in listed] == [
        ("today", 0, False, True),
        ("good", 4, False, False),
    ]
    assert await lots_of(api, sku) == {"today": (4, 0, 0), "good": (4, 0, 4)}


async def test_a_position_is_the_sum_of_its_lots_and_of_what_no_lot_holds(api: Api) -> None:
    sku = await api.stocked("L-SUM", {"DC-PA": 3})
    await receive(api, sku, ("b", 5, "2027-06-30"), ("a", 4, "2027-01-31"), ("c", 2, None))
    captured = await api.capture("lot-sum", {sku: 5})

    (position,) = (await api.get(INVENTORY, params={"sku": sku})).json()["items"]

    assert sources(captured) == {"lot/a": 4, "lot/b": 1}
    assert (position["on_hand"], position["reserved"], position["available"], position["incoming"]) == (14, 5, 9, 0)
    assert position["lots"] == [
        {"lot": "a", "expires_on": "2027-01-31", "on_hand": 4, "reserved": 4, "available": 0},
        {"lot": "b", "expires_on": "2027-06-30", "on_hand": 5, "reserved": 1, "available": 4},
        {"lot": "c", "expires_on": None, "on_hand": 2, "reserved": 0, "available": 2},
    ]


async def test_goods_that_must_keep_come_from_a_lot_that_does_or_not_at_all(api: Api) -> None:
    sku = await api.stocked("L-KEEP", {"DC-PA": 0}, min_remaining_days=10)
    await receive(api, sku, ("short", 4, "2026-12-02"), ("long", 4, "2027-03-31"))

    captured = await api.capture("lot-keep", {sku: 2})
    body = order("lot-keep-more", {sku: 1})
    body["lines"][0]["min_remaining_days"] = 200
    refused = await api.post("/v1/orders", body)

    assert sources(captured) == {"lot/long": 2}
    assert captured["lines"][0]["terms"]["min_remaining_days"] == 10
    assert refused.status_code == 409
    assert refused.json()["lines"][0]["available_quantity"] == 0
    assert await lots_of(api, sku) == {"short": (4, 0, 0), "long": (4, 2, 2)}


async def test_what_expires_is_not_available_from_midnight_on_without_anything_being_run(api: Api) -> None:
    sku = await api.stocked("L-MID", {"DC-PA": 1})
    await receive(api, sku, ("soon", 6, "2026-11-25"), ("today", 5, "2026-11-23"))  # the last would expire on its way
    before = (await api.get("/v1/availability", params={"sku": sku})).json()["items"][0]["available"]

    api.clock.now = NOW.replace(day=26, hour=5, minute=0, second=0)  # midnight at the node in Pennsylvania
    try:
        after = (await api.get("/v1/availability", params={"sku": sku})).json()["items"][0]["available"]
        listed = (await api.get(INVENTORY, params={"sku": sku})).json()["items"][0]
        refused = await api.post("/v1/orders", order("lot-mid", {sku: 2}))
    finally:
        api.clock.now = NOW

    assert (before, after) == (7, 1)
    assert (listed["on_hand"], listed["available"], listed["lots"][0]["available"]) == (12, 1, 0)
    assert refused.status_code == 409
    assert await lots_of(api, sku) == {"soon": (6, 0, 6), "today": (5, 0, 0)}


async def test_lots_that_expire_are_listed_before_a_day_the_first_to_expire_first(api: Api) -> None:
    sku = await api.stocked("L-LIST", {"DC-PA": 0, "DC-IL": 0})
    await receive(api, sku, ("x", 4, "2026-12-10"), ("y", 4, "2028-01-01"))
    await receive(api, sku, ("z", 1, "2026-12-05"), node="DC-IL")
    asked = {"before": "2026-12-11", "node": ["DC-PA", "DC-IL"]}

    listed = (await api.get(f"{INVENTORY}/expiring", params=asked)).json()["items"]
    page = (await api.get(f"{INVENTORY}/expiring", params={**asked, "limit": 1, "node": "DC-IL"})).json()

    mine = [(one["node"], one["lot"], one["expires_on"], one["on_hand"]) for one in listed if one["sku"] == sku]
    assert mine == [("DC-IL", "z", "2026-12-05", 1), ("DC-PA", "x", "2026-12-10", 4)]
    assert [one["lot"] for one in page["items"]] == ["z"]
    assert (await api.get(f"{INVENTORY}/expiring")).status_code == 422


async def test_a_receipt_may_not_change_when_a_lot_expires_but_a_count_may(api: Api) -> None:
    sku = await api.stocked("L-DATE", {"DC-PA": 0})
    await receive(api, sku, ("a", 4, "2027-01-31"))
    line = {"node": "DC-PA", "sku": sku, "delta": 1, "reason": "receipt", "lot": "a", "expires_on": "2027-02-28"}

    refused = await api.post(f"{INVENTORY}/adjustments", {"adjustments": [line]})
    no_lot = await api.post(f"{INVENTORY}/adjustments", {"adjustments": [{**line, "lot": None}]})
    held = await lots_of(api, sku)
    counted = await api.post(
        f"{INVENTORY}/counts",
        {
            "node": "DC-PA",
            "as_of": "2026-11-23T14:59:00Z",
            "counts": [{"sku": sku, "on_hand": 0, "lot": "a", "expires_on": "2027-02-28"}],
        },
    )

    assert refused.json()["errors"] == [
        {
            "pointer": "/adjustments/0/expires_on",
            "detail": "lot a is good until 2027-01-31 here; a count may say otherwise",
        }
    ]
    assert no_lot.json()["errors"][0]["pointer"] == "/adjustments/0/expires_on"
    assert held == {"a": (4, 0, 4)}
    assert counted.status_code == 200
    (position,) = (await api.get(INVENTORY, params={"sku": sku})).json()["items"]
    assert position["lots"][0]["expires_on"] == "2027-02-28"
    captured = await api.capture("lot-date", {sku: 1})
    assert sources(captured) == {"lot/a": 1}


async def test_a_node_may_pick_another_lot_than_was_planned(api: Api) -> None:
    sku = await api.stocked("L-PICK", {"DC-PA": 0})
    await receive(api, sku, ("a", 2, "2027-01-31"), ("b", 5, "2027-06-30"))
    path = await released(api, "lot-pick", sku, 2)
    planned = (await api.get(path)).json()["lines"]

    picked = await api.post(
        f"{path}/pick",
        {
            "lines": [
                {"line_id": "1", "quantity": 2, "lots": [{"lot": "a", "quantity": 1}, {"lot": "b", "quantity": 1}]}
            ]
        },
    )
    held = await lots_of(api, sku)
    shipped = await api.post(f"{path}/ship")

    assert [(line["lot"], line["quantity"]) for line in planned] == [("a", 2)]
    assert picked.status_code == 200, picked.text
    assert sorted((line["lot"], line["quantity"], line["state"]) for line in picked.json()["lines"]) == [
        ("a", 1, "picked"), ("b", 1, "picked"),
    ]  # fmt: skip
    assert held == {"a": (2, 1, 1), "b": (5, 1, 4)}
    assert shipped.status_code == 200
    assert await lots_of(api, sku) == {"a": (1, 0, 1), "b": (4, 0, 4)}


async def test_a_lot_without_unreserved_units_cannot_be_picked_instead(api: Api) -> None:
    sku = await api.stocked("L-FULL", {"DC-PA": 0})
    await receive(api, sku, ("a", 2, "2027-01-31"), ("b", 1, "2027-06-30"))
    path = await released(api, "lot-full", sku, 2)

    def pick(*lots: tuple[str, int]) -> dict[str, Any]:
        named = [{"lot": lot, "quantity": units} for lot, units in lots]
        return {"lines": [{"line_id": "1", "quantity": 2, "lots": named}]}

    too_many = await api.post(f"{path}/pick", pick(("b", 2)))
    unknown = await api.post(f"{path}/pick", pick(("a", 1), ("nowhere", 1)))
    not_all = await api.post(f"{path}/pick", pick(("a", 1)))

    assert too_many.json()["errors"] == [
        {"pointer": "/lines/0/lots", "detail": "lot b has 1 units at DC-PA that are not reserved"}
    ]
    assert unknown.json()["errors"][0]["detail"] == "lot nowhere has 0 units at DC-PA that are not reserved"
    assert not_all.json()["errors"][0]["detail"] == "add up to 1 unit, not to 2"
    assert await lots_of(api, sku) == {"a": (2, 2, 0), "b": (1, 0, 1)}


async def test_a_lot_that_is_not_found_is_replaced_by_another_one_of_the_same_node(api: Api) -> None:
    sku = await api.stocked("L-MISS", {"DC-PA": 0})
    await receive(api, sku, ("a", 3, "2027-01-31"), ("b", 5, "2027-06-30"))
    path = await released(api, "lot-miss", sku, 2)

    picked = await api.post(f"{path}/pick", {"lines": [{"line_id": "1", "quantity": 0, "short_reason": "not_found"}]})

    assert [(one["node"], one["quantity"]) for one in picked.json()["resourced"]] == [("DC-PA", 2)]
    assert await lots_of(api, sku) == {"a": (1, 0, 1), "b": (5, 2, 3)}


async def test_what_arrives_by_a_lot_covers_the_orders_that_wait_for_which_it_keeps(api: Api) -> None:
    sku = await api.stocked("L-PO", {"DC-PA": 0})
    line = {"node": "DC-PA", "sku": sku, "quantity": 6, "expected_at": "2026-12-01T12:00:00Z"}
    assert (await api.put("/v1/purchase-orders/L-77", {"lines": [line]})).status_code == 201
    careful = order("lot-po-careful", {sku: 2})
    careful["lines"][0]["min_remaining_days"] = 100
    waits = (await api.post("/v1/orders", careful)).json()
    easy = await api.capture("lot-po-easy", {sku: 1})

    body = {"node": "DC-PA", "sku": sku, "delta": 4, "reason": "receipt", "reference": "L-77", "lot": "n",
            "expires_on": "2027-01-15"}  # fmt: skip
    assert (await api.post(f"{INVENTORY}/adjustments", {"adjustments": [body]})).json()["refused"] == 0

    assert sources((await api.get(f"/v1/orders/{easy['order_id']}")).json()) == {"lot/n": 1}
    assert sources((await api.get(f"/v1/orders/{waits['order_id']}")).json()) == {"po/L-77/1": 2}
    assert await lots_of(api, sku) == {"n": (4, 1, 3)}


async def test_the_decision_about_an_order_with_lots_can_be_made_again(api: Api) -> None:
    sku = await api.stocked("L-WHY", {"DC-PA": 2, "DC-IL": 0})
    await receive(api, sku, ("a", 2, "2027-01-31"), ("b", 5, "2027-06-30"))
    await receive(api, sku, ("c", 5, "2026-12-31"), node="DC-IL")
    captured = await api.capture("lot-why", {sku: 4})

    why = (await api.get(f"/v1/orders/{captured['order_id']}/explanation")).json()

    assert why["decisions"][0]["is_reproduced"] is True
