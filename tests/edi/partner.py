"""A partner that plays a warehouse or a vendor: it reads what it is told, and answers in its own documents.

It knows the standards and nothing of our mappings: what it has heard it finds by tags and qualifiers alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from troth.adapters.edi.segments import Segment, Syntax, Transaction, segment
from troth.adapters.edi.terms import Documents, Terms
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line as the partner has it: our number of it, its item by our number, how many, and which lot."""

    reference: str
    item: tuple[str, str]
    quantity: Decimal
    unit: str
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order as the partner has it: what is to be done with it, under which number."""

    what: str
    number: str
    lines: tuple[OrderedLine, ...]
    ship_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Put:
    """Units of a line in a package, with the lots that they are of and their serial numbers."""

    line: OrderedLine
    quantity: Decimal
    lot: str = ""
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A package that the partner sends."""

    sscc: str
    tracking_number: str
    contents: tuple[Put, ...]
    weight_lb: Decimal = Decimal(2)


@dataclass(frozen=True, slots=True)
class Shipment:
    """What the partner sends of an order, and what not: of lines none, with the code of why in its documents."""

    order: Ordered
    parcels: tuple[Parcel, ...]
    short: tuple[tuple[OrderedLine, str], ...] = ()
    at: datetime = field(default=datetime.fromisoformat("2026-11-23T16:30-05:00"))

    @property
    def sums(self) -> dict[str, Decimal]:
        """The units that leave, by our number of the line."""
        found: dict[str, Decimal] = {}
        for parcel in self.parcels:
            for put in parcel.contents:
                found[put.line.reference] = found.get(put.line.reference, Decimal(0)) + put.quantity
        return found


