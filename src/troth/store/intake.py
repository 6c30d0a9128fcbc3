"""Documents of the intake, from and to their rows."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from troth.model.exceptions import ConcernedUnits, ExceptionKind, OpenException, Source
from troth.model.ids import LineId, Sku
from troth.model.intake import IntakeDocument, IntakeState
from troth.model.order import Line
from troth.model.refusals import FieldFlaw
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

_WRITE: Final = sql("write_intake")
_READ: Final = sql("read_intake")
_FIND_WAITING: Final = sql("find_waiting_intake")
_FIND: Final = sql("find_intake")
_LOCK: Final = sql("lock_intake")


async def lock_content(connection: Connection, digest: str) -> None:
    """Keep everybody else from taking in the same content, until the transaction ends."""
    await connection.execute(_LOCK, digest)


async def write_intake(connection: Connection, document: IntakeDocument) -> bool:
    """Write a document; False, with nothing written, where it was changed by somebody else meanwhile."""
    written = await connection.fetchval(
        _WRITE,
        document.intake_id,
        document.version,
        document.state.value,
        document.entrance,
        document.channel,
        document.external_id,
        document.digest,
        document.body,
        encode(document.findings),
        document.currency,
        document.total_minor,
        document.times_received,
        document.received_at,
        document.received_by,
        document.order_id,
        document.changed_at,
        document.changed_by,
        document.reason,
    )
    return written is not None


async def read_intake(connection: Connection, intake_id: str) -> IntakeDocument | None:
    """One document; None where there is none."""
    row = await connection.fetchrow(_READ, intake_id)
    return None if row is None else _document(row)


async def find_waiting(connection: Connection, digest: str) -> IntakeDocument | None:
    """The document that waits with this content, if one does."""
    row = await connection.fetchrow(_FIND_WAITING, digest)
    return None if row is None else _document(row)


async def find_intake(
    connection: Connection,
    *,
    states: Collection[IntakeState],
    channel: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[IntakeDocument]:
    """A page of documents, the oldest first, after (received_at, intake_id) of the last seen."""
    at, intake_id = after or (None, None)
    rows = await connection.fetch(_FIND, sorted(states), channel, at, intake_id, limit)
    return [_document(row) for row in rows]


async def find_intake_exceptions(
    connection: Connection, *, channel: str | None = None, limit: int
) -> list[OpenException]:
    """What waits in the intake, as exceptions: at risk is what it comes to."""
    waiting = await find_intake(connection, states=(IntakeState.WAITING,), channel=channel, limit=limit)
    return [_exception(document) for document in waiting]


async def read_intake_exception(connection: Connection, intake_id: str) -> OpenException | None:
    """One document as an exception; None where it does not wait."""
    found = await read_intake(connection, intake_id)
    return None if found is None or found.state is not IntakeState.WAITING else _exception(found)


def _exception(document: IntakeDocument) -> OpenException:
    first = document.findings[0] if document.findings else FieldFlaw("", "it waits to be looked at")
    line = Line(LineId("1"), Sku(""), 1, document.total_minor)
    return OpenException(
        Source.INTAKE,
        ExceptionKind.INTAKE,
        document.intake_id,
        document.received_at,
        detail=f"{first.pointer} {first.detail}".strip(),
        version=document.version,
        channel=document.channel,
        external_id=document.external_id,
        currency=document.currency,
        lines=(ConcernedUnits(line, 1),),
    )


def _document(row: Any) -> IntakeDocument:
    return IntakeDocument(
        row["intake_id"],
        row["version"],
        IntakeState(row["state"]),
        row["entrance"],
        row["channel"],
        row["external_id"],
        row["digest"],
        row["body"],
        decode(row["findings"], tuple[FieldFlaw, ...]),
        row["currency"],
        row["total_minor"],
        row["times_received"],
        row["received_at"],
        row["received_by"],
        row["changed_at"],
        row["changed_by"],
        row["order_id"],
        row["reason"],
    )
