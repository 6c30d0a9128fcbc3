"""Items sold by measure over HTTP: decimals in, whole units inside, decimals out, and money rounded once a line."""

from typing import Any

import msgspec
import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")

INVENTORY = "/v1/inventory"


async def cable(api: Api, sku: str, *, decimals: int = 2, on_hand: object = None, **changes: Any) -> str:
    """An item by the meter: 1.99 a meter, 300 grams each."""
    await api.stocked("PIECE", {"DC-PA": 0})
    body = {
        "name": "Cable", "unit": "m", "decimals": decimals, "weight_kg": "0.3",
        "price": {"amount": "1.99", "currency": "USD"},
    }  # fmt: skip
    assert (await api.put(f"/v1/items/{sku}", {**body, **changes})).status_code in (200, 201)
    if on_hand is not None:
        lines = [{"node": "DC-PA", "sku": sku, "delta": on_hand, "reason": "receipt"}]
        answer = await api.post(f"{INVENTORY}/adjustments", {"adjustments": lines})
        assert answer.json()["refused"] == 0, answer.text
    return sku


def asked(external_id: str, sku: str, quantity: object, **line: Any) -> dict[str, Any]:
    body = order(external_id, {sku: 1})
    body["lines"] = [{"line_id": "1", "sku": sku, "quantity": quantity, **line}]
    return body


async def kept(api: Api, sku: str) -> tuple[int, int]:
    """On hand and reserved in whole units inside."""
    async with api.system.pool.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT sum(on_hand)::bigint AS a, sum(reserved)::bigint AS b FROM balances WHERE sku = $1", sku
        )
    assert row is not None
    return row["a"], row["b"]


@pytest.mark.parametrize(("name", "quantity"), [("number", 1.25), ("text", "1.25"), ("longer", "1.250")])
async def test_a_quantity_comes_as_number_or_text_and_goes_out_as_number(api: Api, name: str, quantity: object) -> None:
    sku = await cable(api, f"M-{name}", on_hand="10.5")

    captured = await api.post("/v1/orders", asked(f"measure-{name}", sku, quantity))
    found = (await api.get(f"/v1/orders/{captured.json()['order_id']}")).json()

    assert captured.status_code == 201, captured.text
    (line,) = found["lines"]
    assert (line["quantity"], line["promised_quantity"], line["allocations"][0]["quantity"]) == (1.25, 1.25, 1.25)
    assert line["terms"]["decimals"] == 2
    assert found["fulfillments"][0]["lines"][0]["quantity"] == 1.25
    assert found["possible"]["cancelable"] == [{"line_id": "1", "quantity": 1.25}]
    assert found["total"]["amount"] == "2.49"  # 2.4875
    assert await kept(api, sku) == (1050, 125)


async def test_stock_of_it_is_shown_in_its_measure_everywhere(api: Api) -> None:
    sku = await cable(api, "M-SHOWN", on_hand=10.5)
    line = {"node": "DC-PA", "sku": sku, "quantity": "7.25", "expected_at": "2026-12-01T12:00:00Z"}
    ordered = await api.put("/v1/purchase-orders/M-77", {"lines": [line]})
    counted = await api.post(
        f"{INVENTORY}/counts",
        {"node": "DC-PA", "as_of": "2026-11-23T14:59:59Z", "counts": [{"sku": sku, "on_hand": 0}]},
    )

    (position,) = (await api.get(INVENTORY, params={"sku": sku})).json()["items"]
    entries = (await api.get(f"{INVENTORY}/entries", params={"sku": sku, "node": "DC-PA"})).json()["items"]
    available = (await api.get("/v1/availability", params={"sku": sku})).json()["items"][0]

    assert ordered.json()["lines"][0]["quantity"] == 7.25
    assert counted.status_code == 200
    assert (position["on_hand"], position["available"], position["incoming"]) == (10.5, 10.5, 7.25)
    assert entries[-1]["on_hand_delta"] == 10.5
    assert (available["available"], available["incoming"], available["status"]) == (10.5, 7.25, "in_stock")


async def test_what_is_short_is_said_in_its_measure(api: Api) -> None:
    sku = await cable(api, "M-SHORT", on_hand=2.5)

    refused = await api.post("/v1/orders", asked("measure-short", sku, 4.75))
    quoted = (await api.post("/v1/quotes", {**QUOTE, "lines": asked("", sku, 4.75)["lines"]})).json()

    (short,) = refused.json()["lines"]
    assert refused.status_code == 409
    assert (short["quantity"], short["available_quantity"]) == (2.25, 2.5)
    assert (quoted["unavailable"][0]["quantity"], quoted["unavailable"][0]["available_quantity"]) == (2.25, 2.5)
    assert quoted["options"][0]["lines"][0]["quantity"] == 2.5


QUOTE: dict[str, Any] = {
    key: value for key, value in order("", {"-": 1}).items() if key in ("channel", "ship_to", "method", "service")
}


