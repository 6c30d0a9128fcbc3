"""The work of nodes over HTTP, from release to the door or to the counter, and what happens when a node cannot."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import node, stock
from tests.http.conftest import Api
from troth.flows.records.configure import set_node

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def released(api: Api, external_id: str, lines: dict[str, int], **changes: Any) -> str:
    """The path of the one fulfillment of a released order."""
    captured = await api.capture(external_id, lines, **changes)
    assert (await api.post(f"/v1/orders/{captured['order_id']}/release")).status_code == 200
    (work,) = captured["fulfillments"]
    return f"/v1/fulfillments/{work['fulfillment_id']}"


async def on_hand(api: Api, sku: str) -> dict[str, tuple[int, int]]:
    """On hand and reserved units by node, from the database."""
    async with api.system.pool.acquire() as connection:
        rows = await connection.fetch("SELECT node, on_hand, reserved FROM balances WHERE sku = $1 ORDER BY node", sku)
    return {row["node"]: (row["on_hand"], row["reserved"]) for row in rows}


async def test_an_order_is_followed_to_the_door(api: Api) -> None:
    sku = await api.stocked("DOOR", {"DC-PA": 5})
    path = await released(api, "door-1", {sku: 2})

    accepted = await api.post(f"{path}/accept")
    picked = await api.post(f"{path}/pick", {"lines": [{"line_id": "1", "quantity": 2}]})
    packed = await api.post(
        f"{path}/pack",
        {"packages": [{"package_id": "1", "lines": [{"line_id": "1", "quantity": 2}], "weight_kg": 1.2}]},
    )
    shipped = await api.post(
        f"{path}/ship",
        {"packages": [{"package_id": "1", "carrier": "ups", "service": "ground", "tracking_number": "1Z-DOOR"}]},
    )
    in_transit = await api.post(
        "/v1/tracking", {"carrier": "ups", "tracking_number": "1Z-DOOR", "status": "in_transit", "place": "Newark"}
    )
    delivered = await api.post(
        "/v1/tracking",
        {"carrier": "ups", "tracking_number": "1Z-DOOR", "status": "delivered", "at": "2026-11-23T15:04:00Z"},
    )

    steps = [accepted, picked, packed, shipped]
    assert [(step.status_code, step.json()["status"], step.json()["order_status"]) for step in steps] == [
        (200, "accepted", "in_fulfillment"),
        (200, "picked", "in_fulfillment"),
        (200, "packed", "in_fulfillment"),
        (200, "shipped", "shipped"),
    ]
    assert [step.json()["possible"] for step in steps] == [
        ["reject", "pick", "unaccept"],
        ["pack", "unpick"],
        ["ship", "unpack"],
        ["deliver"],
    ]
    assert shipped.json()["packages"] == [
        {
            "package_id": "1",
            "lines": [{"line_id": "1", "quantity": 2}],
            "weight_kg": 1.2,
            "carrier": "ups",
            "service": "ground",
            "tracking_number": "1Z-DOOR",
            "received_at": None,
            "box": None,
            "dimensions_cm": None,
        }
    ]
    assert (in_transit.json()["recorded"], in_transit.json()["results"][0]["status"]) == (1, "shipped")
    assert (delivered.json()["recorded"], delivered.json()["results"][0]["status"]) == (1, "delivered")
    body = (await api.get("/v1/orders/web:door-1")).json()
    assert (body["status"], body["promise"]["message"]) == ("delivered", "Delivered today.")
    assert [(point["milestone"], point["is_expected"], point["still_possible"]) for point in body["timeline"]] == [
        ("captured", False, ["cancel", "change", "hold", "release"]),
        ("released", False, ["cancel", "change"]),
        ("shipped", False, []),
        ("delivered", False, []),
    ]
    assert await on_hand(api, sku) == {"DC-PA": (3, 0)}
    assert [event["kind"] for event in (await api.get("/v1/orders/web:door-1/events")).json()["items"]] == [
        "OrderCaptured",
        "OrderReleased",
        "FulfillmentAccepted",
        "FulfillmentPicked",
        "FulfillmentPacked",
        "FulfillmentShipped",
        "TrackingRecorded",
        "TrackingRecorded",
        "FulfillmentDelivered",
    ]


async def test_an_order_is_picked_up_with_its_code(api: Api) -> None:
    sku = await api.stocked("COUNTER", {"ST-NYC": 3})
    path = await released(api, "counter-1", {sku: 1}, method="pickup", pickup_node="ST-NYC", service="")
    code = (await api.get("/v1/orders/web:counter-1")).json()["fulfillments"][0]["pickup_code"]
    wrong_code = "0" * 6 if code != "0" * 6 else "1" * 6

    ready = await api.post(f"{path}/ready", {"staging": "A3"})
    told = (await api.get("/v1/orders/web:counter-1")).json()["promise"]["message"]
    wrong = await api.post(f"{path}/collect", {"code": wrong_code, "collected_by": "Ada Park"})
    collected = await api.post(f"{path}/collect", {"code": code, "collected_by": "Ada Park"})

    assert (ready.json()["status"], ready.json()["staging"], ready.json()["possible"]) == (
        "ready",
        "A3",
        ["collect", "unstage"],
    )
    assert told == "Ready for pickup at ST-NYC."
    assert (wrong.status_code, wrong.json()["errors"]) == (
        422,
        [{"pointer": "/code", "detail": "is not the code of this pickup; 4 more may be tried"}],
    )
    assert (collected.status_code, collected.json()["status"]) == (200, "collected")
    assert (collected.json()["order_status"], collected.json()["collected_by"]) == ("delivered", "Ada Park")
    assert await on_hand(api, sku) == {"ST-NYC": (2, 0)}


async def test_rejected_units_are_sourced_from_another_node(api: Api) -> None:
    sku = await api.stocked("REJECT", {"DC-PA": 5, "DC-IL": 5})
    path = await released(api, "reject-1", {sku: 2})
    first = (await api.get(path)).json()["node"]

    answer = await api.post(f"{path}/reject", {"reason": "no staff"})

    body = answer.json()
    other = {"DC-PA": "DC-IL", "DC-IL": "DC-PA"}[first]
    assert (answer.status_code, body["status"]) == (200, "rejected")
    assert [(one["line_id"], one["quantity"], one["node"]) for one in body["resourced"]] == [("1", 2, other)]
    assert body["unsourced"] == []
    assert await api.available(sku) == {first: 5, other: 3}


async def test_a_short_pick_is_sourced_again_and_the_books_follow(api: Api) -> None:
    sku = await api.stocked("SHORT", {"DC-PA": 5, "DC-IL": 5})
    path = await released(api, "short-1", {sku: 3})
    first = (await api.get(path)).json()["node"]

    body = (
        await api.post(f"{path}/pick", {"lines": [{"line_id": "1", "quantity": 1, "short_reason": "not_found"}]})
    ).json()

    other = {"DC-PA": "DC-IL", "DC-IL": "DC-PA"}[first]
    assert [(line["quantity"], line["state"]) for line in body["lines"]] == [(1, "picked")]
    assert [(one["quantity"], one["node"]) for one in body["resourced"]] == [(2, other)]
    assert await on_hand(api, sku) == {first: (3, 1), other: (5, 2)}


async def test_what_can_be_had_nowhere_else_is_said_to_be_unsourced(api: Api) -> None:
    sku = await api.stocked("NOWHERE", {"DC-PA": 2})
    path = await released(api, "nowhere-1", {sku: 2})

    body = (await api.post(f"{path}/pick", {"lines": [{"line_id": "1", "quantity": 0}]})).json()

    assert (body["order_status"], body["unsourced"]) == ("exception", [{"line_id": "1", "quantity": 2}])
    told = (await api.get("/v1/orders/web:nowhere-1")).json()
    assert told["promise"]["message"] == "2 units cannot be promised at this moment."
    assert told["possible"]["cancelable"] == [{"line_id": "1", "quantity": 2}]


async def test_more_than_there_is_cannot_be_picked(api: Api) -> None:
    sku = await api.stocked("PICK", {"DC-PA": 2})
    path = await released(api, "pick-1", {sku: 2})

    answer = await api.post(f"{path}/pick", {"lines": [{"line_id": "1", "quantity": 3}]})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/lines/0", "detail": "2 units of line 1 can be picked here"}]
    assert (await api.get(path)).json()["status"] == "released"


@pytest.mark.parametrize("verb", ["ready", "collect", "deliver"])
async def test_a_report_that_does_not_fit_is_told_what_does(api: Api, verb: str) -> None:
    sku = await api.stocked(f"FIT-{verb}", {"DC-PA": 2})
    path = await released(api, f"fit-{verb}", {sku: 1})

    answer = await api.post(f"{path}/{verb}")

    assert (answer.status_code, answer.json()["code"]) == (409, "not-possible-now")
    assert (answer.json()["what"], answer.json()["state"]) == (verb, "released")
    assert "accept" in answer.json()["possible"]


async def test_the_work_of_a_node_is_found_by_status_in_pages(api: Api) -> None:
    sku = await api.stocked("LIST", {"DC-CA": 9})
    paths = [await released(api, f"list-{number}", {sku: 1}) for number in range(3)]
    await api.post(f"{paths[0]}/accept")

    accepted = (await api.get("/v1/fulfillments?node=DC-CA&status=accepted")).json()
    both = (await api.get("/v1/fulfillments?node=DC-CA&status=accepted&status=released&limit=2")).json()
    rest = (await api.get(f"/v1/fulfillments?node=DC-CA&cursor={both['next']}")).json()

    assert [f"/v1/fulfillments/{one['fulfillment_id']}" for one in accepted["items"]] == [paths[0]]
    found = [f"/v1/fulfillments/{one['fulfillment_id']}" for one in (*both["items"], *rest["items"])]
    assert sorted(found) == sorted(paths)
    assert (len(both["items"]), rest["next"]) == (2, None)


async def test_an_associate_sees_and_reports_only_the_work_of_their_node(api: Api) -> None:
    sku = await api.stocked("STORE", {"ST-NYC": 5, "DC-PA": 5})
    own = await released(api, "store-1", {sku: 1}, method="pickup", pickup_node="ST-NYC", service="")
    other = await released(api, "store-2", {sku: 1}, service="next_day", ship_to={"country": "US", "postcode": "17101"})
    headers = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['ST-NYC'])}"}
    assert (await api.get(other)).json()["node"] == "DC-PA"

    listed = (await api.get("/v1/fulfillments", headers=headers)).json()["items"]

    assert own in [f"/v1/fulfillments/{one['fulfillment_id']}" for one in listed]
    assert {one["node"] for one in listed} == {"ST-NYC"}
    assert (await api.get("/v1/fulfillments?node=DC-PA", headers=headers)).status_code == 404
    assert (await api.get(other, headers=headers)).status_code == 404
    assert (await api.post(f"{other}/accept", headers=headers)).status_code == 404
    assert (await api.post(f"{own}/accept", headers=headers)).status_code == 200


@pytest.mark.parametrize("name", ["O-NONE-F1", "nonsense", "%00"])
async def test_work_that_is_not_there_is_not_found(api: Api, name: str) -> None:
    read = await api.get(f"/v1/fulfillments/{name}")
    reported = await api.post(f"/v1/fulfillments/{name}/accept")
    collected = await api.post(f"/v1/fulfillments/{name}/collect", {"code": "123456"})

    assert [answer.status_code for answer in (read, reported, collected)] == [404, 404, 404]
    assert {answer.json()["what"] for answer in (read, reported, collected)} == {"fulfillment"}


async def test_a_list_of_checkpoints_is_taken_one_by_one(api: Api) -> None:
    sku = await api.stocked("TRACK", {"DC-PA": 5})
    path = await released(api, "track-1", {sku: 1})
    await api.post(f"{path}/ship", {"packages": [{"package_id": "1", "tracking_number": "1Z-TRACK"}]})

    answer = await api.post(
        "/v1/tracking",
        [
            {"tracking_number": "1Z-TRACK", "status": "in_transit"},
            {"tracking_number": "1Z-NONE", "status": "in_transit"},
            {"tracking_number": "1Z-TRACK", "status": "delivered"},
        ],
    )

    body = answer.json()
    assert (answer.status_code, body["recorded"], body["refused"]) == (200, 2, 1)
    assert [(one["index"], one["is_recorded"], one["status"]) for one in body["results"]] == [
        (0, True, "shipped"),
        (1, False, None),
        (2, True, "delivered"),
    ]
    assert (body["results"][1]["problem"]["status"], body["results"][1]["problem"]["id"]) == (404, "1Z-NONE")


async def test_a_single_checkpoint_of_an_unknown_parcel_is_a_problem(api: Api) -> None:
    answer = await api.post("/v1/tracking", {"tracking_number": "1Z-NONE", "status": "in_transit"})

    assert (answer.status_code, answer.json()["what"]) == (404, "tracking number")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"tracking_number": "1Z", "status": "in transit"}, "/status"),
        ([{"tracking_number": "1Z", "status": "x"}, {"status": "x"}], "/1/tracking_number"),
        ([], ""),
        ({"tracking_number": "1Z", "status": "x", "color": "red"}, "/color"),
    ],
)
async def test_a_flaw_of_a_checkpoint_is_named_by_its_place(api: Api, body: object, pointer: str) -> None:
    answer = await api.post("/v1/tracking", body)

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])


async def test_work_that_has_to_be_accepted_says_by_when_until_it_is(api: Api) -> None:
    vendor = node("V-ACCEPT", acceptance_minutes=90, feed_minutes=30, reroute_after_minutes=45)
    await set_node(api.system, vendor, actor="test")
    sku = await api.stocked("ACCEPT", {})
    await stock(api.system, {(sku, "V-ACCEPT"): 5})
    path = await released(api, "accept-1", {sku: 1})

    shown = (await api.get(path)).json()
    listed = (await api.get("/v1/fulfillments?node=V-ACCEPT")).json()["items"]
    accepted = (await api.post(f"{path}/accept")).json()

    now = api.clock.now.replace(second=0, microsecond=0)
    until = datetime.fromisoformat(shown["accept_by"])
    assert timedelta(hours=2) <= until - now <= timedelta(hours=2, minutes=1)
    assert [one["accept_by"] for one in listed] == [shown["accept_by"]]
    assert (accepted["status"], accepted["accept_by"]) == ("accepted", None)
    assert (await api.get(path)).json()["accept_by"] is None
    told = (await api.get("/v1/nodes/V-ACCEPT")).json()
    assert (told["reroute_after_minutes"], told["pickup_minutes"]) == (45, 5)


async def test_a_step_is_taken_back_over_http_and_shown_to_whoever_asks(api: Api) -> None:
    sku = await api.stocked("UNDO", {"DC-PA": 5})
    path = await released(api, "undo-1", {sku: 2})

    early = await api.post(f"{path}/unpick")
    steps = [await api.post(f"{path}/{step}") for step in ("pick", "pack")]
    unpacked = await api.post(f"{path}/unpack", {"reason": "the carton was too small"})
    unpicked = await api.post(f"{path}/unpick", {"reason": "wrong order"})

    assert (early.status_code, early.json()["type"].rpartition("/")[2]) == (409, "not-possible-now")
    assert [step.status_code for step in steps] == [200, 200]
    assert (unpacked.json()["status"], unpacked.json()["packages"]) == ("picked", [])
    assert (unpicked.json()["status"], unpicked.json()["possible"]) == ("accepted", ["reject", "pick", "unaccept"])
    assert await on_hand(api, sku) == {"DC-PA": (5, 2)}
