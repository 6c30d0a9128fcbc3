"""How many exceptions are open, counted where they are read from; nothing is read of any of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from troth.model.exceptions import ExceptionKind
from troth.model.ids import NodeId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.exception_candidates import LEFT_SINCE, NEEDED_SINCE, RELEASED_WITHIN
from troth.store.queries import sql
from troth.store.supply_exceptions import AWAITED_SINCE, BOOKED_WITHIN

_COUNT: Final = sql("count_exceptions")


@dataclass(frozen=True, slots=True)
class Counted:
    """How many exceptions of a kind are open, and since when the oldest of them is (None: there is none)."""

    count: int
    since: datetime | None


async def count_exceptions(
    connection: Connection, now: datetime, accepting: Collection[NodeId]
) -> dict[ExceptionKind, Counted]:
    """What needs a person now, by kind, what was put off as well; `accepting` are the nodes that have to accept."""
    rows = await connection.fetch(
        _COUNT,
        now,
        now - NEEDED_SINCE,
        now - RELEASED_WITHIN,
        sorted(accepting),
        now - LEFT_SINCE,
        now - BOOKED_WITHIN,
        now - AWAITED_SINCE,
    )
    counted = {ExceptionKind(row["kind"]): Counted(row["count"], row["since"]) for row in rows}
    return {kind: counted.get(kind, Counted(0, None)) for kind in ExceptionKind}
