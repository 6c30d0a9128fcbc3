"""Tamper evidence: each seal is a digest over the seal before it and every row written since, so that a changed row
shows.

The digest is BLAKE2b-256 of the digest before, then of each row's canonical text with its length in front. Who can
rewrite the rows can rewrite the seals as well, so each seal is logged too: a copy kept where the database's owner
cannot reach it is what makes the evidence.

*Source:* RFC 7693 (BLAKE2); S. Haber, W. S. Stornetta, "How to time-stamp a digital document", 1991, section 5
(linking).
"""

import logging
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import Final

from troth.model.value import dataclass
from troth.store.database import Connection, Pool, transaction
from troth.store.seals import (
    Seal,
    append_seal,
    find_seal_end,
    read_last_seal,
    read_sealed_rows,
    read_seals,
    try_sealing,
)
from troth.store.upkeep import lift_timeouts

EVENTS_MAX: Final = 100_000
_PAGE: Final = 500
_BEFORE_FIRST: Final = "00" * 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Broken:
    """A seal that does not fit the rows it covers, and what is known of why."""

    number: int
    sealed_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Verified:
    """How many seals and rows were looked at, and the seals that do not fit, in their order."""

    seals: int
    rows: int
    broken: tuple[Broken, ...]


async def seal_log(pool: Pool, now: datetime, *, events_max: int = EVENTS_MAX) -> Seal | None:
    """Seal what was written since the last seal and can no longer be joined by earlier rows; None where there is
    nothing.
    """
    async with transaction(pool) as connection:
        if not await try_sealing(connection):
            return None
        last = await read_last_seal(connection)
        begins = last.through_xid if last else 0
        ends = await find_seal_end(connection, begins, events_max=events_max)
        digest, rows = await _digest(connection, last.digest if last else _BEFORE_FIRST, begins, ends)
        if not rows:
            return None
        seal = Seal((last.number if last else 0) + 1, ends, rows, digest, now)
        await append_seal(connection, seal)
    _log.info(
        "sealed %d rows as seal %d with digest %s",
        rows,
        seal.number,
        digest,
        extra={"seal": seal.number, "digest": digest, "through_xid": ends},
    )
    return seal


async def verify_seals(pool: Pool, progress: Callable[[int], None] | None = None) -> Verified:
    """Recompute every seal from the rows as they now are; `progress` is told how many seals were looked at.

    Each is chained to the recorded digest before it, so that the first broken one does not hide whether the later ones
    fit.
    """
    broken, rows, last = [], 0, Seal(0, 0, 0, _BEFORE_FIRST, datetime.min)  # noqa: DTZ901 - never shown
    while page := await _read_page(pool, last.number):
        for seal in page:
            async with transaction(pool, read_only=True) as connection:
                await lift_timeouts(connection)
                digest, found = await _digest(connection, last.digest, last.through_xid, seal.through_xid)
            rows += found
            if seal.number != last.number + 1:
                broken.append(Broken(seal.number, seal.sealed_at, f"seal {last.number + 1} is missing before it"))
            elif found != seal.sealed_rows:
                broken.append(
                    Broken(seal.number, seal.sealed_at, f"covers {found} rows, sealed were {seal.sealed_rows}")
                )
            elif digest != seal.digest:
                broken.append(Broken(seal.number, seal.sealed_at, f"a row of its {found} was changed, or its digest"))
            last = seal
            if progress is not None:
                progress(last.number)
    return Verified(last.number, rows, tuple(broken))


async def _read_page(pool: Pool, after: int) -> list[Seal]:
    async with pool.acquire() as connection:
        return await read_seals(connection, after=after, limit=_PAGE)


async def _digest(connection: Connection, previous: str, begins: int, ends: int) -> tuple[str, int]:
    """The digest over the one before and the rows of the transactions [begins, ends); how many rows these are."""
    state = blake2b(bytes.fromhex(previous), digest_size=32)
    rows = 0
    async for canonical in read_sealed_rows(connection, begins, ends):
        state.update(len(canonical).to_bytes(8, "big"))
        state.update(canonical)
        rows += 1
    return state.hexdigest(), rows
