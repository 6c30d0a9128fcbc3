"""Changing an order through the API: previewed, applied, refused by field, and never half done."""

from typing import Any

import pytest

from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRICED = {"action": "set_price", "line_id": "1"}
MORE = {"action": "set_quantity", "line_id": "1", "quantity": 5}


async def test_what_a_preview_shows_is_what_applying_does(api: Api) -> None:
    sku = await api.stocked("PREVIEW")
    before = await api.capture("preview-1", {sku: 2})
    url = f"/v1/orders/{before['order_id']}/changes"

    shown = await api.post(f"{url}?preview=true", {"actions": [MORE], "reason": "phone"})
    assert await api.available(sku) == {"DC-PA": 8}, "nothing was written"
    assert (await api.get(f"/v1/orders/{before['order_id']}")).json()["version"] == 1
    applied = await api.post(url, {"actions": [MORE], "reason": "phone"})

    assert (shown.status_code, applied.status_code) == (200, 200)
    assert await api.available(sku) == {"DC-PA": 5}
    assert _told(shown.json()) == _told(applied.json())
    assert applied.json()["changed"]["fields"] == [{"line_id": "1", "field": "quantity", "before": "2", "after": "5"}]
    assert applied.json()["changed"]["total_after"]["amount"] == "99.50"
    assert applied.headers["etag"] == f'"{applied.json()["version"]}"'
    assert (await api.get(f"/v1/orders/{before['order_id']}")).json()["lines"][0]["quantity"] == 5


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """All but the instants, and that it is a preview."""
    changed = body["changed"] | {"is_preview": None}
    return {
        "lines": [line | {"parked": None} for line in body["lines"]],
        "fulfillments": body["fulfillments"],
        "version": body["version"],
        "changed": changed,
    }


async def test_everything_at_once_is_one_change(api: Api) -> None:
    sku, other, third = [await api.stocked(f"MANY-{number}") for number in range(3)]
    before = await api.capture("many-1", {sku: 2, other: 1})

    answer = await api.post(
        f"/v1/orders/{before['order_id']}/changes",
        {
            "version": 1,
            "actions": [
                {"action": "set_quantity", "line_id": "1", "quantity": 1},
                {"action": "set_price", "line_id": "1", "unit_price": {"amount": "9.00", "currency": "USD"}},
                {"action": "remove_line", "line_id": "2"},
                {"action": "add_line", "line": {"line_id": "3", "sku": third, "quantity": 4}},
                {"action": "set_dates", "line_id": "3", "not_before": "2027-03-01T00:00:00Z"},
                {
                    "action": "set_address",
                    "ship_to": {
                        "line1": "2 Lake St",
                        "city": "Chicago",
                        "region": "IL",
                        "postcode": "60601",
                        "country": "US",
                    },
                },
            ],
        },
    )

    body = answer.json()
    assert answer.status_code == 200, body
    assert [(line["line_id"], line["quantity"], line["canceled_quantity"]) for line in body["lines"]] == [
        ("1", 1, 0),
        ("2", 1, 1),
        ("3", 4, 0),
    ]
    assert body["lines"][2]["promised_at"]["to"] >= "2027-03-01"
    assert body["ship_to"]["city"] == "Chicago"
    assert body["ship_to"]["latitude"] is not None, "where it is was looked up"
    assert [await api.available(one) for one in (sku, other, third)] == [{"DC-PA": 9}, {"DC-PA": 10}, {"DC-PA": 6}]


