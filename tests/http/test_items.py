"""Items over HTTP: exact measures and money, bar codes, kits, versions, and lists."""

from typing import Any

import pytest

from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOE: dict[str, Any] = {
    "name": "Trail shoe",
    "category": "shoes",
    "price": {"amount": "119.90", "currency": "USD"},
    "cost": {"amount": "48.2", "currency": "USD"},
    "weight_kg": "0.82",
    "dimensions_cm": {"length": "34", "width": 21, "height": 12.5},
    "gtin": "4006381333931",
    "barcodes": ["0012345678905"],
    "attributes": {"color": "black"},
}


async def test_an_item_is_created_read_and_sent_back_as_it_was_read(api: Api) -> None:
    created = await api.put("/v1/items/I-1", SHOE)
    read = await api.get("/v1/items/I-1")
    again = await api.put("/v1/items/I-1", read.json(), headers={"if-match": read.headers["etag"]})

    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert created.json() == read.json() == again.json()
    assert (again.status_code, again.headers["etag"]) == (200, '"1"')
    assert read.json() == {
        **SHOE,
        "sku": "I-1",
        "cost": {"amount": "48.20", "currency": "USD"},
        "weight_kg": 0.82,
        "dimensions_cm": {"length": 34.0, "width": 21.0, "height": 12.5},
        "kit": [],
        "brand": "",
        "substitutes": [],
        "ship_alone": False,
        "restrictions": None,
        "return_percent": None,
        "min_remaining_days": 0,
        "serialized": False,
        "unit": "each",
        "decimals": 0,
        "backorder_max": None,
    }


@pytest.mark.parametrize(
    ("given_kg", "grams"), [(0.1, 100), ("0.1", 100), (1.005, 1005), (0.001, 1), (70, 70_000), ("2.675", 2675)]
)
async def test_a_weight_is_exact_to_the_gram(api: Api, given_kg: object, grams: int) -> None:
    answer = await api.put("/v1/items/I-2", {"weight_kg": given_kg})

    assert answer.json()["weight_kg"] == grams / 1000
    stored = await api.system.pool.fetchval("SELECT document ->> 'weight_grams' FROM items WHERE sku = 'I-2'")
    assert stored == str(grams)


async def test_dimensions_may_be_a_list_of_three(api: Api) -> None:
    answer = await api.put("/v1/items/I-3", {"dimensions_cm": [30, "20.5", 10]})

    assert answer.json()["dimensions_cm"] == {"length": 30.0, "width": 20.5, "height": 10.0}


async def test_a_price_without_decimals_stays_without(api: Api) -> None:
    answer = await api.put("/v1/items/I-4", {"price": {"amount": "1990", "currency": "JPY"}})

    assert answer.json()["price"] == {"amount": "1990", "currency": "JPY"}
    assert answer.json()["cost"] == {"amount": "0", "currency": "JPY"}


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"weight_kg": "0.0005"}, ["/weight_kg"]),
        ({"weight_kg": -1}, ["/weight_kg"]),
        ({"weight_kg": "NaN"}, ["/weight_kg"]),
        ({"weight_kg": "heavy"}, ["/weight_kg"]),
        ({"dimensions_cm": [1, 2]}, ["/dimensions_cm"]),
        ({"dimensions_cm": [1, 2, "x"]}, ["/dimensions_cm/height"]),
        ({"dimensions_cm": {"length": "1.05", "width": 1, "height": 1}}, ["/dimensions_cm/length"]),
        ({"gtin": "4006381333932"}, ["/gtin"]),
        ({"gtin": "123"}, ["/gtin"]),
        ({"price": {"amount": "1.999", "currency": "USD"}}, ["/price/amount"]),
        ({"price": {"amount": 1.99, "currency": "USD"}}, ["/price/amount"]),
        ({"price": {"amount": "-1", "currency": "USD"}}, ["/price/amount"]),
        ({"cost": {"amount": "1", "currency": "EUR"}}, ["/cost/currency"]),
        ({"kit": [{"sku": "NOPE", "quantity": 1}]}, ["/kit/0/sku"]),
        ({"kit": [{"sku": "I-BAD", "quantity": 1}]}, ["/kit/0/sku"]),
        ({"kit": [{"sku": "I-1", "quantity": 0}]}, ["/kit/0/quantity"]),
        ({"kit": [{"sku": "I-1", "quantity": 1}, {"sku": "I-1", "quantity": 2}]}, ["/kit/1/sku"]),
        ({"attributes": {"color": 1}}, ["/attributes/color"]),
        ({"return_percent": 100.01}, ["/return_percent"]),
        ({"backorder_max": -1}, ["/backorder_max"]),
        ({"return_percent": "1.005"}, ["/return_percent"]),
        ({"restrictions": {"not_to": ["usa"]}}, ["/restrictions/not_to/0"]),
        ({"restrictions": {"methods": ["pigeon"]}}, ["/restrictions/methods/0"]),
        ({"substitutes": [{"sku": "NOPE"}]}, ["/substitutes/0/sku"]),
        ({"substitutes": [{"sku": "I-BAD"}]}, ["/substitutes/0/sku"]),
        ({"substitutes": [{"sku": "I-1"}, {"sku": "I-1"}]}, ["/substitutes/1/sku"]),
        (
            {"substitutes": [{"sku": "I-1", "price_delta": {"amount": "1", "currency": "EUR"}}]},
            ["/substitutes/0/price_delta/currency"],
        ),
        ({"sku": "another"}, ["/sku"]),
        ({"colour": "red"}, ["/colour"]),
        ({"gtin": "1", "weight_kg": "0.0001"}, ["/gtin", "/weight_kg"]),
    ],
)
async def test_what_an_item_cannot_be_is_named_by_field_and_not_written(
    api: Api, changes: dict[str, Any], pointers: list[str]
) -> None:
    await api.put("/v1/items/I-1", SHOE)

    answer = await api.put("/v1/items/I-BAD", {**SHOE, **changes})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await api.get("/v1/items/I-BAD")).status_code == 404


