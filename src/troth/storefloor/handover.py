"""Who stands at the counter: the work that waits for them, found by order, name, or the code that they say."""

from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.engine.pickups.codes import pickup_code
from troth.model.lifecycle import AllocationState
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.store.console import find_work
from troth.store.store_floor import find_arrivals
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here
from troth.storefloor.tasks import TASKS_MAX, Task, tasks_of

_WAITING_MAX: Final = 500


async def show_waiting(visit: Visit) -> Response:
    """What waits for customers here; what is asked for by a code that only one has is opened at once."""
    node = node_here(visit)
    q = visit.asked("q")
    async with visit.system.pool.acquire() as connection:
        ready = await find_work(connection, [AllocationState.READY], node=node.node, limit=_WAITING_MAX)
        arrived = await find_arrivals(connection, node.node, [AllocationState.SHIPPED], limit=_WAITING_MAX)
    waiting = [task for task in tasks_of([*ready, *arrived], node.node, visit.now) if task.step == "collect"]
    found = [task for task in waiting if _means(q, task)] if q else waiting
    by_code = [task for task in found if q == pickup_code(task.order, task.work.fulfillment_id)]
    if len(by_code) == 1:
        work = path_part(by_code[0].work.fulfillment_id)
        return RedirectResponse(f"{visit.base}/at/{path_part(node.node)}/work/{work}{query(code=q)}", 303)
    return page(
        visit,
        "handover.html",
        section="handover",
        title="Hand over",
        node=node,
        q=q,
        found=found[:TASKS_MAX],
        zone=node.time_zone,
    )


async def show_list(visit: Visit) -> Response:
    """What is packed for carriers, to be signed when they take it."""
    node = node_here(visit)
    async with visit.system.pool.acquire() as connection:
        packed = await find_work(connection, [AllocationState.PACKED], node=node.node, limit=_WAITING_MAX)
    tasks = [task for task in tasks_of(packed, node.node, visit.now) if task.step == "ship"]
    return page(visit, "list.html", section="tasks", title="Handover list", node=node, tasks=tasks, zone=node.time_zone)


def _means(q: str, task: Task) -> bool:
    wanted, order = q.casefold(), task.order
    return (
        order.external_id.casefold().startswith(wanted)
        or order.order_id.casefold() == wanted
        or wanted in order.customer.name.casefold()
        or q == pickup_code(order, task.work.fulfillment_id)
        or wanted == task.work.staging.casefold()
    )


routes = [
    Route("/at/{node}/handover", guarded(show_waiting, scope=SCOPE), name="handover"),
    Route("/at/{node}/list", guarded(show_list, scope=SCOPE), name="list"),
]
