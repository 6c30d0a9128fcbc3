"""What was quoted is what is ordered: an option is ordered or kept by the name of its plan, or refused."""

from typing import Any

import pytest

from tests.builders import node
from tests.http.conftest import Api, order
from tests.http.test_quotes import inquiry
from troth.flows.records.configure import set_node
from troth.model.network import Calendar

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEAR = {"latitude": 40.75, "longitude": -73.99}


async def quoted(api: Api, body: dict[str, Any], method: str, service: str = "") -> dict[str, Any]:
    """The option of a quote that goes by this way."""
    answer = await api.post("/v1/quotes", body)
    assert answer.status_code == 200, answer.text
    options: list[dict[str, Any]] = answer.json()["options"]
    return next(one for one in options if (one["method"], one["service"]) == (method, service))


def promised(shown: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What the shipments of an option, or the work of an order, are and when."""
    works = shown.get("shipments") or shown["fulfillments"]
    return [(one["node"], one["method"], one["service"], one["ship_by"], one["promised_at"]["to"]) for one in works]


@pytest.mark.parametrize(
    ("method", "service"), [("ship", "next_day"), ("delivery", "delivery"), ("pickup", ""), ("ship", "standard")]
)
async def test_an_order_that_names_an_option_gets_it_and_is_decided_the_same_again(
    api: Api, method: str, service: str
) -> None:
    sku = await api.stocked(f"AS-QUOTED-{method}-{service}", {"DC-PA": 5, "ST-NYC": 3})
    option = await quoted(api, inquiry({sku: 2}), method, service)

    api.clock.advance(seconds=30)
    captured = await api.capture(f"as-quoted-{method}-{service}", {sku: 2}, plan_id=option["plan_id"])

    (work,) = captured["fulfillments"]
    (shipment,) = option["shipments"]
    assert (captured["method"], captured["service"], captured["pickup_node"]) == (method, service, option["node"])
    assert [work[name] for name in ("node", "method", "service", "cost_to_serve")] == [
        shipment[name] for name in ("node", "method", "service", "cost_to_serve")
    ]
    if method != "pickup":  # that is ready 30 seconds later by now
        assert promised(captured) == promised(option)
    decisions = (await api.get(f"/v1/orders/{captured['order_id']}/explanation")).json()["decisions"]
    assert decisions[0]["is_reproduced"] is True
    assert f"ordered as it was quoted: {option['plan_id']}" in decisions[0]["trace"]["notes"]


async def test_what_can_no_longer_be_had_so_is_refused_with_what_can_and_reserves_nothing(api: Api) -> None:
    sku = await api.stocked("GONE", {"DC-PA": 9, "ST-NYC": 2})
    option = await quoted(api, inquiry({sku: 2}), "pickup")
    await api.capture("gone-1", {sku: 2}, method="pickup", pickup_node="ST-NYC", service="")

    answer = await api.post("/v1/orders", order("gone-2", {sku: 2}, plan_id=option["plan_id"]))

    body = answer.json()
    assert (answer.status_code, body["code"], body["plan_id"]) == (409, "quote-outdated", option["plan_id"])
    assert [(one["method"], one["service"]) for one in body["options"]] == [
        ("ship", "standard"), ("ship", "express"), ("ship", "next_day"),
    ]  # fmt: skip
    assert await api.available(sku) == {"DC-PA": 9, "ST-NYC": 0}
    assert (await api.get("/v1/orders/web:gone-2")).status_code == 404
    again = await api.capture("gone-2", {sku: 2}, plan_id=body["options"][2]["plan_id"])
    assert again["service"] == "next_day"


async def test_a_date_that_has_moved_is_refused(api: Api) -> None:
    sku = await api.stocked("MOVED", {"DC-PA": 9})
    option = await quoted(api, inquiry({sku: 1}), "ship", "express")
    was = api.clock.now
    try:
        api.clock.advance(hours=6)  # past the cut-off

        answer = await api.post("/v1/orders", order("moved-1", {sku: 1}, plan_id=option["plan_id"]))
    finally:
        api.clock.now = was

    express = next(one for one in answer.json()["options"] if one["service"] == "express")
    assert (answer.status_code, answer.json()["code"]) == (409, "quote-outdated")
    assert express["promised_at"] > option["promised_at"]["to"]


async def test_a_pickup_is_the_same_for_a_quarter_of_an_hour(api: Api) -> None:
    sku = await api.stocked("GRACE", {"ST-NYC": 9})
    body = inquiry({sku: 1}, method="pickup", service="", ship_to=None, near=NEAR)
    option = await quoted(api, body, "pickup")
    was = api.clock.now
    try:
        api.clock.advance(minutes=14)
        kept = await api.post("/v1/orders", body | {"external_id": "grace-1", "plan_id": option["plan_id"]})
        api.clock.advance(minutes=31)
        late = await api.post("/v1/orders", body | {"external_id": "grace-2", "plan_id": option["plan_id"]})
    finally:
        api.clock.now = was

    assert (kept.status_code, kept.json()["pickup_node"]) == (201, "ST-NYC")
    assert late.status_code == 409


async def test_a_hold_keeps_the_option_that_is_named_and_the_order_takes_it_over(api: Api) -> None:
    sku = await api.stocked("KEPT-OPTION", {"DC-PA": 9, "ST-NYC": 2})
    body = inquiry({sku: 2})
    option = await quoted(api, body, "pickup")

    held = (await api.post("/v1/quotes", body | {"plan_id": option["plan_id"], "hold_seconds": 600})).json()
    other = await api.post("/v1/quotes", body | {"plan_id": option["plan_id"], "hold_seconds": 600})
    hold_id = held["hold"]["hold_id"]
    captured = await api.capture("kept-1", {sku: 2}, plan_id=option["plan_id"], hold_id=hold_id)

    assert [(one["node"], one["quantity"]) for one in held["hold"]["units"]] == [("ST-NYC", 2)]
    assert held["options"][0]["method"] == "pickup"
    assert (other.status_code, other.json()["code"]) == (409, "quote-outdated")
    assert (captured["method"], captured["pickup_node"]) == ("pickup", "ST-NYC")
    assert await api.available(sku) == {"DC-PA": 9, "ST-NYC": 0}


async def test_an_order_sent_again_with_its_plan_is_the_same_order(api: Api) -> None:
    sku = await api.stocked("TWICE", {"DC-PA": 9})
    option = await quoted(api, inquiry({sku: 1}), "ship", "express")
    body = order("twice-1", {sku: 1}, plan_id=option["plan_id"])

    first, again, other = [await api.post("/v1/orders", one) for one in (body, body, body | {"plan_id": "P-00"})]

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json()["order_id"] == first.json()["order_id"]
    assert other.json()["code"] == "order-differs"


async def test_lines_with_their_own_destination_are_sent_there_when_the_rest_is_picked_up(api: Api) -> None:
    mine, theirs = [await api.stocked(f"OWN-{name}", {"DC-PA": 5, "ST-NYC": 5}) for name in ("MINE", "THEIRS")]
    body = inquiry({mine: 1, theirs: 1})
    body["lines"][1]["ship_to"] = {"city": "Chicago", "region": "IL", "postcode": "60601", "country": "US"}
    option = await quoted(api, body, "pickup")

    ordered = body | {"external_id": "own-1", "plan_id": option["plan_id"]}
    captured = (await api.post("/v1/orders", ordered)).json()

    for works in (option["shipments"], captured["fulfillments"]):
        assert {(one["method"], line["sku"]) for one in works for line in one["lines"]} == {
            ("pickup", mine), ("ship", theirs),
        }  # fmt: skip
    assert captured["lines"][1]["terms"]["method"] == "ship"


async def test_a_plan_without_anything_to_name_is_refused_by_its_field(api: Api) -> None:
    sku = await api.stocked("MISNAMED", {"DC-PA": 5})

    quote = await api.post("/v1/quotes", inquiry({sku: 1}) | {"plan_id": "P-00"})
    text = await api.post("/v1/orders", order("misnamed", {sku: 1}, plan_id="first"))
    near = await api.post("/v1/orders", order("misnamed", {sku: 1}, near=NEAR))

    assert [one["pointer"] for answer in (quote, text, near) for one in answer.json()["errors"]] == [
        "/plan_id", "/plan_id", "/near",
    ]  # fmt: skip


async def test_a_pickup_option_says_where_it_is_how_far_and_until_when_it_is_open(api: Api) -> None:
    sku = await api.stocked("HOURS", {"ST-NYC": 5, "ST-SHUT": 5})
    closed = {"calendar": Calendar(weekdays=(5, 6)), "latitude": 40.9, "longitude": -73.8}
    await set_node(api.system, node("ST-SHUT", **closed), actor="test")
    body = inquiry({sku: 1}, method="pickup", service="", ship_to=None)

    near = (await api.post("/v1/quotes", body | {"near": NEAR})).json()["options"]
    by_zip = (await api.post("/v1/quotes", body | {"near": {"postcode": "10001"}})).json()["options"]

    places = {one["node"]: one["pickup"] for one in near}
    assert {name: (one["opens"], one["closes"], one["miles"], one["km"]) for name, one in places.items()} == {
        "ST-NYC": ("00:00", "23:59", 0.9, 1.4),
        "ST-SHUT": (None, None, 14.4, 23.1),
    }
    assert places["ST-NYC"]["name"] == "ST-NYC"
    assert places["ST-NYC"]["time_zone"] == "America/New_York"
    assert {one["node"] for one in by_zip} == {"ST-NYC", "ST-SHUT"}
    assert {one["method"] for one in near} == {"pickup"}


@pytest.mark.parametrize(
    ("near", "pointer"),
    [
        (None, "/near"),
        ({}, "/near"),
        ({"latitude": 40.7}, "/near/longitude"),
        ({"longitude": 40.7}, "/near/latitude"),
        ({"latitude": 91, "longitude": 0}, "/near/latitude"),
        ({"postcode": "10115", "country": "DE"}, "/near/postcode"),
        ({"postcode": "none"}, "/near/postcode"),
    ],
)
async def test_a_pickup_that_is_looked_for_nowhere_asks_for_a_place(
    api: Api, near: dict[str, Any] | None, pointer: str
) -> None:
    sku = await api.stocked("NOWHERE", {"ST-NYC": 5})

    answer = await api.post("/v1/quotes", inquiry({sku: 1}, method="pickup", service="", ship_to=None, near=near))

    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer])
