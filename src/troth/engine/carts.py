"""Carts: keeping what a quote promises for a while, keeping it longer, keeping other things, and giving it up."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from troth.engine.asked import demand_of, settled
from troth.engine.capture import parts_of, plan_capture, short
from troth.engine.cart_units import end_entries, end_hold, find_misuse, hold_entries, subject_of_cart, without_hold
from troth.engine.exposure.taking import draw_parts, keeping
from troth.engine.feasible import find_unknown
from troth.engine.promising.context import Decision, Facts, State
from troth.model.capacity import Slot
from troth.model.cart_hold import CART_HOLD, CartHold, CartHoldEvent, CartHoldState, HeldUnits
from troth.model.commands import CartCommand, EndCartHold, ExtendCartHold, HoldCart
from troth.model.events import CartHeld, CartHoldEnded, CartHoldExtended
from troth.model.exposure import Draw
from troth.model.ids import OrderId
from troth.model.inventory import SupplyKey
from troth.model.plan import Demand, Plan
from troth.model.refusals import HoldLimit, Invalid, NotFound, NotPossibleNow, QuoteOutdated, Refusal

HOLD_SECONDS_MAX: Final = 3_600
"""A cart is held for an hour at a time; each sign of activity may begin another one."""


def decide_cart(command: CartCommand, state: State, facts: Facts) -> Decision | Refusal:
    """What becomes of a cart's hold."""
    if isinstance(command, HoldCart):
        return _decide_hold(command, state, facts)
    hold = state.cart_holds.get(command.hold_id)
    if hold is None:
        return NotFound("cart hold", command.hold_id)
    return (
        _decide_extend(command, hold, facts)
        if isinstance(command, ExtendCartHold)
        else _decide_end(command, hold, facts)
    )


def _decide_hold(command: HoldCart, state: State, facts: Facts) -> Decision | Refusal:
    """The hold of everything that is asked, or which lines cannot be promised."""
    known = state.cart_holds.get(command.hold_id)
    misuse = None if known is None else find_misuse(command.hold_id, known, command.asked.channel)
    flaws = find_unknown(command.asked, facts)
    if misuse or flaws:
        return misuse or Invalid(flaws)
    asked = settled(command.asked, facts)
    kept = known if known is not None and known.state is CartHoldState.HELD else None
    facts = without_hold(facts, kept)
    planned = plan_capture(asked, demand_of(asked, facts), state, facts, kept)
    if isinstance(planned, QuoteOutdated):
        return planned
    demand, supply, answer = planned.case.demand, planned.supply, planned.answer
    if answer.uncovered:
        return short(planned.case, answer, asked.lines, planned.supply_for)
    draws, relies = _draws_of(answer, demand, facts)
    hold = CartHold(
        command.hold_id,
        asked.channel,
        _units_of(answer),
        facts.now,
        _later(known, command.hold_seconds, facts),
        CartHoldState.HELD if known is None else CART_HOLD[known.state, CartHoldEvent.KEEP],
        asked.customer.id,
        _days_of(answer),
        draws,
    )
    held = _held_beside(hold, state, facts)
    if command.units_max is not None and held + hold.quantity > command.units_max:
        return HoldLimit(command.units_max, held, hold.quantity)
    return Decision(
        entries=(
            *(() if kept is None else end_entries(kept, _end_of(kept, facts))),
            *keeping(hold_entries(hold), supply, facts.network),
        ),
        events=((subject_of_cart(hold.hold_id), CartHeld(hold)),),
        cart_holds=(hold,),
        plan=answer,
        relies=relies,
    )


def _decide_extend(command: ExtendCartHold, hold: CartHold, facts: Facts) -> Decision | Refusal:
    """The same hold until later, never until earlier; too late is too late, also by an instant."""
    if not hold.holds_at(facts.now):
        return NotPossibleNow("extend", _state_at(hold, facts))
    expires_at = _later(hold, command.hold_seconds, facts)
    return Decision(
        events=((subject_of_cart(hold.hold_id), CartHoldExtended(hold.hold_id, expires_at)),),
        cart_holds=(replace(hold, expires_at=expires_at),),
    )


def _decide_end(command: EndCartHold, hold: CartHold, facts: Facts) -> Decision | Refusal:
    """The end of the hold; by the clock nothing where it is over already or not due yet, so that asking twice does no
    harm.
    """
    is_over = not hold.holds_at(facts.now)
    if command.is_by_clock and (hold.state is not CartHoldState.HELD or not is_over):
        return Decision()
    if hold.state is not CartHoldState.HELD:
        return NotPossibleNow("give up", hold.state)
    event = _end_of(hold, facts)
    ended = end_hold(hold, event)
    return Decision(
        entries=end_entries(hold, event),
        events=((subject_of_cart(hold.hold_id), CartHoldEnded(hold.hold_id, ended.state)),),
        cart_holds=(ended,),
    )


def _state_at(hold: CartHold, facts: Facts) -> CartHoldState:
    is_over = hold.state is CartHoldState.HELD and not hold.holds_at(facts.now)
    return CartHoldState.EXPIRED if is_over else hold.state


def _end_of(hold: CartHold, facts: Facts) -> CartHoldEvent:
    """What ends a hold now, or what it keeps: the clock where its time is over, whoever asks."""
    return CartHoldEvent.FREE if hold.holds_at(facts.now) else CartHoldEvent.EXPIRE


def _later(hold: CartHold | None, seconds: int, facts: Facts) -> datetime:
    """So many seconds from now, but not before the end of what is held."""
    until = facts.now + timedelta(seconds=seconds)
    return max(until, hold.expires_at) if hold is not None and hold.holds_at(facts.now) else until


def _held_beside(hold: CartHold, state: State, facts: Facts) -> int:
    """How many units the other carts of a hold's customer keep now; of nobody else where the customer is not known."""
    return sum(
        other.quantity
        for other in state.cart_holds.values()
        if hold.customer_id
        and (other.channel, other.customer_id) == (hold.channel, hold.customer_id)
        and other.hold_id != hold.hold_id
        and other.holds_at(facts.now)
    )


def _draws_of(answer: Plan, demand: Demand, facts: Facts) -> tuple[tuple[tuple[Draw, int], ...], dict[Draw, int]]:
    """What a plan's units count against, as they will for an order, and the counts on which they rely."""
    _, parts = parts_of(answer.shipments, OrderId(""), first_fulfillment=1, first_allocation=1)
    drawn, relies = draw_parts(facts.pool, demand, parts)
    draws: dict[Draw, int] = {}
    for part in drawn:
        for draw in part.draws:
            draws[draw] = draws.get(draw, 0) + part.quantity
    return tuple(sorted(draws.items())), relies


def _days_of(answer: Plan) -> tuple[tuple[Slot, int], ...]:
    days: dict[Slot, int] = {}
    for shipment in answer.shipments:
        if shipment.booking is None:
            continue
        for slot, amount in shipment.booking.work:
            days[slot] = days.get(slot, 0) + amount
        for slot in () if shipment.booking.stay is None else shipment.booking.stay.slots:
            days[slot] = days.get(slot, 0) + 1
    return tuple(sorted(days.items()))


def _units_of(answer: Plan) -> tuple[HeldUnits, ...]:
    units: dict[SupplyKey, int] = {}
    for shipment in answer.shipments:
        for peg in shipment.pegs:
            key = SupplyKey(peg.sku, shipment.node, peg.source)
            units[key] = units.get(key, 0) + peg.quantity
    return tuple(HeldUnits(key, units[key]) for key in sorted(units))
