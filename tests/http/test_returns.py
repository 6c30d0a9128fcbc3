"""Returns over HTTP: opened at any node, received, credited and closed; found without a receipt; refused by field."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.builders import node, set_up
from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def delivered(api: Api, external_id: str, lines: Mapping[str, int], **changes: Any) -> str:
    """An order that the customer has; its id."""
    body = await api.capture(external_id, lines, **changes)
    name = str(body["order_id"])
    await set_up(api.system.pool, nodes=(node("ST-NYC"),), items=())
    await api.system.door.follow()
    assert (await api.post(f"/v1/orders/{name}/release")).status_code == 200
    for work in body["fulfillments"]:
        path = f"/v1/fulfillments/{work['fulfillment_id']}"
        assert (await api.post(f"{path}/ship")).status_code == 200
        assert (await api.post(f"{path}/deliver")).status_code == 200
    return name


def asked(order_id: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    """The body of a return in the store of New York."""
    line = {"line_id": "1", "quantity": quantity, "reason": "too_small"}
    return {"order_id": order_id, "lines": [line], "method": "in_store", "node": "ST-NYC"} | changes


def came(quantity: int = 1, **changes: Any) -> dict[str, Any]:
    """The body of a receipt in the store of New York."""
    return {"node": "ST-NYC", "lines": [{"line_id": "1", "quantity": quantity} | changes]}


def told(answer: httpx.Response) -> list[str]:
    """The fields that a refusal names."""
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_a_web_order_comes_back_at_a_store_is_restocked_credited_and_closed(api: Api) -> None:
    sku = await api.stocked("R-1")
    name = await delivered(api, "r-1", {sku: 2})

    opened = await api.post("/v1/returns", asked("web:r-1"))
    path = opened.headers["location"]
    received = (await api.post(f"{path}/receive", came(grade="A", disposition="restock"))).json()
    refunded = (await api.post(f"{path}/refund", {})).json()
    closed = (await api.post(f"{path}/close", {"reason": "done"})).json()

    assert (opened.status_code, opened.json()["state"], opened.json()["order_id"]) == (201, "announced", name)
    assert (received["state"], received["due"]) == ("received", {"amount": "19.90", "currency": "USD"})
    assert [(one["state"], one["node"], one["credited"]) for one in received["received"]] == [
        ("restocked", "ST-NYC", 1)
    ]
    assert refunded["credited"] == received["credited"]
    assert (closed["state"], closed["possible"]) == ("closed", [])
    assert (await api.available(sku))["ST-NYC"] == 1
    entries = (await api.get(f"/v1/inventory/entries?sku={sku}&node=ST-NYC")).json()["items"]
    assert [(one["kind"], one["reason"], one["reference"]) for one in entries] == [
        ("receipt", "return", opened.json()["return_id"])
    ]


async def test_units_without_a_grade_are_in_no_answer_about_stock_until_they_are_disposed_of(api: Api) -> None:
    sku = await api.stocked("R-2")
    await delivered(api, "r-2", {sku: 1})
    path = (await api.post("/v1/returns", asked("web:r-2"))).headers["location"]
    await api.post(f"{path}/receive", came())

    positions = (await api.get(f"/v1/inventory?sku={sku}&node=ST-NYC")).json()["items"]
    offered = (await api.get(f"/v1/availability?sku={sku}&channel=web&node=ST-NYC")).json()["items"][0]
    disposed = await api.post(f"{path}/dispose", {"lines": [{"number": 1, "disposition": "restock", "grade": "A"}]})
    after = (await api.get(f"/v1/inventory?sku={sku}&node=ST-NYC")).json()["items"]

    assert [(one["on_hand"], one["available"], one["incoming"]) for one in positions] == [(0, 0, 0)]
    assert offered["available"] == 9
    assert disposed.json()["received"][0]["state"] == "restocked"
    assert [(one["on_hand"], one["available"]) for one in after] == [(1, 1)]


async def test_a_preview_says_where_to_and_how_much_and_writes_nothing(api: Api) -> None:
    sku = await api.stocked("R-3")
    name = await delivered(api, "r-3", {sku: 2})

    answer = await api.post("/v1/returns?preview=true", asked(name, 2, method="mail", node=None))
    in_store = await api.post("/v1/returns?preview=true", asked(name, 1, node=None))

    body = answer.json()
    assert (answer.status_code, body["would_credit"]["amount"], body["due"]["amount"]) == (200, "39.80", "0.00")
    assert body["node"] == body["nodes"][0]["node"]
    assert {one["node"] for one in body["nodes"]} >= {"DC-PA", "ST-NYC"}
    for one in body["nodes"]:
        parts = {part: round(100 * float(one[part]["amount"])) for part in one if isinstance(one[part], dict)}
        costs = parts["markdown"] + parts["freight"] + parts["handling"] + parts["processing"]
        assert parts["worth"] == parts["resale"] + parts["later"] - costs
    assert [one["node"] for one in in_store.json()["stores"]] == ["ST-NYC"]
    assert in_store.json()["node"] == "ST-NYC"
    assert (await api.get(f"/v1/returns?order_id={name}")).json()["items"] == []


async def test_a_return_by_mail_has_a_slip_with_the_address_of_its_node(api: Api) -> None:
    sku = await api.stocked("R-4", name="Boot <b>")
    await delivered(api, "r-4", {sku: 1})
    mailed = (await api.post("/v1/returns", asked("web:r-4", method="mail", node=None))).json()
    await delivered(api, "r-4b", {sku: 1})
    brought = (await api.post("/v1/returns", asked("web:r-4b"))).json()

    slip = await api.get(mailed["label"])
    none = await api.get(f"/v1/returns/{brought['return_id']}/label")

    assert (slip.status_code, slip.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert mailed["return_id"] in slip.text
    assert "Ada Park" in slip.text
    assert (none.status_code, brought["label"]) == (409, None)


async def test_the_same_request_under_one_key_opens_one_return_and_another_one_finds_nothing_left(api: Api) -> None:
    sku = await api.stocked("R-5")
    name = await delivered(api, "r-5", {sku: 1})
    key = {"Idempotency-Key": "return-r-5"}

    first = await api.post("/v1/returns", asked(name), headers=key)
    again = await api.post("/v1/returns", asked(name), headers=key)
    other = await api.post("/v1/returns", asked(name))

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert (other.status_code, told(other)) == (422, ["/lines/0/quantity"])
    assert len((await api.get(f"/v1/returns?order_id={name}")).json()["items"]) == 1


async def test_each_verb_is_refused_in_the_wrong_state_with_a_stale_version_and_for_what_is_not_there(api: Api) -> None:
    sku = await api.stocked("R-6")
    name = await delivered(api, "r-6", {sku: 1})
    opened = (await api.post("/v1/returns", asked(name))).json()
    path = f"/v1/returns/{opened['return_id']}"
    stale = {"If-Match": f'"{opened["version"] - 1}"'}
    bodies: dict[str, dict[str, Any]] = {"send": {}, "receive": came(), "refund": {}, "close": {}, "cancel": {}}

    conflicts = {
        verb: (await api.post(f"{path}/{verb}", body, headers=stale)).status_code for verb, body in bodies.items()
    }
    missing = {
        verb: (await api.post(f"/v1/returns/{name}-R9/{verb}", body)).status_code for verb, body in bodies.items()
    }
    await api.post(f"{path}/cancel")
    refused = {
        verb: (await api.post(f"{path}/{verb}", bodies[verb])).status_code
        for verb in ("send", "refund", "close", "cancel")
    }

    assert set(conflicts.values()) == {412}
    assert set(missing.values()) == {404}
    assert set(refused.values()) == {409}
    assert (await api.get(path)).json()["version"] == opened["version"] + 1


async def test_nobody_sees_or_returns_somebody_elses_order_and_a_store_takes_any(api: Api) -> None:
    sku = await api.stocked("R-7")
    name = await delivered(api, "r-7", {sku: 2})
    partner = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-9'])}"}
    store = {"authorization": f"Bearer {await api.key_for('orders:write', 'fulfillments:write', nodes=['ST-NYC'])}"}

    theirs = await api.post("/v1/returns", asked(name), headers=partner)
    elsewhere = await api.post("/v1/returns", asked(name, node="DC-PA"), headers=store)
    let_pass = await api.post("/v1/returns", asked(name, exception="nice customer"), headers=store)
    opened = await api.post("/v1/returns", asked(name), headers=store)
    path = opened.headers["location"]
    hidden = await api.get(path, headers=partner)
    own = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-1'])}"}
    forbidden: dict[str, dict[str, Any]] = {"refund": {}, "receive": came()}
    themselves = [await api.post(f"{path}/{verb}", body, headers=own) for verb, body in forbidden.items()]
    wrong_node = await api.post(f"{path}/receive", came() | {"node": "DC-PA"}, headers=store)

    assert (theirs.status_code, hidden.status_code) == (404, 404)
    assert (told(elsewhere), told(let_pass), told(wrong_node)) == (["/node"], ["/exception"], ["/node"])
    assert opened.status_code == 201
    assert [answer.status_code for answer in themselves] == [403, 403]
    assert (await api.post(f"{path}/refund", {}, headers=store)).status_code == 403
    newest = (await api.get("/v1/returns", headers=store)).json()["items"][0]
    assert newest["return_id"] == opened.json()["return_id"]
    assert (await api.get("/v1/returns?customer=C-9", headers=partner)).json()["items"] == []


async def test_an_order_is_found_without_its_number_by_what_the_customer_knows(api: Api) -> None:
    sku = await api.stocked("R-8")
    customer = {"id": "C-8", "name": "Bo Lund", "email": "Bo@Example.com", "phone": "+1 (212) 555-0108"}
    name = await delivered(api, "r-8", {sku: 3}, customer=customer)
    await api.post("/v1/returns", asked(name))

    found = {
        query: [(one["order_id"], one["units"][0]["quantity"]) for one in answer.json()["items"]]
        for query in (
            "email=bo@example.com",
            "phone=12125550108",
            "name=bo lund&postcode=10001",
            f"sku={sku}",
        )
        if (answer := await api.get(f"/v1/returnable-orders?{query}")).status_code == 200
    }
    nothing = await api.get("/v1/returnable-orders?name=bo lund")
    nobody = await api.get("/v1/returnable-orders?email=nobody@example.com")
    later = await api.get(f"/v1/returnable-orders?sku={sku}&since=2026-12-30T00:00:00Z")

    assert set(map(tuple, found.values())) == {((name, 2),)}
    assert len(found) == 4
    assert (nothing.status_code, nobody.json(), later.json()) == (422, {"items": []}, {"items": []})


async def test_the_answer_of_an_order_lists_its_returns(api: Api) -> None:
    sku, other = await api.stocked("R-9L"), await api.stocked("R-9M", price_minor=2490)
    name = await delivered(api, "r-9l", {sku: 2})
    before = (await api.get(f"/v1/orders/{name}")).json()["returns"]
    first = (await api.post("/v1/returns", asked(name))).json()
    await api.post(f"/v1/returns/{first['return_id']}/receive", came(grade="A"))
    exchange = {"lines": [{"line_id": "1", "sku": other, "quantity": 1}]}
    second = (await api.post("/v1/returns", asked(name, exchange=exchange))).json()

    returns = (await api.get(f"/v1/orders/{name}")).json()["returns"]

    assert before == []
    assert [(one["return_id"], one["state"], one["credited"]["amount"], one["replaced_by"]) for one in returns] == [
        (first["return_id"], "received", "19.90", None),
        (second["return_id"], "announced", "0.00", second["exchange"]["order_id"]),
    ]
    assert returns[0]["lines"] == [{"line_id": "1", "sku": sku, "quantity": 1}]


async def test_an_exchange_reserves_the_replacement_with_the_return_and_holds_it_until_the_goods_came(api: Api) -> None:
    sku, other = await api.stocked("R-9"), await api.stocked("R-9B", price_minor=2490)
    name = await delivered(api, "r-9", {sku: 1})
    exchange = {"lines": [{"line_id": "1", "sku": other, "quantity": 1}]}

    opened = (await api.post("/v1/returns", asked(name, exchange=exchange))).json()
    replacement = (await api.get(f"/v1/orders/{opened['exchange']['order_id']}")).json()
    await api.post(f"/v1/returns/{opened['return_id']}/receive", came(grade="A"))
    received = (await api.get(f"/v1/returns/{opened['return_id']}")).json()
    after = (await api.get(f"/v1/orders/{opened['exchange']['order_id']}")).json()

    assert opened["exchange"]["total"]["amount"] == "24.90"
    assert opened["exchange"]["applied"]["amount"] == "19.90"
    assert (replacement["status"], replacement["holds"][0]["type"], replacement["external_id"]) == (
        "on_hold",
        "exchange",
        "r-9-X1",
    )
    assert replacement["attributes"]["exchange_of"] == name
    assert (received["credited"]["amount"], received["due"]["amount"]) == ("19.90", "0.00")
    assert after["status"] == "promised"
    assert await api.available(other) == {"DC-PA": 9}


async def test_without_stock_for_the_replacement_neither_it_nor_the_return_is_there(api: Api) -> None:
    sku, other = await api.stocked("R-10"), await api.stocked("R-10B", {"DC-PA": 0})
    name = await delivered(api, "r-10", {sku: 1})

    refused = await api.post(
        "/v1/returns", asked(name, exchange={"lines": [{"line_id": "1", "sku": other, "quantity": 1}]})
    )
    unknown = await api.post(
        "/v1/returns", asked(name, exchange={"lines": [{"line_id": "1", "sku": "R-0", "quantity": 1}]})
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient-inventory")
    assert told(unknown) == ["/exchange/lines/0/sku"]
    assert (await api.get(f"/v1/returns?order_id={name}")).json()["items"] == []
    assert (await api.get(f"/v1/orders/{name}")).json()["version"] == 4


async def test_rules_of_returns_are_a_document_that_decides_from_its_activation_on(api: Api) -> None:
    sku = await api.stocked("R-11", category="swimwear")
    name = await delivered(api, "r-11", {sku: 1})
    rules = {"windows": [{"name": "swimwear", "when": "item.category == 'swimwear'", "returnable": False}]}

    flawed = await api.put("/v1/return-rules/season", {"windows": [{"name": "x", "when": "rma.colour == 'red'"}]})
    saved = await api.put("/v1/return-rules/season", rules)
    active = await api.post("/v1/return-rules/season/activate", {"version": 1, "reason": "season"})
    refused = await api.post("/v1/returns", asked(name))
    await api.post("/v1/return-rules/season/retire", {"reason": "over"})
    opened = await api.post("/v1/returns", asked(name))

    assert told(flawed) == ["/windows/0/when"]
    assert (saved.status_code, active.status_code) == (201, 200)
    assert refused.json()["errors"] == [{"pointer": "/lines/0", "detail": f"{sku} cannot be returned (swimwear)"}]
    assert (opened.status_code, opened.json()["rules"]) == (201, "built-in")
