"""Discounts, taxes, delivery charges and totals of orders over HTTP: kept, shown, checked, refused by field."""

from datetime import timedelta
from typing import Any

import pytest

from tests.http.conftest import Api, order
from troth.flows.orders.due import act_on_due

pytestmark = pytest.mark.asyncio(loop_scope="module")


def usd(amount: str) -> dict[str, str]:
    """So many dollars."""
    return {"amount": amount, "currency": "USD"}


def charged(external_id: str, sku: str, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An order of lines of one SKU, each of two units at ten dollars unless said otherwise."""
    plain = {"sku": sku, "quantity": 2, "unit_price": usd("10.00")}
    numbered = [{"line_id": str(number), **plain, **line} for number, line in enumerate(lines, 1)]
    return {**order(external_id, {sku: 1}), "lines": numbered, **changes}


def flaws(answer: Any) -> list[tuple[str, str]]:
    """The fields that were refused, each with why."""
    assert answer.status_code == 422, answer.text
    return [(flaw["pointer"], flaw["detail"]) for flaw in answer.json()["errors"]]


async def test_an_order_is_kept_and_shown_with_all_that_it_costs(api: Api) -> None:
    sku = await api.stocked("CHARGED", {"DC-PA": 20})
    body = charged(
        "charged-1",
        sku,
        {"discount": usd("1.00"), "tax": usd("1.52"), "total": usd("20.52")},
        {},
        discount=usd("3.90"),
        delivery_charge={"amount": usd("5.99"), "tax": usd("0.48"), "discount": usd("1.00")},
        total=usd("42.09"),
    )

    answer = await api.post("/v1/orders", body)

    found = answer.json()
    assert answer.status_code == 201, found
    assert found["total"] == usd("42.09")
    assert found["prices_include_tax"] is False
    assert found["lines"][0]["amounts"] == {
        "currency": "USD", "price": "20.00", "discount": "2.90", "tax": "1.52", "total": "18.62", "earned": "0.00",
        "canceled": "0.00", "credited": "0.00",
    }  # fmt: skip
    assert found["lines"][1]["amounts"]["total"] == "18.00"
    assert found["delivery_charge"]["total"] == "5.47"
    assert found["amounts"] == {
        "currency": "USD", "price": "45.99", "discount": "5.90", "tax": "2.00", "total": "42.09", "earned": "0.00",
        "canceled": "0.00", "credited": "0.00",
    }  # fmt: skip
    again = await api.get(f"/v1/orders/{found['order_id']}")
    assert again.json()["amounts"] == found["amounts"]
    assert again.json()["lines"] == found["lines"]
    assert (await api.post("/v1/orders", body)).status_code == 200
    assert (await api.post("/v1/orders", body | {"discount": usd("3.89")})).status_code == 422


async def test_what_is_canceled_and_shipped_is_shown_by_line(api: Api) -> None:
    sku = await api.stocked("STAGES", {"DC-PA": 20})
    made = await api.post(
        "/v1/orders",
        charged("stages-1", sku, {"quantity": 3, "tax": usd("1.00")}, delivery_charge={"amount": usd("5.00")}),
    )
    order_id = made.json()["order_id"]
    await api.post(f"/v1/orders/{order_id}/cancel", {"reason": "less", "lines": [{"line_id": "1", "quantity": 1}]})
    work = made.json()["fulfillments"][0]["fulfillment_id"]
    await api.post(f"/v1/orders/{order_id}/release")
    await api.post(f"/v1/fulfillments/{work}/ship", {"packages": [{"package_id": "1"}]})

    found = (await api.get(f"/v1/orders/{order_id}")).json()

    assert found["lines"][0]["amounts"] == {
        "currency": "USD", "price": "20.00", "discount": "0.00", "tax": "0.67", "total": "20.67", "earned": "20.67",
        "canceled": "10.33", "credited": "0.00",
    }  # fmt: skip
    assert (found["amounts"]["total"], found["amounts"]["earned"]) == ("25.67", "25.67")
    assert found["total"] == usd("25.67")


async def test_what_a_return_credits_is_shown_by_line(api: Api) -> None:
    sku = await api.stocked("CREDITED", {"DC-PA": 20, "ST-NYC": 0})
    body = charged("credited-1", sku, {"quantity": 3, "tax": usd("1.00")}, delivery_charge={"amount": usd("5.00")})
    made = (await api.post("/v1/orders", body)).json()
    work = made["fulfillments"][0]["fulfillment_id"]
    await api.post(f"/v1/orders/{made['order_id']}/release")
    await api.post(f"/v1/fulfillments/{work}/ship", {"packages": []})
    await api.post(f"/v1/fulfillments/{work}/deliver", {})
    lines = [{"line_id": "1", "quantity": 2, "reason": "too_small"}]
    opened = await api.post(
        "/v1/returns", {"order_id": made["order_id"], "method": "in_store", "node": "ST-NYC", "lines": lines}
    )
    assert opened.status_code == 201, opened.text
    got = [{"line_id": "1", "quantity": 2, "grade": "A"}]
    await api.post(f"/v1/returns/{opened.json()['return_id']}/receive", {"node": "ST-NYC", "lines": got})

    found = (await api.get(f"/v1/orders/{made['order_id']}")).json()

    assert [found["lines"][0]["amounts"][name] for name in ("total", "earned", "credited")] == [
        "31.00",
        "31.00",
        "20.67",
    ]
    assert [found["amounts"][name] for name in ("total", "earned", "credited")] == ["36.00", "36.00", "20.67"]
    assert found["delivery_charge"]["credited"] == "0.00"


async def test_prices_may_include_their_taxes(api: Api) -> None:
    sku = await api.stocked("GROSS", {"DC-PA": 20})
    answer = await api.post(
        "/v1/orders", charged("gross-1", sku, {"tax": usd("3.19")}, prices_include_tax=True, total=usd("20.00"))
    )

    assert (answer.status_code, answer.json()["prices_include_tax"]) == (201, True)
    assert answer.json()["amounts"]["tax"] == "3.19"


async def test_a_total_that_differs_is_refused_with_both_amounts_and_nothing_is_captured(api: Api) -> None:
    sku = await api.stocked("TOTALS", {"DC-PA": 20})
    body = charged("totals-1", sku, {"tax": usd("1.00"), "total": usd("20.50")}, total=usd("20.00"))

    answer = await api.post("/v1/orders", body)

    assert flaws(answer) == [
        ("/lines/0/total/amount", "is 20.50 USD, but the line comes to 21.00 USD"),
        ("/total/amount", "is 20.00 USD, but lines, discounts, taxes and delivery come to 21.00 USD"),
    ]
    assert (await api.get("/v1/orders/web:totals-1")).status_code == 404
    assert await api.available(sku) == {"DC-PA": 20}


async def test_amounts_that_cannot_be_are_refused_by_field(api: Api) -> None:
    sku = await api.stocked("UNFITTING", {"DC-PA": 20})
    euros = {"amount": "1.00", "currency": "EUR"}

    wrong = await api.post(
        "/v1/orders",
        charged("unfitting-1", sku, {"discount": usd("-1.00"), "tax": euros}, delivery_charge={"amount": euros}),
    )
    large = await api.post(
        "/v1/orders",
        charged(
            "unfitting-2",
            sku,
            {"discount": usd("20.01")},
            {"tax": usd("20.01")},
            delivery_charge={"amount": usd("1.00"), "discount": usd("1.01")},
            discount=usd("20.00"),
            prices_include_tax=True,
        ),
    )

    assert flaws(wrong) == [
        ("/delivery_charge/amount/currency", "the order is in USD"),
        ("/lines/0/discount/amount", "must not be negative"),
        ("/lines/0/tax/currency", "the order is in USD"),
    ]
    assert flaws(large) == [
        ("/lines/0/discount/amount", "is more than the line costs"),
        ("/lines/1/tax/amount", "is more than the line costs, though prices include it"),
        ("/delivery_charge/discount/amount", "is more than the delivery costs"),
        ("/discount/amount", "is more than all lines cost after their own discounts"),
    ]
    assert await api.available(sku) == {"DC-PA": 20}


async def test_a_currency_that_does_not_exist_is_refused(api: Api) -> None:
    sku = await api.stocked("COIN", {"DC-PA": 20})
    unknown = {"amount": "10.00", "currency": "USX"}

    answer = await api.post("/v1/orders", charged("coin-1", sku, {"unit_price": unknown}, {"tax": unknown}))

    assert flaws(answer) == [
        ("/lines/0/unit_price/currency", "USX is no ISO 4217 code of a currency"),
        ("/lines/1/tax/currency", "USX is no ISO 4217 code of a currency"),
    ]


async def test_a_change_sets_discount_and_tax_with_the_price(api: Api) -> None:
    sku = await api.stocked("REPRICED", {"DC-PA": 20})
    made = await api.post("/v1/orders", charged("repriced-1", sku, {"tax": usd("2.00")}))
    actions = [
        {"action": "set_price", "line_id": "1", "unit_price": usd("9.00"), "discount": usd("1.00")},
        {"action": "add_line", "line": {"line_id": "2", "sku": sku, "quantity": 1, "unit_price": usd("9.00"),
                                        "tax": usd("0.90"), "total": usd("9.90")}},
    ]  # fmt: skip

    answer = await api.post(f"/v1/orders/{made.json()['order_id']}/changes", {"actions": actions})

    found = answer.json()
    assert answer.status_code == 200, found
    assert [line["amounts"]["total"] for line in found["lines"]] == ["18.80", "9.90"]
    assert found["changed"]["total_after"] == usd("28.70")
    changes = {(one["line_id"], one["field"]): (one["before"], one["after"]) for one in found["changed"]["fields"]}
    assert changes["1", "discount"] == ("0.00 USD", "1.00 USD")
    assert changes["1", "unit_price"] == ("10.00 USD", "9.00 USD")
    assert changes["1", "tax"] == ("2.00 USD", "1.80 USD")


async def test_a_change_with_a_wrong_total_of_a_line_is_refused_and_changes_nothing(api: Api) -> None:
    sku = await api.stocked("REPRICED-NOT", {"DC-PA": 20})
    made = (await api.post("/v1/orders", charged("repriced-2", sku, {}))).json()
    line = {"line_id": "2", "sku": sku, "quantity": 1, "unit_price": usd("9.00"), "total": usd("9.90")}

    answer = await api.post(
        f"/v1/orders/{made['order_id']}/changes", {"actions": [{"action": "add_line", "line": line}]}
    )

    assert flaws(answer) == [("/actions/0/line/total/amount", "is 9.90 USD, but the line comes to 9.00 USD")]
    assert (await api.get(f"/v1/orders/{made['order_id']}")).json()["version"] == made["version"]


async def test_a_delivery_charge_is_waived_until_something_has_left(api: Api) -> None:
    sku = await api.stocked("WAIVED", {"DC-PA": 20})
    made = (await api.post("/v1/orders", charged("waived-1", sku, {}, delivery_charge={"amount": usd("5.00")}))).json()
    changes = f"/v1/orders/{made['order_id']}/changes"
    waive = {"action": "set_delivery_charge", "delivery_charge": None}
    wrong = {"action": "set_delivery_charge", "delivery_charge": {"amount": usd("1.00"), "discount": usd("2.00")}}

    refused = await api.post(changes, {"actions": [wrong]})
    waived = await api.post(changes, {"actions": [waive]})
    await api.post(f"/v1/orders/{made['order_id']}/release")
    await api.post(f"/v1/fulfillments/{made['fulfillments'][0]['fulfillment_id']}/ship", {"packages": []})
    late = await api.post(changes, {"actions": [waive]})

    assert flaws(refused) == [("/actions/0/delivery_charge/discount/amount", "is more than the delivery costs")]
    assert (waived.json()["total"], waived.json()["delivery_charge"]) == (usd("20.00"), None)
    assert (late.status_code, late.json()["code"]) == (409, "not-possible-now")


async def test_canceling_is_for_the_customer_until_a_node_has_it_and_then_for_an_operator_with_a_reason(
    api: Api,
) -> None:
    sku = await api.stocked("PERMITTED", {"DC-PA": 20})
    made = (await api.post("/v1/orders", charged("permitted-1", sku, {"quantity": 3}))).json()
    path = f"/v1/orders/{made['order_id']}"
    one = [{"line_id": "1", "quantity": 1}]
    partner = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-1'])}"}

    early = await api.post(f"{path}/cancel", {"by": "customer", "lines": one})
    await api.post(f"{path}/release")
    late = await api.post(f"{path}/cancel", {"by": "customer", "lines": one})
    bound = await api.post(f"{path}/cancel", {"by": "operator", "reason": "mine", "lines": one}, headers=partner)
    priced = await api.post(
        f"{path}/changes",
        {"actions": [{"action": "set_price", "line_id": "1", "unit_price": usd("0.01")}]},
        headers=partner,
    )
    silent = await api.post(f"{path}/cancel", {"lines": one})
    said = await api.post(f"{path}/cancel", {"reason": "fraud", "lines": one})

    assert early.status_code == 200, early.text
    assert early.json()["possible"]["customer"]["cancelable"] == [{"line_id": "1", "quantity": 2}]
    assert [(no.status_code, no.json()["code"]) for no in (late, bound)] == [(409, "not-possible-now")] * 2
    assert flaws(priced) == [("/actions/0/action", "a customer may not ask for set_price")]
    assert flaws(silent) == [("/reason", "is required of an operator")]
    assert said.json()["lines"][0]["canceled_quantity"] == 2
    assert said.json()["possible"]["cancelable"] == [{"line_id": "1", "quantity": 1}]
    assert said.json()["possible"]["customer"] == {"cancelable": [], "changes": []}


async def test_who_may_what_is_published(api: Api) -> None:
    published = (await api.get("/v1/lifecycles")).json()

    assert published["may"]["customer"]["cancel"] == ["backordered", "reserved"]
    assert "set_price" not in published["may"]["customer"]
    assert published["changes"] == {
        deed: states for deed, states in published["may"]["operator"].items() if deed != "cancel"
    }
    assert published["needs_reason"]["customer"] == []


async def test_the_clock_cancels_what_has_not_left_by_its_last_date(api: Api) -> None:
    sku = await api.stocked("LAST-DATE", {"DC-PA": 20})
    last = api.clock.now + timedelta(days=9)
    body = charged("last-1", sku, {"cancel_after": last.isoformat()}, {}, delivery_charge={"amount": usd("5.00")})
    made = (await api.post("/v1/orders", body)).json()
    await api.post(f"/v1/orders/{made['order_id']}/release")

    await act_on_due(api.system, last - timedelta(seconds=1), limit=99)
    early = (await api.get(f"/v1/orders/{made['order_id']}")).json()
    api.clock.now = last
    await act_on_due(api.system, last, limit=99)
    found = (await api.get(f"/v1/orders/{made['order_id']}")).json()

    expected = {
        (point["line_id"], point["is_expected"]) for point in made["timeline"] if point["milestone"] == "canceled"
    }
    assert expected == {("1", True)}
    assert [line["canceled_quantity"] for line in early["lines"]] == [0, 0]
    assert [line["canceled_quantity"] for line in found["lines"]] == [2, 0]
    assert found["total"] == usd("25.00")
    assert await api.available(sku) == {"DC-PA": 18}
    assert await act_on_due(api.system, last, limit=99) == 0
