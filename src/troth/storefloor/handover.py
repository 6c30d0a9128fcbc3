"""Who stands at the counter: the work that waits for them, found by order, name, place, or the code that they say."""

from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.engine.pickups.codes import pickup_code
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.store.console import find_work
from troth.store.manifests import count_to_manifest, find_manifests
from troth.store.store_floor import find_arrivals
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here
from troth.storefloor.steps import ahead

_WAITING_MAX: Final = 500
_SHOWN: Final = 100
_MANIFESTS_SHOWN: Final = 5


async def show_waiting(visit: Visit) -> Response:
    """What waits for customers here; what is asked for by a code that only one has is opened at once."""
    node = node_here(visit)
    q = visit.asked("q")
    async with visit.system.pool.acquire() as connection:
        ready = await find_work(connection, [AllocationState.READY], node=node.node, limit=_WAITING_MAX)
        arrived = await find_arrivals(connection, node.node, [AllocationState.SHIPPED], limit=_WAITING_MAX)
    waiting = [one for one in (*ready, *arrived) if ahead(*one, node.node) == ("collect",)]
    found = [one for one in waiting if _means(q, *one)] if q else waiting
    by_code = [work for order, work in found if q == pickup_code(order, work.fulfillment_id)]
    if len(by_code) == 1:
        name = path_part(by_code[0].fulfillment_id)
        return RedirectResponse(f"{visit.base}/at/{path_part(node.node)}/work/{name}{query(code=q)}", 303)
    return page(visit, "handover.html", section="handover", title="Hand over", node=node, q=q, found=found[:_SHOWN])


async def show_list(visit: Visit) -> Response:
    """What is packed for carriers, to be signed when they take it."""
    node = node_here(visit)
    async with visit.system.pool.acquire() as connection:
        packed = await find_work(connection, [AllocationState.PACKED], node=node.node, limit=_WAITING_MAX)
        waiting = await count_to_manifest(connection, [node.node])
        closed = await find_manifests(connection, [node.node], after=None, limit=_MANIFESTS_SHOWN)
    works = [one for one in packed if ahead(*one, node.node) == ("ship",)]
    return page(
        visit,
        "list.html",
        section="tasks",
        title="Handover list",
        node=node,
        works=works,
        zone=node.time_zone,
        waiting=waiting,
        closed=closed,
        refused=visit.asked("refused"),
    )


def _means(q: str, order: Order, work: Fulfillment) -> bool:
    wanted = q.casefold()
    return (
        order.external_id.casefold().startswith(wanted)
        or order.order_id.casefold() == wanted
        or wanted in order.customer.name.casefold()
        or q == pickup_code(order, work.fulfillment_id)
        or wanted == work.staging.casefold()
    )


routes = [
    Route("/at/{node}/handover", guarded(show_waiting, scope=SCOPE), name="handover"),
    Route("/at/{node}/list", guarded(show_list, scope=SCOPE), name="list"),
]
