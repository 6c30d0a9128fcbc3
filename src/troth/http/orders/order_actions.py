"""What may be done with a captured order: canceled, released."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from troth.flows.orders.cancel import prepare_cancel
from troth.http.edge.body import Body, NoQuery, Query
from troth.http.edge.bounds import asked_by, ensure_visible, order_id_of, read_decimals
from troth.http.edge.operations import NO_BODY, Call, Operation, Plain, Shown
from troth.http.edge.preconditions import expected_of
from troth.http.edge.replies import Reply
from troth.http.orders import examples
from troth.http.orders.order_body import CancelBody
from troth.http.orders.order_replies import command_order
from troth.http.orders.order_shapes import OrderAnswer
from troth.http.orders.orders import NO_ORDER, ORDER_PATH
from troth.model.commands import Command, ReleaseOrder
from troth.model.refusals import FieldFlaw, Held, Invalid, NotPossibleNow


class CancelQuery(Query):
    """Whether nodes are asked."""

    recall: Annotated[
        bool, Field(description="Ask the nodes for work that they have begun; the answer's recalls say until when.")
    ] = False


async def cancel_order(call: Call[CancelBody, CancelQuery]) -> Reply:
    """Cancel the order, or units of its lines."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    lines = call.body.units(await read_decimals(call, order_id)) if call.body.lines else ()
    command = prepare_cancel(order_id, reason=call.body.reason, lines=lines, by=asked_by(call, call.body.by))
    if call.query.recall and not isinstance(command, Invalid):
        command = replace(command, may_recall=True)
    return await command_order(call, command, expected=expected_of(call))


async def release_order(call: Plain) -> Reply:
    """Hand the order over to its nodes now."""
    order_id = order_id_of(call)
    await ensure_visible(call, order_id)
    return await _command(call, ReleaseOrder(order_id))


async def _command(call: Call[Any, Any], command: Command | Invalid) -> Reply:
    """The order after a command, if it is as the client saw it."""
    return await command_order(call, command, expected=expected_of(call))


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
        query=CancelQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(NO_ORDER, _SHIPPED, Invalid((FieldFlaw("/lines/0", "line 1 has 0 units to cancel"),))),
        path_examples=ORDER_PATH,
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
