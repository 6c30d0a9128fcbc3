"""Unit prices: published in parts under a version, listed with how old they are, line by line, and taken back."""

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.publishing.unit_prices import ListedSet, list_prices, publish_prices, read_prices, take_back_prices
from troth.http.edge.body import Body, Id, Instant, NoQuery, Strict, Text
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import path_id
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant as At
from troth.http.orders.examples import AT
from troth.model.ids import NodeId, Sku
from troth.model.prices import PriceLine, PriceSet
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow

LINES_MAX: Final = 10_000
_Figure = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class UnitPriceBody(Strict):
    """What a unit of a SKU is worth at a node, in minor units of the policy's currency; what is left out is unsaid."""

    sku: Id
    node: Id
    minor: Annotated[
        _Figure | None, Field(description="Opportunity cost: what the best later use of a unit would have saved.")
    ] = None
    markdown_minor: Annotated[
        _Figure | None, Field(description="What a unit would lose in value if it stayed until its markdown.")
    ] = None
    weekly_units: Annotated[_Figure | None, Field(description="How many units the node sells in a week.")] = None

    def line(self) -> PriceLine:
        """The line that this is."""
        return PriceLine(Sku(self.sku), NodeId(self.node), self.minor, self.markdown_minor, self.weekly_units)


class UnitPricesBody(Strict):
    """A part of a set of unit prices, of at most 10,000 lines; the set decides once its last part is there."""

    made_at: Annotated[Instant, Field(description="For which instant they were made: the same in all parts.")]
    prices: Annotated[tuple[UnitPriceBody, ...], Field(max_length=LINES_MAX)]
    last: Annotated[bool, Field(description="Whether this is the last part, after which the set does not change.")] = (
        False
    )


class UnitPricesAnswer(msgspec.Struct, frozen=True):
    """A set of unit prices. `lines` is null until it is finished; `in_force`: of the finished ones that were not taken
    back it was made last; `applied`: it is in force and not older than the policy's `prices_hours_max`.
    """

    version: str
    made_at: At
    age_hours: float
    finished_at: At | None
    lines: int | None
    in_force: bool
    applied: bool
    taken_back_at: At | None


class UnitPriceAnswer(msgspec.Struct, frozen=True):
    """What a unit of a SKU is worth at a node, in minor units of the policy's currency; null: nothing is said."""

    sku: str
    node: str
    minor: float | None
    markdown_minor: float | None
    weekly_units: float | None


class UnitPricesQuery(PageQuery):
    """Which lines of a set."""

    sku: Text | None = None
    node: Text | None = None


class TakeBackBody(Strict):
    """Why a set of unit prices is taken back."""

    reason: Annotated[Text, Field(description="What the audit shows.")]


async def put_unit_prices(call: Call[UnitPricesBody, NoQuery]) -> Reply:
    """Add a part to a set of unit prices, and finish it with the last one."""
    lines = [line.line() for line in call.body.prices]
    done = await publish_prices(
        call.system,
        path_id(call, "version"),
        call.body.made_at,
        lines,
        is_last=call.body.last,
        actor=call.actor.name,
    )
    if not isinstance(done, tuple):
        raise Refused(done)
    listed, is_new = done
    return json_reply(answer_prices(listed), status=201 if is_new else 200)


async def list_unit_prices(call: Call[Nothing, PageQuery]) -> Reply:
    """A page of sets of unit prices, those made last first."""
    asked = call.query
    found = await list_prices(call.system, after=decode_cursor(asked.cursor, tuple[At, int]), limit=asked.limit + 1)
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=answer_prices,
        position=lambda listed: (listed.prices.made_at, listed.prices.set_id),
    )


async def list_lines(call: Call[Nothing, UnitPricesQuery]) -> Reply:
    """A page of the lines of a set, by SKU and node."""
    asked = call.query
    found = await read_prices(
        call.system,
        call.path("version"),
        sku=None if asked.sku is None else Sku(asked.sku),
        node=None if asked.node is None else NodeId(asked.node),
        after=decode_cursor(asked.cursor, tuple[str, str]),
        limit=asked.limit + 1,
    )
    if not isinstance(found, tuple):
        raise Refused(found)
    return page_reply(
        call,
        found[1],
        limit=asked.limit,
        shown=lambda line: UnitPriceAnswer(line.sku, line.node, line.minor, line.markdown_minor, line.weekly_units),
        position=lambda line: (line.sku, line.node),
    )


