"""Orders that a routing holds or queues, through the door and back from the database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.system import System, open_system
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.model.commands import CancelOrder, LiftHold
from troth.model.ids import derive_order_id
from troth.model.order import Order
from troth.model.refusals import StockShort
from troth.model.status import OrderStatus, order_status, uncovered_quantities
from troth.store.orders import read_orders


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("ST-NYC", handling_minor=1)), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {("A", "DC-PA"): 5, ("A", "ST-NYC"): 5})
        yield opened


async def decide_by(system: System, *tiers: dict[str, Any], **facts: Any) -> None:
    saved = await save_draft(system, ROUTINGS, "test", {"name": "test", "tiers": list(tiers), **facts}, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, ROUTINGS, "test", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def stored(system: System, order: Order) -> Order:
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order.order_id]))[order.order_id]


async def test_an_order_without_any_source_is_kept_on_hold_and_can_be_canceled(system: System) -> None:
    await decide_by(system, {"name": "all", "none": "hold", "partial": "hold"})

    order = accepted(await system.door.one(capture(lines={"B": 2}), actor="web"))

    assert await stored(system, order) == order
    assert [hold.type for hold in order.holds] == ["routing"]
    assert order_status(order) is OrderStatus.EXCEPTION
    lifted = accepted(await system.door.one(LiftHold(order.order_id, order.holds[0].hold_id), actor="ann"))
    canceled = accepted(await system.door.one(CancelOrder(lifted.order_id, "no source"), actor="ann"))
    assert order_status(canceled) is OrderStatus.CANCELED
    assert await stored(system, order) == canceled


async def test_what_is_queued_is_kept_beside_what_is_reserved(system: System) -> None:
    await decide_by(system, {"name": "all", "partial": "queue", "cancel_after_days": 5})

    order = accepted(await system.door.one(capture(lines={"A": 1, "B": 2}), actor="web"))

    assert await stored(system, order) == order
    assert list(uncovered_quantities(order).values()) == [2]
    assert order.holds == ()


async def test_rules_decide_from_where_an_order_leaves(system: System) -> None:
    stores = {"name": "stores", "expression": "node.type == 'store' && stock.available - line.quantity >= 2"}
    await decide_by(system, {"name": "stores", "filters": [stores]}, {"name": "rest", "none": "backorder"})

    nodes = [
        accepted(await system.door.one(capture(f"W-{number}"), actor="web")).fulfillments[0].node for number in range(5)
    ]

    assert nodes == ["ST-NYC", "ST-NYC", "ST-NYC", "DC-PA", "DC-PA"]


async def test_an_order_that_rules_leave_no_node_is_refused_with_the_reason(system: System) -> None:
    nowhere = {"name": "nowhere", "expression": "lane.miles < 0.0"}
    await decide_by(system, {"name": "all", "none": "accept"}, eligibility=[nowhere])

    found = await system.door.one(capture(), actor="web")

    assert isinstance(found, StockShort)
    assert [line.reason for line in found.lines] == ["excluded_by_rules"]


async def test_the_tier_that_answers_says_how_long_a_customer_may_change_their_mind(system: System) -> None:
    pos = {"name": "pos", "when": "order.channel == 'pos'", "weights": {"remorse_minutes": 0}}
    await decide_by(system, pos, {"name": "all"}, weights={"remorse_minutes": 60})

    web = accepted(await system.door.one(capture("W-1"), actor="web"))
    sold = capture("P-1", channel="pos", order_id=derive_order_id(channel="pos", external_id="P-1"))
    pos_order = accepted(await system.door.one(sold, actor="pos"))

    assert (web.release_at - web.captured_at, pos_order.release_at - pos_order.captured_at) == (
        timedelta(minutes=60),
        timedelta(0),
    )


async def test_who_orders_what_a_refusal_offered_gets_it_by_the_time_it_said(system: System) -> None:
    refused = await system.door.one(capture("W-1", {"A": 12}), actor="web")
    assert isinstance(refused, StockShort)
    (short,) = refused.lines

    order = accepted(await system.door.one(capture("W-2", {"A": int(short.available_quantity)}), actor="web"))

    assert short.available_quantity == 10
    assert short.available_at == max(work.promised_at for work in order.fulfillments)
