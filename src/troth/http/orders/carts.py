"""Holds of carts: looked at, kept longer, given up. They begin with a quote that asks for one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from pydantic import Field, TypeAdapter

from troth.engine.carts import HOLD_SECONDS_MAX
from troth.flows.orders.cart import extend_hold, give_up_hold, read_hold
from troth.http.edge.body import Body, NoQuery, Strict, Text
from troth.http.edge.bounds import choose_bound
from troth.http.edge.measures import Units, known_items, of_sku
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.model.cart_hold import CartHold, CartHoldState, HeldUnits
from troth.model.ids import CartHoldId, NodeId, Sku
from troth.model.inventory import SupplyKey, is_on_hand
from troth.model.item import Item
from troth.model.refusals import NotFound, NotPossibleNow, Refusal
from troth.store.cart_holds import find_cart_holds


class ExtendBody(Strict):
    """For how long from now."""

    hold_seconds: Annotated[int, Field(ge=1, le=HOLD_SECONDS_MAX)]


class CartHoldsQuery(PageQuery):
    """Which holds."""

    sku: Annotated[Text | None, Field(description="Those that keep units of it.", examples=["A-1001"])] = None
    node: Annotated[Text | None, Field(description="Those that keep units there.", examples=["DC-PA"])] = None


class HeldUnitsAnswer(msgspec.Struct, frozen=True):
    """Units that are kept, where, and whether they are on hand or still to come."""

    sku: str
    node: str
    quantity: Units
    is_on_hand: bool


class CartHoldAnswer(msgspec.Struct, frozen=True):
    """What is kept for a cart, and until when; an order of the channel takes it over by its `hold_id`."""

    hold_id: str
    channel: str
    state: CartHoldState
    expires_at: Instant
    units: tuple[HeldUnitsAnswer, ...]


async def read_cart_hold(call: Plain) -> Reply:
    """The hold of a cart as it is."""
    return await _reply(call, await read_hold(call.system, _hold_id(call)))


async def list_cart_holds(call: Call[Nothing, CartHoldsQuery]) -> Reply:
    """A page of the holds that keep units now, those that end first."""
    asked, now = call.query, call.system.door.now()
    node = choose_bound(call.actor.nodes, asked.node, "node")
    async with call.system.pool.acquire() as connection:
        found = await find_cart_holds(
            connection,
            now,
            sku=asked.sku,
            nodes=None if node is None else [node],
            after=decode_cursor(asked.cursor, tuple[datetime, str]),
            limit=asked.limit + 1,
        )
    items = await known_items(call, [held.key.sku for one in found for held in one.units])
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_hold(one, now, items),
        position=lambda one: (one.expires_at, one.hold_id),
    )


async def extend_cart_hold(call: Call[ExtendBody, NoQuery]) -> Reply:
    """Keep what is kept for longer; refused where its time is over."""
    hold_id = CartHoldId(call.path("hold_id"))
    held = await extend_hold(call.system, hold_id, call.body.hold_seconds, actor=call.actor.name)
    return await _reply(call, held)


async def give_up_cart_hold(call: Plain) -> Reply:
    """Free what is kept."""
    held = await give_up_hold(call.system, _hold_id(call), actor=call.actor.name)
    return await _reply(call, held)


def answer_hold(hold: CartHold, now: datetime, items: Mapping[Sku, Item]) -> CartHoldAnswer:
    """A hold as it is answered; one whose time is over has expired, whether the clock has come to it or not."""
    is_over = hold.state is CartHoldState.HELD and not hold.holds_at(now)
    return CartHoldAnswer(
        hold.hold_id,
        hold.channel,
        CartHoldState.EXPIRED if is_over else hold.state,
        hold.expires_at,
        tuple(
            HeldUnitsAnswer(
                held.key.sku,
                held.key.node,
                of_sku(held.quantity, held.key.sku, items),
                is_on_hand(held.key.source),
            )
            for held in hold.units
        ),
    )


def _hold_id(call: Plain) -> CartHoldId:
    return CartHoldId(call.path("hold_id"))


async def _reply(call: Call[Any, Any], hold: CartHold | Refusal) -> Reply:
    if not isinstance(hold, CartHold):
        raise Refused(hold)
    items = await known_items(call, [held.key.sku for held in hold.units])
    return json_reply(answer_hold(hold, call.system.door.now(), items))


_HOLD = CartHold(
    CartHoldId("C-4d1f7a6be0c2953817aa"),
    "web",
    (HeldUnits(SupplyKey(Sku("A-1001"), NodeId("DC-PA")), 2),),
    examples.AT,
    examples.AT + timedelta(minutes=10),
)
_PATH = (("hold_id", _HOLD.hold_id),)
_NONE = NotFound("cart hold", _HOLD.hold_id)
_SHOWN = Shown(200, "The hold as it is now", CartHoldAnswer, answer_hold(_HOLD, examples.AT, {}))

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/cart-holds",
        name="list_cart_holds",
        summary="What is kept for carts now, those that end first",
        tag="orders",
        run=list_cart_holds,
        shown=(
            Shown(200, "A page of holds", Page[CartHoldAnswer], Page((answer_hold(_HOLD, examples.AT, {}),), None)),
        ),
        body=NO_BODY,
        query=CartHoldsQuery,
        scope="orders:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="GET",
        path="/v1/cart-holds/{hold_id}",
        name="read_cart_hold",
        summary="What is kept for a cart",
        tag="orders",
        run=read_cart_hold,
        shown=(_SHOWN,),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(_NONE,),
        path_examples=_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/cart-holds/{hold_id}/extend",
        name="extend_cart_hold",
        summary="Keep what is kept for a cart for longer",
        tag="orders",
        run=extend_cart_hold,
        shown=(_SHOWN,),
        body=Body(TypeAdapter(ExtendBody), {"hold_seconds": 600}),
        query=NoQuery,
        scope="orders:write",
        refusals=(_NONE, NotPossibleNow("extend", "expired")),
        path_examples=_PATH,
    ),
    Operation(
        method="DELETE",
        path="/v1/cart-holds/{hold_id}",
        name="give_up_cart_hold",
        summary="Free what is kept for a cart",
        tag="orders",
        run=give_up_cart_hold,
        shown=(_SHOWN,),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:write",
        refusals=(_NONE, NotPossibleNow("give up", "used")),
        path_examples=_PATH,
    ),
)
