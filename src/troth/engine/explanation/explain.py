"""Why a plan was chosen: the candidates one by one, the best plans not chosen, and what would have flipped the choice.

Nothing is remembered from the decision: every figure is a plan of the engine for the same inputs with one thing
changed, so an explanation can be made of any decision whose inputs are known, when somebody asks. It has a budget of
its own; what it did not look at, it says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.engine.explanation.explain_stands import cost_of, find_outside, find_stands, find_want, units_there
from troth.engine.explanation.flips import find_flips
from troth.engine.explanation.tries import Tries
from troth.engine.promising.case import Case, digest_case, goals, outline
from troth.engine.promising.counted import counted_cost, policy_of_tier
from troth.model.explanation import Explanation
from troth.model.ids import NodeId
from troth.model.order import Method
from troth.model.plan import Alternative, Demand, Plan

CANDIDATES_SHOWN: Final = 24
"""So many nodes are looked at one by one, unless certain ones are asked for."""

_NODES_TRIED_MAX: Final = 8
_RIVALS: Final = frozenset({"dearer", "behind"})

_KEPT_BEHIND_RIVALS: Final = 0.6
"""The share of the time of an explanation that is left for what comes behind the alternatives."""


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
    stands = find_stands(case, chosen, shown, tries)
    tries.take_skipped()
    left_out = {} if nodes else _count_left_out(case, shown)
    if len(stands) < len(shown):
        left_out["not_looked_at"] = len(shown) - len(stands)
    alone = [answer for candidate, answer in stands if answer is not None and candidate.standing in _RIVALS]
    by_node = [rival for rival in rivals if set(_services(rival)) <= set(_services(chosen))]
    policy = policy_of_tier(case.policy, chosen.trace.tier)
    by_cost = sorted([*by_node, *alone], key=lambda rival: (counted_cost(rival, policy), _nodes(rival)))
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
    units = units_there(case)
    latitude, longitude = find_coordinates(case.demand.destination)
    far = np.zeros(units.size)
    if latitude is not None and longitude is not None:
        far = compute_miles(case.network, latitude, longitude)
    order = np.lexsort((far, -units))[:CANDIDATES_SHOWN].tolist()
    rest = (case.network.nodes[position].node for position in order)
    return list(dict.fromkeys([*named, *rest]))[:CANDIDATES_SHOWN]


def _count_left_out(case: Case, shown: Sequence[NodeId]) -> dict[str, int]:
    """How many nodes are not shown, by what is to be said of them."""
    counts: dict[str, int] = {}
    is_shown = set(shown)
    for node, units in zip(case.network.nodes, units_there(case).tolist(), strict=True):
        if node.node not in is_shown:
            reason = find_outside(case, node.node) or ("has_stock" if units else find_want(case, node.node))
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def _nodes(option: Plan) -> tuple[NodeId, ...]:
    return tuple(shipment.node for shipment in option.shipments)


def _services(option: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shipment.service for shipment in option.shipments))


def _alternative(option: Plan, chosen: Plan) -> Alternative:
    services = () if set(_services(option)) <= set(_services(chosen)) else _services(option)
    promised_at = max(shipment.promised_at for shipment in option.shipments)
    return Alternative(_nodes(option), cost_of(option), promised_at, services)
