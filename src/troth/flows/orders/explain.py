"""Why an order's sources were chosen: what was kept with each decision, and the decision made again from it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic

import msgspec

from troth.engine.asked import demand_of
from troth.engine.capture import parts_of
from troth.engine.change import asked_again
from troth.engine.demand.budget import OUT_OF_TIME, Budget
from troth.engine.demand.line_terms import named_skus
from troth.engine.evolve import evolve
from troth.engine.explanation.explain import explain
from troth.engine.explanation.front import FRONT_SECONDS_MAX, find_fronts
from troth.engine.explanation.tries import SECONDS_MAX, Tries
from troth.engine.failed import NOT_ASKED, LeftOut, failed_nodes, spent_lines
from troth.engine.parts import next_allocation
from troth.engine.promising.case import Case
from troth.engine.promising.context import Facts
from troth.engine.promising.keep_promise import keep_promise
from troth.engine.promising.record import recall, recall_load
from troth.engine.resource import demand_missing
from troth.flows.door.aside import aside
from troth.flows.door.system import System
from troth.flows.orders.dry_run import command_of
from troth.flows.publishing.recall import recall_items, recall_network, recall_policy, recall_prices
from troth.model.events import (
    DuplicateReceived,
    OrderCaptured,
    OrderChanged,
    OrderEvent,
    OrderResourced,
    SourcingFailed,
    UnitsQueued,
)
from troth.model.explanation import Explanation
from troth.model.front import Front
from troth.model.ids import NodeId
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.plan import Trace
from troth.model.refusals import Busy
from troth.model.status import uncovered_quantities
from troth.model.value import dataclass
from troth.store.codec import decode
from troth.store.events import LoggedEvent, read_subject_events
from troth.store.orders import read_explanations

_PLANNED_AGAIN_MAX = 5


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about an order's sources: its trace and what it chose; where it could be made again, the
    explanation, and whether the same was chosen again.

    `missing` says which of its inputs is no longer at hand, where it could not. `fronts` are there where they were
    asked for.
    """

    version: int
    at: datetime
    trace: Trace
    chosen: tuple[Fulfillment, ...]
    explanation: Explanation | None = None
    is_reproduced: bool | None = None
    missing: str = ""
    fronts: tuple[Front, ...] = ()


@dataclass(frozen=True, slots=True)
class _Again:
    """How decisions are made again: with which nodes explained, with fronts or not, in what share of the time."""

    nodes: Sequence[NodeId]
    has_fronts: bool
    share: float


@dataclass(frozen=True, slots=True)
class _Taken:
    """The order before and what a decision added to it; nodes that it asked once more although they had failed."""

    before: Order
    is_capture: bool
    fulfillments: tuple[Fulfillment, ...]
    allocations: tuple[Allocation, ...]
    asked_again: frozenset[NodeId] = frozenset()


async def read_decisions(system: System, order: Order) -> tuple[Decided, ...]:
    """The decisions about an order's sources as they were kept, the newest first; unreadable ones are left out."""
    return tuple(decided for decided, _ in await _read(system, order))


async def explain_order(
    system: System, order: Order, *, nodes: Sequence[NodeId] = (), has_fronts: bool = False
) -> tuple[Decided, ...] | Busy:
    """The decisions, the newest first, each made again from what was kept with it (the newest few); with `nodes`, why
    or why not these. They share the time of one explanation, and that of one front where fronts are asked for.
    Busy where so much is asked at once that it would wait too long.
    """
    decisions = await _read(system, order)
    newest = decisions[:_PLANNED_AGAIN_MAX]
    how = _Again(nodes, has_fronts, 1.0 / max(1, len(newest)))
    again: list[Decided] = []
    for decided, taken in newest:
        made = await _decide_again(system, decided, taken, how)
        if isinstance(made, Busy):
            return made
        again.append(made)
    return (*again, *(decided for decided, _ in decisions[_PLANNED_AGAIN_MAX:]))


async def _read(system: System, order: Order) -> list[tuple[Decided, _Taken | None]]:
    async with system.pool.acquire() as connection:
        kept = await read_explanations(connection, order.order_id)
        events = await read_subject_events(connection, order.order_id)
    decisions = []
    for version, at, text in kept:
        try:
            trace = decode(text, Trace)
        except msgspec.ValidationError:
            continue
        taken = _find_taken(events, at)
        decisions.append((Decided(version, at, trace, taken.fulfillments if taken else ()), taken))
    return decisions


