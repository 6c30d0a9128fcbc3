"""Calendars of public holidays over HTTP, and nodes that name them."""

import pytest

from tests.http.conftest import Api
from tests.http.test_nodes import STORE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_days_of_a_calendar_are_listed_with_their_names(api: Api) -> None:
    shown = await api.get("/v1/public-holidays/US-carriers?from=2026-11-01&to=2027-01-01")

    assert shown.json() == {
        "calendar": "US-carriers",
        "days": [
            {"date": "2026-11-26", "name": "Thanksgiving Day"},
            {"date": "2026-12-25", "name": "Christmas Day"},
            {"date": "2027-01-01", "name": "New Year's Day"},
        ],
    }


async def test_an_unknown_calendar_is_not_found_and_days_that_end_before_they_begin_are_refused(api: Api) -> None:
    missing = await api.get("/v1/public-holidays/US-federal")
    turned = await api.get("/v1/public-holidays/US?from=2026-11-01&to=2026-10-01")

    assert missing.status_code == 404
    assert (turned.status_code, turned.json()["errors"][0]["pointer"]) == (422, "?to")


async def test_a_node_is_closed_on_the_public_holidays_that_it_names_and_open_on_its_special_days(api: Api) -> None:
    special = [{"date": "2026-11-26", "opens": "08:00", "closes": "12:00"}]
    body = {**STORE, "calendar": {"public_holidays": ["US"], "special_days": special}}
    put = await api.put("/v1/nodes/N-H", body)

    assert put.json()["calendar"]["public_holidays"] == ["US"]
    assert (await api.get("/v1/nodes/N-H")).json()["calendar"]["holidays"] == []
    days = (await api.get("/v1/nodes/N-H/capacity?from=2026-11-25&to=2026-11-26")).json()["days"]
    assert [day["opens"] for day in days] == ["2026-11-25T05:00:00Z", "2026-11-26T13:00:00Z"]
    veterans = (await api.get("/v1/nodes/N-H/capacity?from=2026-11-11&to=2026-11-11")).json()["days"]
    assert veterans[0]["opens"] is None


async def test_a_node_that_names_an_unknown_calendar_is_refused_by_name(api: Api) -> None:
    refused = await api.put("/v1/nodes/N-X", {**STORE, "calendar": {"public_holidays": ["US", "US-federal"]}})

    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {
            "pointer": "/calendar/public_holidays/1",
            "detail": "must be local, or a calendar of public holidays such as US, DE-BY or US-carriers",
        }
    ]
    assert (await api.get("/v1/nodes/N-X")).status_code == 404
