"""Interchanges with trading partners: which way each went, how it stands, and what became of what is in it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.ids import FulfillmentId, NodeId
from troth.model.value import dataclass


class Direction(StrEnum):
    """Whether an interchange came from the partner, or is for it."""

    IN = "in"
    OUT = "out"


class InterchangeState(StrEnum):
    """How an interchange stands.

    What comes is `received` and then `taken`, `partly` where something in it was refused, or `refused` as a whole. What
    goes is `written`, `sent` once it lies in the folder of the partner, and then as the partner acknowledges it.
    """

    RECEIVED = "received"
    TAKEN = "taken"
    WRITTEN = "written"
    SENT = "sent"
    ACCEPTED = "accepted"
    PARTLY = "partly"
    REFUSED = "refused"


EXPLAINED: Final[Mapping[InterchangeState, str]] = {
    InterchangeState.RECEIVED: "came, and is not done yet",
    InterchangeState.TAKEN: "came, and all that it says was done",
    InterchangeState.WRITTEN: "is to be sent, or asked for",
    InterchangeState.SENT: "lies in the folder of the partner",
    InterchangeState.ACCEPTED: "the partner has it, and could read it",
    InterchangeState.PARTLY: "something that it says was refused",
    InterchangeState.REFUSED: "nothing of it was taken",
}
"""Each state in a sentence."""


class Fate(StrEnum):
    """What became of a transaction, or of something that it says; of one that is out nothing is known at first."""

    WAITING = "waiting"
    DONE = "done"
    KNOWN = "known"
    NOTED = "noted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PlacedFlaw:
    """What is wrong with a segment (its place from 1, and its tag), with an element and a component of it (0: all)."""

    place: int
    tag: str
    element: int
    component: int
    detail: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of something that a transaction says: of an answer about some work, a checkpoint of a parcel, or the
    acknowledgment of an interchange.
    """

    what: str
    about: str
    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReportedTransaction:
    """What became of a transaction. One that tells a node of its work names the message (`node`, `message`)."""

    group: str
    control: str
    kind: str
    fate: Fate
    flaws: tuple[PlacedFlaw, ...] = ()
    results: tuple[Result, ...] = ()
    node: NodeId | None = None
    message: int | None = None
    work: FulfillmentId | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an interchange: what is wrong with all of it, and of each transaction."""

    flaws: tuple[PlacedFlaw, ...] = ()
    transactions: tuple[ReportedTransaction, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredInterchange:
    """An interchange as it came or was written, with its number among those of its direction.

    `times` says how often it came or was put out, `position` when among all that were put out, and `file` as what it
    lay in a folder. It is to be acknowledged by `acknowledge_by` (None: nobody waits for that); `answers` is the number
    of the one that it acknowledges.
    """

    partner: str
    direction: Direction
    number: int
    control: str
    state: InterchangeState
    content: bytes
    file: str
    report: Report
    at: datetime
    times: int = 1
    position: int | None = None
    sent_at: datetime | None = None
    acknowledge_by: datetime | None = None
    acknowledged_at: datetime | None = None
    answers: int | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of transactions in it, each once."""
        return tuple(dict.fromkeys(one.kind for one in self.report.transactions))

    @property
    def text(self) -> str:
        """What it says; bytes that are no UTF-8 as Latin-1, which has a character for each."""
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            return self.content.decode("latin-1")

    @property
    def why_refused(self) -> tuple[str, ...]:
        """Everything that is wrong with it, a line for each."""
        flaws = [*self.report.flaws, *(flaw for one in self.report.transactions for flaw in one.flaws)]
        told = [f"{one.tag} at {one.place}: {one.detail}" if one.place else one.detail for one in flaws]
        results = [result for one in self.report.transactions for result in one.results if result.why]
        return (*told, *(f"{one.what} {one.about}: {one.why}" for one in results))

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been acknowledged by an instant, and was not."""
        return self.acknowledge_by is not None and self.acknowledged_at is None and self.acknowledge_by < now
