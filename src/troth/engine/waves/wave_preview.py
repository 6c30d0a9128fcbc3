"""What the waves to come will hold, played through: what each takes, what it has no room for, and what cannot wait."""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from troth.engine.asked import find_priority
from troth.engine.promising.context import Facts
from troth.engine.waves.release_plan import plan_release, reserved_work
from troth.engine.waves.waves import Amount, Waiting, fill_wave, sum_of
from troth.model.hold_terms import Block
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.release import PlannedRelease
from troth.model.status import blocking_holds
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class WaveForecast:
    """What a wave will take (`taken`), with what goes over its room because it cannot wait (`over`), and what is put
    off to a later one (`put_off`).
    """

    wave: str
    at: datetime
    taken: Amount
    over: Amount
    put_off: Amount


@dataclass(frozen=True, slots=True)
class _Coming:
    order: Order
    work: Fulfillment
    planned: PlannedRelease
    waiting: Waiting


def forecast_waves(
    orders: Iterable[Order], facts: Facts, *, until: datetime, room: Callable[[str], Amount]
) -> list[WaveForecast]:
    """The waves until an instant with what they will hold, the earliest first.

    Orders in their remorse period are taken to be let go when it ends; those on hold are left out, since nobody knows
    when that ends. `room` says how much a wave may still take.
    """
    coming: dict[tuple[datetime, str], list[_Coming]] = {}
    queue: list[tuple[datetime, str]] = []

    def put(order: Order, work: Fulfillment, planned: PlannedRelease) -> None:
        key = (planned.at, planned.wave)
        if key not in coming:
            heapq.heappush(queue, key)
        coming.setdefault(key, []).append(_Coming(order, work, planned, _waiting(order, work, planned)))

    for order in orders:
        if not blocking_holds(order, Block.RELEASE):
            for work, planned in _plans(order, facts):
                put(order, work, planned)
    found = []
    while queue and queue[0][0] <= until:  # each round ends a wave, and what it puts off comes later
        key = heapq.heappop(queue)
        at, wave = key
        those = {(one.waiting.order_id, one.waiting.fulfillment_id): one for one in coming.pop(key)}
        taken, left = fill_wave([one.waiting for one in those.values()], room(wave))
        over, put_off = [], []
        for waiting in left:
            one = those[waiting.order_id, waiting.fulfillment_id]
            later = plan_release(one.order, one.work, replace(facts, now=max(at, facts.now)), behind=at)
            if later is None:
                over.append(waiting)
            else:
                put_off.append(waiting)
                put(one.order, one.work, later)
        found.append(WaveForecast(wave, at, sum_of([*taken, *over]), sum_of(over), sum_of(put_off)))
    return found


def _plans(order: Order, facts: Facts) -> Iterable[tuple[Fulfillment, PlannedRelease]]:
    """The works that go in waves, as they are planned or will be; what waits for its lead time goes with the wave that
    comes then.
    """
    known = {one.fulfillment_id: one for one in order.planned}
    start = max(facts.now, order.released_at or order.release_at)
    for work in reserved_work(order):
        planned = known.get(work.fulfillment_id) or plan_release(order, work, replace(facts, now=start))
        if planned is not None and not planned.wave:
            planned = plan_release(order, work, replace(facts, now=max(start, planned.at)))
        if planned is not None and planned.wave:
            yield work, planned


def _waiting(order: Order, work: Fulfillment, planned: PlannedRelease) -> Waiting:
    parts = [
        part
        for part in order.allocations
        if part.fulfillment_id == work.fulfillment_id and part.state is AllocationState.RESERVED
    ]
    return Waiting(
        order.order_id,
        work.fulfillment_id,
        planned.latest,
        work.promised_at,
        find_priority(order.attributes),
        len({part.line_id for part in parts}),
        sum(part.quantity for part in parts),
    )
