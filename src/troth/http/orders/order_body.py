"""What clients send about orders, and the content that the flows take."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from troth.engine.carts import HOLD_SECONDS_MAX
from troth.flows.orders.capture import ContentLine, ContentPayment, OrderContent
from troth.http.edge.attributes_body import AttributesBody
from troth.http.edge.body import Id, Instant, MoneyBody, Name, Strict, Text
from troth.http.edge.measures import Quantity, Scaling
from troth.http.edge.problems import Refused
from troth.http.orders.charges_body import ChargedBody, TotalsBody
from troth.http.orders.line_wishes import WISHES, WishesBody, with_wishes
from troth.http.orders.place_body import AddressBody, NearBody
from troth.http.orders.schedule_body import ScheduledBody, by_schedule, has_schedule
from troth.model.commands import LineQuantity
from troth.model.ids import CartHoldId, LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.order import Consent, Customer, Method, Terms
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid

LINES_MAX = 1_000

Channel = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$")]


PlanId = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^(P-[0-9a-f]+)?$"),
    Field(description="An option of a quote of the same content: it is promised so, or refused as `quote-outdated`."),
]
Service = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9_]*$")]

AskedBy = Annotated[
    By,
    Field(
        strict=False,
        description="By whom it is asked: a customer may do less than an operator. A key bound to customers is one.",
    ),
]

_NO_TERMS: Final = Terms()
_TERMS: Final = frozenset(
    {
        "ship_to",
        "method",
        "pickup_node",
        "service",
        "ship_together",
        "ship_together_penalty",
        "line_complete",
        "ship_alone",
        "substitutes",
        "min_remaining_days",
        "only_from",
    }
)
"""The fields of a line that few lines have."""


class CustomerBody(Strict):
    """Who orders, as the channel knows them."""

    id: Text = ""
    name: Text = ""
    email: Email | None = None
    phone: Text = ""


class LineBody(ChargedBody, ScheduledBody, WishesBody):
    """A wanted quantity of one SKU; without a price it has the item's."""

    line_id: Id
    sku: Id
    quantity: Quantity
    unit_price: MoneyBody | None = None
    ship_to: Annotated[AddressBody | None, Field(description="Where this line goes, if not where the order goes.")] = (
        None
    )
    method: Annotated[Method | None, Field(strict=False, description="This line's own method.")] = None
    pickup_node: Annotated[Id | None, Field(description="Where this line is picked up.")] = None
    service: Annotated[Service | None, Field(description="This line's own service.")] = None
    ship_together: Annotated[
        Id | None,
        Field(
            description="The name of a group: its lines leave in one shipment, or are not promised.",
            examples=["table and chairs"],
        ),
    ] = None
    ship_together_penalty: Annotated[
        MoneyBody | None,
        Field(
            description="With this the group may be parted: what each shipment more costs.",
            examples=[{"amount": "5.00", "currency": "USD"}],
        ),
    ] = None
    line_complete: Annotated[bool, Field(description="All units leave in one shipment, or none.")] = False
    ship_alone: Annotated[bool, Field(description="Never in a parcel with other lines.")] = False
    substitutes: Annotated[
        Consent,
        Field(
            strict=False,
            description="Whether another item may be sent, or offered, for what is short.",
            examples=["offer"],
        ),
    ] = Consent.NONE
    min_remaining_days: Annotated[
        int,
        Field(
            ge=0,
            le=3650,
            description="For how many days after the delivery the goods must still be good, if more than the item's.",
        ),
    ] = 0
    only_from: Annotated[Id | None, Field(description="The one node that may send this line.")] = None

    def line(
        self, pointer: str, items: Mapping[Sku, Item], scaling: Scaling, order: WishesBody | None = None
    ) -> ContentLine:
        """The line that this is, in an order with wishes for all of its lines."""
        plain = ContentLine(
            LineId(self.line_id),
            Sku(self.sku),
            scaling.of_item(self.quantity, items.get(Sku(self.sku)), f"{pointer}/quantity"),
            None if self.unit_price is None else self.unit_price.parse(f"{pointer}/unit_price"),
            self.need_by,
            self.not_before,
            charges=self.charges(pointer),
        )
        if not self.model_fields_set.isdisjoint(_TERMS):
            plain = self._on_terms(plain, pointer)
        return with_wishes(plain, self, order)

    def _on_terms(self, plain: ContentLine, pointer: str) -> ContentLine:
        penalty = self.ship_together_penalty
        terms = Terms(
            ship_to=None if self.ship_to is None else self.ship_to.address(),
            method=self.method,
            pickup_node=None if self.pickup_node is None else NodeId(self.pickup_node),
            service=self.service,
            ship_together=self.ship_together or "",
            line_complete=self.line_complete,
            ship_alone=self.ship_alone,
            substitutes=self.substitutes,
            min_remaining_days=self.min_remaining_days,
            only_from=None if self.only_from is None else NodeId(self.only_from),
        )
        together = None if penalty is None else penalty.parse(f"{pointer}/ship_together_penalty")
        return plain if terms == _NO_TERMS and together is None else replace(plain, terms=terms, together=together)


