"""Orders over HTTP: captured once, refused whole, found again, and never half written."""

from typing import Any

import pytest

from tests.http.conftest import Api, order
from troth.model.change import Action
from troth.model.ids import derive_order_id

pytestmark = pytest.mark.asyncio(loop_scope="module")


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    """A body without some fields."""
    return {name: value for name, value in body.items() if name not in names}


async def count(api: Api, table: str) -> int:
    """The rows of a table."""
    async with api.system.pool.acquire() as connection:
        rows: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return rows


async def test_a_new_order_is_promised_and_its_stock_reserved(api: Api) -> None:
    sku = await api.stocked("CAPTURE", {"DC-PA": 10})

    answer = await api.post("/v1/orders", order("capture-1", {sku: 2}))

    body = answer.json()
    order_id = derive_order_id(channel="web", external_id="capture-1")
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/orders/{order_id}"
    assert (body["order_id"], body["status"], body["version"]) == (order_id, "promised", 1)
    assert body["total"] == {"amount": "39.80", "currency": "USD"}
    assert body["ordered_at"] == "2026-11-23T14:58:00Z"
    (line,) = body["lines"]
    window = {"from": "2026-11-24T13:00:00Z", "to": "2026-11-25T01:00:00Z"}
    assert (line["status"], line["promised_quantity"], line["promised_at"]) == ("promised", 2, window)
    assert [(part["node"], part["quantity"], part["source"]) for part in line["allocations"]] == [
        ("DC-PA", 2, "on_hand")
    ]
    assert body["promise"]["message"] == "Ships today from DC-PA; arrives tomorrow."
    assert body["possible"] == {
        "actions": ["cancel", "change", "hold", "release"],
        "cancelable": [{"line_id": "1", "quantity": 2}],
        "changes": [action.value for action in Action if action is not Action.SET_SCHEDULE],
        "customer": {
            "cancelable": [{"line_id": "1", "quantity": 2}],
            "changes": ["add_line", "remove_line", "set_quantity", "set_dates", "set_address", "set_method"],
        },
        "by_recall": {},
    }
    assert await api.available(sku) == {"DC-PA": 8}


async def test_the_cost_to_serve_is_the_sum_of_its_parts(api: Api) -> None:
    sku = await api.stocked("COST")

    body = await api.capture("cost-1", {sku: 2})

    cost = body["promise"]["cost_to_serve"]
    assert (cost["amount"], cost["currency"]) == ("6.99", "USD")
    assert {name: amount for name, amount in cost["parts"].items() if amount != "0.00"} == {"shipping": "6.99"}


async def test_the_same_content_again_is_the_same_order(api: Api) -> None:
    sku = await api.stocked("AGAIN")
    first = await api.capture("again-1", {sku: 1})

    again = await api.post("/v1/orders", order("again-1", {sku: 1}))

    assert again.status_code == 200
    assert (again.json()["order_id"], again.json()["version"]) == (first["order_id"], 1)
    assert await api.available(sku) == {"DC-PA": 9}


async def test_the_order_of_attributes_is_no_other_content(api: Api) -> None:
    sku = await api.stocked("ATTRIBUTES")
    await api.capture("attributes-1", {sku: 1}, attributes={"a": "1", "b": "2"})

    again = await api.post("/v1/orders", order("attributes-1", {sku: 1}, attributes={"b": "2", "a": "1"}))

    assert again.status_code == 200


async def test_other_content_under_a_known_id_is_refused(api: Api) -> None:
    sku = await api.stocked("OTHER")
    first = await api.capture("other-1", {sku: 1})

    again = await api.post("/v1/orders", order("other-1", {sku: 2}))

    assert again.status_code == 409
    assert (again.json()["code"], again.json()["order_id"]) == ("order-differs", first["order_id"])
    assert await api.available(sku) == {"DC-PA": 9}


