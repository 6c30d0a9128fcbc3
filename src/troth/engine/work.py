"""The work of a node: accept, reject, pick, pack, stage, ship, collect, deliver, and what carriers report."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from troth.engine.money.at_counter import check_paid
from troth.engine.parts import Chosen, all_through, choose_units, next_allocation
from troth.engine.pickups.compartments import find_compartment
from troth.engine.pickups.handing_over import check_collector
from troth.engine.pickups.keeping import open_pickup
from troth.engine.pickups.receiving import came_along, receive, unreceive
from troth.engine.promising.context import Facts, State
from troth.engine.stock.pick_lots import Shelf, choose_lots, find_lot_flaws
from troth.engine.stock.promised_lots import find_spoiled_flaws
from troth.engine.tracking.record import decide_tracking, deliver_if_all_arrived
from troth.engine.undo import UNDONE, undo
from troth.model.commands import (
    AcceptWork,
    CollectWork,
    DeliverWork,
    FulfillmentCommand,
    LineQuantity,
    PackWork,
    PickWork,
    ReceiveWork,
    RecordTracking,
    RejectWork,
    ShipWork,
    StageWork,
    UnacceptWork,
    UnpackWork,
    UnpickWork,
    UnstageWork,
)
from troth.model.events import (
    FulfillmentAccepted,
    FulfillmentCollected,
    FulfillmentDelivered,
    FulfillmentPacked,
    FulfillmentPicked,
    FulfillmentReady,
    FulfillmentRejected,
    FulfillmentShipped,
    OrderEvent,
    PartMove,
    PartsChange,
)
from troth.model.hold_terms import Block
from troth.model.ids import LineId
from troth.model.kits import Kits, begun_units, kits_of, whole_units
from troth.model.lifecycle import ALLOCATION, ENDED, GONE, AllocationEvent, AllocationState, is_possible
from troth.model.measure import counted
from troth.model.order import Allocation, Fulfillment, Order, Package, PackageLine
from troth.model.pickup_moves import PickupCodeRefused
from troth.model.refusals import FieldFlaw, Held, Invalid, NotFound, NotPossibleNow, Refusal, WorkWithdrawn
from troth.model.status import blocking_holds, fulfillment_status, has_come, is_handed_over, is_kept

_E = AllocationEvent
_TO_SHIP = (_E.PICK, _E.PACK, _E.SHIP)
_TO_COLLECT = (_E.PICK, _E.STAGE, _E.COLLECT)
_CLOCKS_APART: Final = timedelta(minutes=5)


def decide_work(
    command: FulfillmentCommand, order: Order, state: State, facts: Facts
) -> tuple[OrderEvent, ...] | Refusal:
    """The events of a node's or carrier's report; steps that the report skips are taken with it."""
    work = next((work for work in order.fulfillments if work.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    parts = tuple(
        part for part in order.allocations if part.fulfillment_id == work.fulfillment_id and part.state not in ENDED
    )
    if not parts and _was_withdrawn(order, work):
        return WorkWithdrawn(work.fulfillment_id, work.node, fulfillment_status(order, work.fulfillment_id))
    holds = blocking_holds(order, Block.SHIP) if isinstance(command, ShipWork | CollectWork) else ()
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    at = command.at or facts.now
    if at > facts.now + _CLOCKS_APART:
        return Invalid((FieldFlaw("/at", "lies in the future"),))
    spoiled = find_spoiled_flaws(_leaving(command, parts), work, state.supply, facts.network, at)
    if spoiled:
        return Invalid(spoiled)
    match command:
        case AcceptWork():
            moves = all_through(parts, (_E.ACCEPT,))
            return (
                (FulfillmentAccepted(work.fulfillment_id, at, PartsChange(moves=moves)),)
                if moves
                else _refuse("accept", order, work)
            )
        case RejectWork():
            return _reject(command, order, work, parts, at)
        case PickWork():
            shelf = Shelf(state.supply, facts.network, _needed_until(order, work, at))
            picked = _pick(command, order, work, parts, at, shelf)
            flaws = find_spoiled_flaws(_picked(order, picked), work, state.supply, facts.network, at)
            return Invalid(flaws) if flaws else picked
        case PackWork():
            moves = all_through(parts, (_E.PICK, _E.PACK))
            if not moves:
                return _refuse("pack", order, work)
            packages = command.packages or (_one_package(parts, kits_of(order)),)
            flaws = _package_flaws(packages, parts, kits_of(order))
            if flaws:
                return Invalid(flaws)
            return (FulfillmentPacked(work.fulfillment_id, packages, at, PartsChange(moves=moves)),)
        case StageWork():
            moves = all_through(parts, (_E.PICK, _E.STAGE)) if _is_handed_over(work) else ()
            if not moves and not has_come(order, work):
                return _refuse("ready", order, work)
            stay = find_compartment(command.staging, order, work, at, facts)
            if isinstance(stay, Invalid):
                return stay
            ready = FulfillmentReady(work.fulfillment_id, command.staging, at, PartsChange(moves=moves))
            is_moved = not moves and is_kept(order, work) and stay is None
            opened = () if is_moved else (open_pickup(order, work, at, facts, stay),)
            return (*came_along(order, work, at), ready, *opened)
        case ReceiveWork():
            return receive(command, order, work, at, facts)
        case ShipWork():
            moves = () if _is_handed_over(work) else all_through(parts, _TO_SHIP)
            flaws = _unpacked_flaws(work.packages, command.packages)
            if moves and flaws:
                return Invalid(flaws)
            packages = _with_tracking(work.packages or _packages_of(command, parts, kits_of(order)), command.packages)
            if not moves:
                return _refuse("ship", order, work)
            shipped = FulfillmentShipped(work.fulfillment_id, packages, at, PartsChange(moves=moves))
            gone = tuple(replace(part, state=AllocationState.SHIPPED) for part in parts)
            left = replace(work, packages=packages, shipped_at=at)
            return (shipped, *deliver_if_all_arrived(left, gone))  # a carrier may tell sooner than the node
        case CollectWork():
            moves = all_through(parts, _TO_COLLECT) if _is_handed_over(work) else ()
            if has_come(order, work):
                moves = all_through(parts, (_E.COLLECT,))
            no = check_collector(command, order, work, facts) if moves else None
            if no is not None:
                return (no,) if isinstance(no, PickupCodeRefused) else no
            if not moves:
                return _refuse("collect", order, work)
            change = PartsChange(moves=moves)
            taken = FulfillmentCollected(work.fulfillment_id, command.collected_by, at, change, command.paid)
            return check_paid(command, order) or (taken,)
        case DeliverWork():
            moves = all_through(parts, (_E.DELIVER,)) if work.via is None else ()
            return (
                (FulfillmentDelivered(work.fulfillment_id, at, PartsChange(moves=moves), command.proof),)
                if moves
                else _refuse("deliver", order, work)
            )
        case RecordTracking():
            return decide_tracking(command, order, work, parts, facts.now)
        case UnstageWork() if work.via is not None:
            return unreceive(order, work, command.reason, at) or _refuse("unstage", order, work)
        case UnacceptWork() | UnpickWork() | UnpackWork() | UnstageWork():
            return undo(command, work, parts, at) or _refuse(UNDONE[type(command)].value, order, work)
        case _:
            assert_never(command)


def _leaving(command: FulfillmentCommand, parts: tuple[Allocation, ...]) -> tuple[Allocation, ...]:
    """The parts that a report takes on their way out without naming them: those that have not left yet."""
    if not isinstance(command, PackWork | StageWork | ShipWork | CollectWork):
        return ()
    return tuple(part for part in parts if part.state not in GONE)


def _picked(order: Order, events: tuple[OrderEvent, ...] | Refusal) -> tuple[Allocation, ...]:
    """The parts that a pick takes, as they were before it."""
    if not isinstance(events, tuple):
        return ()
    parts = {part.allocation: part for part in order.allocations}
    found = [event for event in events if isinstance(event, FulfillmentPicked)]
    parts |= {part.allocation: part for event in found for split in event.parts.splits for part in split.parts}
    moves = [move for event in found for move in event.parts.moves]
    return tuple(parts[move.allocation] for move in moves if move.event is _E.PICK)


def _is_handed_over(work: Fulfillment) -> bool:
    """Whether the node itself gives the goods to the customer; what goes via another node is first sent there."""
    return is_handed_over(work.method) and work.via is None


def _was_withdrawn(order: Order, work: Fulfillment) -> bool:
    """Whether units were once the node's to send, or to be, that are not any more."""
    ended = {part.state for part in order.allocations if part.fulfillment_id == work.fulfillment_id}
    return bool(ended & {AllocationState.CANCELED, AllocationState.REJECTED, AllocationState.REPLACED})


