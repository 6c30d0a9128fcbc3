"""The list of orders: search, filters, and rows that follow what happens."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.model.status import OrderStatus
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import position_text, query, read_position
from troth.store.console import (
    NAMES_SEARCHED,
    SEARCH_MAX,
    OrderRow,
    count_newer_orders,
    find_channels,
    find_order_rows,
    search_orders,
)

_PAGE: Final = 50
_NEWER_MAX: Final = 1_000
_CHANNELS_SECONDS: Final = 60.0
_NODES_LISTED_MAX: Final = 200
_FILTERS: Final = ("q", "status", "channel", "node", "sku", "reserving")


async def show_orders(visit: Visit) -> Response:
    """A page of the orders that a search and filters leave, newest first."""
    asked = {name: visit.asked(name) for name in _FILTERS}
    after = read_position(visit.asked("after"))
    statuses = [asked["status"]] if asked["status"] in set(OrderStatus) else None
    found = await search_orders(visit.system.pool, asked["q"]) if asked["q"] else None
    rows = await find_order_rows(
        visit.system.pool,
        order_ids=found,
        statuses=statuses,
        channel=asked["channel"] or None,
        node=asked["node"] or None,
        sku=asked["sku"] or None,
        is_reserving=bool(asked["reserving"]),
        after=after,
        limit=_PAGE + 1,
    )
    shown = rows[:_PAGE]
    more = query(**asked, after=_position(shown[-1])) if len(rows) > _PAGE else ""
    is_plain = after is None and not any(asked.values())
    nodes = visit.nodes
    return page(
        visit,
        "orders.html",
        section="orders",
        title="Orders",
        asked=asked,
        rows=shown,
        more=more,
        is_first=after is None,
        is_filtered=any(asked.values()),
        is_cut=found is not None and len(found) >= SEARCH_MAX,
        search_max=SEARCH_MAX,
        names_searched=NAMES_SEARCHED,
        here=query(**asked, after=visit.asked("after") or None),
        newest=_position(shown[0]) if is_plain and shown else "",
        statuses=list(OrderStatus),
        channels=await visit.desk.memory.get("channels", _CHANNELS_SECONDS, lambda: _channels(visit)),
        node_names=sorted(nodes) if len(nodes) <= _NODES_LISTED_MAX else [],
        zone_of=visit.zone_of,
    )


async def show_row(visit: Visit) -> Response:
    """One row of the list as it is now; nothing where there is no such order."""
    rows = await find_order_rows(visit.system.pool, order_ids=[visit.request.path_params["order_id"]], limit=1)
    if not rows:
        return Response(status_code=204)
    return page(visit, "order_row.html", row=rows[0], zone_of=visit.zone_of, is_fresh=True)


async def show_newer(visit: Visit) -> Response:
    """How many orders came since the first of the list."""
    position = read_position(visit.asked("since"))
    if position is None:
        return Response(status_code=204)
    async with visit.system.pool.acquire() as connection:
        newer = await count_newer_orders(connection, position, limit=_NEWER_MAX)
    return page(visit, "newer.html", newer=newer, newer_max=_NEWER_MAX, since=visit.asked("since"))


async def _channels(visit: Visit) -> list[str]:
    async with visit.system.pool.acquire() as connection:
        return await find_channels(connection)


def _position(row: OrderRow) -> str:
    return position_text((row.captured_at, row.order_id))


routes = [
    Route("/orders", guarded(show_orders, scope="orders:read"), name="orders"),
    Route("/orders/newer", guarded(show_newer, scope="orders:read")),
    Route("/orders/{order_id}/row", guarded(show_row, scope="orders:read")),
]
