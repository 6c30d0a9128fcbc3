"""The intake: no object that comes is lost, each finding names its field, and a person settles what waits."""

from typing import Any

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def taken_in(api: Api, body: object, **more: Any) -> dict[str, Any]:
    answer = await api.post("/v1/intake?entrance=edi", body, **more)
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()["document"]
    return document


def pointers(document: dict[str, Any]) -> list[str]:
    return [one["pointer"] for one in document["findings"]]


def body_of(name: str, sku: str, units: int = 1, **changes: Any) -> dict[str, Any]:
    """An order of a customer of its own, so that it is nobody's second one."""
    customer = {"id": f"C-{name}", "name": "Ada Park", "phone": "+1 212 555 0100"}
    return order(name, {sku: units}, **({"customer": customer} | changes))


async def test_what_can_be_captured_is_captured(api: Api) -> None:
    sku = await api.stocked("IN-1")
    answer = await api.post("/v1/intake", body_of("in-1", sku))
    assert answer.status_code == 201
    order_id = answer.json()["order_id"]
    assert (await api.get(f"/v1/orders/{order_id}")).json()["external_id"] == "in-1"
    assert [one for one in (await api.get("/v1/intake")).json()["items"] if one["external_id"] == "in-1"] == []


async def test_what_is_wrong_is_named_by_field_and_the_document_is_kept_as_it_was_sent(api: Api) -> None:
    sent = {
        "channel": "web",
        "external_id": "in-2",
        "lines": [{"line_id": "1", "sku": "IN-2", "quantity": 0}],
        "odd": 1,
    }
    document = await taken_in(api, sent)
    assert (document["state"], document["entrance"], document["body"]) == ("waiting", "edi", sent)
    assert set(pointers(document)) == {"/lines/0/quantity", "/odd", "/lines/0/sku"}
    assert (await api.get(f"/v1/intake/{document['intake_id']}")).json() == document


@pytest.mark.parametrize("body", [{}, {"channel": 7}, {"lines": "none"}, {"lines": [{"unit_price": {"amount": "x"}}]}])
async def test_whatever_object_comes_is_kept(api: Api, body: dict[str, Any]) -> None:
    document = await taken_in(api, body)
    assert document["body"] == body
    assert document["findings"] != []


@pytest.mark.parametrize(
    ("text", "status"),
    [('{"channel": "web"', 400), ("ISA*00*", 400), ("[1]", 422), ('{"channel": "web", "channel": "pos"}', 422)],
)
async def test_what_is_no_object_that_can_be_read_in_one_way_is_refused_and_not_kept(
    api: Api, text: str, status: int
) -> None:
    before = (await api.get("/v1/intake?limit=200")).json()["items"]
    headers = {"content-type": "application/json"}
    answer = await api.client.post("/v1/intake?entrance=edi", content=text, headers=headers)
    assert answer.status_code == status
    assert (await api.get("/v1/intake?limit=200")).json()["items"] == before


async def test_the_same_content_is_kept_once_and_counted(api: Api) -> None:
    sent = {"channel": "web", "external_id": "in-3", "lines": []}
    first = await taken_in(api, sent)
    second = await taken_in(api, dict(reversed(sent.items())))
    assert (second["intake_id"], second["times_received"]) == (first["intake_id"], 2)


async def test_an_order_that_cannot_be_promised_waits_with_what_could_be(api: Api) -> None:
    sku = await api.stocked("IN-4", {"DC-PA": 2})
    document = await taken_in(api, body_of("in-4", sku, 5))
    (finding,) = document["findings"]
    assert finding["pointer"] == "/lines/1"
    assert "3 of IN-4 cannot be promised, 2 could be" in finding["detail"]
    assert await api.available(sku) == {"DC-PA": 2}

    mended = await api.put(
        f"/v1/intake/{document['intake_id']}", {"version": document["version"], "body": body_of("in-4", sku, 2)}
    )
    assert mended.status_code == 200
    assert (mended.json()["state"], await api.available(sku)) == ("captured", {"DC-PA": 0})
    assert (await api.get(f"/v1/orders/{mended.json()['order_id']}")).json()["status"] == "promised"


