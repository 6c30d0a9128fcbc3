"""Lockers over HTTP: set up, promised, loaded, opened by code, and emptied where nobody came."""

import asyncio

import asyncpg
import pytest

from tests.documents import routing
from tests.http.conftest import Api, order
from tests.http.documents import activate
from tests.http.test_fulfillments import on_hand
from troth.flows.log.doctor import examine
from troth.flows.orders.due import act_on_due
from troth.store.node_days import NEVER_OVERBOOKED

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLACE = {"latitude": 40.75, "longitude": -73.99, "time_zone": "America/New_York"}
SMALL = {"name": "S", "inner_cm": [35, 45, 12], "weight_kg_max": 10, "numbers": [1, 2]}
LARGE = {"name": "L", "inner_cm": [35, 45, 60], "weight_kg_max": 20, "numbers": [11]}


async def bank(api: Api, name: str, *sizes: dict[str, object], keep_hours: int = 48) -> str:
    locker = {"home": "ST-NYC", "sizes": list(sizes), "keep_hours": keep_hours}
    saved = await api.put(f"/v1/nodes/{name}", {"type": "locker", "name": f"Locker {name}", **PLACE, "locker": locker})
    assert saved.status_code in (200, 201), saved.text
    await api.system.door.follow()
    return name


async def captured(api: Api, external_id: str, sku: str, locker: str) -> tuple[str, dict[str, object]]:
    body = order(external_id, {sku: 1}, method="pickup", pickup_node=locker, service="")
    answer = await api.post("/v1/orders", body)
    assert answer.status_code == 201, answer.text
    work = answer.json()["fulfillments"][0]
    await api.post(f"/v1/orders/web:{external_id}/release")
    return f"/v1/fulfillments/{work['fulfillment_id']}", work


async def test_a_locker_answers_as_it_was_set_and_names_what_cannot_be_meant(api: Api) -> None:
    name = await bank(api, "LK-SET", SMALL, LARGE)
    shown = (await api.get(f"/v1/nodes/{name}")).json()
    again = await api.put(f"/v1/nodes/{name}", {key: shown[key] for key in ("type", "name", *PLACE, "locker")})
    assert (shown["pickup"], shown["locker"]["home"], shown["locker"]["keep_hours"]) == (True, "ST-NYC", 48.0)
    assert shown["locker"]["sizes"][1] == {**LARGE, "inner_cm": [35.0, 45.0, 60.0], "weight_kg_max": 20.0}
    assert again.json()["locker"] == shown["locker"]

    twice = {**SMALL, "name": "M", "numbers": [2, 3]}
    flawed = {"type": "locker", **PLACE, "locker": {"home": "LK-BAD", "sizes": [SMALL, twice]}}
    bare = await api.put("/v1/nodes/LK-BAD", {"type": "locker", **PLACE})
    wrong = await api.put("/v1/nodes/LK-BAD", flawed)
    store = await api.put("/v1/nodes/LK-BAD", {**flawed, "type": "store"})
    assert bare.json()["errors"] == [{"pointer": "/locker", "detail": "is required of a locker, and only of one"}]
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/locker/home", "/locker/sizes/1/numbers"]
    assert "/locker" in [error["pointer"] for error in store.json()["errors"]]
    assert (await api.get("/v1/nodes/LK-BAD")).status_code == 404


