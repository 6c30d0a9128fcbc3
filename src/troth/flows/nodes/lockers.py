"""Lockers as they are: what lies in which compartment, what is still to be laid there, and what is free when."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from troth.engine.demand.lockers import local_date
from troth.engine.pickups.codes import pickup_code
from troth.flows.door.system import System
from troth.model.capacity import LockerStay, Slot
from troth.model.ids import FulfillmentId, NodeId
from troth.model.lifecycle import STAYING, AllocationState
from troth.model.locker import Locker
from troth.model.network import Node
from troth.model.order import Fulfillment, Order
from troth.model.status import fulfillment_status
from troth.model.value import dataclass
from troth.model.ways import pickup_of, stay_of
from troth.store.node_days import read_node_days
from troth.store.store_floor import find_in_locker

_STAYING: Final = sorted(STAYING)
_SHOWN_MAX: Final = 2_000
_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Lying:
    """A work that takes a compartment of a locker, and how it stands."""

    order: Order
    work: Fulfillment
    stay: LockerStay
    status: AllocationState

    @property
    def kept_until(self) -> datetime | None:
        """Until when it waits for its customer; None: it does not lie there."""
        return pickup_of(self.order, self.work).ends_at


@dataclass(frozen=True, slots=True)
class SizeDay:
    """How many compartments of a size (by position) are promised on a day, and how many are not."""

    size: int
    day: date
    promised: int
    free: int


@dataclass(frozen=True, slots=True)
class LockerNow:
    """A locker: what lies in it, by compartment, what is still to be laid there, and the sizes of its next days."""

    node: Node
    locker: Locker
    lying: tuple[Lying, ...]
    coming: tuple[Lying, ...]
    days: tuple[SizeDay, ...]

    @property
    def by_number(self) -> Mapping[int, Lying]:
        """What lies in each compartment that is not empty."""
        return {one.stay.number: one for one in self.lying}


async def read_locker(system: System, node: Node, now: datetime) -> LockerNow | None:
    """What is known of a locker; None: the node is none."""
    locker = node.locker
    if locker is None:
        return None
    first = local_date(system.door.reference.network, node.node, now)
    async with system.pool.acquire() as connection:
        works = _staying(await find_in_locker(connection, node.node, _STAYING, limit=_SHOWN_MAX))
        used = dict(await read_node_days(connection, first, nodes=(node.node,)))
    days = tuple(
        SizeDay(at, day, promised, max(0, len(size.numbers) - promised))
        for day in (first + timedelta(days=number) for number in range(_DAYS))
        for at, size in enumerate(locker.sizes)
        for promised in (used.get(Slot(node.node, day, at), 0),)
    )
    lying = sorted((one for one in works if one.stay.number), key=_by_number)
    return LockerNow(node, locker, tuple(lying), tuple(one for one in works if not one.stay.number), days)


async def find_staying(system: System, node: NodeId, name: FulfillmentId) -> Lying | None:
    """A work that takes a compartment of a locker, whether it lies there yet or not; None: it takes none."""
    async with system.pool.acquire() as connection:
        found = _staying(await find_in_locker(connection, node, _STAYING, limit=_SHOWN_MAX))
    return next((one for one in found if one.work.fulfillment_id == name), None)


async def find_lying(system: System, node: NodeId, *, number: int | None, code: str | None) -> tuple[Lying, ...]:
    """What lies in a compartment of a locker (None: in any), and has a code (None: whatever its code is)."""
    async with system.pool.acquire() as connection:
        found = _staying(await find_in_locker(connection, node, _STAYING, limit=_SHOWN_MAX))
    return tuple(
        one
        for one in found
        if one.stay.number
        and (number is None or one.stay.number == number)
        and (number is not None or code is None or pickup_code(one.order, one.work.fulfillment_id) == code)
    )


def _staying(works: Sequence[tuple[Order, Fulfillment]]) -> list[Lying]:
    stays = [(order, work, stay_of(order, work)) for order, work in works]
    return [
        Lying(order, work, stay, fulfillment_status(order, work.fulfillment_id))
        for order, work, stay in stays
        if stay is not None
    ]


def _by_number(one: Lying) -> tuple[int, str]:
    return one.stay.number, one.work.fulfillment_id
