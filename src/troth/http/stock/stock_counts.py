"""Stock that is counted, line by line, and what the counts found more or less than the books said."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.stock.stock import Counted, count
from troth.http.edge.body import Body, Id, Instant, LotName, Name, NoQuery, Query, Strict, Text
from troth.http.edge.bounds import choose_bound
from troth.http.edge.idempotency import key_of
from troth.http.edge.line_results import LineResultAnswer, LineResultsAnswer, line_results_reply
from troth.http.edge.measures import Given, Measured, Scaling, Units, known_items, summed
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.sifted import Sifted
from troth.http.edge.values import Instant as At
from troth.http.edge.values import MoneyAnswer, money
from troth.http.stock.inventory import LINES_MAX, UNITS_MAX, LastDay
from troth.model.ids import NodeId, Sku
from troth.model.inventory import VarianceReason
from troth.model.item import Item
from troth.model.measure import PIECE, half_up, scale_of, shown
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.counts import Variance, VarianceSum, find_variances, sum_variances

_REASONS: Final = ", ".join(f"`{reason}`" for reason in VarianceReason)


class CountBody(Strict):
    """Units that were found of one SKU, or of one lot of it."""

    sku: Id
    on_hand: Annotated[Given, Measured(-UNITS_MAX, UNITS_MAX)]
    lot: LotName | None = None
    expires_on: LastDay = None
    node: Annotated[Id | None, Field(description="Where it is not the node of the whole count.")] = None
    reason: Annotated[
        Name | None, Field(description=f"Why it is not what the books say, as far as it is known: one of {_REASONS}.")
    ] = None
    counted_by: Annotated[Text, Field(description="Where it is not who made the whole count.")] = ""


class CountsBody(Strict):
    """Counts taken at one time, mostly of one node; what moved since is added."""

    node: Annotated[Id | None, Field(description="The node of all lines that name none themselves.")] = None
    as_of: Annotated[Instant, Field(description="When it was counted.")]
    counts: Annotated[tuple[CountBody, ...], Field(min_length=1, max_length=LINES_MAX)]
    reference: Text = ""
    counted_by: Text = ""


class VariancesQuery(PageQuery):
    """Which variances."""

    node: Annotated[Text | None, Field(examples=["DC-PA"])] = None
    sku: Annotated[Text | None, Field(examples=["A-1001"])] = None
    since: Annotated[Instant | None, Field(description="Only those that were booked from then on.")] = None


class VarianceSumsQuery(Query):
    """Of which variances."""

    node: Annotated[Text | None, Field(examples=["DC-PA"])] = None
    sku: Annotated[Text | None, Field(examples=["A-1001"])] = None
    since: Annotated[Instant | None, Field(description="Only those that were booked from then on.")] = None


class VarianceAnswer(msgspec.Struct, frozen=True):
    """A count that found `units` more (or less) than the books, and what they are worth at cost."""

    at: At
    sku: str
    node: str
    units: Units
    cost: MoneyAnswer
    reason: str
    reference: str


class MeasuredVariance(msgspec.Struct, frozen=True):
    """Units more and less of items that are sold by one measure."""

    unit: str
    units_more: Units
    units_less: Units


class VarianceSumAnswer(msgspec.Struct, frozen=True):
    """What counts found for one reason: pieces in `units_more` and `units_less`, what is sold by measure in `measured`;
    `cost` is the balance of all of it at cost.
    """

    reason: str
    counts: int
    units_more: int
    units_less: int
    measured: tuple[MeasuredVariance, ...]
    cost: MoneyAnswer


class VarianceSumsAnswer(msgspec.Struct, frozen=True):
    """Variances by reason."""

    reasons: tuple[VarianceSumAnswer, ...]


async def post_counts(call: Call[CountsBody, NoQuery]) -> Reply:
    """Set stock to what was counted."""
    body = call.body
    items = await known_items(call, [line.sku for line in body.counts])
    sifted = Sifted(body.counts, call.flawed)
    lines = []
    for place, line in list(sifted.lines.items()):
        scaling = Scaling()
        on_hand = scaling.of_item(line.on_hand, items.get(Sku(line.sku)), "/on_hand")
        flaws = (*_find_flaws(line, body), *scaling.flaws)
        sifted.refuse(place, flaws)
        if not flaws:
            lines.append(
                Counted(
                    Sku(line.sku),
                    on_hand,
                    None if line.node is None else NodeId(line.node),
                    line.reason or VarianceReason.UNKNOWN,
                    line.counted_by or body.counted_by,
                    lot=line.lot or "",
                    expires_on=line.expires_on,
                )
            )
    done = await count(
        call.system,
        None if body.node is None else NodeId(body.node),
        body.as_of,
        lines,
        actor=call.actor,
        reference=body.reference,
        key=key_of(call),
        places=sifted.places,
    )
    has_own_nodes = any(line.node is not None for line in body.counts)
    shared = ("/as_of",) if has_own_nodes or body.node is None else ("/as_of", "/node")
    return line_results_reply(sifted.results(done) if isinstance(done, tuple) else done, "/counts", shared=shared)


def _find_flaws(line: CountBody, body: CountsBody) -> Iterator[FieldFlaw]:
    if line.node is None and body.node is None:
        yield FieldFlaw("/node", "is required where the whole count has none")
    if line.reason is not None and line.reason not in VarianceReason.__members__.values():
        yield FieldFlaw("/reason", f"there is no reason {line.reason}; there are {', '.join(VarianceReason)}")


async def list_variances(call: Call[Nothing, VariancesQuery]) -> Reply:
    """A page of variances, newest first."""
    asked = call.query
    node = choose_bound(call.actor.nodes, asked.node, "node")
    async with call.system.pool.acquire() as connection:
        found = await find_variances(
            connection,
            node=node,
            sku=asked.sku,
            since=asked.since,
            before=decode_cursor(asked.cursor, tuple[datetime, Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]]),
            limit=asked.limit + 1,
        )
    reference = call.system.door.reference
    await reference.need_items({one.sku for one in found})
    items = reference.items
    currency = reference.policy.currency
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: _answer(one, items.get(one.sku), currency),
        position=lambda one: (one.at, one.seq),
    )


async def sum_up_variances(call: Call[Nothing, VarianceSumsQuery]) -> Reply:
    """Variances by reason."""
    asked = call.query
    node = choose_bound(call.actor.nodes, asked.node, "node")
    async with call.system.pool.acquire() as connection:
        sums = await sum_variances(connection, node=node, sku=asked.sku, since=asked.since)
    currency = call.system.door.reference.policy.currency
    by_reason = groupby(sums, key=attrgetter("reason"))
    return json_reply(
        VarianceSumsAnswer(tuple(_answer_sum(reason, list(some), currency) for reason, some in by_reason))
    )


def _answer(variance: Variance, item: Item | None, currency: str) -> VarianceAnswer:
    cost_minor, decimals = (0, 0) if item is None else (item.cost_minor, item.decimals)
    return VarianceAnswer(
        variance.at,
        variance.sku,
        variance.node,
        shown(variance.units, decimals),
        money(half_up(variance.units * cost_minor, scale_of(decimals)), currency),
        variance.reason,
        variance.reference,
    )


def _answer_sum(reason: str, sums: Sequence[VarianceSum], currency: str) -> VarianceSumAnswer:
    pieces = [one for one in sums if one.unit == PIECE]
    by_measure = groupby((one for one in sums if one.unit != PIECE), key=attrgetter("unit"))
    return VarianceSumAnswer(
        reason,
        sum(one.counts for one in sums),
        sum(one.units_more for one in pieces),
        sum(one.units_less for one in pieces),
        tuple(_measured(unit, list(some)) for unit, some in by_measure),
        money(sum(one.cost_minor for one in sums), currency),
    )


def _measured(unit: str, sums: Sequence[VarianceSum]) -> MeasuredVariance:
    return MeasuredVariance(
        unit,
        summed(shown(one.units_more, one.decimals) for one in sums),
        summed(shown(one.units_less, one.decimals) for one in sums),
    )


_EXAMPLE: Final = LineResultsAnswer(1, 0, (LineResultAnswer(0, ok=True, problem=None),))
_COUNTS: Final = Body(
    TypeAdapter(CountsBody),
    {
        "node": "DC-PA",
        "as_of": "2026-11-23T06:30:00-05:00",
        "counts": [{"sku": "A-1001", "on_hand": 38, "reason": "damaged", "counted_by": "Ann"}],
        "reference": "CYCLE-47",
    },
    lines="counts",
)
_VARIANCE: Final = Variance(
    datetime.fromisoformat("2026-11-23T06:31:00-05:00"),
    1,
    Sku("A-1001"),
    NodeId("DC-PA"),
    -2,
    VarianceReason.DAMAGED,
    "CYCLE-47",
)
_ITEM: Final = Item(Sku("A-1001"), cost_minor=800)
_SUM: Final = VarianceSum(VarianceReason.DAMAGED, PIECE, 0, counts=1, units_more=0, units_less=2, cost_minor=-1600)

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/inventory/counts",
        name="post_counts",
        summary="Set stock to what was counted, plus what moved since",
        tag="inventory",
        run=post_counts,
        shown=(Shown(200, "What became of every line; at least one was accepted", LineResultsAnswer, _EXAMPLE),),
        body=_COUNTS,
        query=NoQuery,
        scope="inventory:write",
        refusals=(Invalid((FieldFlaw("/as_of", "a count cannot have been taken in the future"),)),),
    ),
    Operation(
        method="GET",
        path="/v1/inventory/variances",
        name="list_variances",
        summary="List what counts found more or less than the books said, newest first",
        tag="inventory",
        run=list_variances,
        shown=(
            Shown(200, "A page of variances", Page[VarianceAnswer], Page((_answer(_VARIANCE, _ITEM, "USD"),), None)),
        ),
        body=NO_BODY,
        query=VariancesQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
    Operation(
        method="GET",
        path="/v1/inventory/variances/summary",
        name="sum_variances",
        summary="Sum up by reason what counts found, in units and at cost",
        tag="inventory",
        run=sum_up_variances,
        shown=(
            Shown(200, "The sums", VarianceSumsAnswer, VarianceSumsAnswer((_answer_sum(_SUM.reason, (_SUM,), "USD"),))),
        ),
        body=NO_BODY,
        query=VarianceSumsQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
)
