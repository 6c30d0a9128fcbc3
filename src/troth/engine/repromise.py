"""Promising anew what supply no longer keeps of an order, and what lies nowhere yet.

Who gives way is said by the command, by rank (`troth.engine.priority`). Here one order is decided: only what is missing
is planned again, against what is on hand and what is to come; and nothing is done twice, since a supply that is no
longer short takes nothing away.
"""

from collections.abc import Mapping, Sequence

from troth.engine.choices import with_choices
from troth.engine.evolve import evolve, evolve_all
from troth.engine.failed import spent_lines
from troth.engine.give_up import bound_parts, give_up, kit_parts
from troth.engine.own_supply import plan_own_supply
from troth.engine.promise_change import tell_change
from troth.engine.promising.case import Case
from troth.engine.promising.context import Facts, State
from troth.engine.promising.disposition import may_wait
from troth.engine.resource import left_over, missing_trace, plan_missing, resourced
from troth.engine.stock.promised_lots import is_spoiled
from troth.engine.supply.overdue import is_counted_out
from troth.model.commands import FloorUnits, RepromiseOrder
from troth.model.events import OrderEvent, SupplyGivenUp
from troth.model.hold_terms import Block
from troth.model.ids import LineId
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import UNLOCKED, AllocationState
from troth.model.order import Allocation, Order
from troth.model.plan import Plan, Trace
from troth.model.refusals import Refusal, VersionConflict
from troth.model.status import blocking_holds, promise_of, uncovered_quantities, waiting_lines
from troth.model.value import dataclass

Units = Mapping[int, int]
"""Units by the number of an allocation."""

Found = tuple[tuple[OrderEvent, ...], Trace | None]

