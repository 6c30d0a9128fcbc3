"""The clock ends carts by one statement, which does what the decision to end each of them would."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.builders import Clock, capture, node, set_up, stock
from troth.flows.documents.families import EXPOSURE_RULES
from troth.flows.door.attempt import CLOCK
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.orders.cart import hold_cart
from troth.flows.orders.due import end_due_carts
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.commands import EndCartHold
from troth.store.cart_holds import read_cart_hold
from troth.store.codec import decode_event

QUOTA = {"name": "scarce", "by": "customer", "period": "week", "units": 50}


async def _by_decision(system: System, hold: CartHold) -> None:
    ended = await system.door.submit(Request((EndCartHold(hold.hold_id, is_by_clock=True),), CLOCK, CLOCK))
    assert isinstance(ended.outcomes[0], Accepted)


async def _by_clock(system: System, _hold: CartHold) -> None:
    assert await end_due_carts(system, system.door.now(), limit=10) == 1


async def _written(system: System, hold: CartHold, since: datetime) -> list[Any]:
    """What was written since an instant when a hold ended, and what holds now."""
    entries = "SELECT sku, node, source, kind, on_hand_delta, reserved_delta, order_id, allocation, reason FROM entries"
    events = await system.pool.fetch(
        "SELECT kind, version, body, actor, cause, policy_version FROM events WHERE subject = $1 AND at > $2",
        f"cart:{hold.hold_id}",
        since,
    )
    told = [decode_event(row["kind"], row["body"]) for row in events]
    async with system.pool.acquire() as connection:
        stored = await read_cart_hold(connection, hold.hold_id)
    assert stored is not None
    tables = (
        f"{entries} WHERE reference = '{hold.hold_id}' AND at > '{since.isoformat()}' ORDER BY 1, 2, 3",
        "SELECT sku, node, source, on_hand, reserved, deficit FROM balances ORDER BY 1, 2, 3",
        "SELECT node, day, shift, used FROM node_days ORDER BY 1, 2, 3",
        "SELECT sku, rule, holder, period, used FROM draws ORDER BY 1, 2, 3, 4",
    )
    rows = [[tuple(row.values()) for row in await system.pool.fetch(table)] for table in tables]
    envelopes = [(row["kind"], row["version"], row["actor"], row["cause"], row["policy_version"]) for row in events]
    return [stored.state, stored.units, stored.days, stored.draws, told, envelopes, rows]


@pytest.mark.parametrize("lost", [{}, {("A", "DC-PA"): 8, ("B", "DC-IL"): 9}])
async def test_the_clock_ends_a_cart_as_the_decision_would(
    system: System, clock: Clock, lost: dict[tuple[str, str], int]
) -> None:
    limited = (node("DC-PA", capacity_per_day=2), node("DC-IL", capacity_per_day=2))
    await set_up(system.pool, nodes=limited, items=())
    saved = await save_draft(system, EXPOSURE_RULES, "everyday", {"allocations": [QUOTA]}, actor="ann")
    assert isinstance(saved, Saved)
    await activate(system, EXPOSURE_RULES, "everyday", saved.document.version, reason="test", actor="ann")
    await stock(system, {("A", "DC-PA"): 10, ("A", "DC-IL"): 10, ("B", "DC-IL"): 10})

    done, asked = [], capture("cart", {"A": 12, "B": 2})
    for end in (_by_decision, _by_clock):
        found = await hold_cart(system, asked, 60, actor="web")
        assert isinstance(found, tuple), found
        asked = replace(asked, cart_hold=found[0].hold_id)  # the same one begins again
        assert found[0].days
        assert found[0].draws
        await stock(system, {key: -units for key, units in lost.items()})
        clock.advance(seconds=60)
        since = clock()
        await end(system, found[0])
        done.append(await _written(system, found[0], since))
        await stock(system, lost)
        report = await examine(system.pool, now=system.door.now())
        assert report.is_clean, report.text()

    assert done[0] == done[1]
    assert done[0][0] is CartHoldState.EXPIRED
    assert [row[4:6] for row in done[0][-1][0]] == [(0, -2), (0, -10), (0, -2)]
