"""A test release to a node with a system of its own, to see that it is reached and answers."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.catalog import show_node
from troth.flows.nodes.say import send_test
from troth.model.ids import NodeId
from troth.model.refusals import NotFound
from troth.pages.desk import Visit
from troth.pages.session import guarded
from troth.pages.views_refusal import tell_refusal
from troth.store.node_messages import Message


async def test_node(visit: Visit) -> Response:
    """Send a test; the node's page shows whether it was acknowledged."""
    node = NodeId(visit.request.path_params["node"])
    may = visit.actor.may_at(node)
    sent = await send_test(visit.system, node, actor=visit.actor.name) if may else NotFound("node", node)
    if isinstance(sent, Message):
        return RedirectResponse(f"{visit.base}/nodes/{quote(node, safe='')}", 303)
    return await show_node(visit, told=tell_refusal(sent))


routes = [
    Route("/nodes/{node:path}/test", guarded(test_node, scope="fulfillments:write"), methods=["POST"], name="test_node")
]
