"""What became of each node: the plan that it could have made by itself, or what removed it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.explanation.explain_rules import UNJUDGED, Judged, Judgement, judge, only_tiers
from troth.engine.explanation.tries import Tries
from troth.engine.failed import ITEM_EXCLUDED
from troth.engine.promising.case import Case, goals
from troth.engine.promising.counted import SCALE, counted_cost, policy_of_tier
from troth.engine.rules.merge import BY_RULES
from troth.engine.rules.verdicts import tell_bar
from troth.engine.supply.feed_age import is_late
from troth.engine.supply.kits import wanted_units
from troth.model.cost_rates import CHEAPEST_ONLY
from troth.model.explanation import Candidate
from troth.model.ids import NodeId
from troth.model.plan import Plan

KEPT_BEHIND_CANDIDATES: Final = 0.3
"""The share of the time of an explanation that is left for what comes behind the candidates."""


def find_stands(case: Case, chosen: Plan, shown: Sequence[NodeId], tries: Tries) -> list[tuple[Candidate, Plan | None]]:
    """What became of each node, and the plan of it by itself where one was made."""
    own = [shipment.node for shipment in chosen.shipments]
    judged = judge(case, chosen, list(dict.fromkeys((*shown, *own))))
    there = units_there(case)
    stands: list[tuple[Candidate, Plan | None]] = []
    for node in shown:
        outside = find_outside(case, node)
        if outside:
            stands.append((Candidate(node, "removed", outside, 0), None))
            continue
        units = int(there[case.network.index[node]])
        judgement = judged.of.get(node, UNJUDGED)
        if judgement.bars and node not in own:
            stands.append((_barred(case, node, units, judgement, tries), None))
            continue
        if not units and chosen.shipments:
            stands.append((Candidate(node, "removed", find_want(case, node), 0), None))
            continue
        alone = tries.plan(only_nodes(judged.within, (node,)), keep=KEPT_BEHIND_CANDIDATES)
        if alone is not None:
            stands.append((_stand(case, chosen, node, alone, judged), alone))
    return stands


def units_there(case: Case) -> NDArray[np.int64]:
    """How many of the units that are asked for each node (N) has, now or later; none where it may not send."""
    network = case.network
    units = np.zeros(len(network.nodes), dtype=np.int64)
    for sku, wanted in wanted_units(case.demand).items():
        rows = case.supply.get(sku)
        if rows is not None and rows.available.size:
            there = np.bincount(rows.node_index, rows.available, units.size).astype(np.int64)
            units += np.minimum(there, wanted)
    units[~network.is_active] = 0
    units[[network.index[node] for node in case.demand.excluded_nodes if node in network.index]] = 0
    return units


def find_outside(case: Case, node: NodeId) -> str:
    """Why a node could not be asked at all; empty where it could."""
    asked = case.network.nodes[case.network.index[node]]
    if not asked.active:
        return "inactive" if asked.off is None else "switched_off"
    if node in case.demand.excluded_nodes:
        return "excluded"
    if is_late(case.network, node, case.now.timestamp()):
        return "feed_late"
    home = case.network.hands_over_from(case.demand.pickup_node)
    is_other = case.demand.method in HANDED_OVER and case.network.index[node] != home
    return "other_node" if is_other and not case.policy.ship_to_store else ""


def find_want(case: Case, node: NodeId) -> str:
    """Why a node that could be asked has nothing for the order: it has none, or could not provide it before."""
    is_left_out = any((node, sku) in case.demand.excluded_items for sku in wanted_units(case.demand))
    return ITEM_EXCLUDED if is_left_out else "no_stock"


def only_nodes(case: Case, nodes: Sequence[NodeId]) -> Case:
    """The case with no other nodes than these, so that what they can do shows; it need not be everything.

    Where they send to the node that hands over, that one stays, without stock of its own.
    """
    demand, supply = case.demand, case.supply
    kept = set(nodes)
    store = demand.pickup_node
    at = -1 if store is None or store in kept else case.network.index.get(store, -1)
    if store is not None and at >= 0 and demand.method in HANDED_OVER:
        kept.add(store)
        supply = {
            sku: replace(rows, available=np.where(rows.node_index == at, 0, rows.available))
            for sku, rows in supply.items()
        }
    others = frozenset(one.node for one in case.network.nodes).difference(kept)
    asked = replace(demand, ship_complete=False, excluded_nodes=demand.excluded_nodes | others)
    return replace(case, demand=asked, supply=supply)


def _barred(case: Case, node: NodeId, units: int, judgement: Judgement, tries: Tries) -> Candidate:
    """A node that rules keep from every tier that answered, with the other tiers in which it could send something."""
    could_in: list[str] = []
    for tier in judgement.open_in if units else ():
        alone = tries.plan(only_nodes(only_tiers(case, (tier,)), (node,)), keep=KEPT_BEHIND_CANDIDATES)
        if alone is not None and alone.shipments:
            could_in.append(tier)
    told = "; ".join(map(tell_bar, judgement.bars))
    return Candidate(
        node,
        "removed",
        BY_RULES,
        0,
        detail=told if units else f"{told}; it has none of it either",
        bars=judgement.bars,
        could_in=tuple(could_in),
    )


def _stand(case: Case, chosen: Plan, node: NodeId, alone: Plan, judged: Judged) -> Candidate:
    """What became of a node that no rule bars, with the plan of it `alone`."""
    units = sum(peg.quantity for shipment in alone.shipments for peg in shipment.pegs)
    gap = next(iter(alone.uncovered), None)
    # All other nodes are left out of this plan, which is nothing to be told.
    reason, detail = ("", "") if gap is None else (gap.reason, gap.detail)
    if reason in ("excluded", "no_stock"):
        reason, detail = find_want(case, node), ""
    if not units:
        return Candidate(node, "removed", reason, 0, detail=detail)
    policy = policy_of_tier(case.policy, chosen.trace.tier)
    dearer = -((counted_cost(chosen, policy) - counted_cost(alone, policy)) // SCALE)
    found = Candidate(
        node, "chosen", reason, units, alone.promised_at, cost_of(alone), detail=detail, dearer_minor=dearer
    )
    if any(shipment.node == node for shipment in chosen.shipments):
        return replace(found, dearer_minor=0)
    if alone.uncovered:
        return replace(found, standing="partial")
    before = _before_cost(case, chosen, node, alone, judged)
    if before is None and dearer > 0:
        return replace(found, standing="dearer")
    code, told = before or ("tie" if dearer == 0 else "", "")
    return replace(found, standing="behind", reason=code, detail=told)


def _before_cost(case: Case, chosen: Plan, node: NodeId, alone: Plan, judged: Judged) -> tuple[str, str] | None:
    """What put the plan before what a node could do alone, whatever that costs; None where it was the cost."""
    rank = judged.of.get(node, UNJUDGED).rank
    ranks = [judged.of.get(shipment.node, UNJUDGED).rank for shipment in chosen.shipments]
    known = [one for one in ranks if one is not None]
    if goals(alone)[1] > goals(chosen)[1]:
        return "waits_for_supply", "it would have to wait for supply"
    if rank is not None and known and rank > max(known):
        return "ranked_behind", f"the order of tier {chosen.trace.tier} puts {chosen.shipments[0].node} before it"
    if len(judged.tiers) > 1 and " + " in chosen.trace.tier:
        return "tier_before", f"tier {judged.tiers[0]} sends what it can before others are asked"
    objectives = policy_of_tier(case.policy, chosen.trace.tier).objectives
    if objectives != CHEAPEST_ONLY:
        return "other_objective", f"the policy asks for {', then '.join(objectives)}"
    return None


def cost_of(option: Plan) -> dict[str, int]:
    """What a plan costs by part (minor units)."""
    cost: dict[str, int] = {}
    for shipment in option.shipments:
        for part, minor in shipment.cost.items():
            cost[part] = cost.get(part, 0) + minor
    return cost
