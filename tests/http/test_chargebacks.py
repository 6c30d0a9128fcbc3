"""What trading partners take off: written once as it happens, taken back where it did not, decided, and added up."""

from datetime import timedelta
from typing import Any

import pytest

from tests.http.conftest import Api
from tests.http.test_routing_guides import partner
from troth.flows.money.chargebacks import charge_due, follow_guided
from troth.model.chargeback import ChargebackDecided, ChargebackIncurred
from troth.store.events import read_subject_events

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def charged(api: Api, order_id: str) -> list[dict[str, Any]]:
    """The chargebacks of an order once the worker has looked at it, those that were written first first."""
    while await follow_guided(api.system):
        pass
    while await charge_due(api.system, limit=100):
        pass
    items: list[dict[str, Any]] = (await api.get(f"/v1/chargebacks?order={order_id}")).json()["items"]
    return sorted(items, key=lambda one: int(one["chargeback_id"].rpartition("-B")[2]))


async def left(api: Api, name: str, **changes: Any) -> tuple[str, str]:
    """An order of a partner of which everything has left: its id, and the path of its shipment."""
    made = await api.capture(name.lower(), {name: 2}, customer={"id": name}, **changes)
    order_id, url = made["order_id"], f"/v1/fulfillments/{made['fulfillments'][0]['fulfillment_id']}"
    assert (await api.post(f"/v1/orders/{order_id}/release")).status_code == 200
    assert (await api.post(f"{url}/ship")).status_code == 200
    return order_id, url


def told(items: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["rule"], one["state"], one["amount"]["amount"]) for one in items]


async def statement(api: Api, customer: str, **period: str) -> dict[str, str]:
    """All that the chargebacks of a customer add up to."""
    found = (await api.get("/v1/chargebacks/statements", params={"customer": customer, **period})).json()["items"]
    if not found:
        return {}
    total = found[0]["total"]
    assert total.pop("rule") is None
    for name, amount in total.items():
        of_rules = sum(float(rule[name]["amount"]) for rule in found[0]["rules"])
        assert f"{of_rules:.2f}" == amount["amount"], name
    return {name: amount["amount"] for name, amount in total.items()}


