"""Drift: another system's positions held against the books of the same instant."""

from collections import defaultdict
from datetime import datetime
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.drift import Cause, Difference, DriftReport, Proposal, TheirPosition, find_drift
from troth.flows.stock import Counted
from troth.http.body import Body, Id, Instant, Name, NoQuery, Strict
from troth.http.idempotency import once
from troth.http.inventory import LINES_MAX, UNITS_MAX
from troth.http.line_results import LineResultAnswer, line_answer
from troth.http.operations import Call, Operation, Shown
from troth.http.problems import Refused
from troth.http.replies import Reply, json_reply
from troth.http.values import Instant as At
from troth.http.values import MoneyAnswer, money
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid


class TheirPositionBody(Strict):
    """What the other system says that a node held."""

    sku: Id
    node: Id
    on_hand: Annotated[int, Field(ge=-UNITS_MAX, le=UNITS_MAX)]


class DriftBody(Strict):
    """Another system's positions, all of one instant."""

    system: Annotated[Name, Field(description="Which system it is; the correction refers to it.")]
    as_of: Annotated[Instant, Field(description="When it was so there.")]
    positions: Annotated[tuple[TheirPositionBody, ...], Field(min_length=1, max_length=LINES_MAX)]


class DifferenceAnswer(msgspec.Struct, frozen=True):
    """A position that is not the same there: `ours` is what the books said then, `units` are theirs less ours."""

    sku: str
    node: str
    ours: int
    theirs: int
    units: int
    moved_since: int
    cost: MoneyAnswer
    cause: Cause
    proposal: Proposal
    evidence: tuple[str, ...]


class CauseAnswer(msgspec.Struct, frozen=True):
    """The differences of one likely cause: how many, their units more and less, and the balance at cost."""

    cause: Cause
    positions: int
    units_more: int
    units_less: int
    cost: MoneyAnswer


class CorrectionLine(msgspec.Struct, frozen=True):
    """A count that would set the books to what the other system says, plus what moved since."""

    sku: str
    node: str
    on_hand: int
    reason: str


class Correction(msgspec.Struct, frozen=True):
    """A body for `POST /v1/inventory/counts`."""

    as_of: At
    counts: tuple[CorrectionLine, ...]
    reference: str


class DriftAnswer(msgspec.Struct, frozen=True):
    """What differs; `correction` is null where no count is proposed."""

    as_of: At
    compared: int
    agreeing: int
    causes: tuple[CauseAnswer, ...]
    differences: tuple[DifferenceAnswer, ...]
    correction: Correction | None
    refused: tuple[LineResultAnswer, ...]


async def post_drift(call: Call[DriftBody, NoQuery]) -> Reply:
    """Compare."""
    body = call.body
    positions = [TheirPosition(Sku(one.sku), NodeId(one.node), one.on_hand) for one in body.positions]

    async def run() -> Reply:
        found = await find_drift(call.system, body.as_of, positions, actor=call.actor)
        if isinstance(found, Invalid):
            raise Refused(found)
        return json_reply(answer_drift(found, body.system, call.system.door.reference.policy.currency))

    return await once(call, run)


def answer_drift(report: DriftReport, system: str, currency: str) -> DriftAnswer:
    """A comparison as it is answered."""
    by_cause: dict[Cause, list[Difference]] = defaultdict(list)
    for one in report.differences:
        by_cause[one.cause].append(one)
    counts = report.correction()
    return DriftAnswer(
        report.as_of,
        report.compared,
        report.compared - len(report.differences),
        tuple(_answer_cause(cause, by_cause[cause], currency) for cause in Cause if cause in by_cause),
        tuple(_answer_difference(one, currency) for one in report.differences),
        Correction(report.as_of, tuple(map(_line, counts)), f"drift {system}") if counts else None,
        tuple(line_answer(result, "/positions", ()) for result in report.refused),
    )


def _answer_cause(cause: Cause, differences: list[Difference], currency: str) -> CauseAnswer:
    return CauseAnswer(
        cause,
        len(differences),
        sum(max(0, one.units) for one in differences),
        sum(max(0, -one.units) for one in differences),
        money(sum(one.cost_minor for one in differences), currency),
    )


def _answer_difference(one: Difference, currency: str) -> DifferenceAnswer:
    return DifferenceAnswer(
        one.sku,
        one.node,
        one.ours,
        one.theirs,
        one.units,
        one.moved_since,
        money(one.cost_minor, currency),
        one.cause,
        one.proposal,
        one.evidence,
    )


def _line(counted: Counted) -> CorrectionLine:
    return CorrectionLine(counted.sku, counted.node or "", counted.on_hand, counted.reason)


_AT: Final = datetime.fromisoformat("2026-11-23T06:00:00-05:00")
_UNPOSTED: Final = Difference(
    Sku("A-1001"), NodeId("DC-PA"), 40, 38, 0, -1600, Cause.UNPOSTED_SHIPMENT, Proposal.POST_SHIPMENT, ("O-1-F1",)
)
_STRANGE: Final = Difference(Sku("A-1002"), NodeId("DC-PA"), 7, 9, -1, 2400, Cause.UNKNOWN, Proposal.COUNT)
_EXAMPLE: Final = answer_drift(DriftReport(_AT, 120, (_UNPOSTED, _STRANGE), ()), "WMS-EAST", "USD")
_BODY: Final = Body(
    TypeAdapter(DriftBody),
    {
        "system": "WMS-EAST",
        "as_of": "2026-11-23T06:00:00-05:00",
        "positions": [{"sku": "A-1001", "node": "DC-PA", "on_hand": 38}],
    },
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/inventory/drift",
        name="post_drift",
        summary="Hold another system's positions against the books of the same instant",
        tag="inventory",
        run=post_drift,
        shown=(Shown(200, "What differs, why, and a correction; nothing is changed", DriftAnswer, _EXAMPLE),),
        body=_BODY,
        query=NoQuery,
        scope="inventory:read",
        refusals=(Invalid((FieldFlaw("/as_of", "positions cannot be those of the future"),)),),
    ),
)
