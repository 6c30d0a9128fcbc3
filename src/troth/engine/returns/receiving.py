"""Receiving a return: whatever arrived is taken in and lies apart, be it what was announced or not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from troth.engine.holds import decide_tell
from troth.engine.policies.return_rules import first_rule
from troth.engine.promising.context import Decision, Facts, State
from troth.engine.returns.asking import Asked, ground_of
from troth.engine.returns.credited import asked_of, credit_return, due_credits, line_of
from troth.engine.returns.exchange import lift_exchange
from troth.engine.returns.finding import find_able
from troth.engine.returns.returnable import (
    Place,
    announced_units,
    credited_units,
    received_units,
    returnable_units,
    returned_serials,
    unit_places,
)
from troth.engine.returns.steps import Steps
from troth.model.commands import TellHolds
from troth.model.hold_terms import Block, Signal
from troth.model.ids import LineId, OrderId, Sku
from troth.model.inventory import SupplyKey, lot_source
from troth.model.kits import kits_of
from troth.model.lifecycle import DISPOSITION, Disposition, DispositionState, ReceptionEvent
from troth.model.measure import shown
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, Refusal
from troth.model.return_moves import ArrivedUnits, ReceiveReturn, ReturnReceived
from troth.model.returns import ReceivedUnits, Return
from troth.model.serials import UnitSerial
from troth.model.status import blocking_holds

_OTHER_ITEM = "another item than was sent"
_OTHER_SERIAL = "another serial than was sent"
_TOO_MANY = "more than the customer had"


def decide_receive(command: ReceiveReturn, state: State, facts: Facts) -> Decision | Refusal:
    """What arrived, taken in and credited as far as it is due; a replacement that waited for it may go."""
    found = find_able(command.return_id, ReceptionEvent.RECEIVE, state)
    if not isinstance(found, tuple):
        return found
    order, one = found
    flaws = tuple(_flaws(command, order, facts))
    if flaws:
        return Invalid(flaws)
    taking = _Taking(command, order, one, facts)
    units = taking.units()
    spoiled = (*taking.repeated, *_expiry_flaws(command, units, state))
    if spoiled:
        return Invalid(spoiled)
    steps = Steps(state, facts)
    at = command.at or facts.now
    order_id = order.order_id
    steps.happen(order_id, ReturnReceived(one.return_id, command.node, units, at))
    _free_serials(order, units, steps)
    steps.happen(order_id, *decide_tell(TellHolds(order_id, Signal.RETURN_RECEIVED), order))
    steps.expiries.update(
        {
            SupplyKey(got.sku, got.node, lot_source(got.lot)): got.expires_on
            for got in units
            if got.expires_on is not None and got.lot and got.state is DispositionState.RESTOCKED
        }
    )
    settle_return(order_id, one, steps)
    return steps.decision()


def settle_return(order_id: OrderId, one: Return, steps: Steps) -> None:
    """Credit what is due of a return by now, and let a replacement go once everything came that was announced."""
    order, now = steps.order(order_id), steps.find(order_id, one.return_id)
    assert order is not None  # the return is of it
    assert now is not None  # nothing takes a return away
    if not now.is_refund_held and not blocking_holds(order, Block.REFUND):
        credits = due_credits(order, now, steps)
        if credits:
            credit_return(steps, order_id, now, credits)
    came = received_units(now)
    if all(came.get(place, 0) >= count for place, count in announced_units(order, now).items()):
        lift_exchange(now, steps)


def disposition_of(order: Order, asked: Asked, facts: Facts) -> Disposition | None:
    """What the rules do with units of a grade; None without a grade, or where no rule holds: then they wait."""
    if not asked.grade:
        return None
    rule = first_rule(facts.returns.dispositions, ground_of(order, asked, facts))
    return None if rule is None else rule.disposition


class _Taking:
    """The units that arrive, matched with what the customer had."""

    def __init__(self, command: ReceiveReturn, order: Order, one: Return, facts: Facts) -> None:
        self._command, self._order, self._one, self._facts = command, order, one, facts
        self._left = returnable_units(order, with_shipped=True, without=one.return_id)
        for place, count in received_units(one).items():
            self._left[place] = self._left.get(place, 0) - count
        self._back = set(returned_serials(order))
        self._next = max((got.number for got in one.received), default=0) + 1
        self._units: list[ReceivedUnits] = []
        self._came = _came_units(one)
        self._to_come = announced_units(order, one)
        for (line_id, sku), count in self._came.items():
            if line_id is not None:
                self._to_come[line_id, sku] = self._to_come.get((line_id, sku), 0) - count
        self.repeated: list[FieldFlaw] = []
        """What may be told for the second time."""
        self._paid = credited_units(order, one)
        for got in one.received:
            if got.line_id is not None:
                self._paid[got.line_id, got.sku] = self._paid.get((got.line_id, got.sku), 0) - got.credited

    def units(self) -> tuple[ReceivedUnits, ...]:
        """What is received, numbered on."""
        for at, line in enumerate(self._command.lines):
            self._take(at, line)
        return tuple(self._units)

    def _take(self, at: int, line: ArrivedUnits) -> None:
        line_id, sku = self._match(line)
        if line_id is None:
            self._look_whether_told(at, None, sku, line.quantity)
            self._add(line, None, sku, line.quantity, line.serials, _OTHER_ITEM)
            return
        for place, count in unit_places(self._order, line_id, sku, line.quantity).items():
            self._look_whether_told(at, *place, count)
            known = {one.serial for one in _shipped_serials(self._order, line_id) if one.sku == place[1]}
            others = [one for one in line.serials if one not in known or (place[1], one) in self._back]
            own = tuple(one for one in line.serials if one not in others)
            count -= len(others)
            fits = max(0, min(count, self._left.get(place, 0)))
            self._left[place] = self._left.get(place, 0) - fits
            self._back |= {(place[1], serial) for serial in own}
            self._add(line, line_id, place[1], fits, own[:fits], "")
            self._add(line, None, place[1], count - fits, own[fits:], _TOO_MANY)
            self._add(line, None, place[1], len(others), tuple(others), _OTHER_SERIAL)

    def _look_whether_told(self, at: int, line_id: LineId | None, sku: Sku, count: int) -> None:
        """Note units of what came before that are more than is still to come: most likely they are the same again."""
        before = self._came.get((line_id, sku), 0)
        left = 0
        if line_id is not None:
            left = max(0, self._to_come.get((line_id, sku), 0))
            self._to_come[line_id, sku] = left - count
        if before and count > left and not self._command.is_more:
            decimals = next((line.decimals for line in self._order.lines if line.line_id == line_id), 0)
            was, rest = shown(before, decimals), shown(left, decimals)
            told = f"{was} of {sku} came before, and {rest} are still to come: say so (more) where these came besides"
            self.repeated.append(FieldFlaw(f"/lines/{at}/quantity", told))

    def _match(self, line: ArrivedUnits) -> tuple[LineId | None, Sku]:
        """The order line that units are of, and their SKU: as it is said, or as what was announced tells."""
        announced = [(one.line_id, one.sku) for one in self._one.lines]
        own = {one.line_id: one.sku for one in self._order.lines}
        if line.line_id is not None:
            skus = [sku for line_id, sku in announced if line_id == line.line_id]
            sku = line.sku or (skus[0] if len(skus) == 1 else own[line.line_id])
            return (line.line_id, sku) if self._is_of_line(line.line_id, sku) else (None, sku)
        assert line.sku is not None  # one of the two is required
        sku = line.sku
        of_return = [line_id for line_id, one in announced if one == sku]
        of_order = [line_id for line_id, one in self._left if one == sku]
        return next(iter((*of_return, *of_order)), None), sku

    def _is_of_line(self, line_id: LineId, sku: Sku) -> bool:
        own = next(line.sku for line in self._order.lines if line.line_id == line_id)
        is_whole_kit = line_id in kits_of(self._order) and sku == own
        return is_whole_kit or any(place == (line_id, sku) for place in _sent(self._order))

    def _add(
        self, line: ArrivedUnits, line_id: LineId | None, sku: Sku, quantity: int, serials: Sequence[str], note: str
    ) -> None:
        if not quantity:
            return
        got = ReceivedUnits(
            self._next,
            line_id,
            sku,
            quantity,
            self._command.node,
            self._command.at or self._facts.now,
            line.grade,
            lot=line.lot,
            expires_on=line.expires_on,
            serials=tuple(serials),
            note=note,
        )
        self._next += 1
        disposition = None
        if line_id is not None:  # what is not the order's waits for a person
            credited = max(0, min(quantity, self._paid.get((line_id, sku), 0)))
            self._paid[line_id, sku] = self._paid.get((line_id, sku), 0) - credited
            got = replace(got, credited=credited)
            asked = asked_of(self._one, line_of(self._one, got), got, quantity)
            disposition = line.disposition or disposition_of(self._order, asked, self._facts)
        if disposition is not None:
            got = replace(got, state=DISPOSITION[got.state, disposition])
        self._units.append(got)


def _flaws(command: ReceiveReturn, order: Order, facts: Facts) -> Iterable[FieldFlaw]:
    lines = {line.line_id for line in order.lines}
    if command.node not in facts.network.index:
        yield FieldFlaw("/node", f"there is no node {command.node}")
    for at, line in enumerate(command.lines):
        if line.line_id is None and line.sku is None:
            yield FieldFlaw(f"/lines/{at}", "must name a line_id or a sku")
        elif line.line_id is not None and line.line_id not in lines:
            yield FieldFlaw(f"/lines/{at}/line_id", f"the order has no line {line.line_id}; name what came by its sku")
        if line.sku is not None and line.sku not in facts.items:
            yield FieldFlaw(f"/lines/{at}/sku", f"there is no item {line.sku}")
        if line.grade and line.grade not in facts.returns.rules.grades:
            yield FieldFlaw(f"/lines/{at}/grade", f"must be one of {', '.join(facts.returns.rules.grades)}")
        if len(line.serials) > line.quantity:
            yield FieldFlaw(f"/lines/{at}/serials", f"names more than {line.quantity} units")
        elif len(set(line.serials)) < len(line.serials):
            yield FieldFlaw(f"/lines/{at}/serials", "names a serial twice")
        own = next((one.sku for one in order.lines if one.line_id == line.line_id), None)
        sku = line.sku or own
        item = None if sku is None else facts.items.get(sku)
        if item is not None and item.serialized and len(line.serials) < line.quantity:
            yield FieldFlaw(f"/lines/{at}/serials", f"must name the serial of each unit of {item.sku}")
        if line.expires_on is not None and not line.lot:
            yield FieldFlaw(f"/lines/{at}/expires_on", "only a lot expires: name the lot")


def _expiry_flaws(command: ReceiveReturn, units: Sequence[ReceivedUnits], state: State) -> Iterable[FieldFlaw]:
    """Lots that are restocked beside units of the same lot which are good until another day."""
    for at, line in enumerate(command.lines):
        for got in units:
            if got.lot != line.lot or not got.lot or got.state is not DispositionState.RESTOCKED:
                continue
            held = state.balance(SupplyKey(got.sku, got.node, lot_source(got.lot)))
            if held.on_hand and held.expires_on is not None and got.expires_on not in (None, held.expires_on):
                yield FieldFlaw(f"/lines/{at}/expires_on", f"lot {got.lot} is good until {held.expires_on} here")
                break


def _free_serials(order: Order, units: Sequence[ReceivedUnits], steps: Steps) -> None:
    """What came back is with the customer no longer, so that it can be sent to another one."""
    works = {one.key: work.fulfillment_id for work in order.fulfillments for one in work.serials}
    for got in units:
        if got.line_id is not None:
            steps.freed.update({(got.sku, serial): works[got.sku, serial] for serial in got.serials})


def _came_units(one: Return) -> dict[tuple[LineId | None, Sku], int]:
    """The units that came with a return before, whatever they are."""
    units: dict[tuple[LineId | None, Sku], int] = {}
    for got in one.received:
        units[got.line_id, got.sku] = units.get((got.line_id, got.sku), 0) + got.quantity
    return units


def _sent(order: Order) -> set[Place]:
    return {(part.line_id, part.sku) for part in order.allocations}


def _shipped_serials(order: Order, line_id: LineId) -> list[UnitSerial]:
    return [one for work in order.fulfillments for one in work.serials if one.line_id == line_id]