async def test_a_short_line_is_named_with_what_could_be_promised_and_nothing_is_written(api: Api) -> None:
    there, short = await api.stocked("THERE", {"DC-PA": 10}), await api.stocked("SHORT", {"DC-PA": 3})
    before = [await count(api, table) for table in ("orders", "events", "entries", "allocations")]

    answer = await api.post("/v1/orders", order("short-1", {there: 1, short: 5}))

    body = answer.json()
    assert (answer.status_code, body["code"], body["transient"]) == (409, "insufficient-inventory", False)
    assert [(line["line_id"], line["sku"], line["quantity"], line["available_quantity"]) for line in body["lines"]] == [
        ("2", short, 2, 3)
    ]
    assert body["lines"][0]["available_at"] == "2026-11-25T01:00:00Z"
    assert "line 2: 2 of SHORT cannot be promised (no stock); 3 could be promised" in body["detail"]
    assert [await count(api, table) for table in ("orders", "events", "entries", "allocations")] == before
    assert (await api.available(there), await api.available(short)) == ({"DC-PA": 10}, {"DC-PA": 3})


async def test_a_line_without_a_price_has_the_price_of_its_item(api: Api) -> None:
    sku = await api.stocked("PRICED", price_minor=450)
    body = order("priced-1", {sku: 3})
    del body["lines"][0]["unit_price"]

    answer = await api.post("/v1/orders", body)

    assert answer.json()["total"] == {"amount": "13.50", "currency": "USD"}


async def test_an_order_without_a_time_is_ordered_now(api: Api) -> None:
    sku = await api.stocked("NOW")

    answer = await api.post("/v1/orders", without(order("now-1", {sku: 1}), "ordered_at"))

    assert answer.json()["ordered_at"].startswith("2026-11-23T15:00:00")


FLAWS: list[tuple[dict[str, Any], str, str]] = [
    ({"color": "red"}, "/color", "there is no field color"),
    ({"channel": 1}, "/channel", "must be a text"),
    ({"channel": "web:shop"}, "/channel", "must be letters, digits, dots, dashes and underscores"),
    ({"external_id": ""}, "/external_id", "must not be empty"),
    ({"lines": []}, "/lines", "must have at least one entry"),
    ({"method": "teleport"}, "/method", "must be ship, pickup, curbside or delivery"),
    ({"ship_to": None}, "/ship_to", "is required for method ship"),
    ({"method": "pickup"}, "/pickup_node", "is required for method pickup"),
    ({"pickup_node": "DC-PA"}, "/pickup_node", "has no meaning for method ship"),
    ({"ship_to": {"country": "XX"}}, "/ship_to/country", "XX is no ISO 3166 alpha-2 code of a country"),
    ({"ship_to": {"country": "us"}}, "/ship_to/country", "must be a country in two capitals"),
    ({"ordered_at": "2026-11-23"}, "/ordered_at", "must be a time with its offset from UTC"),
    ({"ordered_at": "2026-11-23T09:00:00"}, "/ordered_at", "needs an offset from UTC"),
    ({"ordered_at": "1066-10-14T09:00:00Z"}, "/ordered_at", "must be a time from 2000 to 2099"),
    ({"customer": {"email": "ada"}}, "/customer/email", "must be an email address"),
    ({"customer": {"name": "a\x00b"}}, "/customer/name", "must not contain control characters"),
    ({"payments": [{"provider": "p"}]}, "/payments/0/reference", "is required"),
    ({"attributes": {"a": 1}}, "/attributes/a", "must be a text"),
]


@pytest.mark.parametrize(
    ("change", "pointer", "detail"), FLAWS, ids=[f"{pointer}-{n}" for n, (_, pointer, _) in enumerate(FLAWS)]
)
async def test_a_field_that_cannot_be_used_is_named(
    api: Api, change: dict[str, Any], pointer: str, detail: str
) -> None:
    sku = await api.stocked("FIELD")

    answer = await api.post("/v1/orders", order("flawed", {sku: 1}) | change)

    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert any(error["detail"].startswith(detail) for error in answer.json()["errors"]), answer.json()["errors"]


