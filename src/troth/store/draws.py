"""What orders have taken of protections and quotas, from its rows."""

from collections.abc import Iterable
from typing import Any, Final

from troth.model.exposure import Draw
from troth.store.database import Connection
from troth.store.queries import sql

_CREATE: Final = sql("create_draws")
_READ: Final = sql("read_draws")
_MOVED: Final = sql("find_moved_draws")


async def create_draws(connection: Connection, draws: Iterable[Draw]) -> None:
    """Create the counts that do not exist yet, at nothing."""
    await connection.execute(_CREATE, *zip(*(draw_row(draw) for draw in sorted(draws)), strict=True))


async def read_draws(connection: Connection, rules: Iterable[str]) -> list[tuple[Draw, int]]:
    """What is counted by some rules, named as document/rule."""
    return [_draw(row) for row in await connection.fetch(_READ, sorted(rules))]


async def find_moved_draws(connection: Connection, position: int) -> list[tuple[Draw, int]]:
    """The counts that transactions since a position have moved, as they are now."""
    return [_draw(row) for row in await connection.fetch(_MOVED, position)]


def draw_row(draw: Draw) -> tuple[str, str, str, str, str]:
    """A draw as the columns of its key."""
    return draw.sku, draw.rule, draw.node, draw.holder, draw.period


def _draw(row: Any) -> tuple[Draw, int]:
    return Draw(row["rule"], row["sku"], row["node"], row["holder"], row["period"]), row["used"]
