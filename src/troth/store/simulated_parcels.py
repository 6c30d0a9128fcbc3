"""The books of the simulated carrier: its parcels, by the key under which they were asked for."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from troth.model.ids import LabelId, order_of_label
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_MAKE: Final = sql("make_simulated_parcel")
_READ: Final = sql("read_simulated_parcel")
_FIND: Final = sql("find_simulated_parcels")
_VOID: Final = sql("void_simulated_parcel")


@dataclass(frozen=True, slots=True)
class SimulatedParcel:
    """A parcel in the simulated carrier's books; it got it when its node said that it left (`shipped_at`)."""

    key: str
    tracking_number: str
    made_at: datetime
    promised_at: datetime
    is_abroad: bool
    from_city: str
    to_city: str
    voided_at: datetime | None = None
    shipped_at: datetime | None = None


async def make_parcel(
    connection: Connection, parcel: SimulatedParcel, *, carrier: str, service: str
) -> SimulatedParcel:
    """Make a parcel, or count that it was asked for once more; as it is in the books."""
    row: Any = await connection.fetchrow(
        _MAKE,
        parcel.key,
        order_of_label(LabelId(parcel.key)),
        carrier,
        parcel.tracking_number,
        service,
        parcel.made_at,
        parcel.promised_at,
        parcel.is_abroad,
        parcel.from_city,
        parcel.to_city,
    )
    return _parcel(row)


async def read_parcel(connection: Connection, key: str) -> SimulatedParcel | None:
    """The parcel of a key, if there is one."""
    row = await connection.fetchrow(_READ, key)
    return None if row is None else _parcel(row)


async def find_parcels(connection: Connection, tracking_numbers: Collection[str]) -> list[SimulatedParcel]:
    """The parcels of some numbers, as far as they are there."""
    return [_parcel(row) for row in await connection.fetch(_FIND, sorted(set(tracking_numbers)))]


async def void_parcel(connection: Connection, key: str, now: datetime) -> bool:
    """Make a parcel void; False where there is none under the key."""
    return await connection.fetchval(_VOID, key, now) is not None


def _parcel(row: Any) -> SimulatedParcel:
    return SimulatedParcel(*row.values())
