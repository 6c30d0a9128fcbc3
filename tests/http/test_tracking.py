"""Where goods are and what is expected of them, as a client asks."""

from datetime import datetime, timedelta

import pytest

from tests.http.conftest import Api
from tests.http.test_fulfillments import released
from troth.flows.tracking.watch import Watcher, follow_watched, look_at_due

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_way_of_an_order_says_what_was_done_what_is_due_and_what_the_carrier_told(api: Api) -> None:
    sku = await api.stocked("WAY", {"DC-PA": 5})
    path = await released(api, "way-1", {sku: 1})
    await api.post(f"{path}/ship", {"packages": [{"package_id": "1", "carrier": "ups", "tracking_number": "1Z-WAY"}]})
    proof = {"name": "Ada Park", "photo": "https://example.com/1.jpg", "signature": "A. Park"}
    told = [
        {"tracking_number": "1Z-WAY", "status": "picked_up", "at": "2026-11-23T15:02:00Z", "place": "York, PA"},
        {"tracking_number": "1Z-WAY", "status": "picked_up", "at": "2026-11-23T15:02:00Z", "place": "York, PA"},
        {"tracking_number": "1Z-WAY", "status": "delivered", "at": "2026-11-23T15:04:00Z", "proof": proof},
        {"tracking_number": "1Z-WAY", "status": "in_transit", "at": "2026-11-23T15:03:00Z"},
    ]

    sent = (await api.post("/v1/tracking", told)).json()
    body = (await api.get("/v1/orders/web:way-1/tracking")).json()

    assert (sent["recorded"], [one["status"] for one in sent["results"]]) == (
        4,
        ["shipped", "shipped"] + ["delivered"] * 2,
    )
    (work,) = body["fulfillments"]
    assert [(one["step"], one["leg"], one["done_at"] is not None, one["is_late"]) for one in work["milestones"]] == [
        ("released", "order", True, False),
        ("picked", "node", True, False),
        ("packed", "node", True, False),
        ("handed_over", "node", True, False),
        ("in_transit", "carrier", True, False),
        ("out_for_delivery", "carrier", True, False),
        ("delivered", "customer", True, False),
    ]
    assert work["milestones"][-1]["expected_by"] == work["promised_at"]
    (parcel,) = work["parcels"]
    assert (parcel["status"], parcel["tracking_number"]) == ("delivered", "1Z-WAY")
    assert [(one["status"], one["told"], one["proof"], one["is_doubted"]) for one in parcel["checkpoints"]] == [
        ("handed_over", "picked_up", None, False),
        ("in_transit", "", None, False),
        ("delivered", "", proof, False),
    ]


async def test_work_on_its_way_is_listed_by_how_likely_it_is_late(api: Api) -> None:
    sku = await api.stocked("WATCHED", {"DC-PA": 9})
    for number in (1, 2):
        await released(api, f"watched-{number}", {sku: 1})
    while await follow_watched(api.system.pool, api.system.door.now()):
        pass
    while await look_at_due(api.system, Watcher()):
        pass

    first = (await api.get("/v1/predictions?node=DC-PA&limit=1")).json()
    rest = (await api.get(f"/v1/predictions?node=DC-PA&cursor={first['next']}")).json()
    order = (await api.get("/v1/orders/web:watched-1/tracking")).json()
    bound = await api.key_for("fulfillments:read", nodes=["ST-NYC"])
    other = await api.get("/v1/predictions", headers={"authorization": f"Bearer {bound}"})

    found = [*first["items"], *rest["items"]]
    shares = [one["percent"] for one in found]
    assert shares == sorted(shares, reverse=True)
    assert {"watched-1", "watched-2"} <= {one["external_id"] for one in found}
    (work,) = order["fulfillments"]
    (listed,) = [one for one in found if one["fulfillment_id"] == work["fulfillment_id"]]
    assert work["expected"] == {name: listed[name] for name in work["expected"]}
    assert (listed["step"], listed["called_at"], listed["trouble"]) == ("picked", None, None)
    assert [one for one in other.json()["items"] if one["node"] != "ST-NYC"] == []


async def test_kept_promises_are_counted_by_whoever_kept_them(api: Api) -> None:
    sku = await api.stocked("KEPT", {"DC-KEPT": 9})
    api.clock.advance(hours=1)
    since = api.clock.now
    for number, carrier in enumerate(("Swift", "swift", "Slow"), 1):
        path = await released(api, f"kept-{number}", {sku: 1})
        parcel = {"package_id": "1", "carrier": carrier, "tracking_number": f"K-{number}"}
        await api.post(f"{path}/ship", {"packages": [parcel]})
        if carrier == "Slow":
            api.clock.advance(days=12)
        told = {"tracking_number": f"K-{number}", "status": "delivered", "at": api.clock.now.isoformat()}
        assert (await api.post("/v1/tracking", told)).status_code == 200
    until = api.clock.now

    span = {"since": since.isoformat(), "until": (until + timedelta(seconds=1)).isoformat()}
    by_carrier = (await api.get("/v1/promises-kept", params={"by": "carrier", **span})).json()["items"]
    by_node = (await api.get("/v1/promises-kept", params={"by": "node", **span})).json()["items"]
    backwards = await api.get("/v1/promises-kept", params={"since": span["until"], "until": span["since"]})

    assert [(one["name"], one["done"], one["on_time"], one["otif_rate"]) for one in by_carrier] == [
        ("swift", 2, 2, 1.0),
        ("slow", 1, 0, 0.0),
    ]
    assert by_carrier[1]["hours_late"] > 24 * 8
    assert [(one["name"], one["done"], one["on_time_in_full"]) for one in by_node] == [("DC-KEPT", 3, 2)]
    assert (backwards.status_code, backwards.json()["errors"][0]["pointer"]) == (422, "?since")


async def test_what_was_promised_first_counts_whoever_sends_it_in_the_end(api: Api) -> None:
    sku = await api.stocked("FIRST", {"DC-PA": 2, "DC-CA": 2})
    since = api.clock.now
    path = await released(api, "first-1", {sku: 1})
    await api.post(f"{path}/reject", {"reason": "damaged"})
    order = (await api.get("/v1/orders/web:first-1")).json()
    first, second = order["fulfillments"]
    await api.post("/v1/orders/web:first-1/release")
    name = f"/v1/fulfillments/{second['fulfillment_id']}"
    await api.post(f"{name}/ship", {"packages": [{"package_id": "1", "carrier": "late", "tracking_number": "L-1"}]})
    at = max(first["promised_at"]["to"], second["promised_at"]["to"])
    api.clock.now = datetime.fromisoformat(at)
    await api.post("/v1/tracking", {"tracking_number": "L-1", "status": "delivered", "at": at})

    until = api.clock.now + timedelta(seconds=1)
    span = {"since": since.isoformat(), "until": until.isoformat(), "by": "carrier"}
    (late,) = [
        one for one in (await api.get("/v1/promises-kept", params=span)).json()["items"] if one["name"] == "late"
    ]
    is_later = second["promised_at"]["to"] > first["promised_at"]["to"]
    assert (late["done"], late["on_time"], late["first_promise_kept"]) == (1, 1, 0 if is_later else 1)
