"""The switch of the store: nothing more is asked of it for a while, or it is asked again."""

from datetime import timedelta

from starlette.responses import Response
from starlette.routing import Route

from troth.flows.records.node_switch import hours_of, switch_off, switch_on
from troth.model.network import SwitchedOff
from troth.model.refusals import Invalid, NotFound
from troth.pages.asking import new_key, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part
from troth.store.node_switches import read_node_switches
from troth.storefloor.acting import Done, refused
from troth.storefloor.answers import answer
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here


async def show_switch(visit: Visit) -> Response:
    """Whether the store is on, and the form for the other."""
    return await _page(visit)


async def keep_switch(visit: Visit) -> Response:
    """Switch the store off for a reason and some hours, or on again."""
    node = node_here(visit)
    form = await visit.request.form()
    asked: SwitchedOff | Invalid | NotFound | bool
    if text(form, "switch") == "on":
        asked = await switch_on(visit.system, node.node, actor=visit.actor.name)
    else:
        hours = hours_of(text(form, "hours"))
        if isinstance(hours, Invalid):
            asked = hours
        else:
            until = None if hours is None else visit.now + timedelta(hours=hours)
            asked = await switch_off(
                visit.system, node.node, reason=text(form, "reason"), until=until, actor=visit.actor.name
            )
    done = refused(asked) if isinstance(asked, Invalid | NotFound) else Done()
    back = f"{visit.base}/at/{path_part(node.node)}/switch"
    return await answer(visit, form, done, back, lambda: _page(visit, done))


async def _page(visit: Visit, done: Done | None = None) -> Response:
    node = node_here(visit)
    async with visit.system.pool.acquire() as connection:
        off = (await read_node_switches(connection, visit.now)).get(node.node)
    return page(
        visit,
        "switch.html",
        status=409 if done is not None and done.is_refused else 200,
        section="switch",
        title="Switch",
        node=node,
        off=off,
        key=new_key(),
        told=[told for _, told in done.refused] if done is not None else [],
    )


routes = [
    Route("/at/{node}/switch", guarded(show_switch, scope=SCOPE), name="switch"),
    Route("/at/{node}/switch", guarded(keep_switch, scope=SCOPE), methods=["POST"]),
]
