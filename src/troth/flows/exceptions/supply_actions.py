"""What is done about supply that is still to come: its purchase order or transfer says from then on something else."""

from dataclasses import replace
from typing import assert_never

from troth.flows.door.expected import Expected
from troth.flows.door.requests import Answer
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.records.configure import Set
from troth.flows.stock import transfer_now
from troth.flows.stock.expect import LineState, expect, read
from troth.flows.stock.move_transfer import MovedLine, Moving, move_transfer
from troth.flows.stock.transfer_now import TransferNow
from troth.flows.stock.transfers import set_transfer
from troth.model.commands import ExpectedLine
from troth.model.fix import RescheduleSupply, SupplyAction, WithdrawSupply
from troth.model.ids import Sku
from troth.model.inventory import DatedBy, dated_by
from troth.model.lifecycle import TransferEvent
from troth.model.refusals import NotFound, Refusal, VersionConflict
from troth.model.value import dataclass

_SCOPES = frozenset({"inventory:write"})


@dataclass(frozen=True, slots=True)
class Document:
    """A purchase order or transfer as somebody looked at it, with what is left of each line in the one case."""

    version: int
    lines: tuple[LineState, ...] = ()
    transfer: TransferNow | None = None


async def read_document(system: System, dated: DatedBy) -> Document | None:
    """What says when a supply comes, if it is there."""
    if dated.is_transfer:
        found = await transfer_now.read(system, dated.number)
        return None if found is None else Document(found.version, transfer=found.value)
    order = await read(system, dated.number)
    return None if order is None else Document(order.version, order.value)


async def act_on_supply(
    system: System, action: SupplyAction, *, version: int, reason: str, actor: str
) -> int | Refusal:
    """Say something else in this version of the document of a supply, of that supply only; the version it has then."""
    dated = dated_by(action.key.source)
    document = None if dated is None else await read_document(system, dated)
    if dated is None or document is None:
        return NotFound("supply", action.key.source)
    if document.version != version:
        return VersionConflict(str(version), str(document.version))
    # Whoever may see an exception may settle it: no other line of the document is touched.
    who = Actor(actor, _SCOPES)
    if document.transfer is None:
        return await _set_order(system, action, dated, document, who)
    return await _set_transfer(system, action, dated, document, document.transfer, reason, who)


async def _set_order(
    system: System, action: SupplyAction, dated: DatedBy, document: Document, actor: Actor
) -> int | Refusal:
    lines = tuple(_line(state, action, dated) for state in document.lines)
    kept = tuple(line for line in lines if line.quantity)
    expected = Expected(frozenset({document.version}))
    done = await expect(system, dated.number, kept, actor=actor, expected=expected)
    return done.version if isinstance(done, Set) else done


def _line(state: LineState, action: SupplyAction, dated: DatedBy) -> ExpectedLine:
    """A line as it is from then on; of what is withdrawn that which has come already stays."""
    if state.line.line != dated.line:
        return state.line
    match action:
        case RescheduleSupply():
            return replace(state.line, expected_at=action.expected_at)
        case WithdrawSupply():
            return replace(state.line, quantity=state.received)
        case _:
            assert_never(action)


async def _set_transfer(
    system: System,
    action: SupplyAction,
    dated: DatedBy,
    document: Document,
    now: TransferNow,
    reason: str,
    actor: Actor,
) -> int | Refusal:
    match action:
        case RescheduleSupply():
            later = replace(now.transfer, expected_at=action.expected_at)
            expected = Expected(frozenset({document.version}))
            done = await set_transfer(system, dated.number, later, actor=actor, expected=expected)
            return done.version if isinstance(done, Set) else done
        case WithdrawSupply():
            return await _lose(system, dated, action.key.sku, now, document.version, reason, actor)
        case _:
            assert_never(action)


async def _lose(
    system: System, dated: DatedBy, sku: Sku, now: TransferNow, version: int, reason: str, actor: Actor
) -> int | Refusal:
    """What is on its way of one line and lot is lost."""
    left = [
        lot.in_transit
        for line, state in zip(now.transfer.lines, now.states, strict=True)
        for lot in state.lots
        if (line.line, line.sku, lot.lot) == (dated.line, sku, dated.lot) and lot.in_transit
    ]
    if not left:
        return NotFound("supply", f"{dated.name}, line {dated.line}")
    refused: list[Refusal] = []

    def render(done: TransferNow | Refusal) -> Answer:
        if not isinstance(done, TransferNow):
            refused.append(done)
        return Answer(200, b"")

    lines = (MovedLine(dated.line, left[0], dated.lot),)
    moving = Moving(TransferEvent.LOSE, lambda _transfer: lines, reason or "overdue")
    await move_transfer(system, dated.number, moving, actor=actor, render=render)
    return refused[0] if refused else version