class PaymentBody(Strict):
    """A payment as the channel reports it: the provider's reference, never a card number."""

    provider: Name
    reference: Name
    amount: MoneyBody
    status: Name


class ContentBody(AttributesBody, TotalsBody, WishesBody):
    """What is asked, with or without an order."""

    channel: Channel
    method: Annotated[Method, Field(strict=False)] = Method.SHIP
    ship_to: AddressBody | None = None
    pickup_node: Id | None = None
    service: Service = ""
    lines: Annotated[tuple[LineBody, ...], Field(min_length=1, max_length=LINES_MAX, strict=False)]
    ship_complete: bool = False
    shipments_max: Annotated[
        int | None, Field(ge=1, le=100, description="At most so many shipments, besides the routing's own limit.")
    ] = None
    ordered_at: Instant | None = None
    customer: CustomerBody = CustomerBody()
    plan_id: PlanId = ""
    near: Annotated[
        NearBody | None,
        Field(
            description="Where about a pickup is looked for, if not around `ship_to`.",
            examples=[{"latitude": 40.75, "longitude": -73.99}],
        ),
    ] = None

    def skus(self) -> set[Sku]:
        """The items that are named."""
        return {Sku(line.sku) for line in self.lines}

    def content(
        self, items: Mapping[Sku, Item], *, external_id: str = "", payments: tuple[PaymentBody, ...] = ()
    ) -> OrderContent:
        """The content that this is; Refused where an amount does not fit its currency, or a quantity its item."""
        who = self.customer
        scaling = Scaling()
        wishes = None if self.model_fields_set.isdisjoint(WISHES) else self
        lines = tuple(
            [line.line(f"/lines/{position}", items, scaling, wishes) for position, line in enumerate(self.lines)]
        )
        if has_schedule(self.lines):
            lines = tuple(
                one
                for position, (line, body) in enumerate(zip(lines, self.lines, strict=True))
                for one in by_schedule(line, body, items.get(line.sku), scaling, f"/lines/{position}", wishes)
            )
        scaling.done()
        return OrderContent(
            channel=self.channel,
            external_id=external_id,
            lines=lines,
            method=self.method,
            ship_to=None if self.ship_to is None else self.ship_to.address(),
            pickup_node=None if self.pickup_node is None else NodeId(self.pickup_node),
            service=self.service,
            ship_complete=self.ship_complete,
            shipments_max=self.shipments_max,
            ordered_at=self.ordered_at,
            customer=Customer(who.id, who.name, who.email or "", who.phone),
            payments=tuple(
                ContentPayment(
                    payment.provider,
                    payment.reference,
                    payment.amount.parse(f"/payments/{position}/amount"),
                    payment.status,
                )
                for position, payment in enumerate(payments)
            ),
            attributes=self.all_attributes(),
            plan_id=self.plan_id,
            near=None if self.near is None else self.near.point(),
            totals=self.totals(),
        )


