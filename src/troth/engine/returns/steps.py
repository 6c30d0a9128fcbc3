"""What a command about a return comes to: events of one order or two, and everything that follows from them."""

from datetime import date

from troth.engine.evolve import evolve
from troth.engine.promising.context import Change, Decision, Facts, State
from troth.engine.reserve import reserve_entries
from troth.engine.returns.entries import return_entries
from troth.model.events import Event, OrderEvent
from troth.model.ids import FulfillmentId, OrderId, ReturnId
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.returns import Return
from troth.model.serials import SerialKey


class Steps:
    """The orders that a command changes, as the events so far leave them."""

    def __init__(self, state: State, facts: Facts) -> None:
        self._state = state
        self._before: dict[OrderId, Order] = {}
        self._events: list[tuple[str, Event]] = []
        self.facts = facts
        self.freed: dict[SerialKey, FulfillmentId] = {}
        self.expiries: dict[SupplyKey, date] = {}
        self.orders: dict[OrderId, Order] = {}

    def order(self, order_id: OrderId) -> Order | None:
        """An order as it is by now."""
        return self.orders.get(order_id) or self._state.orders.get(order_id)

    def find(self, order_id: OrderId, return_id: ReturnId) -> Return | None:
        """A return as it is by now."""
        order = self.order(order_id)
        return None if order is None else find_return(order, return_id)

    def happen(self, order_id: OrderId, *events: OrderEvent) -> None:
        """Let something happen to an order that is there."""
        for event in events:
            order = self.order(order_id)
            assert order is not None  # whoever decides has looked at it
            self._before.setdefault(order_id, order)
            self.orders[order_id] = evolve(order, event)
            self._events.append((order_id, event))

    def decision(self, more: Decision | None = None) -> Decision:
        """Everything that happened as one decision, with that of another command which happens in the same moment."""
        more = more or Decision()
        changes = tuple(Change(before, self.orders[order_id]) for order_id, before in self._before.items())
        entries = [
            entry for one in changes for entry in (*return_entries(one), *reserve_entries(one.before, one.after))
        ]
        return Decision(
            changes=(*changes, *more.changes),
            entries=(*entries, *more.entries),
            events=(*self._events, *more.events),
            trace=more.trace,
            relies=more.relies,
            expiries=self.expiries or None,
            freed_serials=self.freed or None,
        )


def find_return(order: Order, return_id: ReturnId) -> Return | None:
    """A return of an order by its id."""
    return next((one for one in order.returns if one.return_id == return_id), None)
