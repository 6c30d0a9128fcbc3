"""A node asks how to pack its work, and reports it packed as it was proposed."""

import pytest

from tests.http.conftest import Api
from tests.http.test_fulfillments import released

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOXES = {
    "padding_mm": 0,
    "boxes": [
        {"box": "S", "name": "Small", "inner_mm": [200, 150, 100], "grams_max": 5_000, "tare_grams": 80,
         "cost_minor": 30},
        {"box": "L", "inner_mm": [400, 300, 200], "grams_max": 20_000, "tare_grams": 250, "cost_minor": 80},
    ],
}  # fmt: skip


async def use_boxes(api: Api) -> None:
    saved = await api.put("/v1/boxes/test", BOXES)
    assert saved.status_code in (200, 201), saved.text
    acted = await api.post("/v1/boxes/test/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200, acted.text


async def test_a_proposal_says_boxes_and_what_lies_where_and_can_be_reported_as_it_is(api: Api) -> None:
    await use_boxes(api)
    small = await api.stocked("PACK-A", {"DC-PA": 9}, dimensions_mm=(100, 75, 50), weight_grams=400)
    large = await api.stocked("PACK-B", {"DC-PA": 9}, dimensions_mm=(400, 300, 200), weight_grams=9_000)
    path = await released(api, "pack-1", {small: 8, large: 1})
    await api.post(f"{path}/pick")

    answer = (await api.get(f"{path}/packing")).json()

    shown = [
        (one["package_id"], one["box"], one["box_name"], one["lines"], one["weight_kg"], one["dimensions_cm"])
        for one in answer["packages"]
    ]
    assert shown == [
        ("1", "L", "L", [{"line_id": "2", "quantity": 1}], 9.25, [40, 30, 20]),
        ("2", "S", "Small", [{"line_id": "1", "quantity": 8}], 3.28, [20, 15, 10]),
    ]
    assert [one["filled_percent"] for one in answer["packages"]] == [100, 100]
    assert len({tuple(one["at_cm"]) for one in answer["packages"][1]["placed"]}) == 8
    reported = {
        "packages": [{name: one[name] for name in ("package_id", "lines", "weight_kg")} for one in answer["packages"]]
    }
    packed = await api.post(f"{path}/pack", reported)
    assert (packed.status_code, len(packed.json()["packages"])) == (200, 2)
    gone = await api.get(f"{path}/packing")
    assert (gone.status_code, gone.json()["code"]) == (409, "not-possible-now")


async def test_what_has_no_size_and_what_is_sold_by_measure_is_in_a_package_and_said_to_be_unmeasured(api: Api) -> None:
    await use_boxes(api)
    cable = await api.stocked("PACK-M", {"DC-PA": 900}, unit="m", decimals=2, weight_grams=100)
    plain = await api.stocked("PACK-P", {"DC-PA": 9}, weight_grams=300)
    captured = await api.capture("pack-2", {cable: 2, plain: 1})
    (work,) = captured["fulfillments"]

    answer = (await api.get(f"/v1/fulfillments/{work['fulfillment_id']}/packing")).json()

    (package,) = answer["packages"]
    assert package["lines"] == [{"line_id": "1", "quantity": 2}, {"line_id": "2", "quantity": 1}]
    assert (package["unmeasured"], package["weight_kg"], package["box"]) == ([cable, plain], 0.58, "S")


async def test_without_boxes_things_go_as_they_are_and_too_many_are_for_people(api: Api) -> None:
    await use_boxes(api)
    await api.post("/v1/boxes/test/retire", {"reason": "test"})
    sku = await api.stocked("PACK-N", {"DC-PA": 900}, dimensions_mm=(100, 75, 50), weight_grams=10)
    few, many = await api.capture("pack-3", {sku: 2}), await api.capture("pack-4", {sku: 201})

    asked = [
        await api.get(f"/v1/fulfillments/{order['fulfillments'][0]['fulfillment_id']}/packing") for order in (few, many)
    ]

    assert [one["box"] for one in asked[0].json()["packages"]] == [None, None]
    assert (asked[1].status_code, asked[1].json()["code"]) == (409, "not-possible-now")


async def test_a_box_that_cannot_be_is_refused_by_its_field(api: Api) -> None:
    wrong = {
        "boxes": [
            {"box": "S", "inner_mm": [0, 10, 10], "grams_max": 0},
            {"box": "S", "inner_mm": [10, 10, 10], "outer_mm": [9, 10, 10], "grams_max": 1, "cost_minor": -1},
        ]
    }

    refused = await api.put("/v1/boxes/wrong", wrong)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/boxes/0/inner_mm/0",
        "/boxes/0/grams_max",
        "/boxes/1/box",
        "/boxes/1/outer_mm/0",
        "/boxes/1/cost_minor",
    ]
