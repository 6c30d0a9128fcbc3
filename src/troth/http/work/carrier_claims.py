"""Claims against carriers: what they are asked to pay for parcels that they lost or damaged, and what came of it."""

from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.exceptions.carrier_claims import close_carrier_claim, open_carrier_claim
from troth.http.edge.body import Body, MoneyBody, NoQuery, Strict, Text
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.http.orders.examples import AT, ORDER_ID
from troth.model.carrier_claim import CARRIER_CLAIM_ENDS, CarrierClaim, CarrierClaimReason, CarrierClaimState
from troth.model.ids import FulfillmentId, OrderId, named_order
from troth.model.refusals import FieldFlaw, Forbidden, Invalid, NotFound, NotPossibleNow
from troth.store.carrier_claims import CarrierClaimFilter, find_carrier_claims

_SCOPE: Final = "orders:write"


class CarrierClaimsQuery(PageQuery):
    """Which claims."""

    state: Annotated[CarrierClaimState | None, Field(strict=False)] = None
    carrier: Text | None = None
    order: Annotated[Text | None, Field(description="By its id or as `channel:external_id`.")] = None


class CarrierClaimBody(Strict):
    """A claim about a parcel; left out are what its carrier says of it, and what its units cost the customer."""

    tracking_number: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
    reason: Annotated[CarrierClaimReason | None, Field(strict=False)] = None
    amount: MoneyBody | None = None


class ClosedClaimBody(Strict):
    """What came of a claim: `amount` is what the carrier paid, `reference` by what it knows the claim."""

    outcome: Literal["paid", "denied", "withdrawn"]
    amount: MoneyBody | None = None
    reference: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class CarrierClaimAnswer(msgspec.Struct, frozen=True):
    """A claim about one parcel, and what was paid."""

    claim_id: str
    order_id: OrderId
    fulfillment_id: FulfillmentId
    carrier: str
    tracking_number: str
    reason: CarrierClaimReason
    state: CarrierClaimState
    amount: MoneyAnswer
    paid: MoneyAnswer | None
    reference: str
    opened_at: Instant
    opened_by: str
    closed_at: Instant | None


async def list_carrier_claims(call: Call[Nothing, CarrierClaimsQuery]) -> Reply:
    """A page, the oldest first."""
    _ensure_unbound(call)
    asked = call.query
    wanted = CarrierClaimFilter(asked.state, asked.carrier, None if asked.order is None else named_order(asked.order))
    after = decode_cursor(asked.cursor, tuple[Instant, str])
    async with call.system.pool.acquire() as connection:
        found = await find_carrier_claims(connection, wanted, after=after, limit=asked.limit + 1)
    return page_reply(
        call, found, limit=asked.limit, shown=answer_claim, position=lambda one: (one.opened_at, one.claim_id)
    )


async def open_claim(call: Call[CarrierClaimBody, NoQuery]) -> Reply:
    """Open a claim."""
    _ensure_unbound(call)
    asked = call.body
    amount = None if asked.amount is None else asked.amount.parse("/amount")
    opened = await open_carrier_claim(
        call.system, asked.tracking_number, reason=asked.reason, amount=amount, actor=call.actor.name
    )
    if not isinstance(opened, CarrierClaim):
        raise Refused(opened)
    return json_reply(answer_claim(opened), status=201)


async def close_claim(call: Call[ClosedClaimBody, NoQuery]) -> Reply:
    """Say what came of a claim."""
    _ensure_unbound(call)
    asked = call.body
    closed = await close_carrier_claim(
        call.system,
        call.path("claim_id"),
        CarrierClaimState(asked.outcome),
        paid=None if asked.amount is None else asked.amount.parse("/amount"),
        reference=asked.reference,
        actor=call.actor.name,
    )
    if not isinstance(closed, CarrierClaim):
        raise Refused(closed)
    return json_reply(answer_claim(closed))


def answer_claim(one: CarrierClaim) -> CarrierClaimAnswer:
    """A claim as it is answered."""
    return CarrierClaimAnswer(
        one.claim_id,
        one.order_id,
        one.fulfillment_id,
        one.carrier,
        one.tracking_number,
        one.reason,
        one.state,
        money(one.amount_minor, one.currency),
        money(one.paid_minor, one.currency) if one.paid_minor else None,
        one.reference,
        one.opened_at,
        one.opened_by,
        one.closed_at,
    )


def _ensure_unbound(
    call: Call[Nothing, CarrierClaimsQuery] | Call[CarrierClaimBody, NoQuery] | Call[ClosedClaimBody, NoQuery],
) -> None:
    if call.actor.nodes is not None or call.actor.customers is not None:
        raise Refused(Forbidden(_SCOPE))


_OPENED: Final = CarrierClaimAnswer(
    f"{ORDER_ID}-K1",
    OrderId(ORDER_ID),
    FulfillmentId(f"{ORDER_ID}-F1"),
    "ups",
    "1Z999AA10123456784",
    CarrierClaimReason.LOST,
    CarrierClaimState.OPEN,
    MoneyAnswer("59.70", "USD"),
    None,
    "",
    AT,
    "key/desk",
    None,
)
_PAID: Final = msgspec.structs.replace(
    _OPENED, state=CarrierClaimState.PAID, paid=MoneyAnswer("50.00", "USD"), reference="C-881", closed_at=AT
)

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/carrier-claims",
        name="list_carrier_claims",
        summary="List claims against carriers, the oldest first",
        tag="fulfillments",
        run=list_carrier_claims,
        shown=(Shown(200, "A page", Page[CarrierClaimAnswer], Page((_OPENED,), None)),),
        body=NO_BODY,
        query=CarrierClaimsQuery,
        scope="orders:read",
        refusals=(Forbidden(_SCOPE),),
    ),
    Operation(
        method="POST",
        path="/v1/carrier-claims",
        name="open_carrier_claim",
        summary="Ask a carrier to pay for a parcel that it lost or damaged",
        tag="fulfillments",
        run=open_claim,
        shown=(Shown(201, "The claim", CarrierClaimAnswer, _OPENED),),
        body=Body(TypeAdapter(CarrierClaimBody), {"tracking_number": "1Z999AA10123456784", "reason": "lost"}),
        query=NoQuery,
        scope=_SCOPE,
        refusals=(
            Invalid((FieldFlaw("/reason", "is required: the carrier says neither that it is lost nor damaged"),)),
            NotFound("tracking number", "1Z999AA10123456784"),
            NotPossibleNow("open a claim about the parcel", "it has one"),
            Forbidden(_SCOPE),
        ),
    ),
    Operation(
        method="POST",
        path="/v1/carrier-claims/{claim_id}/close",
        name="close_carrier_claim",
        summary="Say what came of a claim: what the carrier paid, that it refused to, or that it is taken back",
        tag="fulfillments",
        run=close_claim,
        shown=(Shown(200, "The claim", CarrierClaimAnswer, _PAID),),
        body=Body(
            TypeAdapter(ClosedClaimBody),
            {"outcome": "paid", "amount": {"amount": "50.00", "currency": "USD"}, "reference": "C-881"},
        ),
        query=NoQuery,
        scope=_SCOPE,
        refusals=(
            Invalid((FieldFlaw("/amount", "is required: what the carrier paid"),)),
            NotFound("carrier claim", f"{ORDER_ID}-K1"),
            NotPossibleNow("end the claim", CARRIER_CLAIM_ENDS[0].value),
            Forbidden(_SCOPE),
        ),
    ),
)
