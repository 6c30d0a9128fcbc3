"""Answers that are a return, or a no to a command about one; and which returns somebody may see."""

from collections.abc import Callable
from typing import Any

import msgspec

from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.flows.orders.returns import read_return
from troth.flows.people.access import Actor
from troth.http.edge.bounds import is_visible
from troth.http.edge.idempotency import problem_answer, reply_of, submit
from troth.http.edge.operations import Call
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag
from troth.http.returns.return_answer import answer_return
from troth.model.ids import ReturnId
from troth.model.order import Order
from troth.model.refusals import Invalid, NotFound
from troth.model.return_moves import ReturnCommand
from troth.model.returns import Return
from troth.store.codec import encode_bytes


class _Head(msgspec.Struct, frozen=True):
    """What the headers say of a return that was answered."""

    return_id: str
    version: int


_HEAD = msgspec.json.Decoder(_Head)


async def command_return(call: Call[Any, Any], command: ReturnCommand | Invalid, return_id: ReturnId | None) -> Reply:
    """Put a command about a return through the write door; the return as it is then, or the problem. Without an id it
    is the one that the command opens.
    """
    if isinstance(command, Invalid):
        raise Refused(command)
    answer = await submit(call, (command,), _renderer(return_id), expected=expected_of(call))
    if answer.status >= 400:
        return reply_of(answer)
    head = _HEAD.decode(answer.body)
    return reply_of(answer, (etag(head.version), ("location", f"/v1/returns/{head.return_id}")))


async def read_visible_return(call: Call[Any, Any]) -> tuple[Order, Return]:
    """The return that the path names, with its order; Refused where the actor may see none."""
    return_id = ReturnId(call.path("return_id"))
    async with call.system.pool.acquire() as connection:
        found = await read_return(connection, return_id)
    if isinstance(found, NotFound) or not may_see_return(call.actor, *found):
        raise Refused(NotFound("return", return_id))
    return found


def may_see_return(actor: Actor, order: Order, one: Return) -> bool:
    """Whether a return is of the actor's customers, and goes to, came to or was sent from one of the actor's nodes."""
    if actor.customers is not None and order.customer.id not in actor.customers:
        return False
    if actor.nodes is None:
        return True
    nodes = {one.node, *(got.node for got in one.received)}
    return bool(actor.nodes & nodes) or is_visible(actor, order)


def _renderer(return_id: ReturnId | None) -> Callable[[tuple[Outcome, ...]], Answer]:
    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        (outcome,) = outcomes
        if not isinstance(outcome, Accepted):
            return problem_answer(outcome)
        if outcome.order is None:
            raise RuntimeError("a command about a return was accepted without its order")
        order = outcome.order
        one = next((one for one in order.returns if one.return_id == return_id), order.returns[-1])
        return Answer(201 if return_id is None else 200, encode_bytes(answer_return(order, one)))

    return render
