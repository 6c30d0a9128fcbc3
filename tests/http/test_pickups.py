"""Pickups over HTTP: customers come, are late, name somebody else, or never come."""

import pytest

from tests.http.conftest import Api
from tests.http.test_fulfillments import on_hand, released
from troth.flows.log.doctor import examine
from troth.flows.orders.due import act_on_due

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ready(api: Api, external_id: str, sku: str, **changes: object) -> str:
    path = await released(api, external_id, {sku: 1}, method="pickup", pickup_node="ST-NYC", service="", **changes)
    answer = await api.post(f"{path}/ready", {"staging": "A3"})
    assert answer.status_code == 200, answer.text
    return path


async def test_a_customer_at_the_curb_is_seen_to_wait_until_they_are_handed_their_goods(api: Api) -> None:
    sku = await api.stocked("CURB", {"ST-NYC": 3})
    path = await released(api, "curb-1", {sku: 1}, method="curbside", pickup_node="ST-NYC", service="")
    await api.post(f"{path}/ready", {"staging": "A3"})
    on_the_way = await api.post(f"{path}/arrival", {"arrival": "on_the_way"})
    here = await api.post(f"{path}/arrival", {"arrival": "here", "bay": "4", "vehicle": "green van"})
    api.clock.advance(minutes=6)
    collected = await api.post(f"{path}/collect", {"collected_by": "Ada Park"})

    assert on_the_way.json()["pickup"]["arrival"] == "on_the_way"
    assert (here.json()["pickup"]["bay"], here.json()["pickup"]["waited_seconds"]) == ("4", None)
    assert here.json()["pickup"]["here_at"] is not None
    assert collected.json()["pickup"]["waited_seconds"] == 360
    of_order = (await api.get("/v1/orders/web:curb-1")).json()["fulfillments"][0]["pickup"]
    assert (of_order["vehicle"], of_order["waited_seconds"]) == ("green van", 360)


async def test_wrong_codes_are_counted_once_each_and_then_none_is_looked_at(api: Api) -> None:
    sku = await api.stocked("CODES", {"ST-NYC": 3})
    rules = {"pickups": [{"name": "strict", "code_attempts_max": 2, "code_required": True}]}
    saved = await api.put("/v1/work-rules/strict", rules)
    await api.post("/v1/work-rules/strict/activate", {"version": 1, "reason": "test"})
    await api.system.door.follow()
    assert saved.status_code in (200, 201), saved.text
    path = await ready(api, "codes-1", sku)
    code = (await api.get("/v1/orders/web:codes-1")).json()["fulfillments"][0]["pickup_code"]
    wrong = {"code": "0" * 6 if code != "0" * 6 else "1" * 6}

    without = await api.post(f"{path}/collect")
    first = await api.post(f"{path}/collect", wrong, headers={"Idempotency-Key": "codes-1-a"})
    again = await api.post(f"{path}/collect", wrong, headers={"Idempotency-Key": "codes-1-a"})
    second = await api.post(f"{path}/collect", wrong)
    locked = await api.post(f"{path}/collect", {"code": code})
    named = await api.post(f"{path}/collector", {"name": "Ben Park"})
    identified = await api.post(f"{path}/collect", {"collected_by": "Ben Park", "identity_checked": True})

    assert without.json()["errors"][0]["pointer"] == "/code"
    assert (first.status_code, first.json()["errors"]) == (
        422,
        [{"pointer": "/code", "detail": "is not the code of this pickup; 1 more may be tried"}],
    )
    assert (again.status_code, again.content) == (422, first.content)
    assert "none is looked at until" in second.json()["errors"][0]["detail"]
    assert (locked.status_code, locked.json()["type"]) == (409, "/problems/pickup-locked")
    assert named.json()["pickup"]["collector"] == "Ben Park"
    assert (identified.status_code, identified.json()["status"]) == (200, "collected")
    await api.post("/v1/work-rules/strict/retire", {"reason": "test"})
    await api.system.door.follow()


async def test_what_nobody_collects_is_put_back_and_only_then_sold_again(api: Api) -> None:
    sku = await api.stocked("NOSHOW", {"ST-NYC": 3})
    path = await ready(api, "noshow-1", sku)
    early = await api.post(f"{path}/put-back")
    extended = await api.post(f"{path}/extend", {"by": "customer", "reason": "away"})
    twice = await api.post(f"{path}/extend", {"by": "customer"})
    api.clock.advance(days=11)
    await act_on_due(api.system, api.clock(), limit=100)

    over = (await api.get("/v1/orders/web:noshow-1")).json()
    work = await api.get(path)
    listed = (await api.get("/v1/fulfillments?node=ST-NYC&status=uncollected")).json()["items"]
    assert (early.status_code, twice.status_code, extended.status_code) == (409, 409, 200)
    assert (over["status"], over["lines"][0]["canceled_quantity"]) == ("canceled", 1)
    assert (work.json()["status"], work.json()["possible"]) == ("uncollected", ["put-back"])
    assert [one["fulfillment_id"] for one in listed] == [work.json()["fulfillment_id"]]
    assert await on_hand(api, sku) == {"ST-NYC": (3, 1)}
    assert (report := await examine(api.system.pool, now=api.clock())).is_clean, report.text()

    put_back = await api.post(f"{path}/put-back")

    assert (put_back.status_code, put_back.json()["status"]) == (200, "canceled")
    assert await on_hand(api, sku) == {"ST-NYC": (3, 0)}
    assert (report := await examine(api.system.pool, now=api.clock())).is_clean, report.text()
    kinds = [event["kind"] for event in (await api.get("/v1/orders/web:noshow-1/events")).json()["items"]]
    assert kinds[-6:] == [
        "FulfillmentReady",
        "PickupOpened",
        "PickupExtended",
        "OrderCanceled",
        "PickupExpired",
        "PickupPutBack",
    ]


async def test_a_key_that_is_bound_to_another_node_sees_no_pickup(api: Api) -> None:
    sku = await api.stocked("BOUND", {"ST-NYC": 3})
    path = await ready(api, "bound-1", sku)
    elsewhere = await api.key_for("fulfillments:write", nodes=["DC-PA"])
    answer = await api.post(f"{path}/arrival", {"arrival": "here"}, headers={"Authorization": f"Bearer {elsewhere}"})
    assert answer.status_code == 404