LINE_FLAWS: list[tuple[dict[str, Any], str, str]] = [
    ({"quantity": 0}, "/lines/0/quantity", "must be more than 0"),
    ({"quantity": 1.5}, "/lines/0/quantity", "must be a whole number"),
    ({"quantity": "1"}, "/lines/0/quantity", "must be a whole number"),
    ({"quantity": 1_000_001}, "/lines/0/quantity", "must be at most 1000000"),
    ({"sku": "NO SUCH"}, "/lines/0/sku", "there is no item NO SUCH"),
    ({"unit_price": {"amount": "1.999", "currency": "USD"}}, "/lines/0/unit_price/amount", "USD has 2 decimals"),
    ({"unit_price": {"amount": "ten", "currency": "USD"}}, "/lines/0/unit_price/amount", "must be an amount in digits"),
    ({"unit_price": {"amount": "-1", "currency": "USD"}}, "/lines/0/unit_price/amount", "must not be negative"),
    ({"unit_price": {"amount": 1, "currency": "USD"}}, "/lines/0/unit_price/amount", "must be a text"),
    (
        {"need_by": "2026-11-24T00:00:00Z", "not_before": "2026-11-25T00:00:00Z"},
        "/lines/0/need_by",
        "must not be earlier than not_before",
    ),
]


@pytest.mark.parametrize(
    ("change", "pointer", "detail"), LINE_FLAWS, ids=[f"{pointer}-{n}" for n, (_, pointer, _) in enumerate(LINE_FLAWS)]
)
async def test_a_flaw_of_a_line_is_named_by_its_place(
    api: Api, change: dict[str, Any], pointer: str, detail: str
) -> None:
    sku = await api.stocked("LINE")
    body = order("flawed", {sku: 1})
    body["lines"][0] |= change

    answer = await api.post("/v1/orders", body)

    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].startswith(detail)


async def test_lines_share_no_id_and_no_other_currency(api: Api) -> None:
    sku = await api.stocked("TWICE")
    body = order("flawed", {sku: 1})
    body["lines"].append(body["lines"][0])
    other = order("flawed", {sku: 1})
    other["lines"].append(other["lines"][0] | {"line_id": "2", "unit_price": {"amount": "1.00", "currency": "EUR"}})

    twice, euros = await api.post("/v1/orders", body), await api.post("/v1/orders", other)

    assert twice.json()["errors"] == [{"pointer": "/lines/1/line_id", "detail": "1 is the id of another line already"}]
    assert euros.json()["errors"] == [{"pointer": "/lines/1/unit_price/currency", "detail": "the order is in USD"}]


async def test_every_flaw_is_named_at_once(api: Api) -> None:
    answer = await api.post("/v1/orders", {"channel": "web", "lines": [{"line_id": "1", "sku": "A", "quantity": 0}]})

    assert sorted(error["pointer"] for error in answer.json()["errors"]) == ["/external_id", "/lines/0/quantity"]


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed-json"),
        (b"", "application/json", 400, "malformed-json"),
        (b"[]", "application/json", 422, "invalid-request"),
        (b"{}", "text/plain", 415, "unsupported-media-type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b" " * 10_000_001, "application/json", 413, "body-too-large"),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_problem(
    api: Api, content: bytes, media_type: str, status: int, code: str
) -> None:
    answer = await api.client.post("/v1/orders", content=content, headers={"content-type": media_type})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_order_is_read_by_its_id_and_by_its_channels_id(api: Api) -> None:
    sku = await api.stocked("READ")
    captured = await api.capture("read-1", {sku: 1})

    by_id = await api.get(f"/v1/orders/{captured['order_id']}")
    by_channel = await api.get("/v1/orders/web:read-1")

    assert by_id.status_code == by_channel.status_code == 200
    assert by_id.json() == by_channel.json() == captured
    assert by_id.headers["etag"] == '"1"'


