"""What the customer of an order may still do, as the same tables say that everybody's wishes are decided by."""

from collections.abc import Mapping
from dataclasses import field

from troth.engine.askable import find_askable
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.model.change import Action
from troth.model.hold_terms import Block
from troth.model.ids import LineId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import GONE
from troth.model.order import Order
from troth.model.permissions import CANCEL, By, states_for
from troth.model.status import blocking_holds, live_allocations, uncovered_quantities
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """What a customer may do now. `cancelable` are the units of each line that can be canceled at once; where the node
    has the goods it may be asked for them (`may_ask`). `may_readdress` says that the goods may go elsewhere.
    """

    cancelable: Mapping[LineId, int] = field(default_factory=dict)
    is_all: bool = False
    may_ask: bool = False
    may_readdress: bool = False

    @property
    def is_open(self) -> bool:
        """Whether there is anything."""
        return bool(self.cancelable) or self.may_ask or self.may_readdress


def find_window(order: Order) -> Window:
    """What the customer of an order may still do."""
    if order.canceled_at is not None:
        return Window()
    blocked = {block for block in (Block.CANCEL, Block.CHANGE) if blocking_holds(order, block)}
    live = live_allocations(order)
    states = frozenset(part.state for part in live)
    cancelable: dict[LineId, int] = {}
    if Block.CANCEL not in blocked:
        cancelable = dict(uncovered_quantities(order))
        allowed = states_for(By.CUSTOMER, CANCEL)
        for line_id, units in whole_units([part for part in live if part.state in allowed], kits_of(order)).items():
            if units:
                cancelable[line_id] = cancelable.get(line_id, 0) + units
    wanted = {line.line_id: line.quantity - line.canceled_quantity for line in order.lines}
    is_all = bool(cancelable) and all(cancelable.get(line_id, 0) == units for line_id, units in wanted.items() if units)
    asked = find_askable(order, live, blocked).get(By.CUSTOMER, ())
    may_readdress = (
        Block.CHANGE not in blocked
        and order.ship_to is not None
        and is_sent(order)
        and bool(states)
        and not states & GONE
        and states <= states_for(By.CUSTOMER, Action.SET_ADDRESS)
    )
    return Window(cancelable, is_all, not is_all and CANCEL in asked, may_readdress)


def is_sent(order: Order) -> bool:
    """Whether anything of an order goes to its address, and not only to where its customer comes for it."""
    methods = {work.method for work in order.fulfillments} or {order.method}
    return not methods <= HANDED_OVER
