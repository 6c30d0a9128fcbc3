"""Nodes over HTTP: what is taken, what is refused by field, versions, and lists."""

import asyncio
from typing import Any

import pytest

from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

STORE: dict[str, Any] = {
    "type": "store",
    "name": "Fifth Avenue",
    "address": {"country": "US", "line1": "350 5th Ave", "city": "New York", "region": "NY", "postcode": "10118"},
    "latitude": 40.7484,
    "longitude": -73.9857,
    "time_zone": "America/New_York",
    "calendar": {"weekdays": ["monday", 4], "opens": "09:00", "closes": "21:30", "holidays": ["2026-12-25"]},
    "cut_off": "16:00",
    "processing_hours": 1.5,
    "capacity_per_day": 120,
    "services": ["standard"],
    "pickup": True,
    "handling_cost": {"amount": "0.35", "currency": "USD"},
}

NIGHT = {"opens": "22:00", "closes": "06:00"}


async def test_a_node_is_created_read_and_sent_back_as_it_was_read(api: Api) -> None:
    created = await api.put("/v1/nodes/N-1", STORE)
    read = await api.get("/v1/nodes/N-1")
    again = await api.put("/v1/nodes/N-1", read.json(), headers={"if-match": read.headers["etag"]})

    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert created.json() == read.json()
    assert (again.status_code, again.headers["etag"], again.json()) == (200, '"1"', read.json())
    shown = read.json()
    assert shown["node_id"] == "N-1"
    assert shown["calendar"] == {
        "weekdays": ["monday", "friday"], "opens": "09:00", "closes": "21:30", "holidays": ["2026-12-25"],
        "hours": [], "special_days": [], "public_holidays": [],
    }  # fmt: skip
    assert (shown["cut_off"], shown["processing_hours"], shown["capacity_per_day"]) == ("16:00", 1.5, 120)
    assert shown["handling_cost"] == {"amount": "0.35", "currency": "USD"}


async def test_pickups_shifts_and_latency_of_a_node_are_kept(api: Api) -> None:
    body = {
        **STORE,
        "type": "drop_ship",
        "pickups": [{"at": "17:30", "carrier": "parcel", "weekdays": ["friday", 0]}, {"at": "12:00"}],
        "feed_minutes": 15,
        "acceptance_minutes": 240,
        "capacity_unit": "units",
        "capacity_per_day": None,
        "shifts": [{"begins": "09:00", "capacity": 40}, {"begins": "13:00", "capacity": 60}],
    }

    created = await api.put("/v1/nodes/N-D", body)
    again = await api.put("/v1/nodes/N-D", created.json())

    assert (created.status_code, again.status_code) == (201, 200)
    shown = created.json()
    assert shown["pickups"][0] == {
        "at": "17:30", "carrier": "parcel", "service": "", "weekdays": ["monday", "friday"],
    }  # fmt: skip
    assert len(shown["pickups"][1]["weekdays"]) == 7
    assert (shown["feed_minutes"], shown["acceptance_minutes"], shown["capacity_unit"]) == (15, 240, "units")
    assert shown["shifts"] == body["shifts"]


async def test_shifts_must_begin_one_after_the_other(api: Api) -> None:
    shifts = [{"begins": "13:00", "capacity": 40}, {"begins": "09:00", "capacity": 60}]

    refused = await api.put("/v1/nodes/N-E", {**STORE, "capacity_per_day": None, "shifts": shifts})

    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"pointer": "/shifts", "detail": "must begin one after the other"}]
    assert (await api.get("/v1/nodes/N-E")).status_code == 404


async def test_hours_cut_offs_and_capacities_of_days_are_kept(api: Api) -> None:
    body = {
        **STORE,
        "calendar": {
            **NIGHT,
            "weekdays": ["monday", "tuesday", "saturday"],
            "holidays": [],
            "hours": [{"weekdays": ["saturday"], "opens": "10:00", "closes": "18:00"}],
            "special_days": [{"date": "2026-12-24", "opens": "09:00", "closes": "14:00", "cut_off": "11:00"}],
            "public_holidays": ["DE-BY", "local"],
        },
        "capacity_days": [
            {
                "weekdays": ["saturday"],
                "dates": [],
                "capacity": None,
                "shifts": [{"begins": "22:00", "capacity": 3}, {"begins": "02:00", "capacity": 5}],
            },
            {"weekdays": [], "dates": ["2026-11-27"], "capacity": 200, "shifts": []},
        ],
        "cut_offs": [{"at": "23:30", "service": "standard", "weekdays": ["monday"]}],
    }

    created = await api.put("/v1/nodes/N-H", body)
    again = await api.put("/v1/nodes/N-H", created.json())

    assert (created.status_code, again.status_code) == (201, 200)
    shown = again.json()
    assert {name: shown[name] for name in ("calendar", "capacity_days", "cut_offs")} == {
        name: body[name] for name in ("calendar", "capacity_days", "cut_offs")
    }