async def test_a_locker_is_offered_loaded_opened_by_code_and_free_again(api: Api) -> None:
    sku = await api.stocked("LOCKER", {"ST-NYC": 9})
    name = await bank(api, "LK-LIFE", SMALL)
    asked = order("q", {sku: 1}, method="pickup", pickup_node=name, service="")
    quote = (await api.post("/v1/quotes", {key: asked[key] for key in asked if key != "external_id"})).json()
    option = next(one for one in quote["options"] if one["node"] == name)
    assert (option["method"], option["shipments"][0]["node"]) == ("pickup", "ST-NYC")
    path, work = await captured(api, "locker-1", sku, name)
    code = work["pickup_code"]
    assert work["locker_stay"]["locker"] == name  # type: ignore[index]
    coming = (await api.get(f"/v1/lockers/{name}")).json()
    assert [one["compartment"] for one in coming["coming"]] == [None]
    assert (coming["days"][0]["promised"], coming["days"][0]["free"]) == (1, 1)

    nowhere = await api.post(f"{path}/ready", {"staging": "A3"})
    early = await api.post(f"/v1/lockers/{name}/events", {"event": "opened", "code": code})
    laid = await api.post(f"{path}/ready", {"staging": "2"})
    lying = (await api.get(f"/v1/lockers/{name}")).json()["lying"]
    wrong = await api.post(f"/v1/lockers/{name}/events", {"event": "opened", "compartment": 2, "code": "1"})
    opened = await api.post(f"/v1/lockers/{name}/events", {"event": "opened", "code": code})
    key = {"Idempotency-Key": "locker-1-collected"}
    taken = await api.post(f"/v1/lockers/{name}/events", {"event": "collected", "compartment": 2}, headers=key)
    again = await api.post(f"/v1/lockers/{name}/events", {"event": "collected", "compartment": 2}, headers=key)

    assert nowhere.json()["errors"] == [
        {"pointer": "/staging", "detail": "must be the number of a compartment of LK-LIFE: S 1-2"}
    ]
    assert early.json()["errors"] == [{"pointer": "/code", "detail": "opens no compartment of this locker"}]
    assert laid.json()["locker_stay"]["compartment"] == 2
    assert [(one["compartment"], one["code"], one["size"]) for one in lying] == [(2, code, "S")]
    assert wrong.json()["errors"][0]["pointer"] == "/code"
    assert opened.json()["pickup"]["opened_at"] is not None
    assert (taken.status_code, taken.json()["status"], taken.json()["collected_by"]) == (200, "collected", "Ada Park")
    assert (again.status_code, again.content) == (200, taken.content)
    after = (await api.get(f"/v1/lockers/{name}")).json()
    assert (after["lying"], after["coming"], after["days"][0]["free"]) == ([], [], 2)
    assert await on_hand(api, sku) == {"ST-NYC": (8, 0)}
    assert (report := await examine(api.system.pool, now=api.clock())).is_clean, report.text()


async def test_what_nobody_takes_out_of_a_locker_is_put_back_at_its_store(api: Api) -> None:
    sku = await api.stocked("LAPSED", {"ST-NYC": 3})
    name = await bank(api, "LK-LAPSE", {**SMALL, "numbers": [1]})
    path, _ = await captured(api, "lapse-1", sku, name)
    await api.post(f"{path}/ready", {"staging": "1"})
    early = await api.post(f"/v1/lockers/{name}/events", {"event": "lapsed", "compartment": 1})
    api.clock.advance(hours=49)
    lapsed = await api.post(f"/v1/lockers/{name}/events", {"event": "lapsed", "compartment": 1})
    again = await api.post(f"/v1/lockers/{name}/events", {"event": "lapsed", "compartment": 1})
    await act_on_due(api.system, api.clock(), limit=100)
    (lying,) = (await api.get(f"/v1/lockers/{name}")).json()["lying"]
    assert (report := await examine(api.system.pool, now=api.clock())).is_clean, report.text()
    put_back = await api.post(f"{path}/put-back")

    assert early.status_code == 409
    assert "cannot lapse: its goods are kept until 2026-11-25T15:00:00" in early.json()["detail"]
    assert (lapsed.json()["status"], again.json()["status"], lying["status"]) == ("uncollected",) * 3
    assert (put_back.status_code, put_back.json()["node"]) == (200, "ST-NYC")
    assert (await api.get("/v1/orders/web:lapse-1")).json()["status"] == "canceled"
    assert await on_hand(api, sku) == {"ST-NYC": (3, 0)}
    assert (report := await examine(api.system.pool, now=api.clock())).is_clean, report.text()