async def test_an_item_says_what_may_stand_in_where_it_may_not_go_and_how_much_of_it_comes_back(api: Api) -> None:
    await api.put("/v1/items/I-1", SHOE)
    facts = {
        "brand": "Rockfell",
        "substitutes": [{"sku": "I-1", "price_delta": {"amount": "-5.00", "currency": "USD"}}],
        "ship_alone": True,
        "restrictions": {
            "not_to": ["CA", "US-HI"], "not_from": [], "methods": ["ship"], "node_needs": ["chilled"],
            "service_needs": [],
        },
        "return_percent": 18.25,
    }  # fmt: skip

    answer = await api.put("/v1/items/I-6", facts)

    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in facts} == facts
    assert (await api.put("/v1/items/I-6", answer.json())).headers["etag"] == '"1"'
    empty = await api.put("/v1/items/I-7", {"restrictions": {}})
    assert empty.json()["restrictions"] is None


async def test_a_kit_names_its_components(api: Api) -> None:
    await api.put("/v1/items/I-1", SHOE)

    answer = await api.put("/v1/items/KIT", {"kit": [{"sku": "I-1", "quantity": 2}]})

    assert (answer.status_code, answer.json()["kit"]) == (201, [{"sku": "I-1", "quantity": 2}])


async def test_a_sku_may_contain_a_slash(api: Api) -> None:
    assert (await api.put("/v1/items/AB/12", SHOE)).status_code == 201
    assert (await api.get("/v1/items/AB%2F12")).json()["sku"] == "AB/12"


async def test_a_lost_race_is_told(api: Api) -> None:
    await api.put("/v1/items/I-5", SHOE)
    await api.put("/v1/items/I-5", {**SHOE, "name": "second"})

    lost = await api.put("/v1/items/I-5", {**SHOE, "name": "third"}, headers={"if-match": '"1"'})

    assert lost.status_code == 412
    assert (await api.get("/v1/items/I-5")).json()["name"] == "second"


async def test_items_are_listed_by_category_and_text(api: Api) -> None:
    for sku, name in (("L-1", "Red hat"), ("L-2", "Blue hat"), ("L-3", "Red scarf")):
        await api.put(f"/v1/items/{sku}", {"name": name, "category": "winter"})

    first = await api.get("/v1/items", params={"category": "winter", "limit": "2"})
    second = await api.get("/v1/items", params={"category": "winter", "limit": "2", "cursor": first.json()["next"]})
    red = await api.get("/v1/items", params={"q": "red"})

    assert [item["sku"] for item in (*first.json()["items"], *second.json()["items"])] == ["L-1", "L-2", "L-3"]
    assert [item["sku"] for item in red.json()["items"]] == ["L-1", "L-3"]


async def test_a_kit_that_is_made_of_itself_by_another_is_refused(api: Api) -> None:
    await api.put("/v1/items/CYCLE-1", {"price": {"amount": "1.00", "currency": "USD"}})
    await api.put("/v1/items/CYCLE-2", {"kit": [{"sku": "CYCLE-1", "quantity": 1}]})

    answer = await api.put("/v1/items/CYCLE-1", {"kit": [{"sku": "CYCLE-2", "quantity": 1}]})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/kit/0/sku", "detail": "CYCLE-2 is made of CYCLE-1; a kit does not contain itself"}
    ]
    assert (await api.get("/v1/items/CYCLE-1")).json()["kit"] == []


async def test_a_restriction_to_a_place_that_no_address_is_in_is_refused(api: Api) -> None:
    answer = await api.put("/v1/items/PLACED", {"restrictions": {"not_to": ["US-ZZ", "US-NY"]}})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/restrictions/not_to/0", "detail": "US-ZZ is no region of US"}]
    assert (await api.get("/v1/items/PLACED")).status_code == 404


async def test_an_item_with_a_wrong_tariff_number_is_refused_by_field(api: Api) -> None:
    body = {"name": "Socks", "attributes": {"hs_code": "61-15", "origin": "Portugal"}}

    refused = await api.put("/v1/items/CUSTOMS", body)

    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/attributes/hs_code", "/attributes/origin"]
    right = await api.put("/v1/items/CUSTOMS", body | {"attributes": {"hs_code": "6115.95", "origin": "PT"}})
    assert right.status_code in (200, 201)
