"""Fixes of exceptions: proposed as they would be carried out now, and carried out if they still would do the same."""

from dataclasses import dataclass, replace

from troth.engine.demand.line_terms import named_skus
from troth.engine.exceptions.fix_proposals import skus_of_fixes
from troth.engine.exceptions.fixes import find_fixes, with_waiting
from troth.flows.door.aside import aside
from troth.flows.door.at_rest import look_at_rest
from troth.flows.door.expected import Expected
from troth.flows.door.requests import Accepted, Outcome, Request
from troth.flows.door.system import System
from troth.flows.exceptions.workbench import find_one
from troth.model.commands import (
    CancelOrder,
    ChangeOrder,
    LetWait,
    OrderCommand,
    RedateWork,
    RejectWork,
    RepromiseOrder,
)
from troth.model.events import FixApplied
from troth.model.exceptions import OpenException
from troth.model.fix import Fix, FixKind
from troth.model.ids import Sku
from troth.model.item import Substitute
from troth.model.order import Order
from troth.model.refusals import Busy, FixOutdated, NotFound, Refusal, VersionConflict
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.orders import read_orders
from troth.store.parked import count_waiting


@dataclass(frozen=True, slots=True)
class Looked:
    """An exception as somebody looked at it: its order as it is now, and what can be done."""

    found: OpenException
    order: Order
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fix that was carried out, and the order as it is now."""

    found: OpenException
    fix: Fix
    order: Order


async def look(system: System, found: OpenException, *, role: str = "", actor: str = "") -> Looked | NotFound | Busy:
    """What can be done about an exception of an order, by whoever has this role."""
    order = None
    if found.order_id is not None:
        async with system.pool.acquire() as connection:
            order = (await read_orders(connection, [found.order_id])).get(found.order_id)
    if order is None:
        return NotFound("order", found.order_id or found.exception_id)
    skus = await _skus(system, order)
    state, facts = await look_at_rest(system, order, skus, actor)
    fixes = await aside(lambda: find_fixes(found, order, state, facts, role=role), "change", lines=len(order.lines))
    if isinstance(fixes, Busy):
        return fixes
    async with system.pool.acquire() as connection:
        taken = {one.sku for fix in fixes for one in fix.takes}
        waiting = await count_waiting(connection, taken, without=order.order_id) if taken else {}
    return Looked(found, order, with_waiting(fixes, waiting))


async def apply_fix(
    system: System, exception_id: str, fix_id: str, *, version: int, reason: str, actor: str, role: str
) -> Fixed | Refusal:
    """Carry out a fix that was looked at when the order had this version, if it still would do the same."""
    pair = await find_one(system, exception_id)
    if pair is None:
        return NotFound("exception", exception_id)
    looked = await look(system, pair[0], role=role, actor=actor)
    if not isinstance(looked, Looked):
        return looked
    if looked.order.version != version:
        return VersionConflict(str(version), str(looked.order.version))
    fix = next((one for one in looked.fixes if one.fix_id == fix_id), None)
    if fix is None:
        return FixOutdated(fix_id, tuple(one.fix_id for one in looked.fixes))
    return await carry_out(system, looked, fix, reason=reason, actor=actor)


async def carry_out(system: System, looked: Looked, fix: Fix, *, reason: str, actor: str) -> Fixed | Refusal:
    """Send a fix through the write door, of the order as it was looked at, and record who did it and why."""
    version = Expected(frozenset({looked.order.version}))
    command = with_reason(fix.command, reason)
    request = Request((command,), actor, f"exception/{looked.found.exception_id}", expected=version)
    outcome: Outcome = (await system.door.submit(request)).outcomes[0]
    if not isinstance(outcome, Accepted):
        return outcome
    after = outcome.order or looked.order
    found, now = looked.found, system.door.now()
    event = FixApplied(
        found.exception_id,
        found.kind.value,
        looked.order.order_id,
        fix.kind.value,
        fix.fix_id,
        reason,
        after.version,
        now,
    )
    async with transaction(system.pool) as connection:
        await append_event(connection, event, subject=subject_of(found.exception_id), at=now, actor=actor)
    return Fixed(found, fix, after)


def subject_of(exception_id: str) -> str:
    """Under which name the log has what people did about an exception."""
    return f"exception:{exception_id}"


def with_reason(command: OrderCommand, reason: str) -> OrderCommand:
    """The command with why somebody wants it, where it says why."""
    if not reason:
        return command
    match command:
        case CancelOrder():
            lines = tuple(replace(line, reason=reason) for line in command.lines)
            return replace(command, reason=reason, lines=lines)
        case RejectWork() | ChangeOrder() | LetWait() | RedateWork() | RepromiseOrder():
            return replace(command, reason=reason)
        case _:
            return command


async def _skus(system: System, order: Order) -> set[Sku]:
    """What has to be known of catalog and stock: the order's items, their components, and what may stand in for any."""
    reference = system.door.reference
    skus = await reference.need_lines(order.lines)
    skus |= {*named_skus(order.lines), *(part.sku for part in order.allocations)}
    await reference.need_items(skus)
    others = [one.sku for line in order.lines for one in _substitutes(system, line.sku)]
    await reference.need_items(others)
    return skus | set(await reference.need_kits(skus_of_fixes(order, others)))


def _substitutes(system: System, sku: Sku) -> tuple[Substitute, ...]:
    item = system.door.reference.items.get(sku)
    return () if item is None else item.substitutes


def choose(looked: Looked, kind: FixKind) -> Fix | None:
    """The best fix of a kind that settles all of it: the first as they are proposed."""
    return next((fix for fix in looked.fixes if fix.kind is kind and fix.is_whole), None)
