"""Holds that end by themselves: because what they waited for has happened to their order, or because their condition on
the order holds now. It is looked whenever anything happens to the order.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from troth.engine.asked import demand_for, demand_line
from troth.engine.hold_rules import ground_of_demand, holds_for
from troth.engine.policies.holds_in_force import OF_HOLDS
from troth.engine.promising.context import Facts
from troth.engine.rules.compiled import try_compile
from troth.model.events import HoldLifted, OrderChanged, OrderEvent, OrderResourced
from troth.model.hold_terms import Signal
from troth.model.order import Order
from troth.model.status import placed_holds, uncovered_quantities

_SIGNAL_OF_FIELD: Final[Mapping[str, Signal]] = {
    "ship_to": Signal.ADDRESS_CHANGED,
    "unit_price": Signal.PRICE_CHANGED,
}


def end_holds(before: Order, after: Order, events: Iterable[OrderEvent], facts: Facts) -> tuple[HoldLifted, ...]:
    """The end of holds that were placed before these events and that wait no longer after them."""
    known = {hold.hold_id for hold in placed_holds(before)}
    open_holds = [hold for hold in placed_holds(after) if hold.hold_id in known]
    if not open_holds:
        return ()
    signals = _signals(after, events)
    found = []
    for hold in open_holds:
        met = next((signal for signal in hold.terms.lift_on if signal in signals), None)
        if met is not None:
            found.append(HoldLifted(hold.hold_id, because=met.value))
        elif hold.terms.lift_when and holds_now(hold.terms.lift_when, after, facts):
            found.append(HoldLifted(hold.hold_id, because=hold.terms.lift_when))
    return tuple(found)


def _signals(after: Order, events: Iterable[OrderEvent]) -> set[Signal]:
    signals = set()
    for event in events:
        if isinstance(event, OrderChanged):
            for change in event.changes:
                signal = _SIGNAL_OF_FIELD.get(change.field.partition(".")[0])
                if signal is not None:
                    signals.add(signal)
        elif isinstance(event, OrderResourced) and not uncovered_quantities(after):
            signals.add(Signal.SOURCED)
    return signals


def holds_now(text: str, order: Order, facts: Facts) -> bool:
    """Whether a condition holds of an order as it is now; what cannot be evaluated does not."""
    if any(line.sku not in facts.items for line in order.lines):
        return False
    lines = [line for line in order.lines if line.quantity > line.canceled_quantity]
    asked = (demand_line(line, line.quantity - line.canceled_quantity, facts) for line in lines)
    demand = demand_for(order, asked, ship_complete=order.ship_complete)
    return holds_for(try_compile(text, reads=OF_HOLDS), ground_of_demand(demand, facts, None))
