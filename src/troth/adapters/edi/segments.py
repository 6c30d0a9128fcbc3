"""What an interchange says, whichever of the two syntaxes it is written in."""

from datetime import datetime

from troth.model.edi_partner import Party as Party
from troth.model.edi_partner import Syntax as Syntax
from troth.model.value import dataclass

Element = tuple[tuple[str, ...], ...]
"""An element: its repetitions, and of each its components. What is not said is an empty text."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A line of a transaction: its tag, and its elements from the first one on.

    `place` counts from 1, the ST or UNH of the transaction; 0 is one that is yet to be written.
    """

    tag: str
    elements: tuple[Element, ...] = ()
    place: int = 0

    def get(self, element: int, component: int = 1) -> str:
        """What a component of an element says, both counted from 1, of the first repetition; empty where nothing is.
        Blanks at the end only fill up, in both syntaxes, and are left out.
        """
        if element > len(self.elements):
            return ""
        first = self.elements[element - 1][0]
        return first[component - 1].rstrip(" ") if component <= len(first) else ""


def segment(tag: str, *elements: str | tuple[str, ...]) -> Segment:
    """A segment that is to be written: of each element its only component, or its components. Empty ones at the end are
    left out when it is written.
    """
    return Segment(tag, tuple((one,) if isinstance(one, tuple) else ((one,),) for one in elements))


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction set of X12 (`940`), or a message of EDIFACT (`IFTSTA`), without its header and trailer.

    `version` is that of its standard: `004010`, `D.96A`. `convention` is the guide that narrows it down, where it names
    one: `005010X231A1`, `EAN008`.
    """

    kind: str
    version: str
    control: str
    segments: tuple[Segment, ...]
    convention: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Transactions of one kind, as X12 has them together; EDIFACT mostly does without, and then `code` is empty."""

    code: str
    sender: str
    receiver: str
    control: str
    version: str
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Interchange:
    """All that one partner sends another at once. `at` is by the sender's clock, of which no offset is known; the first
    instant there is where it cannot be read.

    `syntax_version` is that of the envelope, `00401` of X12, `UNOC.3` of EDIFACT; empty, the writer takes one that
    holds what is said. `receipts` are the TA1 of X12, which stand beside its groups.
    """

    syntax: Syntax
    sender: Party
    receiver: Party
    control: str
    at: datetime
    is_test: bool
    groups: tuple[Group, ...]
    syntax_version: str = ""
    wants_receipt: bool = False
    receipts: tuple[Segment, ...] = ()
