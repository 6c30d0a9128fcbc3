"""856, what a vendor says that it shipped: a tree of shipment, orders, packages and items (X12 004010 and 005010)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.carriers import read_carrier, read_service
from troth.adapters.edi.maps.codes import SaidCode, is_item_code
from troth.adapters.edi.maps.loops import Loop, code_pairs, pick, split_loops, value_of
from troth.adapters.edi.maps.marks import Marks, read_marks
from troth.adapters.edi.maps.packed import Packed
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.maps.reasons import REFUSED
from troth.adapters.edi.maps.said import SaidLine, SaidLot, SaidPackage, SaidShipment
from troth.adapters.edi.segments import Segment
from troth.model.ids import FulfillmentId
from troth.model.value import dataclass

_SSCCS: Final = frozenset({"AA", "AI", "GM"})
_CARRIERS: Final = frozenset({"CP"})
_PACKAGES: Final = (*sorted(_SSCCS | _CARRIERS), "CA", "MC", "R", "SM", "SS", "W")
_TRACKING: Final = ("2I", "CN")
_PACKS: Final = frozenset({"P", "T", "K"})
"""Levels that are packages: a pack, a tare (a pallet) and what else is wrapped."""
_CANCELED: Final = "01"
_LOT_CODES: Final = ("LT", "NB", "BN")


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of the tree: what it is, what it belongs to, and its segments."""

    name: str
    parent: str
    kind: str
    segments: Loop


def read_856(reading: Reading) -> Iterator[SaidShipment]:
    """The shipments that an 856 is, one for each order in it."""
    head, loops = split_loops(reading.segments, "HL", until=("CTT",))
    bsn = reading.first("BSN")
    if bsn.get(1) == _CANCELED:
        reading.flaw(bsn, 1, Fault.VALUE_CONTRADICTS, "takes back what was shipped: somebody has to call")
        return
    levels = {loop[0].get(1): _Level(loop[0].get(1), loop[0].get(2), loop[0].get(3), loop) for loop in loops}
    tree = _Tree(reading, levels, head)
    packed: dict[FulfillmentId, Packed] = {}
    for level in levels.values():
        if level.kind == "I":
            _add_item(tree, level, packed)
    for order, work in tree.orders.items():
        if work is not None and work not in packed and not tree.has_items(order):
            packed[work] = Packed()
            packed[work].say_all(tree.whole(order))
    for work, one in packed.items():
        yield SaidShipment(bsn, work, one.packages, one.outside, tree.shipped_at)


def _add_item(tree: "_Tree", level: _Level, packed: dict[FulfillmentId, Packed]) -> None:
    order = tree.order_of(level)
    work = tree.orders.get(order) if order else None
    if order is None:
        tree.reading.flaw(level.segments[0], 0, Fault.VALUE_NOT_KNOWN, "belongs to no order")
    if order is None or work is None:
        return
    into = packed.setdefault(work, Packed())
    line = _line(tree.reading, level)
    if line.quantity == 0:
        into.leave_out((line,))
    else:
        into.add(tree.packages_of(level, order), (line,))


