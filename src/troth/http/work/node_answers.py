"""What nodes with systems of their own answer, many at once: each for itself, and once."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, StringConstraints, TypeAdapter

from troth.flows.nodes.answers import Fate, Taken, take_answers
from troth.http.edge.body import Body, Id, Instant, LotName, Name, NoQuery, Strict, Text
from troth.http.edge.idempotency import once
from troth.http.edge.measures import Quantity
from troth.http.edge.operations import AnyOperation, Call, Operation, Shown
from troth.http.edge.problems import problem_of
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders import examples
from troth.http.work.node_messages import node_of
from troth.http.work.work_body import Serial
from troth.model.ids import FulfillmentId, LineId
from troth.model.node_answers import AnsweredLine, AnsweredLot, AnsweredPackage, AnswerKind, NodeAnswer
from troth.model.refusals import NotFound

ANSWERS_MAX: Final = 1_000
_LINES_MAX: Final = 1_000

Tracking = Annotated[str, StringConstraints(max_length=64, pattern=r"^[!-~]*$")]


class AnsweredLotBody(Strict):
    """Units of a lot."""

    lot: LotName
    quantity: Quantity

    def lot_(self) -> AnsweredLot:
        """The units that are meant."""
        return AnsweredLot(self.lot, self.quantity)


class AnsweredLineBody(Strict):
    """Units of a line: refused, not there, shipped or given back; all of it where no quantity is named."""

    line_id: Id
    quantity: Quantity | None = None
    reason: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9_]*$")] = ""
    lots: Annotated[tuple[AnsweredLotBody, ...], Field(max_length=_LINES_MAX, strict=False)] = ()
    serials: Annotated[tuple[Serial, ...], Field(max_length=10_000, strict=False)] = ()

    def line(self) -> AnsweredLine:
        """The units that are meant."""
        lots = tuple(one.lot_() for one in self.lots)
        return AnsweredLine(LineId(self.line_id), self.quantity, self.reason, lots, self.serials)


class AnsweredPackageBody(Strict):
    """A package that left, with what is in it; all of the work where no lines are named."""

    package_id: Id
    lines: Annotated[tuple[AnsweredLineBody, ...], Field(max_length=_LINES_MAX, strict=False)] = ()
    carrier: Text = ""
    service: Text = ""
    tracking_number: Tracking = ""
    weight_kg: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None

    def package(self) -> AnsweredPackage:
        """The package that is meant."""
        return AnsweredPackage(
            self.package_id,
            tuple(one.line() for one in self.lines),
            self.carrier,
            self.service,
            self.tracking_number,
            None if self.weight_kg is None else Decimal(repr(self.weight_kg)),
        )


class AnswerBody(Strict):
    """An answer about some work, a message or a parcel. The same answer again does nothing; where the same is meant
    twice, each has an `answer_id` of its own.
    """

    answer: AnswerKind
    fulfillment_id: Id | None = None
    message: Annotated[int | None, Field(ge=1, lt=2**63, description="Of an acknowledgment: its number.")] = None
    reason: Annotated[Name | None, Field(description="Why work is refused or kept.")] = None
    lines: Annotated[tuple[AnsweredLineBody, ...], Field(max_length=_LINES_MAX, strict=False)] = ()
    packages: Annotated[tuple[AnsweredPackageBody, ...], Field(max_length=_LINES_MAX, strict=False)] = ()
    tracking_number: Tracking = ""
    status: Annotated[str, StringConstraints(max_length=64, pattern=r"^([a-z][a-z0-9_]*)?$")] = ""
    carrier: Text = ""
    place: Text = ""
    at: Instant | None = None
    answer_id: Annotated[str, StringConstraints(max_length=100, pattern=r"^[!-~]*$")] = ""

    def node_answer(self) -> NodeAnswer:
        """The answer that is meant."""
        at: datetime | None = self.at
        return NodeAnswer(
            self.answer,
            None if self.fulfillment_id is None else FulfillmentId(self.fulfillment_id),
            self.message,
            self.reason or "",
            tuple(one.line() for one in self.lines),
            tuple(one.package() for one in self.packages),
            self.tracking_number,
            self.status,
            self.carrier,
            self.place,
            at,
            self.answer_id,
        )


class AnswersBody(Strict):
    """Answers of a node."""

    answers: Annotated[tuple[AnswerBody, ...], Field(min_length=1, max_length=ANSWERS_MAX, strict=False)]


class TakenAnswer(msgspec.Struct, frozen=True):
    """What became of an answer, by its place in what was sent: `known` says what is so already; or a problem."""

    index: int
    fulfillment_id: str | None
    fate: Fate
    problem: dict[str, Any] | None


class TakenAnswers(msgspec.Struct, frozen=True):
    """How many answers were done, were known, and were refused, and what became of each."""

    done: int
    known: int
    refused: int
    results: tuple[TakenAnswer, ...]


async def answer_node(call: Call[AnswersBody, NoQuery]) -> Reply:
    """Do what a node answers."""
    node, answers = node_of(call), call.body.answers

    async def run() -> Reply:
        taken = await take_answers(call.system, node, [one.node_answer() for one in answers], actor=call.actor.name)
        return json_reply(_shown(answers, taken))

    return await once(call, run)


def _shown(answers: tuple[AnswerBody, ...], taken: list[Taken]) -> TakenAnswers:
    fates = [one.fate for one in taken]
    results = tuple(
        TakenAnswer(
            one.index,
            answers[one.index].fulfillment_id,
            one.fate,
            None if one.refusal is None else problem_of(one.refusal),
        )
        for one in taken
    )
    return TakenAnswers(fates.count(Fate.DONE), fates.count(Fate.KNOWN), fates.count(Fate.REFUSED), results)


_EXAMPLE: Final = {
    "answers": [
        {"answer": "accept", "fulfillment_id": examples.FULFILLMENT_ID},
        {
            "answer": "ship",
            "fulfillment_id": examples.FULFILLMENT_ID,
            "packages": [
                {
                    "package_id": "1",
                    "lines": [{"line_id": "1", "quantity": 2, "lots": [{"lot": "L-77", "quantity": 2}]}],
                    "carrier": "ups",
                    "tracking_number": "1Z999AA10123456784",
                    "weight_kg": 1.2,
                }
            ],
            "at": "2026-11-23T16:40:00-05:00",
        },
    ]
}

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    Operation(
        method="POST",
        path="/v1/nodes/{node_id}/answers",
        name="answer_node",
        summary="What a node answers about its work: accepted, refused, short, shipped, tracked; each for itself",
        tag="nodes",
        run=answer_node,
        shown=(
            Shown(
                200,
                "What became of each answer",
                TakenAnswers,
                TakenAnswers(
                    1,
                    1,
                    0,
                    (
                        TakenAnswer(0, examples.FULFILLMENT_ID, Fate.KNOWN, None),
                        TakenAnswer(1, examples.FULFILLMENT_ID, Fate.DONE, None),
                    ),
                ),
            ),
        ),
        body=Body(TypeAdapter(AnswersBody), _EXAMPLE),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(NotFound("node", examples.WORK.node),),
        path_examples=(("node_id", examples.WORK.node),),
    ),
)
