"""What may be changed about an order, as values: each action says one thing, a change is a list of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.charges import DeliveryCharge
from troth.model.ids import LineId, NodeId, Sku
from troth.model.lifecycle import RESERVING, UNLOCKED, AllocationState
from troth.model.network import Address
from troth.model.order import Line, Method
from troth.model.value import dataclass


class Action(StrEnum):
    """The kinds of action."""

    ADD_LINE = "add_line"
    REMOVE_LINE = "remove_line"
    SET_QUANTITY = "set_quantity"
    SET_PRICE = "set_price"
    SET_DATES = "set_dates"
    SET_ADDRESS = "set_address"
    SET_METHOD = "set_method"
    SET_NODE = "set_node"
    SUBSTITUTE = "substitute"
    SET_DELIVERY_CHARGE = "set_delivery_charge"
    LEAVE_IN_PARTS = "leave_in_parts"
    SET_SCHEDULE = "set_schedule"


CHANGEABLE: Final[Mapping[Action, frozenset[AllocationState]]] = {
    Action.ADD_LINE: frozenset(AllocationState),
    Action.REMOVE_LINE: RESERVING,
    Action.SET_QUANTITY: frozenset(AllocationState),
    Action.SET_PRICE: RESERVING,
    Action.SET_DATES: UNLOCKED,
    Action.SET_ADDRESS: UNLOCKED,
    Action.SET_METHOD: UNLOCKED,
    Action.SET_NODE: UNLOCKED,
    Action.SUBSTITUTE: UNLOCKED,
    Action.SET_DELIVERY_CHARGE: RESERVING,
    Action.LEAVE_IN_PARTS: frozenset(AllocationState),
    Action.SET_SCHEDULE: frozenset(AllocationState),
}
"""In which states all parts of the lines that an action is about must be. What has ended never counts, and of a
quantity only what has not left can be taken back.
"""

OF_ALL_LINES: Final = frozenset({Action.ADD_LINE, Action.SET_DELIVERY_CHARGE})
"""The actions that depend on all of an order's parts."""


@dataclass(frozen=True, slots=True)
class AddLine:
    """One more line."""

    line: Line


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """A line is no longer wanted."""

    line_id: LineId


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """So many units of a line are wanted, with those that have left."""

    line_id: LineId
    quantity: int


@dataclass(frozen=True, slots=True)
class SetPrice:
    """A unit of a line costs so much (minor units).

    Its discount and its tax follow in proportion to the price, where no other is given for the wanted units.
    """

    line_id: LineId
    unit_price_minor: int
    discount_minor: int | None = None
    tax_minor: int | None = None


@dataclass(frozen=True, slots=True)
class SetDates:
    """When a line is wanted, and after when no longer; None: it does not matter. All are set."""

    line_id: LineId
    not_before: datetime | None
    need_by: datetime | None
    cancel_after: datetime | None = None
    need_by_firm: bool = False


@dataclass(frozen=True, slots=True)
class SetAddress:
    """Where a line goes; without one, the order, with all lines that have no address of their own."""

    ship_to: Address
    line_id: LineId | None = None


@dataclass(frozen=True, slots=True)
class SetMethod:
    """How a line is had; without one the order, with all lines that have no method of their own."""

    method: Method
    pickup_node: NodeId | None
    service: str
    line_id: LineId | None = None


@dataclass(frozen=True, slots=True)
class SetNode:
    """A line comes from this node and no other (None: from any)."""

    line_id: LineId
    node: NodeId | None


@dataclass(frozen=True, slots=True)
class Substitute:
    """Another item stands in for that of a line, at a price for a unit (minor units); discount and tax are as where
    the price is set.
    """

    line_id: LineId
    sku: Sku
    unit_price_minor: int
    discount_minor: int | None = None
    tax_minor: int | None = None


@dataclass(frozen=True, slots=True)
class SetDeliveryCharge:
    """The customer pays this for the delivery (None: nothing)."""

    charge: DeliveryCharge | None
    line_id: LineId | None = None


@dataclass(frozen=True, slots=True)
class LeaveInParts:
    """What lies nowhere of a line may leave by itself, from anywhere, in as many shipments as it takes, whatever the
    order and the line said of leaving together.
    """

    line_id: LineId


@dataclass(frozen=True, slots=True)
class ScheduleDate:
    """So many units of a line, with those that have left, and when they are wanted."""

    quantity: int
    not_before: datetime | None = None
    need_by: datetime | None = None
    cancel_after: datetime | None = None
    need_by_firm: bool = False


@dataclass(frozen=True, slots=True)
class SetSchedule:
    """A line that has several dates has these instead: each becomes what must be done to a date, or to a new one."""

    line_id: LineId
    dates: tuple[ScheduleDate, ...]


ChangeAction = (
    AddLine
    | RemoveLine
    | SetQuantity
    | SetPrice
    | SetDates
    | SetAddress
    | SetMethod
    | SetNode
    | Substitute
    | SetDeliveryCharge
    | LeaveInParts
    | SetSchedule
)

ACTION_OF: Final[Mapping[type[ChangeAction], Action]] = {
    AddLine: Action.ADD_LINE,
    RemoveLine: Action.REMOVE_LINE,
    SetQuantity: Action.SET_QUANTITY,
    SetPrice: Action.SET_PRICE,
    SetDates: Action.SET_DATES,
    SetAddress: Action.SET_ADDRESS,
    SetMethod: Action.SET_METHOD,
    SetNode: Action.SET_NODE,
    Substitute: Action.SUBSTITUTE,
    SetDeliveryCharge: Action.SET_DELIVERY_CHARGE,
    LeaveInParts: Action.LEAVE_IN_PARTS,
    SetSchedule: Action.SET_SCHEDULE,
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an order, or of one of its lines, before and after a change, as text (empty: there was nothing)."""

    line_id: LineId | None
    field: str
    before: str
    after: str


def named_lines(actions: Iterable[ChangeAction]) -> list[Line]:
    """The lines that actions bring, with items that the order may not have had."""
    named = []
    for action in actions:
        if isinstance(action, AddLine):
            named.append(action.line)
        elif isinstance(action, Substitute):
            named.append(Line(action.line_id, action.sku, 1))
    return named