async def test_what_waited_for_stock_is_captured_when_it_is_submitted_again(api: Api) -> None:
    sku = await api.stocked("IN-5", {"DC-PA": 0})
    document = await taken_in(api, body_of("in-5", sku))
    await api.stocked(sku, {"DC-PA": 3})
    path = f"/v1/intake/{document['intake_id']}/submit"
    stale = await api.post(path, {"version": document["version"] + 1})
    assert stale.status_code == 412
    done = await api.post(path, {"version": document["version"]})
    assert done.json()["state"] == "captured"
    assert (await api.post(path, {"version": done.json()["version"]})).status_code == 409


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"customer": {"id": "C-odd", "phone": "call me"}}, "/customer/phone"),
        ({"ship_to": {"line1": "1 Main St", "city": "Nowhere", "country": "US"}}, "/ship_to"),
    ],
)
async def test_what_is_only_odd_waits_and_can_be_captured_despite_it(
    api: Api, changes: dict[str, Any], pointer: str
) -> None:
    name = f"in-6{pointer.replace('/', '-')}"
    sku = await api.stocked(f"IN-6{len(pointer)}")
    document = await taken_in(api, body_of(name, sku, **changes))
    assert pointers(document) == [pointer]
    path, body = f"/v1/intake/{document['intake_id']}/submit", {"version": document["version"]}
    again = (await api.post(path, body)).json()
    assert (again["state"], pointers(again)) == ("waiting", [pointer])
    done = (await api.post(path, {"version": again["version"], "despite": True})).json()
    assert done["state"] == "captured"


async def test_the_same_goods_twice_in_a_day_are_found(api: Api) -> None:
    sku = await api.stocked("IN-7")
    assert (await api.post("/v1/intake", body_of("in-7", sku))).status_code == 201
    twin = body_of("in-7b", sku) | {"customer": {"id": "C-in-7", "name": "Ada Park"}}
    document = await taken_in(api, twin)
    assert document["findings"] == [
        {"pointer": "/external_id", "detail": "the customer ordered the very same goods once in the last day"}
    ]


async def test_a_document_that_is_dropped_needs_a_reason_and_stays_readable(api: Api) -> None:
    document = await taken_in(api, {"channel": "web", "external_id": "in-8"})
    path = f"/v1/intake/{document['intake_id']}/drop"
    assert (await api.post(path, {"version": 1, "reason": ""})).status_code == 422
    done = (await api.post(path, {"version": 1, "reason": "a test of theirs"})).json()
    assert (done["state"], done["reason"]) == ("dropped", "a test of theirs")
    dropped = (await api.get("/v1/intake?state=dropped")).json()["items"]
    assert document["intake_id"] in [one["intake_id"] for one in dropped]


async def test_what_waits_is_an_exception_until_it_is_settled(api: Api) -> None:
    document = await taken_in(api, body_of("in-9", "IN-NOTHING", 2))

    async def listed() -> list[dict[str, Any]]:
        items = (await api.get("/v1/exceptions?kind=intake&limit=200")).json()["items"]
        return [one for one in items if one["subject"] == document["intake_id"]]

    (one,) = await listed()
    assert (one["external_id"], one["at_risk"]) == ("in-9", {"amount": "39.80", "currency": "USD"})
    assert (await api.get(f"/v1/exceptions/{one['exception_id']}")).json()["fixes"] == []
    await api.post(f"/v1/intake/{document['intake_id']}/drop", {"version": 1, "reason": "no such item"})
    assert await listed() == []


async def test_who_is_bound_sees_nothing_of_what_waits(api: Api) -> None:
    document = await taken_in(api, {"channel": "web", "external_id": "in-10"})
    bound = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-1'])}"}
    path = f"/v1/intake/{document['intake_id']}"
    for answer in (
        await api.get(path, headers=bound),
        await api.post(f"{path}/drop", {"version": 1, "reason": "x"}, headers=bound),
        await api.get("/v1/intake", headers=bound),
    ):
        assert answer.status_code == 404
