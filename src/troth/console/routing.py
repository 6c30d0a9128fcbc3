"""Routings: what decides about sources, every version of it, and putting another one in force or back."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.asking import text, whole_number
from troth.console.desk import Visit
from troth.console.pages import page
from troth.console.session import guarded
from troth.console.views import query
from troth.console.views_refusal import flaw, tell_by_field
from troth.console.views_routing import document_chip, view_routing
from troth.engine.in_force import find_undoable
from troth.flows.differences import differences
from troth.flows.document_body import tidy_text
from troth.flows.expected import Expected
from troth.flows.families import ROUTINGS
from troth.flows.presets import PRESETS
from troth.flows.publish import Acted, activate, retire, roll_back
from troth.flows.published import Published, find_published, find_published_versions, read_published
from troth.model.refusals import NotFound, Refusal
from troth.model.routing import Routing

_LISTED_MAX: Final = 200
_VERSIONS_SHOWN: Final = 30
_DONE: Final = {
    "save": "Saved as a draft. It decides nothing until it is activated.",
    "same": "Nothing differs from the newest version, so nothing was saved.",
    "activate": "Done. What is in force is shown at the top.",
    "roll-back": "Rolled back. What is in force is shown at the top.",
    "retire": "Put out of force: what is built in decides again.",
}

Told = tuple[str, tuple[str, ...]]


async def show_routings(visit: Visit) -> Response:
    """All routings with their states, and what is in force."""
    found = await find_published(visit.system, ROUTINGS, limit=_LISTED_MAX)
    return page(
        visit,
        "routings.html",
        section="routing",
        title="Routing",
        rows=[(one, document_chip(one.state)) for one in found],
        now_deciding=found[0] if found else None,
        presets=list(PRESETS.values()),
        may_write=visit.actor.may("configuration:write"),
    )


async def show_routing(visit: Visit) -> Response:
    """One version of a routing in words, with all versions beside it."""
    return await _page(visit)


async def put_in_force(visit: Visit) -> Response:
    """Activate a version: now or later, for all orders or some percent of them."""
    form = await visit.request.form()
    name, version = visit.request.path_params["name"], whole_number(form, "version")
    percent, begins = whole_number(form, "canary_percent"), text(form, "effective_from")
    try:
        effective_from = datetime.fromisoformat(begins).replace(tzinfo=UTC) if begins else None
    except ValueError:
        return await _page(visit, refused="activate", told=flaw("the time from which on is not a time"))
    if version is None or version < 1:
        return await _page(visit, refused="activate", told=flaw("the version is missing"))
    return await _act(
        visit,
        form,
        "activate",
        lambda expected: activate(
            visit.system,
            ROUTINGS,
            name,
            version,
            effective_from=effective_from,
            canary_percent=percent,
            reason=text(form, "reason"),
            actor=visit.actor.name,
            expected=expected,
        ),
    )


async def take_back(visit: Visit) -> Response:
    """Roll back to what was in force before."""
    form = await visit.request.form()
    return await _act(
        visit,
        form,
        "roll-back",
        lambda expected: roll_back(
            visit.system,
            ROUTINGS,
            visit.request.path_params["name"],
            reason=text(form, "reason"),
            actor=visit.actor.name,
            expected=expected,
        ),
    )


async def put_out_of_force(visit: Visit) -> Response:
    """Let what is built in decide again."""
    form = await visit.request.form()
    return await _act(
        visit,
        form,
        "retire",
        lambda expected: retire(
            visit.system,
            ROUTINGS,
            visit.request.path_params["name"],
            reason=text(form, "reason"),
            actor=visit.actor.name,
            expected=expected,
        ),
    )


async def _act(
    visit: Visit, form: FormData, action: str, act: Callable[[Expected], Awaitable[Acted | Refusal]]
) -> Response:
    """Do what a form asks for, if all is still as its reader saw it."""
    seen = whole_number(form, "revision")
    acted = await act(Expected(frozenset({seen or 0})))
    if not isinstance(acted, Acted):
        return await _page(visit, refused=action, told=tell_by_field(acted))
    name = visit.request.path_params["name"]
    return RedirectResponse(f"{visit.base}/routing/{name}?{query(version=text(form, 'version'), done=action)[1:]}", 303)


async def _page(visit: Visit, *, refused: str = "", told: Told = ("", ())) -> Response:
    name = visit.request.path_params["name"]
    asked = visit.asked("version")
    version = int(asked) if asked.isdecimal() and 0 < len(asked) < 9 else None
    published = await read_published(visit.system, ROUTINGS, name, version)
    if isinstance(published, NotFound):
        return page(visit, "missing.html", status=404, section="routing", title="No such routing", name=published.id)
    versions = await find_published_versions(visit.system, ROUTINGS, name, limit=_VERSIONS_SHOWN + 1)
    rival = await _rival(visit, published)
    read = ROUTINGS.read(published.content)
    undoable = find_undoable(published.acts)
    currency = visit.system.door.reference.policy.currency
    return page(
        visit,
        "routing.html",
        status=409 if refused else 200,
        section="routing",
        title=name,
        published=published,
        document=published.document,
        standing=document_chip(published.state),
        view=view_routing(read, currency) if isinstance(read, Routing) else None,
        flaws=() if isinstance(read, Routing) else read,
        findings=ROUTINGS.lint(read) if isinstance(read, Routing) else (),
        source=tidy_text(published.document.body),
        versions=[(one, document_chip(one.state)) for one in versions[:_VERSIONS_SHOWN]],
        has_more_versions=len(versions) > _VERSIONS_SHOWN,
        rival=rival,
        changes=() if rival is None else differences(rival.content, published.content),
        undoable=undoable if undoable is not None and undoable.name == name else None,
        now_at=published.at,
        refused=refused,
        told=told,
        done=_DONE.get(visit.asked("done"), ""),
        may_write=visit.actor.may("configuration:write"),
    )


async def _rival(visit: Visit, published: Published) -> Published | None:
    """The version with which another one is compared: the one in force, or the one before."""
    document, base = published.document, published.in_force.base
    other: Any = None
    if base is not None and (base.name, base.version) != (document.name, document.version):
        other = await read_published(visit.system, ROUTINGS, base.name, base.version)
    elif document.version > 1:
        other = await read_published(visit.system, ROUTINGS, document.name, document.version - 1)
    return other if isinstance(other, Published) else None


routes = [
    Route("/routing", guarded(show_routings, scope="configuration:read"), name="routings"),
    Route("/routing/{name}", guarded(show_routing, scope="configuration:read"), name="routing"),
    Route("/routing/{name}/activate", guarded(put_in_force, scope="configuration:write"), methods=["POST"]),
    Route("/routing/{name}/roll-back", guarded(take_back, scope="configuration:write"), methods=["POST"]),
    Route("/routing/{name}/retire", guarded(put_out_of_force, scope="configuration:write"), methods=["POST"]),
]
