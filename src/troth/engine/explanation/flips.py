"""What would have flipped the choice: single changes, each of them solved again before it is told.

Tried are: room, cut-off, time of work and days of work where they moved a date; stock that a better node lacked; a
shipment of a rival's node made so much cheaper that the rival wins; one shipment more than allowed; the split penalty
at which the number of shipments changes; and each rule left out. The smallest change of each kind that leads to another
plan is kept. More stock never makes a plan worse, so where stock everywhere would change nothing, no single node's
stock is tried.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, get_args

from troth.engine.carriage.network import Network
from troth.engine.explanation.flips_dates import find_date_flips
from troth.engine.explanation.flips_measure import Measure
from troth.engine.explanation.flips_rules import find_rule_flips
from troth.engine.explanation.flips_stock import find_stock_flips
from troth.engine.explanation.tries import Tries
from troth.engine.promising.case import Case, outline
from troth.engine.promising.counted import counted_cost, factors_of, policy_of_tier, with_amount
from troth.model.explanation import Change, Flip
from troth.model.ids import NodeId
from troth.model.plan import Plan

FLIPS_MAX: Final = 9
_OF_A_KIND_MAX: Final = 2
_RIVALS_TRIED: Final = 3
_KINDS: Final = {change: number for number, change in enumerate(get_args(Change))}


def find_flips(case: Case, chosen: Plan, rivals: Sequence[Plan], tries: Tries) -> tuple[Flip, ...]:
    """The changes that would have led to another plan: at most two of a kind, the smallest ones, and FLIPS_MAX in all.

    They come by kind, in the order of `Change`: from the day's work to the rules; within a kind the smallest change
    first, of equals the one that covers and saves most. `rivals` are other plans for the same inputs, the cheapest
    first. `tries` is what may be planned; changes that it does not let be tried are counted there.
    """
    measure = Measure(chosen, policy_of_tier(case.policy, chosen.trace.tier))
    found = [
        *_limit_flips(case, measure, tries),
        *find_rule_flips(case, measure, tries),
        *_cost_flips(case, measure, rivals, tries),
        *_weight_flips(case, measure, rivals, tries),
        *find_date_flips(case, measure, rivals[:_RIVALS_TRIED], tries),
        *find_stock_flips(case, measure, tries),
    ]
    found.sort(key=_place)
    least = [flip for _, same in groupby(found, key=lambda flip: flip.change) for flip in [*same][:_OF_A_KIND_MAX]]
    return tuple(least[:FLIPS_MAX])


def _place(flip: Flip) -> tuple[object, ...]:
    """Where a flip comes: by kind, the smallest change first, then what it adds and saves, then by name."""
    worth = (-flip.adds_units, -flip.saves_minor)
    return (_KINDS[flip.change], flip.size, *worth, flip.node or "", flip.sku or "", flip.name)


def _cost_flips(case: Case, measure: Measure, rivals: Sequence[Plan], tries: Tries) -> Iterator[Flip]:
    """How much cheaper a shipment of a rival's own node would have to be for the rival to win."""
    chosen, factor = measure.chosen, factors_of(measure.policy)["packaging"]
    own = {shipment.node for shipment in chosen.shipments}
    tried: set[NodeId] = set()
    for rival in rivals[:_RIVALS_TRIED] if factor else ():
        nodes = [shipment.node for shipment in rival.shipments]
        others = [node for node in dict.fromkeys(nodes) if node not in own]
        if not others or others[0] in tried:
            continue
        node = others[0]
        tried.add(node)
        # What a shipment costs at its node is counted `factor` times.
        dearer = counted_cost(rival, measure.policy) - counted_cost(chosen, measure.policy)
        each = nodes.count(node) * factor
        # Of equals the nearer one is taken: then as much as it is dearer is enough.
        for amount in sorted({-(-dearer // each), -(-(dearer + 1) // each)}):
            other = tries.plan(replace(case, network=_cheaper(case.network, node, amount))) if amount > 0 else None
            if other is None or outline(other) == outline(chosen):
                continue
            if any(shipment.node == node for shipment in other.shipments):
                yield measure.flip(Flip("cost", amount, (), 0, 0, None, node, size=amount), other)
                break


def _weight_flips(case: Case, measure: Measure, rivals: Sequence[Plan], tries: Tries) -> Iterator[Flip]:
    """The split penalty nearest to the present one at which a plan with more or fewer shipments is chosen."""
    chosen, policy = measure.chosen, measure.policy
    now, parcels, factor = policy.split_minor, len(chosen.shipments), factors_of(policy)["split"]
    asked = set()
    for rival in rivals if factor else ():
        more = len(rival.shipments) - parcels
        if more == 0:
            continue
        without = counted_cost(rival, policy) - counted_cost(chosen, policy) - more * now * factor
        # The rival wins where without + more * penalty * factor < 0.
        penalty = (-without - 1) // (more * factor) if more > 0 else without // (-more * factor) + 1
        if penalty >= 0 and penalty != now:
            asked.add(penalty)
    if factor and (parcels > 1 or rivals):
        asked.add(0)
    for penalty in sorted(asked, key=lambda penalty: (abs(penalty - now), penalty)):
        other = tries.plan(replace(case, policy=with_amount(case.policy, "split_minor", penalty)))
        if other is not None and penalty != now and len(other.shipments) != parcels:
            change = Flip("weight", penalty, (), 0, 0, None, name="split_minor", size=abs(penalty - now))
            yield measure.flip(change, other)
            return


def _limit_flips(case: Case, measure: Measure, tries: Tries) -> Iterator[Flip]:
    more = measure.policy.shipments_max + 1
    chosen = measure.chosen
    if len(chosen.shipments) < more - 1 and not _has_reason(chosen, "too_many_shipments"):
        return
    other = tries.plan(replace(case, policy=with_amount(case.policy, "shipments_max", more)))
    if other is not None and measure.is_better(other):
        yield measure.flip(Flip("limit", more, (), 0, 0, None, name="shipments_max", size=1), other)


def _has_reason(answer: Plan, reason: str) -> bool:
    return any(gap.reason == reason for gap in answer.uncovered)


def _cheaper(network: Network, node: NodeId, minor: int) -> Network:
    """The network with each shipment of a node cheaper by an amount; zones and dates stay what they are."""
    position = network.index[node]
    shipment = network.shipment.copy()
    shipment[position] -= minor
    nodes = list(network.nodes)
    nodes[position] = replace(nodes[position], shipment_minor=nodes[position].shipment_minor - minor)
    return replace(network, nodes=tuple(nodes), shipment=shipment)
