"""What a channel may sell: the same units that capturing an order accepts, in words for a product page."""

import pytest

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.http.conftest import Api
from troth.model.ids import Sku
from troth.model.refusals import StockShort

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _set_up(api: Api, *skus: str) -> None:
    await set_up(
        api.system.pool,
        nodes=(node("DC-PA"), node("DC-IL"), node("ST-NYC")),
        items=tuple(item(sku) for sku in skus),
    )
    await api.system.door.follow()


async def test_what_is_available_is_what_capturing_accepts_to_the_last_unit(api: Api) -> None:
    await _set_up(api, "V1")
    await stock(api.system, {("V1", "DC-PA"): 4, ("V1", "DC-IL"): 3})
    accepted(await api.system.door.one(capture("V-1", {"V1": 1}), actor="test"))

    before = (await api.get("/v1/availability?sku=V1&channel=web")).json()["items"][0]
    refused = await api.system.door.one(capture("V-2", {"V1": before["available"] + 1}), actor="test")
    taken = await api.system.door.one(capture("V-3", {"V1": before["available"]}), actor="test")
    after = (await api.get("/v1/availability?sku=V1&channel=web")).json()["items"][0]

    assert (before["available"], before["status"], before["message"]) == (6, "in_stock", "In stock")
    assert isinstance(refused, StockShort)
    accepted(taken)
    assert (after["available"], after["status"], after["message"]) == (0, "out_of_stock", "Out of stock")


async def test_few_units_are_low_stock_and_coming_ones_a_backorder(api: Api) -> None:
    await _set_up(api, "V2", "V3", "V4")
    await stock(api.system, {("V2", "DC-PA"): 5, ("V3", "DC-PA"): 1})
    line = {"sku": "V4", "node": "DC-IL", "quantity": 9, "expected_at": "2026-12-01T09:00:00-05:00"}
    await api.put("/v1/purchase-orders/V-PO", {"lines": [line]})

    answer = (await api.get("/v1/availability?sku=V4&sku=V2&sku=V3&channel=web")).json()

    assert answer["channel"] == "web"
    assert [(row["sku"], row["available"], row["status"], row["message"]) for row in answer["items"]] == [
        ("V4", 0, "backorder", "On backorder, expected 2026-12-01"),
        ("V2", 5, "low_stock", "Only 5 left"),
        ("V3", 1, "low_stock", "Only 1 left"),
    ]
    assert (answer["items"][0]["incoming"], answer["items"][0]["next_supply_at"]) == (9, "2026-12-01T14:00:00Z")
    assert answer["items"][1]["next_supply_at"] is None


async def test_nodes_are_answered_where_asked(api: Api) -> None:
    await _set_up(api, "V5")
    await stock(api.system, {("V5", "DC-PA"): 4, ("V5", "ST-NYC"): 2})

    asked = (await api.get("/v1/availability?sku=V5&node=ST-NYC&node=DC-IL")).json()["items"][0]
    near = (await api.get("/v1/availability?sku=V5&postcode=10118")).json()["items"][0]

    assert asked["available"] == 6
    assert [(one["node"], one["available"], one["status"], one["miles"]) for one in asked["nodes"]] == [
        ("ST-NYC", 2, "low_stock", None),
        ("DC-IL", 0, "out_of_stock", None),
    ]
    assert [one["node"] for one in near["nodes"]] == ["ST-NYC"]
    assert 0 <= near["nodes"][0]["miles"] < 20


async def test_a_node_that_was_turned_off_has_nothing_to_sell(api: Api) -> None:
    await _set_up(api, "V6")
    off = {"type": "dc", "latitude": 40.0, "longitude": -80.0}
    await api.put("/v1/nodes/DC-OFF", off)
    await stock(api.system, {("V6", "DC-OFF"): 4})
    assert (await api.get("/v1/availability?sku=V6")).json()["items"][0]["available"] == 4

    await api.put("/v1/nodes/DC-OFF", {**off, "active": False})

    assert (await api.get("/v1/availability?sku=V6")).json()["items"][0]["available"] == 0


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "?sku"),
        ("?sku=NOPE", "?sku"),
        ("?sku=V1&node=MARS", "?node"),
        ("?sku=V1&postcode=ZZ", "?postcode"),
        ("?sku=V1&postcode=10118&country=usa", "?country"),
        ("?sku=V1&color=red", "?color"),
        ("?sku=%00", "?sku/0"),
    ],
)
async def test_what_cannot_be_asked_is_named(api: Api, query: str, pointer: str) -> None:
    await _set_up(api, "V1")

    answer = await api.get(f"/v1/availability{query}")

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_key_for_product_pages_can_ask_nothing_else(api: Api) -> None:
    await _set_up(api, "V1")
    headers = {"authorization": f"Bearer {await api.key_for('availability:read')}"}

    assert (await api.get("/v1/availability?sku=V1", headers=headers)).status_code == 200
    assert (await api.get("/v1/inventory", headers=headers)).status_code == 403


async def test_of_a_kit_there_are_as_many_as_its_components_make_at_each_node(api: Api) -> None:
    await api.stocked("KIT-A", {"DC-PA": 7, "DC-IL": 2})
    await api.stocked("KIT-B", {"DC-PA": 9, "DC-IL": 1})
    await set_up(api.system.pool, nodes=(), items=(item("KIT-1", kit=((Sku("KIT-A"), 2), (Sku("KIT-B"), 1))),))
    await api.system.door.follow()
    asked = {"sku": "KIT-1", "node": ["DC-PA", "DC-IL"]}

    before = (await api.get("/v1/availability", params=asked)).json()["items"][0]
    await api.capture("kit-shares", {"KIT-1": 1, "KIT-A": 2})
    after = (await api.get("/v1/availability", params=asked)).json()["items"][0]

    assert (before["available"], [one["available"] for one in before["nodes"]]) == (4, [3, 1])
    assert sum(one["available"] for one in after["nodes"]) == after["available"] == 2
