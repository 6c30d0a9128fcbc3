"""What transactions of carriers say, as the checkpoints that their notices bring by whichever way."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from troth.adapters.edi.flaws import Fault, Flaw
from troth.adapters.edi.maps.edifact_iftsta import read_iftsta
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.x12_214 import read_214
from troth.adapters.edi.segments import Segment, Transaction
from troth.adapters.edi.terms import Known, Terms
from troth.flows.memory.trackers import ToldCheckpoint
from troth.model.value import dataclass

TRACKERS: Final[Mapping[str, Callable[[Reading], Iterator[ToldCheckpoint]]]] = {
    "214": read_214,
    "IFTSTA": read_iftsta,
}
"""The documents by which carriers say where parcels are."""


@dataclass(frozen=True, slots=True)
class ReadCheckpoints:
    """The checkpoints that a transaction is, and what of it cannot be understood."""

    checkpoints: tuple[ToldCheckpoint, ...]
    flaws: tuple[Flaw, ...] = ()


def read_checkpoints(transaction: Transaction, terms: Terms, known: Known) -> ReadCheckpoints:
    """What a transaction says of parcels; nothing where any of it is in doubt."""
    reading = Reading(transaction, terms, known)
    read = TRACKERS.get(transaction.kind)
    if read is None:
        reading.flaw(
            Segment("ST", (((transaction.kind,),),), 1), 1, Fault.KIND_NOT_SUPPORTED, "says nothing of parcels"
        )
        return ReadCheckpoints((), tuple(reading.flaws))
    found = tuple(read(reading))
    return ReadCheckpoints(() if reading.flaws else found, tuple(reading.flaws))
