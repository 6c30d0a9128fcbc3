"""The waterfall of a SKU: every unit from on hand to what may be sold, for whom, with the rule that took it."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.console.views_waterfall import view_dated, view_waterfall
from troth.flows.stock.waterfall import Inquirer, read_waterfall
from troth.model.ids import NodeId, Sku
from troth.model.order import Method
from troth.model.refusals import Invalid
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.store.cart_holds import find_cart_holds

_NODES_SHOWN: Final = 100
_CARTS_SHOWN: Final = 50


async def show_waterfall(visit: Visit) -> Response:
    """Where the units of a SKU go, over all nodes or at one, and node by node."""
    sku = Sku(visit.request.path_params["sku"])
    asked = {name: visit.asked(name) for name in ("channel", "customer_class", "method", "node")}
    method = Method(asked["method"]) if asked["method"] in set(Method) else Method.SHIP
    bound = sorted(visit.actor.nodes or ())
    nodes = [asked["node"]] if asked["node"] and (not bound or asked["node"] in bound) else bound
    found = await read_waterfall(
        visit.system,
        sku,
        Inquirer(asked["channel"], customer_class=asked["customer_class"], method=method),
        nodes=[NodeId(node) for node in nodes],
    )
    if isinstance(found, Invalid):
        return page(
            visit,
            "missing.html",
            status=404,
            section="inventory",
            title="No such waterfall",
            told="; ".join(flaw.detail for flaw in found.flaws),
        )
    async with visit.system.pool.acquire() as connection:
        carts = await find_cart_holds(
            connection, visit.now, sku=sku, nodes=nodes or None, after=None, limit=_CARTS_SHOWN
        )
    by_node = sorted(found.nodes, key=lambda node: (-node.on_hand, node.node))
    return page(
        visit,
        "waterfall.html",
        section="inventory",
        title=f"Waterfall of {sku}",
        sku=sku,
        asked=asked | {"method": method.value},
        methods=[one.value for one in Method],
        node_names=sorted(visit.nodes) if len(visit.nodes) <= _NODES_SHOWN * 2 else [],
        found=found,
        decimals=found.decimals,
        steps=view_waterfall(found),
        dated=view_dated(found)[:_NODES_SHOWN],
        dated_count=len(found.dated),
        carts=[(cart, held) for cart in carts for held in cart.units if held.key.sku == sku],
        has_more_carts=len(carts) == _CARTS_SHOWN,
        zone_of=visit.zone_of,
        nodes_shown=by_node[:_NODES_SHOWN],
    )


routes = [
    Route("/inventory/{sku:path}/waterfall", guarded(show_waterfall, scope="inventory:read"), name="waterfall"),
]
