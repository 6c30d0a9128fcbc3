"""How many promises were kept, counted from the work that was delivered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_COUNT = sql("count_kept_promises")

KeptBy = Literal["node", "carrier", "service", "supply"]
"""By what works are told apart; by supply: whether they were promised from what was still to come."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The works of one name that were delivered: how many in time, in full (nothing of them was rejected or not found),
    both, and by what was promised first; the late ones were so late on average (None: none was).
    """

    name: str
    done: int
    on_time: int
    in_full: int
    on_time_in_full: int
    first_kept: int
    hours_late: float | None


async def count_kept_promises(
    connection: Connection, since: datetime, until: datetime, *, by: KeptBy, nodes: Sequence[str] | None = None
) -> list[Kept]:
    """How many promises were kept in a span, those of whom most is known first; only of some nodes, or of all."""
    rows = await connection.fetch(_COUNT, since, until, by, None if nodes is None else list(nodes))
    return [
        Kept(
            row["name"],
            row["done"],
            row["on_time"],
            row["in_full"],
            row["on_time_in_full"],
            row["first_kept"],
            row["hours_late"],
        )
        for row in rows
    ]
