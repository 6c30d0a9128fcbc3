"""What nodes sold, whoever sends it: what a store is credited with."""

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from pydantic import AwareDatetime, Field

from troth.http.edge.body import Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import MoneyAnswer, money
from troth.http.orders.orders import Filter
from troth.model.ids import NodeId
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.sellers import SellerCredit, sum_seller_credits

_DAYS: Final = timedelta(days=28)
_DAYS_MAX: Final = timedelta(days=366)


class CreditsQuery(Query):
    """Of which time and node."""

    since: Annotated[AwareDatetime | None, Field(description="Left out: 28 days before its end.")] = None
    until: Annotated[AwareDatetime | None, Field(description="Not itself; left out: now.")] = None
    node: Filter | None = None


class SellerCreditAnswer(msgspec.Struct, frozen=True):
    """What a node sold, by who sold it there (empty: nobody was named): orders, of these `canceled`, and of which
    others send something (`sent_by_others`); and what they come to without what was canceled, before any return.
    """

    node: str
    seller: str
    orders: int
    canceled: int
    sent_by_others: int
    total: MoneyAnswer


class SellerCreditsAnswer(msgspec.Struct, frozen=True):
    """What was sold, by node, seller and currency."""

    items: tuple[SellerCreditAnswer, ...]


def answer_credit(one: SellerCredit) -> SellerCreditAnswer:
    """What somebody sold, as it is answered."""
    total = money(one.total_minor, one.currency)
    return SellerCreditAnswer(one.node, one.seller, one.orders, one.canceled, one.sent_by_others, total)


async def list_credits(call: Call[Nothing, CreditsQuery]) -> Reply:
    """What the nodes sold that the actor may see."""
    asked = call.query
    until = asked.until or call.system.door.now()
    since = asked.since or until - _DAYS
    if not timedelta(0) < until - since <= _DAYS_MAX:
        raise Refused(Invalid((FieldFlaw("?since", "must be before until, by at most 366 days"),)))
    if asked.node is not None and not call.actor.may_at(NodeId(asked.node)):
        raise Refused(NotFound("node", asked.node))
    async with call.system.pool.acquire() as connection:
        found = await sum_seller_credits(connection, since, until, node=asked.node)
    visible = (one for one in found if call.actor.may_at(one.node))
    return json_reply(SellerCreditsAnswer(tuple(map(answer_credit, visible))))


_EXAMPLE: Final = answer_credit(SellerCredit(NodeId("ST-NYC"), "E-12", "USD", 14, 1, 11, 84_250))

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/seller-credits",
        name="list_seller_credits",
        summary="What nodes sold, whoever sends it, and who sold it there",
        tag="configuration",
        run=list_credits,
        shown=(Shown(200, "What was sold", SellerCreditsAnswer, SellerCreditsAnswer((_EXAMPLE,))),),
        body=NO_BODY,
        query=CreditsQuery,
        scope="orders:read",
        refusals=(
            NotFound("node", "ST-NYC"),
            Invalid((FieldFlaw("?since", "must be before until, by at most 366 days"),)),
        ),
    ),
)
