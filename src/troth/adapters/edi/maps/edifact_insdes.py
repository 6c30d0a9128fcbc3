"""INSDES, the instruction to a warehouse to despatch (EDIFACT D.96A as EANCOM has it, and D.01B)."""

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
from troth.model.node_messages import MessageKind, NodeTold

ORIGINAL, CANCEL, REPLACE, DUPLICATE = "9", "1", "5", "7"
"""Element 1225: what the message is for."""
_DESPATCH_ORDER: Final = "350"
_TO_DELIVER: Final = "113"


def write_insdes(told: NodeTold, terms: Terms, known: Known) -> Transaction:
    """What a warehouse is told of some work. A change says all that holds now; a withdrawal has no lines."""
    work, function, lines = told.work, ORIGINAL if told.repeats is None else DUPLICATE, told.work.lines
    match told.kind:
        case MessageKind.CHANGE:
            function = REPLACE
        case MessageKind.WITHDRAWAL:
            function, lines = CANCEL, ()
        case MessageKind.RECALL:
            lines = remaining_lines(work, known)
            function = REPLACE if lines else CANCEL
        case MessageKind.RELEASE | MessageKind.TEST:
            pass
    number = write_work(work.fulfillment_id, EDIFACT_MAX)
    asked_back = told.kind is MessageKind.RECALL
    segments: list[Segment] = [
        segment("BGM", _DESPATCH_ORDER, number, function),
        moment("137", told.at, terms),
        moment("38", work.ship_by, terms),
        moment("63", work.promised_at, terms),
        *note("DIN", recall_note(work, terms) if asked_back else ""),
        *note("CHG", told.reason),
        *service_note(work, terms),
    ]
    if work.external_id:
        segments.append(reference("UO", work.external_id))
    if function in (CANCEL, REPLACE):
        segments.append(reference("ACW", number))
    segments += [
        *party("WD", terms.our_name, terms.our_number, "ZZZ"),
        *node_party("WH", terms.partner_name, told.node),
        *receiver(work),
        *transport(work, terms),
        *item_lines(lines, terms, known, quantity=_TO_DELIVER),
        segment("UNS", "S"),
        segment("CNT", ("2", str(len(lines)))),
    ]
    return Transaction("INSDES", terms.version, "", tuple(segments))