async def test_a_node_needs_only_a_type_and_a_place_and_has_the_documented_defaults(api: Api) -> None:
    created = await api.put("/v1/nodes/N-2", {"type": "dc", "latitude": 40.0, "longitude": -76.3})

    assert created.status_code == 201
    shown = created.json()
    assert shown["name"] == "N-2"
    assert shown["calendar"] == {
        "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "opens": "00:00",
        "closes": "23:59",
        "holidays": [],
        "hours": [],
        "special_days": [],
        "public_holidays": [],
    }
    assert (shown["cut_off"], shown["capacity_per_day"], shown["services"]) == ("14:00", None, [])


async def test_a_node_says_what_its_work_costs_and_what_it_can_do(api: Api) -> None:
    facts = {
        "labor_cost": {"amount": "1.20", "currency": "USD"},
        "shipment_cost": {"amount": "0.80", "currency": "USD"},
        "return_cost": {"amount": "2.50", "currency": "USD"},
        "goods_percent": 112,
        "capabilities": ["chilled", "hazardous"],
        "attributes": {"district": "north-east"},
    }
    where = {"type": "drop_ship", "latitude": 40.0, "longitude": -76.3}

    shown = (await api.put("/v1/nodes/N-9", {**where, **facts, "capabilities": ["hazardous", "chilled"]})).json()
    plain = (await api.put("/v1/nodes/N-8", where)).json()

    assert {name: shown[name] for name in facts} == facts
    assert (plain["goods_percent"], plain["capabilities"], plain["attributes"]) == (100, [], {})
    assert plain["labor_cost"] == plain["return_cost"] == {"amount": "0.00", "currency": "USD"}


async def test_a_node_is_located_by_its_address(api: Api) -> None:
    created = await api.put("/v1/nodes/N-3", {"type": "3pl", "address": {"country": "US", "postcode": "10118"}})

    assert created.status_code == 201
    assert created.json()["latitude"] == pytest.approx(40.75, abs=0.3)
    assert created.json()["longitude"] == pytest.approx(-73.99, abs=0.3)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"type": "moon"}, ["/type"]),
        ({"time_zone": "Mars/Olympus"}, ["/time_zone"]),
        ({"time_zone": "../etc/passwd"}, ["/time_zone"]),
        ({"latitude": 91}, ["/latitude"]),
        ({"latitude": None}, ["/latitude"]),
        ({"latitude": None, "longitude": None, "address": {"country": "US"}}, ["/latitude", "/longitude"]),
        ({"latitude": None, "longitude": None, "address": None}, ["/latitude", "/longitude"]),
        ({"calendar": {"weekdays": []}}, ["/calendar/weekdays"]),
        ({"calendar": {"weekdays": ["funday", 7]}}, ["/calendar/weekdays/0", "/calendar/weekdays/1"]),
        ({"calendar": {"weekdays": [0], "hours": [{**NIGHT, "weekdays": [1]}]}}, ["/calendar/hours/0/weekdays"]),
        ({"calendar": {"hours": [{**NIGHT, "weekdays": [1]}] * 2}}, ["/calendar/hours/1/weekdays"]),
        ({"calendar": {"hours": [{"weekdays": [0], "opens": "09:00"}]}}, ["/calendar/hours/0/closes"]),
        (
            {"calendar": {"holidays": ["2026-12-25"], "special_days": [{**NIGHT, "date": "2026-12-25"}]}},
            ["/calendar/special_days/0/date"],
        ),
        ({"shifts": [{"begins": "09:00", "capacity": 4}]}, ["/capacity_per_day"]),
        ({"capacity_days": [{"capacity": 4}]}, ["/capacity_days/0/weekdays"]),
        ({"capacity_days": [{"weekdays": [0], "dates": ["2026-11-27"]}]}, ["/capacity_days/0/weekdays"]),
        ({"capacity_days": [{"weekdays": [0], "capacity": 4}] * 2}, ["/capacity_days/1/weekdays"]),
        (
            {"capacity_days": [{"weekdays": [0], "capacity": 4, "shifts": [{"begins": "09:00", "capacity": 4}]}]},
            ["/capacity_days/0/capacity"],
        ),
        ({"cut_offs": [{"at": "10:00", "service": "drone"}]}, ["/cut_offs/0/service"]),
        ({"calendar": {"holidays": ["2026-02-30"]}}, ["/calendar/holidays/0"]),
        ({"cut_off": "25:00"}, ["/cut_off"]),
        ({"cut_off": "14:00Z"}, ["/cut_off"]),
        ({"processing_hours": -1}, ["/processing_hours"]),
        ({"capacity_per_day": 1.5}, ["/capacity_per_day"]),
        ({"handling_cost": {"amount": "1.00", "currency": "EUR"}}, ["/handling_cost/currency"]),
        ({"handling_cost": {"amount": "-1.00", "currency": "USD"}}, ["/handling_cost/amount"]),
        ({"labor_cost": {"amount": "-1.00", "currency": "USD"}}, ["/labor_cost/amount"]),
        ({"return_cost": {"amount": "1.00", "currency": "EUR"}}, ["/return_cost/currency"]),
        ({"goods_percent": -1}, ["/goods_percent"]),
        ({"capabilities": [""]}, ["/capabilities/0"]),
        ({"attributes": {"district": 4}}, ["/attributes/district"]),
        ({"node_id": "another"}, ["/node_id"]),
        ({"color": "red"}, ["/color"]),
    ],
)
async def test_what_a_node_cannot_be_is_named_by_field_and_not_written(
    api: Api, changes: dict[str, Any], pointers: list[str]
) -> None:
    answer = await api.put("/v1/nodes/N-BAD", {**STORE, **changes})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await api.get("/v1/nodes/N-BAD")).status_code == 404


