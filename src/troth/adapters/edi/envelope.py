"""Groups and transactions put together from the segments of an interchange, in either syntax."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.adapters.edi.flaws import Fault, Flaw
from troth.adapters.edi.segments import Group, Segment, Transaction
from troth.model.value import dataclass

UNKNOWN_AT: Final = datetime(1, 1, 1)  # noqa: DTZ001 it stands for one that has no offset either
"""When an interchange was made of which it cannot be read."""

SEGMENTS_MAX: Final = 1_000_000
"""More segments of one file are not kept: they would take some hundreds of megabytes."""

FLAWS_MAX: Final = 1_000
"""More flaws of one interchange are not listed: a file of nothing else is no use to anybody."""


@dataclass(frozen=True, slots=True)
class Tags:
    """How a syntax calls what encloses groups and transactions, and which elements of their trailers say what."""

    interchange_end: str
    group: str
    group_end: str
    transaction: str
    transaction_end: str


X12_TAGS: Final = Tags("IEA", "GS", "GE", "ST", "SE")
EDIFACT_TAGS: Final = Tags("UNZ", "UNG", "UNE", "UNH", "UNT")


class Assembly:
    """An interchange in the making: each segment opens, fills or closes a group or a transaction of it."""

    def __init__(self, tags: Tags, room: int = SEGMENTS_MAX) -> None:
        self.tags = tags
        self.room = room
        self.groups: list[Group] = []
        self.flaws: list[Flaw] = []
        self._more = 0
        self._controls: set[str] = set()
        self._group: Group | None = None
        self._transactions: list[Transaction] = []
        self._transaction: Transaction | None = None
        self._segments: list[Segment] = []
        self._count = 0

    def open_group(self, group: Group) -> None:
        """Begin a group; what was open before it lacks its trailer."""
        self._end_group()
        control = group.control or f"#{len(self.groups) + 1}"
        self._group = replace(group, control=control)
        if not group.control:
            self.note(Fault.ELEMENT_MISSING, self.tags.group, "has no control number")
        elif control in self._controls:
            self.note(Fault.CONTROL_NOT_UNIQUE, self.tags.group, "is a control number that another group has", control)
        self._controls.add(control)

    def open_transaction(self, transaction: Transaction) -> None:
        """Begin a transaction; one that was open before it lacks its trailer."""
        self._end_transaction()
        if self._group is None:
            if self.tags is X12_TAGS:
                self.note(Fault.SEGMENT_OUTSIDE, self.tags.transaction, "stands in no group")
            self._group = Group("", "", "", "", "", ())
        control = transaction.control or f"#{len(self._transactions) + 1}"
        self._transaction = replace(transaction, control=control)
        self._count = 0
        if not transaction.control:
            self.note(Fault.ELEMENT_MISSING, self.tags.transaction, "has no control number", element=2)
        if not transaction.kind:
            self.note(Fault.ELEMENT_MISSING, self.tags.transaction, "does not say what it is", element=1)

    def add(self, tag: str, segment: Segment) -> None:
        """Put a segment into the transaction that is open, as long as there is room in memory."""
        if self._transaction is None:
            self.note(Fault.SEGMENT_OUTSIDE, tag, "stands in no transaction", tag)
            return
        if self.room > 0:
            self._segments.append(segment)
        elif self.room == 0 or not self._count:
            detail = f"and what follows is not read: a file may have {SEGMENTS_MAX:,} segments"
            self.note(Fault.SEGMENTS_TOO_MANY, tag, detail)
        self.room -= 1
        self._count += 1

    def place(self) -> int:
        """The place of the next segment of the transaction that is open: its header has the first."""
        return self._count + 2

    def close_transaction(self, *, count: str, control: str) -> None:
        """End a transaction, and say where its trailer contradicts it."""
        tag = self.tags.transaction_end
        if self._transaction is None:
            self.note(Fault.SEGMENT_OUTSIDE, tag, "ends no transaction", tag)
            return
        found = self.place()
        self._compare(tag, count=count, found=found, control=control, begun=self._transaction.control, what="segments")
        self._end_transaction(is_ended=True)

    def close_group(self, *, count: str, control: str) -> None:
        """End a group, and say where its trailer contradicts it."""
        self._end_transaction()
        tag = self.tags.group_end
        if self._group is None:
            self.note(Fault.SEGMENT_OUTSIDE, tag, "ends no group", tag)
            return
        found = len(self._transactions)
        self._compare(tag, count=count, found=found, control=control, begun=self._group.control, what="transactions")
        self._end_group(is_ended=True)

    def close(self, *, count: str, control: str, begun: str) -> None:
        """End the interchange, and say where its trailer contradicts it. It counts groups, or what is in no group."""
        self._end_group()
        only = self.groups[0] if len(self.groups) == 1 and not self.groups[0].code else None
        found = len(self.groups) if only is None or self.tags is X12_TAGS else len(only.transactions)
        what = "groups" if only is None or self.tags is X12_TAGS else "messages"
        self._compare(self.tags.interchange_end, count=count, found=found, control=control, begun=begun, what=what)

    def break_off(self) -> None:
        """End an interchange of which the end is missing."""
        self._end_group()
        self.note(Fault.TRAILER_MISSING, self.tags.interchange_end, "is missing: the interchange breaks off")

    def note(
        self, fault: Fault, tag: str, detail: str, value: str = "", *, element: int = 0, component: int = 0
    ) -> None:
        """Say what is wrong with what is open."""
        if len(self.flaws) >= FLAWS_MAX:
            self._more += 1
            return
        inner = "" if self._transaction is None else self._transaction.control
        place = 0 if self._transaction is None else 1 if tag == self.tags.transaction else self.place()
        group = "" if self._group is None else self._group.control
        self.flaws.append(Flaw(group, inner, place, tag, element, component, fault, detail, value))

    def all_flaws(self) -> Sequence[Flaw]:
        """What is wrong, in the order in which it stands; of very many the first ones, and how many more there are."""
        if not self._more:
            return self.flaws
        last = Flaw("", "", 0, "", 0, 0, Fault.SEGMENT_OUTSIDE, f"and {self._more} more flaws that are not listed")
        return [*self.flaws, last]

    def _compare(self, tag: str, *, count: str, found: int, control: str, begun: str, what: str) -> None:
        if not (count.isdecimal() and len(count) < 12 and int(count) == found):
            self.note(Fault.COUNT_DIFFERS, tag, f"counts {count or 'no'} {what}, and has {found}", count, element=1)
        if _plain(control) != _plain(begun) and not begun.startswith("#"):
            self.note(
                Fault.CONTROL_DIFFERS, tag, f"ends {control or 'nothing'}, and {begun} is open", control, element=2
            )

    def _end_transaction(self, *, is_ended: bool = False) -> None:
        if self._transaction is None:
            return
        if not is_ended:
            self.note(Fault.TRAILER_MISSING, self.tags.transaction_end, "is missing")
        self._transactions.append(replace(self._transaction, segments=tuple(self._segments)))
        self._segments.clear()
        self._count = 0
        self._transaction = None

    def _end_group(self, *, is_ended: bool = False) -> None:
        self._end_transaction()
        if self._group is None:
            return
        if not is_ended and (self._group.code or self._group.control):
            self.note(Fault.TRAILER_MISSING, self.tags.group_end, "is missing")
        if not self._transactions:
            self.note(Fault.NOTHING_INSIDE, self.tags.group, "has nothing in it")
        self._note_doubles()
        self.groups.append(replace(self._group, transactions=tuple(self._transactions)))
        self._transactions.clear()
        self._group = None

    def _note_doubles(self) -> None:
        """Say which transactions of the group have a control number that another one has: neither can be told apart."""
        seen: set[str] = set()
        for one in self._transactions:
            if one.control in seen:
                self._transaction = one
                detail = "is the control number of several transactions"
                self.note(Fault.CONTROL_NOT_UNIQUE, self.tags.transaction, detail, one.control, element=2)
                self._transaction = None
            seen.add(one.control)


def _plain(control: str) -> str:
    """A control number without the zeros that fill it up."""
    return control.strip().lstrip("0") or "0"
