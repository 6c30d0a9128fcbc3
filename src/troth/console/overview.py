"""The first page: how orders stand, what needs a person, and what has just come in."""

from datetime import datetime, timedelta
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.console.views_drawing import view_hours
from troth.console.views_workbench import view_exception
from troth.engine.supply.feed_age import find_late
from troth.flows.exceptions.workbench import Filters, Ranked, find_open
from troth.model.status import OrderStatus
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.store.console import (
    OPEN_WORK,
    count_orders_by_hour,
    count_orders_up_to,
    count_overdue,
    count_work,
    find_order_rows,
)
from troth.store.subscriptions import read_lags

_COUNTS_SECONDS: Final = 2.0
_HOURS_SECONDS: Final = 10.0
_AT_RISK_SHOWN: Final = 8
_NEWEST_SHOWN: Final = 12
_FLOW: Final = (
    OrderStatus.PROMISED,
    OrderStatus.RELEASED,
    OrderStatus.IN_FULFILLMENT,
    OrderStatus.PARTIALLY_SHIPPED,
    OrderStatus.SHIPPED,
    OrderStatus.DELIVERED,
)
_ASIDE: Final = (OrderStatus.EXCEPTION, OrderStatus.ON_HOLD, OrderStatus.BACKORDERED, OrderStatus.CANCELED)


async def show_overview(visit: Visit) -> Response:
    """Counts, the chart of the last day, what waits for a person, and the newest orders.

    Counts are at most two seconds old, the chart ten; the rest is as it is now.
    """
    pool, memory, now = visit.system.pool, visit.desk.memory, visit.now

    async def count_statuses() -> dict[str, int]:
        async with pool.acquire() as connection:
            return await count_orders_up_to(connection, list(OrderStatus))

    async def count_open_work() -> dict[str, int]:
        async with pool.acquire() as connection:
            return await count_work(connection, OPEN_WORK)

    async def count_hours() -> dict[datetime, int]:
        async with pool.acquire() as connection:
            return await count_orders_by_hour(connection, now - timedelta(hours=24))

    async def find_exceptions() -> Ranked:
        return await find_open(visit.system, Filters())

    ranked = await memory.get("exceptions", _COUNTS_SECONDS, find_exceptions)
    counts = await memory.get("orders by status", _COUNTS_SECONDS, count_statuses)
    work = await memory.get("open work", _COUNTS_SECONDS, count_open_work)
    hours = await memory.get("orders by hour", _HOURS_SECONDS, count_hours)
    async with pool.acquire() as connection:
        overdue, since = await count_overdue(connection, now)
        lags = await read_lags(connection, now)
    return page(
        visit,
        "overview.html",
        section="overview",
        title="Overview",
        flow=[(status, counts.get(status, 0)) for status in _FLOW],
        aside=[(status, counts.get(status, 0)) for status in _ASIDE],
        work=[(state, work.get(state, 0)) for state in OPEN_WORK],
        hours=view_hours(hours, now),
        risky=[view_exception(found, risk) for found, risk in ranked.items[:_AT_RISK_SHOWN]],
        risky_count=len(ranked.items),
        overdue=overdue,
        overdue_since=since,
        behind=visit.desk.feed.behind_seconds,
        lags=lags,
        newest=await find_order_rows(pool, limit=_NEWEST_SHOWN),
        late_feeds=find_late(visit.system.door.reference.network, now.timestamp()),
        zone_of=visit.zone_of,
    )


routes = [Route("/", guarded(show_overview, scope="orders:read"), name="overview")]
