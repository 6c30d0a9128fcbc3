"""The switch of a node: off for a reason and some hours, and on again."""

from datetime import timedelta
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.catalog import show_node
from troth.flows.records.node_switch import hours_of, switch_off, switch_on
from troth.model.ids import NodeId
from troth.model.refusals import Invalid, NotFound
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.session import guarded
from troth.pages.views_refusal import tell_refusal


async def switch_node(visit: Visit) -> Response:
    """Switch a node off for a reason and so many hours (none: until it is switched on), or on again."""
    form = await visit.request.form()
    node = NodeId(visit.request.path_params["node"])
    refused: Invalid | NotFound | None = None
    if not visit.actor.may_at(node):
        refused = NotFound("node", node)
    elif text(form, "switch") == "on":
        back = await switch_on(visit.system, node, actor=visit.actor.name)
        refused = back if isinstance(back, NotFound) else None
    else:
        hours = hours_of(text(form, "hours"))
        if isinstance(hours, Invalid):
            refused = hours
        else:
            until = None if hours is None else visit.now + timedelta(hours=hours)
            off = await switch_off(visit.system, node, reason=text(form, "reason"), until=until, actor=visit.actor.name)
            refused = off if isinstance(off, NotFound | Invalid) else None
    if refused is not None:
        return await show_node(visit, told=tell_refusal(refused))
    return RedirectResponse(f"{visit.base}/nodes/{quote(node, safe='')}?done=1", 303)


routes = [
    Route(
        "/nodes/{node:path}/switch",
        guarded(switch_node, scope="fulfillments:write"),
        methods=["POST"],
        name="switch_node",
    )
]
