"""Why these sources: what was kept with a decision, and what was found by making it again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.flows.orders.explain import Decided
from troth.flows.orders.tell_flip import tell_candidate, tell_flip
from troth.model.explanation import Candidate, Explanation
from troth.model.plan import Alternative, total_carbon
from troth.model.value import dataclass
from troth.pages.views import words

_METHODS: Final = {
    "subset": "Every way to divide the lines over the nodes was priced; this is the cheapest.",
    "parcels": "Every parcel that could be in a cheaper plan was looked at; if any was not, the gap says so.",
    "milp": "Lines had to be split: solved as a mixed-integer model.",
    "milp, stopped": "Lines had to be split: the best plan that was found in the time that an order may wait.",
    "greedy": "Too many lines for the exact methods: the cheapest source was taken line by line.",
    "none": "No node could be used.",
}
_REASONS: Final = {
    "no_stock": "without any of what is asked for",
    "out_of_reach": "too far from the destination",
    "lane_not_served": "whose lane there is not served",
    "service_not_offered": "without the service",
    "no_pickup": "without pickup",
    "other_node": "other than the one asked for",
    "inactive": "not active",
    "switched_off": "switched off",
    "feed_late": "whose stock feed is late",
    "has_stock": "with stock, but less of it or farther away",
    "not_looked_at": "for which there was no time",
    "excluded": "that failed this order before",
    "item_excluded": "that could not provide it before",
}
PARTS: Final = ("shipping", "handling", "packaging", "split", "delay", "late")
"""The parts of a cost, in the order in which they are shown; others follow by name."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a stacked bar: its part of the cost and where it lies, in percent of the width."""

    part: str
    tone: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one source costs, by part (minor units), as a row of a table and as a bar."""

    label: str
    promised_at: datetime
    parts: tuple[int, ...]
    total: int
    difference: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One node by itself: what it could have done, for how much (minor units), and why it is not the one."""

    node: str
    standing: str
    units: int
    promised_at: datetime | None
    total: int | None
    told: str


@dataclass(frozen=True, slots=True)
class Why:
    """One decision about an order's sources, newest first; `chosen` and `rivals` share `parts` as their columns.

    `is_reproduced` says whether it was made again with the same result (None: it was not made again, because of what is
    `missing`, if anything). `left_out` counts the nodes that are not shown, by reason; `is_cut_short` says that
    there was no time to look at everything. `carbon_grams` is the CO2e of what was chosen (None: not known).
    """

    version: int
    at: datetime
    method: str
    compared: int
    removed: tuple[str, ...]
    gap: float | None
    policy_version: str
    input_digest: str
    parts: tuple[str, ...]
    chosen: tuple[CostRow, ...]
    chosen_total: int
    rivals: tuple[CostRow, ...]
    candidates: tuple[CandidateRow, ...]
    left_out: tuple[str, ...]
    flips: tuple[str, ...]
    is_cut_short: bool
    tier: str
    notes: tuple[str, ...]
    is_reproduced: bool | None
    missing: str
    carbon_grams: int | None


def view_decision(decided: Decided, currency: str) -> Why:
    """One decision: what was chosen, what was looked at, and how much dearer the best of the rest would have been."""
    trace, explanation = decided.trace, decided.explanation
    rivals = explanation.alternatives if explanation else ()
    total = sum(sum(work.cost.values()) for work in decided.chosen)
    costs = [work.cost for work in decided.chosen] + [rival.cost for rival in rivals]
    names = {name for cost in costs for name, minor in cost.items() if minor}
    parts = tuple(name for name in PARTS if name in names) + tuple(sorted(names - set(PARTS)))
    dearest = max((sum(cost.values()) for cost in costs), default=0)
    return Why(
        version=decided.version,
        at=decided.at,
        method=tell_method(trace.method),
        compared=trace.candidates,
        removed=tuple(tell_removed(reason, count) for reason, count in sorted(trace.removed.items()) if count),
        gap=trace.gap,
        policy_version=trace.policy_version,
        input_digest=trace.input_digest,
        parts=parts,
        chosen=tuple(_row(work.node, work.promised_at, work.cost, parts, dearest, 0) for work in decided.chosen),
        chosen_total=total,
        rivals=tuple(_rival(rival, parts, dearest, total) for rival in rivals),
        candidates=_candidates(explanation, currency) if explanation else (),
        left_out=tuple(tell_removed(reason, count) for reason, count in explanation.left_out.items())
        if explanation
        else (),
        flips=tuple(tell_flip(flip, currency) for flip in explanation.flips) if explanation else (),
        is_cut_short=explanation is not None and explanation.alternatives_skipped + explanation.flips_skipped > 0,
        tier=trace.tier,
        notes=trace.notes,
        is_reproduced=decided.is_reproduced,
        missing=decided.missing,
        carbon_grams=total_carbon(explanation.plan.shipments) if explanation else None,
    )


def tell_method(method: str) -> str:
    """How the choice was made, in a sentence."""
    name, _, note = method.partition(", ")
    said = _METHODS.get(name, f"Chosen by the method {name}.")
    return f"{said} ({words(note)}.)" if note else said


def tell_removed(reason: str, count: int) -> str:
    """How many nodes were not looked at, and why.

    >>> tell_removed("no_stock", 5), tell_removed("closed_today", 1)
    ('5 nodes without any of what is asked for', '1 node (closed today)')
    """
    why = _REASONS.get(reason, f"({reason.replace('_', ' ')})")
    return f"{count:,} {'node' if count == 1 else 'nodes'} {why}"


def stack(cost: Mapping[str, int], parts: Sequence[str], dearest: int) -> tuple[Bar, ...]:
    """The pieces of a cost's bar, one behind the other, the dearest of all costs being as wide as there is.

    >>> [(bar.part, bar.start, bar.width) for bar in stack({"shipping": 300, "delay": 100}, ("shipping", "delay"), 800)]
    [('shipping', 0.0, 37.5), ('delay', 37.5, 12.5)]
    """
    bars, start = [], 0.0
    for tone, part in enumerate(parts):
        width = 100.0 * cost.get(part, 0) / dearest if dearest > 0 else 0.0
        if width > 0.0:
            bars.append(Bar(part, tone % 6, round(start, 2), round(width, 2)))
            start += width
    return tuple(bars)


def _candidates(explanation: Explanation, currency: str) -> tuple[CandidateRow, ...]:
    plan = explanation.plan
    return tuple(_candidate(one, plan.cost_minor, plan.wanted, currency) for one in explanation.candidates)


def _candidate(one: Candidate, total: int, wanted: int, currency: str) -> CandidateRow:
    own = sum(one.cost.values()) if one.cost else None
    return CandidateRow(
        one.node, one.standing, one.units, one.promised_at, own, tell_candidate(one, total, wanted, currency)
    )


def _row(
    label: str, promised_at: datetime, cost: Mapping[str, int], parts: Sequence[str], dearest: int, difference: int
) -> CostRow:
    amounts = tuple(cost.get(part, 0) for part in parts)
    return CostRow(label, promised_at, amounts, sum(cost.values()), difference, stack(cost, parts, dearest))


def _rival(rival: Alternative, parts: Sequence[str], dearest: int, total: int) -> CostRow:
    label = " + ".join(rival.nodes) + (f" by {words(' + '.join(rival.services)).lower()}" if rival.services else "")
    return _row(label, rival.promised_at, rival.cost, parts, dearest, sum(rival.cost.values()) - total)
