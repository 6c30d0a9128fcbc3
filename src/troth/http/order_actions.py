"""What may be done with a captured order: canceled, held, released."""

from typing import Any

from pydantic import TypeAdapter

from troth.engine.evolve import evolve
from troth.flows.cancel import prepare_cancel
from troth.http import examples
from troth.http.body import Body, NoQuery
from troth.http.bounds import ensure_visible, order_id_of, read_decimals
from troth.http.operations import NO_BODY, Call, Operation, Plain, Shown
from troth.http.order_answer import answer_order
from troth.http.order_body import CancelBody, HoldBody
from troth.http.order_replies import command_order
from troth.http.order_shapes import OrderAnswer
from troth.http.orders import NO_ORDER, ORDER_PATH
from troth.http.preconditions import expected_of
from troth.http.replies import Reply
from troth.model.commands import Command, LiftHold, PlaceHold, ReleaseOrder
from troth.model.events import HoldLifted, HoldPlaced
from troth.model.ids import HoldId
from troth.model.order import Hold
from troth.model.refusals import FieldFlaw, Held, Invalid, NotFound, NotPossibleNow


async def cancel_order(call: Call[CancelBody, NoQuery]) -> Reply:
    """Cancel the order, or units of its lines."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    lines = call.body.units(await read_decimals(call, order_id)) if call.body.lines else ()
    return await command_order(
        call, prepare_cancel(order_id, reason=call.body.reason, lines=lines), expected=expected_of(call)
    )


async def place_hold(call: Call[HoldBody, NoQuery]) -> Reply:
    """Keep the order from being released."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    return await command_order(
        call, PlaceHold(order_id, call.body.type, call.body.reason, call.body.expires_at), expected=expected_of(call)
    )


async def lift_hold(call: Plain) -> Reply:
    """End a hold."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    return await _command(call, LiftHold(order_id, HoldId(call.path("hold_id"))))


async def release_order(call: Plain) -> Reply:
    """Hand the order over to its nodes now."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    return await _command(call, ReleaseOrder(order_id))


async def _command(call: Call[Any, Any], command: Command | Invalid) -> Reply:
    """The order after a command, if it is as the client saw it."""
    return await command_order(call, command, expected=expected_of(call))


_HOLD = Hold(HoldId("H1"), "fraud", "address differs", "key/desk", examples.AT)
_HELD = evolve(examples.ORDER, HoldPlaced(_HOLD))
_LIFTED = evolve(_HELD, HoldLifted(_HOLD.hold_id))
_SHOWN = Shown(200, "The order as it is now", OrderAnswer, examples.ORDER_ANSWER)
_SHIPPED = NotPossibleNow("cancel", "shipped")

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/orders/{order_id}/cancel",
        name="cancel_order",
        summary="Cancel an order, or units of its lines",
        tag="orders",
        run=cancel_order,
        shown=(_SHOWN,),
        body=Body(TypeAdapter(CancelBody), {"reason": "changed my mind", "lines": [{"line_id": "1", "quantity": 1}]}),
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(NO_ORDER, _SHIPPED, Invalid((FieldFlaw("/lines/0", "line 1 has 0 units to cancel"),))),
        path_examples=ORDER_PATH,
    ),
    Operation(
        method="POST",
        path="/v1/orders/{order_id}/holds",
        name="place_hold",
        summary="Keep an order from being released",
        tag="orders",
        run=place_hold,
        shown=(
            Shown(
                200,
                "The order, on hold",
                OrderAnswer,
                answer_order(_HELD, examples.NETWORK, examples.CURRENCY, examples.AT),
            ),
        ),
        body=Body(TypeAdapter(HoldBody), {"type": "fraud", "reason": "address differs"}),
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(
            NO_ORDER,
            NotPossibleNow("hold", "released"),
            Invalid((FieldFlaw("/expires_at", "a hold must end in the future"),)),
        ),
        path_examples=ORDER_PATH,
    ),
    Operation(
        method="DELETE",
        path="/v1/orders/{order_id}/holds/{hold_id}",
        name="lift_hold",
        summary="End a hold",
        tag="orders",
        run=lift_hold,
        shown=(
            Shown(
                200,
                "The order as it is now",
                OrderAnswer,
                answer_order(_LIFTED, examples.NETWORK, examples.CURRENCY, examples.AT),
            ),
        ),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(NO_ORDER, NotFound("hold", "H1"), NotPossibleNow("lift", "lifted")),
        path_examples=(*ORDER_PATH, ("hold_id", "H1")),
    ),
    Operation(
        method="POST",
        path="/v1/orders/{order_id}/release",
        name="release_order",
        summary="Hand an order over to its nodes now, instead of when the remorse period ends",
        tag="orders",
        run=release_order,
        shown=(_SHOWN,),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(NO_ORDER, Held(("H1",)), NotPossibleNow("release", "shipped")),
        path_examples=ORDER_PATH,
    ),
)
