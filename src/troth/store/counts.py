"""Counts: the newest of each supply, and what they found more or less than the books said."""

from collections.abc import Collection, Iterable
from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.model.inventory import CountMark, SupplyKey
from troth.model.measure import half_up, scale_of
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_READ = sql("read_counts")
_WRITE = sql("write_counts")
_VARIANCES = sql("find_variances")
_SUMS = sql("sum_variances")


@dataclass(frozen=True, slots=True)
class Variance:
    """A count that found `units` more (or less) than the books said."""

    at: datetime
    seq: int
    sku: Sku
    node: NodeId
    units: int
    reason: str
    reference: str


@dataclass(frozen=True, slots=True)
class VarianceSum:
    """What counts found for one reason of what is sold in one measure, with so many decimals: how many counts there
    were, units more and less, and their balance at cost.
    """

    reason: str
    unit: str
    decimals: int
    counts: int
    units_more: int
    units_less: int
    cost_minor: int


async def read_counts(connection: Connection, keys: Collection[SupplyKey]) -> dict[SupplyKey, CountMark]:
    """The newest counts of these supplies on hand, as far as they were counted at all."""
    wanted = sorted(keys)
    rows = await connection.fetch(
        _READ, [key.sku for key in wanted], [key.node for key in wanted], [key.source for key in wanted]
    )
    marks = (
        CountMark(SupplyKey(row["sku"], row["node"], row["source"]), row["as_of"], row["on_hand"], row["reference"])
        for row in rows
    )
    return {mark.key: mark for mark in marks}


async def write_counts(connection: Connection, marks: Iterable[CountMark], at: datetime) -> None:
    """Keep counts as the newest of their supplies; one that is older than what is known changes nothing."""
    wanted = sorted(marks, key=lambda mark: mark.key)
    await connection.execute(
        _WRITE,
        [mark.key.sku for mark in wanted],
        [mark.key.node for mark in wanted],
        [mark.key.source for mark in wanted],
        [mark.as_of for mark in wanted],
        [mark.on_hand for mark in wanted],
        [mark.reference for mark in wanted],
        at,
    )


async def find_variances(
    connection: Connection,
    *,
    node: str | None,
    sku: str | None,
    since: datetime | None,
    before: tuple[datetime, int] | None = None,
    limit: int,
) -> list[Variance]:
    """A page of variances, newest first, before a position."""
    at, seq = before or (None, None)
    rows = await connection.fetch(_VARIANCES, node, sku, since, at, seq, limit)
    return [
        Variance(row["at"], row["seq"], row["sku"], row["node"], row["on_hand_delta"], row["reason"], row["reference"])
        for row in rows
    ]


async def sum_variances(
    connection: Connection, *, node: str | None, sku: str | None, since: datetime | None
) -> list[VarianceSum]:
    """The same variances, all of them, by reason and measure."""
    rows = await connection.fetch(_SUMS, node, sku, since)
    return [
        VarianceSum(
            row["reason"],
            row["unit"],
            row["decimals"],
            row["counts"],
            row["units_more"],
            row["units_less"],
            half_up(row["scaled_cost_minor"], scale_of(row["decimals"])),
        )
        for row in rows
    ]
