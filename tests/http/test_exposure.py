"""Exposure rules through the API: drafted, checked, previewed, put in force, and seen in every answer about stock."""

from typing import Any

import pytest

from tests.builders import item
from tests.http.conftest import Api, order
from troth.flows.records.configure import set_item

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _rules(sku: str) -> dict[str, Any]:
    """A safety stock and a buffer for one item."""
    where = f"item.sku == '{sku}'"
    return {
        "safety_stock": [{"name": "two", "where": f"{where} && node.type == 'dc'", "units": 2}],
        "buffers": [{"name": "web", "where": where, "channels": ["web"], "units": 3}],
    }


async def test_what_is_wrong_is_named_with_its_field_and_position(api: Api) -> None:
    answer = await api.put(
        "/v1/exposure-rules/faulty",
        {
            "safety_stock": [
                {"name": "a", "where": "node.typ == 'dc'", "units": 2},
                {"name": "b", "percent": 120.0},
                {"name": "b"},
                {"name": "c", "units": 1, "where": "order.channel == 'web'"},
            ],
            "protections": [{"name": "d", "demand_class": "key", "units": 4}],
        },
    )

    assert answer.status_code == 422
    assert [(one["pointer"], one["detail"]) for one in answer.json()["errors"]] == [
        ("/safety_stock/0/where", "line 1, column 6: there is no field node.typ; did you mean node.type?"),
        (
            "/safety_stock/3/where",
            "line 1, column 1: order.channel cannot be used here, where only items, nodes can",
        ),
        ("", "the name b is given more than once"),
        ("/safety_stock/1/percent", "must be from 0 to 100"),
        ("/safety_stock/2", "must have units, percent, days_of_cover, weeks_of_cover or service_level"),
        ("/protections/0/demand_class", "there is no class key in this document"),
    ]
    assert (await api.get("/v1/exposure-rules/faulty")).status_code == 404


