"""By which services a packed work could go: what each costs, when it arrives, and which is best."""

from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.flows.shipping.label_work import shop_work
from troth.http.edge.body import Id, Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import CostAnswer, Instant, cost
from troth.http.orders import examples
from troth.http.work.fulfillments import NO_WORK, WORK_PATH, read_visible_work
from troth.model.refusals import NotPossibleNow
from troth.model.shipping_rates import RateChoice, RateSource, ShippingRate


class RatesQuery(Query):
    """For which packages; all where none is named."""

    package: Annotated[tuple[Id, ...], Field(max_length=1_000)] = ()


class RateAnswer(msgspec.Struct, frozen=True):
    """A service for all packages that are meant together. `source` is who says the price, `barred` why it cannot be
    taken; `has_labels` whether its carrier makes labels here.
    """

    carrier: str
    service: str
    source: RateSource
    cost: CostAnswer | None
    leaves_at: Instant | None
    arrives_at: Instant | None
    keeps_promise: bool
    has_labels: bool
    barred: str | None


class RatesAnswer(msgspec.Struct, frozen=True):
    """The rates, the best first; `best` is null where none can be taken."""

    best: RateAnswer | None
    why: str
    rates: tuple[RateAnswer, ...]


def answer_rates(choice: RateChoice) -> RatesAnswer:
    """A choice as it is answered."""
    best = None if choice.best is None else _answer(choice.best)
    return RatesAnswer(best, choice.why, tuple(map(_answer, choice.rates)))


def _answer(rate: ShippingRate) -> RateAnswer:
    return RateAnswer(
        rate.carrier,
        rate.service,
        rate.source,
        None if rate.barred else cost(rate.parts, rate.currency),
        rate.leaves_at,
        rate.arrives_at,
        rate.keeps,
        rate.has_labels,
        rate.barred or None,
    )


async def list_rates(call: Call[Nothing, RatesQuery]) -> Reply:
    """The rates of a packed work."""
    choice = await shop_work(call.system, *await read_visible_work(call), packages=call.query.package)
    if not isinstance(choice, RateChoice):
        raise Refused(choice)
    return json_reply(answer_rates(choice))


_BEST: Final = ShippingRate(
    "parcel",
    "standard",
    RateSource.CARD,
    569,
    examples.CURRENCY,
    {"rate": 569},
    (569,),
    examples.WORK.ship_by,
    examples.WORK.promised_at,
    keeps=True,
    has_labels=True,
)
EXAMPLE: Final = answer_rates(RateChoice((_BEST,), _BEST, "parcel standard keeps the promise at least cost."))

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/fulfillments/{fulfillment_id}/rates",
        name="list_shipping_rates",
        summary="How packed packages could go, the best first: cost, arrival, whether it keeps the promise",
        tag="shipping",
        run=list_rates,
        shown=(Shown(200, "The rates", RatesAnswer, EXAMPLE),),
        body=NO_BODY,
        query=RatesQuery,
        scope="fulfillments:read",
        refusals=(NO_WORK, NotPossibleNow("label", "picked")),
        path_examples=WORK_PATH,
    ),
)