async def test_what_cannot_be_promised_is_refused_by_line_and_changes_nothing(api: Api) -> None:
    sku = await api.stocked("SHORT")
    before = await api.capture("short-1", {sku: 4})

    answer = await api.post(
        f"/v1/orders/{before['order_id']}/changes", {"actions": [MORE | {"quantity": 14}], "reason": "more"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient-inventory")
    assert [(line["line_id"], line["available_quantity"]) for line in answer.json()["lines"]] == [("1", 10)]
    assert await api.available(sku) == {"DC-PA": 6}


@pytest.mark.parametrize(
    ("action", "pointer"),
    [
        ({"action": "set_quantity", "line_id": "9", "quantity": 1}, "/actions/0/line_id"),
        ({"action": "set_quantity", "line_id": "1", "quantity": 0}, "/actions/0/quantity"),
        ({"action": "set_quantity", "line_id": "1"}, "/actions/0/quantity"),
        ({"action": "sell"}, "/actions/0"),
        ({"action": "remove_line", "line_id": "1", "why": "x"}, "/actions/0/why"),
        ({"action": "add_line", "line": {"line_id": "1", "sku": "A", "quantity": 1}}, "/actions/0/line/line_id"),
        ({"action": "add_line", "line": {"line_id": "2", "sku": "NO-SUCH", "quantity": 1}}, "/actions/0/line/sku"),
        (PRICED | {"unit_price": {"amount": "1", "currency": "EUR"}}, "/actions/0/unit_price/currency"),
        (PRICED | {"unit_price": {"amount": "-1", "currency": "USD"}}, "/actions/0/unit_price/amount"),
        ({"action": "set_dates", "line_id": "1", "need_by": "2001-01-01T00:00:00Z"}, "/actions/0/need_by"),
        ({"action": "set_address", "ship_to": {"country": "XX"}}, "/actions/0/ship_to/country"),
        ({"action": "set_method", "method": "pickup"}, "/actions/0/pickup_node"),
        ({"action": "set_method", "method": "pickup", "pickup_node": "NOWHERE"}, "/actions/0/pickup_node"),
        ({"action": "set_method", "method": "ship", "service": "teleport"}, "/actions/0/service"),
        ({"action": "set_node", "line_id": "1", "node": "NOWHERE"}, "/actions/0/node"),
        ({"action": "substitute", "line_id": "1", "sku": "NO-SUCH"}, "/actions/0/sku"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(api: Api, action: dict[str, Any], pointer: str) -> None:
    sku = await api.stocked("WRONG")
    before = (await api.post("/v1/orders", order("wrong-1", {sku: 1}))).json()  # the same one each time

    answer = await api.post(f"/v1/orders/{before['order_id']}/changes", {"actions": [action]})

    assert answer.status_code == 422
    assert pointer in [flaw["pointer"] for flaw in answer.json()["errors"]]
    assert (await api.get(f"/v1/orders/{before['order_id']}")).json()["version"] == 1


async def test_a_change_of_what_the_client_no_longer_sees_is_refused(api: Api) -> None:
    sku = await api.stocked("STALE")
    before = await api.capture("stale-1", {sku: 1})
    url = f"/v1/orders/{before['order_id']}/changes"
    assert (await api.post(url, {"version": 1, "actions": [MORE]})).status_code == 200

    stale = await api.post(url, {"version": 1, "actions": [MORE | {"quantity": 6}]})
    by_header = await api.post(url, {"actions": [MORE | {"quantity": 6}]}, headers={"If-Match": '"1"'})
    preview = await api.post(f"{url}?preview=true", {"version": 1, "actions": [MORE | {"quantity": 6}]})

    assert {answer.status_code for answer in (stale, by_header, preview)} == {412}
    assert await api.available(sku) == {"DC-PA": 5}


async def test_a_change_that_is_sent_twice_happens_once(api: Api) -> None:
    sku, other = await api.stocked("AGAIN"), await api.stocked("AGAIN-2")
    before = await api.capture("again-1", {sku: 1})
    body = {"actions": [{"action": "add_line", "line": {"line_id": "2", "sku": other, "quantity": 1}}]}

    answers = [
        await api.post(f"/v1/orders/{before['order_id']}/changes", body, headers={"Idempotency-Key": "change-again"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert await api.available(other) == {"DC-PA": 9}


async def test_an_action_that_is_none_is_told_which_there_are(api: Api) -> None:
    sku = await api.stocked("NONE-SUCH")
    before = await api.capture("none-such-1", {sku: 1})
    answer = await api.post(f"/v1/orders/{before['order_id']}/changes", {"actions": [{"action": "sell"}]})
    (flaw,) = answer.json()["errors"]
    assert flaw["pointer"] == "/actions/0"
    assert flaw["detail"].startswith("must be one of 'add_line', 'remove_line'")


async def test_nobody_changes_an_order_that_is_not_there(api: Api) -> None:
    answer = await api.post("/v1/orders/O-00000000000000000000/changes", {"actions": [MORE]})
    assert answer.status_code == 404


async def test_the_log_and_the_explanation_tell_the_change(api: Api) -> None:
    sku = await api.stocked("TOLD")
    before = await api.capture("told-1", {sku: 1})
    name = before["order_id"]
    await api.post(f"/v1/orders/{name}/changes", {"actions": [MORE], "reason": "asked by phone"})

    events = (await api.get(f"/v1/orders/{name}/events")).json()["items"]
    assert [event["kind"] for event in events][:3] == ["OrderCaptured", "OrderChanged", "OrderResourced"]
    decisions = (await api.get(f"/v1/orders/{name}/explanation")).json()["decisions"]
    assert [decision["is_reproduced"] for decision in decisions] == [True, True]


async def test_a_line_may_be_ordered_from_one_node_only(api: Api) -> None:
    sku = await api.stocked("ONLY", {"DC-PA": 5, "DC-IL": 0})
    body = order("only-1", {sku: 1})
    body["lines"][0]["only_from"] = "DC-IL"
    answer = await api.post("/v1/orders", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient-inventory")
    assert "DC-IL only" in answer.json()["lines"][0]["detail"]


async def test_a_node_that_failed_and_is_named_again_is_explained_as_it_was_decided(api: Api) -> None:
    sku = await api.stocked("AGAIN-THERE")
    before = await api.capture("again-there-1", {sku: 1})
    path = f"/v1/orders/{before['order_id']}"
    await api.post(f"{path}/release")
    await api.post(f"/v1/fulfillments/{before['fulfillments'][0]['fulfillment_id']}/reject", {"reason": "busy"})

    action = {"action": "set_node", "line_id": "1", "node": "DC-PA"}
    changed = await api.post(f"{path}/changes", {"actions": [action]})

    assert changed.status_code == 200, changed.text
    assert [part["node"] for part in changed.json()["lines"][0]["allocations"]] == ["DC-PA"]
    newest = (await api.get(f"{path}/explanation")).json()["decisions"][0]
    assert (newest["is_reproduced"], newest["missing"]) == (True, "")
