"""What the clock asks for: expired holds are lifted, and what the remorse period held is released."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from troth.flows.door.attempt import CLOCK
from troth.flows.door.requests import Accepted, Request, Result
from troth.flows.door.system import System
from troth.model.commands import ActOnDue
from troth.model.ids import CartHoldId, OrderId
from troth.store.cart_holds import expire_cart_holds, find_due_cart_holds
from troth.store.database import UNAVAILABLE, transaction
from troth.store.orders import find_due_orders
from troth.store.upkeep import read_next_due, try_sweep

ACTOR: Final = CLOCK

_log = logging.getLogger(__name__)


async def act_on_due(system: System, now: datetime, *, limit: int, without: set[OrderId] | None = None) -> int:
    """Do what is due by `now` for at most `limit` orders, the longest overdue first; how many orders changed.

    One worker sweeps at a time, and another one that comes meanwhile has 0: they would only wait for each other's
    locks. A repeat does no harm in any case, as each order is decided about under its lock, from what it is then. Every
    order is a request of its own, so that the door writes them in batches and one that cannot be decided hurts only
    itself; it joins `without`, the orders that are left out.
    """
    left_out = set() if without is None else without
    async with transaction(system.pool) as connection:
        if not await try_sweep(connection):
            return 0
        found = await find_due_orders(connection, now, limit=limit + len(left_out))
        due = [order_id for order_id in found if order_id not in left_out][:limit]
        requests = [Request((ActOnDue(order_id),), ACTOR, ACTOR) for order_id in due]
        results = await asyncio.gather(*map(system.door.submit, requests), return_exceptions=True)
    return count_acted(due, results, left_out)


async def end_due_carts(system: System, now: datetime, *, limit: int) -> int:
    """Free what is kept for carts whose time is over, for at most `limit` of them; how many ended.

    Nothing is chosen here, so one statement ends them beside the write door: no storm of due orders keeps units from
    customers, and ten thousand carts end as one. Workers may do this side by side: whoever comes second finds the hold
    ended, and so does an order that uses it.
    """
    async with system.pool.acquire() as connection:
        due = await find_due_cart_holds(connection, now, limit=limit)
    ended = await _end_carts(system, due, now) if due else 0
    if ended:
        await system.door.follow()
    return ended


async def _end_carts(system: System, hold_ids: Sequence[CartHoldId], now: datetime) -> int:
    """End some holds together; where that fails by halves, so that one that cannot be ended keeps no other."""
    policy_version = system.door.reference.policy.version
    try:
        async with transaction(system.pool) as connection:
            return await expire_cart_holds(connection, hold_ids, now, actor=CLOCK, policy_version=policy_version)
    except UNAVAILABLE:
        raise
    except Exception:
        half = len(hold_ids) // 2
        if half:
            parts = (hold_ids[:half], hold_ids[half:])
            return sum([await _end_carts(system, part, now) for part in parts])
        _log.exception("cannot end the hold %s of a cart", hold_ids[0])
        return 0


def count_acted(due: Sequence[OrderId], results: Sequence[Result | BaseException], left_out: set[OrderId]) -> int:
    """How many orders changed. One that failed joins `left_out`, unless the database is away: that is raised."""
    acted = 0
    for order_id, result in zip(due, results, strict=True):
        if isinstance(result, Result):
            outcome = result.outcomes[0]
            acted += isinstance(outcome, Accepted) and bool(outcome.decision.events)
        elif isinstance(result, UNAVAILABLE) or not isinstance(result, Exception):
            raise result
        else:
            left_out.add(order_id)
            _log.error("cannot act on due order %s", order_id, exc_info=result)
    return acted


async def find_next_due(system: System) -> datetime | None:
    """When the clock next has something to do for any order; in the past where it is behind."""
    async with system.pool.acquire() as connection:
        return await read_next_due(connection)
