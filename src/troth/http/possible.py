"""What may be done with an order now, as the tables of the lifecycle and of changes say."""

from collections.abc import Mapping
from functools import cache

from troth.engine.holds import can_hold
from troth.http.order_shapes import LineUnits, Possible
from troth.model.change import CHANGEABLE
from troth.model.hold_terms import Block
from troth.model.ids import LineId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import GONE, AllocationEvent, AllocationState, is_possible
from troth.model.measure import shown
from troth.model.order import Allocation, Order
from troth.model.status import blocking_holds


def find_possible(order: Order, live: tuple[Allocation, ...], uncovered: Mapping[LineId, int]) -> Possible:
    """Read from the lifecycle table: what is there for each part, and what lies nowhere can be canceled too; without
    what a hold blocks.
    """
    units = dict(uncovered)
    cancelable = [part for part in live if is_possible(part.state, AllocationEvent.CANCEL)]
    for line_id, quantity in whole_units(cancelable, kits_of(order)).items():
        if quantity:
            units[line_id] = units.get(line_id, 0) + quantity
    states = frozenset(part.state for part in live)
    changes = _changes(states, bool(uncovered))
    if order.holds:
        units = {} if blocking_holds(order, Block.CANCEL) else units
        changes = () if blocking_holds(order, Block.CHANGE) else changes
    actions = [name for name, is_open in (("cancel", units), ("change", changes)) if is_open]
    if can_hold(order, (Block.RELEASE,)):
        actions.append("hold")
    if AllocationState.RESERVED in states and not blocking_holds(order, Block.RELEASE):
        actions.append("release")
    return Possible(
        tuple(actions),
        tuple(
            LineUnits(line.line_id, shown(units[line.line_id], line.decimals))
            for line in order.lines
            if line.line_id in units
        ),
        changes,
    )


@cache
def _changes(states: frozenset[AllocationState], is_missing: bool) -> tuple[str, ...]:
    """The actions of a change that are possible for parts in some of these states; none of an order that is closed.

    >>> _changes(frozenset({AllocationState.SHIPPED}), False)
    ()
    """
    if not is_missing and states <= GONE:
        return ()
    open_states = states - GONE
    return tuple(action for action, allowed in CHANGEABLE.items() if is_missing or open_states & allowed)
