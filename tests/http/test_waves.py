"""Release rules and waves over HTTP: what comes, what a person does to it, and what is planned of an order."""

from typing import Any

import pytest

from tests.http.conftest import Api
from troth.flows.orders.due import act_on_due
from troth.flows.orders.waves import run_waves

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULES: dict[str, Any] = {
    "remorse": [{"name": "pos", "when": "order.channel == 'pos'", "minutes": 0}],
    "waves": [{"name": "parcels", "times": ["11:00:00", "13:00:00"], "where": "node.id == 'DC-PA'", "orders_max": 10}],
}
FIRST = "parcels~DC-PA~20261123T1600Z"


async def in_force(api: Api, rules: dict[str, Any]) -> None:
    saved = await api.put("/v1/release-rules/everyday", rules)
    assert saved.status_code in (200, 201), saved.text
    body = {"version": saved.json()["version"], "reason": "test"}
    answer = await api.post("/v1/release-rules/everyday/activate", body)
    assert answer.status_code == 200, answer.text


async def planned(api: Api, external_id: str, sku: str) -> dict[str, Any]:
    """An order that is planned into the first wave."""
    order = await api.capture(external_id, {sku: 2})
    until = api.clock.now
    api.clock.advance(minutes=31)
    await act_on_due(api.system, api.system.door.now(), limit=100)
    api.clock.now = until
    body: dict[str, Any] = (await api.get(f"/v1/orders/{order['order_id']}")).json()
    return body


async def test_flaws_of_release_rules_name_their_fields(api: Api) -> None:
    rules = {
        "remorse": [{"name": "a b", "minutes": -1, "when": "order.chanel == 'pos'"}],
        "lead": [{"name": "l", "hours": 9000}],
        "waves": [
            {"name": "w", "times": [], "capacity_percent": 0, "is_shared": True, "weekdays": [7], "units_max": 0},
            {
                "name": "w",
                "times": ["10:00:30", "11:00:00", "11:00:00"],
                "time_zone": "Mars/Olympus",
                "where": "node.id",
            },
        ],
        "recalls": [{"name": "r", "given_back": ["shipped"]}],
    }

    answer = await api.put("/v1/release-rules/flawed", rules)

    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/remorse/0/name", "/remorse/0/minutes", "/remorse/0/when", "/lead/0/hours", "/waves/0/times",
        "/waves/0/capacity_percent", "/waves/0/time_zone", "/waves/0/weekdays/0", "/waves/0/units_max", "/waves/1/name",
        "/waves/1/times/0", "/waves/1/times/2", "/waves/1/time_zone", "/waves/1/where", "/recalls/0/given_back/0",
    }  # fmt: skip
    assert (await api.get("/v1/release-rules/flawed")).status_code == 404


async def test_a_rule_behind_one_that_speaks_of_everything_is_remarked(api: Api) -> None:
    rules = {
        "remorse": [{"name": "all", "minutes": 5}, {"name": "pos", "minutes": 0, "when": "order.channel == 'pos'"}]
    }
    answer = await api.post("/v1/release-rules/x/check", rules)
    assert answer.json()["findings"] == [
        {
            "pointer": "/remorse/1",
            "detail": "never decides: all before it speaks of everything",
            "line": None,
            "column": None,
        }
    ]


async def test_an_order_says_in_which_wave_it_goes_and_the_wave_what_it_will_hold(api: Api) -> None:
    sku = await api.stocked("WAVE-1")
    await in_force(api, RULES)
    order = await planned(api, "wave-1", sku)
    (work,) = order["fulfillments"]

    assert order["planned_releases"] == [
        {
            "fulfillment_id": work["fulfillment_id"],
            "release_at": "2026-11-23T16:00:00Z",
            "latest_at": "2026-11-23T18:59:00Z",
            "wave": FIRST,
        }
    ]
    answer = await api.get("/v1/waves", params={"node": "DC-PA", "hours": 4})
    first, second = answer.json()["items"]
    assert (first["wave"], first["node"], first["state"], second["at"]) == (
        FIRST,
        "DC-PA",
        "open",
        "2026-11-23T18:00:00Z",
    )
    assert first["expected"] == {"works": 1, "lines": 1, "units": 2}
    assert first["room"] == {"works": 10, "lines": None, "units": None}
    late = (await api.get("/v1/planned-releases", params={"begin_by": "2026-11-23T19:00:00Z"})).json()["items"]
    assert [(one["order_id"], one["wave"]) for one in late] == [(order["order_id"], FIRST)]
    assert (await api.get("/v1/planned-releases")).json()["items"] == []
    await api.post(f"/v1/orders/{order['order_id']}/cancel", {"reason": "test"})