async def test_the_last_compartment_is_promised_once_and_the_other_order_is_told_why(api: Api) -> None:
    sku = await api.stocked("RACE", {"ST-NYC": 50})
    name = await bank(api, "LK-RACE", {**SMALL, "numbers": [1]})
    orders = [order(f"race-{number}", {sku: 1}, method="pickup", pickup_node=name, service="") for number in range(6)]
    answers = await asyncio.gather(*(api.post("/v1/orders", body) for body in orders))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["lines"][0]["reason"] == "locker_full"
    assert "is free from 2026-11-2" in refused["lines"][0]["detail"]
    assert await on_hand(api, sku) == {"ST-NYC": (50, 1)}


async def test_two_processes_that_know_nothing_of_each_other_promise_the_last_compartment_once(api: Api) -> None:
    sku = await api.stocked("BLIND", {"ST-NYC": 50})
    name = await bank(api, "LK-BLIND", {**SMALL, "numbers": [1]})
    await captured(api, "blind-1", sku, name)
    load = api.system.door.reference.network.load
    for slot in [slot for slot in load.used if slot.node == name]:
        load.put(slot, 0)  # as another process would remember it, that has not followed the log yet
    late = await api.post("/v1/orders", order("blind-2", {sku: 1}, method="pickup", pickup_node=name, service=""))
    assert (late.status_code, late.json()["lines"][0]["reason"]) == (409, "locker_full")


async def test_without_the_check_of_the_tables_the_last_compartment_would_be_promised_twice(api: Api) -> None:
    """The negative control of the two races above: what they hold is held by the constraint and the lock."""
    sku = await api.stocked("CONTROL", {"ST-NYC": 50})
    name = await bank(api, "LK-CTRL", {**SMALL, "numbers": [1]})
    await captured(api, "control-1", sku, name)
    async with api.system.pool.acquire() as connection:
        overbook = "UPDATE node_days SET used = used + 1 WHERE node = $1 AND day < '2030-01-01'"
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await connection.execute(overbook, name)
        assert caught.value.constraint_name == NEVER_OVERBOOKED
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"ALTER TABLE node_days DROP CONSTRAINT {NEVER_OVERBOOKED}")
        assert (await connection.execute(overbook, name)).startswith("UPDATE")
        await transaction.rollback()


async def test_what_the_store_of_a_locker_lacks_is_sent_there_and_laid_into_it(api: Api) -> None:
    await api.put("/v1/routings/to-lockers", routing(weights={"ship_to_store": 1}))
    await activate(api, "to-lockers", 1)
    sku = await api.stocked("SENT", {"DC-PA": 9, "ST-NYC": 0})
    name = await bank(api, "LK-SENT", SMALL)
    path, work = await captured(api, "sent-1", sku, name)
    assert (work["node"], work["via"], work["locker_stay"]["locker"]) == ("DC-PA", "ST-NYC", name)  # type: ignore[index]
    (tracked,) = (await api.get("/v1/orders/web:sent-1/tracking")).json()["fulfillments"]
    shipped = await api.post(f"{path}/ship", {"packages": [{"package_id": "1", "tracking_number": "1Z1"}]})
    of_store = {"Authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['ST-NYC'])}"}
    of_bank = {"Authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=[name])}"}
    (coming,) = (await api.get(f"/v1/lockers/{name}", headers=of_bank)).json()["coming"]
    assert (shipped.status_code, coming["status"], coming["compartment"]) == (200, "shipped", None)
    assert [step["step"] for step in tracked["milestones"]][-3:] == ["arrived", "ready", "collected"]

    received = await api.post(f"{path}/receive", {"packages": ["1Z1"]}, headers=of_store)
    still = (await api.get(f"/v1/lockers/{name}", headers=of_bank)).json()
    laid = await api.post(f"{path}/ready", {"staging": "1"}, headers=of_store)
    lying = (await api.get(f"/v1/lockers/{name}", headers=of_bank)).json()["lying"]
    assert (received.status_code, [one["code"] for one in still["coming"]]) == (200, [work["pickup_code"]])
    assert (laid.json()["locker_stay"]["compartment"], [one["compartment"] for one in lying]) == (1, [1])
    assert (report := await examine(api.system.pool, now=api.clock())).is_clean, report.text()

    opened = await api.post(
        f"/v1/lockers/{name}/events", {"event": "opened", "code": work["pickup_code"]}, headers=of_bank
    )
    taken = await api.post(f"/v1/lockers/{name}/events", {"event": "collected", "compartment": 1}, headers=of_bank)
    after = (await api.get(f"/v1/lockers/{name}")).json()
    assert (opened.status_code, taken.json()["status"], after["lying"], after["coming"]) == (200, "collected", [], [])
    assert (report := await examine(api.system.pool, now=api.clock())).is_clean, report.text()


