"""What may be done with an order now, as the tables of the lifecycle and of changes say."""

from collections.abc import Mapping
from functools import cache

from troth.engine.askable import askable, find_askable
from troth.engine.holds import can_hold
from troth.http.orders.order_shapes import CustomerPossible, LineUnits, Possible
from troth.model.change import OF_ALL_LINES, Action
from troth.model.hold_terms import Block
from troth.model.ids import LineId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import GONE, AllocationState
from troth.model.measure import shown
from troth.model.order import Allocation, Order
from troth.model.permissions import CANCEL, CANCELABLE, MAY, By, states_for
from troth.model.status import blocking_holds


def find_possible(order: Order, live: tuple[Allocation, ...], uncovered: Mapping[LineId, int]) -> Possible:
    """Read from the tables: what is there for each part, and what lies nowhere can be canceled too; without what a hold
    blocks.
    """
    states = frozenset(part.state for part in live)
    is_blocked = {block for block in (Block.CANCEL, Block.CHANGE) if order.holds and blocking_holds(order, block)}
    cancelable = () if Block.CANCEL in is_blocked else _cancelable(order, live, uncovered, CANCELABLE)
    is_dated = any([line.terms is not None and line.terms.schedule_of is not None for line in order.lines])  # noqa: C419 - quicker
    changes, of_customer = (
        () if Block.CHANGE in is_blocked else _changes(states, bool(uncovered), is_dated, by)
        for by in (By.OPERATOR, By.CUSTOMER)
    )
    actions = [name for name, is_open in (("cancel", cancelable), ("change", changes)) if is_open]
    if can_hold(order, (Block.RELEASE,)):
        actions.append("hold")
    if AllocationState.RESERVED in states and not blocking_holds(order, Block.RELEASE):
        actions.append("release")
    window = states_for(By.CUSTOMER, CANCEL)
    is_alike = not cancelable or not (states - window) & CANCELABLE
    return Possible(
        tuple(actions),
        cancelable,
        changes,
        CustomerPossible(cancelable if is_alike else _cancelable(order, live, uncovered, window), of_customer),
        {by.value: deeds for by, deeds in find_askable(order, live, is_blocked).items()},
    )


def _cancelable(
    order: Order, live: tuple[Allocation, ...], uncovered: Mapping[LineId, int], allowed: frozenset[AllocationState]
) -> tuple[LineUnits, ...]:
    """The units of each line that can be canceled where its parts must be in these states."""
    units = dict(uncovered)
    parts = [part for part in live if part.state in allowed]
    for line_id, quantity in whole_units(parts, kits_of(order)).items():
        if quantity:
            units[line_id] = units.get(line_id, 0) + quantity
    return tuple(
        LineUnits(line.line_id, shown(units[line.line_id], line.decimals))
        for line in order.lines
        if line.line_id in units
    )


def possible_of_reserved(lines: tuple[LineUnits, ...]) -> Possible:
    """The same for an order of these units, all of which are reserved, without holds and recalls."""
    actions, changes, of_customer, by_recall = _of_reserved()
    return Possible(actions, lines, changes, CustomerPossible(lines, of_customer), by_recall)


@cache
def _of_reserved() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], dict[str, tuple[str, ...]]]:
    states = frozenset({AllocationState.RESERVED})
    by_operator, by_customer = (_changes(states, False, False, by) for by in (By.OPERATOR, By.CUSTOMER))
    by_recall = {by.value: deeds for by, deeds in askable(states, frozenset()).items()}
    return ("cancel", "change", "hold", "release"), by_operator, by_customer, by_recall


@cache
def _changes(states: frozenset[AllocationState], is_missing: bool, is_dated: bool, by: By) -> tuple[str, ...]:
    """The actions of a change that are possible for parts in some of these states, and of those that are about the
    whole order for parts in all of them; none of an order that is closed. A schedule is set only where there is one.

    >>> _changes(frozenset({AllocationState.SHIPPED}), False, False, By.OPERATOR)
    ()
    >>> _changes(frozenset({AllocationState.SHIPPED, AllocationState.RESERVED}), False, False, By.CUSTOMER)
    ('remove_line', 'set_quantity', 'set_dates', 'set_address', 'set_method')
    """
    if not is_missing and states <= GONE:
        return ()
    open_states = states - GONE
    return tuple(
        deed
        for deed, allowed in MAY[by].items()
        if deed != CANCEL
        and (is_dated or deed != Action.SET_SCHEDULE)
        and (states <= allowed if deed in OF_ALL_LINES else is_missing or open_states & allowed)
    )
