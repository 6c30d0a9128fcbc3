"""Drift: another system's positions held against the books of the same instant."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.stock.drift import Cause, Difference, DriftReport, Proposal, TheirPosition, find_drift
from troth.flows.stock.stock import Counted
from troth.http.edge.body import Body, Id, Instant, LotName, Name, NoQuery, Strict
from troth.http.edge.idempotency import once
from troth.http.edge.line_results import LineResultAnswer, line_answer
from troth.http.edge.measures import Given, Measured, Units, of_sku, sum_by_measure
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.sifted import Sifted
from troth.http.edge.values import Instant as At
from troth.http.edge.values import MoneyAnswer, money
from troth.http.stock.inventory import LINES_MAX, UNITS_MAX
from troth.http.stock.stock_counts import MeasuredVariance
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.measure import PIECE
from troth.model.refusals import FieldFlaw, Invalid


class TheirPositionBody(Strict):
    """What the other system says that a node held, of a lot where it names one."""

    sku: Id
    node: Id
    on_hand: Annotated[Given, Measured(-UNITS_MAX, UNITS_MAX)]
    lot: LotName | None = None


class DriftBody(Strict):
    """Another system's positions, all of one instant."""

    system: Annotated[Name, Field(description="Which system it is; the correction refers to it.")]
    as_of: Annotated[Instant, Field(description="When it was so there.")]
    positions: Annotated[tuple[TheirPositionBody, ...], Field(min_length=1, max_length=LINES_MAX)]


class DifferenceAnswer(msgspec.Struct, frozen=True):
    """A position that is not the same there: `ours` is what the books said then, `units` are theirs less ours."""

    sku: str
    node: str
    ours: Units
    theirs: Units
    units: Units
    moved_since: Units
    cost: MoneyAnswer
    cause: Cause
    proposal: Proposal
    evidence: tuple[str, ...]
    lot: str


class CauseAnswer(msgspec.Struct, frozen=True):
    """The differences of one likely cause: how many, and what is more and less there: pieces in `units_more` and
    `units_less`, what is sold by measure in `measured`; `cost` is the balance of all of it at cost.
    """

    cause: Cause
    positions: int
    units_more: Units
    units_less: Units
    measured: tuple[MeasuredVariance, ...]
    cost: MoneyAnswer


class CorrectionLine(msgspec.Struct, frozen=True):
    """A count that would set the books to what the other system says, plus what moved since."""

    sku: str
    node: str
    on_hand: Units
    reason: str
    lot: str | None = None


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
    positions = [TheirPosition(Sku(one.sku), NodeId(one.node), one.on_hand, one.lot or "") for one in body.positions]

    sifted = Sifted(body.positions, call.flawed)

    async def run() -> Reply:
        found = await find_drift(call.system, body.as_of, positions, actor=call.actor, places=sifted.places)
        if isinstance(found, Invalid):
            raise Refused(found)
        found = replace(found, refused=sifted.results(found.refused))
        reference = call.system.door.reference
        return json_reply(answer_drift(found, body.system, reference.policy.currency, reference.items))

    return await once(call, run)


def answer_drift(report: DriftReport, system: str, currency: str, items: Mapping[Sku, Item]) -> DriftAnswer:
    """A comparison as it is answered, in the measures of its items."""
    by_cause: dict[Cause, list[Difference]] = defaultdict(list)
    for one in report.differences:
        by_cause[one.cause].append(one)
    counts = report.correction()
    return DriftAnswer(
        report.as_of,
        report.compared,
        report.compared - len(report.differences),
        tuple(_answer_cause(cause, by_cause[cause], currency, items) for cause in Cause if cause in by_cause),
        tuple(_answer_difference(one, currency, items) for one in report.differences),
        Correction(report.as_of, tuple(_line(one, items) for one in counts), f"drift {system}") if counts else None,
        tuple(line_answer(result, "/positions", ()) for result in report.refused),
    )


def _answer_cause(cause: Cause, differences: list[Difference], currency: str, items: Mapping[Sku, Item]) -> CauseAnswer:
    more = sum_by_measure(((one.sku, max(0, one.units)) for one in differences), items)
    less = sum_by_measure(((one.sku, max(0, -one.units)) for one in differences), items)
    return CauseAnswer(
        cause,
        len(differences),
        more[PIECE],
        less[PIECE],
        tuple(MeasuredVariance(unit, more[unit], less[unit]) for unit in more if unit != PIECE),
        money(sum(one.cost_minor for one in differences), currency),
    )


def _answer_difference(one: Difference, currency: str, items: Mapping[Sku, Item]) -> DifferenceAnswer:
    def told(units: int) -> Units:
        return of_sku(units, one.sku, items)

    return DifferenceAnswer(
        one.sku,
        one.node,
        told(one.ours),
        told(one.theirs),
        told(one.units),
        told(one.moved_since),
        money(one.cost_minor, currency),
        one.cause,
        one.proposal,
        one.evidence,
        one.lot,
    )


def _line(counted: Counted, items: Mapping[Sku, Item]) -> CorrectionLine:
    on_hand = of_sku(counted.on_hand, counted.sku, items)
    return CorrectionLine(counted.sku, counted.node or "", on_hand, counted.reason, counted.lot or None)


_AT: Final = datetime.fromisoformat("2026-11-23T06:00:00-05:00")
_UNPOSTED: Final = Difference(
    Sku("A-1001"), NodeId("DC-PA"), 40, 38, 0, -1600, Cause.UNPOSTED_SHIPMENT, Proposal.POST_SHIPMENT, ("O-1-F1",)
)
_STRANGE: Final = Difference(Sku("A-1002"), NodeId("DC-PA"), 7, 9, -1, 2400, Cause.UNKNOWN, Proposal.COUNT)
_EXAMPLE: Final = answer_drift(DriftReport(_AT, 120, (_UNPOSTED, _STRANGE), ()), "WMS-EAST", "USD", {})
_BODY: Final = Body(
    TypeAdapter(DriftBody),
    {
        "system": "WMS-EAST",
        "as_of": "2026-11-23T06:00:00-05:00",
        "positions": [{"sku": "A-1001", "node": "DC-PA", "on_hand": 38}],
    },
    lines="positions",
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
