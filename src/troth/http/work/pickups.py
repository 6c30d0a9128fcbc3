"""Pickups: customers come, somebody comes for them, goods are kept longer, and put back where nobody came."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from troth.engine.pickups.decide import put_back_keys
from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.http.edge.body import Body, Instant, NoQuery, Strict, Text
from troth.http.edge.bounds import asked_by
from troth.http.edge.idempotency import problem_answer, reply_of, submit
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Shown
from troth.http.edge.preconditions import expected_of
from troth.http.edge.replies import Reply
from troth.http.work.fulfillments import NO_WORK, WORK_ANSWER, WORK_PATH, read_visible_work
from troth.http.work.work_answer import WorkAnswer, answer_work
from troth.http.work.work_body import AtBody
from troth.model.ids import FulfillmentId
from troth.model.order import Fulfillment, Order
from troth.model.permissions import By
from troth.model.pickup import Arrival
from troth.model.pickup_moves import (
    ExtendPickup,
    ForgetArrival,
    NameCollector,
    PickupCommand,
    PutBackPickup,
    TellArrival,
)
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow, Refusal
from troth.store.codec import encode_bytes


class ArrivalBody(AtBody):
    """That the customer is on the way, and when they will be there, or that they wait, in which bay and vehicle."""

    arrival: Annotated[Arrival, Field(strict=False)]
    arrives_at: Instant | None = None
    bay: Text = ""
    vehicle: Text = ""


class CollectorBody(Strict):
    """Who comes in the customer's place; empty: nobody does."""

    name: Text = ""


class ExtendBody(Strict):
    """Until when, where the staff says so (left out: as long as the rule says), by whom it is asked, and why."""

    until: Instant | None = None
    by: Annotated[By, Field(strict=False)] = By.OPERATOR
    reason: Text = ""


def _arrival(call: Call[ArrivalBody, NoQuery], _order: Order, work: Fulfillment) -> PickupCommand:
    body = call.body
    return TellArrival(work.fulfillment_id, body.arrival, body.arrives_at, body.bay, body.vehicle, body.at)


def _not_here(_call: Call[Nothing, NoQuery], _order: Order, work: Fulfillment) -> PickupCommand:
    return ForgetArrival(work.fulfillment_id)


def _collector(call: Call[CollectorBody, NoQuery], _order: Order, work: Fulfillment) -> PickupCommand:
    return NameCollector(work.fulfillment_id, call.body.name)


def _extend(call: Call[ExtendBody, NoQuery], _order: Order, work: Fulfillment) -> PickupCommand:
    return ExtendPickup(work.fulfillment_id, asked_by(call, call.body.by), call.body.until, call.body.reason)


def _put_back(call: Call[AtBody, NoQuery], order: Order, work: Fulfillment) -> PickupCommand:
    return PutBackPickup(work.fulfillment_id, put_back_keys(order, work), call.body.at)


def _operation(
    verb: str,
    summary: str,
    make: Callable[[Call[Any, NoQuery], Order, Fulfillment], PickupCommand],
    body: Body[Any],
    *refusals: Refusal,
    scope: str = "fulfillments:write",
) -> AnyOperation:
    async def run(call: Call[Any, NoQuery]) -> Reply:
        order, work = await read_visible_work(call)
        command, render = make(call, order, work), _renderer(call, order, work.fulfillment_id)
        return reply_of(await submit(call, (command,), render, expected=expected_of(call)))

    return Operation(
        method="POST",
        path=f"/v1/fulfillments/{{fulfillment_id}}/{verb}",
        name=f"{verb.replace('-', '_')}_fulfillment",
        summary=summary,
        tag="fulfillments",
        run=run,
        shown=(Shown(200, "The work as it is now", WorkAnswer, WORK_ANSWER),),
        body=body,
        query=NoQuery,
        has_if_match=True,
        scope=scope,
        refusals=(NO_WORK, *refusals),
        path_examples=WORK_PATH,
    )


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


OPERATIONS = (
    _operation(
        "arrival",
        "The customer is on the way, or waits at the node",
        _arrival,
        Body(TypeAdapter(ArrivalBody), {"arrival": "here", "bay": "4", "vehicle": "green van"}),
        NotPossibleNow("arrive", "collected"),
        Invalid((FieldFlaw("/arrives_at", "must be later than now, and within a year"),)),
    ),
    _operation(
        "not-here",
        "The customer has not come after all: it was said by mistake",
        _not_here,
        NO_BODY,
        NotPossibleNow("not-here", "ready"),
    ),
    _operation(
        "collector",
        "Somebody else comes in the customer's place",
        _collector,
        Body(TypeAdapter(CollectorBody), {"name": "Ben Park"}),
        NotPossibleNow("name a collector", "collected"),
    ),
    _operation(
        "extend",
        "Keep the goods longer for their customer",
        _extend,
        Body(TypeAdapter(ExtendBody), {"by": "customer", "reason": "away until Monday"}, is_optional=True),
        NotPossibleNow("extend", "extended 1 times"),
        Invalid((FieldFlaw("/until", "is for the staff to say; leave it out"),)),
    ),
    _operation(
        "put-back",
        "Goods that nobody collected lie on the shelf again, and may be sold",
        _put_back,
        Body(TypeAdapter(AtBody), {"at": "2026-12-01T10:40:00-05:00"}, is_optional=True),
        NotPossibleNow("put back", "ready"),
    ),
)
