"""What may be done with a return that is open: sent, received, disposed of, credited, closed, canceled."""

from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from troth.flows.orders.returns import prepare_dispose, prepare_receive, replacements_of
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.measures import decimals_of_lines, known_items
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.http.returns.return_answer import ReturnAnswer
from troth.http.returns.return_body import DisposeBody, EndBody, ReceiveBody, RefundBody, SendBody
from troth.http.returns.return_examples import OPENED_ANSWER, RECEIVED_ANSWER, RETURN_PATH
from troth.http.returns.return_replies import command_return, read_visible_return
from troth.http.returns.returns import NO_RETURN
from troth.model.ids import NodeId, ReturnId
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Forbidden, Invalid, NotPossibleNow, Refusal, VersionConflict
from troth.model.return_moves import CancelReturn, CloseReturn, RefundReturn, SendReturn


async def send_return(call: Call[SendBody, NoQuery]) -> Reply:
    """The customer handed it to a carrier."""
    _order, one = await read_visible_return(call)
    body = call.body
    command = SendReturn(one.return_id, body.carrier, body.tracking_number, body.at)
    return await command_return(call, command, one.return_id)


async def receive_return(call: Call[ReceiveBody, NoQuery]) -> Reply:
    """Units arrived at a node, whichever it is."""
    _ensure_ours(call)
    node = NodeId(call.body.node)
    if not call.actor.may_at(node):
        nodes = ", ".join(sorted(call.actor.nodes or ()))
        raise Refused(Invalid((FieldFlaw("/node", f"must be one of {nodes}"),)))
    order, return_id = await _read_anywhere(call)
    skus = [line.sku for line in call.body.lines if line.sku is not None]
    lines = call.body.arrived(decimals_of_lines(order), await known_items(call, skus))
    command = await prepare_receive(call.system, order, return_id, node, lines, call.body.at, is_more=call.body.more)
    return await command_return(call, command, return_id)


async def dispose_return(call: Call[DisposeBody, NoQuery]) -> Reply:
    """It is said what is done with units that came back."""
    _ensure_ours(call)
    order, one = await read_visible_return(call)
    decimals = decimals_of_lines(order)
    units = {got.number: (got.quantity, decimals.get(got.line_id or "", 0)) for got in one.received}
    named = {line.number for line in call.body.lines}
    if any(got.number in named and not call.actor.may_at(got.node) for got in one.received):
        raise Refused(Invalid((FieldFlaw("/lines", "names units that lie at another node"),)))
    command = prepare_dispose(order, one.return_id, call.body.judged(units))
    return await command_return(call, command, one.return_id)


async def refund_return(call: Call[RefundBody, NoQuery]) -> Reply:
    """Credit what came back, or an amount: it moves money, and is for nobody who is bound."""
    _ensure_ours(call)
    if call.actor.nodes is not None:
        raise Refused(Forbidden("returns:write"))
    order, one = await read_visible_return(call)
    amount = None if call.body.amount is None else call.body.amount.parse("/amount")
    if amount is not None and amount.currency != order.currency:
        raise Refused(Invalid((FieldFlaw("/amount/currency", f"the order is in {order.currency}"),)))
    minor, replacements = None if amount is None else amount.minor, replacements_of(order, one.return_id)
    command = RefundReturn(one.return_id, minor, call.body.reason, replacements)
    return await command_return(call, command, one.return_id)


async def close_return(call: Call[EndBody, NoQuery]) -> Reply:
    """Nothing more is expected of it."""
    _ensure_ours(call)
    order, one = await read_visible_return(call)
    command = CloseReturn(one.return_id, call.body.reason, replacements_of(order, one.return_id))
    return await command_return(call, command, one.return_id)


async def cancel_return(call: Call[EndBody, NoQuery]) -> Reply:
    """The permit is taken back."""
    order, one = await read_visible_return(call)
    command = CancelReturn(one.return_id, call.body.reason, replacements_of(order, one.return_id))
    return await command_return(call, command, one.return_id)


def _ensure_ours(call: Call[Any, Any]) -> None:
    """Whoever is bound to customers opens, sends and cancels their returns; what came and what is credited we say."""
    if call.actor.customers is not None:
        raise Refused(Forbidden("returns:write"))


async def _read_anywhere(call: Call[Any, Any]) -> tuple[Order, ReturnId]:
    """The order of the return that the path names, which any node may receive."""
    free = replace(call, actor=replace(call.actor, nodes=None))
    order, one = await read_visible_return(free)
    return order, one.return_id


_STALE = VersionConflict("8", "9")
_END = Body(TypeAdapter(EndBody), {"reason": "the rest stays with the customer"}, is_optional=True)


def _action(
    event: str, summary: str, run: Any, body: Body[Any], *refusals: Refusal, shown: ReturnAnswer = RECEIVED_ANSWER
) -> Operation[Any, Any]:
    """The operation by which something is done with a return."""
    return Operation(
        method="POST",
        path=f"/v1/returns/{{return_id}}/{event}",
        name=f"{event}_return",
        summary=summary,
        tag="returns",
        run=run,
        shown=(Shown(200, "The return as it is now", ReturnAnswer, shown),),
        body=body,
        query=NoQuery,
        scope="returns:write",
        has_if_match=True,
        refusals=(NO_RETURN, _STALE, *refusals),
        path_examples=RETURN_PATH,
    )


OPERATIONS = (
    _action(
        "send",
        "Record that the customer handed a return to a carrier",
        send_return,
        Body(TypeAdapter(SendBody), {"carrier": "parcel", "tracking_number": "1Z999AA10123456784"}, is_optional=True),
        NotPossibleNow("send", "received", ("receive", "close")),
        shown=OPENED_ANSWER,
    ),
    _action(
        "receive",
        "Receive what arrived, at any node: announced or not, with its grade and disposition",
        receive_return,
        Body(
            TypeAdapter(ReceiveBody),
            {"node": "ST-NYC", "lines": [{"line_id": "1", "quantity": 1, "grade": "A", "disposition": "restock"}]},
        ),
        NotPossibleNow("receive", "closed"),
        Invalid((FieldFlaw("/lines/0/grade", "must be one of A, B, C, D"),)),
    ),
    _action(
        "dispose",
        "Say what is done with units that came back; only what is restocked can be sold again",
        dispose_return,
        Body(TypeAdapter(DisposeBody), {"lines": [{"number": 1, "grade": "A", "disposition": "restock"}]}),
        NotPossibleNow("destroy", "restocked"),
        Invalid((FieldFlaw("/lines/0/number", "no units were received under number 4"),)),
    ),
    _action(
        "refund",
        "Credit what came back and is not credited yet, or an amount in its place",
        refund_return,
        Body(
            TypeAdapter(RefundBody),
            {"amount": {"amount": "15.00", "currency": "USD"}, "reason": "worn"},
            is_optional=True,
        ),
        NotPossibleNow("refund", "canceled"),
        Invalid((FieldFlaw("/amount", "must be above zero and at most 19.90 USD"),)),
    ),
    _action(
        "close",
        "End a return: what has not come back is no longer expected",
        close_return,
        _END,
        NotPossibleNow("close", "closed"),
    ),
    _action(
        "cancel",
        "Take a permit back of which nothing was sent, and with it the replacement",
        cancel_return,
        _END,
        NotPossibleNow("cancel", "received", ("receive", "close")),
        shown=OPENED_ANSWER,
    ),
)
