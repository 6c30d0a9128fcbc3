"""The return that a command names, or why nothing can be done with it."""

from troth.engine.promising.context import State
from troth.engine.returns.steps import find_return
from troth.model.ids import ReturnId, order_of_return
from troth.model.lifecycle import RECEPTION, ReceptionEvent
from troth.model.order import Order
from troth.model.refusals import NotFound, NotPossibleNow
from troth.model.returns import Return, ReturnMethod


def find_return_of(return_id: ReturnId, state: State) -> tuple[Order, Return] | NotFound:
    """A return with its order."""
    order = state.orders.get(order_of_return(return_id))
    one = None if order is None else find_return(order, return_id)
    return NotFound("return", return_id) if order is None or one is None else (order, one)


def find_able(
    return_id: ReturnId, event: ReceptionEvent, state: State
) -> tuple[Order, Return] | NotFound | NotPossibleNow:
    """A return with its order, of which an event is possible in the state in which it is."""
    found = find_return_of(return_id, state)
    if isinstance(found, NotFound):
        return found
    one = found[1]
    possible = tuple(event for at, event in RECEPTION if at is one.state)
    if event not in possible or (event is ReceptionEvent.RECEIVE and one.method is ReturnMethod.NONE):
        return NotPossibleNow(event, one.state, possible)
    return found
