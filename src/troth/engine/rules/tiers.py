"""A demand answered tier by tier, as its policy's routing says."""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.demand.admission import Admission
from troth.engine.demand.budget import Budget
from troth.engine.rules.compiled import CompiledRouting, CompiledRule, CompiledTier, compiled_routing
from troth.engine.rules.ground import Ground
from troth.engine.rules.keep import keep_back, tell_kept
from troth.engine.rules.masks import Tally, applies, narrow, rank_nodes
from troth.engine.rules.merge import (
    BY_RULES,
    empty_plan,
    merge,
    missing_units,
    nodes_of,
    reduce_supply,
    remaining,
)
from troth.engine.rules.shortfall import with_reasons
from troth.engine.rules.weights import weighed
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.order import Terms
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy
from troth.model.routing import Action, Compare, Disposition, Limits
from troth.model.value import dataclass

Supply = Mapping[Sku, SupplyRows]


class Ask(Protocol):
    """The engine's answer to a demand, from what an admission leaves."""

    def __call__(
        self, demand: Demand, supply: Supply, network: Network, policy: Policy, now: datetime, *, admission: Admission
    ) -> Plan:
        """The plan."""


def plan_by_tiers(
    ask: Ask,
    demand: Demand,
    supply: Supply,
    network: Network,
    policy: Policy,
    now: datetime,
    *,
    prices: UnitPrices | None = None,
    order: Demand | None = None,
    loads: Mapping[NodeId, float] | None = None,
    budget: Budget | None = None,
) -> Plan:
    """The plan of the tier that answers, with what every rule removed in its trace; without a routing, of none.

    `prices` tell how much nodes sell in a week; how `ask` prices units is its own affair. `order` is the whole of which
    the demand is a part. Where the `budget` (None: the policy's) leaves no further question, the best so far is the
    answer.
    """
    routing = policy.routing
    if routing is None:
        return ask(demand, supply, network, policy, now, admission=Admission())
    policy = weighed(policy, routing.weights, routing.objectives, routing.limits)
    ground = Ground(demand, supply, network, currency=policy.currency, now=now, prices=prices, order=order, loads=loads)
    with np.errstate(all="ignore"):
        spending = Budget(policy.decision_seconds_max) if budget is None else budget
        return _Run(compiled_routing(routing), policy, ask, spending).plan(ground)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that a tier came to, and its answer."""

    ground: Ground
    supply: Supply
    demand: Demand
    policy: Policy
    admission: Admission
    plan: Plan

    def is_same(self, ground: Ground, supply: Supply, demand: Demand, policy: Policy, admission: Admission) -> bool:
        """Whether another question is this one. What rules read of the stock besides changes no plan."""
        own = self.admission
        return (
            self.ground is ground
            and self.supply is supply
            and own.counts_dated is admission.counts_dated
            and _is_equal(own.eligible, admission.eligible)
            and _is_equal(own.ranks, admission.ranks)
            and self.demand == demand
            and self.policy == policy
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    """The supply of a ground without what some keeps let stay there."""

    ground: Ground
    keeps: tuple[CompiledRule, ...]
    supply: Supply


@dataclass(slots=True)
class _Run:
    """One demand on its way through the tiers."""

    routing: CompiledRouting
    policy: Policy
    ask: Ask
    budget: Budget
    tally: Tally = field(default_factory=Tally)
    visited: set[int] = field(default_factory=set)
    kept: list[_Kept] = field(default_factory=list)
    asked: list[_Asked] = field(default_factory=list)

    def plan(self, ground: Ground) -> Plan:
        tiers = self.routing.tiers
        is_applying = [applies(tier.when, ground) for tier in tiers]
        self.budget.parts = max(self.budget.parts, sum(is_applying))
        if not any(is_applying):
            if tiers:
                self.tally.notes.append("no tier applies: every candidate that the rules leave may answer")
            found = self._answer(None, ground, self._admit(ground), self.policy, counts_dated=True)
        elif self.routing.routing.compare is Compare.COST:
            found = self._compare([tier for tier, applying in zip(tiers, is_applying, strict=True) if applying], ground)
        else:
            found = self._descend(0, is_applying, ground, None)
        trace = found.trace
        trace = replace(trace, removed={**trace.removed, **self.tally.removed}, notes=(*trace.notes, *self.tally.notes))
        found = replace(found, trace=trace)
        found = with_reasons(found, ground, self.routing.routing, self._names()) if found.uncovered else found
        return tell_kept(found, ground.demand, self.tally.kept)

    def _names(self) -> list[str]:
        """The tiers that were asked."""
        return [self.routing.tiers[at].tier.name for at in sorted(self.visited)]

    def _admit(self, ground: Ground) -> NDArray[np.bool_]:
        """What the rules of all tiers leave; counted once, also where part of a demand is asked for again."""
        tally = Tally() if self.visited else self.tally
        return narrow(self.routing.rules, ground, ground.network.is_active[np.newaxis], tally)

    def _descend(self, start: int | None, is_applying: list[bool], ground: Ground, left: int | None) -> Plan:
        """The plan from this tier downwards, of at most `left` shipments; no tier is asked twice."""
        admitted, joined, best = self._admit(ground), None, None
        at = start
        while at is not None and at not in self.visited:
            if best is not None and not self.budget.has_question():
                break
            self.visited.add(at)
            tier = self.routing.tiers[at]
            if not is_applying[at]:
                at = at + 1 if at + 1 < len(self.routing.tiers) else None
                continue
            is_open = narrow(tier.filters, ground, admitted, self.tally)
            if joined is not None:
                is_open = is_open | joined
            plan, action = self._try(tier, ground, is_open, left)
            if plan.uncovered or action is not Action.ACCEPT:  # that all is well needs no words in every trace
                self.tally.notes.append(_step(tier, plan, action))
            match action:
                case Action.ACCEPT | Action.QUEUE | Action.HOLD | Action.CANCEL:
                    return _disposed(plan, tier, action)
                case Action.SPLIT:
                    if ground.demand.ship_complete:  # all or nothing leaves: the next tier has these nodes as well
                        joined = is_open
                    elif plan.shipments:
                        more = (self.policy.shipments_max if left is None else left) - len(plan.shipments)
                        if more < 1 or tier.follows is None:
                            return plan
                        below = self._descend(tier.follows, is_applying, self._rest(plan, ground), more)
                        return merge(plan, below, split_minor=self.policy.split_minor, guide=ground.demand.guide)
                case Action.NEXT_TIER | Action.BACKORDER:
                    pass
                case _:
                    assert_never(action)
            if best is None or missing_units(plan) < missing_units(best):
                best = plan
            at = tier.follows
        return empty_plan(ground.demand, BY_RULES) if best is None else best

    def _compare(self, tiers: list[CompiledTier], ground: Ground) -> Plan:
        """The plan that covers most, and of those the one that costs least with its tier's surcharge; the first of
        equals.
        """
        admitted = self._admit(ground)
        found: list[tuple[int, int, int, Plan, Action]] = []
        for number, tier in enumerate(tiers):
            if found and not self.budget.has_question():
                break
            is_open = narrow(tier.filters, ground, admitted, self.tally)
            plan, action = self._try(tier, ground, is_open, None)
            cost = plan.cost_minor + tier.tier.surcharge_minor
            found.append((missing_units(plan), cost, number, plan, action))
            self.tally.notes.append(f"{_step(tier, plan, None)} at {cost} with its surcharge")
        _missing, _cost, number, plan, action = min(found, key=lambda one: one[:3])
        return _disposed(plan, tiers[number], action)

    def _try(
        self, tier: CompiledTier, ground: Ground, is_open: NDArray[np.bool_], left: int | None
    ) -> tuple[Plan, Action]:
        """What a tier's candidates come to, and what it does about that."""
        policy = weighed(self.policy, tier.tier.weights, tier.tier.objectives, tier.tier.limits)
        if left is not None and left < policy.shipments_max:
            policy = replace(policy, shipments_max=left)
        plan = self._answer(tier, ground, is_open, policy, counts_dated=False)
        action = _action(tier, plan)
        if action is Action.BACKORDER:
            plan = self._answer(tier, ground, is_open, policy, counts_dated=True)
            action = Action.NEXT_TIER if plan.uncovered else Action.ACCEPT
        return plan, action

    def _answer(
        self,
        tier: CompiledTier | None,
        ground: Ground,
        is_open: NDArray[np.bool_],
        policy: Policy,
        *,
        counts_dated: bool,
    ) -> Plan:
        if not is_open.any():
            plan = empty_plan(ground.demand, BY_RULES)
        else:
            ranks = rank_nodes(tier.sorts, ground, is_open) if tier is not None and tier.sorts else None
            demand = _whole(ground.demand) if self._is_whole(tier) else ground.demand
            supply = self._keep_back(tier, ground)
            on_hand = ground.on_hand() if supply is ground.supply else None
            admission = Admission(None if is_open.all() else is_open, ranks, counts_dated, on_hand)
            plan = self._ask_once(ground, supply, demand, policy, admission)
        return plan if tier is None else replace(plan, trace=replace(plan.trace, tier=tier.tier.name))

    def _keep_back(self, tier: CompiledTier | None, ground: Ground) -> Supply:
        """What a tier may give; the same object for tiers that keep the same."""
        keeps = self.routing.keeps if tier is None else (*self.routing.keeps, *tier.keeps)
        if not keeps:
            return ground.supply
        for known in self.kept:
            if known.ground is ground and known.keeps == keeps:
                return known.supply
        supply = keep_back(keeps, ground, self.tally)
        self.kept.append(_Kept(ground, keeps, supply))
        return supply

    def _ask_once(self, ground: Ground, supply: Supply, demand: Demand, policy: Policy, admission: Admission) -> Plan:
        """The answer, remembered: where a tier leaves what an earlier one left, and weighs the same, so is its plan."""
        for known in self.asked:
            if known.is_same(ground, supply, demand, policy, admission):
                return known.plan
        plan = self.ask(demand, supply, ground.network, policy, ground.now, admission=admission)
        self.asked.append(_Asked(ground, supply, demand, policy, admission, plan))
        return plan

    def _is_whole(self, tier: CompiledTier | None) -> bool:
        """Whether no line may be split."""
        limits = (Limits() if tier is None else tier.tier.limits, self.routing.routing.limits)
        stated = [one.is_line_split_allowed for one in limits if one.is_line_split_allowed is not None]
        return stated[:1] == [False]

    def _rest(self, plan: Plan, ground: Ground) -> Ground:
        """The ground of what a plan does not cover; the fields of the order stay those of the whole."""
        return Ground(
            remaining(ground.demand, plan),
            reduce_supply(ground.supply, plan.shipments, ground.network),
            ground.network,
            currency=ground.currency,
            now=ground.now,
            prices=ground.prices,
            order=ground.order,
            loads=ground.loads,
        )


