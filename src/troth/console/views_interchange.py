"""An interchange as it is shown: how it stands, and its segments one by one with what is wrong with each."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from troth.model.edi_interchange import Fate, InterchangeState, PlacedFlaw, StoredInterchange
from troth.model.value import dataclass
from troth.pages.views import Chip

_STANDINGS: Final = {
    InterchangeState.RECEIVED: Chip("Received", "amber", "clock"),
    InterchangeState.TAKEN: Chip("Taken", "green", "done"),
    InterchangeState.WRITTEN: Chip("To be sent", "gray", "open"),
    InterchangeState.SENT: Chip("Sent", "gray", "open"),
    InterchangeState.ACCEPTED: Chip("Accepted", "green", "done"),
    InterchangeState.PARTLY: Chip("Partly refused", "amber", "alert"),
    InterchangeState.REFUSED: Chip("Refused", "red", "alert"),
}
_OVERDUE: Final = Chip("Not acknowledged in time", "red", "clock")
_ISA_TERMINATOR: Final = 105
_LINES_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class ShownSegment:
    """A segment, with its place in its transaction (0: it is in none) and what is wrong with it."""

    place: int
    tag: str
    rest: str
    flaws: tuple[PlacedFlaw, ...] = ()


def standing(one: StoredInterchange, now: datetime) -> Chip:
    """How an interchange stands, in a word."""
    return _OVERDUE if one.is_overdue(now) else _STANDINGS[one.state]


def lines_of(one: StoredInterchange) -> tuple[ShownSegment, ...]:
    """The segments of an interchange, at most so many; each with the flaws that were found at its place."""
    flaws = {
        (part.control, flaw.place): tuple(other for other in part.flaws if other.place == flaw.place)
        for part in one.report.transactions
        for flaw in part.flaws
        if part.fate is not Fate.DONE or flaw.place
    }
    shown: list[ShownSegment] = []
    control, place = "", 0
    for text in _segments(one.text):
        found = re.match(r"[A-Z0-9]{2,3}", text)
        tag = found[0] if found else ""
        parts = re.split(r"[^A-Za-z0-9._ -]", text[len(tag) + 1 :])
        if tag in ("ST", "UNH"):
            control, place = parts[1 if tag == "ST" and len(parts) > 1 else 0], 1
        elif place:
            place += 1
        shown.append(ShownSegment(place, tag, text[len(tag) :], flaws.get((control, place), ()) if place else ()))
        if tag in ("SE", "UNT"):
            place = 0
    return tuple(shown[:_LINES_MAX])


def _segments(text: str) -> Iterator[str]:
    """The segments that a text has, without what ends them.

    >>> list(_segments("UNB+UNOA:2+A+B'UNH+1+ORDERS:D:96A:UN'FTX+AAI+++it?'s'"))
    ['UNB+UNOA:2+A+B', 'UNH+1+ORDERS:D:96A:UN', "FTX+AAI+++it?'s"]
    """
    text = text.strip("\ufeff\r\n ")
    end, release = "'", "?"
    if text.startswith("ISA"):
        end, release = text[_ISA_TERMINATOR : _ISA_TERMINATOR + 1] or "~", ""
    elif text.startswith("UNA") and len(text) > 8:
        end, release = text[8], text[6].strip()
    kept = ""
    for part in text.split(end):
        kept += part
        if release and (len(kept) - len(kept.rstrip(release))) % 2:
            kept += end
            continue
        if kept.strip():
            yield kept.strip()
        kept = ""
    if kept.strip():
        yield kept.strip()
