"""Documents are tried on an order over HTTP: side by side with what is in force, and nothing is written."""

from typing import Any

import pytest

from tests.documents import rate_card, routing
from tests.http.conftest import Api
from tests.http.documents import written
from tests.http.test_quotes import inquiry

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _try(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.post(f"/v1/{path}/dry-run", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_rate_card_says_what_an_order_would_cost_and_when_it_would_arrive(api: Api) -> None:
    sku = await api.stocked("TRY-CARD", {"DC-PA": 5})
    await api.put("/v1/rate-cards/tried", rate_card(rates_minor=[[4321]], transit_days=[6]))
    before = await written(api)

    found = await _try(api, "rate-cards/tried", {"order": inquiry({sku: 1}) | {"service": "standard"}})

    assert (found["tried_label"], found["in_force_label"], found["is_same"]) == ("tried@1", None, False)
    assert found["tried"]["cost_to_serve"]["parts"]["shipping"] == "43.21"
    assert found["tried"]["promised_at"]["to"] > found["in_force"]["promised_at"]["to"]
    assert await written(api) == before


async def test_a_lane_table_that_is_not_saved_is_tried_on_an_order_of_ours(api: Api) -> None:
    sku = await api.stocked("TRY-LANES", {"DC-PA": 1})
    order = await api.capture("try-lanes-1", {sku: 1})
    table = {"lanes": [{"country": "US", "served": False}]}

    found = await _try(api, "lane-tables/shut", {"order_id": order["order_id"], "lane_table": table})

    assert (found["tried_label"], found["in_force_label"], found["order_id"]) == ("shut@0", None, order["order_id"])
    assert (found["tried"]["is_complete"], found["in_force"]["is_complete"]) == (False, True)
    assert [one["reason"] for one in found["tried"]["unavailable"]] == ["no_service_to_destination"]


async def test_a_routing_is_named_as_decisions_name_it(api: Api) -> None:
    sku = await api.stocked("TRY-ROUTING", {"DC-PA": 1})

    found = await _try(api, "routings/any", {"order": inquiry({sku: 1}), "routing": routing(tiers=[])})

    assert (found["tried_label"], found["in_force_label"]) == ("any@0", "default-1")
    assert found["tried"]["policy_version"] == "any@0"


async def test_carbon_is_told_of_each_shipment_and_of_the_decision_also_where_it_costs_nothing(api: Api) -> None:
    sku = await api.stocked("TRY-CARBON", {"DC-PA": 1})
    tried = routing(tiers=[], cost_rates={"carbon_grams_per_parcel": 250})

    found = await _try(api, "routings/any", {"order": inquiry({sku: 1}), "routing": tried})
    told = await api.post("/v1/routings/any/dry-run?explain=true", {"order": inquiry({sku: 1}), "routing": tried})

    assert [one["carbon_grams"] for side in ("tried", "in_force") for one in found[side]["shipments"]] == [250, None]
    assert "carbon" not in found["tried"]["cost_to_serve"]["parts"]
    traces = [told.json()[side]["trace"] for side in ("tried", "in_force")]
    assert [trace["carbon_grams"] for trace in traces] == [250, None]


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("rate-cards/a", {"rate_card": {"service": "standard"}}, ["/order_id"]),
        ("rate-cards/a", {"order_id": "O-1", "version": 1, "rate_card": rate_card()}, ["/rate_card"]),
        ("rate-cards/a", {"order_id": "O-1", "lane_table": {}}, ["/lane_table"]),
        ("rate-cards/a", {"order_id": "O-1", "rate_card": rate_card(currency="EUR")}, ["/rate_card/currency"]),
        ("lane-tables/a", {"order_id": "O-1", "lane_table": {"lanes": [{"zone": -1}]}}, ["/lane_table/lanes/0/zone"]),
    ],
)
async def test_what_cannot_be_tried_is_refused_by_field(
    api: Api, path: str, body: dict[str, Any], pointers: list[str]
) -> None:
    known = await api.stocked("TRY-REFUSED", {"DC-PA": 1})
    if body.get("order_id"):
        order = await api.capture(f"try-refused-{pointers[0]}", {known: 1})
        body = body | {"order_id": order["order_id"]}

    answer = await api.post(f"/v1/{path}/dry-run", body)

    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, pointers)


async def test_flaws_of_the_order_are_named_within_it(api: Api) -> None:
    body = {"order": inquiry({"NOBODY-KNOWS": 1}), "rate_card": rate_card()}

    answer = await api.post("/v1/rate-cards/a/dry-run", body)

    assert [one["pointer"] for one in answer.json()["errors"]] == ["/order/lines/0/sku"]
