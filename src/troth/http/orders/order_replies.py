"""Answers that are an order, or a no to a command about one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from troth.engine.failed import NO_FAILURES, Failures, failures_in
from troth.engine.promising.context import Decision
from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.http.edge.idempotency import problem_answer, reply_of, submit
from troth.http.edge.operations import Call
from troth.http.edge.problems import No, Refused
from troth.http.edge.replies import Reply, etag
from troth.http.orders.captured_answer import answer_captured
from troth.http.orders.order_answer import answer_order
from troth.http.orders.order_shapes import OrderAnswer
from troth.http.orders.speaker import Speaker
from troth.model.capture_order import CaptureOrder
from troth.model.commands import Command, order_ids_of
from troth.model.order import Order
from troth.model.refusals import Invalid
from troth.store.codec import encode_bytes
from troth.store.orders import read_orders


class _Head(msgspec.Struct, frozen=True):
    """What the headers say of an order that was answered."""

    order_id: str
    version: int


_HEAD = msgspec.json.Decoder(_Head)


async def command_order(
    call: Call[Any, Any],
    command: Command | Invalid,
    *,
    status: int = 200,
    expected: Expected = ANYTHING,
    told: Callable[[No], No] = lambda no: no,
) -> Reply:
    """Put a command about an order through the write door; the order as it is then, or the problem.

    `status` is that of an order that came to be just now; `expected` is the version that the client saw, and `told`
    makes of a refusal what the client is told.
    """
    if isinstance(command, Invalid):
        raise Refused(told(command))
    await _learn_brands(call, command)
    answer = await submit(call, (command,), _renderer(call, status, told), expected=expected)
    if answer.status >= 400:
        return reply_of(answer)
    head = _HEAD.decode(answer.body)
    return reply_of(answer, (etag(head.version), ("location", f"/v1/orders/{head.order_id}")))


def told_order(
    call: Call[Any, Any], order: Order, languages: Sequence[str] = (), failures: Failures = NO_FAILURES
) -> OrderAnswer:
    """An order as it is answered, its message in the first of these languages that is spoken, or else in its own."""
    reference, now = call.system.door.reference, call.system.door.now()
    speaker = Speaker(reference.wording_at(now), reference.items, languages)
    network, currency = reference.network, reference.policy.currency
    found = answer_captured(order, network, currency, now, speaker)
    return answer_order(order, network, currency, now, speaker, failures) if found is None else found


def order_bytes(
    call: Call[Any, Any], order: Order, languages: Sequence[str] = (), failures: Failures = NO_FAILURES
) -> bytes:
    """The same as JSON."""
    return encode_bytes(told_order(call, order, languages, failures))


async def learn_brands(call: Call[Any, Any], orders: Iterable[Order]) -> None:
    """Look up what orders are of, where what is told depends on the brand."""
    door = call.system.door
    if door.reference.wording_at(door.now()).names_brands:
        await door.reference.need_items({part.sku for order in orders for part in order.allocations})


async def _learn_brands(call: Call[Any, Any], command: Command) -> None:
    """The same for an order that is there already, before it is answered in the middle of the write."""
    door = call.system.door
    if isinstance(command, CaptureOrder) or not door.reference.wording_at(door.now()).names_brands:
        return
    async with call.system.pool.acquire() as connection:
        orders = await read_orders(connection, order_ids_of(command))
    await learn_brands(call, orders.values())


def failed_after(before: Failures, order: Order, decision: Decision) -> Failures:
    """What nodes could not provide to an order before a decision and by it; its answer tells both."""
    found = [failures_in(event) for _, event in decision.events]
    return {**before, **{(order.order_id, part): failure for one in found for part, failure in one.items()}}


def _renderer(call: Call[Any, Any], status: int, told: Callable[[No], No]) -> Callable[[tuple[Outcome, ...]], Answer]:
    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        (outcome,) = outcomes
        if not isinstance(outcome, Accepted):
            return problem_answer(told(outcome))
        if outcome.order is None:
            raise RuntimeError("a command about an order was accepted without one")
        known = failed_after(outcome.failures, outcome.order, outcome.decision)
        return Answer(status if outcome.is_new else 200, order_bytes(call, outcome.order, failures=known))

    return render
