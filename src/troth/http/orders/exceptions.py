"""What needs a person, ranked by what is at risk, with the fixes that the engine proposes, carried out in one call."""

from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from troth.engine.exceptions.risk import place_of, weigh
from troth.flows.exceptions.bulk_fixes import Bulk, BulkLine, fix_in_bulk
from troth.flows.exceptions.fixing import Fixed, apply_fix, refuse_fix
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.marking import Said, mark
from troth.flows.exceptions.workbench import Filters, find_one, find_open
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.bounds import choose_bound
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import decode_cursor, encode_cursor
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders import examples
from troth.http.orders.exception_answer import (
    BulkAnswer,
    ExceptionDetail,
    ExceptionsPage,
    FixedAnswer,
    MarkAnswer,
    answer_bulk,
    answer_detail,
    answer_exception,
    answer_fixed,
    answer_mark,
    answer_page,
)
from troth.http.orders.exception_body import ApplyBody, BulkBody, ExceptionsQuery, MarkBody
from troth.http.orders.holds import role_of
from troth.model.commands import RepromiseOrder
from troth.model.exceptions import ConcernedUnits, ExceptionKind, OpenException, Source
from troth.model.fix import Fix, FixKind, Taken
from troth.model.ids import NodeId, Sku, named_order
from troth.model.refusals import Busy, FieldFlaw, FixOutdated, Invalid, NotFound, VersionConflict
from troth.store.events import read_subject_events
from troth.store.marks import read_notes


async def list_exceptions(call: Call[Nothing, ExceptionsQuery]) -> Reply:
    """A page of what needs a person, what weighs most first, with how many there are of each kind.

    The cursor holds the instant at which the first page was ranked, so that the pages go together.
    """
    asked = call.query
    cursor = decode_cursor(asked.cursor, tuple[datetime, int, datetime, str])
    at = call.system.door.now() if cursor is None else cursor[0]
    ranked = await find_open(call.system, _filters_of(call), at)
    rows = list(ranked.items)
    if cursor is not None:
        rows = [pair for pair in rows if place_of(*pair) > (-cursor[1], cursor[2], cursor[3])]
    shown = rows[: asked.limit]
    score, since, last_id = place_of(*shown[-1]) if shown else (0, at, "")
    last = encode_cursor((at, -score, since, last_id)) if len(rows) > asked.limit else None
    return json_reply(answer_page(shown, ranked.counts, last, is_partial=ranked.is_partial))


async def read_exception(call: Plain) -> Reply:
    """One exception, with what can be done about it now, its notes, and what was done."""
    pair = await find_one(call.system, call.path("exception_id"), call.actor)
    if pair is None:
        raise Refused(NotFound("exception", call.path("exception_id")))
    found, risk = pair
    looked = await look(call.system, found, role=role_of(call.actor), actor=call.actor.name)
    if isinstance(looked, Busy):
        raise Refused(looked)
    fixes: tuple[Fix, ...] = ()
    version = found.version
    if isinstance(looked, Looked):
        fixes = tuple(fix for fix in looked.fixes if refuse_fix(call.actor, fix.kind) is None)
        version = looked.version
    async with call.system.pool.acquire() as connection:
        notes = await read_notes(connection, found.exception_id)
        done = await read_subject_events(connection, f"exception:{found.exception_id}")
    currency = call.system.door.reference.policy.currency
    return json_reply(answer_detail(found, risk, fixes, version, notes, done, currency))


async def fix_exception(call: Call[ApplyBody, NoQuery]) -> Reply:
    """Carry out a fix, if it would still do what it was shown to do."""
    exception_id = call.path("exception_id")
    await _ensure_visible(call, exception_id)
    _ensure_may(call, call.path("fix_id").rpartition("-")[0])
    done = await apply_fix(
        call.system,
        exception_id,
        call.path("fix_id"),
        version=call.body.version,
        reason=call.body.reason,
        actor=call.actor.name,
        role=role_of(call.actor),
        expected_at=call.body.expected_at,
    )
    if not isinstance(done, Fixed):
        raise Refused(done)
    return json_reply(answer_fixed(done))


async def mark_exception(call: Call[MarkBody, NoQuery]) -> Reply:
    """Say who looks after an exception, put it off, or write a note."""
    body, exception_id = call.body, call.path("exception_id")
    await _ensure_visible(call, exception_id)
    said = Said(body.owner, body.snoozed_until, body.note, body.unsnooze)
    done = await mark(call.system, exception_id, said, actor=call.actor.name)
    if isinstance(done, Invalid | NotFound):
        raise Refused(done)
    return json_reply(answer_mark(done))


async def fix_exceptions(call: Call[BulkBody, NoQuery]) -> Reply:
    """What one kind of fix would do for all that fit, or what it did, one by one."""
    body = call.body
    given = body.filter
    _ensure_may(call, body.fix)
    filters = Filters(
        frozenset(given.kinds) or None,
        None if given.order_id is None else named_order(given.order_id),
        given.channel,
        choose_bound(call.actor.customers, given.customer, "customer"),
        choose_bound(call.actor.nodes, given.node, "node"),
        None if given.sku is None else Sku(given.sku),
        given.owner,
        seen_by=call.actor,
    )
    done = await fix_in_bulk(
        call.system,
        filters,
        body.fix,
        is_preview=not body.apply,
        limit=body.limit,
        reason=body.reason,
        actor=call.actor.name,
        role=role_of(call.actor),
    )
    return json_reply(answer_bulk(done, call.system.door.reference.policy.currency))


