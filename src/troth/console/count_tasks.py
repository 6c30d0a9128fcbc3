"""What to count next, with the reasons; a posted count takes its position off the list."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.flows.stock.count_tasks import propose_counts
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded

_SHOWN: Final = 50


async def show_count_tasks(visit: Visit) -> Response:
    """The counts of one node or of all that are worth most."""
    node = visit.asked("node")
    bound = visit.actor.nodes
    nodes = frozenset({node}) if node else None
    if bound is not None:
        nodes = bound if nodes is None else nodes & bound
    tasks = await propose_counts(visit.system, nodes=nodes, limit=_SHOWN)
    return page(
        visit,
        "count_tasks.html",
        section="inventory",
        title="What to count",
        node=node,
        nodes=sorted(name for name in visit.nodes if bound is None or name in bound),
        tasks=tasks,
        currency=visit.system.door.reference.policy.currency,
        limit=_SHOWN,
    )


routes = [Route("/count-tasks", guarded(show_count_tasks, scope="inventory:read"), name="count_tasks")]
