"""What carriers are asked to pay for parcels that they lost or damaged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from troth.model.carrier_claim import CarrierClaim, CarrierClaimReason, CarrierClaimState
from troth.model.ids import FulfillmentId, OrderId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_OPEN = sql("open_carrier_claim")
_CLOSE = sql("close_carrier_claim")
_READ = sql("read_carrier_claim")
_FIND = sql("find_carrier_claims")


@dataclass(frozen=True, slots=True)
class CarrierClaimFilter:
    """Which claims; None: whatever."""

    state: CarrierClaimState | None = None
    carrier: str | None = None
    order_id: OrderId | None = None


async def write_carrier_claim(
    connection: Connection,
    order_id: OrderId,
    fulfillment_id: FulfillmentId,
    *,
    tracking_number: str,
    carrier: str,
    reason: CarrierClaimReason,
    amount_minor: int,
    currency: str,
    at: datetime,
    by: str,
) -> str | None:
    """The id of a claim that is opened; None where one of the parcel is open, or was paid."""
    claim_id: str | None = await connection.fetchval(
        _OPEN, order_id, fulfillment_id, tracking_number, carrier, reason.value, amount_minor, currency, at, by
    )
    return claim_id


async def end_carrier_claim(
    connection: Connection,
    one: CarrierClaim,
    state: CarrierClaimState,
    *,
    paid_minor: int,
    reference: str,
    at: datetime,
) -> bool:
    """End a claim; False where it has ended before."""
    row = await connection.fetchval(_CLOSE, one.order_id, one.claim_id, state.value, paid_minor, reference, at)
    return row is not None


async def read_carrier_claim(connection: Connection, claim_id: str) -> CarrierClaim | None:
    """A claim by its id, which begins with that of its order."""
    row = await connection.fetchrow(_READ, claim_id.rpartition("-K")[0], claim_id)
    return None if row is None else _claim(row)


async def find_carrier_claims(
    connection: Connection, wanted: CarrierClaimFilter, *, after: tuple[datetime, str] | None, limit: int
) -> Sequence[CarrierClaim]:
    """A page of claims, the oldest first."""
    at, claim_id = after or (None, None)
    state = None if wanted.state is None else wanted.state.value
    return [
        _claim(row)
        for row in await connection.fetch(_FIND, state, wanted.carrier, wanted.order_id, at, claim_id, limit)
    ]


def _claim(row: Any) -> CarrierClaim:
    return CarrierClaim(
        row["claim_id"],
        OrderId(row["order_id"]),
        FulfillmentId(row["fulfillment_id"]),
        row["tracking_number"],
        row["carrier"],
        CarrierClaimReason(row["reason"]),
        row["amount_minor"],
        row["currency"],
        row["opened_at"],
        row["opened_by"],
        CarrierClaimState(row["state"]),
        row["paid_minor"],
        row["reference"],
        row["closed_at"],
    )
