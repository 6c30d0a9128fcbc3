"""What nodes report of their work: accepted, rejected, picked, packed, shipped, ready, collected, delivered, undone."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.bounds import read_decimals
from troth.http.edge.idempotency import problem_answer, reply_of, submit
from troth.http.edge.operations import AnyOperation, Call, Operation, Shown
from troth.http.edge.preconditions import expected_of
from troth.http.edge.replies import Reply
from troth.http.work.fulfillments import NO_WORK, WORK_ANSWER, WORK_PATH, read_visible_work
from troth.http.work.work_answer import WorkAnswer, answer_work
from troth.http.work.work_body import (
    AtBody,
    CollectBody,
    DeliverBody,
    PackBody,
    PickBody,
    ReadyBody,
    ReceiveBody,
    RejectBody,
    ShipBody,
    UndoBody,
)
from troth.model.commands import (
    AcceptWork,
    CollectWork,
    DeliverWork,
    FulfillmentCommand,
    PackWork,
    PickWork,
    ReceiveWork,
    RejectWork,
    ShipWork,
    StageWork,
    UnacceptWork,
    UnpackWork,
    UnpickWork,
    UnstageWork,
)
from troth.model.events import OrderResourced, SourcingFailed
from troth.model.ids import FulfillmentId, order_of_fulfillment
from troth.model.pickup_moves import PickupCodeRefused
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.value import dataclass
from troth.store.codec import encode_bytes

B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Report(Generic[B]):
    """A kind of report: the end of its path, what it says, its body with an example, and the command it becomes, of
    lines with so many decimals.
    """

    verb: str
    summary: str
    body: type[B]
    example: dict[str, Any]
    command: Callable[[FulfillmentId, B, Mapping[str, int]], FulfillmentCommand]


REPORTS: tuple[Report[Any], ...] = (
    Report(
        "accept",
        "The node takes the work on",
        AtBody,
        {"at": "2026-11-23T10:40:00-05:00"},
        lambda name, body, _: AcceptWork(name, body.at),
    ),
    Report(
        "reject",
        "The node refuses units, or all; they are sourced again elsewhere",
        RejectBody,
        {"reason": "damaged", "lines": [{"line_id": "1", "quantity": 1}]},
        lambda name, body, decimals: RejectWork(name, body.reason, body.units(decimals), body.at),
    ),
    Report(
        "pick",
        "Units were picked; what was not found is sourced again elsewhere",
        PickBody,
        {"lines": [{"line_id": "1", "quantity": 1, "short_reason": "not_found"}]},
        lambda name, body, decimals: PickWork(name, body.units(decimals), body.at, body.named()),
    ),
    Report(
        "pack",
        "What was picked is packed",
        PackBody,
        {"packages": [{"package_id": "1", "lines": [{"line_id": "1", "quantity": 2}], "weight_kg": 1.2}]},
        lambda name, body, decimals: PackWork(name, body.packed(decimals), body.at, body.named()),
    ),
    Report(
        "ship",
        "The packages left; their units leave the stock",
        ShipBody,
        {
            "packages": [
                {"package_id": "1", "carrier": "ups", "service": "ground", "tracking_number": "1Z999AA10123456784"}
            ]
        },
        lambda name, body, _: ShipWork(name, body.shipped(), body.at, body.named()),
    ),
    Report(
        "ready",
        "The goods wait for the customer",
        ReadyBody,
        {"staging": "A3"},
        lambda name, body, _: StageWork(name, body.staging, body.at, body.named()),
    ),
    Report(
        "receive",
        "Packages came in where the customer picks them up; with the last of them the goods wait for the customer",
        ReceiveBody,
        {"packages": ["1Z999AA10123456784"], "staging": "A3"},
        lambda name, body, _: ReceiveWork(name, body.packages, body.staging, body.at),
    ),
    Report(
        "collect",
        "The customer took the goods; their units leave the stock",
        CollectBody,
        {"code": "402913", "collected_by": "Ada Park"},
        lambda name, body, _: CollectWork(
            name,
            body.collected_by,
            body.at,
            body.named(),
            body.code,
            body.identity_checked,
            None if body.paid is None else body.paid.told(),
        ),
    ),
    Report(
        "deliver",
        "The goods arrived",
        DeliverBody,
        {
            "at": "2026-11-25T14:12:00-05:00",
            "proof": {"name": "Ada Park", "photo": "https://example.com/proof/1.jpg", "signature": "A. Park"},
        },
        lambda name, body, _: DeliverWork(name, body.at, None if body.proof is None else body.proof.told()),
    ),
    Report(
        "unaccept",
        "The node has not taken the work on after all",
        UndoBody,
        {"reason": "the wrong order"},
        lambda name, body, _: UnacceptWork(name, body.reason, body.at),
    ),
    Report(
        "unpick",
        "What was picked lies on the shelf again; the node still has the work",
        UndoBody,
        {"reason": "picked for the wrong order"},
        lambda name, body, _: UnpickWork(name, body.reason, body.at),
    ),
    Report(
        "unpack",
        "What was packed is out of its packages again",
        UndoBody,
        {"reason": "the carton was too small"},
        lambda name, body, _: UnpackWork(name, body.reason, body.at),
    ),
    Report(
        "unstage",
        "The goods do not wait for the customer any more; they are picked, or to be received again",
        UndoBody,
        {"reason": "one piece was missing"},
        lambda name, body, _: UnstageWork(name, body.reason, body.at),
    ),
)


def _operation(report: Report[Any]) -> AnyOperation:
    """The operation that takes a kind of report."""

    async def run(call: Call[Any, NoQuery]) -> Reply:
        name = FulfillmentId(call.path("fulfillment_id"))
        if call.actor.nodes is not None or call.actor.customers is not None:
            await read_visible_work(call)
        decimals = {}
        if getattr(call.body, "lines", ()) or getattr(call.body, "packages", ()):
            decimals = await read_decimals(call, order_of_fulfillment(name))
        command = report.command(name, call.body, decimals)
        return reply_of(await submit(call, (command,), _renderer(call, name), expected=expected_of(call)))

    return Operation(
        method="POST",
        path=f"/v1/fulfillments/{{fulfillment_id}}/{report.verb}",
        name=f"{report.verb}_fulfillment",
        summary=report.summary,
        tag="fulfillments",
        run=run,
        shown=(Shown(200, "The work as it is now", WorkAnswer, WORK_ANSWER),),
        body=Body(TypeAdapter(report.body), report.example, is_optional=report.body is not RejectBody),
        query=NoQuery,
        has_if_match=True,
        scope="fulfillments:write",
        refusals=(
            NO_WORK,
            NotPossibleNow(report.verb, "canceled"),
            Invalid((FieldFlaw("/lines/0", "2 units of line 1 can be picked here"),)),
        ),
        path_examples=WORK_PATH,
    )


def _renderer(call: Call[Any, Any], name: FulfillmentId) -> Callable[[tuple[Outcome, ...]], Answer]:
    currency = call.system.door.reference.policy.currency

    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        (outcome,) = outcomes
        if isinstance(outcome, NotFound):
            return problem_answer(NotFound("fulfillment", name))
        if not isinstance(outcome, Accepted):
            return problem_answer(outcome)
        if outcome.order is None:
            raise RuntimeError("a report was accepted without an order")
        wrong = find_wrong_code(outcome)
        if wrong is not None:
            return problem_answer(wrong)
        order = outcome.order
        work = next(work for work in order.fulfillments if work.fulfillment_id == name)
        sourced = tuple(
            event for _, event in outcome.decision.events if isinstance(event, OrderResourced | SourcingFailed)
        )
        return Answer(200, encode_bytes(answer_work(order, work, currency, sourced)))

    return render


def find_wrong_code(outcome: Accepted) -> Invalid | None:
    """What is answered where the code was wrong, which was counted; None: it was not."""
    wrong = next((event for _, event in outcome.decision.events if isinstance(event, PickupCodeRefused)), None)
    return None if wrong is None else Invalid((FieldFlaw("/code", _tell_wrong(wrong)),))


def _tell_wrong(event: PickupCodeRefused) -> str:
    if event.locked_until is not None:
        return f"is not the code of this pickup; none is looked at until {event.locked_until.isoformat()}"
    return f"is not the code of this pickup; {event.left} more may be tried"


OPERATIONS = tuple(map(_operation, REPORTS))
