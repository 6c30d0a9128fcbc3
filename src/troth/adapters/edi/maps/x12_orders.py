"""850 and 860, the order to a vendor who ships direct, and its change (X12 004010 and 005010)."""

from collections.abc import Iterator, Sequence
from typing import Final

from troth.adapters.edi.maps.carriers import write_carrier, write_service
from troth.adapters.edi.maps.codes import write_codes
from troth.adapters.edi.maps.numbers import X12_MAX, has_own_numbers, number_lines, write_work
from troth.adapters.edi.maps.recalls import recall_note, remaining_lines
from troth.adapters.edi.maps.texts import cut
from troth.adapters.edi.maps.times import write_x12_time
from troth.adapters.edi.maps.units import write_number, write_unit
from troth.adapters.edi.maps.x12_parts import code_elements, notes, party, receiver, transport
from troth.adapters.edi.segments import Segment, Syntax, Transaction, segment
from troth.adapters.edi.terms import Known, Terms
from troth.model.measure import PIECE
from troth.model.node_messages import MessageKind, NodeTold, ToldLine

ORIGINAL, CANCEL, REPLACE, DUPLICATE = "00", "01", "05", "07"
"""Element 353: what the document is for."""
DROP_SHIP: Final = "DS"
LINE_MAX: Final = 20
"""So many characters has the number of a line (element 350)."""
_REFERENCE_MAX: Final = 30


def write_850(told: NodeTold, terms: Terms, known: Known) -> Transaction:
    """The order that some work is to a vendor, who sends it to the customer."""
    work, day = told.work, write_x12_time(told.at, terms.time_zone)[0]
    purpose = ORIGINAL if told.repeats is None else DUPLICATE
    segments = (
        segment("BEG", purpose, DROP_SHIP, write_work(work.fulfillment_id, X12_MAX), "", day),
        *_head(told, terms),
        *_lines(work.lines, terms, known, is_change=False),
    )
    return Transaction("850", terms.version, "", segments)


def write_860(told: NodeTold, terms: Terms, known: Known) -> Transaction:
    """What a vendor is told of an order that has changed: it is canceled, or all that holds now. An order asked back is
    canceled as far as it is.
    """
    work, day = told.work, write_x12_time(told.at, terms.time_zone)[0]
    lines = work.lines
    if told.kind is MessageKind.RECALL:
        lines = remaining_lines(work, known)
    purpose = CANCEL if told.kind is MessageKind.WITHDRAWAL or not lines else REPLACE
    segments = (
        segment("BCH", purpose, DROP_SHIP, write_work(work.fulfillment_id, X12_MAX), "", str(told.number)[-8:], day),
        *_head(told, terms),
        *(() if purpose == CANCEL else _lines(lines, terms, known, is_change=True)),
    )
    return Transaction("860", terms.version, "", segments)


def _head(told: NodeTold, terms: Terms) -> Iterator[Segment]:
    work = told.work
    if work.external_id:
        yield segment("REF", "CO", cut(work.external_id, _REFERENCE_MAX))
    if terms.partner_number:
        yield segment("REF", "IA", cut(terms.partner_number, _REFERENCE_MAX))
    yield segment("FOB", "PP")
    yield segment("CSH", "N")  # no back order: what is short is sourced again
    ship_by, promised = write_x12_time(work.ship_by, terms.time_zone), write_x12_time(work.promised_at, terms.time_zone)
    yield segment("DTM", "038", *ship_by, "LT")
    yield segment("DTM", "063", *promised, "LT")
    carrier = write_carrier(work.carrier, terms)
    service = cut(write_service(work.service, terms) or work.carrier, 35)
    yield segment("TD5", "B", "2" if carrier else "", carrier, transport(work), service)
    asked_back = recall_note(work, terms) if told.kind is MessageKind.RECALL else ""
    if texts := tuple(notes(asked_back, told.reason)):
        yield segment("N9", "L1", "", "NOTES")
        yield from (segment("MSG", note) for note in texts)
    yield from party("BY", terms.our_name, "92", terms.our_number)
    yield from party("VN", terms.partner_name, "92", told.node)
    yield from receiver(work)


def _lines(lines: Sequence[ToldLine], terms: Terms, known: Known, *, is_change: bool) -> Iterator[Segment]:
    is_numbered = has_own_numbers(lines, LINE_MAX)
    for name, line in zip(number_lines(lines, LINE_MAX), lines, strict=True):
        item = known.items.get(line.sku)
        unit = write_unit(PIECE if item is None else item.unit, Syntax.X12)
        codes, units = code_elements(write_codes(line.sku, terms, known)), write_number(line.quantity)
        if is_change:
            yield segment("POC", name, "RZ", units, "", unit, "", "", *codes)
        else:
            yield segment("PO1", name, units, unit, "", "", *codes)
        if line.name:
            yield segment("PID", "F", "08", "", "", cut(line.name, 80))
        if not is_numbered:
            yield segment("REF", "LI", cut(line.line_id, _REFERENCE_MAX))
        if line.lot:
            yield segment("REF", "LT", cut(line.lot, _REFERENCE_MAX))
    yield segment("CTT", str(len(lines)))
