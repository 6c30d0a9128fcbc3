"""What nodes can do on their next days over HTTP, and what of it is promised."""

from typing import Any

import pytest

from tests.http.conftest import Api
from tests.http.test_nodes import STORE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_capacity_of_days_says_what_is_promised_and_free(api: Api) -> None:
    body = {
        **STORE,
        "calendar": {
            "opens": "22:00",
            "closes": "06:00",
            "weekdays": ["monday", "tuesday"],
            "special_days": [{"date": "2030-01-09", "opens": "09:00", "closes": "14:00"}],
        },
        "cut_off": "02:00",
        "capacity_days": [{"weekdays": ["tuesday"]}, {"dates": ["2030-01-09"], "capacity": 7}],
    }
    await api.put("/v1/nodes/N-C", body)

    shown = (await api.get("/v1/nodes/N-C/capacity?from=2030-01-06&to=2030-01-09")).json()

    def slot(begins: str, ends: str, capacity: int | None) -> dict[str, Any]:
        return {"shift": 0, "begins": begins, "ends": ends, "capacity": capacity, "promised": 0, "free": capacity}

    monday, tuesday, wednesday = (
        ("2030-01-08T03:00:00Z", "2030-01-08T11:00:00Z"),
        ("2030-01-09T03:00:00Z", "2030-01-09T11:00:00Z"),
        ("2030-01-09T14:00:00Z", "2030-01-09T19:00:00Z"),
    )
    assert (shown["time_zone"], shown["capacity_unit"]) == ("America/New_York", "lines")
    assert shown["days"] == [
        {"date": "2030-01-06", "opens": None, "closes": None, "cut_off": None, "slots": []},
        {
            "date": "2030-01-07",
            "opens": monday[0],
            "closes": monday[1],
            "cut_off": "2030-01-08T07:00:00Z",
            "slots": [slot(*monday, 120)],
        },
        {
            "date": "2030-01-08",
            "opens": tuesday[0],
            "closes": tuesday[1],
            "cut_off": "2030-01-09T07:00:00Z",
            "slots": [slot(*tuesday, None)],
        },
        {
            "date": "2030-01-09",
            "opens": wednesday[0],
            "closes": wednesday[1],
            "cut_off": "2030-01-09T07:00:00Z",
            "slots": [slot(*wednesday, 7)],
        },
    ]


async def test_what_an_order_takes_of_a_day_is_promised_and_no_longer_free(api: Api) -> None:
    sku = await api.stocked("CAPACITY", {"N-P": 5})
    await api.put(
        "/v1/nodes/N-P", {"type": "dc", "latitude": 40.6, "longitude": -75.5, "capacity_per_day": 3, "cut_off": "20:00"}
    )
    await api.capture("capacity-1", {sku: 2})

    days = (await api.get("/v1/nodes/N-P/capacity")).json()["days"]

    used = [(slot["promised"], slot["free"]) for day in days for slot in day["slots"]]
    assert (len(days), used) == (14, [(1, 2)] + [(0, 3)] * 13)


async def test_the_capacity_of_days_is_refused_where_there_is_no_such_node_or_no_such_span(api: Api) -> None:
    missing = await api.get("/v1/nodes/NONE/capacity")
    turned = await api.get("/v1/nodes/N-C/capacity?from=2030-01-07&to=2030-01-06")

    assert missing.status_code == 404
    assert (turned.status_code, turned.json()["errors"][0]["pointer"]) == (422, "?to")