async def test_rules_in_force_show_in_positions_and_in_the_waterfall(api: Api) -> None:
    await api.stocked("SHOWN", {"DC-PA": 10, "ST-NYC": 4})
    await api.capture("SHOWN-1", {"SHOWN": 1})
    assert (await api.put("/v1/exposure-rules/shown", _rules("SHOWN"))).status_code == 201
    acted = await api.post("/v1/exposure-rules/shown/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200, acted.text

    positions = (await api.get("/v1/inventory", params={"sku": "SHOWN"})).json()["items"]
    assert [(one["node"], one["safety_stock"], one["protected"]) for one in positions] == [
        ("DC-PA", 2, 0),
        ("ST-NYC", 0, 0),
    ]
    assert sum(one["available"] for one in positions) == 11

    waterfall = (await api.get("/v1/inventory/waterfall", params={"sku": "SHOWN", "channel": "web"})).json()
    assert [(step["kind"], step["rule"], step["units"]) for step in waterfall["steps"]] == [
        ("reserved", "", 1),
        ("safety_stock", "shown/two", 2),
        ("channel_buffer", "shown/web", 3),
    ]
    assert waterfall["steps"][0]["orders"] == "/v1/orders?sku=SHOWN&reserving=true"
    assert (waterfall["on_hand"], waterfall["available"]) == (14, 8)

    refused = await api.post("/v1/orders", order("SHOWN-2", {"SHOWN": 9}))
    assert refused.status_code == 409
    line = refused.json()["lines"][0]
    assert (line["reason"], line["detail"]) == ("channel_buffer", "channel web leaves the last 3 units")
    await api.capture("SHOWN-3", {"SHOWN": 8})


async def test_a_preview_says_what_rules_would_hit_and_changes_nothing(api: Api) -> None:
    await api.stocked("PREVIEWED", {"DC-PA": 10, "ST-NYC": 4})
    body = {"name": "previewed", "rules": _rules("PREVIEWED"), "channel": "web", "skus": ["PREVIEWED"]}

    found = (await api.post("/v1/exposure-rules/preview", body)).json()

    assert [(one["rule"], one["skus"], one["sku_nodes"], one["units"]) for one in found["rules"]] == [
        ("previewed/web", 1, 0, 3),
        ("previewed/two", 1, 1, 2),
    ]
    assert (found["available"], found["available_now"]) == (9, 14)
    assert found["rules"][1]["examples"] == [{"sku": "PREVIEWED", "node": "DC-PA", "units": 2}]
    positions = (await api.get("/v1/inventory", params={"sku": "PREVIEWED"})).json()["items"]
    assert [one["safety_stock"] for one in positions] == [0, 0]
    assert (await api.get("/v1/exposure-rules/previewed")).status_code == 404


async def test_a_preview_adds_up_pieces_and_each_measure_by_itself(api: Api) -> None:
    await api.stocked("BY-PIECE", {"DC-PA": 10})
    cloth = item("BY-METER", unit="m", decimals=2)
    await set_item(api.system, cloth, actor="test")
    line = {"node": "DC-PA", "sku": "BY-METER", "delta": 12.5, "reason": "found"}
    await api.post("/v1/inventory/adjustments", {"adjustments": [line]})
    rules = {"safety_stock": [{"name": "two", "units": 2}]}

    found = (
        await api.post(
            "/v1/exposure-rules/preview", {"name": "measured", "rules": rules, "skus": ["BY-PIECE", "BY-METER"]}
        )
    ).json()

    assert (found["available"], found["available_now"]) == (8, 10)
    assert found["measured"] == [{"unit": "m", "available": 10.5, "available_now": 12.5}]
    (hit,) = found["rules"]
    assert (hit["units"], hit["measured"]) == (2, [{"unit": "m", "units": 2}])


async def test_names_that_nothing_has_are_findings_of_a_draft_and_of_its_preview(api: Api) -> None:
    await api.stocked("KNOWN", {"DC-PA": 1})
    await api.capture("KNOWN-1", {"KNOWN": 1})
    rules = {
        "safety_stock": [
            {"name": "sku", "where": "item.sku in ['KNOWN', 'KNWON']", "units": 1},
            {"name": "category", "where": "item.category == 'shooes' || node.id == 'DC-PA'", "units": 1},
            {"name": "node", "where": "node.id == 'DC-QQ' && item.attributes.season == 'SS99'", "units": 1},
            {"name": "type", "where": "node.type == 'shop'", "units": 1},
        ],
        "buffers": [{"name": "app", "channels": ["web", "aap"], "units": 1}],
        "exclusions": [{"name": "not there", "when": "order.channel == 'wbe'", "where": "item.sku == 'KNOWN'"}],
    }

    saved = (await api.put("/v1/exposure-rules/misspelled", rules)).json()
    checked = (await api.post("/v1/exposure-rules/misspelled/check", rules)).json()
    body = {"name": "misspelled", "rules": rules, "skus": ["KNOWN"]}
    previewed = (await api.post("/v1/exposure-rules/preview", body)).json()

    expected = [
        (
            "/safety_stock/3/where",
            "node.type is never 'shop'; it is one of 3pl, dc, drop_ship, locker, store, supplier",
        ),
        ("/safety_stock/0/where", "there is no item KNWON"),
        ("/safety_stock/1/where", "there is no item of the category shooes"),
        ("/safety_stock/2/where", "there is no node DC-QQ"),
        ("/safety_stock/2/where", "there is no item with SS99 as its season"),
        ("/buffers/0/channels/1", "no order of late came from the channel aap"),
        ("/exclusions/0/when", "no order of late came from the channel wbe"),
    ]
    for found in (saved, checked):
        assert [(one["pointer"], one["detail"]) for one in found["findings"]] == expected
    assert [one["pointer"] for one in previewed["findings"]] == [f"/rules{pointer}" for pointer, _ in expected]


async def test_a_preview_of_what_cannot_be_used_is_refused_by_field(api: Api) -> None:
    body = {"name": "previewed", "rules": {"buffers": [{"name": "b"}]}, "skus": ["A"]}

    answer = await api.post("/v1/exposure-rules/preview", body)
    unknown = await api.post("/v1/exposure-rules/preview", body | {"rules": _rules("A"), "skus": ["NOPE"]})

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/rules/buffers/0"]
    assert unknown.json()["errors"] == [{"pointer": "/skus", "detail": "there is no item NOPE"}]


async def test_an_unknown_sku_or_node_has_no_waterfall(api: Api) -> None:
    answer = await api.get("/v1/inventory/waterfall", params={"sku": "NOPE", "node": "NOWHERE"})

    assert answer.status_code == 422
    assert [error["detail"] for error in answer.json()["errors"]] == [
        "there is no item NOPE",
        "there is no node NOWHERE",
    ]
