"""What electronic data interchange is to flows: bytes that say something, and something that is said as bytes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import NewType, Protocol

from troth.flows.memory.trackers import ToldCheckpoint
from troth.model.edi_interchange import PlacedFlaw
from troth.model.edi_partner import EdiPartner
from troth.model.ids import FulfillmentId, Sku
from troth.model.item import Item
from troth.model.kits import Kits
from troth.model.node_answers import NodeAnswer
from troth.model.node_messages import NodeTold, ToldWork
from troth.model.value import dataclass

Spoken = NewType("Spoken", object)
"""A transaction as the tongue has it, that is to be written."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known here of what transactions are about: the items, and the work as its node was last told of it, with
    the components of its lines that are kits; and when they came.
    """

    items: Mapping[Sku, Item] = field(default_factory=dict)
    works: Mapping[FulfillmentId, ToldWork] = field(default_factory=dict)
    kits: Mapping[FulfillmentId, Kits] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unspoken:
    """Why something cannot be said to a partner."""

    why: str


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """That the partner could read, or not, what it was sent: all transactions of an interchange, or one of it (by its
    control number). `why` says what it refused, or notes.
    """

    interchange: str
    transaction: str
    is_accepted: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class HeardTransaction:
    """What a transaction says. One that is refused says nothing; flaws of one that is not are only noted."""

    group: str
    control: str
    kind: str
    is_refused: bool = False
    flaws: tuple[PlacedFlaw, ...] = ()
    answers: tuple[NodeAnswer, ...] = ()
    checkpoints: tuple[ToldCheckpoint, ...] = ()
    acknowledgments: tuple[Acknowledgment, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What an interchange says, and what is said back to acknowledge it."""

    transactions: tuple[HeardTransaction, ...]
    acknowledgment: tuple[Spoken, ...] = ()


class Envelope(Protocol):
    """An interchange of a file as far as it could be read."""

    @property
    def control(self) -> str:
        """Its control number; empty where it has none."""
        ...

    @property
    def flaws(self) -> Sequence[PlacedFlaw]:
        """Why all of it is refused, in words: not from the partner, not for us, not whole. None: it is not."""
        ...

    @property
    def works(self) -> Collection[FulfillmentId]:
        """The work that it is about."""
        ...

    def is_in(self, content: bytes) -> bool:
        """Whether a file has the very same interchange."""
        ...

    def hear(self, known: Known) -> Heard:
        """What it says."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """The interchanges of a file, and what is wrong where none is."""

    envelopes: tuple[Envelope, ...]
    flaws: tuple[str, ...] = ()


class Tongue(Protocol):
    """Reads and writes the interchanges of partners."""

    def open(self, content: bytes, partner: EdiPartner) -> Opened:
        """The interchanges of a file that came from a partner."""
        ...

    def say(self, told: NodeTold, partner: EdiPartner, known: Known) -> Spoken | Unspoken:
        """A message to a node as a transaction, or why it is none."""
        ...

    def kind(self, spoken: Spoken) -> str:
        """What a transaction is called: `940`, `ORDERS`."""
        ...

    def write(self, spoken: Sequence[Spoken], partner: EdiPartner, number: int, at: datetime) -> "Written":
        """Transactions of one kind as the interchange with a control number."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """An interchange as bytes, its control number, that of its group, and those of its transactions."""

    content: bytes
    control: str
    group: str
    transactions: tuple[str, ...]
