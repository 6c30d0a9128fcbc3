"""What a quote says of lines that cannot be promised: what truly keeps them back, and plans that can be ordered."""

import pytest

from tests.builders import node, stock
from tests.http.conftest import Api, order
from tests.http.test_quotes import inquiry
from troth.flows.records.configure import set_node

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_less_is_ordered_by_its_plan_id_with_so_many_of_each_line_that_is_short(api: Api) -> None:
    sku, other = await api.stocked("LESS", {"DC-PA": 3, "ST-NYC": 1}), await api.stocked("LESS-2", {"DC-PA": 1})
    asked = order("less-1", {sku: 5, other: 2})

    body = (await api.post("/v1/quotes", inquiry({sku: 5, other: 2}))).json()
    ways = [gap["could_be"][0] for gap in body["unavailable"]]
    refused = await api.post("/v1/orders", asked | {"plan_id": ways[0]["plan_id"]})
    for line, way in zip(asked["lines"], ways, strict=True):
        line["quantity"] = way["quantity"]
    taken = await api.post("/v1/orders", asked | {"plan_id": ways[0]["plan_id"]})

    assert [(way["kind"], way["quantity"]) for way in ways] == [("less", 4), ("less", 1)]
    assert len({way["plan_id"] for way in ways}) == 1
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "quote-outdated")
    assert taken.status_code == 201, taken.text
    assert taken.json()["promise"]["promised_at"]["to"] == max(way["promised_at"] for way in ways)


async def test_no_way_out_names_a_plan_that_would_be_refused_for_another_line(api: Api) -> None:
    sku, none = await api.stocked("OTHER-WAY", {"DC-PA": 2, "ST-NYC": 4}), await api.stocked("NO-WAY", {"DC-PA": 0})

    body = (
        await api.post("/v1/quotes", inquiry({sku: 4, none: 1}, method="pickup", pickup_node="ST-NYC", service=""))
    ).json()

    ways = [way for gap in body["unavailable"] for way in gap["could_be"]]
    for way in ways:
        refused = await api.post(
            "/v1/orders",
            order("no-way", {sku: 4, none: 1}, method="pickup", pickup_node="ST-NYC", service="")
            | {"plan_id": way["plan_id"] or "P-none"},
        )
        assert refused.status_code == 409
        assert way["plan_id"] is None


async def test_a_line_that_is_bound_to_a_node_that_is_not_there_is_refused_by_name(api: Api) -> None:
    sku = await api.stocked("UNBOUND", {"DC-PA": 9})
    asked, captured = inquiry({sku: 1}), order("unbound", {sku: 1})
    for body in (asked, captured):
        body["lines"][0]["only_from"] = "NOPE"

    for refused in (await api.post("/v1/quotes", asked), await api.post("/v1/orders", captured)):
        assert refused.status_code == 422
        assert refused.json()["errors"] == [{"pointer": "/lines/0/only_from", "detail": "there is no node NOPE"}]


async def test_a_line_that_is_bound_to_a_node_says_what_keeps_that_node_from_sending_it(api: Api) -> None:
    sku = await api.stocked("BOUND", {"DC-PA": 9, "ST-NYC": 2})
    await set_node(api.system, node("ST-OFF", active=False), actor="test")
    await stock(api.system, {(sku, "ST-OFF"): 5})

    async def gap(only: str, quantity: int) -> tuple[int, str, str]:
        asked = inquiry({sku: quantity})
        asked["lines"][0]["only_from"] = only
        (found,) = (await api.post("/v1/quotes", asked)).json()["unavailable"]
        return found["quantity"], found["reason"], found["detail"]

    assert await gap("ST-NYC", 3) == (1, "no_stock", "it is to come from ST-NYC only")
    assert await gap("ST-OFF", 1) == (
        *(1, "inactive"),
        "it is to come from ST-OFF only; stock of it lies at ST-OFF, not active",
    )


async def test_stock_of_nodes_that_are_not_active_is_no_lack_of_stock(api: Api) -> None:
    sku = await api.stocked("IDLE", {"DC-PA": 0})
    await set_node(api.system, node("ST-IDLE", active=False), actor="test")
    await stock(api.system, {(sku, "ST-IDLE"): 5})

    (gap,) = (await api.post("/v1/quotes", inquiry({sku: 1}))).json()["unavailable"]

    assert (gap["reason"], gap["detail"]) == ("inactive", "stock of it lies at ST-IDLE, not active")
