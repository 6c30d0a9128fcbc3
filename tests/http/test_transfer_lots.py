"""Transfers of lots, of serialized items and of what is sold by measure, over HTTP."""

from typing import Any

import pytest

from tests.builders import item, node, set_up
from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON, LATE = "2026-12-20", "2027-03-31"


async def _set_up(api: Api, sku: str, lots: dict[str, tuple[object, str | None]], **changes: Any) -> None:
    """An item with these lots (quantity, last day; an empty name: no lot) at DC-PA, and a store."""
    await set_up(api.system.pool, nodes=(node("DC-PA"), node("ST-NYC")), items=(item(sku, **changes),))
    await api.system.door.follow()
    lines = [
        {"node": "DC-PA", "sku": sku, "delta": units, "reason": "receipt"}
        | ({"lot": lot, "expires_on": day} if lot else {})
        for lot, (units, day) in lots.items()
    ]
    answer = await api.post("/v1/inventory/adjustments", {"adjustments": lines})
    assert answer.json()["refused"] == 0, answer.text


async def _plan(api: Api, transfer_id: str, *lines: dict[str, Any], **changes: Any) -> None:
    body = {"from": "DC-PA", "to": "ST-NYC", "expected_at": "2026-12-01T09:00:00-05:00", "lines": list(lines)}
    answer = await api.put(f"/v1/transfers/{transfer_id}", body | changes)
    assert answer.status_code in (200, 201), answer.text