NOTHING: Found = ((), None)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What becomes of an order where units give up their supply: the order without it, and the plan of what lacks."""

    units: Units
    given_up: tuple[SupplyGivenUp, ...]
    without: Order
    case: Case
    answer: Plan
    state: State
    facts: Facts
    floors: tuple[FloorUnits, ...]

    @property
    def events(self) -> tuple[OrderEvent, ...]:
        """What would happen, without what is left over."""
        return (*self.given_up, *resourced(self.without, self.case, self.answer, self.facts))

    @property
    def trace(self) -> Trace:
        """Why, as it is kept."""
        return missing_trace(self.without, self.case, self.answer, self.state, self.facts, self.floors)


def decide_repromise(command: RepromiseOrder, order: Order, state: State, facts: Facts) -> Found | Refusal:
    """The events by which units give way, or which promise anew what has to be or could be better; none where there is
    nothing to do, so that asking twice does no harm.

    Units that give way are parked, to be sought by the next command: so all of them give way before the first of those
    who lost something chooses anew. Refused where the order is no longer the one that was looked at.
    """
    if command.version is not None and command.version != order.version:
        return VersionConflict(str(command.version), str(order.version))
    if command.lost or command.spoiled:
        return _give_way(command, order, state, facts), None
    if blocking_holds(order, Block.PROMISE):
        return NOTHING
    unsought = [parked.line_id for parked in order.parked if not parked.is_sought]
    late = _find_late(command.moved, order, state, facts)
    if unsought or late:
        return _promise_again(command, order, unsought, late, state, facts)
    found = _cover(command, order, state, facts)
    if not found[0] and command.is_sooner:
        return _improve(command, order, state, facts)
    return found


def _give_way(command: RepromiseOrder, order: Order, state: State, facts: Facts) -> tuple[OrderEvent, ...]:
    """The units that give way, as far as their supplies are still short, or do not last."""
    lost = _find_lost(command, order, state, facts)
    if not lost:
        return ()
    event, _freed = give_up(order, kit_parts(order, lost), command.reason, facts.now, is_parked=True)
    return (event,)


def _find_lost(command: RepromiseOrder, order: Order, state: State, facts: Facts) -> dict[int, int]:
    parts = {part.allocation: part for part in order.allocations}
    short: dict[SupplyKey, int] = {}
    found: dict[int, int] = {}
    for held in order.allocations:
        if held.key in command.spoiled and held.state in UNLOCKED:
            balance = state.balance(held.key)
            if is_spoiled(order, held, balance.expires_on, facts.network, facts.now):
                found[held.allocation] = held.quantity
                short[held.key] = short.get(held.key, balance.reserved - balance.on_hand) - held.quantity
    for lost in command.lost:
        part = parts.get(lost.allocation)
        if part is None or part.key != lost.key or part.state not in UNLOCKED or part.allocation in found:
            continue
        balance = state.balance(lost.key)
        missing = short.setdefault(lost.key, balance.reserved - balance.on_hand)
        units = min(lost.quantity, part.quantity, missing)
        if units > 0:
            found[part.allocation] = units
            short[lost.key] = missing - units
    return found


def _find_late(moved: Sequence[SupplyKey], order: Order, state: State, facts: Facts) -> dict[int, int]:
    """The backordered units whose supply now comes too late for what they were promised."""
    found: dict[int, int] = {}
    for work in order.fulfillments:
        parts = _backordered(order, moved, work.fulfillment_id)
        if not parts:
            continue
        _case, own = plan_own_supply(order, work, parts, state, facts)
        keeps = not own.uncovered and all(
            shipment.ship_by <= work.ship_by and shipment.promised_at <= work.promised_at for shipment in own.shipments
        )
        if not keeps:
            found |= {part.allocation: part.quantity for part in parts}
    return found


def _promise_again(
    command: RepromiseOrder, order: Order, unsought: Sequence[LineId], late: Units, state: State, facts: Facts
) -> Found:
    """What lost its supply, or has it too late, promised from what there is; what cannot be waits, or calls a person.

    What belongs together (all of an order that ships complete, a line or group that may not be divided) is planned as a
    whole where that covers everything; else only what is missing is. What comes late and cannot be had elsewhere keeps
    its supply, unless that is overdue for too long to be counted on.
    """
    given = kit_parts(order, late)
    tried = _try(command, order, bound_parts(order, given, unsought), state, facts)
    if tried.answer.uncovered:
        tried = _try(command, order, given, state, facts)
    if tried.answer.uncovered and late:
        counted_out = kit_parts(order, _counted_out(order, late, state, facts))
        if not counted_out:
            return _keep_own_supply(command, order, unsought, state, facts)
        tried = _try(command, order, counted_out, state, facts)
    if not unsought and _is_as_before(order, tried.units, tried.answer):
        return NOTHING
    lines = {*unsought, *(line.line_id for event in tried.given_up for line in event.lines)}
    events = (*tried.events, *left_over(tried.answer, lines, facts))
    return _told(command.reason, order, events, state, facts), tried.trace


def _try(command: RepromiseOrder, order: Order, units: Units, state: State, facts: Facts) -> _Tried:
    """The plan of what lies nowhere, once these units have given up their supply; a line for which enough nodes were
    asked is left to a person, unless it loses its supply just now.
    """
    unsought = {parked.line_id for parked in order.parked if not parked.is_sought}
    losing = {part.line_id for part in order.allocations if part.allocation in units}
    left_out = spent_lines(order, facts.policy) - unsought - losing
    if not units:
        planned = plan_missing(order, state, facts, left_out=left_out, floors=command.floors)
        return _Tried(units, (), order, *planned, state, facts, command.floors)
    event, freed = give_up(order, units, command.reason, facts.now)
    without = evolve(order, event)
    planned = plan_missing(without, state, facts, freed, left_out=left_out, floors=command.floors)
    return _Tried(units, (event,), without, *planned, state, facts, command.floors)


def _keep_own_supply(
    command: RepromiseOrder, order: Order, unsought: Sequence[LineId], state: State, facts: Facts
) -> Found:
    """What is unsought promised by itself; then what comes too late for when it comes, as it cannot be had elsewhere.

    Nothing is chosen for what keeps its supply, so there is no plan of it to be explained.
    """
    events: tuple[OrderEvent, ...] = ()
    trace = None
    if unsought:
        tried = _try(command, order, {}, state, facts)
        events, trace = (*tried.events, *left_over(tried.answer, unsought, facts)), tried.trace
    after = evolve_all(order, events)
    for work in order.fulfillments:
        parts = _backordered(order, command.moved, work.fulfillment_id)
        if not parts:
            continue
        case, own = plan_own_supply(order, work, parts, state, facts)
        units = kit_parts(order, {part.allocation: part.quantity for part in parts})
        if own.uncovered or _is_as_before(order, units, own):
            continue
        event, _freed = give_up(after, units, command.reason, facts.now)
        more: tuple[OrderEvent, ...] = (event, *resourced(evolve(after, event), case, own, facts))
        events, after = (*events, *more), evolve_all(after, more)
    return _told(command.reason, order, events, state, facts), trace


def _cover(command: RepromiseOrder, order: Order, state: State, facts: Facts) -> Found:
    """What lies nowhere promised, as far as it can be; a part only, where the routing lets the rest wait."""
    asked = uncovered_quantities(order).keys() - spent_lines(order, facts.policy)
    if not asked:
        return NOTHING
    tried = _try(command, order, {}, state, facts)
    is_whole = not tried.answer.uncovered or may_wait(tried.answer)
    if not tried.answer.shipments or not (is_whole or asked - waiting_lines(order)):
        return NOTHING
    return _told(command.reason, order, tried.events, state, facts), tried.trace


def _improve(command: RepromiseOrder, order: Order, state: State, facts: Facts) -> Found:
    """What is backordered promised earlier, if all of it can be, and nothing of it later."""
    waiting = {
        part.allocation: part.quantity for part in order.allocations if part.state is AllocationState.BACKORDERED
    }
    if not waiting:
        return NOTHING
    tried = _try(command, order, bound_parts(order, kit_parts(order, waiting)), state, facts)
    if tried.answer.uncovered:
        return NOTHING
    after = evolve_all(order, tried.events)
    pairs = [(promise_of(order, line.line_id), promise_of(after, line.line_id)) for line in order.lines]
    known = [(was, is_now) for was, is_now in pairs if was is not None and is_now is not None]
    if any(is_now > was for was, is_now in known) or all(is_now == was for was, is_now in known):
        return NOTHING
    return _told(command.reason, order, tried.events, state, facts), tried.trace


def _told(
    reason: str, order: Order, events: tuple[OrderEvent, ...], state: State, facts: Facts
) -> tuple[OrderEvent, ...]:
    """The events, with what the customer is told of them and may choose."""
    after = evolve_all(order, events)
    told = tell_change(order, after, reason, facts.now)
    return (*events, *with_choices(told, order, after, state, facts))


def _backordered(order: Order, keys: Sequence[SupplyKey], fulfillment_id: str) -> list[Allocation]:
    return [
        part
        for part in order.allocations
        if part.fulfillment_id == fulfillment_id and part.state is AllocationState.BACKORDERED and part.key in keys
    ]


def _counted_out(order: Order, late: Units, state: State, facts: Facts) -> dict[int, int]:
    """The late units whose supply is overdue for so long that nobody counts on it any more."""
    keys = {part.allocation: part.key for part in order.allocations}
    return {
        number: units
        for number, units in late.items()
        if is_counted_out(state.balance(keys[number]).expected_at, facts.now)
    }


def _is_as_before(order: Order, units: Units, answer: Plan) -> bool:
    """Whether a plan promises the same units from the same supplies for the same times as what it replaces."""
    works = {work.fulfillment_id: work for work in order.fulfillments}
    before: dict[object, int] = {}
    for part in order.allocations:
        if part.allocation in units:
            work = works[part.fulfillment_id]
            place = (part.line_id, part.key, work.service, work.ship_by, work.promised_at)
            before[place] = before.get(place, 0) + units[part.allocation]
    after: dict[object, int] = {}
    for shipment in answer.shipments:
        for peg in shipment.pegs:
            key = SupplyKey(peg.sku, shipment.node, peg.source)
            place = (peg.line_id, key, shipment.service, shipment.ship_by, shipment.promised_at)
            after[place] = after.get(place, 0) + peg.quantity
    return before == after