def _filters_of(call: Call[Nothing, ExceptionsQuery]) -> Filters:
    asked = call.query
    return Filters(
        frozenset(asked.kind) or None,
        None if asked.order is None else named_order(asked.order),
        asked.channel,
        choose_bound(call.actor.customers, asked.customer, "customer"),
        choose_bound(call.actor.nodes, asked.node, "node"),
        None if asked.sku is None else Sku(asked.sku),
        asked.owner,
        asked.snoozed,
        call.actor,
    )


async def _ensure_visible(call: Call[Any, Any], exception_id: str) -> None:
    """Refused where the actor may not see an exception; of an actor without bounds nothing is asked."""
    if call.actor.customers is None and call.actor.nodes is None:
        return
    if await find_one(call.system, exception_id, call.actor) is None:
        raise Refused(NotFound("exception", exception_id))


def _ensure_may(call: Call[Any, Any], kind: str) -> None:
    """Refused where the actor may not carry out a kind of fix."""
    no = refuse_fix(call.actor, FixKind(kind)) if kind in set(FixKind) else None
    if no is not None:
        raise Refused(no)


_ID: Final = "line:O-26SR2YAV7FYG310C5Q3V:1"
_PATH: Final = (("exception_id", _ID),)
_NONE: Final = NotFound("exception", _ID)
_UNITS: Final = ConcernedUnits(examples.ORDER.lines[0], 2)
_FOUND: Final = OpenException(
    Source.LINE,
    ExceptionKind.SHORT,
    "1",
    examples.AT,
    examples.AT + timedelta(hours=36),
    "A-1001 at DC-PA is short",
    order_id=examples.ORDER_ID,
    version=3,
    channel="web",
    external_id="W-1001",
    customer_id="C-1",
    customer_name="Ada Park",
    currency=examples.CURRENCY,
    lines=(_UNITS,),
)
_RISK: Final = weigh(_FOUND, {}, examples.AT)
_FIX: Final = Fix(
    FixKind.RE_SOURCE,
    "re_source-7f3a90c2d1",
    examples.ORDER_ID,
    RepromiseOrder(examples.ORDER_ID, "fixed at the workbench", 3),
    "DC-IL",
    examples.AT + timedelta(hours=60),
    310,
    0,
    (Taken(Sku("A-1001"), NodeId("DC-IL"), 2, 5),),
    version=3,
)
_ONE: Final = answer_exception(_FOUND, _RISK)
_DETAIL: Final = answer_detail(_FOUND, _RISK, (_FIX,), 3, (), (), examples.CURRENCY)
_BULK: Final = Bulk((BulkLine(_FOUND, _FIX, None, 3),), 1, is_preview=True)
_BULK_ANSWER: Final = answer_bulk(_BULK, examples.CURRENCY)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/exceptions",
        name="list_exceptions",
        summary="What needs a person, what weighs most first",
        tag="exceptions",
        run=list_exceptions,
        shown=(
            Shown(
                200,
                "A page of exceptions, with how many of each kind fit the other filters",
                ExceptionsPage,
                ExceptionsPage((_ONE,), None, {ExceptionKind.SHORT: 1}, False),
            ),
        ),
        body=NO_BODY,
        query=ExceptionsQuery,
        scope="orders:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="GET",
        path="/v1/exceptions/{exception_id}",
        name="read_exception",
        summary="One exception, with the fixes that are possible now, its notes and what was done about it",
        tag="exceptions",
        run=read_exception,
        shown=(Shown(200, "The exception", ExceptionDetail, _DETAIL),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(_NONE,),
        path_examples=_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/exceptions/{exception_id}/fixes/{fix_id}",
        name="fix_exception",
        summary="Carry out a fix, of the order as it was looked at",
        tag="exceptions",
        run=fix_exception,
        shown=(
            Shown(
                200,
                "What was done, and the version of the order now",
                FixedAnswer,
                FixedAnswer(_ID, examples.ORDER_ID, 4, FixKind.RE_SOURCE, _FIX.fix_id, _FIX.promised_at),
            ),
        ),
        body=Body(TypeAdapter(ApplyBody), {"version": 3, "reason": "asked by phone"}),
        query=NoQuery,
        scope="orders:write",
        refusals=(_NONE, VersionConflict("3", "4"), FixOutdated(_FIX.fix_id, ())),
        path_examples=(*_PATH, ("fix_id", _FIX.fix_id)),
    ),
    Operation(
        method="POST",
        path="/v1/exceptions/{exception_id}/mark",
        name="mark_exception",
        summary="Say who looks after an exception, put it off until a time, or write a note",
        tag="exceptions",
        run=mark_exception,
        shown=(Shown(200, "What is said of it now", MarkAnswer, MarkAnswer("maya", None, examples.AT, "key/desk")),),
        body=Body(TypeAdapter(MarkBody), {"owner": "maya", "note": "the customer was called"}),
        query=NoQuery,
        scope="orders:write",
        refusals=(_NONE, Invalid((FieldFlaw("/snoozed_until", "must lie in the future"),))),
        path_examples=_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/exceptions/fixes",
        name="fix_exceptions",
        summary="Carry out one kind of fix for all exceptions that fit, or see what it would do",
        tag="exceptions",
        run=fix_exceptions,
        shown=(
            Shown(200, "What would be done, or was, one by one", BulkAnswer, answer_bulk(_BULK, examples.CURRENCY)),
        ),
        body=Body(
            TypeAdapter(BulkBody),
            {"fix": "wait", "filter": {"kinds": ["short", "unsourced"], "sku": "A-1001"}, "apply": False},
        ),
        query=NoQuery,
        scope="orders:write",
        refusals=(NotFound("node", "DC-PA"),),
    ),
)
