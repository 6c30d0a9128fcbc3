"""What needs a person: the list by what is at risk, one with its fixes and a click for each, and many in one go."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.views_workbench import KINDS, describe_log, view_bulk, view_exception, view_fix
from troth.flows.documents.document_body import BODY_BYTES_MAX, tidy_text
from troth.flows.exceptions import intake
from troth.flows.exceptions.bulk_fixes import Bulk, fix_in_bulk
from troth.flows.exceptions.fixing import Fixed, apply_fix, refuse_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.marking import Said, mark
from troth.flows.exceptions.workbench import NOBODY, Filters, find_one, find_open
from troth.model.exceptions import KINDS_OF, ExceptionKind, OpenException, Source, parts_of_id
from troth.model.fix import FOR, TOLD, FixKind
from troth.model.ids import Sku
from troth.model.intake import IntakeDocument
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound
from troth.model.risk import Risk
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.pages.views_refusal import Told, flaw, tell_refusal
from troth.store.events import read_subject_events
from troth.store.intake import read_intake
from troth.store.marks import read_notes

_PAGE: Final = 50
_BULK_SHOWN: Final = 100
_FILTERS: Final = ("kind", "node", "sku", "channel", "owner")


async def show_exceptions(visit: Visit) -> Response:
    """The list, what weighs most first, fifty to a page."""
    return await _list(visit)


async def fix_many(visit: Visit) -> Response:
    """Show what one kind of fix would do for all that fit, or carry it out."""
    form = await visit.request.form()
    asked = {name: text(form, name) for name in _FILTERS}
    kind = text(form, "fix")
    if kind not in set(FixKind):
        return await _list(visit, asked=asked, told=flaw("choose what to do"))
    no = refuse_fix(visit.actor, FixKind(kind))
    if no is not None:
        return await _list(visit, asked=asked, told=tell_refusal(no))
    done = await fix_in_bulk(
        visit.system,
        _filters(visit, asked),
        FixKind(kind),
        is_preview=text(form, "do") != "apply",
        limit=_BULK_SHOWN,
        reason=text(form, "reason"),
        actor=visit.actor.name,
        role=visit.actor.role,
    )
    return await _list(visit, asked=asked, bulk=done, form=form)


async def show_exception(visit: Visit) -> Response:
    """One exception with what can be done about it now."""
    return await _page(visit)


async def fix(visit: Visit) -> Response:
    """Carry out one fix."""
    form = await visit.request.form()
    version = text(form, "version")
    kind = text(form, "fix_id").rpartition("-")[0]
    no = refuse_fix(visit.actor, FixKind(kind)) if kind in set(FixKind) else None
    if no is not None:
        return await _page(visit, told=tell_refusal(no))
    try:
        given = text(form, "expected_at")
        expected_at = datetime.fromisoformat(given).replace(tzinfo=UTC) if given else None
    except ValueError:
        return await _page(visit, told=flaw("the date cannot be read"))
    done = await apply_fix(
        visit.system,
        _name(visit),
        text(form, "fix_id"),
        version=int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0,
        reason=text(form, "reason"),
        actor=visit.actor.name,
        role=visit.actor.role,
        expected_at=expected_at,
    )
    if not isinstance(done, Fixed):
        return await _page(visit, told=tell_refusal(done))
    return RedirectResponse(f"{visit.base}/exceptions?fixed={done.fix.kind}", 303)


async def say(visit: Visit) -> Response:
    """Give it to somebody, put it off, or write a note."""
    form = await visit.request.form()
    hours = text(form, "snooze")
    until = visit.now + timedelta(hours=int(hours)) if hours in ("1", "4", "24", "72") else None
    said = Said(text(form, "owner", length_max=100), until, text(form, "note"), unsnooze=hours == "none")
    done = await mark(visit.system, _name(visit), said, actor=visit.actor.name)
    if isinstance(done, Invalid | NotFound):
        return await _page(visit, told=tell_refusal(done))
    return RedirectResponse(f"{visit.request.url.path.removesuffix('/say')}?said=1", 303)


async def _list(
    visit: Visit,
    *,
    asked: dict[str, str] | None = None,
    bulk: Bulk | None = None,
    form: FormData | None = None,
    told: Told = ("", ()),
) -> Response:
    given = asked or {name: visit.asked(name) for name in _FILTERS}
    at = visit.asked("page")
    number = int(at) if at.isascii() and at.isdecimal() and len(at) < 6 else 0
    ranked = await find_open(visit.system, _filters(visit, given, with_snoozed=visit.asked("snoozed") == "1"))
    begins = number * _PAGE
    shown = ranked.items[begins : begins + _PAGE]
    plain = {name: value for name, value in given.items() if value}
    more = query(**plain, page=str(number + 1)) if len(ranked.items) > begins + _PAGE else ""
    kind = FixKind(text(form, "fix")) if form is not None and text(form, "fix") in set(FixKind) else None
    return page(
        visit,
        "exceptions.html",
        status=409 if told[0] else 200,
        section="exceptions",
        title="Exceptions",
        rows=[view_exception(found, risk) for found, risk in shown],
        total=len(ranked.items),
        is_partial=ranked.is_partial,
        counts=[(one, KINDS[one].text, ranked.counts.get(one, 0)) for one in ExceptionKind if ranked.counts.get(one)],
        given=given,
        fixes=[(one, TOLD[one]) for one in _fixes_for(given["kind"]) if refuse_fix(visit.actor, one) is None],
        is_filtered=bool(plain),
        chosen=kind,
        chosen_told=TOLD[kind] if kind else "",
        reason="" if form is None else text(form, "reason"),
        bulk=None if bulk is None else view_bulk(bulk, visit.system.door.reference.policy.currency),
        told=told,
        more=more,
        is_first=not number,
        fixed=visit.asked("fixed"),
        snoozed=visit.asked("snoozed") == "1",
        may_write=visit.actor.may("orders:write"),
        nobody=NOBODY,
    )


def _fixes_for(kind: str) -> list[FixKind]:
    """The kinds of fixes that may settle exceptions of a kind; all where none is chosen."""
    sources = {source for source, kinds in KINDS_OF.items() if kind in kinds}
    return [one for one in FixKind if not sources or FOR[one] & sources]


async def _page(visit: Visit, *, told: Told = ("", ())) -> Response:
    name = _name(visit)
    pair = await find_one(visit.system, name)
    if pair is None:
        return page(
            visit, "exception_settled.html", status=404, section="exceptions", title="Settled", name=name, told=told
        )
    found, risk = pair
    if found.source is Source.INTAKE:
        return await _intake_page(visit, found, risk, told=told)
    looked = await look(visit.system, found, role=visit.actor.role, actor=visit.actor.name)
    if isinstance(looked, Busy):
        return page(
            visit, "refused.html", status=503, section="exceptions", title="Too much is asked at once", needs=""
        )
    async with visit.system.pool.acquire() as connection:
        notes = await read_notes(connection, name)
        done = await read_subject_events(connection, f"exception:{name}")
    fixes = looked.fixes if isinstance(looked, Looked) else ()
    may_write = visit.actor.may("orders:write")
    currency = visit.system.door.reference.policy.currency
    return page(
        visit,
        "exception.html",
        status=409 if told[0] else 200,
        section="exceptions",
        title=f"{KINDS[found.kind].text}: {found.external_id or found.subject}",
        it=view_exception(found, risk),
        fixes=[
            view_fix(fix, found.currency, currency, may_do=may_write and refuse_fix(visit.actor, fix.kind) is None)
            for fix in fixes
        ],
        notes=notes,
        done=[describe_log(one) for one in done],
        told=told,
        said=visit.asked("said"),
        snooze_hours=((1, "an hour"), (4, "four hours"), (24, "a day"), (72, "three days")),
        may_write=may_write,
        zone_of=visit.zone_of,
    )


async def settle(visit: Visit) -> Response:
    """Capture what waits in the intake, as it stands in the form, or put it away."""
    form = await visit.request.form()
    named = parts_of_id(_name(visit))
    attempt_for, what = visit.desk.attempt_for, text(form, "do")
    given = text(form, "version")
    version = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0
    if named is None or (attempt_for is None and what != "drop"):
        return await _page(visit)
    name, actor = named[2], visit.actor.name
    if what == "drop":
        reason = text(form, "reason")
        if not reason:
            return await _page(visit, told=flaw("putting it away needs a reason"))
        done = await intake.drop(visit.system, name, version=version, reason=reason, actor=actor)
    elif attempt_for is not None:
        attempt = attempt_for(visit.system, visit.actor)
        try:
            body = msgspec.json.decode(text(form, "body", length_max=BODY_BYTES_MAX), type=dict[str, Any])
        except msgspec.MsgspecError as error:
            return await _page(visit, told=flaw(f"the document cannot be read: {error}"))
        done = await intake.mend(visit.system, name, body, attempt, version=version, actor=actor)
        if isinstance(done, IntakeDocument) and done.state == "waiting" and what == "despite":
            done = await intake.submit(visit.system, name, attempt, version=done.version, is_despite=True, actor=actor)
    else:
        return await _page(visit)
    if not isinstance(done, IntakeDocument):
        return await _page(visit, told=tell_refusal(done))
    if done.state == "waiting":
        return await _page(visit, told=("It cannot be captured yet.", tuple(_finding(one) for one in done.findings)))
    return RedirectResponse(f"{visit.base}/exceptions?fixed={done.state}", 303)


def _finding(found: FieldFlaw) -> str:
    return f"{found.pointer} {found.detail}".strip()


async def _intake_page(visit: Visit, found: OpenException, risk: Risk, *, told: Told) -> Response:
    async with visit.system.pool.acquire() as connection:
        document = await read_intake(connection, found.subject)
        notes = await read_notes(connection, found.exception_id)
    if document is None:
        return page(visit, "exception_settled.html", status=404, section="exceptions", title="Settled", told=told)
    return page(
        visit,
        "intake.html",
        status=409 if told[0] else 200,
        section="exceptions",
        title=f"Not captured: {document.external_id or document.intake_id}",
        it=view_exception(found, risk),
        document=document,
        written=tidy_text(document.body),
        findings=[(one.pointer, one.detail) for one in document.findings],
        notes=notes,
        told=told,
        may_write=visit.actor.may("orders:write"),
        may_capture=visit.desk.attempt_for is not None,
    )


def _name(visit: Visit) -> str:
    name: str = visit.request.path_params["exception_id"]
    return name


def _filters(visit: Visit, given: dict[str, str], *, with_snoozed: bool = False) -> Filters:
    kind = given["kind"]
    bound = visit.actor.customers
    return Filters(
        frozenset({ExceptionKind(kind)}) if kind in set(ExceptionKind) else None,
        None,
        given["channel"] or None,
        None if bound is None else (sorted(bound) or [""])[0],
        given["node"] or None,
        Sku(given["sku"]) if given["sku"] else None,
        given["owner"] or None,
        with_snoozed,
    )


routes = [
    Route("/exceptions", guarded(show_exceptions, scope="orders:read"), name="exceptions"),
    Route("/exceptions", guarded(fix_many, scope="orders:write"), methods=["POST"]),
    Route("/exceptions/{exception_id}", guarded(show_exception, scope="orders:read"), name="exception"),
    Route("/exceptions/{exception_id}/fix", guarded(fix, scope="orders:write"), methods=["POST"]),
    Route("/exceptions/{exception_id}/settle", guarded(settle, scope="orders:write"), methods=["POST"]),
    Route("/exceptions/{exception_id}/say", guarded(say, scope="orders:write"), methods=["POST"]),
]
