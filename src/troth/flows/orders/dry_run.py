"""A dry run: what an order would be promised under a routing, a rate card or a lane table and under what is in force,
side by side.

It is the path of capturing, ended before it writes: with the stock of this moment, as if it were ordered now. What the
order itself has reserved counts as free, so that an order that exists can be asked about too.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

from troth.engine.asked import demand_of
from troth.engine.carriage.network import Network
from troth.engine.explanation.explain import explain, find_nodes_of_interest
from troth.engine.explanation.front import find_fronts
from troth.engine.exposure.taking import exposed_supply, with_freed
from troth.engine.feasible import find_unknown
from troth.engine.promising.case import Case, case_of
from troth.engine.promising.context import Facts
from troth.engine.reserve import reserve_entries
from troth.engine.supply.backorder_cap import cap_backorders
from troth.engine.supply.supply import SupplyRows
from troth.flows.documents.families import ROUTINGS, Family
from troth.flows.door.aside import aside, network_at_rest, rows_at_rest
from troth.flows.door.facts import facts_of
from troth.flows.door.system import System
from troth.flows.orders.capture import OrderContent, prepare
from troth.flows.orders.trial import Trial, find_trial
from troth.model.capture_order import CaptureOrder
from troth.model.explanation import Explanation
from troth.model.front import Front
from troth.model.ids import OrderId, Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound
from troth.model.routing import Routing
from troth.model.value import dataclass
from troth.store.orders import read_orders

_OF_CAPTURE_ALONE: Final = frozenset({"cart_hold", "plan_id", "near", "history"})
"""What a channel says for the moment of the capture, and no order keeps."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """The two plans at an instant; `order_id` is there where an order of ours was asked about. `tried_label` names the
    document that was tried, `in_force_label` what is in force in its place (None: nothing of its name).

    `why_tried` and `why_in_force` go through the candidates one by one, and the fronts say what sooner and fewer
    shipments would cost, where that was asked for.
    """

    at: datetime
    order_id: OrderId | None
    tried: Plan
    in_force: Plan
    network: Network
    currency: str
    tried_label: str = ""
    in_force_label: str | None = None
    why_tried: Explanation | None = None
    why_in_force: Explanation | None = None
    tried_fronts: tuple[Front, ...] = ()
    in_force_fronts: tuple[Front, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether both promise the same, from the same places, at the same cost."""
        return (self.tried.shipments, self.tried.uncovered) == (self.in_force.shipments, self.in_force.uncovered)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be planned, and the order of ours that it is, if it is one."""

    command: CaptureOrder
    order: Order | None


@dataclass(frozen=True, slots=True, eq=False)
class _Posed:
    """What is asked of a moment at rest, and what is tried in it: a policy, or a network that is to be compiled."""

    demand: Demand
    supply: Mapping[Sku, SupplyRows]
    facts: Facts
    policy: Policy | None
    network: Callable[[], Network] | None

    def in_force(self) -> Case:
        """The case under what is in force."""
        return case_of(self.demand, self.supply, self.facts)

    def tried(self) -> Case:
        """The case under what is tried, with what the nodes have promised."""
        facts = self.facts if self.policy is None else replace(self.facts, policy=self.policy)
        if self.network is not None:
            facts = replace(facts, network=self.network().with_load(facts.network.load))
        return case_of(self.demand, self.supply, facts)


async def dry_run(
    system: System,
    name: str,
    asked: OrderId | OrderContent,
    *,
    family: Family[Any] = ROUTINGS,
    version: int | None = None,
    body: object = None,
    is_explained: bool = False,
    has_fronts: bool = False,
) -> DryRun | Invalid | NotFound | Busy:
    """Both plans for an order that exists or a content; nothing is written.

    What is tried is a body that need not be saved, or a version of the name: the newest one where none is given.
    """
    trial = await find_trial(system, family, name, version=version, body=body)
    if not isinstance(trial, Trial):
        return trial
    found = await _find_asked(system, asked)
    if not isinstance(found, _Asked):
        return found
    posed = await _pose(system, found, trial)
    if isinstance(posed, Invalid):
        return posed
    order_id = None if found.order is None else found.order.order_id

    def plan_both() -> DryRun:
        tried, in_force = posed.tried(), posed.in_force()
        done = DryRun(
            in_force.now,
            order_id,
            tried.plan(),
            in_force.plan(),
            in_force.network,
            in_force.policy.currency,
            trial.label,
            trial.in_force(posed.facts),
        )
        if is_explained:
            done = _explained(done, tried, in_force)
        if has_fronts:
            done = replace(done, tried_fronts=find_fronts(tried), in_force_fronts=find_fronts(in_force))
        return done

    effort = 2 if is_explained or has_fronts else 1
    return await aside(plan_both, "trial", lines=2 * effort * len(posed.demand.lines))


async def _find_asked(system: System, asked: OrderId | OrderContent) -> _Asked | Invalid | NotFound:
    """What would capture an order that exists, or a content."""
    order: Order | None = None
    if isinstance(asked, str):
        async with system.pool.acquire() as connection:
            order = (await read_orders(connection, [asked])).get(asked)
        if order is None:
            return NotFound("order", asked)
        command: CaptureOrder | Invalid = command_of(order)
    else:
        command = await prepare(system, asked, is_inquiry=True)
    if isinstance(command, Invalid):
        return command
    if not command.lines:
        return Invalid((FieldFlaw("/order_id", "all of its lines are canceled, so that there is nothing to promise"),))
    return _Asked(command, order)


async def _pose(system: System, asked: _Asked, trial: Trial) -> _Posed | Invalid:
    """What the two cases are made of, with the stock of this moment at rest."""
    door, command = system.door, asked.command
    skus = await door.reference.need_lines(command.lines)
    await door.need_stock(skus)
    reference = door.reference
    policy = trial.policy(reference.base)
    prices = await reference.need_prices(skus, policy)
    now = door.now()
    facts = facts_of(reference, now, "", reference.policy_for(command.customer.id or command.order_id, now), prices)
    flaws = find_unknown(command, replace(facts, network=trial.with_services(facts.network)))
    if flaws:
        return Invalid(flaws)
    demand = demand_of(command, facts)
    supply = _find_supply(system, asked, demand, skus, facts)
    facts = replace(facts, network=network_at_rest(reference.network))
    document = trial.document
    network = None if isinstance(document, Routing) else reference.offered_with(trial.name, document, now)
    return _Posed(demand, supply, facts, policy, network)


def _find_supply(
    system: System, asked: _Asked, demand: Demand, skus: Collection[Sku], facts: Facts
) -> dict[Sku, SupplyRows]:
    """What the demand may take, with what the order itself holds free for it."""
    index = system.door.index
    held: dict[SupplyKey, int] = {}
    for entry in () if asked.order is None else reserve_entries(None, asked.order):
        held[entry.key] = held.get(entry.key, 0) + entry.reserved_delta
    supply = exposed_supply(facts.pool, demand, skus, index.rows)
    if held:
        supply = {sku: with_freed(supply, sku, index.rows(sku), index.rows_freed(sku, held)) for sku in skus}
    supply = cap_backorders(supply, index.backordered, facts.items, held, demand=demand)
    return {sku: rows_at_rest(rows) for sku, rows in supply.items()}


def _explained(done: DryRun, tried: Case, in_force: Case) -> DryRun:
    """A dry run that goes through the candidates: both sides through the same ones."""
    nodes = find_nodes_of_interest(tried, (done.tried, done.in_force))
    return replace(done, why_tried=explain(tried, nodes=nodes), why_in_force=explain(in_force, nodes=nodes))


def command_of(order: Order) -> CaptureOrder:
    """What would capture an order as it now is: without what was canceled of it."""
    lines = tuple(
        replace(line, quantity=line.quantity - line.canceled_quantity, canceled_quantity=0)
        for line in order.lines
        if line.quantity > line.canceled_quantity
    )
    names = [field.name for field in fields(CaptureOrder) if field.name not in _OF_CAPTURE_ALONE]
    values = {name: getattr(order, name) for name in names}
    return CaptureOrder(**values | {"lines": lines})
