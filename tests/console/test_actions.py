"""What an operator asks for, and how a no is shown."""

import re
from datetime import UTC, datetime

import httpx
import pytest

from tests.builders import accepted, capture, stock
from tests.console.conftest import post
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.system import System
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.model.ids import OrderId
from troth.model.lifecycle import AllocationState
from troth.model.order import Method, Order
from troth.model.status import OrderStatus, fulfillment_status, order_status
from troth.store.orders import read_orders


async def _captured(system: System, units: int = 3) -> str:
    return accepted(await system.door.one(capture("W-1", {"A": units}), actor="test")).order_id


async def _now(system: System, order_id: str) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [OrderId(order_id)]))[OrderId(order_id)]


async def test_a_hold_is_placed_in_the_name_of_who_asked_and_lifted_again(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _captured(system)
    here = f"/orders/{name}"
    held = await post(client, here, f"{here}/hold", type="fraud", reason="odd address", until="2026-12-01T10:00")
    assert (held.status_code, held.headers["location"]) == (303, f"/console{here}?done=hold")
    order = await _now(system, name)
    assert [(hold.type, hold.reason, hold.placed_by) for hold in order.holds] == [("fraud", "odd address", "user/maya")]
    assert order_status(order) is OrderStatus.ON_HOLD
    assert "The hold is placed." in (await client.get(held.headers["location"])).text
    given = await post(client, here, f"{here}/extend", hold_id="H1", until="2026-12-02T10:00")
    assert (given.status_code, given.headers["location"]) == (303, f"/console{here}?done=extend")
    assert (await _now(system, name)).holds[0].expires_at == datetime(2026, 12, 2, 10, tzinfo=UTC)
    sooner = await post(client, here, f"{here}/extend", hold_id="H1", until="2026-12-01T10:00")
    assert "Must lie in the future, and be later than" in sooner.text
    lifted = await post(client, here, f"{here}/lift", hold_id="H1")
    assert lifted.status_code == 303
    assert order_status(await _now(system, name)) is OrderStatus.PROMISED


async def test_a_form_sent_twice_asks_once(client: httpx.AsyncClient, system: System) -> None:
    name = await _captured(system)
    here = f"/orders/{name}"
    for _ in range(2):
        sent = await post(client, here, f"{here}/hold", key="one form", type="manual", reason="checking")
        assert sent.status_code == 303
    assert len((await _now(system, name)).holds) == 1


async def test_a_hold_without_reason_or_with_a_past_end_is_refused_in_words(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _captured(system)
    here = f"/orders/{name}"
    for fields, words in (
        ({"type": "fraud", "reason": " "}, "A hold needs a type and a reason."),
        ({"type": "fraud", "reason": "x", "until": "2020-01-01T00:00"}, "A hold must end in the future."),
        ({"type": "fraud", "reason": "x", "until": "tomorrow"}, "The time until which to hold is not a time."),
    ):
        refused = await post(client, here, f"{here}/hold", **fields)
        assert refused.status_code == 409
        assert words in refused.text
        assert 'role="alert"' in refused.text
    assert (await _now(system, name)).holds == ()


async def test_an_order_is_released_and_a_second_release_is_refused_in_words(
    client: httpx.AsyncClient, system: System
) -> None:
    name = await _captured(system)
    here = f"/orders/{name}"
    assert (await post(client, here, f"{here}/release")).status_code == 303
    assert order_status(await _now(system, name)) is OrderStatus.RELEASED
    refused = await post(client, here, f"{here}/release")
    assert refused.status_code == 409
    assert "cannot be done in the state" in refused.text


async def test_a_held_order_is_not_released(client: httpx.AsyncClient, system: System) -> None:
    name = await _captured(system)
    here = f"/orders/{name}"
    await post(client, here, f"{here}/hold", type="manual", reason="checking")
    refused = await post(client, here, f"{here}/release")
    assert refused.status_code == 409
    assert "Its holds: H1." in refused.text


async def test_units_of_lines_are_canceled_and_then_the_rest(client: httpx.AsyncClient, system: System) -> None:
    name = await _captured(system)
    here = f"/orders/{name}"
    some = {"what": "lines", "line:1": "2", "reason": "customer called"}
    assert (await post(client, here, f"{here}/cancel", **some)).status_code == 303
    assert (await _now(system, name)).lines[0].canceled_quantity == 2
    assert (await post(client, here, f"{here}/cancel", what="all", reason="no stock")).status_code == 303
    assert order_status(await _now(system, name)) is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"what": "all"}, "Canceling needs a reason."),
        ({"what": "lines", "reason": "x"}, "Say how many units of which line to cancel"),
        (
            {"what": "lines", "reason": "x", "line:1": "-1"},
            "The quantity must be a whole number: A is sold by the piece.",
        ),
        (
            {"what": "lines", "reason": "x", "line:1": "1.5"},
            "The quantity must be a whole number: A is sold by the piece.",
        ),
        ({"what": "lines", "reason": "x", "line:1": "9"}, "Line 1 has 3 units to cancel."),
        ({"what": "lines", "reason": "x", "line:7": "1"}, "Line 7 has 0 units to cancel."),
    ],
)
async def test_a_cancel_that_says_too_little_or_too_much_changes_nothing(
    client: httpx.AsyncClient, system: System, fields: dict[str, str], words: str
) -> None:
    name = await _captured(system)
    refused = await post(client, f"/orders/{name}", f"/orders/{name}/cancel", **fields)
    assert refused.status_code == 409
    assert words in refused.text
    assert (await _now(system, name)).lines[0].canceled_quantity == 0


