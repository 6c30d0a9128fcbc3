"""A decision as it is answered: how it was made, the candidates one by one, and what would have flipped it."""

from datetime import date

import msgspec

from troth.engine.rules.verdicts import tell_bar
from troth.flows.orders.tell_flip import tell_candidate, tell_flip
from troth.http.edge.values import CostAnswer, Instant, MoneyAnswer, cost, money
from troth.model.explanation import Bar, Candidate, Explanation, Flip
from troth.model.ids import NodeId, Sku
from troth.model.plan import Alternative, Plan, Trace, total_carbon


class BarAnswer(msgspec.Struct, frozen=True):
    """A rule that removed a node: of all tiers (`eligibility`, `exclusion`; tier null), or the `filter` of a tier."""

    kind: str
    name: str
    expression: str
    tier: str | None


class CandidateAnswer(msgspec.Struct, frozen=True):
    """One node by itself: chosen, dearer, behind (by what comes before cost), partial (`units` of it) or removed, why,
    and what it alone would cost.

    `summary` says it in words, as the console does. `bars` are the rules that removed it from the tiers that answered,
    `could_in` other tiers in which it could send something; `dearer_by` is what the choice counted more for it.
    """

    node: str
    standing: str
    reason: str
    summary: str
    units: int
    promised_at: Instant | None
    cost_to_serve: CostAnswer | None
    dearer_by: MoneyAnswer | None
    bars: tuple[BarAnswer, ...]
    could_in: tuple[str, ...]


class AlternativeAnswer(msgspec.Struct, frozen=True):
    """A plan that was not chosen, and how much dearer it is; `services` where they are not those of the chosen one."""

    nodes: tuple[str, ...]
    services: tuple[str, ...]
    promised_at: Instant
    cost_to_serve: CostAnswer
    dearer_by: MoneyAnswer


class FlipAnswer(msgspec.Struct, frozen=True):
    """A single change that would have led to another plan, solved again before it is told.

    `amount` is in units for `stock`, in the node's unit of work (`name`) for `capacity` on `day`, in minutes for
    `processing` and since midnight for `cut_off`, in `amount_money` for `cost` and `weight`, and the limit itself for
    `limit`. They come by kind (capacity, cut_off, processing, calendar, stock, cost, limit, weight, rule), and the
    smallest change of a kind first.
    """

    change: str
    summary: str
    amount: int | None
    amount_money: MoneyAnswer | None
    node: str | None
    sku: str | None
    name: str
    saves: MoneyAnswer
    adds_units: int
    nodes: tuple[str, ...]
    promised_at: Instant | None
    day: date | None


class TraceAnswer(msgspec.Struct, frozen=True):
    """Why these sources: in a sentence, by what method, from what inputs, and what else there was.

    `left_out` counts the nodes that are not among the candidates, by reason; `alternatives_skipped` and `flips_skipped`
    count what was not looked at in the time that an explanation may take. `carbon_grams` is the CO2e of what was
    chosen; null: the policy has no factors for it, or the decision could not be made again.
    """

    summary: str
    method: str
    compared: int
    removed: dict[str, int]
    gap: float | None
    tier: str
    notes: tuple[str, ...]
    policy_version: str
    prices_version: str
    input_digest: str
    candidates: tuple[CandidateAnswer, ...]
    alternatives: tuple[AlternativeAnswer, ...]
    flips: tuple[FlipAnswer, ...]
    left_out: dict[str, int]
    alternatives_skipped: int
    flips_skipped: int
    carbon_grams: int | None


