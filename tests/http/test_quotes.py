"""Quotes: what would be promised, with nothing reserved."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import NOW, node
from tests.http.conftest import Api, order
from troth.flows.door.requests import Accepted
from troth.flows.records.configure import set_node
from troth.model.commands import ExpectedLine, ExpectSupply
from troth.model.ids import NodeId, Sku

pytestmark = pytest.mark.asyncio(loop_scope="module")


def inquiry(lines: dict[str, int], **changes: Any) -> dict[str, Any]:
    """The body of a quote."""
    body = order("", lines, **changes)
    return {name: value for name, value in body.items() if name not in ("external_id", "ordered_at")}


async def test_a_quote_offers_delivery_and_pickup_and_reserves_nothing(api: Api) -> None:
    sku = await api.stocked("OFFER", {"DC-PA": 5, "ST-NYC": 3})

    answer = await api.post("/v1/quotes", inquiry({sku: 2}))

    body = answer.json()
    assert answer.status_code == 200
    assert [(one["method"], one["service"], one["node"], one["is_complete"]) for one in body["options"]] == [
        ("ship", "standard", None, True),
        ("ship", "express", None, True),
        ("ship", "next_day", None, True),
        ("delivery", "delivery", None, True),
        ("pickup", "", "ST-NYC", True),
    ]
    standard, pickup = body["options"][0], body["options"][-1]
    assert standard["message"] == "Ships today from our store ST-NYC; arrives tomorrow."
    assert standard["promised_at"] == {"from": "2026-11-24T13:00:00Z", "to": "2026-11-25T01:00:00Z"}
    assert (standard["cost_to_serve"]["amount"], standard["cost_to_serve"]["currency"]) == ("6.99", "USD")
    assert [(line["line_id"], line["quantity"], line["promised_at"]) for line in standard["lines"]] == [
        ("1", 2, standard["promised_at"])
    ]
    assert [(one["node"], one["lines"][0]["is_on_hand"]) for one in standard["shipments"]] == [("ST-NYC", True)]
    assert pickup["message"].startswith("Ready for pickup at ST-NYC today by ")
    assert body["unavailable"] == []
    assert body["trace"] is None
    assert await api.available(sku) == {"DC-PA": 5, "ST-NYC": 3}


async def test_what_comes_later_than_it_is_needed_is_said_of_the_line_and_of_the_option(api: Api) -> None:
    sku = await api.stocked("LATE", {"DC-PA": 5})
    body = inquiry({sku: 1}, method="ship")
    body["lines"][0]["need_by"] = "2026-11-25T01:00:00Z"

    in_time = _lateness((await api.post("/v1/quotes", body)).json())
    body["lines"][0]["need_by"] = "2026-11-24T20:00:00Z"
    later = _lateness((await api.post("/v1/quotes", body)).json())
    captured = await api.post("/v1/orders", {**body, "external_id": "late-1", "ordered_at": NOW.isoformat()})

    assert in_time["standard"] == (False, False)
    assert later == dict.fromkeys(in_time, (True, True))
    (line,) = captured.json()["lines"]
    assert (captured.status_code, line["is_late"], line["promised_at"]["to"]) == (201, True, "2026-11-25T01:00:00Z")


def _lateness(quote: dict[str, Any]) -> dict[str, tuple[bool, bool]]:
    """By service whether an option to ship is late, and its only line."""
    options = [one for one in quote["options"] if one["method"] == "ship"]
    return {one["service"]: (one["is_late"], one["lines"][0]["is_late"]) for one in options}


async def test_what_was_needed_before_now_is_not_quoted(api: Api) -> None:
    sku = await api.stocked("PAST", {"DC-PA": 5})
    body = inquiry({sku: 1})
    body["lines"][0]["need_by"] = (NOW - timedelta(minutes=1)).isoformat()

    refused = await api.post("/v1/quotes", body)

    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"pointer": "/lines/0/need_by", "detail": "has passed: nothing can be there by then"}
    ]


async def test_the_first_option_is_what_an_order_as_asked_is_promised(api: Api) -> None:
    sku = await api.stocked("FIRST", {"DC-PA": 5})

    option = (await api.post("/v1/quotes", inquiry({sku: 2}, service="express"))).json()["options"][0]
    captured = await api.capture("first-1", {sku: 2}, service="express")

    (work,) = captured["fulfillments"]
    (shipment,) = option["shipments"]
    assert (option["service"], option["promised_at"]) == ("express", work["promised_at"])
    assert {name: shipment[name] for name in ("node", "ship_by", "cost_to_serve")} == {
        name: work[name] for name in ("node", "ship_by", "cost_to_serve")
    }


async def test_a_plan_keeps_its_id_as_long_as_it_stays_the_same(api: Api) -> None:
    sku = await api.stocked("PLAN", {"DC-PA": 5})

    first, again, other = [
        (await api.post("/v1/quotes", inquiry({sku: quantity}))).json()["options"][0]["plan_id"]
        for quantity in (1, 1, 2)
    ]

    assert first == again
    assert first != other


async def test_what_cannot_be_promised_is_named_with_what_could_be(api: Api) -> None:
    sku = await api.stocked("GAP", {"DC-PA": 3})

    body = (await api.post("/v1/quotes", inquiry({sku: 5}))).json()

    assert body["options"][0]["is_complete"] is False
    assert [(line["quantity"]) for line in body["options"][0]["lines"]] == [3]
    (gap,) = body["unavailable"]
    assert (gap["line_id"], gap["sku"], gap["quantity"], gap["reason"]) == ("1", sku, 2, "no_stock")
    assert gap["available_quantity"] == 3
    (less,) = gap["could_be"]
    assert (less["kind"], less["quantity"]) == ("less", 3)


async def test_what_the_orders_own_wish_keeps_back_could_be_had_separately(api: Api) -> None:
    first, second = await api.stocked("SET-1", {"DC-PA": 3}), await api.stocked("SET-2", {"ST-NYC": 3})
    asked = inquiry({first: 1, second: 1})
    asked["shipments_max"] = 1

    body = (await api.post("/v1/quotes", asked)).json()

    (gap,) = body["unavailable"]
    ways = [
        (way["quantity"], way["without"], way["shipments"]) for way in gap["could_be"] if way["kind"] == "separately"
    ]
    assert (gap["reason"], ways) == ("too_many_shipments", [(1, ["shipments_max"], 2)])
    assert gap["message"] == "Not available this way"


async def test_what_is_still_to_come_is_said_to_be_backordered(api: Api) -> None:
    sku = await api.stocked("COMING", {"DC-PA": 0})
    line = ExpectedLine(1, NodeId("DC-PA"), Sku(sku), 10, NOW + timedelta(days=9))
    assert isinstance(await api.system.door.one(ExpectSupply("PO-1", (line,)), actor="test"), Accepted)

    option = (await api.post("/v1/quotes", inquiry({sku: 1}))).json()["options"][0]
    captured = await api.capture("coming-1", {sku: 1})

    assert option["message"] == (
        "From the supplier; ships Wednesday, December 2 from DC-PA; arrives Thursday, December 3."
    )
    assert option["shipments"][0]["is_backordered"] is True
    assert (captured["status"], captured["promise"]["message"]) == ("backordered", option["message"])


async def test_a_pickup_without_a_node_asks_where_it_could_be(api: Api) -> None:
    sku = await api.stocked("WHERE", {"DC-PA": 5, "ST-NYC": 3})
    body = inquiry({sku: 2}, method="pickup", service="")

    found = (await api.post("/v1/quotes", body)).json()
    body["lines"][0]["quantity"] = 4
    nowhere = (await api.post("/v1/quotes", body)).json()

    assert (found["options"][0]["method"], found["options"][0]["node"]) == ("pickup", "ST-NYC")
    assert found["unavailable"] == []
    (gap,) = nowhere["unavailable"]
    assert (gap["quantity"], gap["reason"], gap["message"]) == (1, "no_node_has_all", "Only 3 left")


async def test_a_quote_can_be_explained(api: Api) -> None:
    sku = await api.stocked("WHY", {"DC-PA": 5, "ST-NYC": 3})

    trace = (await api.post("/v1/quotes?explain=true", inquiry({sku: 1}))).json()["trace"]

    assert trace["compared"] > 0
    assert {one["node"] for one in trace["candidates"]} == {"DC-PA", "ST-NYC"}
    assert trace["alternatives"]
    assert len(trace["input_digest"]) == 32


async def test_what_cannot_be_picked_up_here_can_be_had_less_elsewhere_or_sent(api: Api) -> None:
    sku = await api.stocked("WAYS", {"DC-PA": 9, "ST-NYC": 2, "ST-TWO": 5})
    await set_node(api.system, node("ST-TWO", latitude=40.9, longitude=-73.8), actor="test")

    answer = (await api.post("/v1/quotes", inquiry({sku: 4}, method="pickup", pickup_node="ST-NYC", service=""))).json()

    (gap,) = answer["unavailable"]
    ways = [(way["kind"], way["quantity"], way["method"], way["node"]) for way in gap["could_be"]]
    assert ways[0] == ("less", 2, None, None)
    assert ("elsewhere", 4, "pickup", "ST-TWO") in ways
    assert any(kind == "elsewhere" and method == "ship" for kind, _, method, _ in ways)
    named = {way["plan_id"] for way in gap["could_be"] if way["plan_id"] and way["kind"] != "less"}
    assert named <= {option["plan_id"] for option in answer["options"]}


async def test_a_quote_takes_no_payments(api: Api) -> None:
    sku = await api.stocked("HOLDING")

    answer = await api.post("/v1/quotes", inquiry({sku: 1}) | {"payments": []})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/payments", "detail": "there is no field payments"}]


async def test_a_quote_of_an_unknown_item_or_node_names_it(api: Api) -> None:
    sku = await api.stocked("KNOWN")

    item = await api.post("/v1/quotes", inquiry({"NO SUCH": 1}))
    node = await api.post("/v1/quotes", inquiry({sku: 1}, method="pickup", pickup_node="NO-NODE"))

    assert item.json()["errors"] == [{"pointer": "/lines/0/sku", "detail": "there is no item NO SUCH"}]
    assert node.json()["errors"] == [{"pointer": "/pickup_node", "detail": "there is no node NO-NODE"}]


async def test_a_quote_of_a_kit_counts_kits_and_offers_only_whole_ones(api: Api) -> None:
    first, second = await api.stocked("QUOTED-A", {"DC-PA": 9}), await api.stocked("QUOTED-B", {"DC-PA": 3})
    kit = await api.stocked("QUOTED-KIT", {}, kit=((Sku(first), 2), (Sku(second), 1)))

    whole = (await api.post("/v1/quotes", inquiry({kit: 3}))).json()
    short = (await api.post("/v1/quotes", inquiry({kit: 4}))).json()

    assert [(line["sku"], line["quantity"]) for line in whole["options"][0]["lines"]] == [(kit, 3)]
    assert short["options"][0]["lines"][0]["quantity"] == 3
    assert {way["kind"] for way in short["unavailable"][0]["could_be"]} == {"less"}
    assert short["unavailable"][0]["could_be"][0]["quantity"] == 3


async def test_a_message_counts_days_where_the_customer_is(api: Api) -> None:
    sku = await api.stocked("FAR", {"DC-PA": 5})
    honolulu = {
        "name": "Ada", "line1": "1 Ala Moana Blvd", "city": "Honolulu", "region": "HI", "postcode": "96813",
        "country": "US",
    }  # fmt: skip

    option = (await api.post("/v1/quotes", inquiry({sku: 1}, ship_to=honolulu))).json()["options"][0]

    arrives = datetime.fromisoformat(option["promised_at"]["to"]).astimezone(ZoneInfo("Pacific/Honolulu"))
    assert f"{arrives:%A}, {arrives:%B} {arrives.day}" in option["message"]


async def test_a_quote_says_which_services_do_not_go_there(api: Api) -> None:
    sku = await api.stocked("HAWAII", {"DC-PA": 5})
    honolulu = {"country": "US", "city": "Honolulu", "region": "Hawaii", "postcode": "96813"}

    body = (await api.post("/v1/quotes", inquiry({sku: 1}, ship_to=honolulu))).json()

    assert [one["service"] for one in body["options"]] == ["standard", "express"]
    assert body["not_served"] == [
        {
            "method": "ship", "service": "next_day", "carrier": "parcel",
            "detail": "next_day does not go to US-HI",
        },
        {
            "method": "delivery", "service": "delivery", "carrier": "local",
            "detail": "delivery goes 25 miles at most",
        },
    ]  # fmt: skip


async def test_an_order_that_no_service_can_bring_is_refused_and_says_why(api: Api) -> None:
    sku = await api.stocked("POLE", {"DC-PA": 5})
    before = await api.available(sku)

    answer = await api.post("/v1/orders", order("pole-1", {sku: 1}, ship_to={"country": "AQ"}, service="standard"))

    assert answer.status_code == 409
    (line,) = answer.json()["lines"]
    assert (line["reason"], line["detail"]) == ("no_service_to_destination", "standard does not go to AQ")
    assert await api.available(sku) == before


async def test_who_carries_it_is_said_from_the_quote_to_the_work_of_the_node(api: Api) -> None:
    sku = await api.stocked("CARRIER", {"DC-PA": 5})

    quoted = (await api.post("/v1/quotes", inquiry({sku: 1}, service="express"))).json()["options"][0]
    captured = await api.capture("carrier-1", {sku: 1}, service="express")
    (work,) = captured["fulfillments"]
    read = (await api.get(f"/v1/orders/{captured['order_id']}")).json()

    assert [one["carrier"] for one in quoted["shipments"]] == ["parcel"]
    assert quoted["shipments"][0]["carbon_grams"] is None  # the policy knows no factors
    assert work["carrier"] == "parcel"
    assert [one["carrier"] for one in read["fulfillments"]] == ["parcel"]
    listed = (await api.get("/v1/fulfillments?node=DC-PA&limit=100")).json()["items"]
    assert [one["carrier"] for one in listed if one["order_id"] == captured["order_id"]] == ["parcel"]


async def test_a_quote_says_what_sooner_or_fewer_shipments_would_cost_where_it_is_asked(api: Api) -> None:
    first, second = await api.stocked("FRONT-A", {"DC-PA": 1, "DC-IL": 1}), await api.stocked("FRONT-B", {"DC-IL": 1})
    body = inquiry({first: 1, second: 1})

    plain = (await api.post("/v1/quotes", body)).json()
    found = (await api.post("/v1/quotes?front=true", body)).json()

    assert plain["fronts"] == []
    [front] = found["fronts"]
    assert front["is_complete"]
    assert {len(plan["shipments"]) for plan in front["plans"]} == {1, 2}
    [chosen] = [plan for plan in front["plans"] if plan["is_chosen"]]
    assert chosen["cost_to_serve"] == found["options"][0]["cost_to_serve"]
    assert chosen["dearer_by"] == {"amount": "0.00", "currency": "USD"}
    assert {name: value for name, value in found.items() if name not in ("fronts", "quoted_at")} == {
        name: value for name, value in plain.items() if name not in ("fronts", "quoted_at")
    }


async def test_a_pickup_wherever_it_can_be_has_no_front(api: Api) -> None:
    sku = await api.stocked("FRONT-PICKUP", {"ST-NYC": 1})

    answer = await api.post("/v1/quotes?front=true", inquiry({sku: 1}, method="pickup"))

    assert (answer.status_code, answer.json()["fronts"]) == (200, [])


async def test_a_pickup_that_no_node_near_a_point_has_whole_says_what_the_fullest_of_them_could(api: Api) -> None:
    sku = await api.stocked("FULL", {"DC-PA": 9, "ST-NYC": 2, "ST-THREE": 3})
    await set_node(api.system, node("ST-THREE", latitude=40.9, longitude=-73.8, pickup=True), actor="test")
    body = inquiry({sku: 5}, method="pickup", service="") | {"near": {"postcode": "10001"}}
    far = body | {"near": {"postcode": "90012"}}

    answer = (await api.post("/v1/quotes", body)).json()
    beyond = (await api.post("/v1/quotes", far)).json()

    partial = next(option for option in answer["options"] if option["method"] == "pickup")
    assert (partial["node"], partial["is_complete"]) == ("ST-THREE", False)
    (gap,) = answer["unavailable"]
    assert (gap["quantity"], gap["reason"], gap["message"]) == (2, "no_node_has_all", "Only 3 left")
    less = gap["could_be"][0]
    assert (less["kind"], less["quantity"]) == ("less", 3)
    assert {way["kind"] for way in gap["could_be"]} == {"less", "elsewhere"}
    smaller = inquiry({sku: 3}, method="pickup", pickup_node="ST-THREE", service="")
    assert (await api.post("/v1/quotes", smaller)).json()["options"][0]["plan_id"] == less["plan_id"]

    assert [option["method"] for option in beyond["options"] if option["method"] == "pickup"] == []
    (gap,) = beyond["unavailable"]
    assert (gap["quantity"], gap["reason"], gap["message"]) == (5, "out_of_reach", "Not available this way")