class QuoteBody(ContentBody):
    """An inquiry: an order without its id and payments. Of a pickup the node may be left open.

    With `hold_seconds` what is promised is kept for so long, to be ordered by the hold's id. What the hold named by
    `hold_id` keeps is free for this inquiry; with both it keeps what is promised now instead, without a gap. With
    `plan_id` the hold is of that option.
    """

    hold_seconds: Annotated[int, Field(ge=1, le=HOLD_SECONDS_MAX)] | None = None
    hold_id: Id | None = None

    def inquiry(self, items: Mapping[Sku, Item]) -> OrderContent:
        """The content that this is; Refused where an amount does not fit its currency, or a quantity its item."""
        if self.plan_id and self.hold_seconds is None:
            raise Refused(Invalid((FieldFlaw("/plan_id", "has a meaning only together with hold_seconds"),)))
        return _with_hold(self.content(items), self.hold_id)


class OrderBody(ContentBody):
    """An order as a channel sends it; `hold_id` takes over what a quote kept for it, and `plan_id` is the option of a
    quote that it is to get.
    """

    external_id: Id
    hold_id: Id | None = None
    payments: Annotated[tuple[PaymentBody, ...], Field(max_length=20, strict=False)] = ()

    def order(self, items: Mapping[Sku, Item]) -> OrderContent:
        """The content that this is; Refused where an amount does not fit its currency, or a quantity its item."""
        return _with_hold(self.content(items, external_id=self.external_id, payments=self.payments), self.hold_id)


class UnitsBody(Strict):
    """Units of an order line."""

    line_id: Id
    quantity: Quantity


def line_quantities(lines: Sequence[UnitsBody], decimals: Mapping[str, int]) -> tuple[LineQuantity, ...]:
    """Units of order lines that have so many decimals; Refused where some have more."""
    scaling = Scaling()
    units = tuple(
        LineQuantity(
            LineId(line.line_id), scaling.of_line(line.quantity, decimals, line.line_id, f"/lines/{at}/quantity")
        )
        for at, line in enumerate(lines)
    )
    scaling.done()
    return units


class CancelBody(Strict):
    """Why, and which units; the whole order where `lines` are left out. An operator must say why.

    A list without a line is refused: who has found nothing to cancel does not mean everything.
    """

    reason: Text = ""
    lines: Annotated[tuple[UnitsBody, ...], Field(min_length=1, max_length=LINES_MAX, strict=False)] = ()
    by: AskedBy = By.OPERATOR

    def units(self, decimals: Mapping[str, int]) -> tuple[LineQuantity, ...]:
        """The units that are meant of lines with so many decimals."""
        return line_quantities(self.lines, decimals)


def _with_hold(content: OrderContent, hold_id: str | None) -> OrderContent:
    return content if hold_id is None else replace(content, cart_hold=CartHoldId(hold_id))


ADDRESS_EXAMPLE: dict[str, Any] = {
    "name": "Ada Park",
    "line1": "350 5th Ave",
    "city": "New York",
    "region": "NY",
    "postcode": "10118",
    "country": "US",
}
QUOTE_EXAMPLE: dict[str, Any] = {
    "channel": "web",
    "ship_to": ADDRESS_EXAMPLE,
    "method": "ship",
    "lines": [{"line_id": "1", "sku": "A-1001", "quantity": 2}],
}
ORDER_EXAMPLE: dict[str, Any] = {
    "channel": "web",
    "external_id": "W-1001",
    "ordered_at": "2026-11-23T09:58:00-05:00",
    "customer": {"id": "C-77", "name": "Ada Park", "email": "ada@example.com"},
    "ship_to": ADDRESS_EXAMPLE,
    "method": "ship",
    "service": "standard",
    "lines": [
        {"line_id": "1", "sku": "A-1001", "quantity": 2, "unit_price": {"amount": "19.90", "currency": "USD"}},
    ],
    "payments": [
        {
            "provider": "stripe",
            "reference": "pi_3Pq",
            "amount": {"amount": "39.80", "currency": "USD"},
            "status": "authorized",
        }
    ],
    "attributes": {"gift": "yes"},
}
