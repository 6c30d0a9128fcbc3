"""Ship notices: that a trading partner was told what is on its way."""

from typing import Final

from pydantic import TypeAdapter

from troth.flows.orders.ship_notices import send_notice
from troth.http.edge.body import Body, Instant, Name, NoQuery, Strict
from troth.http.edge.idempotency import once
from troth.http.edge.operations import AnyOperation, Call, Operation, Shown
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.work.fulfillments import NO_WORK, WORK_ANSWER, WORK_PATH, read_visible_work
from troth.http.work.work_answer import WorkAnswer, answer_work
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.model.ship_notice import ShipNotice


class ShipNoticeBody(Strict):
    """Under which name the notice went out, such as the control number of an 856, and when (left out: now)."""

    reference: Name
    at: Instant | None = None


async def send_ship_notice(call: Call[ShipNoticeBody, NoQuery]) -> Reply:
    """Record that the notice of some work was sent."""

    async def run() -> Reply:
        order, work = await read_visible_work(call)
        asked = call.body
        sent = await send_notice(
            call.system,
            order,
            work,
            reference=asked.reference,
            at=asked.at,
            actor=call.actor.name,
            expected=expected_of(call),
        )
        if not isinstance(sent, ShipNotice):
            raise Refused(sent)
        answer = answer_work(order, work, call.system.door.reference.policy.currency, notice=sent)
        return json_reply(answer, headers=(etag(order.version),))

    return await once(call, run)


OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    Operation(
        method="POST",
        path="/v1/fulfillments/{fulfillment_id}/ship-notice",
        name="send_ship_notice",
        summary="Record that the trading partner was told what is on its way; once",
        tag="fulfillments",
        run=send_ship_notice,
        shown=(Shown(200, "The work, with when its notice was due and sent", WorkAnswer, WORK_ANSWER),),
        body=Body(TypeAdapter(ShipNoticeBody), {"reference": "856-000417"}),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(
            NO_WORK,
            NotPossibleNow("ship-notice", "packed"),
            Invalid((FieldFlaw("", "nobody waits for a ship notice of this order"),)),
        ),
        path_examples=WORK_PATH,
        has_if_match=True,
    ),
)
