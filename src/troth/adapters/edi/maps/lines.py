"""The lines of an order that a partner means, and how many units of each."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.codes import SaidCode, find_items
from troth.adapters.edi.maps.edifact_parts import LINE_MAX as EDIFACT_LINE_MAX
from troth.adapters.edi.maps.numbers import has_own_numbers
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.said import SaidLine
from troth.adapters.edi.maps.units import read_quantity
from troth.adapters.edi.maps.x12_orders import LINE_MAX as X12_LINE_MAX
from troth.adapters.edi.segments import Syntax
from troth.model.ids import LineId, Sku
from troth.model.measure import PIECE
from troth.model.node_messages import ToldLine, ToldWork
from troth.model.value import dataclass

_NOT_PIECES: Final = "is no whole number, and {sku} is sold by the piece"


@dataclass(frozen=True, slots=True)
class MeantLine:
    """A part of a line that a partner means, of one item, and how many of its units; None: all of it."""

    line_id: LineId
    sku: Sku
    quantity: Decimal | None
    said: SaidLine


def mean_lines(said: Iterable[SaidLine], work: ToldWork, reading: Reading) -> tuple[MeantLine, ...]:
    """The lines that a partner means, of some work as it was told; what cannot be told for sure is a flaw.

    Of what is not there the partner may say so although nobody asks any more: then it means nothing.
    """
    found = (_mean(one, work, reading) for one in said)
    return tuple(one for one in found if one is not None)


def _mean(said: SaidLine, work: ToldWork, reading: Reading) -> MeantLine | None:
    line = _line(said, work, reading)
    if line is None:
        return None
    if said.quantity is None:
        return MeantLine(line.line_id, line.sku, None, said)
    item = reading.known.items.get(line.sku)
    units = read_quantity(said.quantity, said.unit, item, reading.terms.pack_attributes, said.inner)
    if units is None:
        detail = f"it is not known how many of {line.sku} are in one {said.unit}"
        reading.flaw(said.at, 0, Fault.VALUE_NOT_KNOWN, detail)
        return None
    if (item is None or item.unit == PIECE) and units != units.to_integral_value():
        reading.flaw(said.at, 0, Fault.NUMBER_INVALID, _NOT_PIECES.format(sku=line.sku))
        return None
    return MeantLine(line.line_id, line.sku, units, said)


def _line(said: SaidLine, work: ToldWork, reading: Reading) -> ToldLine | None:
    """The line that is meant: by our own number of it, else by its item; by the partner's number only where the item
    leaves a choice, since many count their lines for themselves.
    """
    skus = find_items(said.codes, reading.terms, reading.known) or _by_sku(said.codes, work)
    by_item = [line for line in work.lines if line.sku in skus]
    if said.reference:
        by_reference = [line for line in work.lines if line.line_id == said.reference]
        return _only(by_reference, by_item, said, reading, bool(skus))
    if len({(line.line_id, line.sku) for line in by_item}) == 1:
        return by_item[0]
    by_number = [line for line in work.lines if line.line_id == said.number and _are_numbered(work, reading)]
    if by_number and (by_item or not skus):
        return _only(by_number, by_item, said, reading, bool(skus))
    if said.quantity == 0 and not by_item:
        return None
    names = ", ".join(code.value for code in said.codes) or said.number
    why = "is in several lines, and its line is not said" if by_item else f"is in no line of {work.fulfillment_id}"
    reading.flaw(said.at, 0, Fault.VALUE_NOT_KNOWN, f"{names or 'an item without a number'} {why}")
    return None


def _only(
    named: list[ToldLine], by_item: list[ToldLine], said: SaidLine, reading: Reading, is_item_known: bool
) -> ToldLine | None:
    """The part of a line that its number and its item agree on."""
    both = [line for line in named if line in by_item] if is_item_known else named
    if len({(line.line_id, line.sku) for line in both}) == 1:
        return both[0]
    name = said.reference or said.number
    if not named and said.quantity == 0:
        return None
    if not named:
        reading.flaw(said.at, 0, Fault.VALUE_NOT_KNOWN, f"there is no line {name}")
    elif not both:
        codes = ", ".join(code.value for code in said.codes)
        reading.flaw(said.at, 0, Fault.VALUE_CONTRADICTS, f"line {name} is of {named[0].sku}, and not of {codes}")
    else:
        reading.flaw(said.at, 0, Fault.VALUE_NOT_KNOWN, f"which component of line {name} is meant is not said")
    return None


def _by_sku(codes: tuple[SaidCode, ...], work: ToldWork) -> frozenset[Sku]:
    """The items of some work of which nothing is known here but their SKU, that numbers name."""
    return frozenset(line.sku for line in work.lines if any(code.value == line.sku for code in codes))


def _are_numbered(work: ToldWork, reading: Reading) -> bool:
    """Whether lines were told by their own numbers."""
    if reading.terms.syntax is Syntax.X12:
        return has_own_numbers(work.lines, X12_LINE_MAX)
    return has_own_numbers(work.lines, EDIFACT_LINE_MAX, is_numeric=True)
