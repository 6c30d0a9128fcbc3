"""Versioned configuration of any family: what there is, every version of it, and putting one in force or back."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.family_pages import FamilyPages, Told, routed
from troth.console.views_document import document_chip
from troth.engine.supply.in_force import find_undoable
from troth.flows.documents.document_body import tidy_text
from troth.flows.door.expected import Expected
from troth.flows.publishing.differences import differences
from troth.flows.publishing.publish import Acted, activate, retire, roll_back
from troth.flows.publishing.published import Published, find_published, find_published_versions, read_published
from troth.flows.publishing.remarks import find_remarks
from troth.model.refusals import NotFound, Refusal
from troth.pages.asking import text, whole_number
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.views import query
from troth.pages.views_refusal import flaw, tell_by_field

SECTION: Final = "configuration"
_LISTED_MAX: Final = 200
_VERSIONS_SHOWN: Final = 30
_CHANGES_SHOWN: Final = 200
_DONE: Final = {
    "save": "Saved as a draft. It decides nothing until it is activated.",
    "same": "Nothing differs from the newest version, so nothing was saved.",
    "activate": "Done. What is in force is shown beside.",
    "roll-back": "Rolled back. What is in force is shown beside.",
    "retire": "Put out of force.",
}


async def show_documents(pages: FamilyPages, visit: Visit, families: Sequence[FamilyPages]) -> Response:
    """All documents of a family with their states, and what is in force."""
    found = await find_published(visit.system, pages.family, limit=_LISTED_MAX)
    return page(
        visit,
        "documents.html",
        section=SECTION,
        title=pages.title,
        pages=pages,
        families=families,
        rows=[(one, document_chip(one.state)) for one in found],
        now_deciding=found[0] if found else None,
        may_write=visit.actor.may("configuration:write"),
        **pages.more,
    )


async def show_document(pages: FamilyPages, visit: Visit) -> Response:
    """One version of a document, with all versions beside it."""
    return await _page(pages, visit)


async def put_in_force(pages: FamilyPages, visit: Visit) -> Response:
    """Activate a version: now or later, for all orders or, where the family can, some percent of them."""
    form = await visit.request.form()
    name, version = visit.request.path_params["name"], whole_number(form, "version")
    percent, begins = whole_number(form, "canary_percent"), text(form, "effective_from")
    try:
        effective_from = datetime.fromisoformat(begins).replace(tzinfo=UTC) if begins else None
    except ValueError:
        return await _page(pages, visit, refused="activate", told=flaw("the time from which on is not a time"))
    if version is None or version < 1:
        return await _page(pages, visit, refused="activate", told=flaw("the version is missing"))
    return await _act(
        pages,
        visit,
        form,
        "activate",
        lambda expected: activate(
            visit.system,
            pages.family,
            name,
            version,
            effective_from=effective_from,
            canary_percent=percent,
            reason=text(form, "reason"),
            actor=visit.actor.name,
            expected=expected,
        ),
    )


async def take_back(pages: FamilyPages, visit: Visit) -> Response:
    """Roll back to what was in force before."""
    return await _undo(pages, visit, "roll-back", roll_back)


async def put_out_of_force(pages: FamilyPages, visit: Visit) -> Response:
    """Let what is built in hold again."""
    return await _undo(pages, visit, "retire", retire)


def missing(pages: FamilyPages, visit: Visit, found: NotFound) -> Response:
    """The page where there is no such document or version."""
    return page(
        visit,
        "missing.html",
        status=404,
        section=SECTION,
        title=f"No such {pages.what}",
        name=found.id,
        back=pages.path,
    )


def version_asked(visit: Visit, name: str = "version") -> int | None:
    """The version that the address names, if it does."""
    asked = visit.asked(name)
    return int(asked) if asked.isdecimal() and 0 < len(asked) < 9 else None


async def _undo(
    pages: FamilyPages, visit: Visit, action: str, undo: Callable[..., Awaitable[Acted | Refusal]]
) -> Response:
    """Do what takes a document out of force, for the reason that a form gives."""
    form = await visit.request.form()
    name, reason = visit.request.path_params["name"], text(form, "reason")
    return await _act(
        pages,
        visit,
        form,
        action,
        lambda expected: undo(
            visit.system, pages.family, name, reason=reason, actor=visit.actor.name, expected=expected
        ),
    )


async def _act(
    pages: FamilyPages,
    visit: Visit,
    form: FormData,
    action: str,
    act: Callable[[Expected], Awaitable[Acted | Refusal]],
) -> Response:
    """Do what a form asks for, if all is still as its reader saw it."""
    seen = whole_number(form, "revision")
    acted = await act(Expected(frozenset({seen or 0})))
    if not isinstance(acted, Acted):
        return await _page(pages, visit, refused=action, told=tell_by_field(acted))
    name, asked = visit.request.path_params["name"], query(version=text(form, "version"), done=action)
    return RedirectResponse(f"{visit.base}/{pages.path}/{name}?{asked[1:]}", 303)


async def _page(pages: FamilyPages, visit: Visit, *, refused: str = "", told: Told = ("", ())) -> Response:
    name, family = visit.request.path_params["name"], pages.family
    published = await read_published(visit.system, family, name, version_asked(visit))
    if isinstance(published, NotFound):
        return missing(pages, visit, published)
    versions = await find_published_versions(visit.system, family, name, limit=_VERSIONS_SHOWN + 1)
    rival = await _rival(pages, visit, published)
    read = family.read(published.content)
    undoable = find_undoable(published.acts)
    currency = visit.system.door.reference.policy.currency
    flaws = read if isinstance(read, tuple) else ()
    changes = () if rival is None else differences(rival.content, published.content)
    return page(
        visit,
        "document.html",
        status=409 if refused else 200,
        section=SECTION,
        title=name,
        pages=pages,
        published=published,
        document=published.document,
        standing=document_chip(published.state),
        view=None if flaws else pages.tell(read, published.content, currency),
        flaws=flaws,
        findings=() if flaws else await find_remarks(visit.system, family, read),
        source=tidy_text(published.document.body),
        versions=[(one, document_chip(one.state)) for one in versions[:_VERSIONS_SHOWN]],
        has_more_versions=len(versions) > _VERSIONS_SHOWN,
        rival=rival,
        changes=changes[:_CHANGES_SHOWN],
        changes_count=len(changes),
        undoable=undoable if undoable is not None and undoable.name == name else None,
        now_at=published.at,
        refused=refused,
        told=told,
        done=_DONE.get(visit.asked("done"), ""),
        may_write=visit.actor.may("configuration:write"),
        **pages.more,
    )


async def _rival(pages: FamilyPages, visit: Visit, published: Published) -> Published | None:
    """The version with which another one is compared: the one asked for, the one in force, or the one before."""
    document, base = published.document, published.in_force.base
    against = version_asked(visit, "against")
    if against is not None and against != document.version:
        name, version = document.name, against
    elif base is not None and base.version and (base.name, base.version) != (document.name, document.version):
        name, version = base.name, base.version
    elif document.version > 1:
        name, version = document.name, document.version - 1
    else:
        return None
    other = await read_published(visit.system, pages.family, name, version)
    return other if isinstance(other, Published) else None


def routes_of(pages: FamilyPages, families: Sequence[FamilyPages]) -> list[Route]:
    """The routes of a family's documents; `families` are those that the list leads to."""
    read, write = "configuration:read", "configuration:write"

    async def listed(own: FamilyPages, visit: Visit) -> Response:
        return await show_documents(own, visit, families)

    return [
        routed(pages, "", listed, scope=read),
        routed(pages, "/{name}", show_document, scope=read),
        routed(pages, "/{name}/activate", put_in_force, scope=write, methods=("POST",)),
        routed(pages, "/{name}/roll-back", take_back, scope=write, methods=("POST",)),
        routed(pages, "/{name}/retire", put_out_of_force, scope=write, methods=("POST",)),
    ]
