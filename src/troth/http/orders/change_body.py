"""What clients send to change an order: a list of small actions, each named."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from troth.flows.orders.change import (
    AddedLine,
    ChangeContent,
    ContentAction,
    Dates,
    Delivery,
    OtherItem,
    Price,
)
from troth.http.edge.body import Id, Instant, MoneyBody, Strict, Text
from troth.http.edge.measures import Quantity, Scaling
from troth.http.edge.problems import Refused
from troth.http.orders.charges_body import DeliveryChargeBody, parsed
from troth.http.orders.order_body import AskedBy, LineBody, Service
from troth.http.orders.place_body import AddressBody
from troth.http.orders.schedule_body import ScheduleLineBody, by_schedule
from troth.model.change import (
    Action,
    LeaveInParts,
    RemoveLine,
    ScheduleDate,
    SetAddress,
    SetMethod,
    SetNode,
    SetQuantity,
    SetSchedule,
)
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.money import Money
from troth.model.order import Method
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid

ACTIONS_MAX: Final = 1_000
ALTERNATIVES: Final = frozenset(action.value for action in Action)

OfLine = Annotated[Id | None, Field(description="The line; without one the order, and lines without their own.")]

NewDiscount = Annotated[
    MoneyBody | None, Field(description="Of all units that are wanted; without one it follows the price.")
]
NewTax = Annotated[
    MoneyBody | None, Field(description="Of all units that are wanted; without one it follows the price.")
]


class AddLineBody(Strict):
    """One more line."""

    action: Literal["add_line"]
    line: LineBody


class RemoveLineBody(Strict):
    """A line is no longer wanted."""

    action: Literal["remove_line"]
    line_id: Id


class SetQuantityBody(Strict):
    """So many units of a line are wanted, with those that have left."""

    action: Literal["set_quantity"]
    line_id: Id
    quantity: Quantity


class SetPriceBody(Strict):
    """What a unit of a line costs; no stock moves."""

    action: Literal["set_price"]
    line_id: Id
    unit_price: MoneyBody
    discount: NewDiscount = None
    tax: NewTax = None


class SetDatesBody(Strict):
    """When a line is wanted; what is left out stays, and null takes it away."""

    action: Literal["set_dates"]
    line_id: Id
    not_before: Instant | None = None
    need_by: Instant | None = None
    cancel_after: Instant | None = None
    need_by_firm: bool = False


class SetAddressBody(Strict):
    """Where it goes."""

    action: Literal["set_address"]
    ship_to: AddressBody
    line_id: OfLine = None


class SetMethodBody(Strict):
    """How it is had."""

    action: Literal["set_method"]
    method: Annotated[Method, Field(strict=False)]
    pickup_node: Id | None = None
    service: Service = ""
    line_id: OfLine = None


class SetNodeBody(Strict):
    """The one node that a line is to come from; null: any."""

    action: Literal["set_node"]
    line_id: Id
    node: Id | None


class SubstituteBody(Strict):
    """Another item instead of a line's; without a price it has its own."""

    action: Literal["substitute"]
    line_id: Id
    sku: Id
    unit_price: MoneyBody | None = None
    discount: NewDiscount = None
    tax: NewTax = None


class SetDeliveryChargeBody(Strict):
    """What the customer pays for the delivery, while nothing has left; null: nothing."""

    action: Literal["set_delivery_charge"]
    delivery_charge: DeliveryChargeBody | None


class LeaveInPartsBody(Strict):
    """What lies nowhere of a line may leave by itself, whatever order and line said of leaving together."""

    action: Literal["leave_in_parts"]
    line_id: Id


class SetScheduleBody(Strict):
    """The dates and quantities of a line that has several, instead of those that it has; what has left is named as it
    is.
    """

    action: Literal["set_schedule"]
    line_id: Id
    schedule: Annotated[tuple[ScheduleLineBody, ...], Field(min_length=1, max_length=100, strict=False)]


ActionBody = Annotated[
    AddLineBody
    | RemoveLineBody
    | SetQuantityBody
    | SetPriceBody
    | SetDatesBody
    | SetAddressBody
    | SetMethodBody
    | SetNodeBody
    | SubstituteBody
    | SetDeliveryChargeBody
    | LeaveInPartsBody
    | SetScheduleBody,
    Field(discriminator="action"),
]


