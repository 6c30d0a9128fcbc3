"""Planned releases of orders, and the waves that take them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from troth.engine.asked import find_priority
from troth.engine.waves.wave_times import read_wave_id
from troth.engine.waves.waves import NOTHING, Amount, Waiting
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.lifecycle import AllocationState, WaveState
from troth.model.order import Order
from troth.model.release import PlannedRelease, WaveTake
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_DELETE = sql("delete_planned_releases")
_WRITE = sql("write_planned_releases")
_COUNT = sql("count_waves")
_TRY = sql("try_waves")
_FIND_DUE = sql("find_due_waves")
_READ_WAITING = sql("read_waiting")
_READ = sql("read_waves")
_LOCK = sql("lock_wave")
_WRITE_WAVE = sql("write_wave")
_FIND_PLANNED = sql("find_planned_orders")
_FIND_SINCE = sql("find_waves_since")
_FIND_LATE = sql("find_late_releases")


@dataclass(frozen=True, slots=True)
class Wave:
    """How a wave stands: what it has taken so far, and what a person did to it last."""

    wave: str
    at: datetime
    state: WaveState = WaveState.OPEN
    taken: Amount = NOTHING
    changed_at: datetime | None = None
    changed_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LateRelease:
    """Work that is still to be released although its node has to begin."""

    order_id: OrderId
    node: NodeId
    planned: PlannedRelease
    promised_at: datetime


async def write_planned(connection: Connection, orders: Iterable[Order]) -> None:
    """Write what of some orders is planned, in place of what was; it belongs into the transaction that writes them."""
    changed = list(orders)
    await connection.execute(_DELETE, [order.order_id for order in changed])
    rows = [row for order in changed for row in _rows(order)]
    if rows:
        await connection.execute(_WRITE, *zip(*rows, strict=True))


async def count_takes(connection: Connection, takes: Iterable[WaveTake]) -> None:
    """Add to what waves have taken; it belongs into the transaction that takes it."""
    sums: dict[str, list[int]] = {}
    for take in takes:
        row = sums.setdefault(take.wave, [0, 0, 0])
        for at, more in enumerate((take.works, take.lines, take.units)):
            row[at] += more
    times = {wave: found[2] for wave in sums if (found := read_wave_id(wave)) is not None}
    rows = [(wave, times[wave], *sums[wave]) for wave in sorted(times)]
    await connection.execute(_COUNT, *zip(*rows, strict=True))


async def try_waves(connection: Connection) -> bool:
    """Take the right to run waves until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def find_due_waves(connection: Connection, now: datetime, *, limit: int) -> list[str]:
    """The waves with work whose time has come and which nobody holds, the earliest first."""
    return [row["wave"] for row in await connection.fetch(_FIND_DUE, now, limit)]


async def read_waiting(connection: Connection, wave: str, at: datetime, *, limit: int) -> list[Waiting]:
    """The work that is planned into a wave, in its turn."""
    return [
        Waiting(
            row["order_id"],
            row["fulfillment_id"],
            row["latest_at"],
            row["promised_at"],
            row["priority"],
            row["lines"],
            row["units"],
        )
        for row in await connection.fetch(_READ_WAITING, wave, at, limit)
    ]


async def read_waves(connection: Connection, waves: Sequence[str]) -> dict[str, Wave]:
    """How some waves stand; those that nothing was done to and that have taken nothing are left out."""
    return {row["wave"]: _wave(row) for row in await connection.fetch(_READ, list(waves))}


async def lock_wave(connection: Connection, wave: str) -> Wave | None:
    """How a wave stands, locked until the transaction ends; None where nothing was done to it."""
    row = await connection.fetchrow(_LOCK, wave)
    return None if row is None else _wave(row)


async def write_wave(connection: Connection, wave: Wave) -> None:
    """Write what a person did to a wave."""
    await connection.execute(
        _WRITE_WAVE, wave.wave, wave.at, wave.state.value, wave.changed_at, wave.changed_by, wave.reason
    )


async def find_planned_orders(connection: Connection, *, until: datetime, limit: int) -> list[OrderId]:
    """The orders of which something is planned to be released until an instant, the earliest first."""
    return [row["order_id"] for row in await connection.fetch(_FIND_PLANNED, until, limit)]


async def find_waves(connection: Connection, *, since: datetime, until: datetime, limit: int) -> list[Wave]:
    """The waves between two instants that were changed or have taken anything, the earliest first."""
    return [_wave(row) for row in await connection.fetch(_FIND_SINCE, since, until, limit)]


async def find_late_releases(
    connection: Connection,
    by: datetime,
    *,
    node: NodeId | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[LateRelease]:
    """A page of work that is not released although its node has to begin by an instant, the most urgent first."""
    at, last = after or (None, None)
    return [
        LateRelease(
            row["order_id"],
            row["node"],
            PlannedRelease(row["fulfillment_id"], row["release_at"], row["latest_at"], row["wave"]),
            row["promised_at"],
        )
        for row in await connection.fetch(_FIND_LATE, by, node, at, last, limit)
    ]


def planned_of_row(row: Any) -> PlannedRelease:
    """What a row says."""
    return PlannedRelease(FulfillmentId(row["fulfillment_id"]), row["release_at"], row["latest_at"], row["wave"])


def _wave(row: Any) -> Wave:
    return Wave(
        row["wave"],
        row["release_at"],
        WaveState(row["state"]),
        Amount(row["orders"], row["lines"], row["units"]),
        row["changed_at"],
        row["changed_by"],
        row["reason"],
    )


def _rows(order: Order) -> Iterable[tuple[Any, ...]]:
    works = {work.fulfillment_id: work for work in order.fulfillments}
    for planned in order.planned:
        work = works[planned.fulfillment_id]
        parts = [
            part
            for part in order.allocations
            if part.fulfillment_id == work.fulfillment_id and part.state is AllocationState.RESERVED
        ]
        yield (
            order.order_id,
            work.fulfillment_id,
            work.node,
            planned.at,
            planned.latest,
            planned.wave,
            work.promised_at,
            find_priority(order.attributes),
            len({part.line_id for part in parts}),
            sum(part.quantity for part in parts),
        )
