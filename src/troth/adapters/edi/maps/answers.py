"""What transactions say of work, as the answers that a node gives by whichever way."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from troth.adapters.edi.flaws import Fault, Flaw
from troth.adapters.edi.maps.edifact_desadv import read_desadv
from troth.adapters.edi.maps.edifact_ordrsp import read_ordrsp
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.reply import reply_answers
from troth.adapters.edi.maps.said import SaidReply, SaidShipment
from troth.adapters.edi.maps.shipment import shipment_answers
from troth.adapters.edi.maps.x12_855 import read_855
from troth.adapters.edi.maps.x12_856 import read_856
from troth.adapters.edi.maps.x12_945 import read_945
from troth.adapters.edi.segments import Transaction
from troth.adapters.edi.terms import Known, Terms
from troth.model.node_answers import NodeAnswer
from troth.model.value import dataclass

Read = Callable[[Reading], Iterator[SaidShipment] | Iterator[SaidReply]]

READERS: Final[Mapping[str, Read]] = {
    "945": read_945,
    "855": read_855,
    "865": read_855,
    "856": read_856,
    "DESADV": read_desadv,
    "ORDRSP": read_ordrsp,
}
"""The documents by which partners answer."""


@dataclass(frozen=True, slots=True)
class ReadAnswers:
    """The answers that a transaction is, and what of it cannot be understood."""

    answers: tuple[NodeAnswer, ...]
    flaws: tuple[Flaw, ...] = ()


def read_answers(transaction: Transaction, terms: Terms, known: Known) -> ReadAnswers:
    """What a transaction says of work. Of an order of which anything is in doubt nothing is said but its flaws, and of
    none where the transaction itself cannot be understood.
    """
    reading = Reading(transaction, terms, known)
    read = READERS.get(transaction.kind)
    if read is None:
        return ReadAnswers(
            (), (Flaw("", transaction.control, 1, "ST", 1, 0, Fault.KIND_NOT_SUPPORTED.value, "is no answer"),)
        )
    said: tuple[SaidShipment | SaidReply, ...] = tuple(read(reading))
    answers: list[NodeAnswer] = []
    for one in () if reading.flaws else said:
        work = known.works.get(one.work)
        if work is None:
            reading.never_told(one.at, one.work)
        elif isinstance(one, SaidShipment):
            answers += shipment_answers(one, work, reading)
        else:
            answers += reply_answers(one, work, reading)
    return ReadAnswers(tuple(answers), (*reading.strange, *reading.flaws))
