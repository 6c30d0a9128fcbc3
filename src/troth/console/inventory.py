"""Stock: search of SKUs, one SKU over all nodes, and the ledger of a SKU at a node."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.console.views_stock import view_ledger, view_positions
from troth.flows.stock.exposed import find_exposed, find_exposed_by_node
from troth.model.ids import NodeId, Sku
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.store.balances import read_entries
from troth.store.console import StockSum, read_supplies, sum_balances
from troth.store.reference import find_items, read_item, read_node

_PAGE: Final = 50
_POSITIONS_SHOWN: Final = 100
_ENTRIES: Final = 200
_ENTRIES_MAX: Final = 2_000


async def show_inventory(visit: Visit) -> Response:
    """A page of items by SKU, with their stock over all nodes, and how much of it is exposed to who has no class."""
    text, after = visit.asked("q"), visit.asked("after")
    async with visit.system.pool.acquire() as connection:
        found = await find_items(connection, text=text or None, after=after or None, limit=_PAGE + 1)
        items = [item.value for item in found[:_PAGE]]
        sums = await sum_balances(connection, [item.sku for item in items])
    exposed = await find_exposed(visit.system, [item.sku for item in items])
    return page(
        visit,
        "inventory.html",
        section="inventory",
        title="Inventory",
        text=text,
        rows=[(item, sums.get(item.sku, StockSum()), exposed[item.sku]) for item in items],
        more=query(q=text, after=items[-1].sku) if len(found) > _PAGE else "",
        is_first=not after,
    )


async def show_sku(visit: Visit) -> Response:
    """One SKU by node: on hand, reserved, exposed to who has no class, and what comes when."""
    sku = Sku(visit.request.path_params["sku"])
    async with visit.system.pool.acquire() as connection:
        item = await read_item(connection, sku)
        balances = await read_supplies(connection, sku)
    if item is None and not balances:
        return page(visit, "missing.html", status=404, section="inventory", title="No such SKU", name=sku)
    positions = view_positions(balances, visit.nodes, visit.now)
    is_all = bool(visit.asked("all"))
    exposed, by_node = await find_exposed_by_node(visit.system, sku) if item else (0, {})
    return page(
        visit,
        "sku.html",
        section="inventory",
        title=sku,
        sku=sku,
        item=item.value if item else None,
        decimals=item.value.decimals if item else 0,
        positions=positions if is_all else positions[:_POSITIONS_SHOWN],
        positions_count=len(positions),
        on_hand=sum(position.on_hand for position in positions),
        reserved=sum(position.reserved for position in positions),
        available=exposed,
        exposed=by_node,
        is_kit=bool(item and item.value.kit),
        incoming=sum(position.incoming_units for position in positions),
        top=max((position.on_hand for position in positions), default=0),
        zone_of=visit.zone_of,
    )


async def show_ledger(visit: Visit) -> Response:
    """The newest entries of a SKU at a node, with the balance after each."""
    sku, node = Sku(visit.request.path_params["sku"]), NodeId(visit.request.path_params["node"])
    limit = _ENTRIES_MAX if visit.asked("all") else _ENTRIES
    async with visit.system.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        # One snapshot: the running balance starts from a balance that these entries made.
        here = await read_supplies(connection, sku, node=node)
        entries = await read_entries(connection, sku, node, limit=limit + 1)
        known = await read_node(connection, node)
        item = await read_item(connection, sku)
    if not here:
        return page(
            visit, "missing.html", status=404, section="inventory", title="No such position", name=f"{sku} at {node}"
        )
    return page(
        visit,
        "ledger.html",
        section="inventory",
        title=f"{sku} at {node}",
        sku=sku,
        node=node,
        node_name=known.value.name if known else "",
        decimals=item.value.decimals if item else 0,
        position=view_positions(here, visit.nodes, visit.now)[0],
        rows=view_ledger(entries[:limit], here, node),
        is_cut=len(entries) > limit,
        is_all=bool(visit.asked("all")),
        limit=limit,
        zone_of=visit.zone_of,
    )


routes = [
    Route("/inventory", guarded(show_inventory, scope="inventory:read"), name="inventory"),
    Route("/inventory/{sku:path}/at/{node:path}", guarded(show_ledger, scope="inventory:read"), name="ledger"),
    Route("/inventory/{sku:path}", guarded(show_sku, scope="inventory:read"), name="sku"),
]
