"""Whose turn it is at the folders of trading partners, and how each was last."""

from collections.abc import Sequence
from datetime import datetime

from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_CLAIM = sql("claim_edi_folders")
_HOLDS = sql("holds_edi_folder")
_FREE = sql("free_edi_folder")
_READ = sql("read_edi_exchange")


@dataclass(frozen=True, slots=True)
class EdiClaim:
    """The folder of a partner that this worker alone is at until `until`."""

    partner: str
    failures: int
    until: datetime


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """How many interchanges went each way, and how the folder was last: its failures in a row with the last error."""

    written: int
    received: int
    failures: int
    last_error: str
    attempt_at: datetime
    wrote_at: datetime | None
    read_at: datetime | None


async def claim_edi_folders(connection: Connection, partners: Sequence[str], *, seconds: float) -> list[EdiClaim]:
    """Claim the folders of partners whose turn it is, for some seconds; what others have claimed is left to them."""
    return [
        EdiClaim(row["partner_id"], row["failures"], row["claimed_until"])
        for row in await connection.fetch(_CLAIM, sorted(partners), seconds)
    ]


async def holds(connection: Connection, claim: EdiClaim) -> bool:
    """Whether a claim still holds."""
    return bool(await connection.fetchval(_HOLDS, claim.partner, claim.until))


async def free_edi_folder(
    connection: Connection,
    claim: EdiClaim,
    *,
    pause_seconds: float,
    failures: int,
    error: str,
    has_written: bool,
    has_read: bool,
) -> None:
    """Give a claim back: it is the folder's turn again after a pause."""
    await connection.execute(_FREE, claim.partner, claim.until, pause_seconds, failures, error, has_written, has_read)


async def read_exchange_state(connection: Connection, partner: str) -> ExchangeState | None:
    """How it went with a partner; None where nothing was exchanged yet."""
    row = await connection.fetchrow(_READ, partner)
    if row is None:
        return None
    return ExchangeState(
        row["number_out"],
        row["number_in"],
        row["failures"],
        row["last_error"],
        row["attempt_at"],
        row["wrote_at"],
        row["read_at"],
    )
