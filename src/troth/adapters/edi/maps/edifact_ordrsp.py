"""ORDRSP, what a vendor says to an order or to its change (EDIFACT D.96A and D.01B)."""

from collections.abc import Iterator
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.edifact_lines import pick_references, read_line
from troth.adapters.edi.maps.loops import pick, split_loops
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.said import SaidLine, SaidReply

_ALL_ACCEPTED: Final = frozenset({"29", "6", "44"})
_BY_LINE: Final = frozenset({"4", "28", "30", "34", "45", "5"})
_ALL_REFUSED: Final = frozenset({"27", "12", "10", "1"})
_WAITING: Final = frozenset({"9", "11", "8", "23"})
"""Element 1225: how an order is answered, as a whole or line by line."""
_TAKEN: Final = frozenset({"5", "6", "3", "4", "11", "24", ""})
_REFUSED: Final = frozenset({"7", "2", "10", "21"})
"""Element 1229: how a line is answered."""
_QUANTITIES: Final = ("113", "12", "66", "21")
_CHANGES: Final = frozenset({"230", "ORC"})


def read_ordrsp(reading: Reading) -> Iterator[SaidReply]:
    """The reply that an ORDRSP is."""
    bgm = reading.first("BGM")
    head, loops = split_loops(reading.segments, "LIN", until=("UNS",))
    work = reading.work([(one, 1, 2) for one in pick_references(head)] + [(bgm, 2, 1)], bgm)
    function = bgm.get(3)
    if function not in _ALL_ACCEPTED | _BY_LINE | _ALL_REFUSED | _WAITING:
        reading.flaw(bgm, 3, Fault.VALUE_NOT_KNOWN, "does not say whether the order is accepted")
        return
    if work is None:
        return
    is_about_change = work in reading.known.works and reading.known.works[work].recall is not None
    is_about_change = is_about_change or bgm.get(1) in _CHANGES
    accepted, refused = list[SaidLine](), list[SaidLine]()
    for loop in loops:
        action = loop[0].get(2)
        line = read_line(reading, loop, *_QUANTITIES)
        if action in _TAKEN:
            accepted.append(line)
        elif action in _REFUSED:
            refused.append(read_line(reading, loop, "21"))
        else:
            reading.flaw(loop[0], 2, Fault.VALUE_NOT_KNOWN, f"is no answer to a line that is known: {action}")
    if function in _WAITING and not loops:
        yield SaidReply(bgm, work, is_about_change=is_about_change)
        return
    yield SaidReply(
        bgm,
        work,
        tuple(accepted),
        tuple(refused),
        is_all_accepted=function in _ALL_ACCEPTED,
        is_all_refused=function in _ALL_REFUSED and not accepted,
        is_about_change=is_about_change,
        reason=_text(reading) if function in _ALL_REFUSED or refused else "",
    )


def _text(reading: Reading) -> str:
    """What the vendor says in words."""
    return next((" ".join(filter(None, (one.get(4, 1), one.get(4, 2)))) for one in pick(reading.segments, "FTX")), "")