class ChangeBody(Strict):
    """A change: all of it, or nothing. With `version` only of the order as the client saw it."""

    actions: Annotated[tuple[ActionBody, ...], Field(min_length=1, max_length=ACTIONS_MAX, strict=False)]
    version: Annotated[int, Field(ge=1)] | None = None
    reason: Text = ""
    by: AskedBy = By.OPERATOR

    def skus(self) -> set[str]:
        """The items that are named."""
        added = {action.line.sku for action in self.actions if isinstance(action, AddLineBody)}
        return added | {action.sku for action in self.actions if isinstance(action, SubstituteBody)}

    def change(self, items: Mapping[Sku, Item], decimals: Mapping[str, int], by: By) -> ChangeContent:
        """The change that this is; Refused where an amount does not fit its currency, or a quantity its item.

        `decimals` are those of the order's lines that are sold by measure, `by` whom it is asked.
        """
        scaling = Scaling()
        actions = tuple(
            _action(action, f"/actions/{position}", items, decimals, scaling)
            for position, action in enumerate(self.actions)
        )
        scaling.done()
        return ChangeContent(actions, self.reason, self.version, by)


def _action(
    body: ActionBody, pointer: str, items: Mapping[Sku, Item], decimals: Mapping[str, int], scaling: Scaling
) -> ContentAction:
    match body:
        case AddLineBody():
            if body.line.schedule is not None:
                detail = "is not added at once: each date is a line of its own, with schedule_of"
                raise Refused(Invalid((FieldFlaw(f"{pointer}/line/schedule", detail),)))
            line = body.line.line(f"{pointer}/line", items, scaling)
            return AddedLine(by_schedule(line, body.line, items.get(line.sku), scaling, pointer)[0])
        case RemoveLineBody():
            return RemoveLine(LineId(body.line_id))
        case SetQuantityBody():
            quantity = scaling.of_line(body.quantity, decimals, body.line_id, f"{pointer}/quantity")
            return SetQuantity(LineId(body.line_id), quantity)
        case SetPriceBody():
            price = body.unit_price.parse(f"{pointer}/unit_price")
            return Price(LineId(body.line_id), price, *_charges(body, pointer))
        case SetDatesBody():
            given = frozenset(body.model_fields_set - {"action", "line_id"})
            dates = (body.not_before, body.need_by, body.cancel_after)
            return Dates(LineId(body.line_id), given, *dates, body.need_by_firm)
        case SetAddressBody():
            return SetAddress(body.ship_to.address(), _line_id(body.line_id))
        case SetMethodBody():
            node = None if body.pickup_node is None else NodeId(body.pickup_node)
            return SetMethod(body.method, node, body.service, _line_id(body.line_id))
        case SetNodeBody():
            return SetNode(LineId(body.line_id), None if body.node is None else NodeId(body.node))
        case SetDeliveryChargeBody():
            charge = body.delivery_charge
            return Delivery(None if charge is None else charge.delivery(f"{pointer}/delivery_charge"))
        case LeaveInPartsBody():
            return LeaveInParts(LineId(body.line_id))
        case SetScheduleBody():
            return SetSchedule(LineId(body.line_id), _dates(body, pointer, decimals, scaling))
        case SubstituteBody():
            named = None if body.unit_price is None else body.unit_price.parse(f"{pointer}/unit_price")
            return OtherItem(LineId(body.line_id), Sku(body.sku), named, *_charges(body, pointer))


def _dates(
    body: SetScheduleBody, pointer: str, decimals: Mapping[str, int], scaling: Scaling
) -> tuple[ScheduleDate, ...]:
    return tuple(
        ScheduleDate(
            scaling.of_line(date.quantity, decimals, body.line_id, f"{pointer}/schedule/{at}/quantity"),
            date.not_before,
            date.need_by,
            date.cancel_after,
            bool(date.need_by_firm),
        )
        for at, date in enumerate(body.schedule)
    )


def _charges(body: SetPriceBody | SubstituteBody, pointer: str) -> tuple[Money | None, Money | None]:
    """Discount and tax."""
    return parsed(body.discount, f"{pointer}/discount"), parsed(body.tax, f"{pointer}/tax")


def _line_id(given: str | None) -> LineId | None:
    return None if given is None else LineId(given)
