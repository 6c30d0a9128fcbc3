"""Stock: adjusted and counted line by line, and read as positions and as the ledger behind them."""

from datetime import date
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.stock import Adjustment, Counted, LineResult, adjust, count
from troth.http.body import Body, Id, Instant, LotName, Name, NoQuery, Strict, Text
from troth.http.idempotency import key_of
from troth.http.measures import Given, Measured, Scaling, known_items
from troth.http.operations import Call, Operation, Shown
from troth.http.problems import PROBLEMS, TYPE_BASE, ProblemError, Refused
from troth.http.replies import Reply, json_reply
from troth.model.ids import NodeId, Sku
from troth.model.refusals import Busy, FieldFlaw, Invalid, KeyReused

LINES_MAX: Final = 20_000
_UNITS_MAX: Final = 1_000_000_000


LastDay = Annotated[
    date | None,
    Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1), description="The last day on which the lot is good."),
]


_Delta = Annotated[Given, Measured(-_UNITS_MAX, _UNITS_MAX)]
_Found = Annotated[Given, Measured(0, _UNITS_MAX)]


class AdjustmentBody(Strict):
    """Units to add (or to take, where negative) at one node."""

    node: Id
    sku: Id
    delta: _Delta
    reason: Annotated[Name, Field(description="Any word; `receipt` is what arrived, from a supplier or elsewhere.")]
    reference: Annotated[Text, Field(description="Of a receipt: the number of its purchase order.")] = ""
    lot: LotName | None = None
    expires_on: LastDay = None


class AdjustmentsBody(Strict):
    """Adjustments, each done or refused for itself."""

    adjustments: Annotated[tuple[AdjustmentBody, ...], Field(min_length=1, max_length=LINES_MAX)]


class CountBody(Strict):
    """Units that were found of one SKU."""

    sku: Id
    on_hand: _Found
    lot: LotName | None = None
    expires_on: LastDay = None


class CountsBody(Strict):
    """Counts of one node, taken at one time; what moved since is added."""

    node: Id
    as_of: Annotated[Instant, Field(description="When it was counted.")]
    counts: Annotated[tuple[CountBody, ...], Field(min_length=1, max_length=LINES_MAX)]
    reference: Text = ""


class LineProblem(msgspec.Struct, frozen=True):
    """Why a line was refused; `pointer` of an error points into the whole body."""

    type: str
    title: str
    status: int
    code: str
    transient: bool
    errors: tuple[ProblemError, ...]


class LineResultAnswer(msgspec.Struct, frozen=True):
    """What became of one line, counted from 0."""

    line: int
    ok: bool
    problem: LineProblem | None


class LineResultsAnswer(msgspec.Struct, frozen=True):
    """What became of every line."""

    accepted: int
    refused: int
    results: tuple[LineResultAnswer, ...]


async def post_adjustments(call: Call[AdjustmentsBody, NoQuery]) -> Reply:
    """Move stock."""
    items, scaling = await known_items(call, [line.sku for line in call.body.adjustments]), Scaling()
    lines = [
        Adjustment(
            NodeId(line.node),
            Sku(line.sku),
            scaling.of_item(line.delta, items.get(Sku(line.sku)), f"/adjustments/{at}/delta"),
            line.reason,
            line.reference,
            lot=line.lot or "",
            expires_on=line.expires_on,
        )
        for at, line in enumerate(call.body.adjustments)
    ]
    scaling.done()
    return _reply(await adjust(call.system, lines, actor=call.actor, key=key_of(call)), "/adjustments")


async def post_counts(call: Call[CountsBody, NoQuery]) -> Reply:
    """Set stock to what was counted."""
    body = call.body
    items, scaling = await known_items(call, [line.sku for line in body.counts]), Scaling()
    lines = [
        Counted(
            Sku(line.sku),
            scaling.of_item(line.on_hand, items.get(Sku(line.sku)), f"/counts/{at}/on_hand"),
            lot=line.lot or "",
            expires_on=line.expires_on,
        )
        for at, line in enumerate(body.counts)
    ]
    scaling.done()
    done = await count(
        call.system,
        NodeId(body.node),
        body.as_of,
        lines,
        actor=call.actor,
        reference=body.reference,
        key=key_of(call),
    )
    return _reply(done, "/counts", shared=("/node",))


