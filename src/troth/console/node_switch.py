"""The switch of a node: off for a reason and some hours, and on again."""

from datetime import timedelta
from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.catalog import show_node
from troth.flows.records.node_switch import switch_off, switch_on
from troth.model.ids import NodeId
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.session import guarded
from troth.pages.views_refusal import tell_refusal

_HOURS_MAX: Final = 24 * 365


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
        hours = read_hours(text(form, "hours"))
        if isinstance(hours, Invalid):
            refused = hours
        else:
            until = None if hours is None else visit.now + timedelta(hours=hours)
            off = await switch_off(visit.system, node, reason=text(form, "reason"), until=until, actor=visit.actor.name)
            refused = off if isinstance(off, NotFound | Invalid) else None
    if refused is not None:
        return await show_node(visit, told=tell_refusal(refused))
    return RedirectResponse(f"{visit.base}/nodes/{quote(node, safe='')}?done=1", 303)


def read_hours(given: str) -> float | Invalid | None:
    """For how many hours a node is to be off; None where nothing is said.

    >>> read_hours("2.5"), read_hours("")
    (2.5, None)
    """
    if not given:
        return None
    try:
        hours = float(given)
    except ValueError:
        hours = 0.0
    if 0 < hours <= _HOURS_MAX:
        return hours
    return Invalid((FieldFlaw("/hours", f"must be a number above 0 and at most {_HOURS_MAX:,}"),))


routes = [
    Route(
        "/nodes/{node:path}/switch",
        guarded(switch_node, scope="fulfillments:write"),
        methods=["POST"],
        name="switch_node",
    )
]
