"""Serial numbers over HTTP: one for each unit before it leaves, none with two customers, and where each one went."""

import asyncio
from typing import Any

import pytest

from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def released(api: Api, external_id: str, lines: dict[str, int], **changes: Any) -> str:
    """The path of the one fulfillment of a released order."""
    captured = await api.capture(external_id, lines, **changes)
    assert (await api.post(f"/v1/orders/{captured['order_id']}/release")).status_code == 200
    (work,) = captured["fulfillments"]
    return f"/v1/fulfillments/{work['fulfillment_id']}"


def pick(quantity: int, *serials: str) -> dict[str, Any]:
    return {"lines": [{"line_id": "1", "quantity": quantity, "serials": list(serials)}]}


def name(*serials: str) -> dict[str, Any]:
    return {"serials": [{"line_id": "1", "serials": list(serials)}]}


async def test_the_serials_of_picked_units_stand_with_the_order_and_are_found_by_number(api: Api) -> None:
    sku = await api.stocked("S-1", serialized=True)
    path = await released(api, "serial-1", {sku: 2})

    picked = await api.post(f"{path}/pick", pick(2, "SN-2", "SN-1"))
    shipped = await api.post(f"{path}/ship")
    order = (await api.get(f"/v1/orders/{picked.json()['order_id']}")).json()
    found = (await api.get(f"/v1/serials/{sku}/SN-1")).json()

    assert (picked.status_code, shipped.status_code) == (200, 200)
    assert picked.json()["serials"] == [{"line_id": "1", "sku": sku, "serials": ["SN-1", "SN-2"]}]
    assert order["fulfillments"][0]["serials"] == picked.json()["serials"]
    assert (found["order_id"], found["external_id"], found["node"], found["status"]) == (
        order["order_id"], "serial-1", "DC-PA", "shipped",
    )  # fmt: skip
    assert (await api.get(f"/v1/serials/{sku}/SN-9")).status_code == 404


async def test_a_serialized_unit_does_not_leave_without_its_number(api: Api) -> None:
    sku = await api.stocked("S-2", serialized=True)
    path = await released(api, "serial-2", {sku: 2})
    assert (await api.post(f"{path}/pick")).status_code == 200

    nameless = await api.post(f"{path}/ship")
    half = await api.post(f"{path}/ship", name("A-1"))
    stood = (await api.get(path)).json()
    named = await api.post(f"{path}/ship", name("A-1", "A-2"))

    assert nameless.json()["errors"] == [
        {"pointer": "/serials", "detail": f"line 1 has 2 units of {sku}, and 0 serials"}
    ]
    assert half.json()["errors"][0]["pointer"] == "/serials/0/serials"
    assert (stood["status"], stood["serials"]) == ("picked", [])
    assert named.status_code == 200
    assert (await api.available(sku)) == {"DC-PA": 8}


async def test_a_serial_that_is_with_somebody_is_refused_and_named(api: Api) -> None:
    sku = await api.stocked("S-3", serialized=True)
    first = await released(api, "serial-3a", {sku: 1})
    second = await released(api, "serial-3b", {sku: 2})
    owner = (await api.post(f"{first}/pick", pick(1, "X-1"))).json()["order_id"]

    taken = await api.post(f"{second}/pick", pick(2, "X-2", "X-1"))
    twice = await api.post(f"{second}/pick", pick(2, "X-2", "X-2"))
    too_few = await api.post(f"{second}/pick", pick(2, "X-2"))

    assert taken.json()["errors"] == [{"pointer": "/lines/0/serials/1", "detail": f"X-1 is with order {owner} already"}]
    assert twice.json()["errors"] == [{"pointer": "/lines/0/serials/1", "detail": "X-2 is named twice"}]
    assert too_few.json()["errors"][0]["pointer"] == "/lines/0/serials"
    assert (await api.get(second)).json()["status"] == "released"
    assert (await api.get(f"/v1/serials/{sku}/X-2")).status_code == 404


async def test_the_serial_of_a_unit_that_was_canceled_is_free_again(api: Api) -> None:
    sku = await api.stocked("S-4", serialized=True)
    first = await released(api, "serial-4a", {sku: 1})
    picked = (await api.post(f"{first}/pick", pick(1, "Y-1"))).json()
    assert (await api.post(f"/v1/orders/{picked['order_id']}/cancel", {"reason": "changed"})).status_code == 200
    second = await released(api, "serial-4b", {sku: 1})

    again = await api.post(f"{second}/pick", pick(1, "Y-1"))

    assert again.status_code == 200
    assert (await api.get(f"/v1/serials/{sku}/Y-1")).json()["external_id"] == "serial-4b"


async def test_what_is_named_again_replaces_what_was_named_before(api: Api) -> None:
    sku = await api.stocked("S-5", serialized=True)
    path = await released(api, "serial-5", {sku: 1})
    assert (await api.post(f"{path}/pick", pick(1, "Z-1"))).status_code == 200

    packed = await api.post(f"{path}/pack", name("Z-2"))

    assert packed.json()["serials"] == [{"line_id": "1", "sku": sku, "serials": ["Z-2"]}]
    assert (await api.get(f"/v1/serials/{sku}/Z-1")).status_code == 404


async def test_of_an_item_without_serials_some_may_be_named_and_are_recorded(api: Api) -> None:
    sku = await api.stocked("S-6")
    path = await released(api, "serial-6", {sku: 2})

    picked = await api.post(f"{path}/pick", pick(2, "N-1"))
    too_many = await api.post(f"{path}/ship", name("N-1", "N-2", "N-3"))
    shipped = await api.post(f"{path}/ship")

    assert picked.json()["serials"] == [{"line_id": "1", "sku": sku, "serials": ["N-1"]}]
    assert too_many.status_code == 422
    assert shipped.status_code == 200


async def test_a_component_of_a_kit_is_named_by_its_sku(api: Api) -> None:
    await api.stocked("S-7A", serialized=True)
    await api.stocked("S-7B")
    await api.put("/v1/items/S-7", {"kit": [{"sku": "S-7A", "quantity": 2}, {"sku": "S-7B", "quantity": 1}]})
    path = await released(api, "serial-7", {"S-7": 1})

    unclear = await api.post(f"{path}/ship", name("K-1", "K-2"))
    shipped = await api.post(f"{path}/ship", {"serials": [{"line_id": "1", "sku": "S-7A", "serials": ["K-1", "K-2"]}]})

    assert unclear.json()["errors"] == [{"pointer": "/serials/0/serials", "detail": "say of which SKU"}]
    assert shipped.json()["serials"] == [{"line_id": "1", "sku": "S-7A", "serials": ["K-1", "K-2"]}]


async def test_of_many_picks_that_name_one_serial_at_once_one_is_done(api: Api) -> None:
    sku = await api.stocked("S-8", serialized=True)
    paths = [await released(api, f"serial-8-{number}", {sku: 1}) for number in range(5)]

    answers = await asyncio.gather(*(api.post(f"{path}/pick", pick(1, "ONE")) for path in paths))

    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
