"""Where items lie at nodes, and what a unit is scanned as, over HTTP."""

import pytest

from tests.builders import item, node, set_up
from tests.http.conftest import Api
from troth.model.ids import NodeId, Sku
from troth.store.shelf_places import read_shelf_places

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/inventory/shelf-places"


async def _set_up(api: Api, *skus: str) -> None:
    await set_up(api.system.pool, nodes=(node("ST-NYC"), node("DC-PA")), items=tuple(item(sku) for sku in skus))
    await api.system.door.follow()


async def _places(api: Api, *skus: str, at: str = "ST-NYC") -> dict[str, str]:
    async with api.system.pool.acquire() as connection:
        found = await read_shelf_places(connection, NodeId(at), map(Sku, skus))
    return {str(sku): place for sku, place in found.items()}


async def test_places_are_taken_in_line_by_line_and_listed(api: Api) -> None:
    await _set_up(api, "P1", "P2")
    places = [{"sku": sku, "node": "ST-NYC", "place": f"A-{sku}"} for sku in ("P1", "NOPE", "P2", "P1")]

    answer = await api.post(PATH, {"places": places})
    listed = (await api.get(PATH, params={"node": "ST-NYC", "sku": ["P1", "P2"]})).json()

    assert (answer.status_code, answer.json()["accepted"], answer.json()["refused"]) == (200, 2, 2)
    assert [line["ok"] for line in answer.json()["results"]] == [True, False, True, False]
    assert answer.json()["results"][1]["problem"]["errors"] == [
        {"pointer": "/places/1/sku", "detail": "there is no item NOPE"}
    ]
    assert [(one["sku"], one["place"]) for one in listed["items"]] == [("P1", "A-P1"), ("P2", "A-P2")]


async def test_an_empty_place_is_none_and_another_replaces_it(api: Api) -> None:
    await _set_up(api, "P3", "P4")
    for place in ("A-1", "B-2"):
        await api.post(PATH, {"places": [{"sku": sku, "node": "ST-NYC", "place": place} for sku in ("P3", "P4")]})

    await api.post(PATH, {"places": [{"sku": "P3", "node": "ST-NYC", "place": " "}]})

    assert await _places(api, "P3", "P4") == {"P4": "B-2"}


async def test_a_feed_of_stock_says_where_it_lies(api: Api) -> None:
    await _set_up(api, "P5", "P6")
    text = f"sku,node,on_hand,place\nP5,ST-NYC,7,C-01\nP6,ST-NYC,2,\nP6,DC-PA,2,{'x' * 41}\n"

    answer = await api.client.post(
        "/v1/inventory/feeds/SHELF",
        params={"as_of": api.clock.now.isoformat(), "reference": "S-1"},
        headers={"content-type": "text/csv"},
        content=text.encode(),
    )

    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert [(row["column"], row["reason"]) for row in answer.json()["refused_rows"]] == [
        ("place", "is longer than 40 characters")
    ]
    assert await _places(api, "P5", "P6") == {"P5": "C-01"}


async def test_who_is_bound_to_a_node_sets_and_sees_only_its_places(api: Api) -> None:
    await _set_up(api, "P7")
    key = await api.key_for("inventory:write", nodes=["ST-NYC"])
    headers = {"authorization": f"Bearer {key}"}
    of_others = {"places": [{"sku": "P7", "node": "DC-PA", "place": "A"}]}

    refused = await api.client.post(PATH, json=of_others, headers=headers)
    seen = await api.client.get(PATH, params={"node": "DC-PA"}, headers=headers)

    assert (refused.status_code, seen.status_code) == (422, 404)
    assert await _places(api, "P7", at="DC-PA") == {}


async def test_an_item_keeps_what_else_it_is_scanned_as(api: Api) -> None:
    answer = await api.client.put("/v1/items/SCAN-1", json={"barcodes": ["X001", "4006381333931"]})
    bad = await api.client.put("/v1/items/SCAN-2", json={"barcodes": ["X 001"]})

    assert (answer.status_code, answer.json()["barcodes"]) == (201, ["X001", "4006381333931"])
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/barcodes/0")