def answer_trace(trace: Trace, explanation: Explanation | None, currency: str) -> TraceAnswer:
    """A trace as it is answered, with what was found by planning again."""
    return TraceAnswer(
        summary=summarize(trace),
        method=trace.method,
        compared=trace.candidates,
        removed=dict(trace.removed),
        gap=trace.gap,
        tier=trace.tier,
        notes=trace.notes,
        policy_version=trace.policy_version,
        prices_version=trace.prices_version,
        input_digest=trace.input_digest or (explanation.input_digest if explanation else ""),
        candidates=_candidates(explanation, currency) if explanation else (),
        alternatives=tuple(_alternative(one, explanation.plan, currency) for one in explanation.alternatives)
        if explanation
        else (),
        flips=tuple(_flip(one, currency) for one in explanation.flips) if explanation else (),
        left_out=dict(explanation.left_out) if explanation else {},
        alternatives_skipped=explanation.alternatives_skipped if explanation else 0,
        flips_skipped=explanation.flips_skipped if explanation else 0,
        carbon_grams=total_carbon(explanation.plan.shipments) if explanation else None,
    )


def summarize(trace: Trace) -> str:
    """A trace in a sentence.

    >>> summarize(Trace("subsets", 12, {"no_stock": 3}, gap=0.0))
    'Of 12 candidates the cheapest were chosen by subsets, proven best; 3 nodes were left out: 3 no stock.'
    >>> summarize(Trace("none", 0, {"no_stock": 3, "other_node": 1}))
    'No node could be used; 4 nodes were left out: 3 no stock, 1 other node.'
    """
    if trace.gap is None:
        proof = "with no bound on how far they are from the best"
    else:
        proof = f"at most {trace.gap:.1%} from the best" if trace.gap else "proven best"
    left_out = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in trace.removed.items())
    removed = f"; {sum(trace.removed.values())} nodes were left out: {left_out}" if left_out else ""
    if not trace.candidates:
        return f"No node could be used{removed}."
    return f"Of {trace.candidates} candidates the cheapest were chosen by {trace.method}, {proof}{removed}."


def _candidates(explanation: Explanation, currency: str) -> tuple[CandidateAnswer, ...]:
    plan = explanation.plan
    return tuple(
        CandidateAnswer(
            one.node,
            one.standing,
            one.reason,
            tell_candidate(one, plan.cost_minor, plan.wanted, currency),
            one.units,
            one.promised_at,
            cost(one.cost, currency) if one.cost else None,
            money(one.dearer_minor, currency) if one.standing in ("dearer", "behind") else None,
            tuple(BarAnswer(bar.kind, bar.name, bar.expression, bar.tier or None) for bar in one.bars),
            one.could_in,
        )
        for one in explanation.candidates
    )


def _alternative(one: Alternative, chosen: Plan, currency: str) -> AlternativeAnswer:
    dearer = sum(one.cost.values()) - chosen.cost_minor
    return AlternativeAnswer(
        one.nodes, one.services, one.promised_at, cost(one.cost, currency), money(dearer, currency)
    )


def _flip(one: Flip, currency: str) -> FlipAnswer:
    is_money = one.change in ("cost", "weight")
    return FlipAnswer(
        one.change,
        tell_flip(one, currency),
        None if is_money or one.change in ("rule", "calendar") else one.amount,
        money(one.amount, currency) if is_money else None,
        one.node,
        one.sku,
        one.name,
        money(one.saves_minor, currency),
        one.adds_units,
        one.nodes,
        one.promised_at,
        one.day,
    )


_STORES = Bar("filter", "dcs only", 'node.type == "dc"', "near")
_BARRED = Candidate(
    NodeId("ST-BOS"), "removed", "excluded_by_rules", 0, detail=tell_bar(_STORES), bars=(_STORES,), could_in=("rest",)
)
EXAMPLE = Explanation(
    Plan((), (), Trace("subset", 12, {"no_stock": 3}, policy_version="everyday@4")),
    (Candidate(NodeId("DC-PA"), "chosen", "", 2), Candidate(NodeId("ST-NYC"), "partial", "no_stock", 1), _BARRED),
    (),
    (Flip("stock", 1, (NodeId("ST-NYC"),), 410, 0, None, NodeId("ST-NYC"), Sku("A-1001")),),
    "8a7e5e2d6f1b4c3da1b2c3d4e5f60718",
    {"no_stock": 3, "has_stock": 7},
)
