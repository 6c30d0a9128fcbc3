"""What the rules say of the nodes that an explanation goes through: one look at all of them, for each way to send."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from troth.engine.demand.ship_groups import HANDED_OVER, split_into_groups
from troth.engine.promising.case import Case
from troth.engine.rules.ground import Ground
from troth.engine.rules.verdicts import Verdicts, find_verdicts, tiers_of
from troth.model.explanation import Bar
from troth.model.ids import NodeId
from troth.model.order import Method
from troth.model.plan import Demand, Plan
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Judgement:
    """What rules say of a node: the `bars` that keep it from the tiers that answered, where it is in none of them, the
    other tiers that are `open_in`, and its `rank` in the order of the one tier that answered, None where it has none.
    """

    bars: tuple[Bar, ...] = ()
    open_in: tuple[str, ...] = ()
    rank: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The judgements by node, and the case with no other tiers than those that answered."""

    of: Mapping[NodeId, Judgement]
    within: Case
    tiers: tuple[str, ...]


UNJUDGED = Judgement()


def judge(case: Case, chosen: Plan, nodes: Sequence[NodeId]) -> Judged:
    """What the rules of a case say of these nodes. Where nothing was sent, every tier that applies has answered."""
    routing = case.policy.routing
    if routing is None:
        return Judged({}, case, ())
    found: dict[NodeId, Judgement] = {}
    answered: tuple[str, ...] = ()
    with np.errstate(all="ignore"):
        for demand, here in _ways(case, nodes):
            ground = Ground(
                demand,
                case.supply,
                case.network,
                currency=case.policy.currency,
                now=case.now,
                prices=case.prices,
                order=case.demand,
                loads=case.loads,
            )
            at = np.array([case.network.index[node] for node in here], dtype=np.intp)
            verdicts = find_verdicts(routing, ground, at, with_ranks=True)
            tiers = tiers_of(chosen.trace.tier, verdicts.tiers) if chosen.shipments else ()
            tiers = tiers or verdicts.tiers
            answered = tuple(dict.fromkeys((*answered, *tiers)))
            for position, node in enumerate(here):
                found[node] = _better(found.get(node), _judgement(verdicts, position, tiers))
    return Judged(found, only_tiers(case, answered), answered)


def only_tiers(case: Case, tiers: Sequence[str]) -> Case:
    """The case whose routing has these tiers only; the same one where it has no others."""
    routing = case.policy.routing
    if routing is None:
        return case
    kept = tuple(tier for tier in routing.tiers if tier.name in tiers)
    if not kept or kept == routing.tiers:
        return case
    return replace(case, policy=replace(case.policy, routing=replace(routing, tiers=kept)))


def _ways(case: Case, nodes: Sequence[NodeId]) -> Iterator[tuple[Demand, Sequence[NodeId]]]:
    """The demands that rules are asked about, each with the nodes that are asked: of each ship group all of them, or
    where a store hands over what others send there, the store for itself and the others as they send to it.
    """
    for group in split_into_groups(case.demand):
        store = group.pickup_node
        is_filled = group.method in HANDED_OVER and case.policy.ship_to_store
        if not is_filled or store is None or store not in case.network.index:
            yield group, nodes
            continue
        at = case.network.nodes[case.network.index[store]]
        place = replace(at.address, latitude=at.latitude, longitude=at.longitude)
        sending = replace(group, destination=place, method=Method.SHIP, service="", pickup_node=None)
        if store in nodes:
            yield group, (store,)
        yield sending, [node for node in nodes if node != store]


def _judgement(verdicts: Verdicts, position: int, tiers: tuple[str, ...]) -> Judgement:
    is_open = verdicts.open_to(position)
    rank = verdicts.rank_of(position, tiers[0]) if len(tiers) == 1 else None
    if any(tier in is_open for tier in tiers):
        return Judgement((), (), rank)
    return Judgement(verdicts.bars_of(position, tiers), is_open)


def _better(one: Judgement | None, other: Judgement) -> Judgement:
    """What holds of a node that is asked for several groups: it is barred where it is from all of them."""
    if one is None:
        return other
    if not one.bars or not other.bars:
        return replace(one if not one.bars else other, rank=None)
    return Judgement(
        tuple(dict.fromkeys((*one.bars, *other.bars))), tuple(dict.fromkeys((*one.open_in, *other.open_in)))
    )
