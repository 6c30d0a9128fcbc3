"""Waves: which come, what each will hold and where one will overflow; held, resumed, closed, or run early."""

from datetime import timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.flows.orders.change_wave import change_wave, release_wave
from troth.flows.orders.wave_preview import preview_waves
from troth.flows.orders.waves import Ran
from troth.model.ids import NodeId
from troth.model.lifecycle import WAVE, WaveEvent, WaveState
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.pages.views_refusal import flaw, tell_refusal

Told = tuple[str, tuple[str, ...]]

_AHEAD: Final = timedelta(hours=24)
_RELEASE: Final = "release"


async def show_waves(visit: Visit) -> Response:
    """The waves of the next day, of one node or of all."""
    return await _page(visit)


async def act(visit: Visit) -> Response:
    """Do to a wave what a person asks for."""
    form = await visit.request.form()
    name, verb, reason = visit.request.path_params["wave"], text(form, "act"), text(form, "reason")
    actor = visit.actor.name
    if verb == _RELEASE:
        ran = await release_wave(visit.system, name, reason=reason, actor=actor)
        told = None if isinstance(ran, Ran) else tell_refusal(ran)
    elif verb in {event.value for event in WaveEvent}:
        found = await change_wave(visit.system, name, WaveEvent(verb), reason=reason, actor=actor)
        told = None if isinstance(found, tuple) else tell_refusal(found)
    else:
        told = flaw(f"there is no act {verb}")
    if told is not None:
        return await _page(visit, refused=name, told=told)
    return RedirectResponse(f"{visit.base}/waves{query(node=visit.asked('node'), done=name)}", 303)


def acts_of(state: WaveState) -> tuple[str, ...]:
    """What a person can do to a wave in a state, the usual act first.

    >>> acts_of(WaveState.OPEN), acts_of(WaveState.HELD)
    (('release', 'hold', 'close'), ('resume', 'close'))
    """
    own = tuple(event.value for at, event in WAVE if at is state)
    return (_RELEASE, *own) if state is WaveState.OPEN else own


async def _page(visit: Visit, *, refused: str = "", told: Told = ("", ())) -> Response:
    node = visit.asked("node")
    is_known = not node or (node in visit.system.door.reference.network.index and visit.actor.may_at(node))
    bound = sorted(visit.actor.nodes) if visit.actor.nodes is not None else []
    asked = node or (bound[0] if bound else "")
    until = visit.system.door.now() + _AHEAD
    found = await preview_waves(visit.system, until=until, node=NodeId(asked) if asked else None) if is_known else None
    return page(
        visit,
        "waves.html",
        status=409 if refused else 200,
        section="work",
        title="Waves",
        node=node,
        rows=[] if found is None else [(one, acts_of(one.wave.state)) for one in found.waves],
        is_partial=found is not None and found.is_partial,
        nodes=visit.nodes,
        zone_of=visit.zone_of,
        refused=refused,
        told=told,
        done=visit.asked("done"),
        may_write=visit.actor.may("orders:write"),
    )


routes = [
    Route("/waves", guarded(show_waves, scope="orders:read"), name="waves"),
    Route("/waves/{wave}", guarded(act, scope="orders:write"), methods=["POST"]),
]
