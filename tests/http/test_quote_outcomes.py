"""Quote and then order with nothing changed: both say the same, also of what waits, is held, or is still to come."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.builders import NOW
from tests.documents import routing
from tests.http.conftest import Api, order
from tests.http.documents import activate
from tests.http.test_quotes import inquiry
from troth.flows.door.requests import Accepted
from troth.model.commands import ExpectedLine, ExpectSupply
from troth.model.ids import NodeId, Sku

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_in_force(api: Api) -> AsyncIterator[None]:
    """What a test puts in force ends with it."""
    yield
    await api.post("/v1/routings/outcome/retire", {"reason": "test"})


async def decide_by(api: Api, **tier: Any) -> None:
    """Put a routing of one tier in force."""
    saved = await api.put("/v1/routings/outcome", routing(name="outcome", tiers=[{"name": "all", **tier}]))
    await activate(api, "outcome", saved.json()["version"])


async def both(api: Api, external_id: str, lines: dict[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The quote of what is asked, and the order of it right after."""
    found = (await api.post("/v1/quotes", inquiry(lines))).json()
    return found, await api.capture(external_id, lines)


async def test_an_order_that_would_wait_is_an_option_that_says_so(api: Api) -> None:
    sku = await api.stocked("WAITS", {"DC-PA": 0})
    await decide_by(api, none="queue", partial="queue", cancel_after_days=5)

    found, captured = await both(api, "waits-1", {sku: 2})

    (option,) = found["options"]
    until = NOW + timedelta(days=5)
    assert (option["is_complete"], option["promised_at"], option["shipments"]) == (False, None, [])
    assert [(one["line_id"], one["quantity"], one["reason"], one["is_waiting"]) for one in option["waiting"]] == [
        ("1", 2, "no_stock", True)
    ]
    assert option["waiting"][0]["until"].startswith(f"{until:%Y-%m-%dT%H:%M}")
    assert (found["disposition"]["tier"], found["disposition"]["action"]) == ("all", "queue")
    assert found["disposition"]["until"] == option["waiting"][0]["until"]
    assert (option["will_be_held"], option["disposition"]) == (False, found["disposition"])
    assert (captured["status"], captured["promise"]["promised_at"]) == ("backordered", None)
    assert captured["promise"]["message"] == option["message"]
    assert option["message"] == "2 units wait for stock. Until Saturday, November 28 at most."


async def test_a_part_that_waits_leaves_the_whole_without_a_date_and_the_rest_with_its_own(api: Api) -> None:
    here, gone = await api.stocked("PART-HERE", {"DC-PA": 5}), await api.stocked("PART-GONE", {"DC-PA": 0})
    await decide_by(api, none="queue", partial="queue")

    found, captured = await both(api, "part-1", {here: 1, gone: 1})

    option = found["options"][0]
    assert (option["is_complete"], option["promised_at"], captured["promise"]["promised_at"]) == (False, None, None)
    assert [(line["line_id"], line["promised_at"]) for line in option["lines"]] == [
        ("1", captured["lines"][0]["promised_at"])
    ]
    assert captured["lines"][0]["promised_at"] is not None
    assert captured["lines"][1]["promised_at"] is None
    assert [(one["line_id"], one["until"]) for one in option["waiting"]] == [("2", None)]
    assert option["message"] == captured["promise"]["message"]
    assert option["message"] == "1 unit waits for stock. Ships today from DC-PA; arrives tomorrow."


async def test_what_needs_a_person_is_quoted_as_held(api: Api) -> None:
    sku = await api.stocked("PERSON", {"DC-PA": 1})
    await decide_by(api, none="hold", partial="hold")

    found, captured = await both(api, "person-1", {sku: 3})

    option = found["options"][0]
    assert (option["will_be_held"], option["disposition"]["action"]) == (True, "hold")
    assert [(one["quantity"], one["is_waiting"], one["until"]) for one in option["waiting"]] == [(2, False, None)]
    assert (captured["status"], [hold["type"] for hold in captured["holds"]]) == ("exception", ["routing"])
    assert option["message"] == captured["promise"]["message"]
    assert option["message"] == (
        "On hold: waits for a person. 2 units cannot be promised at this moment. "
        "If let go in time: Ships today from DC-PA; arrives tomorrow."
    )


async def test_a_whole_order_that_a_tier_holds_does_not_say_that_it_just_ships(api: Api) -> None:
    sku = await api.stocked("LOOKED-AT", {"DC-PA": 5})
    await decide_by(api, full="hold")

    found, captured = await both(api, "looked-at-1", {sku: 1})

    option = found["options"][0]
    assert (option["is_complete"], option["will_be_held"], option["waiting"]) == (True, True, [])
    assert option["disposition"]["reason"] in captured["holds"][0]["reason"]
    assert captured["status"] == "on_hold"
    assert option["promised_at"] == captured["promise"]["promised_at"]
    assert option["message"] == captured["promise"]["message"]
    assert option["message"].startswith("On hold: waits for a person. If let go in time: Ships today from DC-PA;")
    assert {one["will_be_held"] for one in found["options"]} == {True}


async def test_a_backorder_says_until_when_it_waits(api: Api) -> None:
    sku = await api.stocked("TO-COME", {"DC-PA": 0})
    line = ExpectedLine(1, NodeId("DC-PA"), Sku(sku), 10, NOW + timedelta(days=9))
    assert isinstance(await api.system.door.one(ExpectSupply("PO-OUT", (line,)), actor="test"), Accepted)
    await decide_by(api, none="backorder", partial="backorder")

    found, captured = await both(api, "to-come-1", {sku: 1})

    option = found["options"][0]
    assert (option["is_complete"], option["waiting"]) == (True, [])
    assert {name: option["disposition"][name] for name in ("tier", "action", "until")} == {
        "tier": "all", "action": "backorder", "until": captured["fulfillments"][0]["ship_by"],
    }  # fmt: skip
    assert (option["promised_at"], option["message"]) == (
        captured["promise"]["promised_at"], captured["promise"]["message"],
    )  # fmt: skip


async def test_what_would_be_refused_has_no_whole_date_and_nothing_that_waits(api: Api) -> None:
    sku = await api.stocked("REFUSED", {"DC-PA": 1})

    found = (await api.post("/v1/quotes", inquiry({sku: 2}))).json()
    answer = await api.post("/v1/orders", order("refused-1", {sku: 2}))

    option = found["options"][0]
    assert (option["is_complete"], option["promised_at"], option["waiting"]) == (False, None, [])
    assert (found["disposition"], option["disposition"]) == (None, None)
    assert len(found["unavailable"]) == 1
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient-inventory")


async def test_what_would_wait_can_be_ordered_by_the_name_of_its_plan(api: Api) -> None:
    sku = await api.stocked("WAITS-NAMED", {"DC-PA": 0})
    await decide_by(api, none="queue")
    (option,) = (await api.post("/v1/quotes", inquiry({sku: 1}))).json()["options"]

    captured = await api.capture("waits-named-1", {sku: 1}, plan_id=option["plan_id"])

    assert captured["promise"]["message"] == option["message"]
