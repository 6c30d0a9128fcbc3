"""940, the order to a warehouse to ship (X12 004010 and 005010): work released, changed, withdrawn or asked back."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from troth.adapters.edi.maps.carriers import write_carrier, write_service
from troth.adapters.edi.maps.codes import write_codes
from troth.adapters.edi.maps.numbers import X12_MAX, write_work
from troth.adapters.edi.maps.recalls import recall_note, remaining_lines
from troth.adapters.edi.maps.texts import cut
from troth.adapters.edi.maps.times import write_x12_time
from troth.adapters.edi.maps.units import write_number, write_unit
from troth.adapters.edi.maps.x12_parts import code_elements, notes, party, receiver, transport
from troth.adapters.edi.segments import Segment, Syntax, Transaction, segment
from troth.adapters.edi.terms import Known, Terms
from troth.model.measure import PIECE
from troth.model.node_messages import MessageKind, NodeTold, ToldLine

ORIGINAL, AGAIN, CHANGE, CANCEL = "N", "T", "R", "F"
"""Element 473: what is to be done with the order of this number."""

_LOT_MAX: Final = 12
_REFERENCE_MAX: Final = 30


def write_940(told: NodeTold, terms: Terms, known: Known) -> Transaction:
    """What a warehouse is told of some work. A change says all that holds now; a withdrawal has no lines."""
    work, status, lines = told.work, ORIGINAL if told.repeats is None else AGAIN, told.work.lines
    match told.kind:
        case MessageKind.CHANGE:
            status = CHANGE
        case MessageKind.WITHDRAWAL:
            status, lines = CANCEL, ()
        case MessageKind.RECALL:
            lines = remaining_lines(work, known)
            status = CHANGE if lines else CANCEL
        case MessageKind.RELEASE | MessageKind.TEST:
            pass
    segments = (*_head(told, terms, status), *_details(lines, terms, known))
    return Transaction("940", terms.version, "", segments)


def _head(told: NodeTold, terms: Terms, status: str) -> Iterator[Segment]:
    work, external = told.work, told.work.external_id
    yield segment("W05", status, write_work(work.fulfillment_id, X12_MAX), external if len(external) <= X12_MAX else "")
    yield from party("DE", terms.our_name, "94", terms.our_number)
    yield from party("WH", terms.partner_name, "93", told.node)
    yield from receiver(work)
    if external:
        yield segment("N9", "CO", cut(external, _REFERENCE_MAX))
    if terms.partner_number:
        yield segment("N9", "IA", cut(terms.partner_number, _REFERENCE_MAX))
    ship_by, promised = write_x12_time(work.ship_by, terms.time_zone), write_x12_time(work.promised_at, terms.time_zone)
    yield segment("G62", "38", ship_by[0], "K", ship_by[1], "LT")
    yield segment("G62", "54", promised[0], "L", promised[1], "LT")
    if told.kind is MessageKind.RECALL and work.recall is not None:
        answer_by = write_x12_time(work.recall.answer_by, terms.time_zone)
        yield segment("G62", "64", answer_by[0], "1", answer_by[1], "LT")
    asked_back = recall_note(work, terms) if told.kind is MessageKind.RECALL else ""
    for note in notes(asked_back, told.reason):
        yield segment("NTE", "WHI", note)
    how, carrier = transport(work), write_carrier(work.carrier, terms)
    routing = cut(write_service(work.service, terms) or work.carrier, 35)
    yield segment("W66", "PP", how, "", "", routing, "", "", "", "", carrier)


def _details(lines: Sequence[ToldLine], terms: Terms, known: Known) -> Iterator[Segment]:
    for place, line in enumerate(lines, 1):
        item = known.items.get(line.sku)
        unit = write_unit(PIECE if item is None else item.unit, Syntax.X12)
        codes = code_elements(write_codes(line.sku, terms, known))
        first, third = codes[:4], codes[4:6]
        lot = line.lot if len(line.lot) <= _LOT_MAX else ""
        yield segment("LX", str(place))
        yield segment(
            "W01",
            write_number(line.quantity),
            unit,
            "",
            *first,
            *[""] * (4 - len(first)),
            "",
            "",
            "",
            "",
            "",
            lot,
            "",
            *third,
        )
        if line.name:
            yield segment("G69", cut(line.name, 45))
        yield segment("N9", "LI", cut(line.line_id, _REFERENCE_MAX))
        if line.lot and not lot:
            yield segment("N9", "LT", cut(line.lot, _REFERENCE_MAX))
    if not lines:
        yield segment("LX", "1")  # the standard has a detail even where there is nothing to say
    else:
        yield segment("W76", write_number(sum(Decimal(str(line.quantity)) for line in lines)))
