"""Recalls: a node is asked to give released work back, accepts or refuses; and what waits for an answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from troth.engine.evolve import evolve
from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.flows.orders.change import prepare_change
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.bounds import asked_by, choose_bound, is_visible
from troth.http.edge.idempotency import problem_answer, reply_of, submit
from troth.http.edge.measures import decimals_of_lines, known_items
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.http.orders import examples
from troth.http.orders.change_body import ChangeBody
from troth.http.orders.orders import Filter
from troth.http.orders.recall_answer import RecallAnswer, answer_recall
from troth.http.work.fulfillments import NO_WORK, WORK_PATH, read_visible_work
from troth.http.work.recall_body import GiveBackBody, KeepBody, RecallBody
from troth.http.work.work_answer import WorkAnswer, answer_work
from troth.model.change import ChangeAction
from troth.model.commands import AcceptRecall, Command, RecallWork, RefuseRecall
from troth.model.events import RecallRequested
from troth.model.ids import FulfillmentId, LineId
from troth.model.lifecycle import RecallState
from troth.model.order import Order
from troth.model.permissions import By
from troth.model.recall import Recall, RecallKind, RecallUnits
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.store.codec import encode_bytes
from troth.store.orders import read_orders
from troth.store.recalls import find_open_recalls


class RecallsQuery(PageQuery):
    """Which of them: those that must be answered first come first."""

    node: Filter | None = None


async def list_recalls(call: Call[Nothing, RecallsQuery]) -> Reply:
    """A page of recalls that wait for an answer."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_open_recalls(
            connection,
            node=choose_bound(call.actor.nodes, asked.node, "node"),
            after=decode_cursor(asked.cursor, tuple[datetime, str, str]),
            limit=asked.limit + 1,
        )
        orders = await read_orders(connection, {order_id for order_id, _ in found})
    rows = [
        (orders[order_id], recall)
        for order_id, name in found
        if order_id in orders and is_visible(call.actor, orders[order_id])
        for recall in orders[order_id].recalls
        if recall.recall_id == name and recall.state is RecallState.REQUESTED
    ]
    return page_reply(
        call,
        rows,
        limit=asked.limit,
        shown=lambda row: answer_recall(row[1], decimals_of_lines(row[0])),
        position=lambda row: (row[1].answer_by, row[0].order_id, row[1].recall_id),
    )


async def recall_work(call: Call[RecallBody, NoQuery]) -> Reply:
    """Ask the node to give work back."""
    order, work = await read_visible_work(call)
    body, decimals = call.body, decimals_of_lines(order)
    actions: tuple[ChangeAction, ...] = ()
    if body.actions:
        change = ChangeBody(actions=body.actions, reason=body.reason)
        prepared = await prepare_change(
            call.system,
            order,
            change.change(await known_items(call, change.skus()), decimals, asked_by(call, By.OPERATOR)),
        )
        if isinstance(prepared, Invalid):
            raise Refused(prepared)
        actions = prepared.actions
    command = RecallWork(work.fulfillment_id, body.kind, body.reason, body.units(decimals), actions)
    return await _command(call, order, command)


async def accept_recall(call: Call[GiveBackBody, NoQuery]) -> Reply:
    """The node gives back what it was asked for."""
    order, work = await read_visible_work(call)
    units = call.body.units(decimals_of_lines(order))
    return await _command(call, order, AcceptRecall(work.fulfillment_id, call.body.reason, units))


async def refuse_recall(call: Call[KeepBody, NoQuery]) -> Reply:
    """The node keeps its work."""
    order, work = await read_visible_work(call)
    return await _command(call, order, RefuseRecall(work.fulfillment_id, call.body.reason))


async def _command(call: Call[Any, Any], order: Order, command: Command) -> Reply:
    name = FulfillmentId(call.path("fulfillment_id"))
    return reply_of(await submit(call, (command,), _renderer(call, order, name), expected=expected_of(call)))


def _renderer(call: Call[Any, Any], order: Order, name: FulfillmentId) -> Callable[[tuple[Outcome, ...]], Answer]:
    currency = call.system.door.reference.policy.currency

    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        (outcome,) = outcomes
        if not isinstance(outcome, Accepted):
            return problem_answer(outcome)
        after = outcome.order or order
        work = next(work for work in after.fulfillments if work.fulfillment_id == name)
        return Answer(200, encode_bytes(answer_work(after, work, currency)))

    return render


_RECALL: Final = Recall(
    "R1",
    examples.WORK.fulfillment_id,
    examples.WORK.node,
    RecallKind.CANCEL,
    (RecallUnits(LineId("1"), 1),),
    "not wanted any more",
    "key/desk",
    examples.AT,
    examples.AT + timedelta(minutes=30),
)
_CUSTOMER = examples.ORDER.customer
_ASKED: Final = evolve(examples.ORDER, RecallRequested(_RECALL, examples.AT, "web", "W-1001", _CUSTOMER))
_SHOWN: Final = Shown(200, "The work as it is now", WorkAnswer, answer_work(_ASKED, examples.WORK, examples.CURRENCY))


def _operation(verb: str, summary: str, run: Any, body: Body[Any], *more: Any, scope: str) -> AnyOperation:
    return Operation(
        method="POST",
        path=f"/v1/fulfillments/{{fulfillment_id}}/{verb}",
        name=f"{verb.replace('-', '_')}_fulfillment" if verb == "recall" else verb.replace("-", "_"),
        summary=summary,
        tag="releases",
        run=run,
        shown=(_SHOWN,),
        body=body,
        query=NoQuery,
        has_if_match=True,
        scope=scope,
        refusals=(NO_WORK, *more),
        path_examples=WORK_PATH,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/recalls",
        name="list_recalls",
        summary="Recalls that wait for the answer of a node, those that must be answered first",
        tag="releases",
        run=list_recalls,
        shown=(Shown(200, "A page of recalls", Page[RecallAnswer], Page((answer_recall(_RECALL, {}),), None)),),
        body=NO_BODY,
        query=RecallsQuery,
        scope="fulfillments:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    _operation(
        "recall",
        "Ask the node to give released work back, to be canceled, changed, or sourced elsewhere",
        recall_work,
        Body(
            TypeAdapter(RecallBody),
            {"kind": "cancel", "reason": "not wanted any more", "lines": [{"line_id": "1", "quantity": 1}]},
        ),
        NotPossibleNow("recall", "shipped"),
        Invalid((FieldFlaw("/lines/0", "1 units of line 1 can be given back"),)),
        scope="orders:write",
    ),
    _operation(
        "accept-recall",
        "The node gives back what it was asked for, or some of it, and what was to be done is done",
        accept_recall,
        Body(TypeAdapter(GiveBackBody), {"reason": "taken out of the carton"}, is_optional=True),
        NotPossibleNow("accept-recall", "recall ended"),
        Invalid((FieldFlaw("/lines/0", "1 units of line 1 can be given back"),)),
        scope="fulfillments:write",
    ),
    _operation(
        "refuse-recall",
        "The node does not give back what it was asked for, and goes on with its work",
        refuse_recall,
        Body(TypeAdapter(KeepBody), {"reason": "it is on the truck"}),
        NotPossibleNow("refuse-recall", "recall ended"),
        Invalid((FieldFlaw("/reason", "is required: the customer is told"),)),
        scope="fulfillments:write",
    ),
)