class SimulatedPartner:
    """A warehouse or a vendor, as its terms say."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._is_x12 = terms.syntax is Syntax.X12
        self._is_warehouse = terms.documents is Documents.WAREHOUSE

    def hear(self, told: Transaction) -> Ordered:
        """The order that it is told of."""
        return _hear_x12(told) if self._is_x12 else _hear_edifact(told)

    def ship(self, shipment: Shipment) -> Transaction:
        """What it says when the packages leave."""
        if not self._is_x12:
            return self._made("DESADV", _desadv(shipment))
        return self._made("945", _945(shipment)) if self._is_warehouse else self._made("856", _856(shipment))

    def reply(
        self,
        order: Ordered,
        refused: Sequence[tuple[OrderedLine, Decimal]] = (),
        *,
        is_change: bool = False,
        is_yes: bool = True,
    ) -> Transaction:
        """What a vendor says before it ships: it takes on all but the units of lines that it refuses; or to a change,
        whether it takes it.
        """
        if self._is_x12:
            return self._made("865" if is_change else "855", _855(order, refused, is_change=is_change, is_yes=is_yes))
        return self._made("ORDRSP", _ordrsp(order, refused, is_change=is_change, is_yes=is_yes))

    def _made(self, kind: str, segments: Iterator[Segment]) -> Transaction:
        placed = tuple(Segment(one.tag, one.elements, place) for place, one in enumerate(segments, 2))
        return Transaction(kind, self._terms.version, "0001", placed)


def _hear_x12(told: Transaction) -> Ordered:
    head = {one.tag: one for one in told.segments}
    first = told.segments[0]
    what, number = {
        "W05": (first.get(1), first.get(2)), "BEG": (first.get(1), first.get(3)), "BCH": (first.get(1), first.get(3)),
    }[first.tag]  # fmt: skip
    lines: list[OrderedLine] = []
    for one in told.segments:
        match one.tag:
            case "W01":
                lines.append(OrderedLine("", (one.get(4), one.get(5)), Decimal(one.get(1)), one.get(2), one.get(13)))
            case "PO1":
                lines.append(OrderedLine(one.get(1), (one.get(6), one.get(7)), Decimal(one.get(2)), one.get(3)))
            case "POC":
                lines.append(OrderedLine(one.get(1), (one.get(8), one.get(9)), Decimal(one.get(3)), one.get(5)))
            case "N9" | "REF" if lines and one.get(1) == "LI":
                lines[-1] = _with(lines[-1], reference=one.get(2))
            case "N9" | "REF" if lines and one.get(1) == "LT":
                lines[-1] = _with(lines[-1], lot=one.get(2))
    ship_to = tuple(head[tag].get(place) for tag, place in (("N1", 2), ("N3", 1), ("N4", 3)) if tag in head)
    return Ordered(
        {"N": "new", "00": "new", "R": "change", "05": "change"}.get(what, "cancel"), number, tuple(lines), ship_to
    )


def _hear_edifact(told: Transaction) -> Ordered:
    bgm = told.segments[0]
    number = bgm.get(2)
    lines: list[OrderedLine] = []
    for one in told.segments:
        match one.tag:
            case "RFF" if one.get(1) == "ON":
                number = one.get(1, 2)
            case "LIN":
                lines.append(OrderedLine(one.get(1), (one.get(3, 2), one.get(3, 1)), Decimal(0), ""))
            case "PIA":
                lines[-1] = _with(lines[-1], item=(one.get(2, 2), one.get(2, 1)))
            case "QTY":
                lines[-1] = _with(lines[-1], quantity=Decimal(one.get(1, 2)), unit=one.get(1, 3))
            case "RFF" if lines and one.get(1) == "LI":
                lines[-1] = _with(lines[-1], reference=one.get(1, 2))
            case "RFF" if lines and one.get(1) == "BT":
                lines[-1] = _with(lines[-1], lot=one.get(1, 2))
    return Ordered({"9": "new", "5": "change"}.get(bgm.get(3), "cancel"), number, tuple(lines))


def _with(line: OrderedLine, **changes: object) -> OrderedLine:
    values = {name: getattr(line, name) for name in ("reference", "item", "quantity", "unit", "lot")}
    return OrderedLine(**{**values, **changes})


def _945(shipment: Shipment) -> Iterator[Segment]:
    order, sums = shipment.order, shipment.sums
    yield segment("W06", "F", order.number, f"{shipment.at:%Y%m%d}", "BOL-9")
    yield segment("N1", "WH", "Acme", "93", "3PL-1")
    yield segment("G62", "11", f"{shipment.at:%Y%m%d}", "8", f"{shipment.at:%H%M}", "ET")
    yield segment("W27", "U", "UPSN", "GROUND")
    place = 0
    for parcel in shipment.parcels:
        place += 1
        yield segment("LX", str(place))
        yield segment("MAN", "GM", f"00{parcel.sscc}", "", "CP", parcel.tracking_number)
        yield segment("PAL", *[""] * 10, str(parcel.weight_lb), "LB")
        for put in parcel.contents:
            line = put.line
            status = "CC" if sums[line.reference] == line.quantity else "DS"
            yield segment(
                "W12", status, str(line.quantity), str(put.quantity), str(line.quantity - sums[line.reference]),
                line.unit, "", *line.item, put.lot,
            )  # fmt: skip
            yield segment("N9", "LI", line.reference)
            yield from (segment("N9", "SE", serial) for serial in put.serials)
    for line, status in shipment.short:
        place += 1
        yield segment("LX", str(place))
        yield segment("W12", status, str(line.quantity), "0", str(line.quantity), line.unit, "", *line.item)
        yield segment("N9", "LI", line.reference)
    yield segment("W03", str(sum(sums.values())), "4", "LB")


def _856(shipment: Shipment) -> Iterator[Segment]:
    order, sums = shipment.order, shipment.sums
    yield segment("BSN", "00", "SHIP-9", f"{shipment.at:%Y%m%d}", f"{shipment.at:%H%M}", "0001")
    yield segment("HL", "1", "", "S")
    yield segment("TD5", "B", "2", "UPSN", "U", "GROUND")
    yield segment("DTM", "011", f"{shipment.at:%Y%m%d}", f"{shipment.at:%H%M}", "ET")
    yield segment("HL", "2", "1", "O")
    yield segment("PRF", order.number)
    level = 2
    for parcel in shipment.parcels:
        level += 1
        pack = level
        yield segment("HL", str(pack), "2", "P")
        yield segment("TD1", "CTN25", "1", "", "", "", "G", str(parcel.weight_lb), "LB")
        yield segment("REF", "2I", parcel.tracking_number)
        yield segment("MAN", "GM", f"00{parcel.sscc}")
        for put in parcel.contents:
            level += 1
            line = put.line
            lot = ("LT", put.lot) if put.lot else ()
            yield segment("HL", str(level), str(pack), "I")
            yield segment("LIN", line.reference, *line.item, *lot)
            status = "AC" if sums[line.reference] == line.quantity else "BP"
            yield segment(
                "SN1", line.reference, str(put.quantity), line.unit, "", str(line.quantity), line.unit, "", status
            )
            yield from (segment("REF", "SE", serial) for serial in put.serials)
    for line, status in shipment.short:
        level += 1
        yield segment("HL", str(level), "2", "I")
        yield segment("LIN", line.reference, *line.item)
        yield segment("SN1", line.reference, "0", line.unit, "", str(line.quantity), line.unit, "", status)
    yield segment("CTT", str(level))


def _desadv(shipment: Shipment) -> Iterator[Segment]:
    order, sums = shipment.order, shipment.sums
    yield segment("BGM", "351", "DES-9", "9")
    yield segment("DTM", ("137", f"{shipment.at:%Y%m%d%H%M}", "203"))
    yield segment("DTM", ("11", f"{shipment.at:%Y%m%d%H%M}", "203"))
    yield segment("RFF", ("ON", order.number))
    yield segment("TDT", "20", "", "", "", ("UPSN", "", "182"))
    yield segment("CPS", "1")
    level, number = 1, 0
    for parcel in shipment.parcels:
        level += 1
        yield segment("CPS", str(level), "1")
        yield segment("PAC", "1", "", "CT")
        yield segment("MEA", "PD", "AAB", ("LBR", str(parcel.weight_lb)))
        yield segment("PCI", "33E")
        yield segment("RFF", ("CN", parcel.tracking_number))
        yield segment("GIN", "BJ", parcel.sscc)
        for put in parcel.contents:
            number += 1
            yield from _despatched(put.line, put.quantity, order.number, number)
            if put.lot:
                yield segment("GIN", "BX", put.lot)
            yield from (segment("GIN", "BN", serial) for serial in put.serials)
            yield segment("RFF", ("ON", order.number, put.line.reference))
            if sums[put.line.reference] != put.line.quantity:
                yield segment("QVR", ("1", "119"), "AD")
    for line, status in shipment.short:
        number += 1
        yield segment("CPS", str(level + number), "1")
        yield from _despatched(line, Decimal(0), order.number, number)
        yield segment("RFF", ("ON", order.number, line.reference))
        yield segment("QVR", (str(line.quantity), "119"), status)
    yield segment("CNT", ("2", str(number)))


def _despatched(line: OrderedLine, quantity: Decimal, order: str, number: int) -> Iterator[Segment]:
    yield segment("LIN", str(number))
    yield segment("PIA", "5", (line.item[1], line.item[0]))
    yield segment("QTY", ("12", str(quantity), line.unit))
    yield segment("QTY", ("21", str(line.quantity), line.unit))


def _855(
    order: Ordered, refused: Sequence[tuple[OrderedLine, Decimal]], *, is_change: bool, is_yes: bool
) -> Iterator[Segment]:
    kind = "RJ" if not is_yes else "AC" if refused else "AD"
    if is_change:
        yield segment("BCA", "00", kind, order.number, "", "", "20261123")
        return
    yield segment("BAK", "00", kind, order.number, "20261123")
    no = {line.reference: count for line, count in refused}
    for line in order.lines if is_yes else ():
        yield segment("PO1", line.reference, str(line.quantity), line.unit, "", "", *line.item)
        count = no.get(line.reference, Decimal(0))
        if not count:
            yield segment("ACK", "IA", str(line.quantity), line.unit)
        elif count == line.quantity:
            yield segment("ACK", "R4")
        else:
            yield segment("ACK", "IQ", str(line.quantity - count), line.unit)
    yield segment("CTT", str(len(order.lines)))


def _ordrsp(
    order: Ordered, refused: Sequence[tuple[OrderedLine, Decimal]], *, is_change: bool, is_yes: bool
) -> Iterator[Segment]:
    yield segment("BGM", "230" if is_change else "231", "RSP-9", "27" if not is_yes else "4" if refused else "29")
    yield segment("DTM", ("137", "20261123", "102"))
    yield segment("RFF", ("ON", order.number))
    no = {line.reference: count for line, count in refused}
    for line in order.lines if refused else ():
        count = no.get(line.reference, Decimal(0))
        yield segment("LIN", line.reference, "5" if not count else "7" if count == line.quantity else "3")
        yield segment("PIA", "5", (line.item[1], line.item[0]))
        yield segment("QTY", ("21", str(line.quantity), line.unit))
        if 0 < count < line.quantity:
            yield segment("QTY", ("113", str(line.quantity - count), line.unit))
    yield segment("UNS", "S")