async def test_one_nodes_work_is_released_before_its_wave(api: Api) -> None:
    sku = await api.stocked("WAVE-2")
    await in_force(api, RULES)
    order = await planned(api, "wave-2", sku)
    path = f"/v1/fulfillments/{order['fulfillments'][0]['fulfillment_id']}/release"

    answer = await api.post(path)
    again = await api.post(path)

    assert (answer.status_code, answer.json()["status"]) == (200, "released")
    assert (again.status_code, again.json()["code"]) == (409, "not-possible-now")


async def test_a_wave_is_held_resumed_closed_and_run_by_hand(api: Api) -> None:
    sku = await api.stocked("WAVE-3")
    await in_force(api, RULES)
    order = await planned(api, "wave-3", sku)
    path = f"/v1/waves/{FIRST}"

    held = await api.post(f"{path}/hold", {"reason": "the sorter is down"})
    twice = await api.post(f"{path}/hold", {"reason": "the sorter is down"})
    refused = await api.post(f"{path}/release", {"reason": "now"})
    resumed = await api.post(f"{path}/resume", {"reason": "it runs"})
    run = await api.post(f"{path}/release", {"reason": "they are idle"})
    closed = await api.post(f"{path}/close", {"reason": "enough"})

    assert held.json() == {"wave": FIRST, "state": "held", "changed_orders": 0, "has_more": False}
    assert (twice.status_code, twice.json()["possible"]) == (409, ["resume", "close"])
    assert (refused.status_code, refused.json()["code"]) == (409, "not-possible-now")
    assert resumed.json()["state"] == "open"
    assert run.json() == {"wave": FIRST, "state": "open", "changed_orders": 1, "has_more": False}
    assert closed.json()["state"] == "closed"
    assert (await api.get(f"/v1/orders/{order['order_id']}")).json()["status"] == "released"
    told = await api.get("/v1/audit", params={"what": "wave", "id": FIRST})
    assert [one["after"].get("state") or one["after"]["act"] for one in told.json()["items"]] == [
        "closed", "release", "open", "held",
    ]  # fmt: skip


async def test_a_wave_needs_a_reason_and_has_to_be_there(api: Api) -> None:
    await in_force(api, RULES)
    blank = await api.post("/v1/waves/parcels~DC-PA~20261124T1600Z/hold", {})
    unknown = await api.post("/v1/waves/noon~DC-PA~20261124T1600Z/hold", {"reason": "r"})
    nowhere = await api.get("/v1/waves", params={"node": "NOWHERE"})
    assert (blank.status_code, blank.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert (unknown.status_code, nowhere.status_code) == (404, 404)


async def test_who_may_only_read_does_nothing_to_a_wave_and_a_node_sees_its_own(api: Api) -> None:
    await api.stocked("WAVE-4", {"DC-PA": 1, "DC-IL": 1})
    await in_force(api, RULES)
    reader = {"authorization": f"Bearer {await api.key_for('orders:read')}"}
    held = await api.post(f"/v1/waves/{FIRST}/hold", {"reason": "r"}, headers=reader)
    illinois = {"authorization": f"Bearer {await api.key_for('orders:read', nodes=['DC-IL'])}"}
    seen = await api.get("/v1/waves", headers=illinois)
    assert held.status_code == 403
    assert (seen.status_code, seen.json()["items"]) == (200, [])


async def test_nothing_is_left_planned_when_its_wave_is_over(api: Api) -> None:
    sku = await api.stocked("WAVE-5")
    await in_force(api, RULES)
    order = await planned(api, "wave-5", sku)
    api.clock.advance(hours=3)
    while (await run_waves(api.system, api.system.door.now(), limit=100)).changed:
        pass
    after = (await api.get(f"/v1/orders/{order['order_id']}")).json()
    assert (after["status"], after["planned_releases"]) == ("released", [])
