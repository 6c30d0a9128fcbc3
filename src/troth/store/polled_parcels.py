"""The parcels on their way, and when their carrier is asked where they are."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.model.ids import FulfillmentId, OrderId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_TRY = sql("try_following_parcels")
_WRITE = sql("write_polled_parcels")
_FORGET_WORKS = sql("forget_polled_works")
_CLAIM = sql("claim_polled_parcels")
_FREE = sql("free_polled_parcels")
_FORGET = sql("forget_polled_parcels")

READER: Final = "polled parcels"


@dataclass(frozen=True, slots=True)
class PolledParcel:
    """A parcel of work of an order, that was shipped at a time."""

    order_id: OrderId
    fulfillment_id: FulfillmentId
    tracking_number: str
    shipped_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedParcels:
    """Parcels of one carrier that nobody else asks about until an instant."""

    parcels: tuple[PolledParcel, ...]
    until: datetime


async def try_following_parcels(connection: Connection) -> bool:
    """Take the right to follow the log until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def write_polled(connection: Connection, found: Sequence[tuple[PolledParcel, str]]) -> None:
    """Add parcels with their carriers, to be asked about at once; those that are known stay as they are."""
    rows = [
        (one.order_id, one.fulfillment_id, one.tracking_number, carrier, one.shipped_at, one.shipped_at)
        for one, carrier in found
    ]
    if rows:
        await connection.execute(_WRITE, *map(list, zip(*rows, strict=True)))


async def forget_works(connection: Connection, works: Collection[tuple[OrderId, FulfillmentId]]) -> None:
    """Ask no more about the parcels of works."""
    ordered = sorted(works)
    await connection.execute(_FORGET_WORKS, [order_id for order_id, _ in ordered], [name for _, name in ordered])


async def claim_polled(
    connection: Connection, carrier: str, now: datetime, *, seconds: float, limit: int
) -> ClaimedParcels | None:
    """Claim parcels of a carrier about which it is to be asked; None where there are none."""
    rows = await connection.fetch(_CLAIM, carrier, now, seconds, limit)
    if not rows:
        return None
    parcels = [
        PolledParcel(
            OrderId(row["order_id"]), FulfillmentId(row["fulfillment_id"]), row["tracking_number"], row["shipped_at"]
        )
        for row in rows
    ]
    ordered = sorted(parcels, key=lambda one: (one.tracking_number, one.order_id, one.fulfillment_id))
    return ClaimedParcels(tuple(ordered), rows[0]["claimed_until"])


async def free_polled(
    connection: Connection, claim: ClaimedParcels, ask_at: Mapping[PolledParcel, datetime | None] | None
) -> None:
    """Give a claim back: each parcel is asked about again then (None: not any more). Without instants (None) they are
    asked about again as soon as somebody does: nothing was answered.
    """
    ended = [] if ask_at is None else [one for one in claim.parcels if ask_at[one] is None]
    kept = [one for one in claim.parcels if ask_at is None or ask_at[one] is not None]
    if ended:
        await connection.execute(_FORGET, *_keys(ended), claim.until)
    if kept:
        instants = [None if ask_at is None else ask_at[one] for one in kept]
        await connection.execute(_FREE, *_keys(kept), instants, claim.until)


def _keys(parcels: Sequence[PolledParcel]) -> tuple[list[str], list[str], list[str]]:
    return (
        [one.order_id for one in parcels],
        [one.fulfillment_id for one in parcels],
        [one.tracking_number for one in parcels],
    )
