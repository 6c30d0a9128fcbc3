"""Typed holds of the API: what is placed, by whom it is lifted, and what an order says may still be done."""

import pytest

from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def captured(api: Api, name: str) -> str:
    await api.stocked(f"HOLD-{name}")
    order_id: str = (await api.capture(f"hold-{name}", {f"HOLD-{name}": 2}))["order_id"]
    return order_id


async def test_a_hold_is_answered_with_its_terms_and_what_it_blocks_is_no_longer_possible(api: Api) -> None:
    order_id = await captured(api, "a")
    body = {"type": "credit", "reason": "over the limit", "owner": "maya", "blocks": ["release", "change"]}

    answer = (await api.post(f"/v1/orders/{order_id}/holds", body)).json()

    (hold,) = answer["holds"]
    named = ("type", "owner", "blocks", "at_end", "lift_on", "expires_at", "escalated_at")
    assert {name: hold[name] for name in named} == {
        "type": "credit",
        "owner": "maya",
        "blocks": ["release", "change"],
        "at_end": "lift",
        "lift_on": ["credit_granted"],
        "expires_at": None,
        "escalated_at": None,
    }
    assert (answer["status"], answer["possible"]["actions"], answer["possible"]["changes"]) == (
        "on_hold",
        ["cancel", "hold"],
        [],
    )
    change = {"actions": [{"action": "set_quantity", "line_id": "1", "quantity": 1}]}
    refused = await api.post(f"/v1/orders/{order_id}/changes", change)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/order-on-hold")


async def test_a_hold_that_is_asked_for_twice_is_placed_once(api: Api) -> None:
    order_id = await captured(api, "twice")
    url, body = f"/v1/orders/{order_id}/holds", {"type": "fraud", "reason": "the address differs"}
    first = (await api.post(url, body)).json()

    again = await api.post(url, body)
    longer = (await api.post(url, body | {"expires_at": "2026-12-24T12:00:00Z"})).json()
    other = (await api.post(url, body | {"reason": "the name differs"})).json()

    assert (again.status_code, again.json()["version"]) == (200, first["version"])
    assert [hold["hold_id"] for hold in again.json()["holds"]] == ["H1"]
    assert [hold["hold_id"] for hold in longer["holds"]] == ["H1", "H2"]
    assert [hold["hold_id"] for hold in other["holds"]] == ["H1", "H2", "H3"]


async def test_somebody_else_looks_after_a_hold(api: Api) -> None:
    order_id = await captured(api, "b")
    await api.post(f"/v1/orders/{order_id}/holds", {"type": "fraud"})
    answer = await api.post(f"/v1/orders/{order_id}/holds/H1/assign", {"owner": "ann"})
    assert (answer.status_code, answer.json()["holds"][0]["owner"]) == (200, "ann")
    missing = await api.post(f"/v1/orders/{order_id}/holds/H2/assign", {"owner": "ann"})
    assert missing.status_code == 404


async def test_a_hold_is_not_given_to_nobody(api: Api) -> None:
    order_id = await captured(api, "bb")
    placed = (await api.post(f"/v1/orders/{order_id}/holds", {"type": "fraud"})).json()
    refused = await api.post(f"/v1/orders/{order_id}/holds/H1/assign", {"owner": " "})
    assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (422, ["/owner"])
    after = (await api.get(f"/v1/orders/{order_id}")).json()
    assert (after["version"], after["holds"]) == (placed["version"], placed["holds"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"type": "frod"}, "/type"),
        ({"type": "fraud", "blocks": []}, "/blocks"),
        ({"type": "fraud", "blocks": ["everything"]}, "/blocks/0"),
        ({"type": "fraud", "at_end": "cancel"}, "/expires_at"),
        ({"type": "manual", "at_end": "escalate", "expires_at": "2026-12-01T09:00:00Z"}, "/escalate_to"),
    ],
)
async def test_what_does_not_fit_is_named_by_its_field_and_nothing_is_held(
    api: Api, body: dict[str, object], pointer: str
) -> None:
    order_id = await captured(api, f"c-{pointer.replace('/', '-')}")
    refused = await api.post(f"/v1/orders/{order_id}/holds", body)
    assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (422, [pointer])
    assert (await api.get(f"/v1/orders/{order_id}")).json()["holds"] == []


async def test_a_hold_that_is_kept_for_a_role_is_not_lifted_by_a_program(api: Api) -> None:
    rules = {"types": [{"name": "vetting", "lift_roles": ["operator"]}]}
    assert (await api.put("/v1/hold-rules/vetting", rules)).status_code == 201
    acted = await api.post("/v1/hold-rules/vetting/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200
    types = {one["name"]: one["lift_roles"] for one in (await api.get("/v1/hold-types")).json()["types"]}
    assert (types["vetting"], types["fraud"]) == (["operator"], [])
    order_id = await captured(api, "d")
    assert (await api.post(f"/v1/orders/{order_id}/holds", {"type": "vetting"})).status_code == 200
    feed = {"authorization": f"Bearer {await api.key_for('orders:write')}"}

    refused = await api.delete(f"/v1/orders/{order_id}/holds/H1", headers=feed)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/lift-reserved")
    assert (await api.get(f"/v1/orders/{order_id}")).json()["status"] == "on_hold"

    assert (await api.delete(f"/v1/orders/{order_id}/holds/H1")).json()["status"] == "promised"