async def test_too_many_decimals_are_refused_and_the_field_is_named(api: Api) -> None:
    sku = await cable(api, "M-FINE", decimals=1, on_hand=9)
    piece = await api.stocked("M-PIECE", {"DC-PA": 4})

    finer = await api.post("/v1/orders", asked("measure-fine", sku, 1.25))
    finest = await api.post("/v1/orders", asked("measure-finest", sku, "1.2345"))
    half = await api.post("/v1/orders", asked("measure-half", piece, 1.5))
    nothing = await api.post("/v1/orders", asked("measure-none", sku, "0.0"))
    stock = await api.post(
        f"{INVENTORY}/adjustments", {"adjustments": [{"node": "DC-PA", "sku": sku, "delta": 0.25, "reason": "x"}]}
    )

    assert finer.json()["errors"] == [
        {"pointer": "/lines/0/quantity", "detail": "must have at most 1 decimals: M-FINE is sold by the m"}
    ]
    assert finest.json()["errors"] == [{"pointer": "/lines/0/quantity", "detail": "must have at most 3 decimals"}]
    assert half.json()["errors"] == [
        {"pointer": "/lines/0/quantity", "detail": "must be a whole number: it is sold by the piece"}
    ]
    assert nothing.json()["errors"] == [{"pointer": "/lines/0/quantity", "detail": "must be more than 0"}]
    assert stock.json()["errors"][0]["pointer"] == "/adjustments/0/delta"
    assert await kept(api, sku) == (90, 0)


async def test_it_is_picked_short_canceled_and_shipped_in_its_measure(api: Api) -> None:
    sku = await cable(api, "M-WORK", on_hand=10)
    captured = (await api.post("/v1/orders", asked("measure-work", sku, 5))).json()
    canceled = await api.post(
        f"/v1/orders/{captured['order_id']}/cancel",
        {"reason": "less", "lines": [{"line_id": "1", "quantity": 1.25}]},
    )
    assert (await api.post(f"/v1/orders/{captured['order_id']}/release")).status_code == 200
    path = f"/v1/fulfillments/{captured['fulfillments'][0]['fulfillment_id']}"
    picked = await api.post(f"{path}/pick", {"lines": [{"line_id": "1", "quantity": "3.5"}]})
    packed = await api.post(
        f"{path}/pack", {"packages": [{"package_id": "1", "lines": [{"line_id": "1", "quantity": 3.5}]}]}
    )
    shipped = await api.post(f"{path}/ship")
    found = (await api.get(f"/v1/orders/{captured['order_id']}")).json()

    assert canceled.json()["total"]["amount"] == "7.46"  # 3.75 * 1.99 = 7.4625
    assert (picked.status_code, packed.status_code, shipped.status_code) == (200, 200, 200)
    assert picked.json()["unsourced"] == [{"line_id": "1", "quantity": 0.25}]
    assert packed.json()["packages"][0]["lines"] == [{"line_id": "1", "quantity": 3.5}]
    (line,) = found["lines"]
    assert (line["quantity"], line["canceled_quantity"], line["uncovered_quantity"]) == (5.0, 1.25, 0.25)
    assert found["promise"]["message"].startswith("0.25 units cannot be promised at this moment."), found["promise"]
    assert await kept(api, sku) == (625, 0)  # 3.5 left, and 0.25 were not there


async def test_a_parcel_of_it_costs_what_it_weighs_and_handling_counts_meters(api: Api) -> None:
    sku = await cable(api, "M-COST", decimals=3, on_hand=100)
    piece = await api.stocked("M-METER", {"DC-PA": 9}, weight_grams=300)

    by_measure = (await api.post("/v1/orders", asked("measure-cost", sku, 3))).json()
    by_piece = (await api.post("/v1/orders", asked("piece-cost", piece, 3))).json()

    assert by_measure["promise"]["cost_to_serve"] == by_piece["promise"]["cost_to_serve"]


async def test_the_decision_about_it_can_be_made_again(api: Api) -> None:
    sku = await cable(api, "M-WHY", on_hand=3.75)
    captured = (await api.post("/v1/orders", asked("measure-why", sku, 2.5))).json()

    why = (await api.get(f"/v1/orders/{captured['order_id']}/explanation")).json()

    assert why["decisions"][0]["is_reproduced"] is True


async def test_decimals_stay_what_they_are_while_there_is_stock(api: Api) -> None:
    sku = await cable(api, "M-SCALE", on_hand=1.5)
    body = {"unit": "m", "decimals": 3}

    refused = await api.put(f"/v1/items/{sku}", body)
    await api.post(
        f"{INVENTORY}/adjustments", {"adjustments": [{"node": "DC-PA", "sku": sku, "delta": "-1.5", "reason": "x"}]}
    )
    done = await api.put(f"/v1/items/{sku}", body)

    assert refused.json()["errors"] == [{"pointer": "/decimals", "detail": "there is stock that is kept with 2"}]
    assert (done.status_code, done.json()["decimals"]) == (200, 3)


async def test_what_cannot_be_measured_is_refused(api: Api) -> None:
    await cable(api, "M-PART")

    unnamed = await api.put("/v1/items/M-NO-1", {"decimals": 2})
    serialized = await api.put("/v1/items/M-NO-2", {"decimals": 2, "unit": "m", "serialized": True})
    kit = await api.put("/v1/items/M-NO-3", {"kit": [{"sku": "M-PART", "quantity": 1}]})

    assert [one.json()["errors"][0]["pointer"] for one in (unnamed, serialized, kit)] == [
        "/unit", "/decimals", "/kit/0/sku",
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["NaN", "1e400", "-Infinity"])
async def test_what_is_no_number_of_pieces_is_refused_as_such(api: Api, number: str) -> None:
    sku = await api.stocked("M-NONE", {"DC-PA": 4})
    body = msgspec.json.encode({**QUOTE, "lines": [{"line_id": "1", "sku": sku, "quantity": 77}]})
    body = body.replace(b"77", number.encode())
    answer = await api.client.post("/v1/quotes", content=body, headers={"content-type": "application/json"})
    assert answer.json()["errors"] == [
        {"pointer": "/lines/0/quantity", "detail": "must be a number, neither infinite nor NaN"}
    ]
