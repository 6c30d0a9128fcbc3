"""Trading partners: what came and went, each interchange as it can be read, and once more with one click."""

from datetime import datetime
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.views_interchange import lines_of, standing
from troth.flows.edi.receive import take_again
from troth.flows.edi.send import send_again
from troth.flows.edi.tongue import Tongue
from troth.model.edi_interchange import Direction, InterchangeState, StoredInterchange
from troth.model.edi_partner import EdiPartner
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.pages.views_refusal import Told, tell_refusal
from troth.store.edi_folders import read_exchange_state
from troth.store.edi_interchanges import Place, count_overdue, find_interchanges, read_interchange
from troth.store.edi_partners import find_partners, read_partner

_SECTION: Final = "partners"
_PAGE: Final = 50
_NOTHING: Final[Told] = ("", ())
_DONE: Final = {
    "set": "Set.",
    "sent": "It is sent next, under its control number.",
    "taken": "It was done once more.",
}


async def show_partners(visit: Visit) -> Response:
    """A page of trading partners, with what is overdue of each."""
    after = visit.asked("after")
    async with visit.system.pool.acquire() as connection:
        found = await find_partners(connection, after=after or None, limit=_PAGE + 1)
        overdue = await count_overdue(connection, visit.now)
        shown = [one.value for one in found[:_PAGE]]
        states = {one.partner: await read_exchange_state(connection, one.partner) for one in shown}
    late = {one.partner: sum(overdue.get((one.partner, way), 0) for way in Direction) for one in shown}
    return page(
        visit,
        "partners.html",
        section=_SECTION,
        title="Partners",
        partners=shown,
        states=states,
        late=late,
        more=query(after=shown[-1].partner) if len(found) > _PAGE else "",
        is_first=not after,
        may_set=visit.actor.may("configuration:write"),
    )


async def show_partner(visit: Visit) -> Response:
    """One trading partner with its newest interchanges."""
    partner = await _partner(visit)
    if partner is None:
        return _missing(visit, visit.request.path_params["name"])
    direction = visit.asked("direction")
    async with visit.system.pool.acquire() as connection:
        found = await find_interchanges(
            connection,
            partner.partner,
            direction=Direction(direction) if direction in set(Direction) else None,
            before=_place(visit.asked("before")),
            limit=_PAGE + 1,
        )
        state = await read_exchange_state(connection, partner.partner)
    shown = found[:_PAGE]
    return page(
        visit,
        "partner.html",
        section=_SECTION,
        title=partner.name,
        partner=partner,
        state=state,
        direction=direction,
        interchanges=[(one, standing(one, visit.now)) for one in shown],
        more=query(direction=direction, before=_place_text(shown[-1])) if len(found) > _PAGE else "",
        is_first=not visit.asked("before"),
        done=_DONE.get(visit.asked("done"), ""),
        may_set=visit.actor.may("configuration:write"),
    )


async def show_interchange(visit: Visit, told: Told = _NOTHING) -> Response:
    """One interchange, segment by segment, with what became of it and what is wrong with it."""
    partner, one = await _partner(visit), await _interchange(visit)
    if partner is None or one is None:
        return _missing(visit, visit.request.path_params["name"])
    return page(
        visit,
        "interchange.html",
        status=409 if told[0] else 200,
        section=_SECTION,
        title=f"{one.direction.value.capitalize()} {one.number}",
        partner=partner,
        one=one,
        standing=standing(one, visit.now),
        lines=lines_of(one),
        told=told,
        done=_DONE.get(visit.asked("done"), ""),
        may_again=visit.actor.may("fulfillments:write"),
        can_take=one.state in (InterchangeState.REFUSED, InterchangeState.PARTLY),
    )


async def do_again(visit: Visit) -> Response:
    """Send an interchange once more, or do one once more of which something was refused."""
    partner, one = await _partner(visit), await _interchange(visit)
    if partner is None or one is None:
        return _missing(visit, visit.request.path_params["name"])
    here = f"{visit.base}/partners/{path_part(partner.partner)}/{one.direction}/{one.number}"
    if one.direction is Direction.OUT:
        refused = await send_again(visit.system, partner.partner, one.number)
        if refused is not None:
            return await show_interchange(visit, tell_refusal(refused))
        return RedirectResponse(f"{here}{query(done='sent')}", 303)
    done = await take_again(visit.system, _tongue(visit), partner, one.number)
    if not isinstance(done, StoredInterchange):
        return await show_interchange(visit, tell_refusal(done))
    return RedirectResponse(f"{here}{query(done='taken')}", 303)


async def _partner(visit: Visit) -> EdiPartner | None:
    """The partner of the path; none where it speaks for nodes that the visitor has nothing to do with."""
    async with visit.system.pool.acquire() as connection:
        found = await read_partner(connection, visit.request.path_params["name"])
    if found is None:
        return None
    nodes = found.value.nodes
    is_bound = visit.actor.nodes is not None
    return None if is_bound and not (nodes and all(map(visit.actor.may_at, nodes))) else found.value


async def _interchange(visit: Visit) -> StoredInterchange | None:
    asked = visit.request.path_params
    if asked["direction"] not in set(Direction):
        return None
    async with visit.system.pool.acquire() as connection:
        return await read_interchange(connection, asked["name"], Direction(asked["direction"]), asked["number"])


def _missing(visit: Visit, name: str) -> Response:
    return page(visit, "missing.html", status=404, section=_SECTION, title="No such partner", name=name)


def _tongue(visit: Visit) -> Tongue:
    if visit.system.tongue is None:
        raise RuntimeError("this system speaks with no trading partners")
    return visit.system.tongue


def _place_text(one: StoredInterchange) -> str:
    return f"{one.at.isoformat()}|{one.direction}|{one.number}"


def _place(text: str) -> Place | None:
    """The place that a link says; None where it says none."""
    at, _, rest = text.partition("|")
    direction, _, number = rest.partition("|")
    try:
        return datetime.fromisoformat(at), Direction(direction), int(number)
    except ValueError:
        return None


_ONE: Final = "/partners/{name}/{direction}/{number:int}"

routes = [
    Route("/partners", guarded(show_partners, scope="configuration:read"), name="partners"),
    Route(_ONE, guarded(show_interchange, scope="fulfillments:read"), name="interchange"),
    Route(f"{_ONE}/again", guarded(do_again, scope="fulfillments:write"), methods=["POST"], name="interchange_again"),
    Route("/partners/{name}", guarded(show_partner, scope="configuration:read"), name="partner"),
]
