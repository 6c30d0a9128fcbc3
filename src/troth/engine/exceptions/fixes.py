"""The fixes of an exception: each is a command that is decided as it would be if it were sent now.

Nothing is guessed: what a fix promises, costs and takes is read from the decision that carrying it out would make, from
the same stock, rules and rates. What is refused, or changes nothing about the exception, is not proposed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from itertools import chain
from typing import Final

from troth.engine.exceptions.fix_proposals import propose, stand_in_id
from troth.engine.exceptions.proposal import Proposal
from troth.engine.exceptions.return_fixes import return_left
from troth.engine.lifecycle import decide
from troth.engine.promising.context import Decision, Facts, State
from troth.engine.tracking.trouble import find_troubles
from troth.model.exceptions import OpenException, Source, supply_named
from troth.model.fix import OF_RETURNS, Fix, FixKind, Taken
from troth.model.ids import LineId, NodeId, Sku
from troth.model.lifecycle import GONE, RESERVING, AllocationState, HoldState
from troth.model.order import Fulfillment, Order
from troth.model.status import live_allocations, promise_of, uncovered_quantities, waiting_lines
from troth.model.totals import total_minor

FIXES_MAX: Final = 12
"""So many fixes are proposed for an exception."""

_ENDING: Final = frozenset({FixKind.PARTIAL, FixKind.CANCEL, FixKind.DENY})
_UNDATED: Final = _ENDING | OF_RETURNS
_ELSEWHERE: Final = frozenset({FixKind.RE_SOURCE, FixKind.UPGRADE_SERVICE})


def find_fixes(
    found: OpenException,
    order: Order,
    state: State,
    facts: Facts,
    *,
    role: str = "",
    proposals: Iterable[Proposal] = (),
) -> tuple[Fix, ...]:
    """What can be done about an exception of an order, in the order in which it is proposed: what keeps the goods and
    the date before what does not. `role` is that of whoever would do it; `proposals` are those that had to be prepared.
    """
    fixes: dict[str, Fix] = {}
    for proposal in chain(proposals, propose(found, order, state, facts, role)):
        fix = try_fix(proposal, found, order, state, facts)
        if fix is not None:
            fixes.setdefault(fix.fix_id, fix)
    return tuple(_without_beaten(fixes.values())[:FIXES_MAX])


def in_order_of_use(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """Fixes as they are proposed; of a kind in the order in which they are given."""
    return tuple(sorted(fixes, key=lambda fix: _rank(fix)[:3]))


def try_fix(proposal: Proposal, found: OpenException, order: Order, state: State, facts: Facts) -> Fix | None:
    """What a command would do about an exception if it were sent now; None where it is refused, or does nothing."""
    decision = decide(proposal.command, state, facts)
    if not isinstance(decision, Decision) or not decision.changes:
        return None
    after = next(change.after for change in decision.changes if change.after.order_id == order.order_id)
    left = _left(found, after, order, facts)
    if left >= _left(found, order, order, facts):
        return None
    if proposal.kind is FixKind.PARTIAL and after.canceled_at is not None:
        return None  # nothing is left of the order: that is to cancel it
    lines = _concerned(found, after)
    wanted = {line.line_id for line in after.lines if line.quantity > line.canceled_quantity}
    promised = None if proposal.kind in _UNDATED else _last_promise(after, [one for one in lines if one in wanted])
    if proposal.kind is FixKind.RE_SHIP:
        more = next(change.after for change in decision.changes if change.before is None)
        promised = _last_promise(more, [line.line_id for line in more.lines])
    return Fix(
        proposal.kind,
        _fix_id(proposal, promised, after),
        order.order_id,
        proposal.command,
        proposal.detail,
        promised,
        _difference(decision, _cost_minor),
        _difference(decision, _price_minor),
        _taken(decision, state, facts),
        is_whole=left == 0,
        version=order.version,
    )


def _left(found: OpenException, order: Order, before: Order, facts: Facts) -> int:
    """How much of an exception an order still has: units, or one for what has no units; 0 where it is settled."""
    lines = set(found.line_ids)
    match found.source:
        case Source.LINE:
            missing, waiting = uncovered_quantities(order), waiting_lines(order)
            return sum(units for line_id, units in missing.items() if line_id in lines and line_id not in waiting)
        case Source.NEED:
            need = {line.line_id: line.need_by for line in order.lines}
            works = {work.fulfillment_id: work.promised_at for work in order.fulfillments}
            lost = sum(units for line_id, units in uncovered_quantities(order).items() if line_id in lines)
            here = [part for part in live_allocations(order) if part.line_id in lines and part.state not in GONE]
            late = [part for part in here if _is_after(works[part.fulfillment_id], need[part.line_id])]
            return lost + sum(part.quantity for part in late)
        case Source.WORK | Source.ACCEPTANCE | Source.SILENCE:
            overdue = {
                work.fulfillment_id
                for work in order.fulfillments
                if work.fulfillment_id == found.subject
                and (found.source is not Source.WORK or work.ship_by <= facts.now)
            }
            still = [part for part in live_allocations(order) if part.state not in GONE]
            here = [part for part in still if part.fulfillment_id in overdue]
            lost = sum(units for line_id, units in uncovered_quantities(order).items() if line_id in lines)
            return sum(part.quantity for part in here) + lost
        case Source.ALERT:
            kept_late = {
                work.fulfillment_id
                for work in order.fulfillments
                if work.promised_at == found.due_at and not _is_upgraded(work, before)
            }
            still = [part for part in live_allocations(order) if part.fulfillment_id == found.subject]
            lost = sum(units for line_id, units in uncovered_quantities(order).items() if line_id in lines)
            return lost + sum(part.quantity for part in still if part.fulfillment_id in kept_late)
        case Source.RELEASE:
            here = [part for part in live_allocations(order) if part.fulfillment_id == found.subject]
            return sum(part.quantity for part in here if part.state is AllocationState.RESERVED)
        case Source.ACCOUNT:
            return int(any(line.quantity > line.canceled_quantity for line in order.lines))
        case Source.HOLD:
            is_placed = any(hold.hold_id == found.subject and hold.state is HoldState.PLACED for hold in order.holds)
            is_wanted = any(line.quantity > line.canceled_quantity for line in order.lines)
            return int(is_placed and is_wanted)
        case Source.RETURN | Source.REFUND:
            return return_left(found, order)
        case Source.PARCEL:
            its = [work for work in order.fulfillments if work.fulfillment_id == found.subject]
            return sum(len(find_troubles(order, work)) for work in its)
        case Source.STOCK:
            freed = _held(found, before) - _held(found, order)
            lost = sum(uncovered_quantities(order).values()) - sum(uncovered_quantities(before).values())
            return max(0, sum(units for _, units in found.units) - freed) + max(0, lost)
        case _:
            return 0


def _held(found: OpenException, order: Order) -> int:
    """The units that an order has of the supply that an exception is about."""
    key = supply_named(found.subject)
    return sum(part.quantity for part in order.allocations if part.key == key and part.state in RESERVING)


def _is_after(at: datetime, need_by: datetime | None) -> bool:
    return need_by is not None and at > need_by


def _concerned(found: OpenException, after: Order) -> list[LineId]:
    """The lines of the exception, with those that stand in for units of them."""
    known = [one.line.line_id for one in found.lines]
    others = {stand_in_id(line_id) for line_id in known}
    return [*known, *(line.line_id for line in after.lines if line.line_id in others)]


def _last_promise(order: Order, lines: Iterable[LineId]) -> datetime | None:
    """When the last units of these lines would be there; None where some lie nowhere."""
    missing = uncovered_quantities(order)
    found = [None if line_id in missing else promise_of(order, line_id) for line_id in lines]
    known = [at for at in found if at is not None]
    return max(known) if known and len(known) == len(found) else None


def _price_minor(order: Order) -> int:
    """What the customer pays for an order, less what its returns credit (minor units)."""
    return total_minor(order) - sum(one.credited_minor for one in order.returns)


def _cost_minor(order: Order) -> int:
    """What it costs to serve what is wanted of an order: the costs of all work that is not ended (minor units)."""
    live = {part.fulfillment_id for part in live_allocations(order)}
    return sum(sum(work.cost.values()) for work in order.fulfillments if work.fulfillment_id in live)


def _taken(decision: Decision, state: State, facts: Facts) -> tuple[Taken, ...]:
    """What a decision reserves that others could have had, and what is left there then."""
    moved: dict[tuple[Sku, NodeId], int] = {}
    for entry in decision.entries:
        place = (entry.key.sku, entry.key.node)
        moved[place] = moved.get(place, 0) + entry.reserved_delta
    found = []
    for (sku, node), units in sorted(moved.items()):
        position = facts.network.index.get(node)
        if units <= 0 or position is None:
            continue
        rows = state.supply(sku)
        there = int(rows.available[rows.node_index == position].sum())
        item = facts.items.get(sku)
        decimals = 0 if item is None else item.decimals
        found.append(Taken(sku, node, units, max(0, there - units), decimals))
    return tuple(found)


def _difference(decision: Decision, of: Callable[[Order], int]) -> int:
    """By how much something grows over all orders that a decision changes (minor units)."""
    return sum(of(change.after) - (0 if change.before is None else of(change.before)) for change in decision.changes)


def _fix_id(proposal: Proposal, promised: datetime | None, after: Order) -> str:
    """What names a fix with what it would do: another promise or another total is another fix."""
    told = f"{proposal.kind}|{proposal.detail}|{promised}|{_price_minor(after)}|{_cost_minor(after)}"
    return f"{proposal.kind}-{blake2b(told.encode(), digest_size=5).hexdigest()}"


def _is_upgraded(work: Fulfillment, before: Order) -> bool:
    """Whether work goes by another service than before."""
    return any(one.fulfillment_id == work.fulfillment_id and one.service != work.service for one in before.fulfillments)


def _without_beaten(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes without those that do the same as another of their kind, and of those that send the goods from
    elsewhere or by another service without those that are neither sooner nor cheaper than another.
    """
    kept: list[Fix] = []
    for fix in sorted(fixes, key=_rank):
        is_beaten = any(_beats(other, fix) for other in kept)
        if not is_beaten:
            kept.append(fix)
    return kept