async def test_a_missing_notice_is_charged_once_when_it_is_due_and_taken_back_when_it_was_in_time(api: Api) -> None:
    await api.stocked("CB-NOTICE")
    await partner(api, "CB-NOTICE")
    order_id, url = await left(api, "CB-NOTICE", service="express")
    in_time = api.clock.now + timedelta(minutes=30)
    before = await charged(api, order_id)
    api.clock.now += timedelta(minutes=61)
    missing = await charged(api, order_id)
    again = await charged(api, order_id)
    sent = await api.post(f"{url}/ship-notice", {"reference": "856-1", "at": in_time.isoformat()})
    after = await charged(api, order_id)

    assert before == []
    assert told(missing) == [("late_notice", "incurred", "200.00")]
    assert missing[0]["guide"] == "CB-NOTICE@1"
    assert missing[0]["incurred_at"] == (in_time + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    assert again == missing
    assert sent.status_code == 200
    assert told(after) == [("late_notice", "taken_back", "200.00")]
    assert await statement(api, "CB-NOTICE") == {}
    async with api.system.pool.acquire() as connection:
        events = [one.event for one in await read_subject_events(connection, order_id)]
    assert sum(isinstance(event, ChargebackIncurred) for event in events) == 1
    assert [event.state for event in events if isinstance(event, ChargebackDecided)] == ["taken_back"]


async def test_a_notice_that_was_sent_late_stays_charged(api: Api) -> None:
    await api.stocked("CB-LATE-NOTICE")
    await partner(api, "CB-LATE-NOTICE")
    order_id, url = await left(api, "CB-LATE-NOTICE", service="express")
    api.clock.now += timedelta(minutes=61)
    await charged(api, order_id)
    await api.post(f"{url}/ship-notice", {"reference": "856-1"})

    assert told(await charged(api, order_id)) == [("late_notice", "incurred", "200.00")]


async def test_what_came_late_by_another_carrier_is_charged_by_line_and_shipment_beside_what_was_expected(
    api: Api,
) -> None:
    await api.stocked("CB-LATE", {"DC-PA": 9})
    await partner(api, "CB-LATE", notice_minutes=None, late_notice={"amount": "0.00", "currency": "USD"})
    need_by = (api.clock.now + timedelta(hours=6)).isoformat()
    order_id, url = await left(api, "CB-LATE", service="standard", need_by=need_by)
    on_the_way = await charged(api, order_id)
    api.clock.now += timedelta(days=5)
    await api.post(f"{url}/deliver")
    arrived = await charged(api, order_id)

    assert told(on_the_way) == [("wrong_carrier", "incurred", "250.00")]
    assert told(arrived) == [("wrong_carrier", "incurred", "250.00"), ("late", "incurred", "51.19")]  # 50, 3 % of 39.80
    assert (arrived[1]["line_id"], arrived[1]["quantity"]) == ("1", 2)
    sums = await statement(api, "CB-LATE")
    assert (sums["expected"], sums["incurred"], sums["open"]) == ("301.19", "301.19", "301.19")


async def test_what_comes_before_its_window_is_charged(api: Api) -> None:
    await api.stocked("CB-EARLY")
    plain = {"notice_minutes": None, "late_notice": {"amount": "0.00", "currency": "USD"}, "services": ["standard"]}
    await partner(api, "CB-EARLY", early={"amount": "12.00", "currency": "USD"}, **plain)
    not_before = (api.clock.now + timedelta(days=6)).isoformat()
    order_id, url = await left(api, "CB-EARLY", not_before=not_before)
    api.clock.now += timedelta(days=1)
    await api.post(f"{url}/deliver")

    assert told(await charged(api, order_id)) == [("early", "incurred", "12.00")]


async def test_what_is_not_sent_for_want_of_it_is_charged_and_what_the_partner_cancels_is_not(api: Api) -> None:
    await api.stocked("CB-SHORT", {"DC-PA": 5})
    await partner(api, "CB-SHORT", services=[])
    made = await api.capture("cb-short", {"CB-SHORT": 8}, customer={"id": "CB-SHORT"}, fill="partial", backorder=False)
    order_id = made["order_id"]
    at_once = await charged(api, order_id)
    await api.post(
        f"/v1/orders/{order_id}/cancel",
        {"reason": "fewer", "by": "customer", "lines": [{"line_id": "1", "quantity": 1}]},
    )
    await api.post(f"/v1/orders/{order_id}/release")
    work = f"/v1/fulfillments/{made['fulfillments'][0]['fulfillment_id']}"
    picked = await api.post(f"{work}/pick", {"lines": [{"line_id": "1", "quantity": 3, "short_reason": "not_found"}]})
    parked = await charged(api, order_id)
    gave_up = await api.post(
        f"/v1/orders/{order_id}/cancel", {"reason": "none left", "lines": [{"line_id": "1", "quantity": 1}]}
    )
    after = await charged(api, order_id)

    assert told(at_once) == [("short", "incurred", "2.99")]  # 5 % of 3 at 19.90
    assert picked.status_code == 200, picked.text
    assert parked == at_once
    assert gave_up.status_code == 200, gave_up.text
    assert told(after) == [("short", "incurred", "2.99"), ("short", "incurred", "0.99")]  # 5 % of 4 is 3.98
    assert [one["quantity"] for one in after] == [3, 1]
    assert (await statement(api, "CB-SHORT"))["expected"] == "2.99"


async def test_each_shipment_after_the_first_is_charged(api: Api) -> None:
    await api.stocked("CB-SPLIT-A", {"DC-PA": 5})
    await api.stocked("CB-SPLIT-B", {"DC-IL": 5})
    free = {"notice_minutes": None, "late_notice": {"amount": "0.00", "currency": "USD"}, "services": ["standard"]}
    await partner(api, "CB-SPLIT", **free)
    made = await api.capture("cb-split", {"CB-SPLIT-A": 1, "CB-SPLIT-B": 1}, customer={"id": "CB-SPLIT"})
    await api.post(f"/v1/orders/{made['order_id']}/release")
    found = []
    for work in made["fulfillments"]:
        await api.post(f"/v1/fulfillments/{work['fulfillment_id']}/ship")
        found.append(told(await charged(api, made["order_id"])))

    assert found == [[], [("split", "incurred", "25.00")]]
    sums = await statement(api, "CB-SPLIT")
    assert (sums["expected"], sums["incurred"]) == ("25.00", "25.00")


async def test_one_is_disputed_accepted_in_part_and_then_over_and_the_account_owes_so_much_less(api: Api) -> None:
    await api.stocked("CB-DECIDED")
    await partner(api, "CB-DECIDED", services=[])
    limit = {"credit_limit": {"amount": "1000.00", "currency": "USD"}}
    terms = (await api.get("/v1/customers/CB-DECIDED")).json()["routing_guide"]
    guide = {name: value for name, value in terms.items() if name != "name"}
    guided = await api.put("/v1/customers/CB-DECIDED", {"routing_guide": guide, **limit})
    order_id, _url = await left(api, "CB-DECIDED")
    api.clock.now += timedelta(hours=2)
    (one,) = await charged(api, order_id)
    url, key = f"/v1/chargebacks/{one['chargeback_id']}/decide", {"idempotency-key": "cb-decided"}
    before = (await api.get("/v1/customers/CB-DECIDED")).json()["credit"]
    disputed = await api.post(url, {"decision": "dispute", "reason": "their dock was closed"})
    twice = await api.post(url, {"decision": "dispute"})
    too_much = await api.post(url, {"decision": "accept", "amount": {"amount": "200.01", "currency": "USD"}})
    for_nothing = await api.post(url, {"decision": "waive", "amount": {"amount": "1.00", "currency": "USD"}})
    part = {"decision": "accept", "amount": {"amount": "150.00", "currency": "USD"}, "reference": "CB-881"}
    accepted = await api.post(url, part, headers=key)
    repeated = await api.post(url, part, headers=key)
    over = await api.post(url, {"decision": "waive"})
    credit = (await api.get("/v1/customers/CB-DECIDED")).json()["credit"]

    assert guided.status_code == 200, guided.text
    assert disputed.json()["state"] == "disputed"
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/not-possible-now")
    assert [flaw["pointer"] for flaw in too_much.json()["errors"]] == ["/amount"]
    assert [flaw["pointer"] for flaw in for_nothing.json()["errors"]] == ["/amount"]
    assert (accepted.json()["state"], accepted.json()["accepted"]["amount"]) == ("accepted", "150.00")
    assert repeated.json() == accepted.json()
    assert over.status_code == 409
    assert await charged(api, order_id) == [accepted.json()]
    sums = await statement(api, "CB-DECIDED")
    assert (sums["incurred"], sums["open"], sums["disputed"]) == ("200.00", "0.00", "0.00")
    assert (sums["accepted"], sums["waived"]) == ("150.00", "50.00")
    assert credit["charged_back"]["amount"] == "150.00"
    assert float(credit["used"]["amount"]) == float(before["used"]["amount"]) - 150


async def test_a_partner_sees_its_own_and_decides_nothing_and_a_node_sees_none(api: Api) -> None:
    await api.stocked("CB-MINE")
    await partner(api, "CB-MINE", services=[])
    order_id, _url = await left(api, "CB-MINE")
    api.clock.now += timedelta(hours=2)
    (one,) = await charged(api, order_id)
    scopes = ("orders:read", "orders:write")
    theirs = {"authorization": f"Bearer {await api.key_for(*scopes, customers=['CB-MINE'])}"}
    others = {"authorization": f"Bearer {await api.key_for(*scopes, customers=['C-9'])}"}
    node = {"authorization": f"Bearer {await api.key_for(*scopes, nodes=['DC-PA'])}"}

    seen = (await api.get("/v1/chargebacks", headers=theirs)).json()["items"]
    unseen = (await api.get("/v1/chargebacks?customer=CB-MINE", headers=others)).json()["items"]
    sums = (await api.get("/v1/chargebacks/statements", headers=others)).json()["items"]
    decided = await api.post(f"/v1/chargebacks/{one['chargeback_id']}/decide", {"decision": "waive"}, headers=theirs)

    assert [each["chargeback_id"] for each in seen] == [one["chargeback_id"]]
    assert (unseen, sums) == ([], [])
    assert decided.status_code == 403
    assert (await api.get("/v1/chargebacks", headers=node)).status_code == 403
    assert (await charged(api, order_id))[0]["state"] == "incurred"


async def test_chargebacks_are_listed_page_by_page_within_a_period_and_by_what_they_are(api: Api) -> None:
    await api.stocked("CB-PAGED")
    await partner(api, "CB-PAGED", services=[])
    begun = api.clock.now
    for number in range(3):
        await api.stocked(f"CB-PAGED-{number}")
        made = await api.capture(f"cb-paged-{number}", {f"CB-PAGED-{number}": 1}, customer={"id": "CB-PAGED"})
        await api.post(f"/v1/orders/{made['order_id']}/release")
        await api.post(f"/v1/fulfillments/{made['fulfillments'][0]['fulfillment_id']}/ship")
        api.clock.now += timedelta(hours=2)
        await charged(api, made["order_id"])
    path = "/v1/chargebacks?customer=CB-PAGED&rule=late_notice&state=incurred"
    first = (await api.get(f"{path}&limit=2")).json()
    rest = (await api.get(f"{path}&limit=2&cursor={first['next']}")).json()
    params = {"since": begun.isoformat(), "until": (begun + timedelta(hours=2)).isoformat()}
    early = (await api.get("/v1/chargebacks", params={"customer": "CB-PAGED", **params})).json()["items"]

    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    times = [one["incurred_at"] for one in (*first["items"], *rest["items"])]
    assert times == sorted(times, reverse=True)
    assert len(early) == 1
    assert (await statement(api, "CB-PAGED", **params))["incurred"] == "200.00"
    assert (await statement(api, "CB-PAGED"))["incurred"] == "600.00"
    assert (await api.get("/v1/chargebacks?customer=CB-PAGED&state=waived")).json()["items"] == []
