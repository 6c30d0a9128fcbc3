"""Sets of unit prices and their lines, from and to their rows."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from troth.model.ids import NodeId, Sku
from troth.model.prices import PriceLine, PriceSet
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_LOCK: Final = sql("lock_price_set")
_LOOK_UP: Final = sql("look_up_price_set")
_BEGIN: Final = sql("begin_price_set")
_FINISH: Final = sql("finish_price_set")
_UNKNOWN: Final = sql("find_unknown_places")
_WRITE: Final = sql("write_unit_prices")
_FIND_OTHER: Final = sql("find_other_unit_prices")
_IN_FORCE: Final = sql("read_price_set_in_force")
_SET: Final = sql("read_price_set")
_READ: Final = sql("read_unit_prices")
_FIND: Final = sql("find_price_sets")
_FIND_LINES: Final = sql("find_unit_prices")
_TAKE_BACK: Final = sql("take_back_price_set")
_DROP: Final = sql("drop_old_price_sets")
_DELETE_LINES: Final = sql("delete_dropped_unit_prices")
_DELETE_SETS: Final = sql("delete_dropped_price_sets")
_LAST_SALES: Final = sql("read_last_sales_change")


@dataclass(frozen=True, slots=True)
class KnownSet:
    """A set of prices as it stands: when it was made, since when it changes no more, whether it was let go of, and
    since when it is taken back.
    """

    set_id: int
    made_at: datetime
    finished_at: datetime | None
    is_dropped: bool
    lines: int | None
    taken_back_at: datetime | None = None


async def lock_price_set(connection: Connection, version: str) -> KnownSet | None:
    """The set of a version, if it was begun, kept from others until the transaction ends."""
    return _known(await connection.fetchrow(_LOCK, version))


async def look_up_price_set(connection: Connection, version: str) -> KnownSet | None:
    """The same without keeping it from others."""
    return _known(await connection.fetchrow(_LOOK_UP, version))


async def begin_price_set(connection: Connection, version: str, made_at: datetime, at: datetime) -> int:
    """Begin a set; its id."""
    set_id: int = await connection.fetchval(_BEGIN, version, made_at, at)
    return set_id


async def finish_price_set(connection: Connection, set_id: int, at: datetime) -> int:
    """Say that a set is complete; how many lines it has."""
    lines: int = await connection.fetchval(_FINISH, set_id, at)
    return lines


async def find_unknown_places(
    connection: Connection, lines: Sequence[PriceLine], *, limit: int
) -> list[tuple[int, bool, bool]]:
    """The positions of lines whose SKU or node is not there, with whether the item is and whether the node is."""
    rows = await connection.fetch(_UNKNOWN, [line.sku for line in lines], [line.node for line in lines], limit)
    return [(row["place"] - 1, row["has_item"], row["has_node"]) for row in rows]


async def write_unit_prices(connection: Connection, set_id: int, lines: Sequence[PriceLine]) -> None:
    """Write lines of a set, each of a SKU and node of its own."""
    await connection.execute(_WRITE, set_id, *_columns(lines))


async def find_other_lines(connection: Connection, set_id: int, lines: Sequence[PriceLine]) -> list[int]:
    """The positions of lines that a set does not have as they are."""
    return [row["place"] - 1 for row in await connection.fetch(_FIND_OTHER, set_id, *_columns(lines))]


async def read_set_in_force(connection: Connection) -> PriceSet | None:
    """The set that is in force; None where none is finished."""
    return _set(await connection.fetchrow(_IN_FORCE))


async def read_price_set(connection: Connection, version: str) -> PriceSet | None:
    """The finished set of a version; None where there is none any more."""
    return _set(await connection.fetchrow(_SET, version))


async def read_unit_prices(connection: Connection, set_id: int, skus: Collection[Sku]) -> list[PriceLine]:
    """What a set says of some SKUs."""
    return [_line(row) for row in await connection.fetch(_READ, set_id, sorted(skus))]


async def find_unit_prices(
    connection: Connection,
    set_id: int,
    *,
    sku: Sku | None = None,
    node: NodeId | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> list[PriceLine]:
    """A page of what a set says, by SKU and node, after a line."""
    return [
        _line(row) for row in await connection.fetch(_FIND_LINES, set_id, sku, node, *(after or (None, None)), limit)
    ]


async def take_back_price_set(connection: Connection, set_id: int, at: datetime) -> bool:
    """Take a finished set back; whether it was in use until then."""
    done: str = await connection.execute(_TAKE_BACK, set_id, at)
    return done.endswith(" 1")


async def find_price_sets(
    connection: Connection, *, after: tuple[datetime, int] | None = None, limit: int
) -> list[PriceSet]:
    """A page of sets, those made last first, after a position."""
    at, set_id = after or (None, None)
    rows = await connection.fetch(_FIND, at, set_id, limit)
    return [
        PriceSet(row["set_id"], row["version"], row["made_at"], row["finished_at"], row["lines"], row["taken_back_at"])
        for row in rows
    ]


async def delete_old_prices(
    connection: Connection, *, made_before: datetime, begun_before: datetime, at: datetime, limit: int
) -> None:
    """Let go of sets that were made before an instant and are not in force, and of those that were begun before
    another and never finished; at most so many lines at a time.
    """
    await connection.execute(_DROP, made_before, begun_before, at)
    await connection.execute(_DELETE_LINES, limit)
    await connection.execute(_DELETE_SETS)


async def read_last_sales_change(connection: Connection, skus: Iterable[Sku]) -> datetime | None:
    """When what nodes sell of some SKUs changed last; None where nothing is known of it."""
    at: datetime | None = await connection.fetchval(_LAST_SALES, sorted(skus))
    return at


def _columns(lines: Sequence[PriceLine]) -> tuple[list[Any], ...]:
    return (
        [line.sku for line in lines],
        [line.node for line in lines],
        [line.minor for line in lines],
        [line.markdown_minor for line in lines],
        [line.weekly_units for line in lines],
    )


def _known(row: Any) -> KnownSet | None:
    if row is None:
        return None
    is_dropped = row["dropped_at"] is not None
    return KnownSet(row["set_id"], row["made_at"], row["finished_at"], is_dropped, row["lines"], row["taken_back_at"])


def _line(row: Any) -> PriceLine:
    return PriceLine(Sku(row["sku"]), NodeId(row["node"]), row["minor"], row["markdown_minor"], row["weekly_units"])


def _set(row: Any) -> PriceSet | None:
    return None if row is None else PriceSet(row["set_id"], row["version"], row["made_at"])