def _beats(other: Fix, fix: Fix) -> bool:
    """Whether another fix is as good in everything: as whole, as soon, as cheap for us and for the customer."""
    if other.kind is not fix.kind and not {other.kind, fix.kind} <= _ELSEWHERE:
        return False
    if other.kind in _ENDING or other.is_whole is not fix.is_whole:
        return _does(other) == _does(fix)
    if other.promised_at is None or fix.promised_at is None:
        return _does(other) == _does(fix)
    figures = zip(
        (other.promised_at.timestamp(), other.cost_minor, other.price_minor),
        (fix.promised_at.timestamp(), fix.cost_minor, fix.price_minor),
        strict=True,
    )
    return all(one <= own for one, own in figures)


def _does(fix: Fix) -> tuple[object, ...]:
    return fix.kind, fix.promised_at, fix.cost_minor, fix.price_minor, fix.takes, fix.is_whole


_RANK: Final[Mapping[FixKind, int]] = {kind: at for at, kind in enumerate(FixKind)}


def _rank(fix: Fix) -> tuple[bool, bool, int, float, int, str]:
    """Whole fixes first, those that end it by canceling last; within a kind the earliest and then the cheapest."""
    at = float("inf") if fix.promised_at is None else fix.promised_at.timestamp()
    return not fix.is_whole, fix.kind in _ENDING, _RANK[fix.kind], at, fix.cost_minor, fix.fix_id


def with_waiting(fixes: Iterable[Fix], waiting: Mapping[Sku, int]) -> tuple[Fix, ...]:
    """The fixes with how many other orders wait for what they take."""
    return tuple(
        replace(fix, waiting=max((waiting.get(taken.sku, 0) for taken in fix.takes), default=0)) for fix in fixes
    )