class _Tree:
    """The levels of an 856, each found by its number."""

    def __init__(self, reading: Reading, levels: Mapping[str, _Level], head: Loop) -> None:
        self.reading, self._levels = reading, levels
        times = pick(head, "DTM", "011") or tuple(
            one for level in levels.values() for one in pick(level.segments, "DTM", "011")
        )
        self.shipped_at = reading.instant(reading.x12_time(times[0], 2, 3, 4)) if times else None
        self.orders: dict[str, FulfillmentId | None] = {}
        for level in levels.values():
            prfs = pick(level.segments, "PRF")
            if prfs:
                named = [(prfs[0], 1, 1), *((one, 2, 1) for one in pick(level.segments, "REF", "PO", "CO"))]
                self.orders[level.name] = reading.work(named, prfs[0])
        if not self.orders:
            reading.flaw(reading.first("BSN"), 0, Fault.VALUE_NOT_KNOWN, "names no order: it has no PRF")

    def above(self, level: _Level) -> Iterator[_Level]:
        """A level and those that it belongs to, the nearest first."""
        seen: set[str] = set()
        here: _Level | None = level
        while here is not None and here.name not in seen:
            seen.add(here.name)
            yield here
            here = self._levels.get(here.parent)

    def below(self, level: _Level) -> tuple[_Level, ...]:
        """The levels that belong to one itself."""
        return tuple(one for one in self._levels.values() if one.parent == level.name and one.name != level.name)

    def order_of(self, level: _Level) -> str | None:
        """The level whose order an item is of: one that it belongs to, or the only one that there is."""
        found = next((one.name for one in self.above(level) if one.name in self.orders), None)
        return found or (next(iter(self.orders)) if len(self.orders) == 1 else None)

    def has_items(self, order: str) -> bool:
        """Whether there are items of an order."""
        return any(level.kind == "I" and self.order_of(level) == order for level in self._levels.values())

    def packages_of(self, item: _Level, order: str) -> tuple[SaidPackage, ...]:
        """The packages that an item is in: the nearest one that it belongs to, else those that belong to it, else all
        that was shipped as one.
        """
        above = [level for level in self.above(item) if level.kind in _PACKS]
        if above:
            return (self._package(above[0]),)
        below = [level for level in self.below(item) if level.kind in _PACKS]
        return tuple(map(self._package, below)) or (self.whole(order),)

    def whole(self, order: str) -> SaidPackage:
        """All that was shipped of an order as one package."""
        level = self._levels[order]
        marks = self._marks(level) or next((found for one in self.above(level) if (found := self._marks(one))), ())
        first = marks[0] if len(marks) == 1 else Marks()
        return self._carried(level, replace(first, own="1", sscc=first.sscc))

    def _package(self, level: _Level) -> SaidPackage:
        marks = self._marks(level)
        return self._carried(level, marks[0] if len(marks) == 1 else Marks(own=level.name))

    def _marks(self, level: _Level) -> tuple[Marks, ...]:
        mans = pick(level.segments, "MAN")
        pairs = [(one.get(first), one.get(first + 1)) for one in mans for first in (1, 4)]
        said = [(qualifier, number) for qualifier, number in pairs if qualifier in _PACKAGES and number]
        said += [("CP", one.get(2)) for one in pick(level.segments, "REF", *_TRACKING) if one.get(2)]
        return read_marks(said, ssccs=_SSCCS, carriers=_CARRIERS)

    def _carried(self, level: _Level, marks: Marks) -> SaidPackage:
        """A package with how it is carried, which is said at it or at a level that it belongs to."""
        route = next((one for up in self.above(level) for one in pick(up.segments, "TD5")), Segment("TD5"))
        tracking = marks.tracking_number or next(
            (found for up in self.above(level) if (found := value_of(up.segments, "REF", *_TRACKING))), ""
        )
        weight = next(
            (self.reading.kilograms(one, (7, 1), (8, 1)) for one in pick(level.segments, "TD1") if one.get(7)), None
        )
        terms = self.reading.terms
        code = route.get(3)
        return SaidPackage(
            marks.name,
            (),
            tracking,
            read_carrier(code, terms) if code else "",
            read_service(route.get(12) or route.get(5), terms),
            weight,
            next((found for up in self.above(level) if (found := value_of(up.segments, "REF", "BM", "MB"))), ""),
        )


def _line(reading: Reading, level: _Level) -> SaidLine:
    lin = next(iter(pick(level.segments, "LIN")), Segment("LIN"))
    sn1 = next(iter(pick(level.segments, "SN1")), level.segments[0])
    pairs = code_pairs(lin, 2, 31)
    lots = [value for qualifier, value in pairs if qualifier in _LOT_CODES]
    lots += [one.get(2) for one in pick(level.segments, "REF", "LT", "BT") if one.get(2)]
    serials = [value for qualifier, value in pairs if qualifier == "SN"]
    serials += [one.get(2) for one in pick(level.segments, "REF", "SE") if one.get(2)]
    po4 = next(iter(pick(level.segments, "PO4")), Segment("PO4"))
    status = sn1.get(8) if sn1.tag == "SN1" else ""
    return SaidLine(
        sn1,
        reading.number(sn1, 2) if sn1.tag == "SN1" else None,
        sn1.get(3) if sn1.tag == "SN1" else "",
        reference=value_of(level.segments, "REF", "LI"),
        number=lin.get(1) or (sn1.get(1) if sn1.tag == "SN1" else ""),
        codes=tuple(one for one in (SaidCode(*pair) for pair in pairs) if is_item_code(one)),
        inner=reading.pieces(po4, 1),
        lots=tuple(SaidLot(lot) for lot in dict.fromkeys(lots)),
        serials=tuple(dict.fromkeys(serials)),
        reason=REFUSED.get(status, ""),
    )
