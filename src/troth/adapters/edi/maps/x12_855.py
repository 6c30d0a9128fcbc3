"""855 and 865, what a vendor says to an order and to its change (X12 004010 and 005010)."""

from collections.abc import Iterator
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.codes import SaidCode, is_item_code
from troth.adapters.edi.maps.loops import Loop, code_pairs, pick, split_loops, value_of
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.reasons import ACCEPTED, PARTLY, REFUSED, WAITING
from troth.adapters.edi.maps.said import SaidLine, SaidReply
from troth.adapters.edi.segments import Segment

_ALL_ACCEPTED: Final = frozenset({"AK", "AT"})
_BY_LINE: Final = frozenset({"AC", "AD", "AP"})
_EXCEPTIONS: Final = frozenset({"AE"})
_ALL_REFUSED: Final = frozenset({"RD", "RF", "RJ", "RO"})
_WAITING: Final = frozenset({"AH"})
"""Element 587: how an order is acknowledged, as a whole or line by line."""
_PO1: Final = (6, 25)
_POC: Final = (8, 27)
_ACK: Final = (7, 26)


def read_855(reading: Reading) -> Iterator[SaidReply]:
    """The reply that an 855 or an 865 is."""
    at = reading.first("BAK", "BCA")
    work = reading.work([(at, 3, 1), *((one, 2, 1) for one in pick(reading.segments, "REF", "PO", "CO"))], at)
    kind = at.get(2)
    if kind not in _ALL_ACCEPTED | _BY_LINE | _EXCEPTIONS | _ALL_REFUSED | _WAITING:
        reading.flaw(at, 2, Fault.VALUE_NOT_KNOWN, "does not say whether the order is accepted")
        return
    if work is None:
        return
    accepted, refused = list[SaidLine](), list[SaidLine]()
    is_waiting = kind in _WAITING
    for loop in split_loops(reading.segments, "PO1" if at.tag == "BAK" else "POC", until=("CTT",))[1]:
        for code, line in _lines(reading, loop):
            if code in WAITING:
                is_waiting = True
            elif code in ACCEPTED:
                accepted.append(line)
            else:
                refused.append(line)
    if is_waiting:
        yield SaidReply(at, work, is_about_change=at.tag == "BCA")
        return
    is_detailed = bool(accepted or refused)
    yield SaidReply(
        at,
        work,
        tuple(accepted),
        tuple(refused),
        is_all_accepted=kind in _ALL_ACCEPTED | _EXCEPTIONS or (kind in _BY_LINE and not is_detailed),
        is_all_refused=kind in _ALL_REFUSED and not accepted,
        is_about_change=at.tag == "BCA",
        reason=next((line.reason for line in refused if line.reason), ""),
    )


def _lines(reading: Reading, loop: Loop) -> Iterator[tuple[str, SaidLine]]:
    """What is said of a line, by the code of each ACK; without one it is accepted as it is."""
    line = loop[0]
    is_order = line.tag == "PO1"
    place, unit = (2, 3) if is_order else (3, 5)
    pairs = code_pairs(line, *(_PO1 if is_order else _POC))
    acks = pick(loop, "ACK")
    for ack in acks or (Segment("ACK", ((("IA",),),), line.place),):
        code = ack.get(1)
        if code not in ACCEPTED | WAITING and code not in REFUSED:
            reading.flaw(ack, 1, Fault.VALUE_NOT_KNOWN, f"is no status of a line that is known: {code}")
            continue
        quantity = reading.number(ack, 2)
        if quantity is None and (code in PARTLY or not acks):
            quantity = reading.number(line, place)
        of_ack = code_pairs(ack, *_ACK) if code != "IS" else ()
        said = SaidLine(
            ack,
            quantity,
            ack.get(3) or line.get(unit),
            reference=value_of(loop, "REF", "LI"),
            number=line.get(1),
            codes=tuple(one for one in (SaidCode(*pair) for pair in (*pairs, *of_ack)) if is_item_code(one)),
            reason=PARTLY.get(code) or REFUSED.get(code, ""),
        )
        yield code, said
