"""Fixes of exceptions, carried out if they still would do what they were shown to do, and recorded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from troth.flows.door.expected import Expected
from troth.flows.door.requests import Accepted, Outcome, Request
from troth.flows.door.system import System
from troth.flows.exceptions.carrier_claims import claim_troubled
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.marking import Said, subject_of, write
from troth.flows.exceptions.supply_actions import act_on_supply
from troth.flows.exceptions.workbench import find_one
from troth.flows.money import account_actions
from troth.flows.nodes.say import send_again
from troth.flows.people.access import Actor
from troth.model.commands import (
    CancelOrder,
    ChangeOrder,
    Command,
    ExtendHold,
    LetWait,
    OrderCommand,
    RedateWork,
    RejectWork,
    RepromiseOrder,
    UpgradeWork,
)
from troth.model.events import FixApplied
from troth.model.exceptions import OpenException, Source
from troth.model.fix import (
    OF_MONEY,
    OF_RETURNS,
    OF_SUPPLY,
    AccountAction,
    Chase,
    Fix,
    FixKind,
    PayAlso,
    PutOff,
    RemindNode,
    RescheduleSupply,
    RetryPayment,
    WithdrawSupply,
)
from troth.model.ids import FulfillmentId
from troth.model.order import Order
from troth.model.payment import Account
from troth.model.refusals import FieldFlaw, FixOutdated, Forbidden, Invalid, NotFound, Refusal, VersionConflict
from troth.model.return_moves import CloseReturn, RefundReturn, ReturnCommand
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.events import append_event
from troth.store.node_messages import Message
from troth.store.orders import read_orders


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fix that was carried out, and the order as it is now (None: it is of none). `version` is that of the order, or
    of the purchase order or transfer that says what is to come.
    """

    found: OpenException
    fix: Fix
    order: Order | None
    version: int


def refuse_fix(actor: Actor, kind: FixKind) -> Forbidden | None:
    """Why somebody may not carry out a kind of fix; None where they may. What moves money is for nobody who is bound,
    what is done about returns for who may take them, and what changes what is to come for who may say that it comes.
    """
    if kind in OF_MONEY and (actor.customers is not None or actor.nodes is not None):
        return Forbidden("orders:write")
    if kind in OF_SUPPLY and (actor.customers is not None or not actor.may("inventory:write")):
        return Forbidden("inventory:write")
    if kind in OF_RETURNS and (actor.customers is not None or not actor.may("returns:write")):
        return Forbidden("returns:write")
    return None


async def apply_fix(
    system: System,
    exception_id: str,
    fix_id: str,
    *,
    version: int,
    reason: str,
    actor: str,
    role: str,
    expected_at: datetime | None = None,
) -> Fixed | Refusal:
    """Carry out a fix that was looked at when its order had this version, if it still would do the same. Supply that is
    expected on another date is so on the one that is given, else on the one that was proposed.
    """
    pair = await find_one(system, exception_id)
    if pair is None:
        return NotFound("exception", exception_id)
    looked = await look(system, pair[0], role=role, actor=actor)
    if not isinstance(looked, Looked):
        return looked
    if looked.order is not None and looked.version != version:
        return VersionConflict(str(version), str(looked.version))
    fix = next((one for one in looked.fixes if one.fix_id == fix_id), None)
    if fix is None:
        return FixOutdated(fix_id, tuple(one.fix_id for one in looked.fixes))
    if fix.version != version:
        return VersionConflict(str(version), str(fix.version))
    dated = fix if expected_at is None else _on_date(fix, expected_at, system.door.now())
    if not isinstance(dated, Fix):
        return dated
    return await carry_out(system, looked.found, dated, reason=reason, actor=actor)


def _on_date(fix: Fix, expected_at: datetime, now: datetime) -> Fix | Invalid:
    """The fix with the date that somebody knows, where it is about one."""
    if not isinstance(fix.command, RescheduleSupply):
        return Invalid((FieldFlaw("/expected_at", f"is nothing that {fix.kind} needs"),))
    if expected_at <= now:
        return Invalid((FieldFlaw("/expected_at", "must lie in the future"),))
    return replace(fix, command=replace(fix.command, expected_at=expected_at), promised_at=expected_at)


