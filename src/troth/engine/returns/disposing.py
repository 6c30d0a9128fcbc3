"""Saying what is done with units that came back: only what is restocked can be sold again."""

from collections.abc import Iterable
from dataclasses import replace

from troth.engine.promising.context import Decision, Facts, State
from troth.engine.returns.credited import asked_of, line_of
from troth.engine.returns.finding import find_return_of
from troth.engine.returns.receiving import disposition_of, settle_return
from troth.engine.returns.steps import Steps
from troth.model.inventory import SupplyKey, lot_source
from troth.model.lifecycle import DISPOSITION, Disposition, DispositionState
from troth.model.measure import shown
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.return_moves import DisposedUnits, DisposeReturn, JudgedUnits, ReturnDisposed
from troth.model.returns import ReceivedUnits, Return


def decide_dispose(command: DisposeReturn, state: State, facts: Facts) -> Decision | Refusal:
    """The units graded and moved to where they belong, and credited where that was waited for."""
    found = find_return_of(command.return_id, state)
    if isinstance(found, NotFound):
        return found
    order, one = found
    received = {got.number: got for got in one.received}
    flaws = tuple(_flaws(command, order, received, facts))
    if flaws:
        return Invalid(flaws)
    moves = tuple(_move(line, received[line.number], order, one, facts) for line in command.lines)
    for move in moves:
        state_now = received[move.number].state
        if move.disposition is not None and (state_now, move.disposition) not in DISPOSITION:
            return NotPossibleNow(move.disposition, state_now, _possible(state_now))
    steps = Steps(state, facts)
    spoiled = tuple(_restock_lots(moves, received, state, steps))
    if spoiled:
        return Invalid(spoiled)
    steps.happen(order.order_id, ReturnDisposed(one.return_id, moves, facts.now))
    settle_return(order.order_id, one, steps)
    return steps.decision()


def _possible(state: DispositionState) -> tuple[Disposition, ...]:
    return tuple(disposition for at, disposition in DISPOSITION if at is state)


def _flaws(
    command: DisposeReturn, order: Order, received: dict[int, ReceivedUnits], facts: Facts
) -> Iterable[FieldFlaw]:
    seen = {got.number for got in command.units}
    decimals = {line.line_id: line.decimals for line in order.lines}
    named: set[int] = set()
    for at, line in enumerate(command.lines):
        got = received.get(line.number) if line.number in seen else None
        if got is None:
            yield FieldFlaw(f"/lines/{at}/number", f"no units were received under number {line.number}")
            continue
        if line.number in named:
            yield FieldFlaw(f"/lines/{at}/number", f"{line.number} is named more than once")
        named.add(line.number)
        if line.quantity > got.quantity:
            told = shown(got.quantity, decimals.get(got.line_id, 0) if got.line_id else 0)
            yield FieldFlaw(f"/lines/{at}/quantity", f"{told} units lie under number {line.number}")
        elif line.quantity < got.quantity and got.serials:
            yield FieldFlaw(f"/lines/{at}/quantity", "units with serials are judged together; receive them one by one")
        if line.grade and line.grade not in facts.returns.rules.grades:
            yield FieldFlaw(f"/lines/{at}/grade", f"must be one of {', '.join(facts.returns.rules.grades)}")
        if line.disposition is None and not line.grade:
            yield FieldFlaw(f"/lines/{at}", "must have a disposition or a grade")


def _move(line: JudgedUnits, got: ReceivedUnits, order: Order, one: Return, facts: Facts) -> DisposedUnits:
    """What is said, or what the rules say of the grade as long as the units wait."""
    disposition = line.disposition
    if disposition is None and got.state is DispositionState.WAITING and got.line_id is not None:
        graded = replace(got, grade=line.grade)
        disposition = disposition_of(order, asked_of(one, line_of(one, got), graded, line.quantity), facts)
    return DisposedUnits(line.number, line.quantity, disposition, line.grade)


def _restock_lots(
    moves: tuple[DisposedUnits, ...], received: dict[int, ReceivedUnits], state: State, steps: Steps
) -> Iterable[FieldFlaw]:
    for at, move in enumerate(moves):
        got = received[move.number]
        if move.disposition is not Disposition.RESTOCK or not got.lot or got.expires_on is None:
            continue
        key = SupplyKey(got.sku, got.node, lot_source(got.lot))
        held = state.balance(key)
        if held.on_hand and held.expires_on not in (None, got.expires_on):
            yield FieldFlaw(f"/lines/{at}", f"lot {got.lot} is good until {held.expires_on} here")
        else:
            steps.expiries[key] = got.expires_on
