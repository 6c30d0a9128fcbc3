"""What a partner says of lines, counted as Troth counts them: of kits whole kits, of lots each."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from troth.adapters.edi.flaws import Fault
from troth.adapters.edi.maps.lines import MeantLine
from troth.adapters.edi.maps.reading import Reading
from troth.adapters.edi.segments import Segment
from troth.model.ids import LineId, Sku
from troth.model.node_answers import AnsweredLine, AnsweredLot
from troth.model.node_messages import ToldWork

Parts = Mapping[tuple[LineId, Sku], Decimal]
"""Units by line and item, in the measure of the item."""


def told_parts(work: ToldWork) -> Parts:
    """All units that a node was told of."""
    sums: dict[tuple[LineId, Sku], Decimal] = {}
    for line in work.lines:
        key = line.line_id, line.sku
        sums[key] = sums.get(key, Decimal(0)) + Decimal(str(line.quantity))
    return sums


def said_parts(lines: Iterable[MeantLine], told: Parts) -> dict[tuple[LineId, Sku], Decimal]:
    """The units that lines say; of one that says no number all that were told."""
    sums: dict[tuple[LineId, Sku], Decimal] = {}
    for one in lines:
        key = one.line_id, one.sku
        sums[key] = sums.get(key, Decimal(0)) + (told.get(key, Decimal(0)) if one.quantity is None else one.quantity)
    return sums


class Tally:
    """Counts lines of some work, and of those that are kits whole kits, where it is known what is in one."""

    def __init__(self, work: ToldWork, reading: Reading) -> None:
        self.told = told_parts(work)
        self._kits = reading.known.kits.get(work.fulfillment_id, {})
        self._reading = reading
        items: dict[LineId, set[Sku]] = {}
        for line_id, sku in self.told:
            items.setdefault(line_id, set()).add(sku)
        self._kit_lines = {line_id for line_id, skus in items.items() if line_id in self._kits or len(skus) > 1}

    def is_kit(self, line_id: LineId) -> bool:
        """Whether a line was told by its components."""
        return line_id in self._kit_lines

    def count(self, line_id: LineId, parts: Parts, at: Segment) -> int | Decimal | None:
        """How many units of a line its parts are; None: all of them. Parts that make up no whole kits are a flaw."""
        of_line = {sku: units for (name, sku), units in parts.items() if name == line_id}
        if not self.is_kit(line_id):
            return whole(sum(of_line.values(), Decimal(0)))
        told = {sku: units for (name, sku), units in self.told.items() if name == line_id}
        if {sku: units for sku, units in of_line.items() if units} == told:
            return None
        if not any(of_line.values()):
            return 0
        each = dict(self._kits.get(line_id, ()))
        kits = {of_line.get(sku, Decimal(0)) / count for sku, count in each.items()}
        if len(kits) == 1 and (one := kits.pop()) == one.to_integral_value():
            return whole(one)
        self._reading.flaw(
            at, 0, Fault.VALUE_CONTRADICTS, f"line {line_id} is a kit, and its components make up no whole kits"
        )
        return 0

    def check(self, parts: Parts, at: Segment) -> None:
        """Note what is said to be more than was told."""
        for (line_id, sku), units in parts.items():
            most = self.told.get((line_id, sku), Decimal(0))
            if units > most:
                detail = f"{units} of {sku} are said of line {line_id}, which has {most}"
                self._reading.flaw(at, 0, Fault.VALUE_CONTRADICTS, detail)


def answered(
    line_id: LineId,
    quantity: int | Decimal | None,
    lines: Sequence[MeantLine],
    *,
    reason: str = "",
    with_lots: bool = True,
) -> AnsweredLine:
    """A line with the lots and serials that were said of it."""
    lots: dict[str, Decimal] = {}
    for one in lines:
        of_line = one.quantity if one.quantity is not None else Decimal(0)
        for lot in one.said.lots if with_lots else ():
            lots[lot.lot] = lots.get(lot.lot, Decimal(0)) + (of_line if lot.quantity is None else lot.quantity)
    serials = tuple(dict.fromkeys(serial for one in lines for serial in one.said.serials))
    named = tuple(AnsweredLot(lot, whole(units)) for lot, units in lots.items())
    return AnsweredLine(line_id, quantity, reason, named, serials)


def whole(units: Decimal) -> int | Decimal:
    """A number without decimals where it has none.

    >>> whole(Decimal("2.00")), whole(Decimal("1.250"))
    (2, Decimal('1.25'))
    """
    return int(units) if units == units.to_integral_value() else units.normalize()
