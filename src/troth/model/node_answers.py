"""What a node with a system of its own answers about its work, whichever way it comes."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from troth.model.ids import FulfillmentId, LineId
from troth.model.value import dataclass


class AnswerKind(StrEnum):
    """What an answer says."""

    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    REJECT = "reject"
    SHORT = "short"
    SHIP = "ship"
    TRACK = "track"
    GIVE_BACK = "give_back"
    KEEP = "keep"


ANSWERS: Final[Mapping[AnswerKind, str]] = {
    AnswerKind.ACKNOWLEDGE: "the message came",
    AnswerKind.ACCEPT: "the node takes the work on",
    AnswerKind.REJECT: "the node refuses units, or all, for a reason",
    AnswerKind.SHORT: "so many units of lines are not there; the rest of these lines is picked",
    AnswerKind.SHIP: "the packages left",
    AnswerKind.TRACK: "where a parcel is",
    AnswerKind.GIVE_BACK: "the node gives back what it was asked for",
    AnswerKind.KEEP: "the node does not give it back, for a reason",
}
"""Each kind in a sentence."""


@dataclass(frozen=True, slots=True)
class AnsweredLot:
    """Units of a lot, as the node says them."""

    lot: str
    quantity: int | Decimal


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """Units of a line, as the node says them, with why they are refused or fewer; from which lots, and their serials.

    Without a `quantity` it is all of the line.
    """

    line_id: LineId
    quantity: int | Decimal | None = None
    reason: str = ""
    lots: tuple[AnsweredLot, ...] = ()
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnsweredPackage:
    """A package that left, with what is in it (nothing named: all of it) and the carrier's facts."""

    package_id: str
    lines: tuple[AnsweredLine, ...] = ()
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    weight_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """An answer of a node about some work, about a message (by its number), or about a parcel (by its tracking number).

    The same answer again does nothing; where the same is meant twice each has an `answer_id` of its own.
    """

    answer: AnswerKind
    fulfillment_id: FulfillmentId | None = None
    message: int | None = None
    reason: str = ""
    lines: tuple[AnsweredLine, ...] = ()
    packages: tuple[AnsweredPackage, ...] = ()
    tracking_number: str = ""
    status: str = ""
    carrier: str = ""
    place: str = ""
    at: datetime | None = None
    answer_id: str = ""