async def test_half_a_body_is_malformed(api: Api) -> None:
    answer = await api.client.put("/v1/nodes/N-BAD", content=b'{"type": "st')

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


@pytest.mark.parametrize("name", ["a" * 65, " x", "x%00y", "%0a"])
async def test_what_nothing_may_be_called_is_no_node(api: Api, name: str) -> None:
    answer = await api.put(f"/v1/nodes/{name}", STORE)

    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_of_two_who_replace_what_they_both_read_the_second_is_told(api: Api) -> None:
    read = await api.put("/v1/nodes/N-4", STORE)
    tag = {"if-match": read.headers["etag"]}

    answers = await asyncio.gather(
        *(api.put("/v1/nodes/N-4", {**STORE, "name": name}, headers=tag) for name in ("A", "B"))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    lost = next(answer for answer in answers if answer.status_code == 412)
    assert (lost.json()["code"], lost.json()["expected"], lost.json()["found"]) == ("version-conflict", '"1"', '"2"')


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-match": '"2"'}, 412),
        ({"if-match": 'W/"1"'}, 412),
        ({"if-match": '"1", "7"'}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": "1"}, 422),
        ({"if-none-match": "*"}, 412),
        ({"if-none-match": '"1"'}, 422),
    ],
)
async def test_a_precondition_is_heeded(api: Api, headers: dict[str, str], status: int) -> None:
    name = f"N-{abs(hash(str(headers)))}"
    await api.put(f"/v1/nodes/{name}", STORE)

    answer = await api.put(f"/v1/nodes/{name}", {**STORE, "name": "changed"}, headers=headers)

    assert answer.status_code == status


async def test_what_is_not_there_is_created_only_without_if_match(api: Api) -> None:
    assert (await api.put("/v1/nodes/N-5", STORE, headers={"if-match": "*"})).status_code == 412
    assert (await api.put("/v1/nodes/N-5", STORE, headers={"if-none-match": "*"})).status_code == 201


async def test_nodes_are_listed_page_by_page(api: Api) -> None:
    for name in ("P-1", "P-2", "P-3"):
        await api.put(f"/v1/nodes/{name}", {**STORE, "type": "supplier", "name": f"Supplier {name}"})

    first = await api.get("/v1/nodes", params={"type": "supplier", "limit": "2"})
    second = await api.get("/v1/nodes", params={"type": "supplier", "limit": "2", "cursor": first.json()["next"]})

    assert [node["node_id"] for node in first.json()["items"]] == ["P-1", "P-2"]
    assert first.headers["link"].endswith('rel="next"')
    assert ([node["node_id"] for node in second.json()["items"]], second.json()["next"]) == (["P-3"], None)
    assert [node["node_id"] for node in (await api.get("/v1/nodes?q=supplier%20P-2")).json()["items"]] == ["P-2"]


async def test_who_may_only_read_sets_nothing(api: Api) -> None:
    key = await api.key_for("configuration:read")
    headers = {"authorization": f"Bearer {key}"}

    assert (await api.put("/v1/nodes/N-6", STORE, headers=headers)).status_code == 403
    assert (await api.get("/v1/nodes", headers=headers)).status_code == 200
    assert (await api.get("/v1/nodes/N-6")).status_code == 404
