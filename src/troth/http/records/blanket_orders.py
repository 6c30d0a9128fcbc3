"""Blanket orders: what a customer agreed to take, set as a whole, read with what was called off and what is left."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.records import blanket_orders
from troth.flows.records.blanket_orders import Followed
from troth.flows.records.configure import Set
from troth.http.edge.body import Body, Currency, Id, Instant, MoneyBody, NoQuery, Strict
from troth.http.edge.measures import Quantity, Scaling, Units, known_items
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of, path_id, set_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.edge.values import Instant as At
from troth.http.edge.values import MoneyAnswer, money
from troth.http.orders.address_answer import answer_address
from troth.http.orders.order_shapes import AddressAnswer
from troth.http.orders.place_body import AddressBody
from troth.model.blanket import Agreement, BlanketLine, BlanketOrder, Called
from troth.model.ids import OrderId, Sku
from troth.model.item import Item
from troth.model.measure import shown
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound
from troth.store.blanket_orders import CallOff

_LINES_MAX: Final = 5_000

BlanketState = Literal["planned", "open", "ended"]


class BlanketLineBody(Strict):
    """An item that may be called off, at a price."""

    sku: Id
    unit_price: MoneyBody
    quantity: Annotated[Quantity | None, Field(description="Left out: as many as `value_max` lets.")] = None


class BlanketOrderBody(Strict):
    """What a customer may call off, and from when until when."""

    customer_id: Id
    currency: Currency = "USD"
    starts_at: Instant
    ends_at: Instant
    lines: Annotated[tuple[BlanketLineBody, ...], Field(min_length=1, max_length=_LINES_MAX, strict=False)]
    value_max: Annotated[MoneyBody | None, Field(description="What all call-offs together may come to.")] = None
    release_days: Annotated[
        int, Field(ge=0, le=3650, description="So many days are at least between two call-offs.")
    ] = 0
    ship_to: Annotated[
        tuple[AddressBody, ...],
        Field(max_length=1_000, strict=False, description="Where call-offs may go; none: anywhere."),
    ] = ()

    def blanket(self, blanket_id: str, items: Mapping[Sku, Item]) -> BlanketOrder:
        """The blanket order that this is; Refused where something does not fit together."""
        scaling, flaws, lines = Scaling(), [], []
        if self.ends_at <= self.starts_at:
            flaws.append(FieldFlaw("/ends_at", "must be later than starts_at"))
        seen: set[str] = set()
        for position, line in enumerate(self.lines):
            pointer, item = f"/lines/{position}", items.get(Sku(line.sku))
            price = line.unit_price.parse(f"{pointer}/unit_price")
            if price.currency != self.currency:
                flaws.append(FieldFlaw(f"{pointer}/unit_price/currency", f"the blanket order is in {self.currency}"))
            if price.minor < 0:
                flaws.append(FieldFlaw(f"{pointer}/unit_price/amount", "must not be negative"))
            if line.sku in seen:
                flaws.append(FieldFlaw(f"{pointer}/sku", f"{line.sku} occurs twice"))
            if line.quantity is None and self.value_max is None:
                flaws.append(FieldFlaw(f"{pointer}/quantity", "is required where there is no value_max"))
            seen.add(line.sku)
            quantity = None
            if line.quantity is not None:
                quantity = scaling.of_item(line.quantity, item, f"{pointer}/quantity")
            lines.append(BlanketLine(Sku(line.sku), price.minor, quantity, 0 if item is None else item.decimals))
        scaling.done()
        most = None if self.value_max is None else self.value_max.parse("/value_max")
        if most is not None and most.currency != self.currency:
            flaws.append(FieldFlaw("/value_max/currency", f"the blanket order is in {self.currency}"))
        if flaws:
            raise Refused(Invalid(tuple(flaws)))
        return BlanketOrder(
            blanket_id,
            self.customer_id,
            self.currency,
            self.starts_at,
            self.ends_at,
            tuple(lines),
            None if most is None else most.minor,
            self.release_days,
            tuple(one.address() for one in self.ship_to),
        )


class BlanketLineAnswer(msgspec.Struct, frozen=True):
    """An item of a blanket order with what was called off and is left; null: as much as the value lets."""

    sku: str
    unit_price: MoneyAnswer
    quantity: Units | None
    called: Units
    remaining: Units | None


class CallOffAnswer(msgspec.Struct, frozen=True):
    """What an order takes of an item, and what that comes to."""

    order_id: str
    sku: str
    quantity: Units
    amount: MoneyAnswer
    called_at: At


class BlanketOrderAnswer(msgspec.Struct, frozen=True):
    """A blanket order with what was called off and is left; the newest call-offs come first."""

    blanket_id: str
    customer_id: str
    state: BlanketState
    currency: str
    starts_at: At
    ends_at: At
    lines: tuple[BlanketLineAnswer, ...]
    value_max: MoneyAnswer | None
    called_value: MoneyAnswer
    remaining_value: MoneyAnswer | None
    release_days: int
    last_called_at: At | None
    ship_to: tuple[AddressAnswer, ...]
    call_offs: tuple[CallOffAnswer, ...]


class BlanketOrdersQuery(PageQuery):
    """Whose blanket orders."""

    customer: Id | None = None


async def put_blanket_order(call: Call[BlanketOrderBody, NoQuery]) -> Reply:
    """Create or replace a blanket order."""
    blanket_id = path_id(call, "blanket_id")
    items = await known_items(call, [Sku(line.sku) for line in call.body.lines])
    blanket = call.body.blanket(blanket_id, items)
    bound = call.actor.customers
    if bound is not None and blanket.customer_id not in bound:
        raise Refused(Invalid((FieldFlaw("/customer_id", f"must be one of {', '.join(sorted(bound))}"),)))
    done = await blanket_orders.set_blanket_order(
        call.system, blanket, actor=call.actor.name, expected=expected_of(call)
    )
    if not isinstance(done, Set):
        raise Refused(done)
    found = await blanket_orders.read(call.system, blanket_id)
    if found is None:
        raise Refused(NotFound("blanket order", blanket_id))
    return set_reply(done, answer_blanket_order(found.value, call.system.door.now()))


async def get_blanket_order(call: Plain) -> Reply:
    """One blanket order with what is left of it."""
    blanket_id, bound = call.path("blanket_id"), call.actor.customers
    found = await blanket_orders.read(call.system, blanket_id)
    if found is None or (bound is not None and found.value.agreement.blanket.customer_id not in bound):
        raise Refused(NotFound("blanket order", blanket_id))
    shown_now = answer_blanket_order(found.value, call.system.door.now())
    return json_reply(shown_now, headers=(etag(found.version),))


async def list_blanket_orders(call: Call[Nothing, BlanketOrdersQuery]) -> Reply:
    """A page of blanket orders, by id."""
    asked, now = call.query, call.system.door.now()
    after = decode_cursor(asked.cursor, tuple[str])
    found = await blanket_orders.find(
        call.system,
        customer_id=asked.customer,
        only=call.actor.customers,
        after=after[0] if after else None,
        limit=asked.limit + 1,
    )
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_blanket_order(one, now),
        position=lambda one: (one.agreement.blanket.blanket_id,),
    )


def answer_blanket_order(one: Followed, now: datetime) -> BlanketOrderAnswer:
    """A blanket order as it is answered at an instant."""
    agreement, blanket = one.agreement, one.agreement.blanket
    currency, decimals = blanket.currency, {line.sku: line.decimals for line in blanket.lines}
    left = agreement.remaining_minor
    return BlanketOrderAnswer(
        blanket.blanket_id,
        blanket.customer_id,
        "planned" if now < blanket.starts_at else "open" if now < blanket.ends_at else "ended",
        currency,
        blanket.starts_at,
        blanket.ends_at,
        tuple(_line(agreement, line) for line in blanket.lines),
        None if blanket.value_max_minor is None else money(blanket.value_max_minor, currency),
        money(agreement.called.amount_minor, currency),
        None if left is None else money(left, currency),
        blanket.release_days,
        agreement.called.last_at,
        tuple(map(answer_address, blanket.ship_to)),
        tuple(
            CallOffAnswer(
                call_off.order_id,
                call_off.sku,
                shown(call_off.quantity, decimals.get(call_off.sku, 0)),
                money(call_off.amount_minor, currency),
                at,
            )
            for call_off, at in one.call_offs
        ),
    )


def _line(agreement: Agreement, line: BlanketLine) -> BlanketLineAnswer:
    left = agreement.remaining(line)
    return BlanketLineAnswer(
        line.sku,
        money(line.unit_price_minor, agreement.blanket.currency),
        None if line.quantity is None else shown(line.quantity, line.decimals),
        shown(agreement.called.units.get(line.sku, 0), line.decimals),
        None if left is None else shown(left, line.decimals),
    )


_FROM: Final = datetime.fromisoformat("2026-11-01T00:00:00-04:00")
_UNTIL: Final = datetime.fromisoformat("2027-11-01T00:00:00-04:00")
_CALLED_AT: Final = datetime.fromisoformat("2026-11-23T10:00:00-05:00")
_BLANKET: Final = BlanketOrder(
    "BO-17", "ACCOUNT-1", "USD", _FROM, _UNTIL, (BlanketLine(Sku("A-1001"), 1_700, 1_200),), release_days=7
)
_EXAMPLE: Final = answer_blanket_order(
    Followed(
        Agreement(_BLANKET, Called({Sku("A-1001"): 100}, 170_000, _CALLED_AT)),
        ((CallOff("BO-17", OrderId("o-1"), Sku("A-1001"), 100, 170_000), _CALLED_AT),),
    ),
    _CALLED_AT,
)
_PATH: Final = (("blanket_id", "BO-17"),)
_MISSING: Final = NotFound("blanket order", "BO-17")

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    Operation(
        method="PUT",
        path="/v1/blanket-orders/{blanket_id}",
        name="put_blanket_order",
        summary="Create or replace a blanket order",
        tag="customers",
        run=put_blanket_order,
        shown=(
            Shown(200, "The blanket order, replaced", BlanketOrderAnswer, _EXAMPLE),
            Shown(201, "The blanket order, new", BlanketOrderAnswer, _EXAMPLE),
        ),
        body=Body(
            TypeAdapter(BlanketOrderBody),
            {
                "customer_id": "ACCOUNT-1",
                "currency": "USD",
                "starts_at": "2026-11-01T00:00:00-04:00",
                "ends_at": "2027-11-01T00:00:00-04:00",
                "release_days": 7,
                "lines": [{"sku": "A-1001", "quantity": 1200, "unit_price": {"amount": "17.00", "currency": "USD"}}],
            },
        ),
        query=NoQuery,
        scope="orders:write",
        refusals=(Invalid((FieldFlaw("/lines/0/sku", "there is no item A-1001"),)), Busy(1)),
        has_if_match=True,
        path_examples=_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/blanket-orders/{blanket_id}",
        name="get_blanket_order",
        summary="Read a blanket order with what was called off and what is left",
        tag="customers",
        run=get_blanket_order,
        shown=(Shown(200, "The blanket order; its version is the ETag", BlanketOrderAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(_MISSING,),
        path_examples=_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/blanket-orders",
        name="list_blanket_orders",
        summary="List blanket orders, by id",
        tag="customers",
        run=list_blanket_orders,
        shown=(Shown(200, "A page of blanket orders", Page[BlanketOrderAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=BlanketOrdersQuery,
        scope="orders:read",
    ),
)
