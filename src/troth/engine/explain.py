"""Why a plan was chosen: the candidates one by one, the best plans not chosen, and what would have flipped the choice.

Nothing is remembered from the decision: every figure is a plan of the engine for the same inputs with one thing
changed, so an explanation can be made of any decision whose inputs are known, when somebody asks. It has a budget of
its own; what it did not look at, it says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.case import Case, digest_case, goals, outline
from troth.engine.feed_age import is_late
from troth.engine.flips import find_flips
from troth.engine.kits import wanted_units
from troth.engine.ship_groups import HANDED_OVER
from troth.engine.transit import compute_miles, find_coordinates
from troth.engine.tries import Tries
from troth.model.explanation import Candidate, Explanation, Standing
from troth.model.ids import NodeId
from troth.model.order import Method
from troth.model.plan import Alternative, Demand, Plan

CANDIDATES_SHOWN: Final = 24
"""So many nodes are looked at one by one, unless certain ones are asked for."""

_NODES_TRIED_MAX: Final = 8

_KEPT_BEHIND_RIVALS: Final = 0.6
_KEPT_BEHIND_CANDIDATES: Final = 0.3
"""Shares of the time of an explanation that are left for what comes behind."""


def explain(case: Case, *, nodes: Sequence[NodeId] = (), tries: Tries | None = None) -> Explanation:
    """The explanation of the plan for these inputs; with `nodes`, of why or why not these.

    Alternatives do as well as the plan by all goals but the cost; the cheapest come first, at most
    `policy.alternatives_kept`. Without `nodes`, the candidates are those of interest. `tries` is what may be planned
    besides (None: as usual).
    """
    chosen = case.plan()
    if tries is None:
        tries = Tries(case.clock)
    rivals = _find_rivals(case, chosen, tries)
    alternatives_skipped = tries.take_skipped()
    shown = [node for node in nodes if node in case.network.index] or find_nodes_of_interest(case, (chosen, *rivals))
    stands = _find_stands(case, chosen, shown, tries)
    tries.take_skipped()
    left_out = {} if nodes else _count_left_out(case, shown)
    if len(stands) < len(shown):
        left_out["not_looked_at"] = len(shown) - len(stands)
    alone = [answer for candidate, answer in stands if candidate.standing == "dearer"]
    by_node = [rival for rival in rivals if set(_services(rival)) <= set(_services(chosen))]
    by_cost = sorted([*by_node, *alone], key=lambda rival: (rival.cost_minor, _nodes(rival)))
    kept = rivals[: max(0, case.policy.alternatives_kept)]
    return Explanation(
        chosen,
        tuple(candidate for candidate, _ in stands),
        tuple(_alternative(rival, chosen) for rival in kept),
        find_flips(case, chosen, by_cost, tries),
        digest_case(case),
        left_out,
        alternatives_skipped,
        tries.take_skipped(),
    )


def _find_rivals(case: Case, chosen: Plan, tries: Tries) -> list[Plan]:
    """Other plans that do as well but for the cost, the cheapest first: without a chosen node, by another service."""
    rivals: dict[tuple[object, ...], Plan] = {}
    for ask in _other_asks(case, chosen):
        rival = tries.plan(replace(case, demand=ask), keep=_KEPT_BEHIND_RIVALS)
        if (
            rival is not None
            and rival.shipments
            and goals(rival) <= goals(chosen)
            and outline(rival) != outline(chosen)
        ):
            rivals.setdefault(outline(rival), rival)
    return sorted(rivals.values(), key=lambda rival: (rival.cost_minor, _nodes(rival)))


def _other_asks(case: Case, chosen: Plan) -> Iterable[Demand]:
    demand = case.demand
    nodes = sorted({shipment.node for shipment in chosen.shipments})
    asks = [replace(demand, excluded_nodes=demand.excluded_nodes | {node}) for node in nodes[:_NODES_TRIED_MAX]]
    if len(nodes) > 1:
        asks.append(replace(demand, excluded_nodes=demand.excluded_nodes | frozenset(nodes)))
    if demand.method is Method.SHIP:
        cards = case.network.ship.cards
        asks += [replace(demand, service=service) for service in dict.fromkeys(card.service for card in cards)]
    return asks


def find_nodes_of_interest(case: Case, plans: Iterable[Plan]) -> list[NodeId]:
    """The nodes to go through: those of these plans, then those that have most of what is asked for, the nearest
    first, then the nearest of the rest; at most CANDIDATES_SHOWN.
    """
    named = [node for option in plans for node in _nodes(option)]
    units = _units_there(case)
    latitude, longitude = find_coordinates(case.demand.destination)
    far = np.zeros(units.size)
    if latitude is not None and longitude is not None:
        far = compute_miles(case.network, latitude, longitude)
    order = np.lexsort((far, -units))[:CANDIDATES_SHOWN].tolist()
    rest = (case.network.nodes[position].node for position in order)
    return list(dict.fromkeys([*named, *rest]))[:CANDIDATES_SHOWN]


def _units_there(case: Case) -> NDArray[np.int64]:
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


def _count_left_out(case: Case, shown: Sequence[NodeId]) -> dict[str, int]:
    """How many nodes are not shown, by what is to be said of them."""
    counts: dict[str, int] = {}
    is_shown = set(shown)
    for node, units in zip(case.network.nodes, _units_there(case).tolist(), strict=True):
        if node.node not in is_shown:
            reason = _outside(case, node.node) or ("has_stock" if units else "no_stock")
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def _outside(case: Case, node: NodeId) -> str:
    """Why a node could not be asked at all; empty where it could."""
    if not case.network.nodes[case.network.index[node]].active:
        return "inactive"
    if node in case.demand.excluded_nodes:
        return "excluded"
    if is_late(case.network, node, case.now.timestamp()):
        return "feed_late"
    is_other = case.demand.method in HANDED_OVER and node != case.demand.pickup_node
    return "other_node" if is_other and not case.policy.ship_to_store else ""


def _only(case: Case, nodes: Sequence[NodeId]) -> Case:
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


def _find_stands(case: Case, chosen: Plan, shown: Iterable[NodeId], tries: Tries) -> list[tuple[Candidate, Plan]]:
    """What became of each node, and the plan of it by itself."""
    nothing = tries.plan(_only(case, ()), keep=_KEPT_BEHIND_CANDIDATES)
    without = {} if nothing is None else nothing.trace.removed
    stands = []
    for node in shown:
        alone = tries.plan(_only(case, (node,)), keep=_KEPT_BEHIND_CANDIDATES)
        if alone is not None:
            stands.append((_stand(case, chosen, node, alone, without), alone))
    return stands


def _stand(case: Case, chosen: Plan, node: NodeId, alone: Plan, without: Mapping[str, int]) -> Candidate:
    """What became of the node, with the plan of it `alone`; `without` is what is removed without it."""
    units = sum(peg.quantity for shipment in alone.shipments for peg in shipment.pegs)
    reason = next((gap.reason for gap in alone.uncovered), "")
    if not units:
        own = (name for name, count in alone.trace.removed.items() if count > without.get(name, 0))
        return Candidate(node, "removed", _outside(case, node) or next(own, reason), 0)
    standing: Standing = "partial" if alone.uncovered else "dearer"
    if any(shipment.node == node for shipment in chosen.shipments):
        standing = "chosen"
    return Candidate(node, standing, reason, units, alone.promised_at, _cost(alone))


def _nodes(option: Plan) -> tuple[NodeId, ...]:
    return tuple(shipment.node for shipment in option.shipments)


def _cost(option: Plan) -> dict[str, int]:
    cost: dict[str, int] = {}
    for shipment in option.shipments:
        for part, minor in shipment.cost.items():
            cost[part] = cost.get(part, 0) + minor
    return cost


def _services(option: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shipment.service for shipment in option.shipments))


def _alternative(option: Plan, chosen: Plan) -> Alternative:
    services = () if set(_services(option)) <= set(_services(chosen)) else _services(option)
    promised_at = max(shipment.promised_at for shipment in option.shipments)
    return Alternative(_nodes(option), _cost(option), promised_at, services)