async def _move(api: Api, transfer_id: str, event: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await api.post(f"/v1/transfers/{transfer_id}/{event}", {"lines": list(lines), **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()["lines"][0]
    return body


async def _flaws(api: Api, transfer_id: str, event: str, *lines: dict[str, Any], **more: Any) -> dict[str, str]:
    answer = await api.post(f"/v1/transfers/{transfer_id}/{event}", {"lines": list(lines), **more})
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


async def _lots(api: Api, sku: str, name: str) -> dict[str, tuple[object, str | None]]:
    position = (await api.get(f"/v1/inventory?sku={sku}&node={name}")).json()["items"][0]
    return {lot["lot"]: (lot["on_hand"], lot["expires_on"]) for lot in position["lots"]}


async def test_what_expires_first_leaves_first_and_arrives_as_the_same_lot(api: Api) -> None:
    await _set_up(api, "TL-A", {"late": (5, LATE), "soon": (3, SOON), "": (4, None)})
    await _plan(api, "TL-1", {"sku": "TL-A", "quantity": 6})

    shipped = await _move(api, "TL-1", "ship", {"line": 1, "quantity": 5})
    await _move(api, "TL-1", "receive", {"line": 1, "quantity": 2, "lot": "soon"})
    lost = await _move(api, "TL-1", "lose", {"line": 1, "quantity": 1, "lot": "late"}, reason="damaged")
    received = await _move(api, "TL-1", "receive")

    of_lot = {"received": 0, "lost": 0, "reserved": 0}
    assert shipped["lots"] == [
        {"lot": "soon", "expires_on": SOON, "in_transit": 3, **of_lot},
        {"lot": "late", "expires_on": LATE, "in_transit": 2, **of_lot},
    ]
    assert [(lot["in_transit"], lot["received"], lot["lost"]) for lot in lost["lots"]] == [(1, 2, 0), (1, 0, 1)]
    assert (received["planned"], received["in_transit"], received["received"], received["lost"]) == (1, 0, 4, 1)
    assert await _lots(api, "TL-A", "ST-NYC") == {"soon": (3, SOON), "late": (1, LATE)}
    assert await _lots(api, "TL-A", "DC-PA") == {"late": (3, LATE)}


async def test_a_lot_that_is_named_is_the_only_one_that_leaves(api: Api) -> None:
    await _set_up(api, "TL-B", {"late": (5, LATE), "soon": (3, SOON)})
    await _plan(api, "TL-2", {"sku": "TL-B", "quantity": 6, "lot": "late"})

    other = await _flaws(api, "TL-2", "ship", {"line": 1, "quantity": 1, "lot": "soon"})
    more = await _flaws(api, "TL-2", "ship", {"line": 1, "quantity": 6})
    shipped = await _move(api, "TL-2", "ship", {"line": 1, "quantity": 5})

    assert other == {"/lines/0/lot": "line 1 is of lot late"}
    assert more == {"/lines/0/quantity": "only 5 unreserved units of lot late of TL-B are at DC-PA"}
    assert (shipped["lot"], [lot["lot"] for lot in shipped["lots"]]) == ("late", ["late"])


async def test_lots_that_would_be_over_when_they_arrive_leave_only_by_name(api: Api) -> None:
    await _set_up(api, "TL-C", {"soon": (3, "2026-11-30"), "late": (1, LATE)})
    await _plan(api, "TL-3", {"sku": "TL-C", "quantity": 3})

    short = await _flaws(api, "TL-3", "ship", {"line": 1, "quantity": 2})
    named = await _move(api, "TL-3", "ship", {"line": 1, "quantity": 2, "lot": "soon"})

    assert short == {"/lines/0/quantity": "only 1 unreserved units of TL-C are at DC-PA and good until they arrive"}
    assert named["lots"][0]["lot"] == "soon"


async def test_of_several_lots_on_their_way_it_must_be_said_which_arrived(api: Api) -> None:
    await _set_up(api, "TL-D", {"late": (2, LATE), "soon": (3, SOON)})
    await _plan(api, "TL-4", {"sku": "TL-D", "quantity": 5})
    await _move(api, "TL-4", "ship")

    unnamed = await _flaws(api, "TL-4", "receive", {"line": 1, "quantity": 2})
    more = await _flaws(api, "TL-4", "receive", {"line": 1, "quantity": 4, "lot": "soon"})
    beyond = await _flaws(api, "TL-4", "lose", {"line": 1, "quantity": 6}, reason="stolen")
    whole = await _move(api, "TL-4", "receive", {"line": 1, "quantity": 5})

    assert unnamed == {"/lines/0/lot": "is required, since more than one is on its way: soon (3 units), late (2 units)"}
    assert more == {"/lines/0/quantity": "only 3 units of line 1, lot soon, are on their way"}
    assert beyond == {"/lines/0/quantity": "only 5 units of line 1 are on their way"}
    assert (whole["in_transit"], whole["received"]) == (0, 5)


async def test_a_lot_known_there_with_another_last_day_is_not_received_until_it_is_counted(api: Api) -> None:
    await _set_up(api, "TL-E", {"one": (3, SOON)})
    here = {"sku": "TL-E", "node": "ST-NYC", "delta": 1, "reason": "found", "lot": "one", "expires_on": LATE}
    await api.post("/v1/inventory/adjustments", {"adjustments": [here]})
    await _plan(api, "TL-5", {"sku": "TL-E", "quantity": 3})
    await _move(api, "TL-5", "ship")

    refused = await _flaws(api, "TL-5", "receive", {"line": 1, "quantity": 1})

    assert refused == {"/lines/0/lot": f"lot one is good until {LATE} here; a count may say otherwise"}
    assert await _lots(api, "TL-E", "ST-NYC") == {"one": (1, LATE)}


async def test_an_order_takes_a_lot_on_its_way_only_if_it_lasts_and_is_covered_by_it(api: Api) -> None:
    await _set_up(api, "TL-F", {"soon": (3, "2026-12-04"), "late": (2, LATE)})
    await _plan(api, "TL-6", {"sku": "TL-F", "quantity": 5})
    await _move(api, "TL-6", "ship")

    terms = {"line_id": "1", "sku": "TL-F", "min_remaining_days": 30}
    captured = await api.post("/v1/orders", order("TL-lasting", {}) | {"lines": [terms | {"quantity": 2}]})
    lasting = captured.json()
    on_way = (await api.get("/v1/transfers/TL-6")).json()["lines"][0]["lots"]
    refused = await api.post("/v1/orders", order("TL-more", {}) | {"lines": [terms | {"quantity": 1}]})
    await _move(api, "TL-6", "receive")
    covered = (await api.get(f"/v1/orders/{lasting['order_id']}")).json()

    assert lasting["status"] == "backordered"
    assert {lot["lot"]: lot["reserved"] for lot in on_way} == {"soon": 0, "late": 2}
    assert refused.status_code == 409
    assert covered["status"] == "promised"
    assert covered["fulfillments"][0]["lines"][0]["lot"] == "late"


async def test_what_is_sold_by_measure_moves_in_its_measure(api: Api) -> None:
    await _set_up(api, "TL-CABLE", {"roll": ("10.5", LATE)}, unit="m", decimals=2)
    await _plan(api, "TL-7", {"sku": "TL-CABLE", "quantity": "4.25"})

    finer = await _flaws(api, "TL-7", "ship", {"line": 1, "quantity": "1.255"})
    more = await _flaws(api, "TL-7", "ship", {"line": 1, "quantity": 4.5})
    shipped = await _move(api, "TL-7", "ship", {"line": 1, "quantity": 3.75})
    received = await _move(api, "TL-7", "receive", {"line": 1, "quantity": 1.5})
    changed = await api.put("/v1/transfers/TL-7", {
        "from": "DC-PA", "to": "ST-NYC", "expected_at": "2026-12-01T09:00:00-05:00",
        "lines": [{"sku": "TL-CABLE", "quantity": 3}],
    })  # fmt: skip

    assert finer == {"/lines/0/quantity": "must have at most 2 decimals: TL-CABLE is sold by the m"}
    assert more == {"/lines/0/quantity": "only 4.25 m of line 1 are still to be shipped"}
    assert (shipped["quantity"], shipped["planned"], shipped["in_transit"]) == (4.25, 0.5, 3.75)
    assert (received["in_transit"], received["received"]) == (2.25, 1.5)
    assert received["lots"][0]["received"] == 1.5
    assert changed.json()["errors"] == [{"pointer": "/lines/0/quantity", "detail": "3.75 m have left already"}]
    assert await _lots(api, "TL-CABLE", "DC-PA") == {"roll": (6.75, LATE)}


async def test_serials_are_recorded_when_units_leave_and_arrive(api: Api) -> None:
    await _set_up(api, "TL-PHONE", {"": (5, None)}, serialized=True)
    await _plan(api, "TL-8", {"sku": "TL-PHONE", "quantity": 4})
    await _plan(api, "TL-9", {"sku": "TL-PHONE", "quantity": 1})

    await _move(api, "TL-8", "ship", {"line": 1, "quantity": 3, "serials": ["SN-1", "SN-2"]})
    twice = await _flaws(api, "TL-9", "ship", {"line": 1, "quantity": 1, "serials": ["SN-1"]})
    too_many = await _flaws(api, "TL-8", "receive", {"line": 1, "quantity": 1, "serials": ["SN-1", "SN-2"]})
    strange = await _flaws(api, "TL-8", "receive", {"line": 1, "quantity": 2, "serials": ["SN-8", "SN-9"]})
    received = await _move(api, "TL-8", "receive", {"line": 1, "quantity": 2, "serials": ["SN-1", "SN-3"]})
    lost = await _move(api, "TL-8", "lose", {"line": 1, "quantity": 1}, reason="stolen")
    again = await _move(api, "TL-9", "ship", {"line": 1, "quantity": 1, "serials": ["SN-2"]})

    arrived = (await api.get("/v1/serials/TL-PHONE/SN-3")).json()
    sent_on = (await api.get("/v1/serials/TL-PHONE/SN-2")).json()
    key = await api.key_for("fulfillments:read", nodes=["DC-CA"])
    hidden = await api.get("/v1/serials/TL-PHONE/SN-2", headers={"authorization": f"Bearer {key}"})

    def states(line: dict[str, Any]) -> dict[str, str]:
        return {one["serial"]: one["state"] for one in line["serials"]}

    assert (arrived["order_id"], arrived["transfer"]["state"], arrived["transfer"]["to"]) == (
        None, "received", "ST-NYC",
    )  # fmt: skip
    assert (sent_on["transfer"]["transfer_id"], sent_on["transfer"]["state"]) == ("TL-9", "shipped")
    assert hidden.status_code == 404
    assert twice == {"/lines/0/serials/0": "SN-1 is on its way by transfer TL-8 already"}
    assert too_many == {"/lines/0/serials": "has 2 serials of 1 units"}
    assert strange == {"/lines/0/serials/1": "SN-9 did not leave with line 1"}
    assert states(received) == {"SN-1": "received", "SN-2": "shipped", "SN-3": "received"}
    assert states(lost) == {"SN-1": "received", "SN-2": "lost", "SN-3": "received"}
    assert states(again) == {"SN-2": "shipped"}
    assert states((await api.get("/v1/transfers/TL-8")).json()["lines"][0]) == states(lost)


async def test_numbers_that_are_not_named_go_with_the_rest_of_their_units(api: Api) -> None:
    await _set_up(api, "TL-TABLET", {"L-1": (5, LATE)}, serialized=True)
    await _plan(api, "TL-10", {"sku": "TL-TABLET", "quantity": 5})
    await _move(api, "TL-10", "ship", {"line": 1, "quantity": 3, "serials": ["SN-1", "SN-2", "SN-3"]})

    one = await _move(api, "TL-10", "receive", {"line": 1, "quantity": 1})
    rest = await _move(api, "TL-10", "receive", {"line": 1, "quantity": 2, "serials": ["SN-2"]})

    assert {(serial["lot"], serial["state"]) for serial in one["serials"]} == {("L-1", "shipped")}
    assert {serial["state"] for serial in rest["serials"]} == {"received"}


async def test_a_lot_on_its_way_is_not_listed_with_what_expires_on_the_shelf(api: Api) -> None:
    await _set_up(api, "TL-MILK", {"L-1": (5, SOON)})
    await _plan(api, "TL-11", {"sku": "TL-MILK", "quantity": 5})
    await _move(api, "TL-11", "ship", {"line": 1, "quantity": 2})

    listed = (await api.get("/v1/inventory/expiring?before=2027-01-01&limit=200")).json()["items"]

    of_it = [(one["node"], one["lot"], one["on_hand"]) for one in listed if one["sku"] == "TL-MILK"]
    assert of_it == [("DC-PA", "L-1", 3)]


@pytest.mark.parametrize(
    ("lines", "flaws"),
    [
        ([{"line": 1, "quantity": 1, "lot": "a/b"}], ["/lines/0/lot"]),
        ([{"line": 1, "quantity": 1, "lot": "soon"}] * 2, ["/lines/1/line"]),
        ([{"line": 1, "quantity": 2, "serials": ["S", "S"]}], ["/lines/0/serials/1"]),
        ([{"line": 1, "quantity": 0.5}], ["/lines/0/quantity"]),
        ([{"line": 1, "quantity": 4, "serials": ["S"]}], ["/lines/0/lot"]),
        ([{"line": 1, "quantity": 1, "lot": "none"}], ["/lines/0/quantity"]),
    ],
)
async def test_what_cannot_be_meant_names_its_field_and_moves_nothing(
    api: Api, lines: list[dict[str, Any]], flaws: list[str]
) -> None:
    sku = "TL-BAD"
    await set_up(api.system.pool, nodes=(), items=())
    if (await api.get(f"/v1/items/{sku}")).status_code == 404:
        await _set_up(api, sku, {"late": (2, LATE), "soon": (3, SOON)})
        await _plan(api, "TL-BAD", {"sku": sku, "quantity": 5})
    before = await api.system.pool.fetchval("SELECT count(*) FROM entries")

    assert list(await _flaws(api, "TL-BAD", "ship", *lines)) == flaws

    assert await api.system.pool.fetchval("SELECT count(*) FROM entries") == before
