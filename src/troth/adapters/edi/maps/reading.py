"""A transaction that is read: what its elements say, what of it nobody here knows, and what contradicts itself."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from troth.adapters.edi.flaws import Fault, Flaw
from troth.adapters.edi.maps.numbers import read_work_number
from troth.adapters.edi.maps.times import SaidTime, read_edifact_time, read_x12_time
from troth.adapters.edi.maps.units import read_kg
from troth.adapters.edi.segments import Segment, Transaction
from troth.adapters.edi.terms import Known, Terms
from troth.model.ids import FulfillmentId

_VALUE_MAX: Final = 80
_NUMBER: Final = re.compile(r"\d{1,15}([.,]\d{0,9})?|[.,]\d{1,9}", re.ASCII)
"""So many digits a number has at most; one by powers of ten is none."""


class Reading:
    """A transaction under the terms of its partner, by what is known here.

    `flaws` are what was found wrong with it, and `strange` the orders in it that nobody here knows, which say nothing
    of the others. A flaw names the transaction, and not the group that it came in, which a transaction does not know.
    """

    def __init__(self, transaction: Transaction, terms: Terms, known: Known) -> None:
        self.segments = transaction.segments
        self.kind = transaction.kind
        self.terms, self.known = terms, known
        self.flaws: list[Flaw] = []
        self.strange: list[Flaw] = []
        self._control = transaction.control
        for one in self.segments:
            if any("\0" in text for element in one.elements for repetition in element for text in repetition):
                self.flaw(one, 0, Fault.VALUE_NOT_KNOWN, "has a character that nothing can keep")

    def flaw(self, at: Segment, element: int, fault: Fault, detail: str, *, component: int = 0) -> None:
        """Note something wrong."""
        self.flaws.append(self._flaw(at, element, component, fault, detail))

    def _flaw(self, at: Segment, element: int, component: int, fault: Fault, detail: str) -> Flaw:
        value = at.get(element, component or 1)[:_VALUE_MAX] if element else ""
        return Flaw("", self._control, at.place, at.tag, element, component, fault.value, detail, value)

    def never_told(self, at: Segment, work: FulfillmentId) -> None:
        """Note an order that this partner was never sent."""
        why = f"there is no order {work} that was sent to this partner"
        self.strange.append(self._flaw(at, 0, 0, Fault.VALUE_NOT_KNOWN, why))

    def first(self, *tags: str) -> Segment:
        """The first segment with one of the tags; an empty one where there is none."""
        return next((one for one in self.segments if one.tag in tags), Segment(tags[0]))

    def number(self, at: Segment, element: int, component: int = 1) -> Decimal | None:
        """A number that is not below 0; None where there is none, which is a flaw where something else is there."""
        text = at.get(element, component)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            self.flaw(at, element, Fault.NUMBER_INVALID, "is no number from 0 on", component=component)
            return None
        return Decimal(text.replace(",", "."))

    def pieces(self, at: Segment, element: int, component: int = 1) -> int | None:
        """How many pieces something has; None where it is not said, or is no whole number."""
        found = self.number(at, element, component)
        return int(found) if found and found == found.to_integral_value() else None

    def kilograms(self, at: Segment, weight: tuple[int, int], unit: tuple[int, int]) -> Decimal | None:
        """A weight, by where it stands and its unit does (element, component); None where there is none."""
        said, code = self.number(at, *weight), at.get(*unit)
        if not said:
            return None
        found = read_kg(said, code)
        if found is None:
            self.flaw(at, unit[0], Fault.VALUE_NOT_KNOWN, f"is no unit of weight that is known: {code}")
        return found

    def x12_time(self, at: Segment, date: int, time: int, code: int = 0) -> SaidTime | None:
        """What the elements of a date, a time and a time code say; None where there is no date."""
        if not at.get(date):
            return None
        said = read_x12_time(at.get(date), at.get(time) if time else "", at.get(code) if code else "", self.zone)
        if said is None:
            self.flaw(at, date, Fault.DATE_INVALID, "is no time: a date, a time of day and where its clock hangs")
        return said

    def edifact_time(self, at: Segment) -> SaidTime | None:
        """What a DTM says."""
        said = read_edifact_time(at.get(1, 2), at.get(1, 3), self.zone)
        if said is None:
            self.flaw(at, 1, Fault.DATE_INVALID, "is no time in a form that is known", component=2)
        return said

    def instant(self, said: SaidTime | None) -> datetime | None:
        """When something was; None where it is not said, or it was today: that counts as now."""
        return None if said is None else said.instant(self.known.at)

    @property
    def zone(self) -> str:
        """Where the partner's clock hangs."""
        return self.terms.time_zone

    def work(self, named: Iterable[tuple[Segment, int, int]], where: Segment) -> FulfillmentId | None:
        """The work that elements name (segment, element, component); a flaw where none does, or they name several."""
        found = {work: at for at in named if (work := read_work_number(at[0].get(at[1], at[2]))) is not None}
        if not found:
            why = "names no order that was sent to this partner"
            self.strange.append(self._flaw(where, 0, 0, Fault.VALUE_NOT_KNOWN, why))
            return None
        if len(found) > 1:
            at, element, component = list(found.values())[1]
            self.flaw(
                at,
                element,
                Fault.VALUE_CONTRADICTS,
                f"names another order than {next(iter(found))}",
                component=component,
            )
            return None
        return next(iter(found))
