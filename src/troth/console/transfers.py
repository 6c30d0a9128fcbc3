"""Transfers: which are under way, and where the units of each one are, lot by lot."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.console.views_transfer import view_transfer
from troth.flows.stock.transfer_now import find, may_see, read
from troth.model.ids import Sku
from troth.model.item import Item
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query

_PAGE: Final = 50


async def show_transfers(visit: Visit) -> Response:
    """A page of transfers by id, from or to a node where one is asked for."""
    node, after, bound = visit.asked("node"), visit.asked("after"), visit.actor.nodes
    nodes = [node] if node and visit.actor.may_at(node) else [] if node else bound if bound is None else sorted(bound)
    found = await find(visit.system, nodes=nodes, after=after or None, limit=_PAGE + 1)
    items = await _items(visit, {line.sku for _, now in found for line in now.transfer.lines})
    shown = found[:_PAGE]
    return page(
        visit,
        "transfers.html",
        section="inventory",
        title="Transfers",
        node=node,
        rows=[view_transfer(transfer_id, now, items) for transfer_id, now in shown],
        more=query(node=node, after=shown[-1][0]) if len(found) > _PAGE else "",
        is_first=not after,
        zone_of=visit.zone_of,
    )


async def show_transfer(visit: Visit) -> Response:
    """One transfer: what of each line has left, arrived or is lost, and out of which lot."""
    transfer_id = visit.request.path_params["transfer_id"]
    found = await read(visit.system, transfer_id)
    if found is None or not may_see(visit.actor, found.value.transfer):
        return page(visit, "missing.html", status=404, section="inventory", title="No such transfer", name=transfer_id)
    items = await _items(visit, {line.sku for line in found.value.transfer.lines})
    return page(
        visit,
        "transfer.html",
        section="inventory",
        title=f"Transfer {transfer_id}",
        it=view_transfer(transfer_id, found.value, items),
        zone_of=visit.zone_of,
    )


async def _items(visit: Visit, skus: set[Sku]) -> Mapping[Sku, Item]:
    """The items by SKU, among them these as far as they are there."""
    reference = visit.system.door.reference
    await reference.need_items(skus)
    return reference.items


routes = [
    Route("/transfers", guarded(show_transfers, scope="inventory:read"), name="transfers"),
    Route("/transfers/{transfer_id}", guarded(show_transfer, scope="inventory:read"), name="transfer"),
]