async def carry_out(system: System, found: OpenException, fix: Fix, *, reason: str, actor: str) -> Fixed | Refusal:
    """Do what a fix does, of the order as it was looked at, and record who did it and why."""
    command = fix.command
    if isinstance(command, RetryPayment | PayAlso):
        return await _act_on_account(system, found, fix, command, reason=reason, actor=actor)
    if isinstance(command, RemindNode):
        sent = await send_again(system, command.fulfillment_id, actor=actor, cause=f"exception/{found.exception_id}")
        if not isinstance(sent, Message):
            return sent
        return await _recorded(system, found, fix, reason=reason, actor=actor)
    if isinstance(command, Chase):
        await write(system, found, Said(snoozed_until=command.until, note=reason), actor=actor)
        return await _recorded(system, found, fix, reason=reason, actor=actor)
    if isinstance(command, PutOff):
        later = tuple(ExtendHold(command.order_id, hold, command.until, reason) for hold in command.holds)
        refused = await _decide(system, found, fix, later, actor=actor)
        if refused is not None:
            return refused
        await write(system, found, Said(snoozed_until=command.until, note=reason), actor=actor)
        return await _recorded(system, found, fix, reason=reason, actor=actor)
    if isinstance(command, RescheduleSupply | WithdrawSupply):
        done = await act_on_supply(system, command, version=fix.version, reason=reason, actor=actor)
        if not isinstance(done, int):
            return done
        return await _recorded(system, found, fix, reason=reason, actor=actor, version=done)
    refused = await _decide(system, found, fix, (with_reason(command, reason),), actor=actor)
    return refused or await _recorded(system, found, fix, reason=reason, actor=actor)


async def _decide(
    system: System, found: OpenException, fix: Fix, commands: Sequence[Command], *, actor: str
) -> Refusal | None:
    """Have commands decided as one, of the order in the version that was looked at; why they are refused."""
    if not commands:
        return None
    version = Expected(frozenset({fix.version}))
    request = Request(tuple(commands), actor, f"exception/{found.exception_id}", expected=version)
    outcomes: Sequence[Outcome] = (await system.door.submit(request)).outcomes
    return next((outcome for outcome in outcomes if not isinstance(outcome, Accepted)), None)


async def _act_on_account(
    system: System, found: OpenException, fix: Fix, action: AccountAction, *, reason: str, actor: str
) -> Fixed | Refusal:
    """Act on the account of an order; that it was a fix is recorded in the same transaction."""

    order_id = action.order_id

    async def after(connection: Connection, _account: Account) -> None:
        order = (await read_orders(connection, [order_id]))[order_id]
        await _record(connection, system, found, fix, order.version, reason=reason, actor=actor)

    match action:
        case RetryPayment():
            why = reason or "fixed at the workbench"
            done = await account_actions.retry(system, order_id, reason=why, actor=actor, after=after, has_final=False)
        case PayAlso():
            done = await account_actions.pay_also(system, order_id, action.payment, actor=actor, after=after)
        case _:
            assert_never(action)
    if not isinstance(done, Account):
        return done
    async with system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id]))[order_id]
    return Fixed(found, fix, order, order.version)


async def _recorded(
    system: System, found: OpenException, fix: Fix, *, reason: str, actor: str, version: int | None = None
) -> Fixed:
    """What was done, recorded; `version` is that of what was changed, where it was no order."""
    order = None
    async with transaction(system.pool) as connection:
        if fix.order_id is not None:
            order = (await read_orders(connection, [fix.order_id]))[fix.order_id]
        of_other = fix.version if version is None else version
        after = of_other if order is None else order.version
        await _record(connection, system, found, fix, after, reason=reason, actor=actor)
        if order is not None and found.source is Source.PARCEL:
            await claim_troubled(connection, system, order, FulfillmentId(found.subject), actor=actor)
    return Fixed(found, fix, order, after)


async def _record(
    connection: Connection, system: System, found: OpenException, fix: Fix, version: int, *, reason: str, actor: str
) -> None:
    now, name = system.door.now(), found.exception_id
    event = FixApplied(name, found.kind.value, fix.order_id, fix.kind.value, fix.fix_id, reason, version, now)
    await append_event(connection, event, subject=subject_of(name), at=now, actor=actor)


def with_reason(command: OrderCommand | ReturnCommand, reason: str) -> OrderCommand | ReturnCommand:
    """The command with why somebody wants it, where it says why."""
    if not reason:
        return command
    match command:
        case CancelOrder():
            lines = tuple(replace(line, reason=reason) for line in command.lines)
            return replace(command, reason=reason, lines=lines)
        case RejectWork() | ChangeOrder() | LetWait() | RedateWork() | UpgradeWork() | RepromiseOrder():
            return replace(command, reason=reason)
        case RefundReturn() | CloseReturn():
            return replace(command, reason=reason)
        case _:
            return command


def choose(looked: Looked, kind: FixKind) -> Fix | None:
    """The best fix of a kind that settles all of it: the first as they are proposed."""
    return next((fix for fix in looked.fixes if fix.kind is kind and fix.is_whole), None)
