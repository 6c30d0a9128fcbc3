"""What an order asks for once its actions are carried out, before anything is promised: a change as it is wished."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.demand.line_terms import NO_TERMS, find_kit_flaws, settle_lines
from troth.engine.feasible import find_way_flaws
from troth.engine.money.price_change import find_charge_flaws, priced
from troth.engine.promising.context import Facts
from troth.engine.schedules import by_date, by_schedule, schedule_lines
from troth.model.change import (
    ACTION_OF,
    AddLine,
    ChangeAction,
    LeaveInParts,
    RemoveLine,
    SetAddress,
    SetDates,
    SetDeliveryCharge,
    SetMethod,
    SetNode,
    SetPrice,
    SetQuantity,
    SetSchedule,
    Substitute,
)
from troth.model.ids import LineId
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import GONE
from troth.model.order import Line, Method, Order, Terms
from troth.model.permissions import By, states_for
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.model.status import OrderStatus, live_allocations, order_status
from troth.model.value import dataclass

CLOSED: Final = frozenset({OrderStatus.CANCELED, OrderStatus.SHIPPED, OrderStatus.DELIVERED})
"""An order that stands so is not changed any more."""

_HANDED_OVER: Final = frozenset({Method.PICKUP, Method.CURBSIDE})


@dataclass(frozen=True, slots=True)
class Wish:
    """An order with the lines and the way that are asked for; its parts are still those that it has.

    Of lines in `moved` the goods come at another time, by another way or from elsewhere, or are others, so that all
    their units are promised anew; `fewer` are units by line that are no longer wanted.
    """

    order: Order
    moved: frozenset[LineId]
    fewer: dict[LineId, int]


def wish_of(
    order: Order, actions: Sequence[ChangeAction], facts: Facts, by: By = By.OPERATOR
) -> Wish | Invalid | NotPossibleNow:
    """The order as the actions, one after the other, would have it; or why it cannot be had.

    Every action is looked at, so that all that is wrong is said at once.
    """
    status = order_status(order)
    if status in CLOSED:
        return NotPossibleNow("change", status)
    after, flaws = order, []
    for position, action in enumerate(actions):
        pointer = f"/actions/{position}"
        if isinstance(action, SetSchedule) and not _has_dates(after, action):
            flaws.append(FieldFlaw(f"{pointer}/line_id", f"the order has no line {action.line_id} with several dates"))
        for place, one in _by_date(action, after):
            found = [*_lock_flaws(pointer, one, after, by), *_flaws(pointer, one, after, facts)]
            flaws += [_placed(flaw, pointer, place) for flaw in found]
            if not found:
                after = _carried_out(one, after, facts)
    flaws = flaws or [*_way_flaws(after, actions)]
    if flaws:
        return Invalid(tuple(flaws))
    known = {line.line_id: line for line in order.lines}
    moved = {line.line_id for line in after.lines if line.line_id in known and _is_moved(order, known, after, line)}
    moved |= {action.line_id for action in actions if isinstance(action, LeaveInParts)}
    fewer = {
        line.line_id: _wanted(known[line.line_id]) - _wanted(line)
        for line in after.lines
        if line.line_id in known and _wanted(line) < _wanted(known[line.line_id])
    }
    return Wish(after, frozenset(moved), fewer)


def _wanted(line: Line) -> int:
    return line.quantity - line.canceled_quantity


def _is_moved(order: Order, known: dict[LineId, Line], after: Order, line: Line) -> bool:
    """Whether what is promised of a line is not what is asked for now, whatever its quantity."""
    was = known[line.line_id]
    own, before = line.terms or NO_TERMS, was.terms or NO_TERMS
    if (line.sku, line.need_by, line.not_before) != (was.sku, was.need_by, was.not_before) or own != before:
        return True
    way = (own.method or after.method, own.pickup_node or after.pickup_node, own.service or after.service)
    if way != (before.method or order.method, before.pickup_node or order.pickup_node, before.service or order.service):
        return True
    return (own.ship_to or after.ship_to) != (before.ship_to or order.ship_to)


def _by_date(action: ChangeAction, order: Order) -> tuple[tuple[str, ChangeAction], ...]:
    """The action, or what it does to the dates of a line that has several, each with where in it that is asked for."""
    if isinstance(action, SetSchedule):
        return tuple((f"/schedule/{at}", one) for at, one in by_schedule(order, action))
    if not isinstance(action, RemoveLine | SetQuantity) or any(line.line_id == action.line_id for line in order.lines):
        return (("", action),)
    return tuple(("", one) for one in by_date(order, action, _left_units(order)))


def _has_dates(order: Order, action: SetSchedule) -> bool:
    """Whether any date of a line is wanted, so that a schedule of it can be set."""
    return any(map(_wanted, schedule_lines(order, action.line_id)))


def _placed(flaw: FieldFlaw, pointer: str, place: str) -> FieldFlaw:
    """The flaw where the client sees it: a new date is no line to whoever sets a schedule."""
    field = flaw.pointer.removeprefix(pointer)
    return replace(flaw, pointer=f"{pointer}{place}{field.removeprefix('/line') if place else field}")


def lines_of(action: ChangeAction, order: Order) -> tuple[Line, ...]:
    """The lines whose parts an action depends on; nothing of a line that is not there."""
    match action:
        case AddLine() | SetDeliveryCharge():
            return order.lines
        case SetAddress() if action.line_id is None:
            return tuple(line for line in order.lines if line.terms is None or line.terms.ship_to is None)
        case SetMethod() if action.line_id is None:
            return tuple(line for line in order.lines if line.terms is None or line.terms.method is None)
        case _:
            named = tuple(line for line in order.lines if line.line_id == action.line_id)
            return named or _dates_of(action, order)


def _dates_of(action: ChangeAction, order: Order) -> tuple[Line, ...]:
    """The dates of a line that an action is about without saying which."""
    return schedule_lines(order, action.line_id) if isinstance(action, RemoveLine | SetQuantity) else ()


def _lock_flaws(pointer: str, action: ChangeAction, order: Order, by: By) -> Iterator[FieldFlaw]:
    """The lines that an action is about and that have come too far for it, for whom it is asked by."""
    deed = ACTION_OF[type(action)]
    allowed = states_for(by, deed)
    if not allowed:
        yield FieldFlaw(f"{pointer}/action", f"a {by} may not ask for {deed}")
        return
    about = {line.line_id for line in lines_of(action, order)}
    locked = {part.line_id: part.state for part in live_allocations(order) if part.state not in allowed}
    for line_id in sorted(about & locked.keys()):
        what = deed.replace("_", " ")
        yield FieldFlaw(pointer, f"units of line {line_id} are {locked[line_id]}: too late to {what}")


def _flaws(pointer: str, action: ChangeAction, order: Order, facts: Facts) -> Iterator[FieldFlaw]:
    if isinstance(action, AddLine):
        yield from _added_flaws(pointer, action.line, order, facts)
        return
    if action.line_id is not None:
        line = next((line for line in order.lines if line.line_id == action.line_id), None)
        if line is None:
            yield FieldFlaw(f"{pointer}/line_id", f"the order has no line {action.line_id}")
            return
        if not _wanted(line):
            yield FieldFlaw(f"{pointer}/line_id", f"line {action.line_id} is canceled")
            return
    match action:
        case SetQuantity():
            left = _left_units(order).get(action.line_id, 0)
            if action.quantity < left:
                yield FieldFlaw(f"{pointer}/quantity", f"{left} of line {action.line_id} have left already")
        case SetDates():
            yield from _date_flaws(pointer, action.not_before, action.need_by, facts.now)
            yield from _limit_flaws(
                pointer, action.not_before, action.need_by, action.cancel_after, facts.now, is_firm=action.need_by_firm
            )
        case SetMethod():
            yield from find_way_flaws(pointer, action.method, action.pickup_node, action.service, facts)
        case SetNode() if action.node is not None and action.node not in facts.network.index:
            yield FieldFlaw(f"{pointer}/node", f"there is no node {action.node}")
        case SetPrice():
            yield from find_charge_flaws(pointer, action, order)
        case Substitute():
            yield from _substitute_flaws(pointer, action, order, facts)
            yield from find_charge_flaws(pointer, action, order)
        case _:
            pass


def _added_flaws(pointer: str, line: Line, order: Order, facts: Facts) -> Iterator[FieldFlaw]:
    if any(line.line_id == known.line_id for known in order.lines):
        yield FieldFlaw(f"{pointer}/line/line_id", f"{line.line_id} is the id of another line already")
    if line.sku not in facts.items:
        yield FieldFlaw(f"{pointer}/line/sku", f"there is no item {line.sku}")
        return
    yield from (FieldFlaw(f"{pointer}/line/sku", flaw.detail) for flaw in find_kit_flaws((line,), facts.items))
    yield from _date_flaws(f"{pointer}/line", line.not_before, line.need_by, facts.now)
    terms = line.terms or NO_TERMS
    yield from _limit_flaws(
        f"{pointer}/line", line.not_before, line.need_by, terms.cancel_after, facts.now, is_firm=terms.need_by_firm
    )
    if terms.method is not None or terms.pickup_node is not None or terms.service is not None:
        method = terms.method or order.method
        yield from find_way_flaws(f"{pointer}/line", method, terms.pickup_node, terms.service or "", facts)
    if terms.only_from is not None and terms.only_from not in facts.network.index:
        yield FieldFlaw(f"{pointer}/line/only_from", f"there is no node {terms.only_from}")


def _date_flaws(
    pointer: str, not_before: datetime | None, need_by: datetime | None, now: datetime
) -> Iterator[FieldFlaw]:
    if need_by is not None and need_by <= now:
        yield FieldFlaw(f"{pointer}/need_by", "has passed: nothing can be there by then")
    if need_by is not None and not_before is not None and need_by < not_before:
        yield FieldFlaw(f"{pointer}/need_by", "must not be earlier than not_before")


def _limit_flaws(
    pointer: str,
    not_before: datetime | None,
    need_by: datetime | None,
    cancel_after: datetime | None,
    now: datetime,
    *,
    is_firm: bool,
) -> Iterator[FieldFlaw]:
    if cancel_after is not None and cancel_after <= now:
        yield FieldFlaw(f"{pointer}/cancel_after", "has passed: nothing can be there by then")
    if cancel_after is not None and not_before is not None and cancel_after < not_before:
        yield FieldFlaw(f"{pointer}/cancel_after", "must not be earlier than not_before")
    if is_firm and need_by is None:
        yield FieldFlaw(f"{pointer}/need_by_firm", "has a meaning only together with need_by")


def _substitute_flaws(pointer: str, action: Substitute, order: Order, facts: Facts) -> Iterator[FieldFlaw]:
    line = next(line for line in order.lines if line.line_id == action.line_id)
    item = facts.items.get(action.sku)
    if item is None:
        yield FieldFlaw(f"{pointer}/sku", f"there is no item {action.sku}")
    elif action.sku == line.sku:
        yield FieldFlaw(f"{pointer}/sku", f"line {action.line_id} is of {action.sku} already")
    elif item.decimals != line.decimals:
        yield FieldFlaw(f"{pointer}/sku", f"{action.sku} is measured otherwise than {line.sku}")
    else:
        flaws = find_kit_flaws((replace(line, sku=action.sku),), facts.items)
        yield from (FieldFlaw(f"{pointer}/sku", flaw.detail) for flaw in flaws)


def _left_units(order: Order) -> dict[LineId, int]:
    """The units of each line that have left."""
    return begun_units((part for part in order.allocations if part.state in GONE), kits_of(order))


def _carried_out(action: ChangeAction, order: Order, facts: Facts) -> Order:
    """The order after an action that can be carried out."""
    match action:
        case AddLine():
            return replace(order, lines=(*order.lines, *settle_lines((action.line,), facts.items)))
        case SetDeliveryCharge():
            return replace(order, delivery_charge=action.charge)
        case SetAddress() if action.line_id is None:
            return replace(order, ship_to=action.ship_to)
        case SetMethod() if action.line_id is None:
            return replace(order, method=action.method, pickup_node=action.pickup_node, service=action.service)
        case LeaveInParts():
            parted = tuple(_in_parts(line) if line.line_id == action.line_id else line for line in order.lines)
            return replace(order, lines=parted, ship_complete=False, shipments_max=None)
        case _:
            lines = (_changed(line, action, facts) if line.line_id == action.line_id else line for line in order.lines)
            return replace(order, lines=tuple(lines))


def _changed(line: Line, action: ChangeAction, facts: Facts) -> Line:
    terms = line.terms or NO_TERMS
    match action:
        case RemoveLine():
            return replace(line, canceled_quantity=line.quantity)
        case SetQuantity():
            return replace(line, quantity=action.quantity + line.canceled_quantity)
        case SetPrice():
            return priced(line, action)
        case SetDates():
            dated = replace(line, not_before=action.not_before, need_by=action.need_by)
            return _on(dated, replace(terms, cancel_after=action.cancel_after, need_by_firm=action.need_by_firm))
        case SetAddress():
            return _on(line, replace(terms, ship_to=action.ship_to))
        case SetMethod():
            own = (action.method, action.pickup_node, action.service)
            return _on(line, replace(terms, method=own[0], pickup_node=own[1], service=own[2]))
        case SetNode():
            return _on(line, replace(terms, only_from=action.node))
        case Substitute():
            plain = replace(terms, kit=(), substituted=(), min_remaining_days=0)
            other = replace(priced(line, action), sku=action.sku)
            return settle_lines((_on(other, plain),), facts.items)[0]
        case _:
            return line


def _in_parts(line: Line) -> Line:
    """The line with nothing that it has to leave with, and no node that it is bound to."""
    terms = line.terms or NO_TERMS
    return _on(line, replace(terms, line_complete=False, ship_together="", together_minor=None, only_from=None))


def _on(line: Line, terms: Terms) -> Line:
    return replace(line, terms=None if terms == NO_TERMS else terms)


def _way_flaws(order: Order, actions: Sequence[ChangeAction]) -> Iterator[FieldFlaw]:
    """What does not fit together about where and how the goods go, once all is carried out; said of the last action
    that is about it.
    """
    last = max(
        (at for at, action in enumerate(actions) if isinstance(action, AddLine | SetAddress | SetMethod)), default=None
    )
    if last is None:
        return
    pointer = f"/actions/{last}"
    for line in order.lines:
        terms = line.terms or NO_TERMS
        method = terms.method or order.method
        if not _wanted(line):
            continue
        if method in _HANDED_OVER and not (terms.pickup_node or order.pickup_node):
            yield FieldFlaw(f"{pointer}/pickup_node", f"is required for method {method}, for line {line.line_id}")
        elif method not in _HANDED_OVER and not (terms.ship_to or order.ship_to):
            yield FieldFlaw(f"{pointer}/ship_to", f"is required for method {method}, for line {line.line_id}")
