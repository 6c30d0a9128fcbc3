"""Purchase orders: future supply, set as a whole, read with how far it has arrived."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.engine.supply.overdue import counted_from, tell_overdue
from troth.flows.records.configure import Set
from troth.flows.stock import expect
from troth.flows.stock.expect import LineState
from troth.http.edge.body import Body, Id, Instant, NoQuery, Strict
from troth.http.edge.measures import (
    MeasuredUnits,
    Quantity,
    Scaling,
    Units,
    known_items,
    measured,
    of_sku,
    sum_by_measure,
)
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of, path_id, set_reply
from troth.http.edge.problems import ProblemError, Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.edge.values import Instant as At
from troth.http.edge.whole_operations import put_and_read
from troth.model.commands import ExpectedLine
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.measure import PIECE
from troth.model.refusals import FieldFlaw, Invalid, NotFound

_LINES_MAX: Final = 5_000


class PurchaseOrderLineBody(Strict):
    """Units of a SKU that will arrive at a node."""

    line: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | None,
        Field(description="Its number in the purchase order; left out: its place in the list, from 1."),
    ] = None
    node: Id
    sku: Id
    quantity: Quantity
    expected_at: Instant


class PurchaseOrderBody(Strict):
    """All lines of a purchase order; a line that is not in it any more will not arrive."""

    number: Annotated[Id | None, Field(description="May be left out; else the same as in the path.")] = None
    lines: Annotated[tuple[PurchaseOrderLineBody, ...], Field(max_length=_LINES_MAX)]

    def expected(self, items: Mapping[Sku, Item]) -> tuple[ExpectedLine, ...]:
        """The lines that these are; Refused where a quantity does not fit its item."""
        scaling = Scaling()
        lines = tuple(
            ExpectedLine(
                line.line or place,
                NodeId(line.node),
                Sku(line.sku),
                scaling.of_item(line.quantity, items.get(Sku(line.sku)), f"/lines/{place - 1}/quantity"),
                line.expected_at,
            )
            for place, line in enumerate(self.lines, start=1)
        )
        scaling.done()
        return lines


class PurchaseOrderLineAnswer(msgspec.Struct, frozen=True):
    """A line of a purchase order, in units; `reserved` of what has not arrived is promised to orders.

    What has not arrived is promised `counted_from`: on the day on which it is expected, and where that has passed, as
    much later as it is late by now (at least a day); null: it is not promised, as all of it arrived, or it is late for
    too long.
    """

    line: int
    node: str
    sku: str
    quantity: Units
    expected_at: At
    received: Units
    reserved: Units
    counted_from: At | None


class PurchaseOrderAnswer(msgspec.Struct, frozen=True):
    """A purchase order with how far it has arrived; `findings` are worth a second look, such as a date that passed."""

    number: str
    lines: tuple[PurchaseOrderLineAnswer, ...]
    findings: tuple[ProblemError, ...]


class PurchaseOrderRow(msgspec.Struct, frozen=True):
    """A purchase order in a list: how many lines and pieces it has (what is sold by measure is in `measured`), and when
    it begins and ends to arrive.
    """

    number: str
    lines: int
    quantity: Units
    measured: tuple[MeasuredUnits, ...]
    expected_from: At | None
    expected_to: At | None


async def put_purchase_order(call: Call[PurchaseOrderBody, NoQuery]) -> Reply:
    """Create or replace a purchase order."""
    number = path_id(call, "number")
    if call.body.number is not None and call.body.number != number:
        raise Refused(Invalid((FieldFlaw("/number", f"must be {number}, as in the path"),)))
    items = await known_items(call, [line.sku for line in call.body.lines])
    done = await expect.expect(
        call.system, number, call.body.expected(items), actor=call.actor, expected=expected_of(call)
    )
    if not isinstance(done, Set):
        raise Refused(done)
    found = await expect.read(call.system, number)
    return set_reply(done, answer_purchase_order(number, found.value if found else (), items, call.system.door.now()))


async def get_purchase_order(call: Plain) -> Reply:
    """One purchase order."""
    number = call.path("number")
    found = await expect.read(call.system, number)
    states = [] if found is None else [state for state in found.value if call.actor.may_at(state.line.node)]
    if found is None or (found.value and not states):
        raise Refused(NotFound("purchase order", number))
    items = await known_items(call, [state.line.sku for state in states])
    return json_reply(
        answer_purchase_order(number, states, items, call.system.door.now()), headers=(etag(found.version),)
    )


async def list_purchase_orders(call: Call[Nothing, PageQuery]) -> Reply:
    """A page of purchase orders, by number."""
    asked = call.query
    after = decode_cursor(asked.cursor, tuple[str])
    found = await expect.find(call.system, after=after[0] if after else None, limit=asked.limit + 1)
    items = await known_items(call, [line.sku for _, one in found for line in one.value])
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: _answer_row(one[0], [line for line in one[1].value if call.actor.may_at(line.node)], items),
        position=lambda one: (one[0],),
    )


def answer_purchase_order(
    number: str, states: Sequence[LineState], items: Mapping[Sku, Item], now: datetime
) -> PurchaseOrderAnswer:
    """A purchase order as it is answered at an instant."""
    return PurchaseOrderAnswer(
        number,
        tuple(
            PurchaseOrderLineAnswer(
                state.line.line,
                state.line.node,
                state.line.sku,
                of_sku(state.line.quantity, state.line.sku, items),
                state.line.expected_at,
                of_sku(state.received, state.line.sku, items),
                of_sku(state.reserved, state.line.sku, items),
                counted_from(state.line.expected_at, now) if state.received < state.line.quantity else None,
            )
            for state in states
        ),
        tuple(
            ProblemError(f"/lines/{place}/expected_at", why)
            for place, state in enumerate(states)
            if state.received < state.line.quantity and (why := tell_overdue(state.line.expected_at, now))
        ),
    )


def _answer_row(number: str, lines: Sequence[ExpectedLine], items: Mapping[Sku, Item]) -> PurchaseOrderRow:
    dates = [line.expected_at for line in lines]
    sums = sum_by_measure(((line.sku, line.quantity) for line in lines), items)
    return PurchaseOrderRow(
        number,
        len(lines),
        sums[PIECE],
        measured(sums),
        min(dates, default=None),
        max(dates, default=None),
    )


_AT: Final = datetime.fromisoformat("2026-12-01T09:00:00-05:00")
_LINE: Final = ExpectedLine(1, NodeId("DC-PA"), Sku("A-1001"), 100, _AT)
_EXAMPLE: Final = answer_purchase_order("4500017", (LineState(_LINE, 40, 12),), {}, _AT - timedelta(days=8))
_BODY: Final = Body(
    TypeAdapter(PurchaseOrderBody),
    {"lines": [{"node": "DC-PA", "sku": "A-1001", "quantity": 100, "expected_at": "2026-12-01T09:00:00-05:00"}]},
)

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    *put_and_read(
        path="/v1/purchase-orders/{number}",
        missing=NotFound("purchase order", "4500017"),
        put=put_purchase_order,
        read=get_purchase_order,
        summaries=("Create or replace a purchase order", "Read a purchase order with how far it has arrived"),
        body=_BODY,
        answer=PurchaseOrderAnswer,
        example=_EXAMPLE,
        flaw=FieldFlaw("/lines/0/sku", "there is no item A-1001"),
    ),
    Operation(
        method="GET",
        path="/v1/purchase-orders",
        name="list_purchase_orders",
        summary="List purchase orders, by number",
        tag="inventory",
        run=list_purchase_orders,
        shown=(
            Shown(
                200,
                "A page of purchase orders",
                Page[PurchaseOrderRow],
                Page((_answer_row("4500017", (_LINE,), {}),), None),
            ),
        ),
        body=NO_BODY,
        query=PageQuery,
        scope="inventory:read",
    ),
)
