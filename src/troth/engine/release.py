"""Handing an order over to its nodes: on request, when its time has come, and in waves."""

from collections.abc import Collection, Iterable
from typing import Final

from troth.engine.parts import moves_through
from troth.engine.promising.context import Facts
from troth.engine.waves.release_plan import plan_release, reserved_work
from troth.model.commands import ReleaseOrder, RunWave
from troth.model.events import OrderEvent, OrderReleased, PartsChange, ReleasePlanned
from troth.model.hold_terms import Block
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import AllocationEvent, AllocationState
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.refusals import Held, NotFound, NotPossibleNow, Refusal
from troth.model.release import PlannedRelease, WaveTake
from troth.model.status import blocking_holds, order_status

_NONE: Final = ""


def decide_release(command: ReleaseOrder, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """The release of every reserved part, or of those of the named fulfillments; backordered parts stay until their
    supply is here.
    """
    known = {work.fulfillment_id for work in order.fulfillments}
    for name in command.fulfillments:
        if name not in known:
            return NotFound("fulfillment", name)
    holds = blocking_holds(order, Block.RELEASE)
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    reserved = _reserved(order, set(command.fulfillments) or known)
    if not reserved:
        return NotPossibleNow("release", order_status(order))
    return (_released(order, reserved, facts),)


def release_due(order: Order, facts: Facts) -> tuple[OrderEvent, ...]:
    """The release of what is due, and the plan for what is to go later; nothing where neither is to be done.

    What is planned into a wave goes with the wave.
    """
    if blocking_holds(order, Block.RELEASE) or (order.released_at or order.release_at) > facts.now:
        return ()
    planned = {one.fulfillment_id: one for one in order.planned}
    due = [
        work
        for work in reserved_work(order)
        if (known := planned.get(work.fulfillment_id)) is None or (not known.wave and known.at <= facts.now)
    ]
    return _released_or_planned(order, due, [plan_release(order, work, facts) for work in due], facts)


def decide_wave(command: RunWave, order: Order, facts: Facts) -> tuple[OrderEvent, ...]:
    """The release of what a wave takes of an order, and a later plan for that which it has no room for.

    What is no longer planned into the wave is left alone, so that a wave that is run twice does no harm. What cannot
    wait for another wave is released all the same: no limit of a wave breaks a promise.
    """
    if blocking_holds(order, Block.RELEASE):
        return ()
    planned = {one.fulfillment_id: one for one in order.planned if one.wave == command.wave}
    here = [work for work in reserved_work(order) if work.fulfillment_id in planned]
    plans = [
        plan_release(order, work, facts, behind=planned[work.fulfillment_id].at)
        if work.fulfillment_id in command.deferred
        else None
        for work in here
        if work.fulfillment_id in {*command.released, *command.deferred}
    ]
    here = [work for work in here if work.fulfillment_id in {*command.released, *command.deferred}]
    return _released_or_planned(order, here, plans, facts, wave=command.wave)


def _released_or_planned(
    order: Order,
    works: Iterable[Fulfillment],
    plans: Iterable[PlannedRelease | None],
    facts: Facts,
    *,
    wave: str = _NONE,
) -> tuple[OrderEvent, ...]:
    found = list(zip(works, plans, strict=True))
    later = tuple(plan for _, plan in found if plan is not None)
    now = {work.fulfillment_id for work, plan in found if plan is None}
    events: list[OrderEvent] = [ReleasePlanned(later, facts.now)] if later else []
    if now:
        events.append(_released(order, _reserved(order, now), facts, wave=wave))
    return tuple(events)


def _reserved(order: Order, works: Collection[FulfillmentId]) -> list[Allocation]:
    return [
        part for part in order.allocations if part.state is AllocationState.RESERVED and part.fulfillment_id in works
    ]


def _released(order: Order, parts: list[Allocation], facts: Facts, *, wave: str = _NONE) -> OrderReleased:
    moves = tuple(move for part in parts for move in moves_through(part, (AllocationEvent.RELEASE,)))
    return OrderReleased(
        at=facts.now,
        is_early=order.released_at is None and facts.now < order.release_at,
        parts=PartsChange(moves=moves),
        took=_take(wave, parts) if wave else None,
    )


def _take(wave: str, parts: list[Allocation]) -> WaveTake:
    works = {part.fulfillment_id for part in parts}
    lines = {(part.fulfillment_id, part.line_id) for part in parts}
    return WaveTake(wave, len(works), len(lines), sum(part.quantity for part in parts))
