"""When what is picked up can be collected, and what is said of lines that come later than they are needed."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW, node
from tests.http.conftest import Api, order
from tests.http.test_quotes import inquiry
from troth.flows.records.configure import set_node
from troth.model.network import Calendar, DayHours, SpecialDay

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICKUP = {"method": "pickup", "pickup_node": "ST-SHOP", "service": ""}


async def shop(api: Api, sku: str, calendar: Calendar, **facts: Any) -> str:
    """An item with units at a store of these hours, in New York, where it is Monday 11:00."""
    await api.stocked(sku, {"ST-SHOP": 9})
    await set_node(api.system, node("ST-SHOP", calendar=calendar, **facts), actor="test")
    await api.system.door.follow()
    return sku


async def test_a_pickup_is_collected_from_when_it_is_ready_until_the_store_closes(api: Api) -> None:
    sku = await shop(api, "COLLECT", Calendar(opens=hour(9), closes=hour(21)))

    option = (await api.post("/v1/quotes", inquiry({sku: 1}, **PICKUP))).json()["options"][0]
    captured = await api.capture("collect-1", {sku: 1}, **PICKUP)

    (shipment,), (work,) = option["shipments"], captured["fulfillments"]
    assert shipment["collect"] == {"from": shipment["promised_at"]["to"], "to": "2026-11-24T02:00:00Z"}
    assert work["collect"] == {"from": work["promised_at"]["to"], "to": "2026-11-24T02:00:00Z"}
    assert option["message"].endswith("today by 12:01\u202fPM. Open until 9:00\u202fPM.")
    assert captured["promise"]["message"] == option["message"]


async def test_what_is_ready_at_closing_is_collected_at_the_next_opening(api: Api) -> None:
    calendar = Calendar(opens=hour(9), closes=hour(12), hours=(DayHours((1,), hour(10), hour(18)),))
    sku = await shop(api, "CLOSING", calendar, pickup_minutes=0)
    api.clock.now = NOW - timedelta(seconds=30)  # two hours and half a minute before it closes

    option = (await api.post("/v1/quotes", inquiry({sku: 1}, **PICKUP))).json()["options"][0]

    assert option["shipments"][0]["promised_at"]["to"] == "2026-11-23T17:00:00Z"
    assert option["shipments"][0]["collect"] == {"from": "2026-11-24T15:00:00Z", "to": "2026-11-24T23:00:00Z"}
    assert option["message"].endswith("today by 12:00\u202fPM. Open tomorrow from 10:00\u202fAM.")


async def test_the_hours_of_today_are_those_of_the_weekday_and_of_the_date(api: Api) -> None:
    hours = (DayHours((0,), hour(8), hour(16)),)
    special = (SpecialDay(NOW.date(), hour(11), hour(14)),)

    async def today(calendar: Calendar) -> tuple[str, str]:
        sku = await shop(api, "TODAY", calendar)
        pickup = (await api.post("/v1/quotes", inquiry({sku: 1}, **PICKUP))).json()["options"][0]["pickup"]
        return pickup["opens"], pickup["closes"]

    assert await today(Calendar(opens=hour(9), closes=hour(21), hours=hours)) == ("08:00", "16:00")
    assert await today(Calendar(hours=hours, special_days=special)) == ("11:00", "14:00")


async def test_a_store_that_never_closes_says_nothing_of_hours_and_what_is_sent_is_not_collected(api: Api) -> None:
    sku = await shop(api, "ALWAYS", Calendar())

    pickup = (await api.post("/v1/quotes", inquiry({sku: 1}, **PICKUP))).json()["options"][0]
    sent = (await api.post("/v1/quotes", inquiry({sku: 1}))).json()["options"][0]

    assert "Open" not in pickup["message"]
    assert sent["shipments"][0]["collect"] is None


async def test_a_line_that_comes_later_than_it_is_needed_says_so_in_the_message_of_quote_and_order(api: Api) -> None:
    sku = await api.stocked("LATE", {"DC-PA": 9})
    body, captured = inquiry({sku: 1}, service="standard"), order("late-1", {sku: 1}, service="standard")
    for one in (body, captured):
        one["lines"][0]["need_by"] = (NOW + timedelta(hours=5)).isoformat()

    option = (await api.post("/v1/quotes", body)).json()["options"][0]
    taken = (await api.post("/v1/orders", captured)).json()

    assert option["is_late"] is True
    assert option["message"] == "Ships today from DC-PA; arrives tomorrow. That is later than it is needed: today."
    assert taken["promise"]["message"] == option["message"]


async def test_a_way_out_that_comes_later_than_the_line_is_needed_is_late(api: Api) -> None:
    sku = await api.stocked("LATE-WAYS", {"DC-PA": 3, "ST-NYC": 9})
    body = inquiry({sku: 4}, **{**PICKUP, "pickup_node": "ST-SHOP"})
    body["lines"][0]["need_by"] = (NOW + timedelta(hours=5)).isoformat()

    (gap,) = (await api.post("/v1/quotes", body)).json()["unavailable"]

    late = {way["service"] or way["node"]: way["is_late"] for way in gap["could_be"]}
    assert (late["ST-NYC"], late["standard"]) == (False, True)


def hour(at: int) -> Any:
    """A full hour of the day."""
    return NOW.time().replace(hour=at, minute=0, second=0, microsecond=0)
