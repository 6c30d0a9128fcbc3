"""Trading partners as documents."""

from datetime import datetime
from typing import Any, Final

from troth.model.edi_partner import EdiPartner
from troth.store.codec import decode, encode
from troth.store.configure import Family
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.reference import Versioned

PARTNERS: Final[Family] = "edi-partners"

_READ = sql("read_edi_partner")
_READ_ALL = sql("read_edi_partners")
_FIND = sql("find_edi_partners")
_WRITE = sql("write_edi_partner")
_DELETE = sql("delete_edi_partner")


async def read_partner(connection: Connection, partner: str) -> Versioned[EdiPartner] | None:
    """One trading partner, if it is there."""
    row = await connection.fetchrow(_READ, partner)
    return _versioned(row) if row else None


async def read_partners(connection: Connection) -> list[EdiPartner]:
    """Every trading partner, by id."""
    return [_versioned(row).value for row in await connection.fetch(_READ_ALL)]


async def find_partners(connection: Connection, *, after: str | None, limit: int) -> list[Versioned[EdiPartner]]:
    """A page of trading partners by id, after the one given."""
    return [_versioned(row) for row in await connection.fetch(_FIND, after, limit)]


async def write_partner(connection: Connection, partner: EdiPartner, at: datetime) -> int:
    """Create or replace a trading partner; its version."""
    version: int = await connection.fetchval(_WRITE, partner.partner, encode(partner), at)
    return version


async def delete_partner(connection: Connection, partner: str) -> None:
    """Delete a trading partner; what was exchanged with it stays."""
    await connection.execute(_DELETE, partner)


def _versioned(row: Any) -> Versioned[EdiPartner]:
    return Versioned(decode(row["document"], EdiPartner), row["version"])
