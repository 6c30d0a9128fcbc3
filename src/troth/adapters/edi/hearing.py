"""An interchange that came from a partner: whether it is theirs and for us, and what it says."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from troth.adapters.edi.acknowledge import acknowledge
from troth.adapters.edi.acknowledge_x12 import read_receipt, write_receipt
from troth.adapters.edi.flaws import Flaw, ReadInterchange
from troth.adapters.edi.maps.numbers import read_work_number
from troth.adapters.edi.reading import read_interchanges
from troth.adapters.edi.segments import Segment
from troth.adapters.edi.terms import Terms
from troth.adapters.edi.understanding import acknowledgment_of, understand
from troth.flows.edi.tongue import Heard, HeardTransaction, Known, Spoken
from troth.model.edi_interchange import PlacedFlaw
from troth.model.edi_partner import EdiPartner, Party, Usage
from troth.model.ids import FulfillmentId
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class CameInterchange:
    """An interchange that came, and from which partner it should be."""

    read: ReadInterchange
    partner: EdiPartner
    terms: Terms

    @property
    def control(self) -> str:
        """Its control number."""
        return self.read.interchange.control

    @property
    def flaws(self) -> tuple[PlacedFlaw, ...]:
        """Why all of it is refused."""
        came, agreed = self.read.interchange, self.partner
        found = []
        if came.syntax is not agreed.syntax:
            found.append(f"it is written in {came.syntax}, and {agreed.syntax} was agreed")
        if came.sender != agreed.them:
            found.append(f"its sender is {_named(came.sender)}, and {_named(agreed.them)} was agreed")
        if came.receiver != agreed.us:
            found.append(f"its receiver is {_named(came.receiver)}, and we are {_named(agreed.us)}")
        if came.is_test is not (agreed.usage is Usage.TEST):
            usage = "a test" if came.is_test else "meant"
            found.append(f"it is {usage}, and {agreed.usage} was agreed")
        placed = tuple(PlacedFlaw(0, "", 0, 0, detail) for detail in found)
        own = tuple(map(_placed, self.read.flaws_of()))
        return (*placed, *own) if found or self.read.is_refused() else ()

    @property
    def works(self) -> frozenset[FulfillmentId]:
        """The work that any of its elements names."""
        texts = {text for one in self._segments() for text in _texts(one)}
        return frozenset(work for text in texts if (work := read_work_number(text)) is not None)

    def is_in(self, content: bytes) -> bool:
        """Whether a file has the very same interchange."""
        return any(one.interchange == self.read.interchange for one in read_interchanges(content).interchanges)

    def hear(self, known: Known) -> Heard:
        """What it says."""
        heard, flaws = [], []
        for group in self.read.interchange.groups:
            for one in group.transactions:
                is_refused = self.read.is_refused(group.control, one.control)
                own = [*self.read.flaws_of(group.control), *self.read.flaws_of(group.control, one.control)]
                found = HeardTransaction(group.control, one.control, one.kind)
                if not is_refused:
                    found, more = understand(found, one, self.terms, known)
                    more = [replace(flaw, group=group.control) for flaw in more]
                    flaws += more
                    own += more
                    is_refused = any(not flaw.is_noted() for flaw in more)
                placed = tuple(map(_placed, own))
                heard.append(replace(found, is_refused=is_refused, flaws=placed))
        heard += map(_receipt, self.read.interchange.receipts)
        return Heard(tuple(heard), self._acknowledged(flaws))

    def _acknowledged(self, flaws: Sequence[Flaw]) -> tuple[Spoken, ...]:
        """What says that it came, and what is wrong with it."""
        said = acknowledge(self.read, flaws, self.partner.acknowledgment)
        receipts = (write_receipt(self.read),) if self.read.interchange.wants_receipt else ()
        return (*map(Spoken, receipts), *map(Spoken, said))

    def _segments(self) -> Iterator[Segment]:
        for group in self.read.interchange.groups:
            for one in group.transactions:
                yield from one.segments


def _receipt(said: Segment) -> HeardTransaction:
    """A receipt that came: only one that refuses an interchange says something of what is in it."""
    told = acknowledgment_of(read_receipt(said))
    return HeardTransaction("", "", said.tag, acknowledgments=() if told.is_accepted else (told,))


def _placed(flaw: Flaw) -> PlacedFlaw:
    return PlacedFlaw(flaw.place, flaw.tag, flaw.element, flaw.component, flaw.detail, flaw.value)


def _named(party: Party) -> str:
    return f"{party.qualifier} {party.identification}".strip()


def _texts(one: Segment) -> Iterator[str]:
    for element in one.elements:
        for repetition in element:
            yield from repetition
