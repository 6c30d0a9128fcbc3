"""Writing a routing: from a preset or from what there is, judged as it stands, and saved as a draft."""

from itertools import groupby
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.asking import text, whole_number
from troth.console.desk import Visit
from troth.console.pages import page
from troth.console.session import guarded
from troth.console.views_editor import Judgment, judge
from troth.console.views_refusal import flaw, tell_by_field
from troth.engine.rules.fields import FIELDS
from troth.engine.rules.weights import AMOUNTS
from troth.flows.document_body import BODY_BYTES_MAX, body_text, tidy_text
from troth.flows.draft import Saved, save_draft
from troth.flows.expected import Expected
from troth.flows.families import ROUTINGS
from troth.flows.presets import PRESETS, make_preset
from troth.flows.published import read_published
from troth.model.cost_rates import PARTS
from troth.model.refusals import Invalid, NotFound
from troth.model.routing import NAMED_SORTS

_BLANK: Final = body_text(
    {"description": "", "tiers": [{"name": "anybody", "none": "backorder", "partial": "backorder"}]}
)

Told = tuple[str, tuple[str, ...]]


async def edit_new(visit: Visit) -> Response:
    """The editor with a new routing: blank, or what a preset makes of the parameters in the address."""
    preset = visit.asked("preset")
    if not preset:
        return _editor(visit, name="", written=tidy_text(_BLANK))
    given = _parameters(visit, preset)
    content = make_preset(preset, given)
    if isinstance(content, NotFound | Invalid):
        return _editor(visit, name="", written=tidy_text(_BLANK), told=tell_by_field(content))
    return _editor(visit, name=preset.replace("_", "-"), written=tidy_text(body_text(content)))


async def edit(visit: Visit) -> Response:
    """The editor with a version of a routing."""
    name, asked = visit.request.path_params["name"], visit.asked("version")
    version = int(asked) if asked.isdecimal() and 0 < len(asked) < 9 else None
    published = await read_published(visit.system, ROUTINGS, name, version)
    if isinstance(published, NotFound):
        return page(visit, "missing.html", status=404, section="routing", title="No such routing", name=published.id)
    return _editor(
        visit,
        name=name,
        written=tidy_text(published.document.body),
        revision=published.revision,
        begun=published.document.version,
    )


async def check(visit: Visit) -> Response:
    """The editor as it was sent, with what is wrong with it."""
    form = await visit.request.form()
    return _judged(visit, form, judge(ROUTINGS, _text(form)))


async def save(visit: Visit) -> Response:
    """Save what was written as a draft, or say what forbids it."""
    form = await visit.request.form()
    name, judgment = text(form, "name"), judge(ROUTINGS, _text(form))
    if judgment.errors:
        return _judged(visit, form, judgment, status=422)
    if not name:
        return _judged(visit, form, judgment, status=422, told=flaw("a routing needs a name"))
    revision = whole_number(form, "revision")
    saved = await save_draft(
        visit.system,
        ROUTINGS,
        name,
        judgment.body,
        note=text(form, "note"),
        actor=visit.actor.name,
        expected=Expected(frozenset({revision})) if revision else Expected(is_none=True),
    )
    if not isinstance(saved, Saved):
        return _judged(visit, form, judgment, status=409, told=tell_by_field(saved))
    done = "save" if saved.is_new else "same"
    return RedirectResponse(f"{visit.base}/routing/{name}?version={saved.document.version}&done={done}", 303)


def _judged(visit: Visit, form: FormData, judgment: Judgment, *, status: int = 200, told: Told = ("", ())) -> Response:
    return _editor(
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
        "routing_edit.html",
        status=status,
        section="routing",
        title=f"Edit {name}" if revision else "New routing",
        name=name,
        written=written,
        rows=min(40, max(16, written.count("\n") + 3)),
        note=note,
        revision=revision,
        begun=begun,
        judgment=judgment,
        told=told,
        groups=_GROUPS,
        sorts=NAMED_SORTS,
        amounts=tuple(AMOUNTS),
        parts=PARTS,
    )


def _text(form: FormData) -> str:
    """The text as it was written, without the line ends that browsers send."""
    return str(form.get("written", ""))[: BODY_BYTES_MAX * 2].replace("\r\n", "\n")


def _parameters(visit: Visit, preset: str) -> dict[str, Any]:
    """The parameters of a preset that the address gives; what is no number stays a text, and is refused by name."""
    known = PRESETS[preset].parameters if preset in PRESETS else ()
    given: dict[str, Any] = {}
    for parameter in known:
        asked = visit.asked(parameter.name, length_max=2_000)
        if parameter.kind == "true or false":
            given[parameter.name] = asked == "yes"
        elif not asked:
            continue
        elif parameter.kind == "list of nodes":
            given[parameter.name] = [name for name in asked.replace(",", " ").split() if name]
        elif parameter.kind == "whole number":
            given[parameter.name] = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else asked
        elif parameter.kind == "number":
            given[parameter.name] = _number(asked)
        else:
            given[parameter.name] = asked
    return given


def _number(asked: str) -> float | str:
    try:
        return float(asked)
    except ValueError:
        return asked


_GROUPS: Final = [
    (scope, list(fields)) for scope, fields in groupby(FIELDS.values(), key=lambda field: field.path.split(".")[0])
]

routes = [
    Route("/routing-new", guarded(edit_new, scope="configuration:write"), name="routing-new"),
    Route("/routing-check", guarded(check, scope="configuration:write"), methods=["POST"]),
    Route("/routing-save", guarded(save, scope="configuration:write"), methods=["POST"]),
    Route("/routing/{name}/edit", guarded(edit, scope="configuration:write"), name="routing-edit"),
]
