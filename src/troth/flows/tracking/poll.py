"""Asking carriers where parcels are, those that do not say so unasked.

Each carrier is asked for itself, so one that is away holds up no other. A worker claims parcels of it for a while, asks
with no connection to the database held, records what is new through the write door, and says when to ask again. Whoever
dies in between leaves a claim that lapses: the carrier is asked once more, and what is known by then is recorded no
second time.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.engine.tracking.asking import ask_again_at
from troth.engine.tracking.parcels import standing_of, tracked_packages
from troth.flows.door.requests import Request
from troth.flows.door.system import System
from troth.flows.memory.trackers import Poller, Silent, ToldCheckpoint
from troth.model.commands import RecordTracking
from troth.model.events import FulfillmentDelivered, FulfillmentShipped
from troth.model.ids import OrderId
from troth.model.order import Order
from troth.model.tracking import Checkpoint
from troth.store.database import Pool, transaction
from troth.store.events import read_events_of_kinds
from troth.store.orders import read_orders
from troth.store.polled_parcels import (
    READER,
    PolledParcel,
    claim_polled,
    forget_works,
    free_polled,
    try_following_parcels,
    write_polled,
)
from troth.store.watch import advance, read_position

EVENTS_MAX: Final = 2_000
CLAIM_SECONDS: Final = 120.0
_KINDS: Final = ("FulfillmentShipped", "FulfillmentDelivered")


async def follow_parcels(pool: Pool, carriers: Collection[str], *, limit: int = EVENTS_MAX) -> int:
    """Have parcels asked about that were shipped with some carriers, and those that arrived no longer, as the next
    events of the log say; how many events were read.
    """
    async with transaction(pool) as connection:
        if not await try_following_parcels(connection):
            return 0
        position = await read_position(connection, READER)
        page = await read_events_of_kinds(connection, position, kinds=_KINDS, limit=limit)
        if not page.looked_at:
            return 0
        arrived = {
            (OrderId(logged.subject), logged.event.fulfillment_id)
            for logged in page.events
            if isinstance(logged.event, FulfillmentDelivered)
        }
        shipped = [
            (PolledParcel(OrderId(logged.subject), event.fulfillment_id, number, event.at), carrier)
            for logged in page.events
            if isinstance(event := logged.event, FulfillmentShipped)
            and (OrderId(logged.subject), event.fulfillment_id) not in arrived
            for number, carrier in {one.tracking_number: one.carrier.lower() for one in event.packages}.items()
            if number and carrier in carriers
        ]
        await write_polled(connection, shipped)
        await forget_works(connection, arrived)
        await advance(connection, READER, position, page.end)
    return page.looked_at


async def poll_carrier(system: System, carrier: str, poller: Poller) -> int | Silent:
    """Ask a carrier about as many parcels as it takes at a time, of those that are due; how many they were, or that it
    did not answer: then they stay due.
    """
    async with system.pool.acquire() as connection:
        claim = await claim_polled(
            connection, carrier, system.door.now(), seconds=CLAIM_SECONDS, limit=poller.numbers_max
        )
    if claim is None:
        return 0
    told = await poller.ask(list(dict.fromkeys(one.tracking_number for one in claim.parcels)))
    if isinstance(told, Silent):
        async with system.pool.acquire() as connection:
            await free_polled(connection, claim, None)
        return told
    names = {one.order_id for one in claim.parcels}
    async with system.pool.acquire() as connection:
        before = await read_orders(connection, names)
    commands = tuple(_news(claim.parcels, before, carrier, told, system.door.now()))
    if commands:
        await system.door.submit(Request(commands, f"carrier/{carrier}", "carrier asked"))
    async with system.pool.acquire() as connection:
        after = await read_orders(connection, names)
        now = system.door.now()
        await free_polled(connection, claim, {one: _again_at(one, after, now, poller.speed) for one in claim.parcels})
    return len(claim.parcels)


def _news(
    parcels: Sequence[PolledParcel],
    orders: Mapping[OrderId, Order],
    carrier: str,
    told: Sequence[ToldCheckpoint],
    now: datetime,
) -> Iterator[RecordTracking]:
    """What is to be recorded of what a carrier told: not what is known, and not what has not happened yet. That comes
    again with a later answer, and then it has.
    """
    for parcel in parcels:
        known = {one.key for one in _checkpoints(parcel, orders)}
        stands = {(status, place) for status, _, place in known}
        for one in told:
            if one.tracking_number != parcel.tracking_number or (one.at is not None and one.at > now):
                continue
            # Without a time it is told of the moment, and is news once.
            is_known = (one.status, one.place) in stands if one.at is None else (one.status, one.at, one.place) in known
            if not is_known:
                yield RecordTracking(
                    parcel.fulfillment_id,
                    carrier,
                    one.tracking_number,
                    one.status,
                    one.at or now,
                    one.place,
                    one.estimated_delivery_at,
                    one.told,
                    one.proof,
                )


def _again_at(parcel: PolledParcel, orders: Mapping[OrderId, Order], now: datetime, speed: float) -> datetime | None:
    standing = standing_of(_checkpoints(parcel, orders))
    return ask_again_at(standing, shipped_at=parcel.shipped_at, now=now, speed=speed)


def _checkpoints(parcel: PolledParcel, orders: Mapping[OrderId, Order]) -> tuple[Checkpoint, ...]:
    """What is known of a parcel."""
    order = orders.get(parcel.order_id)
    works = () if order is None else order.fulfillments
    return tuple(
        one
        for work in works
        if work.fulfillment_id == parcel.fulfillment_id
        for package in tracked_packages(work, parcel.tracking_number)
        for one in package.checkpoints
    )
