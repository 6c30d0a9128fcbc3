"""Routing guides of trading partners: what they charge back is weighed, named and kept; ship notices are waited for."""

from datetime import timedelta
from typing import Any

import pytest

from tests.http.conftest import Api, order
from tests.http.test_b2b_page import example
from troth.store.events import read_subject_events

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def partner(api: Api, name: str, **changes: Any) -> dict[str, Any]:
    """A trading partner with the guide of the page, or another one."""
    body = example("Routing guides")
    answer = await api.put(f"/v1/customers/{name}", body | {"routing_guide": body["routing_guide"] | changes})
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_an_order_in_another_currency_than_its_partners_guide_is_refused_and_nothing_is_written(api: Api) -> None:
    sku = await api.stocked("FOREIGN", {"DC-PA": 5})
    await partner(api, "FOREIGN")
    price = {"amount": "19.90", "currency": "EUR"}
    line = {"line_id": "1", "sku": sku, "quantity": 1, "unit_price": price}
    answer = await api.post("/v1/orders", order("foreign-1", {}, customer={"id": "FOREIGN"}) | {"lines": [line]})
    detail = "the order is in EUR, and routing guide FOREIGN@1 of its customer in USD"
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/lines/0/unit_price/currency", "detail": detail}]
    assert (await api.get("/v1/orders/web:foreign-1")).status_code == 404
    assert await api.available(sku) == {"DC-PA": 5}
    assert (await api.post("/v1/orders", order("foreign-2", {}) | {"lines": [line]})).status_code == 201


async def test_an_order_is_promised_as_its_partner_wants_it_where_that_costs_less(api: Api) -> None:
    sku = await api.stocked("GUIDED", {"DC-PA": 50})
    told = await partner(api, "PARTNER")
    asked: dict[str, Any] = {"customer": {"id": "PARTNER"}, "service": ""}

    free = await api.capture("guide-free", {sku: 1}, service="")
    theirs = await api.capture("guide-theirs", {sku: 1}, **asked)
    again = await partner(api, "PARTNER", wrong_carrier={"amount": "0.10", "currency": "USD"})
    cheap = await api.capture("guide-cheap", {sku: 1}, **asked)

    assert told["routing_guide"]["name"] == "PARTNER@1"
    assert again["routing_guide"]["name"] == "PARTNER@2"
    assert [one["fulfillments"][0]["service"] for one in (free, theirs, cheap)] == ["standard", "express", "standard"]
    assert "routing_guide" not in free["attributes"]
    assert [one["attributes"]["routing_guide"] for one in (theirs, cheap)] == ["PARTNER@1", "PARTNER@2"]
    for made, charged, name in ((theirs, None, "PARTNER@1"), (cheap, "0.10", "PARTNER@2")):
        work = (await api.get(f"/v1/fulfillments/{made['fulfillments'][0]['fulfillment_id']}")).json()
        parts = work["cost_to_serve"]["parts"]
        assert parts.get("chargeback_carrier", "0.00") == (charged or "0.00")
        (decision,) = (await api.get(f"/v1/orders/{made['order_id']}/explanation")).json()["decisions"]
        assert f"chargebacks are those of routing guide {name}" in decision["trace"]["notes"]
        assert decision["is_reproduced"] is True


async def test_what_comes_late_is_charged_by_line_and_by_value_and_what_is_short_is_said(api: Api) -> None:
    sku = await api.stocked("GUIDED-LATE", {"DC-PA": 5})
    await partner(api, "LATE", services=[])
    made = await api.capture(
        "guide-late",
        {sku: 8},
        customer={"id": "LATE"},
        need_by="2026-11-23T20:00:00-05:00",
        fill="partial",
        backorder=False,
    )

    work = (await api.get(f"/v1/fulfillments/{made['fulfillments'][0]['fulfillment_id']}")).json()
    (decision,) = (await api.get(f"/v1/orders/{made['order_id']}/explanation")).json()["decisions"]

    assert made["lines"][0]["canceled_quantity"] == 3
    assert work["cost_to_serve"]["parts"]["chargeback_late"] == "52.99"  # 50.00, and 3 % of 5 at 19.90
    assert "what cannot be sent may be charged back with 2.99 USD" in decision["trace"]["notes"]  # 5 % of 3 at 19.90


