"""Which parcels a carrier means, by whatever it names them: a number, the work or the order that they are of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from troth.flows.memory.trackers import NamedBy, ToldCheckpoint
from troth.flows.orders.fulfill import find_tracked, read_works
from troth.model.ids import FulfillmentId, OrderId
from troth.model.order import Fulfillment, Order
from troth.model.value import dataclass
from troth.store.database import Pool
from troth.store.orders import find_orders_called, read_orders


@dataclass(frozen=True, slots=True)
class MeantParcel:
    """A parcel of some work, and the number under which something is told of it."""

    fulfillment_id: FulfillmentId
    number: str


async def find_meant(pool: Pool, carrier: str, told: Sequence[ToldCheckpoint]) -> list[tuple[MeantParcel, ...]]:
    """The parcels that each checkpoint is of: that of its tracking number, else those of the narrowest reference that
    is known. Of work, or of an order, they are all parcels that the carrier has; a name that several channels give is
    that of no order.
    """
    numbers = {one.tracking_number for one in told} | _names(told, NamedBy.NUMBER, NamedBy.PACKAGE)
    tracked = await find_tracked(pool, numbers - {""})
    left = [one for one in told if not any(name in tracked for name in _numbers_of(one))]
    works = await read_works(pool, map(FulfillmentId, _names(left, NamedBy.WORK)))
    orders = await _read_called(pool, _names(left, NamedBy.ORDER))
    return [tuple(_meant(one, carrier, tracked, works, orders)) for one in told]


def _meant(
    told: ToldCheckpoint,
    carrier: str,
    tracked: Mapping[str, FulfillmentId],
    works: Mapping[FulfillmentId, tuple[Order, Fulfillment]],
    orders: Mapping[str, Order],
) -> Iterator[MeantParcel]:
    for name in _numbers_of(told):
        if name in tracked:
            yield MeantParcel(tracked[name], name)
            return
    for reference in told.references:
        found: tuple[Fulfillment, ...] = ()
        if reference.by is NamedBy.WORK and reference.name in works:
            found = (works[FulfillmentId(reference.name)][1],)
        elif reference.by is NamedBy.ORDER and reference.name in orders:
            found = orders[reference.name].fulfillments
        parcels = tuple(chain.from_iterable(_parcels(work, carrier) for work in found))
        if parcels:
            yield from parcels
            return


def _parcels(work: Fulfillment, carrier: str) -> Iterator[MeantParcel]:
    """The parcels of some work that a carrier has, or of which nobody said who has them."""
    numbers: dict[str, None] = {}
    for package in work.packages:
        has_it = not package.carrier or package.carrier.lower() == carrier.lower()
        own = [number for number in package.numbers if number]
        if own and has_it:
            numbers[own[0]] = None
    yield from (MeantParcel(work.fulfillment_id, number) for number in numbers)


def _numbers_of(told: ToldCheckpoint) -> Iterator[str]:
    if told.tracking_number:
        yield told.tracking_number
    yield from (one.name for one in told.references if one.by in (NamedBy.NUMBER, NamedBy.PACKAGE))


def _names(told: Iterable[ToldCheckpoint], *by: NamedBy) -> set[str]:
    return {reference.name for one in told for reference in one.references if reference.by in by}


async def _read_called(pool: Pool, names: set[str]) -> dict[str, Order]:
    """The orders that channels call by some names, each where only one does."""
    if not names:
        return {}
    async with pool.acquire() as connection:
        called = await find_orders_called(connection, names)
        only: dict[str, OrderId] = {name: orders[0] for name, orders in called.items() if len(orders) == 1}
        orders = await read_orders(connection, only.values())
    return {name: orders[order_id] for name, order_id in only.items() if order_id in orders}
