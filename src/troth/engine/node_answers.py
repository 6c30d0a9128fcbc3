"""The commands that a node's answer is: those that everybody reports work with."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from troth.model.commands import (
    AcceptRecall,
    AcceptWork,
    LineQuantity,
    LineSerials,
    LotQuantity,
    OrderCommand,
    PackWork,
    PickWork,
    RecordTracking,
    RefuseRecall,
    RejectWork,
    ShipWork,
)
from troth.model.ids import LineId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import AllocationEvent, is_possible
from troth.model.measure import counted, units_in, why_not_units
from troth.model.node_answers import AnsweredLine, AnswerKind, NodeAnswer
from troth.model.order import Fulfillment, Order, Package, PackageLine
from troth.model.refusals import FieldFlaw, Invalid

NOT_FOUND: Final = "not_found"
"""Why units are short where the node does not say."""


def commands_of(
    answer: NodeAnswer, order: Order, work: Fulfillment, now: datetime
) -> tuple[OrderCommand, ...] | Invalid:
    """The commands that an answer about some work is, in the order in which they are done; each is done only where the
    one before was. To acknowledge takes none.
    """
    reading = _Reading(answer, order, work)
    commands = tuple(_commands(answer, work, reading, now))
    return Invalid(tuple(reading.flaws)) if reading.flaws else commands


def _commands(answer: NodeAnswer, work: Fulfillment, reading: "_Reading", now: datetime) -> Iterator[OrderCommand]:
    name, at = work.fulfillment_id, answer.at
    match answer.answer:
        case AnswerKind.ACKNOWLEDGE:
            return
        case AnswerKind.ACCEPT:
            yield AcceptWork(name, at)
        case AnswerKind.REJECT:
            reading.need_reason()
            lines = tuple(reading.units(line, f"/lines/{number}") for number, line in enumerate(answer.lines))
            yield RejectWork(name, answer.reason or next((one.reason for one in answer.lines), ""), lines, at)
        case AnswerKind.SHORT:
            if not answer.lines:
                reading.flaws.append(FieldFlaw("/lines", "is required: of which lines how many units are not there"))
            yield PickWork(name, tuple(reading.found()), at)
        case AnswerKind.SHIP:
            yield from _ship(answer, work, reading)
        case AnswerKind.TRACK:
            if not answer.status:
                reading.flaws.append(FieldFlaw("/status", "is required: where the parcel is"))
            yield RecordTracking(name, answer.carrier, answer.tracking_number, answer.status, at or now, answer.place)
        case AnswerKind.GIVE_BACK:
            lines = tuple(reading.units(line, f"/lines/{number}") for number, line in enumerate(answer.lines))
            yield AcceptRecall(name, answer.reason, lines)
        case AnswerKind.KEEP:
            reading.need_reason()
            yield RefuseRecall(name, answer.reason)


def _ship(answer: NodeAnswer, work: Fulfillment, reading: "_Reading") -> Iterator[OrderCommand]:
    """What is shipped is picked from the lots that are named, packed as it is said, and leaves. That fewer units of a
    line leave than are asked for has to be said with a reason: what is only forgotten is not sourced again.
    """
    name, at = work.fulfillment_id, answer.at
    picked = tuple(reading.picked())
    if picked:
        yield PickWork(name, picked, at)
    packed = tuple(
        Package(
            package.package_id,
            tuple(
                PackageLine(line.line_id, reading.count(line, f"/packages/{at_}/lines/{number}"))
                for number, line in enumerate(package.lines)
            ),
            None if package.weight_kg is None else int(package.weight_kg * 1000),
        )
        for at_, package in enumerate(answer.packages)
    )
    if not work.packages and any(package.lines for package in packed):
        yield PackWork(name, packed, at)
    shipped = tuple(
        Package(
            package.package_id,
            carrier=package.carrier,
            service=package.service,
            tracking_number=package.tracking_number,
        )
        for package in answer.packages
    )
    serials = tuple(
        LineSerials(line_id, numbers, pointer="/packages") for line_id, numbers in reading.serials().items()
    )
    yield ShipWork(name, shipped, at, serials)


class _Reading:
    """An answer that is read against its order: the flaws that are found, and quantities in whole units."""

    def __init__(self, answer: NodeAnswer, order: Order, work: Fulfillment) -> None:
        self.flaws: list[FieldFlaw] = []
        self._answer = answer
        self._lines = {line.line_id: line for line in order.lines}
        pickable = [
            part
            for part in order.allocations
            if part.fulfillment_id == work.fulfillment_id and is_possible(part.state, AllocationEvent.PICK)
        ]
        self._held: Mapping[LineId, int] = whole_units(pickable, kits_of(order))

    def need_reason(self) -> None:
        """Note that a reason is missing, where it is."""
        if not self._answer.reason.strip() and not any(line.reason for line in self._answer.lines):
            self.flaws.append(FieldFlaw("/reason", "is required"))

    def count(self, line: AnsweredLine, pointer: str) -> int:
        """The units of a line that are meant: all that can be picked where none are named."""
        if line.quantity is None:
            return self._held.get(line.line_id, 0)
        return self._scaled(line.line_id, line.quantity, f"{pointer}/quantity")

    def units(self, line: AnsweredLine, pointer: str) -> LineQuantity:
        """The units of a line that are meant, with their reason."""
        return LineQuantity(line.line_id, self.count(line, pointer), line.reason)

    def found(self) -> Iterator[LineQuantity]:
        """What there is of lines of which so many units are not."""
        for number, line in enumerate(self._answer.lines):
            held = self._held.get(line.line_id, 0)
            missing = self.count(line, f"/lines/{number}")
            if missing > held:
                self.flaws.append(
                    FieldFlaw(f"/lines/{number}/quantity", f"{counted(held)} of line {line.line_id} can be short here")
                )
                continue
            yield LineQuantity(line.line_id, held - missing, line.reason or self._answer.reason or NOT_FOUND)

    def picked(self) -> Iterator[LineQuantity]:
        """What is shipped of lines of which lots are named, or that are fewer than they should be, and not picked yet.

        A line may be in several packages.
        """
        sums: dict[LineId, int] = {}
        lots: dict[LineId, dict[str, int]] = {}
        reasons: dict[LineId, str] = {}
        for at, package in enumerate(self._answer.packages):
            for number, line in enumerate(package.lines):
                pointer = f"/packages/{at}/lines/{number}"
                sums[line.line_id] = sums.get(line.line_id, 0) + self.count(line, pointer)
                reasons[line.line_id] = reasons.get(line.line_id, "") or line.reason
                of_line = lots.setdefault(line.line_id, {})
                for lot in line.lots:
                    units = self._scaled(line.line_id, lot.quantity, f"{pointer}/lots")
                    of_line[lot.lot] = of_line.get(lot.lot, 0) + units
        for line_id, units in sums.items():
            held, reason = self._held.get(line_id, 0), reasons[line_id]
            if not held:
                continue  # it was picked before, or is not asked for, which packing says
            if units < held and not reason:
                self.flaws.append(
                    FieldFlaw(
                        "/packages",
                        f"{counted(held)} of line {line_id} are asked for and {units} shipped: a reason says that the "
                        "rest is short",
                    )
                )
            if lots[line_id] or units < held:
                named = tuple(LotQuantity(lot, count) for lot, count in lots[line_id].items())
                yield LineQuantity(line_id, units, reason, named)

    def serials(self) -> dict[LineId, tuple[str, ...]]:
        """The serials that are named, by line."""
        found: dict[LineId, tuple[str, ...]] = {}
        for package in self._answer.packages:
            for line in package.lines:
                if line.serials:
                    found[line.line_id] = (*found.get(line.line_id, ()), *line.serials)
        return found

    def _scaled(self, line_id: LineId, quantity: int | Decimal, pointer: str) -> int:
        line = self._lines.get(line_id)
        if line is None:
            self.flaws.append(FieldFlaw(pointer.rpartition("/")[0] + "/line_id", f"there is no line {line_id}"))
            return 0
        units = units_in(quantity, line.decimals)
        if units is None:
            self.flaws.append(FieldFlaw(pointer, why_not_units(line.sku, line.decimals)))
        return units or 0
