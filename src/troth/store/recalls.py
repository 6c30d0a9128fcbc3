"""Recalls of orders: a row each, with the request and its answer as one value."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from troth.model.ids import OrderId
from troth.model.lifecycle import RecallState
from troth.model.order import Order
from troth.model.recall import Recall
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

_WRITE = sql("write_recalls")
_FIND_OPEN = sql("find_open_recalls")


async def write_recalls(connection: Connection, changes: Iterable[tuple[Order | None, Order]]) -> None:
    """Write the recalls that are new or answered (orders before and after); it belongs into their transaction."""
    rows = [
        (
            after.order_id,
            one.recall_id,
            one.fulfillment_id,
            one.node,
            one.state.value,
            one.answer_by if one.state is RecallState.REQUESTED else None,
            encode(one),
        )
        for before, after in changes
        for one in after.recalls
        if before is None or one not in before.recalls
    ]
    if rows:
        await connection.execute(_WRITE, *zip(*rows, strict=True))


async def find_open_recalls(
    connection: Connection,
    *,
    node: str | None = None,
    after: tuple[datetime, str, str] | None = None,
    limit: int,
) -> list[tuple[OrderId, str]]:
    """A page of recalls that wait for an answer, the most urgent first, after (answer_by, order, recall)."""
    at, order_id, recall_id = after or (None, None, None)
    rows = await connection.fetch(_FIND_OPEN, node, at, order_id, recall_id, limit)
    return [(row["order_id"], row["recall_id"]) for row in rows]


def recall_of_row(row: Any) -> Recall:
    """What a row says."""
    return decode(row["document"], Recall)