async def take_back(call: Call[TakeBackBody, NoQuery]) -> Reply:
    """Take a set back; the one that was made before it decides again."""

    async def run() -> Reply:
        done = await take_back_prices(call.system, call.path("version"), call.body.reason, actor=call.actor.name)
        if not isinstance(done, ListedSet):
            raise Refused(done)
        return json_reply(answer_prices(done))

    return await once(call, run)


def answer_prices(listed: ListedSet) -> UnitPricesAnswer:
    """A set of unit prices as it is answered."""
    prices = listed.prices
    return UnitPricesAnswer(
        prices.version,
        prices.made_at,
        round(listed.age_hours, 2),
        prices.finished_at,
        prices.lines,
        listed.is_in_force,
        listed.is_applied,
        prices.taken_back_at,
    )


_BODY: Final = Body(
    TypeAdapter(UnitPricesBody),
    {
        "made_at": "2026-11-23T04:00:00-05:00",
        "prices": [
            {"sku": "A-1001", "node": "ST-NYC", "minor": 412.5, "weekly_units": 3.2},
            {"sku": "A-1001", "node": "DC-PA", "minor": 0, "markdown_minor": 250},
        ],
        "last": True,
    },
)
_VERSION: Final = "forecast-2026-11-23"
_EXAMPLE: Final = answer_prices(
    ListedSet(PriceSet(1, _VERSION, AT - timedelta(hours=6), AT, 2), 6.0, is_in_force=True, is_applied=True)
)
_TAKEN_BACK: Final = answer_prices(
    ListedSet(PriceSet(1, _VERSION, AT - timedelta(hours=6), AT, 2, AT), 6.0, is_in_force=False, is_applied=False)
)

OPERATIONS = (
    Operation(
        method="PUT",
        path="/v1/unit-prices/{version}",
        name="put_unit_prices",
        summary="Publish what units are worth at nodes, in parts that decide together once the last one is there",
        tag="configuration",
        run=put_unit_prices,
        shown=(
            Shown(200, "The set with this part, or as it was already", UnitPricesAnswer, _EXAMPLE),
            Shown(201, "The set, begun", UnitPricesAnswer, _EXAMPLE),
        ),
        body=_BODY,
        query=NoQuery,
        scope="configuration:write",
        refusals=(
            Invalid((FieldFlaw("/prices/0/sku", "there is no item A-1001"),)),
            NotPossibleNow("change line 0 of unit prices", "finished"),
        ),
        path_examples=(("version", _VERSION),),
    ),
    Operation(
        method="GET",
        path="/v1/unit-prices",
        name="list_unit_prices",
        summary="List the sets of unit prices with their age, those made last first",
        tag="configuration",
        run=list_unit_prices,
        shown=(Shown(200, "A page of sets", Page[UnitPricesAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=PageQuery,
        scope="configuration:read",
    ),
    Operation(
        method="GET",
        path="/v1/unit-prices/{version}",
        name="list_unit_price_lines",
        summary="List the lines of a set of unit prices, by SKU and node",
        tag="configuration",
        run=list_lines,
        shown=(
            Shown(
                200,
                "A page of lines",
                Page[UnitPriceAnswer],
                Page((UnitPriceAnswer("A-1001", "ST-NYC", 412.5, None, 3.2),), None),
            ),
        ),
        body=NO_BODY,
        query=UnitPricesQuery,
        scope="configuration:read",
        refusals=(NotFound("set of unit prices", _VERSION),),
        path_examples=(("version", _VERSION),),
    ),
    Operation(
        method="POST",
        path="/v1/unit-prices/{version}/take-back",
        name="take_back_unit_prices",
        summary="Take a set of unit prices back: the one that was made before it decides again",
        tag="configuration",
        run=take_back,
        shown=(Shown(200, "The set, which decides nothing any more", UnitPricesAnswer, _TAKEN_BACK),),
        body=Body(TypeAdapter(TakeBackBody), {"reason": "The forecast missed the promotion"}),
        query=NoQuery,
        scope="configuration:write",
        refusals=(
            NotFound("set of unit prices", _VERSION),
            NotPossibleNow("take unit prices back", "unfinished"),
        ),
        path_examples=(("version", _VERSION),),
    ),
)
