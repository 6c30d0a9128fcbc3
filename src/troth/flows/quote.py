"""Quoting: what would be promised if this were ordered now, by the path of capturing, ended before it writes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from time import monotonic
from typing import Final

from troth.engine.backorder_cap import cap_backorders, with_cap_reasons
from troth.engine.capture import demand_of
from troth.engine.cart_units import find_hold, without_hold
from troth.engine.case import Case, case_of, with_what_could_be
from troth.engine.context import Facts
from troth.engine.effort import is_quick
from troth.engine.explain import explain
from troth.engine.exposure.kept_quotas import within_quotas
from troth.engine.exposure.taking import Pool, supply_reader, with_freed
from troth.engine.feasible import find_unknown
from troth.engine.network import Network
from troth.engine.options import plan_options
from troth.engine.supply import NO_SUPPLY, SupplyRows
from troth.flows.aside import aside, network_at_rest, rows_at_rest
from troth.flows.capture import HANDED_OVER, OrderContent, prepare
from troth.flows.cart import hold_cart, read_hold
from troth.flows.system import System
from troth.model.cart_hold import CartHold
from troth.model.commands import CaptureOrder
from troth.model.explanation import Explanation
from troth.model.ids import LineId, Sku
from troth.model.inventory import SupplyKey
from troth.model.network import Address
from troth.model.plan import Demand, Plan, Trace, Uncovered
from troth.model.refusals import Busy, Invalid, NotFound, Refusal, StockShort
from troth.store.codec import encode_bytes
from troth.store.stock_index import StockIndex

_QUICK_LINES_MAX: Final = 4
"""An inquiry about more lines is planned beside the event loop, since there is a plan for each way to have them."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to have it, complete or in part: the plan, and an id that names it as long as it stays the same."""

    plan_id: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Kit:
    """A kit that a line asks for, and the components (SKU, units) of one of it."""

    sku: Sku
    components: tuple[tuple[Sku, int], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer to an inquiry at an instant: first what an order as asked would get, then the other ways to have it.

    `uncovered` is what cannot be promised as asked; `explanation` says why, where it was asked. `hold` keeps the units
    of the first option, where that was asked and everything could be promised; else it is the hold that the inquiry
    names, as it was before. `destination` is where it would go, and `kits` are the lines that are asked for as kits.
    """

    at: datetime
    network: Network
    currency: str
    options: tuple[Option, ...]
    uncovered: tuple[Uncovered, ...]
    explanation: Explanation | None
    hold: CartHold | None = None
    destination: Address | None = None
    kits: Mapping[LineId, Kit] = field(default_factory=dict)


async def quote(
    system: System, content: OrderContent, *, is_explained: bool = False, hold_seconds: int = 0, actor: str = ""
) -> Quote | Refusal:
    """What could be promised now; nothing is reserved unless `hold_seconds` is given, and then for so long. A pickup
    without a node asks where it could be.

    What the cart's hold keeps that the content names is free for it, as it will be for its order.
    """
    command = await prepare(system, content, is_inquiry=True)
    if isinstance(command, Invalid):
        return command
    door = system.door
    skus = await door.reference.need_lines(command.lines)
    if find_unknown(command, _facts(system, command)):
        await door.follow()  # another process may have just set it
        skus = await door.reference.need_lines(command.lines)
    await door.need_stock(skus)
    prices = await door.reference.need_prices(skus)
    facts = replace(_facts(system, command), prices=prices)
    flaws = find_unknown(command, facts)
    own = await _find_own(system, command)
    if flaws or isinstance(own, Invalid):
        return own if isinstance(own, Invalid) else Invalid(flaws)
    demand = demand_of(command, facts)
    rows = {sku: door.index.rows(sku) for sku in skus}
    freed = _with_kept_units(rows, own, door.index)
    backordered = {sku: door.index.backordered(sku) for sku in skus}
    facts = without_hold(facts, own)
    is_aside = is_explained or not is_quick(
        demand.lines, lambda sku: rows.get(sku, NO_SUPPLY), lines_max=_QUICK_LINES_MAX
    )
    if is_aside:
        rows = {sku: rows_at_rest(found) for sku, found in rows.items()}
        freed = {sku: rows_at_rest(found) for sku, found in freed.items()}
        facts = replace(facts, network=network_at_rest(facts.network))
    kept = {} if own is None else {held.key: held.quantity for held in own.units}
    exposed = _with_own(supply_reader(facts.pool, skus, rows.__getitem__), facts.pool, rows, freed, kept)
    items = facts.items

    def supply_for(wanted: Demand) -> Mapping[Sku, SupplyRows]:
        return cap_backorders(dict(exposed(wanted)), backordered.__getitem__, items, kept, demand=wanted)

    def with_reasons(plan: Plan) -> Plan:
        return with_cap_reasons(plan, rows.__getitem__, backordered.__getitem__, items, demand)

    case = case_of(demand, supply_for(demand), facts)
    work = partial(_plan, case, supply_for, with_reasons, is_explained=is_explained)
    asked, offered, explanation = await aside(work) if is_aside else work()
    hold = own
    if hold_seconds and not asked.uncovered and asked.shipments:
        pickup = (asked.shipments[0].via or asked.shipments[0].node) if command.method in HANDED_OVER else None
        held = await hold_cart(system, replace(command, pickup_node=pickup), hold_seconds, actor=actor)
        if isinstance(held, tuple):
            hold, asked = held
        elif not isinstance(held, StockShort | Busy):
            return held
    return Quote(
        facts.now,
        facts.network,
        facts.policy.currency,
        _options((asked, *offered)),
        asked.uncovered,
        explanation,
        hold,
        demand.destination,
        {
            line.line_id: Kit(line.sku, line.terms.kit)
            for line in demand.lines
            if line.terms is not None and line.terms.kit
        },
    )


def _plan(
    case: Case,
    supply_for: Callable[[Demand], Mapping[Sku, SupplyRows]],
    with_reasons: Callable[[Plan], Plan],
    *,
    is_explained: bool,
) -> tuple[Plan, tuple[Plan, ...], Explanation | None]:
    """What an order as asked would get, the other ways to have it, and why, where that is asked."""
    demand = case.demand
    is_anywhere = demand.method in HANDED_OVER and demand.pickup_node is None
    asked = None if is_anywhere else with_reasons(case.plan())
    if asked is not None and asked.uncovered:
        asked = with_what_could_be(case, asked)
    offered = plan_options(
        demand,
        supply_for,
        case.network,
        case.policy,
        case.now,
        prices=case.prices,
        loads=case.loads,
        budget=case.budget(),
    )
    if demand.destination is None:
        offered = tuple(option for option in offered if option.shipments[0].method in HANDED_OVER)
    if asked is None:
        asked = next((option for option in offered if option.shipments[0].method in HANDED_OVER), _nowhere(demand))
    return asked, offered, explain(case) if is_explained else None


async def _find_own(system: System, command: CaptureOrder) -> CartHold | Invalid | None:
    """The hold of a cart that an inquiry names, while it keeps anything."""
    if command.cart_hold is None:
        return None
    known = await read_hold(system, command.cart_hold)
    return find_hold(command, None if isinstance(known, NotFound) else known, system.door.now())


def _with_kept_units(rows: Mapping[Sku, SupplyRows], own: CartHold | None, index: StockIndex) -> dict[Sku, SupplyRows]:
    """The rows as they were if what a hold keeps were free; none where there is no hold."""
    if own is None:
        return {}
    kept = {held.key: held.quantity for held in own.units}
    return {sku: index.rows_freed(sku, kept) for sku in rows}


def _with_own(
    supply_for: Callable[[Demand], Mapping[Sku, SupplyRows]],
    pool: Pool,
    rows: Mapping[Sku, SupplyRows],
    freed: Mapping[Sku, SupplyRows],
    kept: Mapping[SupplyKey, int],
) -> Callable[[Demand], Mapping[Sku, SupplyRows]]:
    """The supply for any demand, with what a hold keeps free for it."""
    if not freed:
        return supply_for

    def with_own(demand: Demand) -> Mapping[Sku, SupplyRows]:
        supply = supply_for(demand)
        with_kept = {sku: with_freed(supply, sku, rows[sku], freed[sku]) for sku in supply}
        return within_quotas(pool, demand, with_kept, kept)

    return with_own


def _facts(system: System, command: CaptureOrder) -> Facts:
    """What is known now. A customer who is known is quoted under the policy that decides about their orders."""
    reference = system.door.reference
    now = system.door.now()
    policy = reference.policy_for(command.customer.id or None, now)
    exposure = reference.exposure_at(now)
    return Facts(now, "", reference.network, reference.items, policy, exposure=exposure, clock=monotonic)


def _nowhere(demand: Demand) -> Plan:
    """The plan of a pickup that no node can hand over whole."""
    uncovered = tuple(Uncovered(line.line_id, line.sku, line.quantity, "no_node_has_all") for line in demand.lines)
    return Plan((), uncovered, Trace("none", 0))


def _options(plans: Iterable[Plan]) -> tuple[Option, ...]:
    """The plans that promise anything, each once, in the order given."""
    named: dict[str, Plan] = {}
    for option in plans:
        if option.shipments:
            named.setdefault("P-" + blake2b(encode_bytes(option.shipments), digest_size=10).hexdigest(), option)
    return tuple(Option(plan_id, option) for plan_id, option in named.items())