@pytest.mark.parametrize("name", ["O-NOTHING", "web:nothing", "%00"])
async def test_an_order_that_is_not_there_is_not_found(api: Api, name: str) -> None:
    answer = await api.get(f"/v1/orders/{name}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_orders_are_found_by_every_filter(api: Api) -> None:
    sku = await api.stocked("FIND")
    found = await api.capture(
        "find-1", {sku: 1}, customer={"id": "C-FIND", "email": "find@example.com"}, channel="kiosk"
    )

    for query in (
        "channel=kiosk",
        "status=promised&status=released&customer=C-FIND",
        "customer=find@example.com",
        f"sku={sku}",
        f"node=DC-PA&sku={sku}",
        "q=find-1",
        f"q={found['order_id']}",
        f"channel=&status=&customer=&sku=&node=&q={sku}",
    ):
        answer = await api.get(f"/v1/orders?{query}")
        assert [one["order_id"] for one in answer.json()["items"]] == [found["order_id"]], query
    nothing = await api.get("/v1/orders?status=delivered&customer=C-FIND")
    assert nothing.json() == {"items": [], "next": None}


async def test_pages_of_orders_are_whole_and_end(api: Api) -> None:
    sku = await api.stocked("PAGE")
    names = [(await api.capture(f"page-{number}", {sku: 1}))["order_id"] for number in range(3)]

    first = await api.get(f"/v1/orders?sku={sku}&limit=2")
    link = first.headers["link"]
    assert link.endswith('; rel="next"')
    second = await api.get(link[1 : link.index(">")])

    assert [one["order_id"] for one in first.json()["items"]] == [names[2], names[1]]
    assert [one["order_id"] for one in second.json()["items"]] == [names[0]]
    assert second.json()["next"] is None
    assert "link" not in second.headers


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("limit=0", "?limit"), ("limit=201", "?limit"), ("cursor=x", "?cursor"), ("cursor=WyJhIl0", "?cursor"),
     ("cursor=WyIyMDI2LTExLTIzVDE1OjAwOjAwWiIsIlx1MDAwMCJd", "?cursor"), ("limit=1&limit=2", "?limit"),
     ("status=gone", "?status/0"), ("q=%00", "?q")],
)  # fmt: skip
async def test_a_query_that_cannot_be_used_names_its_parameter(api: Api, query: str, pointer: str) -> None:
    answer = await api.get(f"/v1/orders?{query}")

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_the_history_and_the_reasons_of_an_order_can_be_read(api: Api) -> None:
    sku = await api.stocked("HISTORY", {"DC-PA": 5, "DC-IL": 0})
    captured = await api.capture("history-1", {sku: 1})
    await api.post(f"/v1/orders/{captured['order_id']}/release")

    first = (await api.get("/v1/orders/web:history-1/events?limit=1")).json()
    second = (await api.get(f"/v1/orders/web:history-1/events?limit=1&cursor={first['next']}")).json()
    explained = (await api.get("/v1/orders/web:history-1/explanation")).json()

    assert [event["kind"] for event in first["items"]] == ["OrderCaptured"]
    assert first["items"][0]["body"]["order"]["order_id"] == captured["order_id"]
    assert [event["kind"] for event in second["items"]] == ["OrderReleased"]
    assert second["next"] is None
    (decision,) = explained["decisions"]
    assert (explained["order_id"], decision["version"]) == (captured["order_id"], 1)
    assert decision["trace"]["method"] in decision["summary"]


async def test_a_partner_sees_only_orders_of_its_own_customers(api: Api) -> None:
    sku = await api.stocked("PARTNER")
    own = await api.capture("partner-1", {sku: 1}, customer={"id": "C-OWN"})
    other = await api.capture("partner-2", {sku: 1}, customer={"id": "C-OTHER"})
    headers = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-OWN'])}"}

    found = await api.get("/v1/orders", headers=headers)
    read = await api.get(f"/v1/orders/{other['order_id']}", headers=headers)
    canceled = await api.post(f"/v1/orders/{other['order_id']}/cancel", {"reason": "mine"}, headers=headers)
    sent = await api.post("/v1/orders", order("partner-3", {sku: 1}), headers=headers)

    assert [one["order_id"] for one in found.json()["items"]] == [own["order_id"]]
    assert (read.status_code, canceled.status_code) == (404, 404)
    assert sent.json()["errors"] == [{"pointer": "/customer/id", "detail": "must be one of C-OWN"}]
    assert (await api.get(f"/v1/orders/{other['order_id']}")).json()["status"] == "promised"