def _refuse(what: str, order: Order, work: Fulfillment) -> NotPossibleNow:
    state = fulfillment_status(order, work.fulfillment_id)
    return NotPossibleNow(
        what, state, tuple(event for at, event in ALLOCATION if at is state and event is not _E.SPLIT)
    )


def _chosen(order: Order, parts: tuple[Allocation, ...], wanted: dict[LineId, int], event: AllocationEvent) -> Chosen:
    able = [part for part in parts if is_possible(part.state, event)]
    return choose_units(able, wanted, first_number=next_allocation(order), kits=kits_of(order))


def _quantities(lines: tuple[LineQuantity, ...], parts: tuple[Allocation, ...], kits: Kits) -> dict[LineId, int]:
    """Units by line (of kits, kits): those named, or all that the parts hold where none is named."""
    named: dict[LineId, int] = {}
    for line in lines:
        named[line.line_id] = named.get(line.line_id, 0) + line.quantity
    return named if lines else begun_units(parts, kits)


def _reject(
    command: RejectWork, order: Order, work: Fulfillment, parts: tuple[Allocation, ...], at: datetime
) -> tuple[OrderEvent, ...] | Refusal:
    wanted = _quantities(command.lines, parts, kits_of(order))
    chosen = _chosen(order, parts, wanted, _E.REJECT)
    if chosen.missing or not chosen.parts:
        return _refuse("reject", order, work)
    moves = tuple(PartMove(part.allocation, _E.REJECT) for part in chosen.parts)
    change = PartsChange(splits=chosen.splits, moves=moves)
    return (FulfillmentRejected(work.fulfillment_id, command.reason, at, change),)