async def test_no_channel_says_which_guide_an_order_is_under(api: Api) -> None:
    sku = await api.stocked("GUIDED-BY-NOBODY")
    await partner(api, "GUIDE-OWNER")

    made = await api.capture("guide-stolen", {sku: 1}, attributes={"routing_guide": "GUIDE-OWNER@1"})

    assert made["attributes"]["routing_guide"] == ""
    assert made["fulfillments"][0]["service"] == "standard"


async def test_a_guide_that_does_not_fit_is_refused_by_field(api: Api) -> None:
    guide = example("Routing guides")["routing_guide"]
    euros = {"amount": "1.00", "currency": "EUR"}

    for changes, pointers in (
        ({"split": euros}, ["/routing_guide/split/currency"]),
        ({"late": {"amount": "-1.00", "currency": "USD"}}, ["/routing_guide/late/amount"]),
        ({"late_percent": 3.333}, ["/routing_guide/late_percent"]),
        ({"late_percent": 101.0}, ["/routing_guide/late_percent"]),
        ({"carriers": [], "services": []}, ["/routing_guide/wrong_carrier"]),
        ({"notice_minutes": None}, ["/routing_guide/late_notice"]),
        ({"early": euros}, ["/routing_guide/early/currency"]),
        ({"earlier": euros}, ["/routing_guide/earlier"]),
    ):
        refused = await api.put("/v1/customers/UNFIT-GUIDE", {"routing_guide": guide | changes})
        assert refused.status_code == 422, changes
        assert [flaw["pointer"] for flaw in refused.json()["errors"]] == pointers
    assert (await api.get("/v1/customers/UNFIT-GUIDE")).status_code == 404


async def test_a_ship_notice_is_due_after_goods_left_and_called_for_when_it_is_missing(api: Api) -> None:
    sku = await api.stocked("NOTICED", {"DC-PA": 5})
    await partner(api, "NOTICED")
    made = await api.capture("noticed", {sku: 1}, customer={"id": "NOTICED"})
    order_id, name = made["order_id"], made["fulfillments"][0]["fulfillment_id"]
    url = f"/v1/fulfillments/{name}"

    planned = (await api.get(url)).json()
    early = await api.post(f"{url}/ship-notice", {"reference": "856-1"})
    await api.post(f"/v1/orders/{order_id}/release")
    await api.post(f"{url}/ship")
    left = (await api.get(url)).json()
    in_time = (await api.get(f"/v1/exceptions?order={order_id}")).json()["items"]
    api.clock.now += timedelta(minutes=61)
    missing = (await api.get(f"/v1/exceptions?order={order_id}")).json()["items"]
    future = await api.post(f"{url}/ship-notice", {"reference": "856-1", "at": "2030-01-01T00:00:00Z"})
    sent = await api.post(f"{url}/ship-notice", {"reference": "856-1"})
    again = await api.post(f"{url}/ship-notice", {"reference": "856-2"})
    settled = (await api.get(f"/v1/exceptions?order={order_id}")).json()["items"]

    assert planned["asn_due_at"] > planned["ship_by"]
    assert (early.status_code, early.json()["type"]) == (409, "/problems/not-possible-now")
    assert left["asn_due_at"] > left["shipped_at"]
    assert left["asn_sent_at"] is None
    assert in_time == []
    assert [(one["kind"], one["due_at"], one["lines"][0]["quantity"]) for one in missing] == [
        ("ship_notice", left["asn_due_at"], 1)
    ]
    assert [flaw["pointer"] for flaw in future.json()["errors"]] == ["/at"]
    assert sent.json()["asn_sent_at"] > left["asn_due_at"]
    assert again.json()["asn_sent_at"] == sent.json()["asn_sent_at"]
    assert settled == []
    async with api.system.pool.acquire() as connection:
        events = [one for one in await read_subject_events(connection, order_id) if one.kind == "ShipNoticeSent"]
    assert [(one.event.reference, one.event.is_late) for one in events] == [("856-1", True)]  # type: ignore[union-attr]


async def test_a_notice_that_nobody_waits_for_is_refused(api: Api) -> None:
    sku = await api.stocked("UNNOTICED")
    made = await api.capture("unnoticed", {sku: 1})
    name = made["fulfillments"][0]["fulfillment_id"]

    refused = await api.post(f"/v1/fulfillments/{name}/ship-notice", {"reference": "856-1"})
    stranger = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['ST-NYC'])}"}
    hidden = await api.post(f"/v1/fulfillments/{name}/ship-notice", {"reference": "856-1"}, headers=stranger)

    assert refused.status_code == 422
    assert hidden.status_code == 404
