"""Interchanges out of the bytes of a file, in whichever syntax they are written."""

from typing import Final

from troth.adapters.edi import edifact, x12
from troth.adapters.edi.check import check_interchange
from troth.adapters.edi.delimiters import Delimiters
from troth.adapters.edi.flaws import EnvelopeFlaw, ReadInterchanges
from troth.adapters.edi.segments import Interchange, Syntax

_BEGINS: Final = (
    (b"ISA", x12.read_interchanges),
    (b"UNA", edifact.read_interchanges),
    (b"UNB", edifact.read_interchanges),
)


def read_interchanges(content: bytes) -> ReadInterchanges:
    """All interchanges of a file, of the syntax whose first segment stands in it first, held against the directory."""
    places = [(place, read) for tag, read in _BEGINS if (place := content.find(tag)) >= 0]
    if not places:
        return ReadInterchanges((), (EnvelopeFlaw(0, "has neither an ISA nor a UNB: it is no interchange"),))
    read = min(places, key=lambda one: one[0])[1](content)
    return ReadInterchanges(tuple(map(check_interchange, read.interchanges)), read.flaws)


def write_interchange(interchange: Interchange, delimiters: Delimiters | None = None) -> bytes:
    """The bytes of an interchange, in its syntax, with the delimiters that are usual there where none are named."""
    write = x12.write_interchange if interchange.syntax is Syntax.X12 else edifact.write_interchange
    return write(interchange) if delimiters is None else write(interchange, delimiters)