def _is_equal(one: NDArray[np.generic] | None, other: NDArray[np.generic] | None) -> bool:
    return one is other if one is None or other is None else bool(np.array_equal(one, other))


def _action(tier: CompiledTier, plan: Plan) -> Action:
    if not plan.uncovered:
        return tier.tier.full
    return tier.tier.partial if plan.shipments else tier.tier.none


def _whole(demand: Demand) -> Demand:
    """The demand whose lines may not be split over shipments."""
    lines = tuple(replace(line, terms=replace(line.terms or Terms(), line_complete=True)) for line in demand.lines)
    return replace(demand, lines=lines)


def _disposed(plan: Plan, tier: CompiledTier, action: Action) -> Plan:
    if action not in (Action.QUEUE, Action.HOLD, Action.CANCEL):
        return plan
    missing = missing_units(plan)
    reason = f"{missing} units are not covered" if missing else "the routing asks for it"
    days = tier.tier.cancel_after_days if action is Action.QUEUE else None
    return replace(plan, disposition=Disposition(action, tier.tier.name, reason, days))


def _step(tier: CompiledTier, plan: Plan, action: Action | None) -> str:
    """A sentence on what a tier came to."""
    share = "nothing" if not plan.shipments else "everything" if not plan.uncovered else "a part"
    by = f" from {', '.join(dict.fromkeys(nodes_of(plan)))}" if plan.shipments else ""
    then = "" if action is None else f", then {action}"
    return f"tier {tier.tier.name} covers {share}{by}{then}"
