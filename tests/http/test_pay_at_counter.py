"""Reserve and pay in store: ordered without a payment, kept for a time, paid to the cent at handover, or freed."""

from typing import Any

import pytest

from tests.http.conftest import Api, order
from tests.http.test_fulfillments import on_hand, released
from troth.flows.money.settle import follow_orders, settle_due
from troth.flows.orders.due import act_on_due

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_STORE = {"method": "pickup", "pickup_node": "ST-NYC", "service": ""}


def unpaid(amount: str) -> list[dict[str, Any]]:
    """The payment of an order that is paid at the counter."""
    return [
        {
            "provider": "counter",
            "reference": "at pickup",
            "amount": {"amount": amount, "currency": "USD"},
            "status": "pending",
        }
    ]


async def settle(api: Api) -> None:
    """Let the money of all orders follow what happened."""
    while await follow_orders(api.system.pool, api.clock()):
        pass
    while await settle_due(api.system, limit=50):
        pass


async def events(api: Api, name: str) -> list[str]:
    return [one["kind"] for one in (await api.get(f"/v1/orders/{name}/events")).json()["items"]]


async def test_goods_are_handed_over_once_they_are_paid_to_the_cent(api: Api) -> None:
    sku = await api.stocked("COUNTER-PAY", {"ST-NYC": 5})
    path = await released(api, "reserve-1", {sku: 2}, payments=unpaid("39.80"), **AT_STORE)
    ready = (await api.post(f"{path}/ready", {"staging": "A3"})).json()
    due = ready["due_at_counter"]
    hours = (await api.get(path)).json()["pickup"]
    without = await api.post(f"{path}/collect", {"collected_by": "Ada Park"})
    less = {"amount": {"amount": "0.01", "currency": "USD"}}
    wrong = await api.post(f"{path}/collect", {"collected_by": "Ada Park", "paid": less})
    paid = {"amount": due, "tender": "cash", "receipt": "R-77"}
    await settle(api)
    before = (await api.get("/v1/orders/web:reserve-1/payments")).json()

    done = await api.post(f"{path}/collect", {"collected_by": "Ada Park", "paid": paid})
    await settle(api)

    after = (await api.get("/v1/orders/web:reserve-1/payments")).json()
    assert due == {"amount": "39.80", "currency": "USD"}
    assert hours["keep_until"] > hours["ready_at"]
    assert [one["pointer"] for one in without.json()["errors"]] == ["/paid"]
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/paid/amount"]
    assert (done.status_code, done.json()["status"], done.json()["due_at_counter"]) == (200, "collected", None)
    assert before["captured"]["amount"] == "0.00"
    assert (after["captured"]["amount"], after["lacking"]["amount"]) == ("39.80", "0.00")
    assert "PaymentDue" not in await events(api, "web:reserve-1")  # the till has the money: nobody is asked for it
    assert await on_hand(api, sku) == {"ST-NYC": (3, 0)}


async def test_what_nobody_comes_for_and_pays_is_freed_sooner_and_nothing_is_given_back(api: Api) -> None:
    sku = await api.stocked("COUNTER-LAPSE", {"ST-NYC": 5})
    path = await released(api, "reserve-2", {sku: 1}, payments=unpaid("19.90"), **AT_STORE)
    await api.post(f"{path}/ready", {"staging": "A3"})
    await settle(api)
    api.clock.advance(hours=49)
    await act_on_due(api.system, api.clock(), limit=100)
    lapsed = (await api.get(path)).json()
    back = await api.post(f"{path}/put-back")
    await settle(api)

    account = (await api.get("/v1/orders/web:reserve-2/payments")).json()
    assert (lapsed["status"], lapsed["due_at_counter"], back.status_code) == ("uncollected", None, 200)
    assert (account["captured"]["amount"], account["refunded"]["amount"]) == ("0.00", "0.00")
    assert "PaymentDue" not in await events(api, "web:reserve-2")
    assert await on_hand(api, sku) == {"ST-NYC": (5, 0)}


async def test_nothing_is_paid_at_a_counter_to_which_nobody_comes(api: Api) -> None:
    sku = await api.stocked("COUNTER-SHIP", {"ST-NYC": 5, "DC-PA": 5})
    refused = await api.post("/v1/orders", order("reserve-3", {sku: 1}, payments=unpaid("19.90")))
    await released(api, "reserve-4", {sku: 1}, payments=unpaid("19.90"), **AT_STORE)
    version = (await api.get("/v1/orders/web:reserve-4")).json()["version"]
    changed = await api.post(
        "/v1/orders/web:reserve-4/changes",
        {"version": version, "actions": [{"action": "set_method", "method": "ship"}], "reason": "asked"},
    )

    assert [one["pointer"] for one in refused.json()["errors"]] == ["/payments/0/provider"]
    assert changed.status_code in (409, 422)
    assert (await api.get("/v1/orders/web:reserve-4")).json()["version"] == version