def _needed_until(order: Order, work: Fulfillment, at: datetime) -> dict[LineId, float]:
    """Until when (POSIX) what is picked now for each line must be good."""
    promised = max(work.promised_at, at)
    days = {line.line_id: line.terms.min_remaining_days if line.terms is not None else 0 for line in order.lines}
    return {line_id: (promised + timedelta(days=count)).timestamp() for line_id, count in days.items()}


def _pick(
    command: PickWork, order: Order, work: Fulfillment, parts: tuple[Allocation, ...], at: datetime, shelf: Shelf
) -> tuple[OrderEvent, ...] | Refusal:
    pickable = tuple(part for part in parts if is_possible(part.state, _E.PICK))
    if not pickable:
        return _refuse("pick", order, work)
    kits = kits_of(order)
    held = whole_units(pickable, kits)
    picked = _quantities(command.lines, pickable, kits)
    flaws = tuple(find_lot_flaws(command.lines, kits)) or tuple(
        FieldFlaw(
            f"/lines/{position}", f"{counted(held.get(line.line_id, 0))} of line {line.line_id} can be picked here"
        )
        for position, line in enumerate(command.lines)
        if picked[line.line_id] > held.get(line.line_id, 0)
    )
    if flaws:
        return Invalid(flaws)
    reasons = {line.line_id: line.reason for line in command.lines}
    named = [line for line in command.lines if line.lots]
    as_planned = {line_id: units for line_id, units in picked.items() if line_id not in {one.line_id for one in named}}
    chosen = _chosen(order, pickable, as_planned, _E.PICK)
    if named:
        first = next_allocation(order) + sum(len(split.parts) for split in chosen.splits)
        lots = choose_lots(command.lines, pickable, shelf, first_number=first)
        if isinstance(lots, list):
            return Invalid(tuple(lots))
        chosen = Chosen(chosen.parts + lots.parts, chosen.splits + lots.splits, chosen.missing)
    split = {of.allocation for of in chosen.splits}
    taken = {part.allocation for part in chosen.parts}
    rest = [
        part
        for part in (*pickable, *(part for of in chosen.splits for part in of.parts))
        if part.allocation not in split | taken and part.line_id in picked
    ]
    short = begun_units(rest, kits)
    moves = [PartMove(part.allocation, _E.PICK) for part in chosen.parts]
    moves += [PartMove(part.allocation, _E.MISS) for part in rest]
    return (
        FulfillmentPicked(
            work.fulfillment_id,
            at,
            PartsChange(splits=chosen.splits, moves=tuple(moves)),
            tuple(LineQuantity(line_id, units, reasons.get(line_id, "")) for line_id, units in short.items()),
        ),
    )


def _one_package(parts: tuple[Allocation, ...], kits: Kits) -> Package:
    lines = begun_units(parts, kits)
    return Package("1", tuple(PackageLine(line_id, units) for line_id, units in lines.items()))


def _package_flaws(packages: tuple[Package, ...], parts: tuple[Allocation, ...], kits: Kits) -> tuple[FieldFlaw, ...]:
    """Packages that say what is in them must hold exactly what there is."""
    held = begun_units(parts, kits)
    packed: dict[LineId, int] = {}
    for package in packages:
        for line in package.lines:
            packed[line.line_id] = packed.get(line.line_id, 0) + line.quantity
    if not packed or packed == held:
        return ()
    there = ", ".join(f"{units} of line {line_id}" for line_id, units in held.items())
    return (FieldFlaw("/packages", f"the packages must together hold what was picked: {there}"),)


def _packages_of(command: ShipWork, parts: tuple[Allocation, ...], kits: Kits) -> tuple[Package, ...]:
    """What is shipped without having been packed: as the report says, a single package holding everything."""
    if len(command.packages) > 1:
        return command.packages
    name = command.packages[0].package_id if command.packages else "1"
    return (replace(_one_package(parts, kits), package_id=name),)


def _unpacked_flaws(packed: tuple[Package, ...], shipped: tuple[Package, ...]) -> tuple[FieldFlaw, ...]:
    """What was packed must be shipped in the packages that it was packed in."""
    known = {package.package_id for package in packed}
    return tuple(
        FieldFlaw(f"/packages/{position}/package_id", f"was not packed; packed were {', '.join(sorted(known))}")
        for position, package in enumerate(shipped)
        if known and package.package_id not in known
    )


def _with_tracking(packed: tuple[Package, ...], shipped: tuple[Package, ...]) -> tuple[Package, ...]:
    """The packages with the carrier's facts; what is not said is as it was, since a label says it."""
    facts = {package.package_id: package for package in shipped}
    return tuple(
        replace(
            package,
            carrier=facts[package.package_id].carrier or package.carrier,
            service=facts[package.package_id].service or package.service,
            tracking_number=facts[package.package_id].tracking_number or package.tracking_number,
        )
        if package.package_id in facts
        else package
        for package in packed
    )
