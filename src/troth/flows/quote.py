"""Quoting: what would be promised if this were ordered now, by the path of capturing, ended before it writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import blake2b

from troth.engine.case import with_what_could_be
from troth.engine.explain import explain
from troth.engine.network import Network
from troth.engine.nowhere import plan_nowhere
from troth.engine.options import plan_options
from troth.engine.wishes import with_wishes_given_up
from troth.flows.aside import aside
from troth.flows.capture import HANDED_OVER, OrderContent, prepare
from troth.flows.cart import hold_cart
from troth.flows.inquiry import Posed, find_known, pose
from troth.flows.system import System
from troth.model.cart_hold import CartHold
from troth.model.commands import CaptureOrder
from troth.model.explanation import Explanation
from troth.model.ids import LineId, Sku
from troth.model.network import Address
from troth.model.plan import Demand, Plan, Uncovered
from troth.model.refusals import Busy, Invalid, Refusal, StockShort
from troth.store.codec import encode_bytes


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
    known = await find_known(system, command)
    if isinstance(known, Invalid):
        return known
    posed = pose(system, command, known, is_explained=is_explained)
    work = partial(_plan, posed, is_explained=is_explained)
    done = await aside(work, "quote") if posed.is_aside else work()
    if isinstance(done, Busy):
        return done
    asked, offered, explanation = done
    hold = known.own
    if hold_seconds and not asked.uncovered and asked.shipments:
        held = await _hold(system, command, asked, hold_seconds, actor)
        if isinstance(held, tuple):
            hold, asked = held
        elif not isinstance(held, StockShort | Busy):
            return held
    case = posed.case
    return Quote(
        case.now,
        case.network,
        case.policy.currency,
        _options((asked, *offered)),
        asked.uncovered,
        explanation,
        hold,
        case.demand.destination,
        _find_kits(case.demand),
    )


async def _hold(
    system: System, command: CaptureOrder, asked: Plan, seconds: int, actor: str
) -> tuple[CartHold, Plan] | Refusal:
    """The units of a plan kept for a while, with the plan that they are kept for."""
    pickup = (asked.shipments[0].via or asked.shipments[0].node) if command.method in HANDED_OVER else None
    return await hold_cart(system, replace(command, pickup_node=pickup), seconds, actor=actor)


def _find_kits(demand: Demand) -> dict[LineId, Kit]:
    """The lines that are asked for as kits."""
    return {
        line.line_id: Kit(line.sku, line.terms.kit)
        for line in demand.lines
        if line.terms is not None and line.terms.kit
    }


def _plan(posed: Posed, *, is_explained: bool) -> tuple[Plan, tuple[Plan, ...], Explanation | None]:
    """What an order as asked would get, the other ways to have it, and why, where that is asked."""
    case = posed.case
    demand = case.demand
    is_anywhere = demand.method in HANDED_OVER and demand.pickup_node is None
    asked = None if is_anywhere else posed.with_reasons(case.plan())
    if asked is not None and asked.uncovered:
        asked = with_wishes_given_up(case, with_what_could_be(case, asked))
    offered = plan_options(
        demand,
        posed.supply_for,
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
        nowhere = plan_nowhere(demand, case.supply, case.network, case.policy)
        asked = next((option for option in offered if option.shipments[0].method in HANDED_OVER), nowhere)
    return asked, offered, explain(case) if is_explained else None


def _options(plans: Iterable[Plan]) -> tuple[Option, ...]:
    """The plans that promise anything, each once, in the order given."""
    named: dict[str, Plan] = {}
    for option in plans:
        if option.shipments:
            named.setdefault("P-" + blake2b(encode_bytes(option.shipments), digest_size=10).hexdigest(), option)
    return tuple(Option(plan_id, option) for plan_id, option in named.items())
