"""What a channel may sell: the same units that capturing an order accepts, in words for a product page."""

from typing import Any

import pytest

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.http.conftest import Api
from troth.flows.door.system import open_system
from troth.model.ids import Sku
from troth.model.item import Restrictions
from troth.model.network import Address
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
        ("V4", 0, "backorder", "From the supplier, expected Tuesday, December 1"),
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


def _in(region: str, **more: Any) -> dict[str, Any]:
    return {"address": Address("US", region=region), **more}


async def _set_up_places(api: Api) -> None:
    """Two stores in New York, one of them far upstate and out of reach of parcels; one in Illinois; a DC."""
    await set_up(
        api.system.pool,
        nodes=(
            node("DC-PA", **_in("PA")),
            node("DC-IL", **_in("IL")),
            node("ST-NYC", **_in("NY")),
            node("ST-BUF", **_in("NY", latitude=42.9, longitude=-78.9, services=("none",))),
            node("ST-CHI", **_in("IL", latitude=41.9, longitude=-87.6)),
        ),
        items=(
            item("R1"),
            item("R2", restrictions=Restrictions(not_to=("US-CA",), not_from=("US-IL",))),
            item("R3", restrictions=Restrictions(methods=("pickup",))),
        ),
    )
    await api.system.door.follow()
    for sku in ("R1", "R2", "R3"):
        await stock(api.system, {(sku, "DC-PA"): 10, (sku, "ST-NYC"): 3, (sku, "ST-BUF"): 4, (sku, "ST-CHI"): 5})


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        # To ship: all but Buffalo, which sends no parcels. To pick up: the stores of the state.
        ("region=US-NY", {"R1": (18, 7), "R2": (13, 7), "R3": (0, 7)}),
        ("region=US-IL", {"R1": (18, 5), "R2": (13, 0), "R3": (0, 5)}),
        ("region=US-CA", {"R1": (18, 0), "R2": (0, 0), "R3": (0, 0)}),
        ("region=US", {"R1": (18, 12), "R2": (13, 7), "R3": (0, 12)}),
        # Within fifty miles: the store in the city, not the one upstate.
        ("postcode=10118", {"R1": (18, 3), "R2": (13, 3), "R3": (0, 3)}),
        ("postcode=94107", {"R1": (18, 0), "R2": (0, 0), "R3": (0, 0)}),
    ],
)
async def test_what_a_place_can_have_sent_and_pick_up_is_told_apart(
    api: Api, place: str, expected: dict[str, tuple[int, int]]
) -> None:
    if "R3" not in api.system.door.reference.items:
        await _set_up_places(api)

    answer = (await api.get(f"/v1/availability?sku=R1&sku=R2&sku=R3&{place}")).json()

    assert {one["sku"]: (one["place"]["ship"], one["place"]["pickup"]) for one in answer["items"]} == expected
    assert {one["available"] for one in answer["items"]} == {22}


async def test_a_region_lists_its_nodes_that_hand_over_and_have_units(api: Api) -> None:
    if "R3" not in api.system.door.reference.items:
        await _set_up_places(api)

    listed = (await api.get("/v1/availability?sku=R1&region=US-NY")).json()["items"][0]["nodes"]
    columns = (await api.get("/v1/availability?sku=R1&region=US-NY&form=columns")).json()

    assert [(one["node"], one["available"], one["miles"]) for one in listed] == [
        ("ST-BUF", 4, None),
        ("ST-NYC", 3, None),
    ]
    assert (columns["nodes"], columns["items"][0]["columns"]["available"]) == (["ST-BUF", "ST-NYC"], [4, 3])
    assert columns["items"][0]["place"] == {"ship": 18, "pickup": 7}


async def test_columns_say_of_all_nodes_what_a_list_says_of_some(api: Api) -> None:
    await _set_up(api, "C1", "C2")
    await stock(api.system, {("C1", "DC-PA"): 4, ("C1", "ST-NYC"): 2, ("C2", "DC-IL"): 9})
    coming = {"sku": "C1", "node": "DC-IL", "quantity": 9, "expected_at": "2026-12-01T09:00:00-05:00"}
    await api.put("/v1/purchase-orders/C-PO", {"lines": [coming]})

    everywhere = (await api.get("/v1/availability?sku=C1&sku=C2&form=columns")).json()
    names = everywhere["nodes"]
    wanted = "&".join(f"node={name}" for name in reversed(names))
    some = (await api.get(f"/v1/availability?sku=C1&sku=C2&form=columns&{wanted}")).json()
    listed = (await api.get(f"/v1/availability?sku=C1&sku=C2&{wanted}")).json()

    assert {"DC-IL", "DC-PA", "ST-NYC"} <= set(names)
    assert some["nodes"] == names[::-1]
    for full, part, values in zip(everywhere["items"], some["items"], listed["items"], strict=True):
        assert full["columns"]["available"] == part["columns"]["available"][::-1]
        assert part["columns"]["available"] == [one["available"] for one in values["nodes"]]
        assert full["nodes"] == part["nodes"] == []
    first, second = (one["columns"] for one in everywhere["items"])
    at = names.index("DC-IL")
    assert (first["incoming"][at], first["next_supply_at"][at], sum(first["incoming"])) == (
        9,
        "2026-12-01T14:00:00Z",
        9,
    )
    assert [one for one in first["next_supply_at"] if one] == ["2026-12-01T14:00:00Z"]
    assert (second["incoming"], second["next_supply_at"]) == (None, None)