def _find_taken(events: Sequence[LoggedEvent], at: datetime) -> _Taken | None:
    """What the decision of an instant was asked about, and what it added."""
    order: Order | None = None
    again = frozenset[NodeId]()
    for logged in events:
        event = logged.event
        if isinstance(event, DuplicateReceived) or not isinstance(event, OrderEvent):
            continue  # what happens to its money is under the order's name too, and changes nothing of the order
        if isinstance(event, OrderChanged) and logged.at == at:
            again = asked_again(event)
        if isinstance(event, OrderCaptured) and logged.at == at:
            return _Taken(event.order, True, event.order.fulfillments, event.order.allocations)
        if order is not None and logged.at == at and isinstance(event, OrderResourced | SourcingFailed | UnitsQueued):
            parts = event.parts if isinstance(event, OrderResourced) else None
            return _Taken(order, False, parts.fulfillments if parts else (), parts.added if parts else (), again)
        order = evolve(order, event)
    return None


async def _decide_again(system: System, decided: Decided, taken: _Taken | None, how: _Again) -> Decided | Busy:
    if decided.trace.method == NOT_ASKED and taken is not None:
        return await _not_asked_again(system, decided, taken)
    case = await _recall_case(system, decided, taken)
    if isinstance(case, str) or taken is None:
        return _without(decided, case if isinstance(case, str) else "the stock that it saw")

    def look() -> tuple[Explanation, tuple[Front, ...]]:
        explanation = explain(case, nodes=how.nodes, tries=Tries(monotonic, SECONDS_MAX * how.share))
        fronts = find_fronts(case, Budget(FRONT_SECONDS_MAX * how.share, monotonic)) if how.has_fronts else ()
        return explanation, fronts

    looked = await aside(look, "explanation", lines=len(case.demand.lines))
    if isinstance(looked, Busy):
        return looked
    explanation, fronts = looked
    fulfillments, allocations = parts_of(
        explanation.plan.shipments,
        taken.before.order_id,
        first_fulfillment=1 if taken.is_capture else len(taken.before.fulfillments) + 1,
        first_allocation=1 if taken.is_capture else next_allocation(taken.before),
    )
    # What a part is counted against follows from the part; it is no choice.
    chosen = tuple(replace(part, draws=()) for part in taken.allocations)
    is_same = (fulfillments, allocations) == (taken.fulfillments, chosen)
    again = replace(decided, explanation=explanation, is_reproduced=is_same, fronts=fronts)
    if not is_same and OUT_OF_TIME in (*decided.trace.notes, *explanation.plan.trace.notes):
        return replace(again, is_reproduced=None, missing="the time to look for its plan to the end")
    return again


async def _not_asked_again(system: System, decided: Decided, taken: _Taken) -> Decided:
    """The decision to ask nobody, made again: whether enough nodes had failed all that lay nowhere."""
    policy = await recall_policy(system, decided.trace.policy_version)
    if policy is None:
        return _without(decided, f"the policy {decided.trace.policy_version}")
    missing = uncovered_quantities(taken.before).keys()
    return replace(decided, is_reproduced=missing <= spent_lines(taken.before, policy))


async def _recall_case(system: System, decided: Decided, taken: _Taken | None) -> Case | str:
    """Everything that a decision depended on, or what of it is no longer at hand."""
    recording = decided.trace.recording
    if recording is None or taken is None:
        return "the stock that it saw"
    network = await recall_network(system, decided.at, recording.network)
    if network is None:
        return "the nodes and rate cards as they were"
    network = recall_load(recording, network)
    policy = await recall_policy(system, decided.trace.policy_version)
    if policy is None:
        return f"the policy {decided.trace.policy_version}"
    skus = {line.sku for line in taken.before.lines} | set(named_skus(taken.before.lines))
    items = await recall_items(system, decided.at, skus)
    if any(line.sku not in items for line in taken.before.lines):
        return "the items as they were"
    prices = await recall_prices(system, decided.at, decided.trace.prices_version, policy, skus)
    if isinstance(prices, str):
        return prices
    loads = recording.loads or None
    facts = Facts(decided.at, "", network, items, policy, loads=loads, guides=system.door.reference.guides)
    if taken.is_capture:
        demand = demand_of(command_of(taken.before), facts)
    else:
        excluded = recording.excluded
        if excluded is None:  # of a time when only a person could have a node asked again
            excluded = tuple(failed_nodes(taken.before) - taken.asked_again)
        failed = LeftOut(frozenset(excluded), frozenset(recording.excluded_items))
        demand = demand_missing(taken.before, facts, failed, left_out=recording.left_out)
    case = Case(demand, recall(recording, network), network, policy, decided.at, prices, loads, monotonic)
    return case if taken.is_capture else keep_promise(case)[0]


def _without(decided: Decided, missing: str) -> Decided:
    return replace(decided, missing=missing)
