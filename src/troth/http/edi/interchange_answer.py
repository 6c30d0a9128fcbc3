"""An interchange with a trading partner, as it is answered."""

from datetime import datetime
from typing import Final

import msgspec

from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.model.edi_interchange import (
    Direction,
    Fate,
    InterchangeState,
    PlacedFlaw,
    Report,
    ReportedTransaction,
    Result,
    StoredInterchange,
)


class FlawAnswer(msgspec.Struct, frozen=True):
    """What is wrong with a segment (its place from 1, and its tag), with an element and a component of it (0: all)."""

    place: int
    tag: str
    element: int
    component: int
    detail: str
    value: str


class ResultAnswer(msgspec.Struct, frozen=True):
    """What became of something that a transaction says, about some work, parcel or interchange."""

    what: str
    about: str
    fate: Fate
    why: str


class TransactionAnswer(msgspec.Struct, frozen=True):
    """A transaction with what became of it; `node` and `message` where it tells a node of its work."""

    group: str
    control: str
    kind: str
    fate: Fate
    node: str | None
    message: int | None
    fulfillment_id: str | None
    flaws: tuple[FlawAnswer, ...]
    results: tuple[ResultAnswer, ...]


class InterchangeAnswer(msgspec.Struct, frozen=True):
    """An interchange. `text` is what it says; `position` counts what was put out; `answers` is the number of the one
    that it acknowledges.
    """

    partner_id: str
    direction: Direction
    number: int
    control: str
    state: InterchangeState
    file: str | None
    at: Instant
    times: int
    position: int | None
    sent_at: Instant | None
    acknowledge_by: Instant | None
    acknowledged_at: Instant | None
    answers: int | None
    flaws: tuple[FlawAnswer, ...]
    transactions: tuple[TransactionAnswer, ...]
    text: str


class ReceivedInterchange(msgspec.Struct, frozen=True):
    """An interchange that was posted, and whether it had come before."""

    interchange: InterchangeAnswer
    is_known: bool


class ReceivedAnswer(msgspec.Struct, frozen=True):
    """What became of the interchanges of a body, in its order."""

    interchanges: tuple[ReceivedInterchange, ...]


class PutOutAnswer(msgspec.Struct, frozen=True):
    """Interchanges in the order in which they are to be sent; what comes after is asked for after `last`."""

    items: tuple[InterchangeAnswer, ...]
    last: int


def answer_interchange(one: StoredInterchange) -> InterchangeAnswer:
    """An interchange as it is answered."""
    return InterchangeAnswer(
        one.partner,
        one.direction,
        one.number,
        one.control,
        one.state,
        one.file or None,
        one.at,
        one.times,
        one.position,
        one.sent_at,
        one.acknowledge_by,
        one.acknowledged_at,
        one.answers,
        tuple(map(_flaw, one.report.flaws)),
        tuple(map(_transaction, one.report.transactions)),
        one.text,
    )


def _transaction(one: ReportedTransaction) -> TransactionAnswer:
    return TransactionAnswer(
        one.group,
        one.control,
        one.kind,
        one.fate,
        one.node,
        one.message,
        one.work,
        tuple(map(_flaw, one.flaws)),
        tuple(ResultAnswer(result.what, result.about, result.fate, result.why) for result in one.results),
    )


def _flaw(one: PlacedFlaw) -> FlawAnswer:
    return FlawAnswer(one.place, one.tag, one.element, one.component, one.detail, one.value)


_AT: Final = datetime.fromisoformat("2026-11-23T15:00:00+00:00")
_ACCEPTED: Final = ReportedTransaction(
    "17",
    "0001",
    "940",
    Fate.DONE,
    results=(Result("acknowledgment", examples.FULFILLMENT_ID, Fate.DONE),),
    node=examples.WORK.node,
    message=17,
    work=examples.WORK.fulfillment_id,
)
INTERCHANGE: Final = StoredInterchange(
    "3PL-EAST",
    Direction.OUT,
    17,
    "000000017",
    InterchangeState.ACCEPTED,
    b"ISA*00*          *00*          *ZZ*TROTHRETAIL    *ZZ*3PLEAST        *261123*1500*U*00401*000000017*0*P*>~",
    "000000017-940.x12",
    Report((), (_ACCEPTED,)),
    _AT,
    position=21,
    sent_at=_AT,
    acknowledge_by=_AT.replace(hour=16),
    acknowledged_at=_AT.replace(minute=4),
)
"""The interchange of the examples."""