async def test_an_item_says_when_it_is_low(api: Api) -> None:
    body = {"name": "Pallet", "attributes": {"low_stock_units": "20"}}
    assert (await api.put("/v1/items/LOW", body)).status_code == 201
    await _set_up(api, "V1")
    await stock(api.system, {("LOW", "DC-PA"): 20})
    low = (await api.get("/v1/availability?sku=LOW")).json()["items"][0]
    await api.put("/v1/items/LOW", {"name": "Pallet", "attributes": {"low_stock_units": "19"}})
    enough = (await api.get("/v1/availability?sku=LOW")).json()["items"][0]
    refused = await api.put("/v1/items/LOW", {"name": "Pallet", "attributes": {"low_stock_units": "few"}})

    assert (low["status"], low["message"], low["low_stock_units"]) == ("low_stock", "Only 20 left", 20)
    assert (enough["status"], enough["low_stock_units"]) == ("in_stock", 19)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/attributes/low_stock_units"]
    assert (await api.get("/v1/items/LOW")).json()["attributes"] == {"low_stock_units": "19"}


async def test_what_is_kept_is_what_a_full_answer_says_after_every_move(api: Api) -> None:
    await _set_up(api, "K1", "K2")
    await stock(api.system, {("K1", "DC-PA"): 9, ("K2", "DC-PA"): 1})
    query = "sku=K2&sku=K1&sku=K2&channel=web"

    async def ask() -> list[int]:
        quick = await api.get(f"/v1/availability?{query}")
        again = await api.get(f"/v1/availability?{query}")
        full = await api.get(f"/v1/availability?{query}&country=US")  # which neither keeps nor looks at what is kept
        assert quick.content == again.content == full.content
        for_all = [await api.get(f"/v1/availability?{query}&form=columns{more}") for more in ("", "", "&country=US")]
        assert for_all[0].content == for_all[1].content == for_all[2].content
        totals = [sum(one["columns"]["available"]) for one in for_all[0].json()["items"]]
        assert totals == [one["available"] for one in quick.json()["items"]]
        return [one["available"] for one in quick.json()["items"]]

    assert await ask() == [1, 9, 1]
    accepted(await api.system.door.one(capture("K-1", {"K1": 2}), actor="test"))
    assert await ask() == [1, 7, 1]
    assert isinstance(await api.system.door.one(capture("K-2", {"K1": 8}), actor="test"), StockShort)
    assert await ask() == [1, 7, 1]
    async with open_system(api.dsn) as other:
        accepted(await other.door.one(capture("K-3", {"K1": 3, "K2": 1}), actor="test"))
    await api.system.door.follow()
    assert await ask() == [0, 4, 0]
    await api.put("/v1/nodes/DC-PA", {"type": "dc", "latitude": 40.0, "longitude": -76.3, "active": False})
    assert await ask() == [0, 0, 0]
    await api.put("/v1/nodes/DC-PA", {"type": "dc", "latitude": 40.0, "longitude": -76.3})
    assert await ask() == [0, 4, 0]


async def test_a_date_that_goes_by_changes_what_was_kept(api: Api) -> None:
    await _set_up(api, "D1")
    line = {"sku": "D1", "node": "DC-IL", "quantity": 9, "expected_at": "2026-11-24T15:00:00Z"}
    await api.put("/v1/purchase-orders/D-PO", {"lines": [line]})
    before = (await api.get("/v1/availability?sku=D1")).json()["items"][0]

    api.clock.advance(days=1, hours=2)
    after = (await api.get("/v1/availability?sku=D1")).json()["items"][0]
    api.clock.advance(days=-1, hours=-2)

    assert before["next_supply_at"] == "2026-11-24T15:00:00Z"
    assert after["next_supply_at"].startswith("2026-11-25T17:00:"), "what is overdue counts a day from now"
    assert after["status"] == "backorder"


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
        ("?sku=V1&region=NY", "?region"),
        ("?sku=V1&region=New York", "?region"),
        ("?sku=V1&region=CA-ON&country=DE", "?country"),
        ("?sku=V1&form=table", "?form"),
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