async def test_work_goes_step_by_step_to_the_door(client: httpx.AsyncClient, system: System) -> None:
    name = await _captured(system)
    await post(client, f"/orders/{name}", f"/orders/{name}/release")
    work = f"{name}-F1"
    for step, state in (
        ("accept", AllocationState.ACCEPTED),
        ("pick", AllocationState.PICKED),
        ("pack", AllocationState.PACKED),
        ("ship", AllocationState.SHIPPED),
        ("deliver", AllocationState.DELIVERED),
    ):
        shown = (
            await client.get("/console/fulfillments", params={"status": "shipped"} if step == "deliver" else {})
        ).text
        assert f'name="step" value="{step}"' in shown
        assert (await post(client, "/fulfillments", f"/fulfillments/{work}", step=step)).status_code == 303
        order = await _now(system, name)
        assert fulfillment_status(order, order.fulfillments[0].fulfillment_id) is state
    assert "No work here." in (await client.get("/console/fulfillments?node=DC-PA")).text


async def test_a_pickup_is_staged_and_handed_over(client: httpx.AsyncClient, system: System) -> None:
    await stock(system, {("A", "ST-NYC"): 2})
    wanted = capture("W-1", {"A": 1}, method=Method.PICKUP, pickup_node="ST-NYC", ship_to=None)
    name = accepted(await system.door.one(wanted, actor="test")).order_id
    await post(client, f"/orders/{name}", f"/orders/{name}/release")
    for step in ("accept", "pick", "ready", "collect"):
        assert (
            await post(client, "/fulfillments", f"/fulfillments/{name}-F1?node=ST-NYC", step=step)
        ).status_code == 303
    assert order_status(await _now(system, name)) is OrderStatus.DELIVERED


async def test_what_is_sent_to_the_store_first_is_packed_sent_received_and_handed_over(
    client: httpx.AsyncClient, system: System
) -> None:
    saved = await save_draft(system, ROUTINGS, "default", {"weights": {"ship_to_store": 1}}, actor="test")
    assert isinstance(saved, Saved), saved
    await activate(system, ROUTINGS, "default", 1, reason="test", actor="test")
    wanted = capture("W-1", {"A": 1}, method=Method.PICKUP, pickup_node="ST-NYC", ship_to=None)
    name = accepted(await system.door.one(wanted, actor="test")).order_id
    await post(client, f"/orders/{name}", f"/orders/{name}/release")
    for step in ("accept", "pick", "pack", "ship", "receive", "collect"):
        status = "shipped" if step in ("receive", "collect") else ""
        shown = (await client.get("/console/fulfillments", params={"status": status})).text
        steps = re.findall(r'name="step" value="([a-z-]+)"', shown)
        assert steps[0] == step, steps
        assert ("Ready for pickup" in re.sub(r"<nav.*?</nav>", "", shown, flags=re.DOTALL).partition("<tbody>")[2]) is (
            step == "collect"
        )
        assert (await post(client, "/fulfillments", f"/fulfillments/{name}-F1", step=step)).status_code == 303
    assert order_status(await _now(system, name)) is OrderStatus.DELIVERED


async def test_a_step_that_is_not_possible_is_refused_in_words(client: httpx.AsyncClient, system: System) -> None:
    name = await _captured(system)
    refused = await post(client, "/fulfillments", f"/fulfillments/{name}-F1", step="deliver")
    assert refused.status_code == 409
    assert "Deliver is not possible: it is reserved." in refused.text
    unknown = await post(client, "/fulfillments", f"/fulfillments/{name}-F1", step="dance")
    assert "There is no step dance." in unknown.text
    missing = await post(client, "/fulfillments", "/fulfillments/O-NONE-F1", step="ship")
    assert "There is no order O-NONE." in missing.text
