"""Opening a return: what may come back, to where, and what is credited at once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from troth.engine.policies.return_rules import Risk, find_risk, first_rule, nodes_that_take
from troth.engine.promising.context import Decision, Facts, State
from troth.engine.returns.asking import Asked, days_since_delivery, ground_of
from troth.engine.returns.credited import credit_return
from troth.engine.returns.crediting import Crediting
from troth.engine.returns.ending import end_claim
from troth.engine.returns.exchange import open_exchange
from troth.engine.returns.returnable import (
    Place,
    delivered_units,
    returnable_units,
    returned_serials,
    unit_places,
    whole_count,
)
from troth.engine.returns.routing import NodeWorth, find_worths
from troth.engine.returns.steps import Steps
from troth.engine.rules.ground import Ground
from troth.model.hold_terms import Block
from troth.model.ids import LineId, Sku, return_id
from troth.model.kits import kits_of
from troth.model.lifecycle import ReceptionState
from troth.model.measure import shown
from troth.model.money import Money
from troth.model.order import Order
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid, NotFound, Refusal
from troth.model.return_moves import AskedUnits, OpenReturn, ReturnOpened
from troth.model.return_rules import RiskAction
from troth.model.returns import Credit, RefundTiming, Return, ReturnKind, ReturnLine, ReturnMethod
from troth.model.serials import UnitSerial
from troth.model.status import blocking_holds
from troth.model.value import dataclass

_ON_ITS_WAY = frozenset({"lost_in_transit", "missing", "damaged"})
"""Claims that may be about units which have not come: a carrier tells of it before the customer can."""
CLAIMED: Final = "claimed_by_customer"
"""What flags a return of which nothing comes back where the customer opened it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found out about a return before it is decided: its lines as rules see them, where it goes and which
    nodes were looked at for that, what its units are worth before any fee, and the risk.
    """

    lines: tuple[Asked, ...]
    worths: tuple[NodeWorth, ...]
    value_minor: int
    risk: Risk


def decide_open(command: OpenReturn, state: State, facts: Facts) -> Decision | Refusal:
    """The permit, with what is credited and replaced at once; or everything that forbids it, field by field."""
    order = state.orders.get(command.order_id)
    if order is None:
        return NotFound("order", command.order_id)
    looked = look_at(command, order, state, facts)
    if isinstance(looked, Invalid):
        return looked
    steps = Steps(state, facts)
    opened = _return_of(command, order, looked, facts)
    steps.happen(order.order_id, ReturnOpened(opened))
    more: Decision | None = None
    if command.replacement is not None:
        exchanged = open_exchange(command, opened, looked.lines, steps, state)
        if not isinstance(exchanged, Decision):
            return exchanged
        more = exchanged
    _credit_at_once(command, opened, looked, steps)
    return steps.decision(more)


def look_at(command: OpenReturn, order: Order, state: State, facts: Facts) -> Looked | Invalid:
    """What decides about a return, or what forbids it; it is the same for a quote of one."""
    flaws = [*_form_flaws(command, facts), *_unit_flaws(command, order)]
    if flaws:
        return Invalid(tuple(flaws))
    crediting = Crediting(order, facts, facts.actor, facts.now)
    if command.amount_minor is not None:
        most = crediting.left_of(command.lines[0].line_id)
        if not 0 < command.amount_minor <= most:
            told = Money(most, order.currency)
            return Invalid((FieldFlaw("/amount", f"must be above zero and at most {told.amount} {told.currency}"),))
    lines = tuple(_asked(command, order, line, crediting) for line in command.lines)
    grounds = [ground_of(order, one, facts) for one in lines]
    flaws = [*_window_flaws(command, order, lines, grounds, facts), *_node_flaws(command, lines, grounds, facts)]
    if flaws:
        return Invalid(tuple(flaws))
    risk = find_risk(facts.returns.rules.risks, grounds)
    if risk.action is RiskAction.REFUSE and not command.exception:
        return Invalid((FieldFlaw("", f"is refused by the rules of risk: {', '.join(risk.names)}"),))
    worths: tuple[NodeWorth, ...] = ()
    if command.method is ReturnMethod.MAIL:
        supply = {sku: state.supply(sku) for one in lines for _, sku in _places(order, one)}
        worths = find_worths(order, lines, supply, facts, command.near)
        if not worths and command.node is None:
            return Invalid((FieldFlaw("/node", "no node takes these units back"),))
    return Looked(lines, worths, sum(one.value_minor for one in lines), risk)


def sku_of(order: Order, line: AskedUnits) -> Sku:
    """Of which SKU units of a line are meant: the one that is said, else the line's own, or the one that was sent
    instead of it.
    """
    own = next(one.sku for one in order.lines if one.line_id == line.line_id)
    if line.sku is not None or line.line_id in kits_of(order):
        return line.sku or own
    sent = {sku for line_id, sku in delivered_units(order, with_shipped=True) if line_id == line.line_id}
    return own if own in sent or not sent else min(sent)


def _places(order: Order, asked: Asked) -> Iterable[Place]:
    return unit_places(order, asked.line_id, asked.sku, asked.quantity)


def _asked(command: OpenReturn, order: Order, line: AskedUnits, crediting: Crediting) -> Asked:
    sku = sku_of(order, line)
    places = unit_places(order, line.line_id, sku, line.quantity)
    value = sum(crediting.value_of(place, count) for place, count in places.items())
    return Asked(
        command.kind,
        command.method,
        line.line_id,
        sku,
        line.quantity,
        line.reason,
        value,
        command.node,
        is_without_receipt=command.is_without_receipt,
        has_serial_mismatch=not set(line.serials) <= {one.serial for one in _shipped_serials(order, line.line_id)},
        history=command.history,
    )


def _form_flaws(command: OpenReturn, facts: Facts) -> Iterable[FieldFlaw]:
    """What does not fit together whatever the order is."""
    is_claim = command.kind is ReturnKind.CLAIM
    if command.method is ReturnMethod.NONE and not is_claim:
        yield FieldFlaw("/method", "only of a claim nothing comes back")
    if command.method is ReturnMethod.IN_STORE and command.node is None:
        yield FieldFlaw("/node", "is required for method in_store")
    if command.method is ReturnMethod.NONE and command.node is not None:
        yield FieldFlaw("/node", "has no meaning where nothing comes back")
    if command.amount_minor is not None and (not is_claim or command.method is not ReturnMethod.NONE):
        yield FieldFlaw("/amount", "is only for a claim of which nothing comes back")
    if command.amount_minor is not None and len(command.lines) != 1:
        yield FieldFlaw("/lines", "an amount is for goods of one line")
    if command.replacement is not None and command.is_advance and not facts.returns.rules.exchange_advance:
        yield FieldFlaw("/exchange/advance", "the rules let no replacement ship before the goods came back")
    reasons = facts.returns.rules.claim_reasons if is_claim else facts.returns.rules.reasons
    for at, line in enumerate(command.lines):
        if line.reason not in reasons:
            yield FieldFlaw(f"/lines/{at}/reason", f"must be one of {', '.join(reasons)}")
    if command.node is not None and command.node not in facts.network.index:
        yield FieldFlaw("/node", f"there is no node {command.node}")


def _unit_flaws(command: OpenReturn, order: Order) -> Iterable[FieldFlaw]:
    """What the customer does not have, or has given back."""
    with_shipped = command.kind is ReturnKind.CLAIM and all(line.reason in _ON_ITS_WAY for line in command.lines)
    left = returnable_units(order, with_shipped=with_shipped)
    known = {line.line_id: line for line in order.lines}
    back = returned_serials(order)
    seen: set[str] = set()
    for at, line in enumerate(command.lines):
        own = known.get(line.line_id)
        if own is None:
            yield FieldFlaw(f"/lines/{at}/line_id", f"the order has no line {line.line_id}")
            continue
        sku = sku_of(order, line)
        wanted = unit_places(order, line.line_id, sku, line.quantity)
        if any(left.get(place, 0) < count for place, count in wanted.items()):
            there = {place: left.get(place, 0) for place in wanted}
            can = whole_count(order, line.line_id, there) if len(there) > 1 else min(there.values())
            told = shown(can, own.decimals)
            units = "unit" if told == 1 else "units"
            yield FieldFlaw(f"/lines/{at}/quantity", f"{told} {units} of {sku} of line {line.line_id} may come back")
            continue
        for place, count in wanted.items():
            left[place] -= count
        shipped = {one.serial: one.key for one in _shipped_serials(order, line.line_id)}
        for number, serial in enumerate(line.serials):
            if serial not in shipped:
                yield FieldFlaw(f"/lines/{at}/serials/{number}", f"{serial} was not shipped with line {line.line_id}")
            elif shipped[serial] in back or serial in seen:
                yield FieldFlaw(f"/lines/{at}/serials/{number}", f"{serial} came back already")
            seen.add(serial)
        if len(line.serials) > line.quantity:
            yield FieldFlaw(f"/lines/{at}/serials", f"names more than {line.quantity} units")


def _shipped_serials(order: Order, line_id: LineId) -> list[UnitSerial]:
    return [one for work in order.fulfillments for one in work.serials if one.line_id == line_id]


def _window_flaws(
    command: OpenReturn, order: Order, lines: tuple[Asked, ...], grounds: list[Ground], facts: Facts
) -> Iterable[FieldFlaw]:
    """Lines that may not come back (any more); claims have no window, and somebody may let a line pass."""
    if command.kind is ReturnKind.CLAIM or command.exception:
        return
    for at, (one, ground) in enumerate(zip(lines, grounds, strict=True)):
        window = first_rule(facts.returns.windows, ground)
        if window is None:
            continue
        days = days_since_delivery(order, one.line_id, facts.now)
        if not window.returnable:
            yield FieldFlaw(f"/lines/{at}", f"{one.sku} cannot be returned ({window.name})")
        elif days is not None and days > window.days:
            told = f"{int(days)} days after the delivery it is too late; the window “{window.name}” has {window.days}"
            yield FieldFlaw(f"/lines/{at}", told)


def _node_flaws(
    command: OpenReturn, lines: tuple[Asked, ...], grounds: list[Ground], facts: Facts
) -> Iterable[FieldFlaw]:
    if command.node is None:
        return
    at = facts.network.index[command.node]
    for one, ground in zip(lines, grounds, strict=True):
        if not facts.network.is_active[at] or not nodes_that_take(facts.returns.rules.nodes, ground)[at]:
            yield FieldFlaw("/node", f"{command.node} does not take {one.sku} back")
            return


def _return_of(command: OpenReturn, order: Order, looked: Looked, facts: Facts) -> Return:
    rules = facts.returns.rules
    lines = []
    for line, asked in zip(command.lines, looked.lines, strict=True):
        refund = first_rule(facts.returns.refunds, ground_of(order, asked, facts))
        timing = RefundTiming.RECEIVED if refund is None else refund.timing
        if command.method is ReturnMethod.NONE:
            timing = RefundTiming.ANNOUNCED
        lines.append(ReturnLine(line.line_id, asked.sku, line.quantity, line.reason, timing, line.serials))
    node = command.node
    if command.method is ReturnMethod.MAIL and node is None:
        node = looked.worths[0].node
    return Return(
        return_id(order.order_id, len(order.returns) + 1),
        command.kind,
        command.method,
        ReceptionState.ANNOUNCED,
        node,
        tuple(lines),
        facts.now,
        facts.actor,
        facts.now + timedelta(days=rules.permit_days),
        facts.returns.version,
        flags=(*looked.risk.names, *((CLAIMED,) if _is_claimed_by_customer(command) else ())),
        is_refund_held=looked.risk.action is RiskAction.HOLD or _is_claimed_by_customer(command),
        is_without_receipt=command.is_without_receipt,
        exception=command.exception,
        kept_minor=command.amount_minor,
    )


def _is_claimed_by_customer(command: OpenReturn) -> bool:
    """Whether nothing but a customer's word says that something is owed."""
    return command.by is By.CUSTOMER and command.method is ReturnMethod.NONE


def _credit_at_once(command: OpenReturn, opened: Return, looked: Looked, steps: Steps) -> None:
    """What is credited when a return is announced; a claim of which nothing comes back is over with it."""
    order, facts = steps.order(command.order_id), steps.facts
    assert order is not None  # it was opened for this one
    if opened.is_refund_held or blocking_holds(order, Block.REFUND):
        return
    crediting = Crediting(order, facts, facts.actor, facts.now)
    credits: tuple[Credit, ...]
    if command.amount_minor is not None:
        one = looked.lines[0]
        credits = (crediting.keep(one.line_id, one.sku, command.amount_minor, one.reason),)
    else:
        credits = tuple(
            credit
            for line, asked in zip(opened.lines, looked.lines, strict=True)
            if line.timing is RefundTiming.ANNOUNCED
            for credit in crediting.credit(replace(asked, node=opened.node))
        )
    if credits:
        credit_return(steps, order.order_id, opened, credits)
    if opened.method is ReturnMethod.NONE:
        end_claim(order.order_id, opened, steps)