async def test_a_locker_tells_what_was_laid_into_which_compartment(api: Api) -> None:
    sku = await api.stocked("LOADED", {"ST-NYC": 5})
    name, other = await bank(api, "LK-LOAD", SMALL, LARGE), await bank(api, "LK-NONE", SMALL)
    path, work = await captured(api, "loaded-1", sku, name)
    loaded = {"event": "loaded", "fulfillment_id": work["fulfillment_id"], "compartment": 2}

    async def told(where: str, body: dict[str, object]) -> tuple[int, list[dict[str, str]]]:
        answer = await api.post(f"/v1/lockers/{where}/events", body)
        return answer.status_code, answer.json().get("errors", [])

    for where, body, pointer, detail in (
        (name, {"event": "loaded", "compartment": 2}, "/fulfillment_id", "is required of what was loaded"),
        (name, loaded | {"compartment": None}, "/compartment", "is required of what was loaded"),
        (
            name,
            loaded | {"compartment": 3},
            "/compartment",
            "must be the number of a compartment of LK-LOAD: S 1-2; L 11",
        ),
        (other, loaded, "/fulfillment_id", "is not to be laid into this locker"),
    ):
        assert await told(where, body) == (422, [{"pointer": pointer, "detail": detail}])
    assert (await api.get(path)).json()["status"] == "released"
    assert [(await told(name, loaded))[0] for _ in range(2)] == [200, 200]
    shown = (await api.get(f"/v1/lockers/{name}")).json()
    assert shown["sizes"] == [{"name": "S", "numbers": [1, 2]}, {"name": "L", "numbers": [11]}]
    assert [(one["compartment"], one["status"]) for one in shown["lying"]] == [(2, "ready")]
    events = (await api.get("/v1/orders/web:loaded-1/events")).json()["items"]
    assert [one["kind"] for one in events].count("FulfillmentReady") == 1


async def test_a_key_of_the_vendor_of_one_locker_sees_no_other(api: Api) -> None:
    sku = await api.stocked("VENDOR", {"ST-NYC": 5})
    mine, other = await bank(api, "LK-MINE", SMALL), await bank(api, "LK-OTHER", SMALL)
    path, work = await captured(api, "vendor-1", sku, mine)
    await api.post(f"{path}/ready", {"staging": "1"})
    key = {"Authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=[mine])}"}
    seen = await api.get(f"/v1/lockers/{mine}", headers=key)
    hidden = await api.get(f"/v1/lockers/{other}", headers=key)
    opened = await api.post(f"/v1/lockers/{mine}/events", {"event": "opened", "code": work["pickup_code"]}, headers=key)
    store = await api.get("/v1/lockers/ST-NYC")
    assert [one["code"] for one in seen.json()["lying"]] == [work["pickup_code"]]
    assert (hidden.status_code, opened.status_code, store.status_code) == (404, 200, 404)
