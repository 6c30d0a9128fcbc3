"""Schedules of lines that are set as one."""

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_schedule_of_what_is_sold_by_measure_is_set_as_one(api: Api) -> None:
    await api.stocked("CABLE", {"DC-PA": 1_000}, unit="m", decimals=2, weight_grams=10)
    asked = order("cable", {"CABLE": 3})
    asked["lines"][0]["schedule"] = [{"quantity": 1.25}, {"quantity": 1.75, "need_by": "2027-01-20T00:00:00Z"}]
    made = (await api.post("/v1/orders", asked)).json()
    plain = await api.capture("plain", {"CABLE": 1})
    url = f"/v1/orders/{made['order_id']}/changes"
    dates = [
        {"quantity": 0.5, "need_by": "2027-01-20T00:00:00Z"},
        {"quantity": "2.5", "need_by": "2027-02-20T00:00:00Z"},
    ]

    changed = await api.post(url, {"actions": [{"action": "set_schedule", "line_id": "1", "schedule": dates}]})
    finer = [{"quantity": 1}, {"quantity": 0.125}]
    refused = await api.post(url, {"actions": [{"action": "set_schedule", "line_id": "1", "schedule": finer}]})
    more = await api.post(url, {"actions": [{"action": "set_quantity", "line_id": "1", "quantity": 3.25}]})

    assert changed.status_code == 200, changed.json()
    (folded,) = changed.json()["schedules"]
    assert [(one["line_id"], one["quantity"], (one["need_by"] or "")[:10]) for one in folded["schedule"]] == [
        ("1.1", 2.5, "2027-02-20"),
        ("1.2", 0.5, "2027-01-20"),
    ]
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/actions/0/schedule/1/quantity"]
    assert [one["quantity"] for one in more.json()["schedules"][0]["schedule"]] == [2.75, 0.5]
    may = [one["possible"]["changes"] for one in (changed.json(), plain)]
    assert ["set_schedule" in actions for actions in may] == [True, False]
