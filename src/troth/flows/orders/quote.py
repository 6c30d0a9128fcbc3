"""Quoting: what would be promised if this were ordered now, by the path of capturing, ended before it writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from functools import partial

from troth.engine.carriage.network import Network
from troth.engine.demand.nowhere import plan_nowhere
from troth.engine.demand.shelf_life import fresh_supply
from troth.engine.explanation.explain import explain
from troth.engine.explanation.front import find_fronts
from troth.engine.promising.could_be import with_what_could_be
from troth.engine.promising.disposition import may_wait
from troth.engine.promising.fullest import find_fullest, with_reasons_of
from troth.engine.promising.options import Offered, plan_options
from troth.engine.promising.plan_name import name_plan
from troth.engine.promising.ways import Ways
from troth.engine.promising.wishes import with_wishes_given_up
from troth.flows.door.aside import aside
from troth.flows.door.system import System
from troth.flows.orders.capture import HANDED_OVER, OrderContent, prepare
from troth.flows.orders.cart import hold_cart
from troth.flows.orders.inquiry import Posed, find_known, pose
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.explanation import Explanation
from troth.model.front import Front
from troth.model.ids import LineId, NodeId
from troth.model.kits import Kit
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import Demand, Plan, Uncovered
from troth.model.refusals import Busy, Invalid, Refusal, StockShort
from troth.model.routing import Action
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One way to have it, complete or in part: the plan, and an id that names it as long as it stays the same.

    `method`, `service` and the `node` at which it is picked up are how it is asked for.
    """

    plan_id: str
    plan: Plan
    method: Method = Method.SHIP
    service: str = ""
    node: NodeId | None = None

    @property
    def will_wait(self) -> bool:
        """Whether an order of it would be taken although not all of it can be had now."""
        return bool(self.plan.uncovered) and may_wait(self.plan)

    @property
    def will_be_held(self) -> bool:
        """Whether an order of it would wait for a person before anything is sent."""
        return self.plan.disposition is not None and self.plan.disposition.action is Action.HOLD


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer to an inquiry at an instant: first what an order as asked would get, then the other ways to have it.

    `asked` is the plan of an order as asked, and `uncovered` what it cannot promise; `explanation` says why, where it
    was asked. `hold` keeps the units of the first option, where that was asked and everything could be promised; else
    it is the hold that the inquiry names, as it was before. `destination` is where it would go, `near` the place around
    which pickups were looked for, and `kits` are the lines that are asked for as kits. `fronts` say what sooner and
    fewer shipments would cost, where that was asked. `need_by` says of lines when they are needed.
    """

    at: datetime
    network: Network
    currency: str
    asked: Plan
    options: tuple[Option, ...]
    uncovered: tuple[Uncovered, ...]
    explanation: Explanation | None
    hold: CartHold | None = None
    destination: Address | None = None
    kits: Mapping[LineId, Kit] = field(default_factory=dict)
    near: Address | None = None
    fronts: tuple[Front, ...] = ()
    need_by: Mapping[LineId, datetime] = field(default_factory=dict)


async def quote(
    system: System,
    content: OrderContent,
    *,
    is_explained: bool = False,
    has_fronts: bool = False,
    hold_seconds: int = 0,
    actor: str = "",
) -> Quote | Refusal:
    """What could be promised now; nothing is reserved unless `hold_seconds` is given, and then for so long. A pickup
    without a node asks where it could be. With a `plan_id` it is that option which is kept, and which comes first.

    What the cart's hold keeps that the content names is free for it, as it will be for its order.
    """
    command = await prepare(system, content, is_inquiry=True)
    if isinstance(command, Invalid):
        return command
    known = await find_known(system, command)
    if isinstance(known, Invalid):
        return known
    posed = pose(system, command, known, is_explained=is_explained or has_fronts)
    work = partial(_plan, posed, command.near, is_explained=is_explained, has_fronts=has_fronts)
    lines = len(posed.case.demand.lines) * (2 if is_explained or has_fronts else 1)
    found = await aside(work, "quote", lines=lines) if posed.is_aside else work()
    if isinstance(found, Busy):
        return found
    asked, hold = found.asked, known.own
    if hold_seconds and (command.plan_id or _is_whole(asked.plan)):
        held = await _hold(system, command, asked, hold_seconds, actor)
        if isinstance(held, tuple):
            hold, asked = held[0], _way_of(held[1], asked, found.offered)
        elif command.plan_id or not isinstance(held, StockShort | Busy):
            return held
    case = posed.case
    return Quote(
        case.now,
        case.network,
        case.policy.currency,
        found.asked.plan,
        _options((asked, *found.offered)),
        found.asked.plan.uncovered,
        found.explanation,
        hold,
        case.demand.destination,
        _find_kits(case.demand),
        command.near,
        found.fronts,
        {line.line_id: line.need_by for line in case.demand.lines if line.need_by is not None},
    )


async def _hold(
    system: System, command: CaptureOrder, asked: Offered, seconds: int, actor: str
) -> tuple[CartHold, Plan] | Refusal:
    """The units of a plan kept for a while, with the plan that they are kept for."""
    pickup = asked.demand.pickup_node if command.method in HANDED_OVER and not command.plan_id else command.pickup_node
    return await hold_cart(system, replace(command, pickup_node=pickup), seconds, actor=actor)


def _way_of(held: Plan, asked: Offered, offered: Sequence[Offered]) -> Offered:
    """The plan that is kept, with the way in which it is asked for."""
    name = name_plan(held)
    way = next((one for one in (asked, *offered) if name_plan(one.plan) == name), asked)
    return Offered(way.demand, held)


def _is_whole(plan: Plan) -> bool:
    return bool(plan.shipments) and not plan.uncovered


def _find_kits(demand: Demand) -> dict[LineId, Kit]:
    """The lines that are asked for as kits."""
    return {
        line.line_id: Kit(line.sku, line.terms.kit)
        for line in demand.lines
        if line.terms is not None and line.terms.kit
    }


@dataclass(frozen=True, slots=True)
class _Found:
    """What an order as asked would get, the other ways to have it, and why, where that is asked."""

    asked: Offered
    offered: tuple[Offered, ...]
    explanation: Explanation | None
    fronts: tuple[Front, ...]


def _plan(posed: Posed, near: Address | None, *, is_explained: bool, has_fronts: bool) -> _Found:
    case = posed.case
    demand, ways = case.demand, Ways()
    is_anywhere = demand.method in HANDED_OVER and demand.pickup_node is None
    asked = None if is_anywhere else posed.with_reasons(case.plan(by=ways))
    if asked is not None and asked.uncovered:
        asked = with_wishes_given_up(case, with_what_could_be(case, asked, posed.supply_for))
    offered = plan_options(
        demand,
        posed.supply_for,
        case.network,
        case.policy,
        case.now,
        prices=case.prices,
        loads=case.loads,
        budget=case.budget(),
        near=near,
        asked=asked,
        by=ways,
    )
    first = None if asked is None else Offered(demand, asked)
    if first is None:
        handed = next((way for way in offered if way.demand.method in HANDED_OVER), None)
        first = _where_most_is(posed, near) if handed is None else handed
    explanation = explain(case) if is_explained else None
    return _Found(first, offered, explanation, find_fronts(case) if has_fronts else ())


def _where_most_is(posed: Posed, near: Address | None) -> Offered:
    """A pickup that no node can hand over whole: what the fullest node could, and what keeps all from the rest."""
    case = posed.case
    point = case.demand.destination if near is None else near
    nowhere = plan_nowhere(case.demand, case.supply, case.network, case.policy, point)
    node = find_fullest(case.demand, case.supply, case.network, case.policy, point)
    if node is None:
        return Offered(case.demand, nowhere)
    demand = replace(case.demand, pickup_node=node)
    there = replace(case, demand=demand, supply=fresh_supply(posed.supply_for(demand), case.now.timestamp()))
    found = with_reasons_of(posed.with_reasons(there.plan()), nowhere)
    found = with_wishes_given_up(there, with_what_could_be(there, found, posed.supply_for))
    return Offered(demand, found)


def _options(ways: Iterable[Offered]) -> tuple[Option, ...]:
    """The ways that promise anything, or of which an order would be taken and wait; each once, in the order given."""
    named: dict[str, Option] = {}
    for way in ways:
        if way.plan.shipments or may_wait(way.plan):
            plan_id, ask = name_plan(way.plan), way.demand
            named.setdefault(plan_id, Option(plan_id, way.plan, ask.method, ask.service, ask.pickup_node))
    return tuple(named.values())
