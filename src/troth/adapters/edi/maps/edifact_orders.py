"""ORDERS and ORDCHG, the order to a vendor who ships direct, and its change (EDIFACT D.96A and D.01B)."""

from collections.abc import Iterator
from typing import Final

from troth.adapters.edi.maps.edifact_parts import (
    item_lines,
    moment,
    node_party,
    note,
    party,
    receiver,
    reference,
    service_note,
    transport,
)
from troth.adapters.edi.maps.numbers import EDIFACT_MAX, write_work
from troth.adapters.edi.maps.recalls import recall_note, remaining_lines
from troth.adapters.edi.segments import Segment, Transaction, segment
from troth.adapters.edi.terms import Known, Terms
from troth.model.node_messages import MessageKind, NodeTold, ToldLine

ORIGINAL, CANCEL, REPLACE, DUPLICATE = "9", "1", "5", "7"
"""Element 1225: what the message is for."""
_ORDER, _CHANGE = "220", "230"
_ORDERED: Final = "21"
_CHANGED: Final = "3"


def write_orders(told: NodeTold, terms: Terms, known: Known) -> Transaction:
    """The order that some work is to a vendor, who sends it to the customer."""
    function = ORIGINAL if told.repeats is None else DUPLICATE
    number = write_work(told.work.fulfillment_id, EDIFACT_MAX)
    segments = (
        segment("BGM", _ORDER, number, function),
        *_head(told, terms),
        *_parties(told, terms),
        *_lines(told.work.lines, terms, known, action=""),
    )
    return Transaction("ORDERS", terms.version, "", segments)


def write_ordchg(told: NodeTold, terms: Terms, known: Known) -> Transaction:
    """What a vendor is told of an order that has changed: it is canceled, or all that holds now. An order asked back is
    canceled as far as it is.
    """
    lines = remaining_lines(told.work, known) if told.kind is MessageKind.RECALL else told.work.lines
    is_canceled = told.kind is MessageKind.WITHDRAWAL or not lines
    segments = (
        segment("BGM", _CHANGE, str(told.number), CANCEL if is_canceled else REPLACE),
        *_head(told, terms),
        reference("ON", write_work(told.work.fulfillment_id, EDIFACT_MAX)),
        *_parties(told, terms),
        *_lines(() if is_canceled else lines, terms, known, action=_CHANGED),
    )
    return Transaction("ORDCHG", terms.version, "", segments)


def _head(told: NodeTold, terms: Terms) -> Iterator[Segment]:
    work = told.work
    yield moment("137", told.at, terms)
    yield moment("38", work.ship_by, terms)
    yield moment("63", work.promised_at, terms)
    if told.kind is MessageKind.RECALL:
        yield from note("DIN", recall_note(work, terms))
    yield from note("CHG", told.reason)
    yield from service_note(work, terms)
    if work.external_id:
        yield reference("UO", work.external_id)


def _parties(told: NodeTold, terms: Terms) -> Iterator[Segment]:
    yield from party("BY", terms.our_name, terms.our_number, "92")
    yield from node_party("SU", terms.partner_name, told.node)
    yield from receiver(told.work)
    yield from transport(told.work, terms)


def _lines(lines: tuple[ToldLine, ...], terms: Terms, known: Known, *, action: str) -> Iterator[Segment]:
    yield from item_lines(lines, terms, known, quantity=_ORDERED, action=action)
    yield segment("UNS", "S")
    yield segment("CNT", ("2", str(len(lines))))
