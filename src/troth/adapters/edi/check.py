"""A transaction held against the directory of its standard."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from troth.adapters.edi.check_elements import element_flaws
from troth.adapters.edi.check_structure import structure_flaws
from troth.adapters.edi.directory.sets import set_of
from troth.adapters.edi.flaws import Fault, Flaw, ReadInterchange
from troth.adapters.edi.segments import Group, Syntax, Transaction

FLAWS_MAX: Final = 100
"""More flaws of one transaction are not listed."""
MANY: Final = 10_000
"""From so many flaws of an interchange on, of each transaction only the first that it is rejected for is listed."""


def check_interchange(read: ReadInterchange) -> ReadInterchange:
    """An interchange with what the directory finds wrong in each of its transactions beside what was wrong already."""
    syntax = read.interchange.syntax
    found: list[Flaw] = []
    for group in read.interchange.groups:
        for transaction in group.transactions:
            flaws = (*_group_flaws(syntax, group, transaction), *check(syntax, transaction))
            if len(found) >= MANY:
                flaws = tuple(one for one in flaws if not one.is_noted())[:1]
            found += [replace(one, group=group.control) for one in flaws]
    return replace(read, flaws=(*read.flaws, *found)) if found else read


def check(syntax: Syntax, transaction: Transaction) -> tuple[Flaw, ...]:
    """What is wrong with a transaction: with its structure, then with the elements of each segment; the group of the
    flaws is not said.

    Let through is a segment that the standard has and the directory only by its tag, whatever it says and wherever it
    stands; one that no standard has is noted. A set that the directory has not is not supported.
    """
    of = set_of(syntax, transaction.kind, transaction.version)
    if of is None:
        tag, element = ("ST", 1) if syntax is Syntax.X12 else ("UNH", 2)
        detail = "is no transaction set that is read here"
        kind = Fault.KIND_NOT_SUPPORTED
        return (Flaw("", transaction.control, 1, tag, element, 0, kind, detail, transaction.kind),)
    flaws: list[Flaw] = []
    for one in _all_flaws(syntax, transaction, structure_flaws(syntax, of, transaction.segments)):
        if len(flaws) >= FLAWS_MAX:
            break
        flaws.append(replace(one, transaction=transaction.control))
    return tuple(flaws)


def _all_flaws(syntax: Syntax, transaction: Transaction, structure: Iterable[Flaw]) -> Iterator[Flaw]:
    yield from structure
    for segment in transaction.segments:
        yield from element_flaws(syntax, transaction.version, segment)


def _group_flaws(syntax: Syntax, group: Group, transaction: Transaction) -> Iterator[Flaw]:
    """Say where a transaction is in a group of another kind."""
    of = set_of(syntax, transaction.kind, transaction.version)
    if of is None or not group.code:
        return
    expected = of.group or transaction.kind
    if group.code != expected:
        detail = f"belongs in a group {expected}, and this one is {group.code}"
        tag, element = ("ST", 1) if syntax is Syntax.X12 else ("UNH", 2)
        fault = Fault.KIND_NOT_OF_GROUP
        yield Flaw("", transaction.control, 1, tag, element, 0, fault, detail, transaction.kind)
