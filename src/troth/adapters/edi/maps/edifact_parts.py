"""Parts that the EDIFACT messages we send have in common: parties, addresses, times, transport, lines."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from troth.adapters.edi.maps.carriers import write_carrier, write_service
from troth.adapters.edi.maps.codes import SaidCode, write_codes
from troth.adapters.edi.maps.numbers import number_lines
from troth.adapters.edi.maps.texts import cut, fold
from troth.adapters.edi.maps.times import write_edifact_time
from troth.adapters.edi.maps.units import write_number, write_unit
from troth.adapters.edi.segments import Segment, Syntax, segment
from troth.adapters.edi.terms import Known, Terms
from troth.model.barcodes import is_gtin
from troth.model.measure import PIECE
from troth.model.node_messages import ToldLine, ToldWork

LINE_MAX: Final = 6
"""So many digits has the number of a line (element 1082)."""
TEXT_MAX: Final = 35
_NOTE_MAX: Final = 70
_GLN_DIGITS: Final = 13
_BY_EAN, _BY_US = "9", "86"
_SCAC: Final = "182"


def moment(qualifier: str, at: datetime, terms: Terms) -> Segment:
    """A DTM, by the partner's clock."""
    return segment("DTM", (qualifier, *write_edifact_time(at, terms.time_zone)))


def reference(qualifier: str, number: str) -> Segment:
    """An RFF."""
    return segment("RFF", (qualifier, cut(number, TEXT_MAX)))


def note(subject: str, text: str) -> Iterator[Segment]:
    """An FTX for people, where there is anything to say."""
    if parts := fold(text, _NOTE_MAX, 5):
        yield segment("FTX", subject, "", "", parts)


def party(role: str, name: str, number: str, numbering: str) -> Iterator[Segment]:
    """A NAD of somebody, where there is anything to say of them: by their location number, where it is one."""
    if not name and not number:
        return
    whose = _BY_EAN if len(number) == _GLN_DIGITS and is_gtin(number) else numbering
    yield segment("NAD", role, (number, "", whose) if number else "", "", fold(name, TEXT_MAX, 5) or "")


def node_party(role: str, name: str, node: str) -> Iterator[Segment]:
    """A NAD of a node, by our name for it."""
    return party(role, name, node, _BY_US)


def receiver(work: ToldWork) -> Iterator[Segment]:
    """The group of who gets the goods: name, address and telephone."""
    to = work.ship_to
    name = work.customer_name if to is None else to.name or work.customer_name
    names = fold(name or work.fulfillment_id, TEXT_MAX, 5)
    if to is None:
        yield segment("NAD", "DP", "", "", names)
    else:
        streets = (*fold(to.line1, TEXT_MAX, 2), *fold(to.line2, TEXT_MAX, 2))
        region = cut(to.subdivision, 9)
        place = (cut(to.city, TEXT_MAX), region, cut(to.postcode, 9), to.country)
        yield segment("NAD", "DP", "", "", names, streets or "", *place)
    if work.customer_phone:
        yield segment("CTA", "IC", ("", cut(work.customer_name or name, TEXT_MAX)))
        yield segment("COM", (cut(work.customer_phone, TEXT_MAX), "TE"))


def transport(work: ToldWork, terms: Terms) -> Iterator[Segment]:
    """A TDT with the carrier, where one is chosen."""
    code = write_carrier(work.carrier, terms)
    if code or work.carrier:
        yield segment("TDT", "20", "", "", "", (code, "", _SCAC if code else "", cut(work.carrier, TEXT_MAX)))


def service_note(work: ToldWork, terms: Terms) -> Iterator[Segment]:
    """The service, for which these messages have only text."""
    return note("TRA", write_service(work.service, terms))


def item_lines(
    lines: Sequence[ToldLine], terms: Terms, known: Known, *, quantity: str, action: str = ""
) -> Iterator[Segment]:
    """The groups of lines, their quantities under a qualifier; each says what is to be done with it (element 1229)."""
    for name, line in zip(number_lines(lines, LINE_MAX, is_numeric=True), lines, strict=True):
        item = known.items.get(line.sku)
        unit = write_unit(PIECE if item is None else item.unit, Syntax.EDIFACT)
        codes = write_codes(line.sku, terms, known)
        gtins = [code for code in codes if code.qualifier in ("EN", "UP")]
        others = [code for code in codes if code not in gtins]
        yield segment("LIN", name, action, _item(gtins[0]) if gtins else "")
        yield segment("PIA", "1" if gtins else "5", *map(_item, others))
        if line.name:
            yield segment("IMD", "F", "", ("", "", "", *fold(line.name, TEXT_MAX, 2)))
        yield segment("QTY", (quantity, write_number(line.quantity), unit))
        if line.lot:
            yield reference("BT", line.lot)
        yield reference("LI", line.line_id)


def _item(code: SaidCode) -> tuple[str, str]:
    return code.value, code.qualifier
