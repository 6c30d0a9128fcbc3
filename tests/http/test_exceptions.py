"""The list of what needs a person, its fixes in one call or in bulk, and what an order says of lost units."""

from datetime import timedelta
from typing import Any

import pytest

from tests.http.conftest import Api, order
from troth.flows.orders.repromise import repromise_moved

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lose(api: Api, sku: str, name: str, units: int = 2, **changes: Any) -> str:
    """The id of an order whose units were counted away."""
    await api.stocked(sku, {"DC-PA": units})
    body = await api.capture(name, {sku: units}, **changes)
    counted = {"node": "DC-PA", "as_of": api.clock().isoformat(), "counts": [{"sku": sku, "on_hand": 0}]}
    assert (await api.post("/v1/inventory/counts", counted)).status_code == 200
    while (await repromise_moved(api.system)).changed:
        pass
    order_id: str = body["order_id"]
    return order_id


async def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/exceptions?limit=200{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_units_that_can_be_had_nowhere_are_listed_with_what_is_at_risk(api: Api) -> None:
    order_id = await lose(api, "EX-1", "ex-1")
    promised = (await api.get(f"/v1/orders/{order_id}")).json()

    (mine,) = await listed(api, f"&order={order_id}")

    assert (mine["exception_id"], mine["kind"], mine["subject"], mine["detail"]) == (
        f"line:{order_id}:1",
        "short",
        "1",
        "EX-1 at DC-PA is short",
    )
    price = promised["lines"][0]["unit_price"]["amount"]
    owed = {"amount": f"{2 * float(price):.2f}", "currency": "USD"}
    assert mine["at_risk"] == owed
    assert mine["lines"] == [{"line_id": "1", "sku": "EX-1", "quantity": 2, "owed": owed}]
    assert mine["due_at"] is not None
    assert mine["due_at"] == promised["lines"][0]["parked"]["promised_at"]


async def test_pages_go_on_where_the_one_before_ended(api: Api) -> None:
    for number in range(3):
        await lose(api, f"EX-2{number}", f"ex-2{number}")
    whole = await listed(api)

    page = (await api.get("/v1/exceptions?limit=1")).json()
    seen = list(page["items"])
    while page["next"]:
        page = (await api.get(f"/v1/exceptions?limit=1&cursor={page['next']}")).json()
        seen += page["items"]

    assert [one["exception_id"] for one in seen] == [one["exception_id"] for one in whole]
    scores = [one["risk"]["score"] for one in whole]
    assert scores == sorted(scores, reverse=True)


async def test_the_order_says_since_when_its_units_lie_nowhere(api: Api) -> None:
    order_id = await lose(api, "EX-3", "ex-3")

    body = (await api.get(f"/v1/orders/{order_id}")).json()

    parked = body["lines"][0]["parked"]
    assert (body["status"], body["lines"][0]["uncovered_quantity"], parked["is_waiting"]) == ("exception", 2, False)
    assert "exception" in [point["milestone"] for point in body["timeline"]]


async def test_who_is_bound_to_customers_sees_only_theirs(api: Api) -> None:
    await lose(api, "EX-4", "ex-4", customer={"id": "C-EX4"})
    theirs = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-EX4'])}"}
    others = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-OTHER'])}"}

    mine = (await api.get("/v1/exceptions", headers=theirs)).json()["items"]
    assert {one["customer"]["id"] for one in mine} == {"C-EX4"}
    assert (await api.get("/v1/exceptions", headers=others)).json()["items"] == []
    name = mine[0]["exception_id"]
    assert (await api.get(f"/v1/exceptions/{name}", headers=theirs)).status_code == 200
    for answer in (
        await api.get(f"/v1/exceptions/{name}", headers=others),
        await api.post(f"/v1/exceptions/{name}/mark", {"owner": "x"}, headers=others),
        await api.post(f"/v1/exceptions/{name}/fixes/wait-1", {"version": 1}, headers=others),
    ):
        assert answer.status_code == 404


async def test_who_is_bound_to_a_node_neither_lists_nor_fixes_in_bulk_what_they_may_not_see_singly(api: Api) -> None:
    await api.stocked("EX-41", {"DC-PA": 2})
    await api.stocked("EX-42", {"DC-IL": 2})
    order_id = (await api.capture("ex-41", {"EX-41": 2, "EX-42": 2}))["order_id"]
    counted = {"node": "DC-PA", "as_of": api.clock().isoformat(), "counts": [{"sku": "EX-41", "on_hand": 0}]}
    await api.post("/v1/inventory/counts", counted)
    while (await repromise_moved(api.system)).changed:
        pass
    await api.stocked("EX-41", {"DC-IL": 2})
    bound = {"authorization": f"Bearer {await api.key_for('orders:write', nodes=['DC-IL'])}"}
    before = (await api.get(f"/v1/orders/{order_id}")).json()
    body = {"fix": "re_source", "filter": {"sku": "EX-41"}, "apply": True}

    assert before["status"] == "exception"
    assert (await api.get(f"/v1/exceptions/line:{order_id}:1", headers=bound)).status_code == 404
    theirs = (await api.get(f"/v1/exceptions?order={order_id}", headers=bound)).json()
    done = (await api.post("/v1/exceptions/fixes", body, headers=bound)).json()

    assert (theirs["items"], theirs["counts"]) == ([], {})
    assert (done["matched"], done["fixed"], done["results"]) == (0, 0, [])
    assert (await api.get(f"/v1/orders/{order_id}")).json()["version"] == before["version"]
    assert (await api.post("/v1/exceptions/fixes", body)).json()["fixed"] == 1


async def test_what_moves_money_is_refused_to_who_is_bound_one_by_one_and_in_bulk(api: Api) -> None:
    order_id = await lose(api, "EX-45", "ex-45")
    bound = {"authorization": f"Bearer {await api.key_for('orders:write', customers=['C-1'])}"}
    name = f"line:{order_id}:1"
    refused = (
        await api.post(f"/v1/exceptions/{name}/fixes/retry_payment-1", {"version": 1}, headers=bound),
        await api.post("/v1/exceptions/fixes", {"fix": "credit", "filter": {}, "apply": True}, headers=bound),
    )
    assert [(one.status_code, one.json()["code"]) for one in refused] == [(403, "forbidden")] * 2


async def test_a_fix_is_carried_out_in_one_call_and_only_once(api: Api) -> None:
    order_id = await lose(api, "EX-5", "ex-5")
    await api.stocked("EX-5", {"DC-IL": 5})
    name = f"line:{order_id}:1"
    shown = (await api.get(f"/v1/exceptions/{name}")).json()
    fix = shown["fixes"][0]
    assert (fix["kind"], fix["is_whole"], fix["takes"]) == (
        "re_source",
        True,
        [{"sku": "EX-5", "node": "DC-IL", "quantity": 2, "left": 3}],
    )
    path, body = f"/v1/exceptions/{name}/fixes/{fix['fix_id']}", {"version": shown["version"], "reason": "by phone"}
    stale = await api.post(path, body | {"version": shown["version"] - 1})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/version-conflict")
    other = await api.post(f"/v1/exceptions/{name}/fixes/re_source-0", body)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/fix-outdated")

    done = await api.post(path, body)
    assert (done.status_code, done.json()["promised_at"]) == (200, fix["promised_at"])
    after = (await api.get(f"/v1/orders/{order_id}")).json()
    assert (after["status"], after["version"]) == ("promised", done.json()["version"])
    assert await listed(api, f"&order={order_id}") == []
    assert (await api.post(path, body)).status_code == 404


async def test_what_people_say_of_an_exception_is_shown_with_it(api: Api) -> None:
    order_id = await lose(api, "EX-6", "ex-6")
    name = f"line:{order_id}:1"
    until = (api.clock.now + timedelta(hours=4)).isoformat()
    said = await api.post(f"/v1/exceptions/{name}/mark", {"owner": "maya", "snoozed_until": until, "note": "called"})
    assert (said.status_code, said.json()["owner"]) == (200, "maya")
    assert await listed(api, f"&order={order_id}") == []
    assert [one["owner"] for one in await listed(api, f"&order={order_id}&snoozed=true")] == ["maya"]
    detail = (await api.get(f"/v1/exceptions/{name}")).json()
    assert [note["note"] for note in detail["notes"]] == ["called"]
    assert [one["kind"] for one in detail["done"]] == ["ExceptionMarked"]
    empty = await api.post(f"/v1/exceptions/{name}/mark", {})
    assert empty.status_code == 422


async def test_many_are_fixed_in_one_go_after_a_preview_that_does_nothing(api: Api) -> None:
    sku = "EX-7"
    orders = [await lose(api, sku, f"ex-7{number}", units=number + 1) for number in range(3)]
    await api.stocked(sku, {"DC-IL": 4})
    body = {"fix": "re_source", "filter": {"sku": sku}, "reason": "moved"}

    preview = (await api.post("/v1/exceptions/fixes", body)).json()

    assert (preview["matched"], preview["fixed"], preview["is_applied"]) == (3, 3, False)
    assert preview["contested"] == [{"sku": sku, "node": "DC-IL", "lacking": 2}]
    assert [(await api.get(f"/v1/orders/{one}")).json()["status"] for one in orders] == ["exception"] * 3

    done = (await api.post("/v1/exceptions/fixes", body | {"apply": True})).json()

    assert (done["matched"], done["fixed"], done["is_applied"]) == (3, 2, True)
    results = {one["order_id"]: one for one in done["results"]}
    statuses = {one: (await api.get(f"/v1/orders/{one}")).json()["status"] for one in orders}
    assert {one: result["fix"] is not None for one, result in results.items()} == {
        one: status == "promised" for one, status in statuses.items()
    }
    assert sorted(statuses.values()) == ["exception", "promised", "promised"]
    assert (await api.available(sku))["DC-IL"] in (0, 1)


async def test_an_exception_that_is_not_there_is_not_found(api: Api) -> None:
    for name in ("line:O-1:1", "nonsense", "stock::A@B@on_hand"):
        assert (await api.get(f"/v1/exceptions/{name}")).status_code == 404


async def test_counts_say_how_many_there_are_of_each_kind(api: Api) -> None:
    await lose(api, "EX-8", "ex-8")
    await api.stocked("EX-9")
    held = (await api.post("/v1/orders", order("ex-9", {"EX-9": 1}))).json()["order_id"]
    await api.post(f"/v1/orders/{held}/holds", {"type": "address", "reason": "no such street"})
    counts = (await api.get("/v1/exceptions?limit=1&kind=address")).json()
    assert [one["order_id"] for one in counts["items"]] == [held]
    assert counts["counts"]["address"] == 1
    assert counts["counts"]["short"] >= 1


async def overdue(api: Api, sku: str) -> str:
    """The path of the exception of a purchase order line of ten that should have come yesterday."""
    await api.stocked(sku, {"DC-PA": 1})
    due = (api.clock() - timedelta(days=1)).isoformat()
    lines = [{"node": "DC-PA", "sku": sku, "quantity": 10, "expected_at": due}]
    assert (await api.put(f"/v1/purchase-orders/{sku}", {"lines": lines})).status_code == 201
    (mine,) = await listed(api, f"&kind=overdue_supply&sku={sku}")
    assert (mine["order_id"], mine["node"], mine["detail"]) == (
        None,
        "DC-PA",
        f"10 of {sku}, purchase order {sku}: nothing promised",
    )
    return f"/v1/exceptions/{mine['exception_id']}".replace("%", "%25")


async def test_overdue_supply_is_expected_on_the_date_that_is_sent(api: Api) -> None:
    path = await overdue(api, "EX-9")
    fixes = {fix["kind"]: fix for fix in (await api.get(path)).json()["fixes"]}
    known = (api.clock() + timedelta(days=3)).isoformat()
    later = fixes["reschedule"]

    past = await api.post(f"{path}/fixes/{later['fix_id']}", {"version": 1, "expected_at": api.clock().isoformat()})
    done = await api.post(f"{path}/fixes/{later['fix_id']}", {"version": later["version"], "expected_at": known})

    assert list(fixes) == ["chase", "reschedule", "withdraw"]
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/expected_at")
    assert (done.status_code, done.json()["order_id"], done.json()["version"]) == (200, None, 2)
    assert done.json()["promised_at"] == known.replace("+00:00", "Z")
    (line,) = (await api.get("/v1/purchase-orders/EX-9")).json()["lines"]
    assert line["expected_at"] == known.replace("+00:00", "Z")
    assert await listed(api, "&kind=overdue_supply&sku=EX-9") == []


async def test_who_may_not_say_what_comes_may_ask_for_it_but_not_change_it(api: Api) -> None:
    path = await overdue(api, "EX-10")
    headers = {"authorization": f"Bearer {await api.key_for('orders:write')}"}
    kinds = [fix["kind"] for fix in (await api.client.get(path, headers=headers)).json()["fixes"]]
    named = {fix["kind"]: fix["fix_id"] for fix in (await api.get(path)).json()["fixes"]}

    refused = await api.client.post(
        f"{path}/fixes/{named['withdraw']}", json={"version": 1}, headers=headers | {"idempotency-key": "w-10"}
    )
    asked = await api.client.post(
        f"{path}/fixes/{named['chase']}", json={"version": 1}, headers=headers | {"idempotency-key": "c-10"}
    )

    assert kinds == ["chase"]
    assert (refused.status_code, asked.status_code) == (403, 200)
    assert (await api.get("/v1/purchase-orders/EX-10")).json()["lines"][0]["quantity"] == 10


async def test_what_a_fix_takes_and_what_is_lacking_is_told_in_the_measure_of_the_item(api: Api) -> None:
    sku = "EX-CABLE"
    await api.stocked(sku, {"DC-PA": 400}, decimals=2, unit="m")
    orders = [await api.capture(f"ex-cable-{number}", {sku: 2}) for number in range(2)]
    counted = {"node": "DC-PA", "as_of": api.clock().isoformat(), "counts": [{"sku": sku, "on_hand": 0}]}
    assert (await api.post("/v1/inventory/counts", counted)).status_code == 200
    while (await repromise_moved(api.system)).changed:
        pass
    await api.stocked(sku, {"DC-IL": 325}, decimals=2, unit="m")

    preview = (
        await api.post("/v1/exceptions/fixes", {"fix": "re_source", "filter": {"sku": sku}, "reason": "moved"})
    ).json()
    name = f"line:{orders[0]['order_id']}:1"
    fixes = (await api.get(f"/v1/exceptions/{name}")).json()["fixes"]

    assert preview["contested"] == [{"sku": sku, "node": "DC-IL", "lacking": 0.75}]
    (taken,) = next(fix["takes"] for fix in fixes if fix["kind"] == "re_source")
    assert (taken["quantity"], taken["left"]) == (2.0, 1.25)
