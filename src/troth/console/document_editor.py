"""Writing a document of any family: from what there is or from a beginning, judged as it stands, saved as a draft."""

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.documents import SECTION, missing, version_asked
from troth.console.family_pages import FamilyPages, Told, routed
from troth.console.views_editor import Judgment, judge
from troth.flows.documents.document_body import BODY_BYTES_MAX, tidy_text
from troth.flows.door.expected import Expected
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.published import read_published
from troth.model.refusals import NotFound
from troth.pages.asking import text, whole_number
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.views_refusal import flaw, tell_by_field


async def edit_new(pages: FamilyPages, visit: Visit) -> Response:
    """The editor with a new document."""
    begun = pages.begin(pages, visit)
    return _editor(pages, visit, name=begun.name, written=begun.written, told=begun.told)


async def edit(pages: FamilyPages, visit: Visit) -> Response:
    """The editor with a version of a document."""
    name = visit.request.path_params["name"]
    published = await read_published(visit.system, pages.family, name, version_asked(visit))
    if isinstance(published, NotFound):
        return missing(pages, visit, published)
    return _editor(
        pages,
        visit,
        name=name,
        written=tidy_text(published.document.body),
        revision=published.revision,
        begun=published.document.version,
    )


async def check(pages: FamilyPages, visit: Visit) -> Response:
    """The editor as it was sent, with what is wrong with it."""
    form = await visit.request.form()
    return _judged(pages, visit, form, judge(pages.family, _text(form)))


async def save(pages: FamilyPages, visit: Visit) -> Response:
    """Save what was written as a draft, or say what forbids it."""
    form = await visit.request.form()
    name, judgment = text(form, "name"), judge(pages.family, _text(form))
    if judgment.errors:
        return _judged(pages, visit, form, judgment, status=422)
    if not name:
        return _judged(pages, visit, form, judgment, status=422, told=flaw(f"a {pages.what} needs a name"))
    revision = whole_number(form, "revision")
    saved = await save_draft(
        visit.system,
        pages.family,
        name,
        judgment.body,
        note=text(form, "note"),
        actor=visit.actor.name,
        expected=Expected(frozenset({revision})) if revision else Expected(is_none=True),
    )
    if not isinstance(saved, Saved):
        return _judged(pages, visit, form, judgment, status=409, told=tell_by_field(saved))
    done = "save" if saved.is_new else "same"
    return RedirectResponse(f"{visit.base}/{pages.path}/{name}?version={saved.document.version}&done={done}", 303)


def _judged(
    pages: FamilyPages,
    visit: Visit,
    form: FormData,
    judgment: Judgment,
    *,
    status: int = 200,
    told: Told = ("", ()),
) -> Response:
    return _editor(
        pages,
        visit,
        name=text(form, "name"),
        written=_text(form),
        note=text(form, "note"),
        revision=whole_number(form, "revision") or 0,
        begun=whole_number(form, "begun") or 0,
        judgment=judgment,
        told=told,
        status=status,
    )


def _editor(
    pages: FamilyPages,
    visit: Visit,
    *,
    name: str,
    written: str,
    note: str = "",
    revision: int = 0,
    begun: int = 0,
    judgment: Judgment | None = None,
    told: Told = ("", ()),
    status: int = 200,
) -> Response:
    return page(
        visit,
        "document_edit.html",
        status=status,
        section=SECTION,
        title=f"Edit {name}" if revision else f"New {pages.what}",
        pages=pages,
        name=name,
        written=written,
        rows=min(40, max(16, written.count("\n") + 3)),
        note=note,
        revision=revision,
        begun=begun,
        judgment=judgment,
        told=told,
        **pages.more,
    )


def _text(form: FormData) -> str:
    """The text as it was written, without the line ends that browsers send."""
    return str(form.get("written", ""))[: BODY_BYTES_MAX * 2].replace("\r\n", "\n")


def routes_of(pages: FamilyPages) -> list[Route]:
    """The routes of a family's editor."""
    scope = "configuration:write"
    return [
        routed(pages, "-new", edit_new, scope=scope),
        routed(pages, "-check", check, scope=scope, methods=("POST",)),
        routed(pages, "-save", save, scope=scope, methods=("POST",)),
        routed(pages, "/{name}/edit", edit, scope=scope),
    ]