def _reply(done: tuple[LineResult, ...] | Invalid | KeyReused, lines: str, *, shared: tuple[str, ...] = ()) -> Reply:
    """The result of every line, or a problem where not one was accepted; `shared` are fields that all lines have."""
    if not isinstance(done, tuple):
        raise Refused(done)
    refused = [result for result in done if result.code]
    if len(refused) == len(done):
        flaws = dict.fromkeys(flaw for result in refused for flaw in _placed(result, lines, shared))
        raise Refused(Invalid(tuple(flaws)) if flaws else Busy(1))
    answers = tuple(
        LineResultAnswer(result.line, not result.code, _problem(result, lines, shared) if result.code else None)
        for result in done
    )
    return json_reply(LineResultsAnswer(len(done) - len(refused), len(refused), answers))


def _problem(result: LineResult, lines: str, shared: tuple[str, ...]) -> LineProblem:
    status, title = PROBLEMS[result.code]
    errors = tuple(ProblemError(flaw.pointer, flaw.detail) for flaw in _placed(result, lines, shared))
    return LineProblem(TYPE_BASE + result.code, title, status, result.code, result.transient, errors)


def _placed(result: LineResult, lines: str, shared: tuple[str, ...]) -> list[FieldFlaw]:
    """The flaws of a line, pointing into the whole body."""
    return [
        flaw if flaw.pointer in shared else FieldFlaw(f"{lines}/{result.line}{flaw.pointer}", flaw.detail)
        for flaw in result.flaws
    ]


_NO_ITEM: Final = LineResult(1, Invalid.code, flaws=(FieldFlaw("/sku", "there is no item A-1002"),))
_DONE: Final = LineResultAnswer(0, ok=True, problem=None)
_REFUSED: Final = LineResultAnswer(1, ok=False, problem=_problem(_NO_ITEM, "/adjustments", ()))
_LINES_EXAMPLE: Final = LineResultsAnswer(1, 1, (_DONE, _REFUSED))
_COUNTS_EXAMPLE: Final = LineResultsAnswer(1, 0, (_DONE,))
_ADJUSTMENTS: Final = Body(
    TypeAdapter(AdjustmentsBody),
    {
        "adjustments": [
            {"node": "DC-PA", "sku": "A-1001", "delta": 40, "reason": "receipt", "reference": "4500017"},
            {"node": "DC-PA", "sku": "A-1002", "delta": -1, "reason": "damaged"},
            {
                "node": "DC-PA",
                "sku": "A-2001",
                "delta": 24,
                "reason": "receipt",
                "lot": "L-77",
                "expires_on": "2027-03-31",
            },
        ]
    },
)
_COUNTS: Final = Body(
    TypeAdapter(CountsBody),
    {
        "node": "DC-PA",
        "as_of": "2026-11-23T06:30:00-05:00",
        "counts": [{"sku": "A-1001", "on_hand": 38}],
    },
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/inventory/adjustments",
        name="post_adjustments",
        summary="Add or take units, line by line",
        tag="inventory",
        run=post_adjustments,
        shown=(Shown(200, "What became of every line; at least one was accepted", LineResultsAnswer, _LINES_EXAMPLE),),
        body=_ADJUSTMENTS,
        query=NoQuery,
        scope="inventory:write",
        refusals=(Invalid((FieldFlaw("/adjustments/0/sku", "there is no item A-1001"),)),),
    ),
    Operation(
        method="POST",
        path="/v1/inventory/counts",
        name="post_counts",
        summary="Set stock to what was counted, plus what moved since",
        tag="inventory",
        run=post_counts,
        shown=(Shown(200, "What became of every line; at least one was accepted", LineResultsAnswer, _COUNTS_EXAMPLE),),
        body=_COUNTS,
        query=NoQuery,
        scope="inventory:write",
        refusals=(Invalid((FieldFlaw("/as_of", "a count cannot have been taken in the future"),)),),
    ),
)
