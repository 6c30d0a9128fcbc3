"""Where somebody works: the one node that they are bound to, or one that they choose."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.model.ids import NodeId
from troth.model.network import Node
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.storefloor.entrance import SCOPE

_SHOWN: Final = 200


async def show_nodes(visit: Visit) -> Response:
    """The nodes to choose from; who works at one only goes there at once."""
    mine = nodes_of(visit)
    if len(mine) == 1:
        return RedirectResponse(f"{visit.base}/at/{path_part(mine[0].node)}", 303)
    wanted = visit.asked("q").casefold()
    found = [one for one in mine if wanted in one.node.casefold() or wanted in one.name.casefold()]
    return page(visit, "nodes.html", title="Where do you work?", nodes=found[:_SHOWN], q=visit.asked("q"))


async def go(visit: Visit) -> Response:
    """To the node that a form names."""
    return RedirectResponse(f"{visit.base}/{query(q=visit.asked('q'))}", 303)


def nodes_of(visit: Visit) -> list[Node]:
    """The nodes that somebody may work at, by name; those that are bound to none may at all."""
    bound = visit.actor.nodes
    return sorted(
        (node for name, node in visit.nodes.items() if bound is None or name in bound),
        key=lambda node: (node.name, node.node),
    )


def node_here(visit: Visit) -> Node:
    """The node that the path names; as if there was none where somebody does not work at it."""
    name = NodeId(visit.request.path_params["node"])
    node = visit.nodes.get(name)
    if node is None or not visit.actor.may_at(name):
        raise HTTPException(404)
    return node


routes = [
    Route("/", guarded(show_nodes, scope=SCOPE), name="nodes"),
    Route("/where", guarded(go, scope=SCOPE), name="where"),
]
