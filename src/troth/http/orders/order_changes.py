"""Changing an order: previewed and applied by one decision, promised anew as one, or left as it is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec.structs import asdict
from pydantic import Field, TypeAdapter

from troth.engine.evolve import evolve
from troth.engine.failed import Failures
from troth.engine.promising.context import Decision
from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.flows.orders.change import prepare_change, preview_change
from troth.http.edge.body import Body, Query
from troth.http.edge.bounds import asked_by, order_id_of, read_visible
from troth.http.edge.idempotency import once, problem_answer, reply_of, submit
from troth.http.edge.measures import decimals_of_lines, known_items
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.http.orders import examples
from troth.http.orders.change_body import ALTERNATIVES, ChangeBody
from troth.http.orders.order_answer import answer_order
from troth.http.orders.order_replies import failed_after, learn_brands, told_order
from troth.http.orders.order_shapes import OrderAnswer
from troth.http.orders.orders import NO_ORDER, ORDER_PATH, SHORT
from troth.model.change import FieldChange
from troth.model.events import OrderChanged, PartsChange
from troth.model.ids import LineId
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow, VersionConflict
from troth.model.status import OrderStatus, promise_of
from troth.model.totals import total_minor
from troth.store.codec import encode_bytes
from troth.store.failures import read_failures


class ChangesQuery(Query):
    """Whether it is only to be shown."""

    preview: Annotated[bool, Field(description="Show what the change would do, and change nothing.")] = False
    recall: Annotated[
        bool, Field(description="Ask the node for work that it has released; the answer's recalls say until when.")
    ] = False


class ChangedField(msgspec.Struct, frozen=True):
    """A field of the order, or of a line, before and after; text, empty where there was nothing."""

    line_id: str | None
    field: str
    before: str
    after: str


class ChangedPromise(msgspec.Struct, frozen=True):
    """When the last units of a line were promised, and when they are now (null: they are not)."""

    line_id: str
    before: Instant | None
    after: Instant | None


class ChangeAnswer(msgspec.Struct, frozen=True):
    """What a change did to the order, or would do."""

    is_preview: bool
    fields: tuple[ChangedField, ...]
    promises: tuple[ChangedPromise, ...]
    total_before: MoneyAnswer
    total_after: MoneyAnswer


class ChangedOrder(OrderAnswer, frozen=True):
    """The order as it is after a change, or would be, and what differs."""

    changed: ChangeAnswer


async def change_order(call: Call[ChangeBody, ChangesQuery]) -> Reply:
    """Change the order, or show what that would do."""
    order = await read_visible(call, order_id_of(call))
    content = call.body.change(
        await known_items(call, call.body.skus()), decimals_of_lines(order), asked_by(call, call.body.by)
    )
    command = await prepare_change(call.system, order, content)
    await learn_brands(call, [order])
    if isinstance(command, Invalid):
        raise Refused(command)
    command = replace(command, may_recall=call.query.recall)
    expected = expected_of(call)
    if not call.query.preview:
        answer = await submit(call, (command,), _renderer(call, order), expected=expected)
        return reply_of(answer) if answer.status >= 400 else reply_of(answer, (etag(_version_of(answer)),))

    async def run() -> Reply:
        conflict = expected.refuse(order.version)
        found = conflict or await preview_change(call.system, order, command, actor=call.actor.name)
        if not isinstance(found, Decision):
            raise Refused(found)
        async with call.system.pool.acquire() as connection:
            failures = await read_failures(connection, (order,))
        return json_reply(_shown(call, order, found, failures, is_preview=True))

    return await once(call, run)


class _Head(msgspec.Struct, frozen=True):
    """The version of an order that was answered."""

    version: int


_HEAD = msgspec.json.Decoder(_Head)


def _version_of(answer: Answer) -> int:
    return _HEAD.decode(answer.body).version


def _renderer(call: Call[Any, Any], order: Order) -> Callable[[tuple[Outcome, ...]], Answer]:
    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        (outcome,) = outcomes
        if not isinstance(outcome, Accepted):
            return problem_answer(outcome)
        after = outcome.order or order
        return Answer(200, encode_bytes(_shown(call, after, outcome.decision, outcome.failures, is_preview=False)))

    return render


def _shown(
    call: Call[Any, Any], order: Order, decision: Decision, failures: Failures, *, is_preview: bool
) -> ChangedOrder:
    before = after = order
    for change in decision.changes:
        before, after = change.before or change.after, change.after
    events = [event for _, event in decision.events if isinstance(event, OrderChanged)]
    told = told_order(call, after, failures=failed_after(failures, after, decision))
    return answer_change(before, after, events, told, is_preview=is_preview)


def answer_change(
    before: Order, after: Order, events: list[OrderChanged], answer: OrderAnswer, *, is_preview: bool
) -> ChangedOrder:
    """An order with what was changed about it."""
    lines = {line.line_id: promise_of(before, line.line_id) for line in before.lines}
    promises = [(line.line_id, lines.get(line.line_id), promise_of(after, line.line_id)) for line in after.lines]
    changed = ChangeAnswer(
        is_preview,
        tuple(ChangedField(one.line_id, one.field, one.before, one.after) for event in events for one in event.changes),
        tuple(ChangedPromise(line_id, was, is_now) for line_id, was, is_now in promises if was != is_now),
        money(total_minor(before), before.currency),
        money(total_minor(after), after.currency),
    )
    return ChangedOrder(**asdict(answer), changed=changed)


_EVENT = OrderChanged(
    tuple(replace(line, unit_price_minor=1790) for line in examples.ORDER.lines),
    examples.ORDER.ship_to,
    examples.ORDER.method,
    None,
    "standard",
    (FieldChange(LineId("1"), "unit_price", "19.90 USD", "17.90 USD"),),
    "price match",
    examples.AT,
    PartsChange(),
)
_AFTER = evolve(examples.ORDER, _EVENT)
_EXAMPLE = answer_change(
    examples.ORDER,
    _AFTER,
    [_EVENT],
    answer_order(_AFTER, examples.NETWORK, examples.CURRENCY, examples.AT),
    is_preview=False,
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/orders/{order_id}/changes",
        name="change_order",
        summary="Change an order as one, promised anew; with preview nothing is written",
        tag="orders",
        run=change_order,
        shown=(Shown(200, "The order as it is now, or would be, and what differs", ChangedOrder, _EXAMPLE),),
        body=Body(
            TypeAdapter(ChangeBody),
            {
                "version": 1,
                "reason": "asked by phone",
                "actions": [
                    {"action": "set_quantity", "line_id": "1", "quantity": 3},
                    {"action": "set_dates", "line_id": "1", "need_by": "2026-12-04T17:00:00-05:00"},
                ],
            },
            alternatives=ALTERNATIVES,
        ),
        query=ChangesQuery,
        scope="orders:write",
        has_if_match=True,
        refusals=(
            NO_ORDER,
            SHORT,
            NotPossibleNow("change", OrderStatus.SHIPPED),
            VersionConflict("1", "3"),
            Invalid((FieldFlaw("/actions/0/quantity", "2 of line 1 have left already"),)),
        ),
        path_examples=ORDER_PATH,
    ),
)
