"""One thing: the page on business orders, of which what its examples ask is what happens."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.http.conftest import Api, order
from troth.model.agreement_moves import BalanceTold, BlanketOrderSet, CustomerSet
from troth.model.order import Fill
from troth.store.events import read_subject_events

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PAGE = (Path(__file__).parents[2] / "docs" / "b2b.md").read_text(encoding="utf-8")


def example(heading: str, number: int = 0) -> Any:
    """The example of a section of the page, counted from 0."""
    section = _PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return json.loads(re.findall(r"```json\n(.*?)```", section, re.DOTALL)[number])


async def test_an_order_is_promised_by_its_dates_and_shares(api: Api) -> None:
    for sku, units in (("A-1001", 12), ("A-1002", 25), ("A-1003", 4)):
        await api.stocked(sku, {"DC-PA": units})

    answer = await api.post("/v1/orders", example("By when, and in which share"))

    body = answer.json()
    assert answer.status_code == 201, body
    assert [(line["quantity"], line["canceled_quantity"]) for line in body["lines"]] == [(12, 0), (40, 15), (5, 5)]
    assert "2027-01-18" <= body["lines"][0]["promised_at"]["to"] < "2027-01-30"
    terms = [line["terms"] for line in body["lines"]]
    assert [(one["fill"], one["min_fill"], one["need_by_firm"]) for one in terms] == [
        ("partial", 0, True),
        ("partial", 50, False),
        ("fill_or_kill", 0, False),
    ]
    assert all(one["cancel_after"].startswith("2027-02-15T") for one in terms)
    events = (await api.get(f"/v1/orders/{body['order_id']}/events")).json()["items"]
    assert [event["kind"] for event in events][:2] == ["OrderCaptured", "OrderCanceled"]
    again = await api.post("/v1/orders", example("By when, and in which share"))
    assert (again.status_code, again.json()["order_id"]) == (200, body["order_id"])


async def test_the_tables_name_every_share(api: Api) -> None:
    assert re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", _PAGE.partition("| `fill` | of a line")[2], re.MULTILINE)[:3] == [
        fill.value for fill in Fill
    ]


async def test_dates_of_the_order_hold_for_lines_and_dates_of_lines_that_say_nothing_else(api: Api) -> None:
    sku = await api.stocked("ORDER-DATES", {"DC-PA": 50}, weight_grams=10)
    asked = order(
        "order-dates",
        {sku: 1, "X": 1, "Y": 4},
        not_before="2027-01-11T00:00:00-05:00",
        need_by="2027-01-22T00:00:00-05:00",
        need_by_firm=True,
    )
    for line in asked["lines"]:
        line["sku"] = sku
    asked["lines"][1] |= {"need_by": "2027-01-20T00:00:00-05:00", "need_by_firm": False}
    asked["lines"][2] |= {"schedule": [{"quantity": 3}, {"quantity": 1, "need_by": "2027-02-22T00:00:00-05:00"}]}

    made = await api.post("/v1/orders", asked)
    crossed = await api.post("/v1/orders", asked | {"external_id": "crossed", "need_by": "2027-01-02T00:00:00-05:00"})

    body = made.json()
    assert made.status_code == 201, body
    found = [
        (line["line_id"], line["need_by"][:10], bool(line["terms"]) and line["terms"]["need_by_firm"])
        for line in body["lines"]
    ]
    assert found == [
        ("1", "2027-01-22", True),
        ("2", "2027-01-20", False),
        ("3.1", "2027-01-22", True),
        ("3.2", "2027-02-22", True),
    ]
    assert {line["not_before"][:10] for line in body["lines"]} == {"2027-01-11"}
    assert all("2027-01-11" <= line["promised_at"]["to"][:10] <= "2027-01-22" for line in body["lines"][:3])
    assert [flaw["pointer"] for flaw in crossed.json()["errors"]] == ["/lines/0/need_by", "/lines/2/schedule/0/need_by"]


async def test_an_order_that_is_filled_or_killed_is_had_now_or_not_at_all(api: Api) -> None:
    sku, other = await api.stocked("FOK-1", {"DC-PA": 5}), await api.stocked("FOK-2", {"DC-PA": 1})
    await api.put(
        "/v1/purchase-orders/FOK-PO",
        {"lines": [{"node": "DC-PA", "sku": other, "quantity": 9, "expected_at": "2026-12-20T12:00:00Z"}]},
    )

    refused = await api.post("/v1/orders", order("fok-1", {sku: 5, other: 2}, fill="fill_or_kill"))
    filled = await api.post("/v1/orders", order("fok-2", {sku: 5, other: 1}, fill="fill_or_kill"))
    waits = await api.post("/v1/orders", order("fok-3", {other: 2}))

    assert refused.status_code == 409
    (short,) = refused.json()["lines"]
    assert (short["line_id"], short["reason"], short["available_quantity"]) == ("2", "no_backorder", 1)
    assert [way["without"] for way in short["separately"]] == [["backorder"]]
    assert "without backorder 2 could be there by 2026-12-2" in refused.json()["detail"]
    assert filled.status_code == 201
    assert waits.status_code == 201


async def test_what_does_not_fit_together_is_named_by_field(api: Api) -> None:
    sku = await api.stocked("UNFIT-B2B")
    asked = order("unfit", {sku: 1, "X": 1, "Y": 1}, ship_complete=True)
    asked["lines"][0] |= {"need_by_firm": True, "min_fill": 10}
    asked["lines"][1] |= {"fill": "partial"}
    asked["lines"][2] |= {"not_before": "2027-01-02T00:00:00Z", "cancel_after": "2027-01-01T00:00:00Z"}

    refused = await api.post("/v1/orders", asked)
    unknown = await api.post("/v1/orders", order("unfit", {sku: 1}, fill="some", min_fill=101))
    past = await api.post("/v1/orders", order("unfit", {sku: 1}, cancel_after="2026-11-01T00:00:00Z"))

    assert {flaw["pointer"] for flaw in refused.json()["errors"]} == {
        "/lines/0/need_by_firm",
        "/lines/0/min_fill",
        "/lines/1/fill",
        "/lines/2/cancel_after",
    }
    assert {flaw["pointer"] for flaw in unknown.json()["errors"]} == {"/fill", "/min_fill"}
    assert [flaw["pointer"] for flaw in past.json()["errors"]] == ["/lines/0/cancel_after"]
    assert await api.available(sku) == {"DC-PA": 10}


async def test_the_last_date_is_changed_and_kept(api: Api) -> None:
    sku = await api.stocked("LAST-DATE")
    before = await api.capture("last-date", {sku: 1})
    url = f"/v1/orders/{before['order_id']}/changes"

    late = await api.post(
        url, {"actions": [{"action": "set_dates", "line_id": "1", "cancel_after": "2026-11-23T16:00:00Z"}]}
    )
    kept = await api.post(
        url,
        {"actions": [{"action": "set_dates", "line_id": "1", "cancel_after": "2027-01-01T00:00:00Z"}]},
    )
    taken_away = await api.post(url, {"actions": [{"action": "set_dates", "line_id": "1", "cancel_after": None}]})

    assert late.status_code == 409, late.json()
    assert late.json()["lines"][0]["reason"] == "too_late"
    assert kept.json()["lines"][0]["terms"]["cancel_after"].startswith("2027-01-01")
    assert [field["field"] for field in kept.json()["changed"]["fields"]] == ["cancel_after"]
    assert taken_away.json()["lines"][0]["terms"] is None


async def test_a_quote_says_what_an_order_would_be_promised(api: Api) -> None:
    sku = await api.stocked("QUOTED-FILL", {"DC-PA": 3})
    asked = {key: value for key, value in order("x", {sku: 5}, fill="partial").items() if key != "external_id"}

    quoted = await api.post("/v1/quotes", asked)

    body = quoted.json()
    assert quoted.status_code == 200, body
    assert [line["quantity"] for line in body["options"][0]["lines"]] == [3]
    assert body["unavailable"][0]["line_id"] == "1"
    ordered = await api.post("/v1/orders", asked | {"external_id": "quoted", "plan_id": body["options"][0]["plan_id"]})
    assert ordered.status_code == 201, ordered.json()
    assert ordered.json()["lines"][0]["canceled_quantity"] == 2


async def test_a_customer_has_class_priority_and_credit(api: Api) -> None:
    body = example("Customers")
    sku = await api.stocked("CREDIT", {"DC-PA": 50})

    new = await api.put("/v1/customers/ACCOUNT-9", body)
    again = await api.put("/v1/customers/ACCOUNT-9", body | {"credit_limit": {"amount": "100.00", "currency": "USD"}})
    stale = await api.put("/v1/customers/ACCOUNT-9", body, headers={"if-match": '"1"'})
    fits = await api.capture("credit-1", {sku: 4}, customer={"id": "ACCOUNT-9"})
    beyond = await api.capture("credit-2", {sku: 3}, customer={"id": "ACCOUNT-9"}, attributes={"priority": "7"})

    assert (new.status_code, again.status_code, stale.status_code) == (201, 200, 412)
    assert fits["attributes"] == {"customer_class": "retail", "priority": "5"}
    assert beyond["attributes"] == {"customer_class": "retail", "priority": "7"}
    assert (fits["status"], beyond["status"]) == ("promised", "on_hold")
    assert [hold["type"] for hold in beyond["holds"]] == ["credit"]
    shown = (await api.get("/v1/customers/ACCOUNT-9")).json()["credit"]
    assert {name: shown[name]["amount"] for name in ("limit", "used", "available", "open", "held")} == {
        "limit": "100.00", "used": "79.60", "available": "20.40", "open": "79.60", "held": "59.70",
    }  # fmt: skip
    assert await api.available(sku) == {"DC-PA": 43}

    told = await api.post("/v1/customers/ACCOUNT-9/balance", example("Credit"))
    canceled = await api.post(f"/v1/orders/{fits['order_id']}/cancel", {"reason": "not wanted"})
    paid = {"unpaid": {"amount": "0.00", "currency": "USD"}, "as_of": "2026-11-23T14:00:00Z"}
    settled = await api.post("/v1/customers/ACCOUNT-9/balance", paid)

    assert told.json()["credit"]["unpaid"]["amount"] == "4200.00"
    assert canceled.status_code == 200
    assert settled.json()["credit"]["held"]["amount"] == "0.00"
    assert (await api.get(f"/v1/orders/{beyond['order_id']}")).json()["status"] == "promised"


async def test_customers_are_listed_and_shown_to_those_bound_to_them(api: Api) -> None:
    for name in ("LIST-1", "LIST-2", "LIST-3"):
        await api.put(f"/v1/customers/{name}", {"name": f"Customer {name}"})
    key = {"authorization": f"Bearer {await api.key_for('orders:read', customers=['LIST-2'])}"}

    page = (await api.get("/v1/customers?q=list&limit=2")).json()
    rest = (await api.get(f"/v1/customers?q=list&limit=2&cursor={page['next']}")).json()
    bound = (await api.get("/v1/customers", headers=key)).json()

    assert [one["customer_id"] for one in (*page["items"], *rest["items"])] == ["LIST-1", "LIST-2", "LIST-3"]
    assert page["items"][0]["credit"] is None
    assert [one["customer_id"] for one in bound["items"]] == ["LIST-2"]
    assert (await api.get("/v1/customers/LIST-1", headers=key)).status_code == 404
    assert (await api.put("/v1/customers/LIST-2", {}, headers=key)).status_code == 403


async def test_a_customer_that_does_not_fit_is_refused_by_field(api: Api) -> None:
    euros = {"credit_limit": {"amount": "1.00", "currency": "EUR"}}
    below = {"credit_limit": {"amount": "-1.00", "currency": "USD"}}

    refused = [await api.put("/v1/customers/UNFIT", body) for body in (euros, below, {"limit": 5}, {"priority": -1})]
    nobody = await api.post("/v1/customers/UNFIT/balance", example("Credit"))

    assert [answer.json()["errors"][0]["pointer"] for answer in refused] == [
        "/credit_limit/currency",
        "/credit_limit/amount",
        "/limit",
        "/priority",
    ]
    assert nobody.status_code == 404
    assert (await api.get("/v1/customers/UNFIT")).status_code == 404


async def test_a_blanket_order_is_called_off_at_its_prices_until_nothing_is_left(api: Api) -> None:
    for sku in ("A-1001", "A-1002"):
        await api.stocked(sku, {"DC-PA": 5_000}, weight_grams=10)
    agreement, call_off = example("Blanket orders"), example("Blanket orders", 1)

    nobody = await api.put("/v1/blanket-orders/BO-17", agreement)
    await api.put("/v1/customers/ACCOUNT-1", {})
    made = await api.put("/v1/blanket-orders/BO-17", agreement)
    order = await api.post("/v1/orders", call_off)
    soon = await api.post("/v1/orders", call_off | {"external_id": "PO-7003"})
    await api.put("/v1/blanket-orders/BO-17", agreement | {"release_days": 0})
    much = call_off | {"external_id": "PO-7004", "lines": [{"line_id": "1", "sku": "A-1001", "quantity": 1_191}]}
    over = await api.post("/v1/orders", much)
    url = f"/v1/orders/{order.json()['order_id']}/changes"
    added = {"action": "add_line", "line": {"line_id": "2", "sku": "A-1002", "quantity": 4}}
    preview = await api.post(f"{url}?preview=true", {"actions": [added]})
    changed = await api.post(url, {"actions": [added]})
    beyond = await api.post(
        f"{url}?preview=true", {"actions": [{"action": "set_quantity", "line_id": "1", "quantity": 1_201}]}
    )

    assert [flaw["pointer"] for flaw in nobody.json()["errors"]] == ["/customer_id"]
    assert made.status_code == 201, made.json()
    assert made.json()["state"] == "open"
    assert order.status_code == 201, order.json()
    assert order.json()["lines"][0]["unit_price"]["amount"] == "17.00"
    assert order.json()["attributes"]["blanket_order"] == "BO-17"
    assert [flaw["pointer"] for flaw in soon.json()["errors"]] == ["/blanket_order"]
    assert (over.status_code, over.json()["code"]) == (409, "over-called")
    told = "More is called off than the blanket order has left; lines and value say of what, and how much is left: "
    assert over.json()["detail"].startswith(told)
    assert over.json()["lines"] == [{"sku": "A-1001", "quantity": 1_191, "remaining": 1_190}]
    assert preview.status_code == 200
    assert changed.json()["lines"][1]["unit_price"]["amount"] == "5.50"
    assert beyond.json()["lines"] == [{"sku": "A-1001", "quantity": 1_191, "remaining": 1_190}]
    shown = (await api.get("/v1/blanket-orders/BO-17")).json()
    assert [(line["called"], line["remaining"]) for line in shown["lines"]] == [(10, 1_190), (4, 296)]
    assert shown["called_value"]["amount"] == "192.00"
    assert {(one["sku"], one["quantity"]) for one in shown["call_offs"]} == {("A-1001", 10), ("A-1002", 4)}
    again = await api.post("/v1/orders", call_off)
    assert (again.status_code, again.json()["order_id"]) == (200, order.json()["order_id"])
    listed = (await api.get("/v1/blanket-orders?customer=ACCOUNT-1")).json()["items"]
    assert [one["blanket_id"] for one in listed] == ["BO-17"]


async def test_a_blanket_order_that_does_not_fit_is_refused_by_field(api: Api) -> None:
    sku = await api.stocked("UNFIT-BO")
    line = {"sku": sku, "quantity": 1, "unit_price": {"amount": "1.00", "currency": "USD"}}
    whole = example("Blanket orders") | {"lines": [line]}
    euros = line | {"sku": "EU", "unit_price": {"amount": "1.00", "currency": "EUR"}, "quantity": None}

    refused = await api.put(
        "/v1/blanket-orders/U-1", whole | {"lines": [line, line, euros], "ends_at": "2026-01-01T00:00:00Z"}
    )
    unknown = await api.put("/v1/blanket-orders/U-1", whole | {"lines": [line | {"sku": "NO-SUCH"}]})
    bound = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['OTHER'])}"}
    others = await api.put("/v1/blanket-orders/U-1", whole, headers=bound)

    assert {flaw["pointer"] for flaw in refused.json()["errors"]} == {
        "/ends_at",
        "/lines/1/sku",
        "/lines/2/unit_price/currency",
        "/lines/2/quantity",
    }
    assert [flaw["pointer"] for flaw in unknown.json()["errors"]] == ["/lines/0/sku"]
    assert [flaw["pointer"] for flaw in others.json()["errors"]] == ["/customer_id"]
    assert (await api.get("/v1/blanket-orders/U-1")).status_code == 404


async def test_a_line_of_several_dates_is_promised_changed_and_canceled_by_date(api: Api) -> None:
    for sku in ("A-1001", "A-1002"):
        await api.stocked(sku, {"DC-PA": 100}, weight_grams=10)
    asked = example("Several dates of one line")

    made = await api.post("/v1/orders", asked)

    body = made.json()
    assert made.status_code == 201, body
    assert [line["line_id"] for line in body["lines"]] == ["1.1", "1.2", "1.3", "2"]
    assert [line["terms"] and line["terms"]["schedule_of"] for line in body["lines"]] == ["1", "1", "1", None]
    (folded,) = body["schedules"]
    assert (folded["line_id"], folded["quantity"], folded["promised_quantity"]) == ("1", 30, 30)
    assert [part["quantity"] for part in folded["schedule"]] == [10, 12, 8]
    days = [part["promised_at"]["to"][:10] for part in folded["schedule"]]
    assert days[0] < "2026-12-11"
    assert "2027-01-18" <= days[1] < "2027-01-30"
    assert "2027-02-15" <= days[2] < "2027-02-27"
    assert folded["promised_at"]["to"][:10] == days[2]

    url = f"/v1/orders/{body['order_id']}"
    changed = await api.post(
        f"{url}/changes",
        {
            "actions": [
                {"action": "set_dates", "line_id": "1.2", "need_by": "2027-01-22T00:00:00-06:00"},
                {"action": "set_quantity", "line_id": "1.1", "quantity": 9},
                {"action": "add_line", "line": {"line_id": "1.4", "sku": "A-1001", "quantity": 3, "schedule_of": "1"}},
            ]
        },
    )
    canceled = await api.post(f"{url}/cancel", {"reason": "less", "lines": [{"line_id": "1", "quantity": 5}]})
    too_many = await api.post(f"{url}/cancel", {"reason": "less", "lines": [{"line_id": "1", "quantity": 28}]})
    again = await api.post("/v1/orders", asked)

    assert changed.status_code == 200, changed.json()
    assert changed.json()["schedules"][0]["quantity"] == 32 + changed.json()["schedules"][0]["canceled_quantity"]
    assert canceled.status_code == 200, canceled.json()
    assert {line["line_id"]: line["canceled_quantity"] for line in canceled.json()["lines"]}["1.4"] == 3
    assert {line["line_id"]: line["canceled_quantity"] for line in canceled.json()["lines"]}["1.3"] == 2
    assert too_many.status_code == 422
    assert (again.status_code, again.json()["order_id"]) == (200, body["order_id"])


async def test_a_schedule_that_does_not_fit_is_refused_where_it_was_said(api: Api) -> None:
    sku = await api.stocked("SCHEDULED")
    asked = order("sched", {sku: 5, "X": 1, "NO-SUCH": 1})
    asked["lines"][1] = asked["lines"][0] | {
        "line_id": "9",
        "schedule": [{"quantity": 2}, {"quantity": 3, "need_by": "2026-01-01T00:00:00Z"}],
    }
    apart = order("sched", {sku: 5})
    apart["lines"][0] |= {"need_by": "2027-01-01T00:00:00Z", "schedule": [{"quantity": 2}]}
    twice = order("sched", {sku: 2, "X": 1})
    twice["lines"][0]["schedule"] = [{"quantity": 2}]
    twice["lines"][1] = twice["lines"][0] | {"line_id": "1.1", "quantity": 1, "schedule": None}

    late = await api.post("/v1/orders", asked)
    torn = await api.post("/v1/orders", apart)
    clash = await api.post("/v1/orders", twice)

    assert {flaw["pointer"] for flaw in late.json()["errors"]} == {"/lines/1/schedule/1/need_by", "/lines/2/sku"}
    assert {flaw["pointer"] for flaw in torn.json()["errors"]} == {"/lines/0/quantity", "/lines/0/schedule"}
    assert [flaw["pointer"] for flaw in clash.json()["errors"]] == ["/lines/1/line_id"]
    assert await api.available(sku) == {"DC-PA": 10}


async def test_discount_and_tax_of_a_line_are_cut_among_its_dates_to_the_cent(api: Api) -> None:
    sku = await api.stocked("CUT")
    asked = order("cut", {sku: 3})
    asked["lines"][0] |= {
        "schedule": [{"quantity": 1}, {"quantity": 1}, {"quantity": 1}],
        "discount": {"amount": "1.00", "currency": "USD"},
        "tax": {"amount": "0.50", "currency": "USD"},
    }

    made = await api.post("/v1/orders", asked)

    body = made.json()
    assert made.status_code == 201, body
    assert body["total"]["amount"] == "59.20"


async def test_what_is_agreed_on_goes_to_those_who_subscribed_to_it(api: Api) -> None:
    sku = await api.stocked("TOLD")
    line = {"sku": sku, "quantity": 5, "unit_price": {"amount": "17.00", "currency": "USD"}}
    agreement = example("Blanket orders") | {"customer_id": "TOLD-1", "lines": [line]}
    await api.put("/v1/customers/TOLD-1", {"name": "Park & Sons"})
    await api.put("/v1/customers/TOLD-1", {"name": "Park & Sons"})
    await api.put("/v1/customers/TOLD-1", {"name": "Park & Daughters", "payment_terms_days": 30})
    await api.post("/v1/customers/TOLD-1/balance", example("Credit"))
    await api.put("/v1/blanket-orders/TOLD", agreement)

    async with api.system.pool.acquire() as connection:
        of_customer = await read_subject_events(connection, "customer:TOLD-1")
        of_blanket = await read_subject_events(connection, "blanket_order:TOLD")

    told = [one.event for one in of_customer if one.kind != "ConfigurationSet"]
    assert [type(one).__name__ for one in told] == ["CustomerSet", "CustomerSet", "BalanceTold"]
    first, second, balance = told
    assert isinstance(first, CustomerSet)
    assert isinstance(second, CustomerSet)
    assert isinstance(balance, BalanceTold)
    assert (first.version, first.before, second.version, second.before) == (1, None, 2, first.terms)
    assert (second.terms.name, second.terms.terms_days) == ("Park & Daughters", 30)
    assert (balance.unpaid_minor, balance.currency) == (420_000, "USD")
    (agreed,) = [one.event for one in of_blanket if isinstance(one.event, BlanketOrderSet)]
    assert (agreed.blanket.customer_id, agreed.blanket.lines[0].unit_price_minor) == ("TOLD-1", 1_700)
