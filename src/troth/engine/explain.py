"""Why a plan was chosen: the candidates one by one, the best plans not chosen, and what would have flipped the choice.

Nothing is remembered from the decision: every figure is a plan of the engine for the same inputs with one thing
changed, so an explanation can be made of any decision whose inputs are known, when somebody asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from troth.engine.case import Case, digest_case, goals, outline
from troth.engine.flips import find_flips
from troth.engine.transit import compute_miles, find_coordinates
from troth.model.explanation import Candidate, Explanation, Standing
from troth.model.ids import NodeId
from troth.model.order import Method
from troth.model.plan import Alternative, Demand, Plan

CANDIDATES_SHOWN: Final = 24
"""So many nodes are looked at one by one, unless certain ones are asked for."""

_NODES_TRIED_MAX: Final = 8


def explain(case: Case, *, nodes: Sequence[NodeId] = ()) -> Explanation:
    """The explanation of the plan for these inputs; with `nodes`, of why or why not these.

    Alternatives do as well as the plan by all goals but the cost; the cheapest come first, at most
    `policy.alternatives_kept`. Without `nodes`, the candidates are those chosen, those of the alternatives, and the
    nearest of the rest.
    """
    chosen = case.plan()
    rivals = _find_rivals(case, chosen)
    shown = [node for node in nodes if node in case.network.index] or _nodes_of_interest(case, (chosen, *rivals))
    without = _only(case, ()).plan().trace.removed
    stands = [_stand(case, chosen, node, without) for node in shown]
    alone = [answer for candidate, answer in stands if candidate.standing == "dearer"]
    by_node = [rival for rival in rivals if set(_services(rival)) <= set(_services(chosen))]
    kept = rivals[: max(0, case.policy.alternatives_kept)]
    return Explanation(
        chosen,
        tuple(candidate for candidate, _ in stands),
        tuple(_alternative(rival, chosen) for rival in kept),
        find_flips(case, chosen, sorted([*by_node, *alone], key=lambda rival: (rival.cost_minor, _nodes(rival)))),
        digest_case(case),
    )


def _find_rivals(case: Case, chosen: Plan) -> list[Plan]:
    """Other plans that do as well but for the cost, the cheapest first: without a chosen node, by another service."""
    rivals: dict[tuple[object, ...], Plan] = {}
    for ask in _other_asks(case, chosen):
        rival = replace(case, demand=ask).plan()
        if rival.shipments and goals(rival) <= goals(chosen) and outline(rival) != outline(chosen):
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


def _nodes_of_interest(case: Case, plans: Iterable[Plan]) -> list[NodeId]:
    named = [node for option in plans for node in _nodes(option)]
    latitude, longitude = find_coordinates(case.demand.destination)
    order: Sequence[int] = range(len(case.network.nodes))
    if latitude is not None and longitude is not None:
        order = np.argsort(compute_miles(case.network, latitude, longitude), kind="stable")[:CANDIDATES_SHOWN].tolist()
    rest = (case.network.nodes[position].node for position in order)
    return list(dict.fromkeys([*named, *rest]))[:CANDIDATES_SHOWN]


def _only(case: Case, nodes: Iterable[NodeId]) -> Case:
    """The case with no other nodes than these, so that what they can do shows; it need not be everything."""
    others = frozenset(one.node for one in case.network.nodes).difference(nodes)
    demand = case.demand
    return replace(case, demand=replace(demand, ship_complete=False, excluded_nodes=demand.excluded_nodes | others))


def _stand(case: Case, chosen: Plan, node: NodeId, without: Mapping[str, int]) -> tuple[Candidate, Plan]:
    """What became of the node, and the plan of it by itself; `without` is what is removed without it."""
    answer = _only(case, (node,)).plan()
    units = sum(peg.quantity for shipment in answer.shipments for peg in shipment.pegs)
    reason = next((gap.reason for gap in answer.uncovered), "")
    if not units:
        if not case.network.nodes[case.network.index[node]].active:
            reason = "inactive"
        elif node in case.demand.excluded_nodes:
            reason = "excluded"
        else:
            own = (name for name, count in answer.trace.removed.items() if count > without.get(name, 0))
            reason = next(own, reason)
        return Candidate(node, "removed", reason, 0), answer
    standing: Standing = "partial" if answer.uncovered else "dearer"
    if any(shipment.node == node for shipment in chosen.shipments):
        standing = "chosen"
    return Candidate(node, standing, reason, units, answer.promised_at, _cost(answer)), answer


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
