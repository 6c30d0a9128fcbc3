"""Why these sources: the stored trace of a decision, with the costs of what it chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from troth.console.views import words
from troth.model.events import OrderCaptured, OrderResourced
from troth.model.order import Fulfillment
from troth.model.plan import Alternative, Trace
from troth.store.codec import decode
from troth.store.events import LoggedEvent

_METHODS: Final = {
    "subset": "Every way to divide the lines over the nodes was priced; this is the cheapest.",
    "milp": "Lines had to be split: solved as a mixed-integer model.",
    "greedy": "Too many lines for the exact methods: the cheapest source was taken line by line.",
    "none": "No node could be used.",
}
_REASONS: Final = {
    "no_stock": "without any of what is asked for",
    "out_of_reach": "too far from the destination",
    "service_not_offered": "without the service",
    "no_pickup": "without pickup",
    "other_node": "other than the one asked for",
    "inactive": "not active",
    "excluded": "that failed this order before",
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
class Why:
    """One decision about an order's sources, newest first; `chosen` and `rivals` share `parts` as their columns."""

    version: int
    at: datetime
    method: str
    candidates: int
    removed: tuple[str, ...]
    gap: float | None
    policy_version: str
    input_digest: str
    parts: tuple[str, ...]
    chosen: tuple[CostRow, ...]
    chosen_total: int
    rivals: tuple[CostRow, ...]


def view_explanations(
    explanations: Sequence[tuple[int, datetime, str]], events: Sequence[LoggedEvent]
) -> tuple[Why, ...]:
    """The decisions with what they chose, which the event of the same instant says; unreadable ones are left out."""
    chosen = {logged.at: _chosen_by(logged) for logged in events if logged.kind in ("OrderCaptured", "OrderResourced")}
    views = []
    for version, at, text in explanations:
        try:
            trace = decode(text, Trace)
        except msgspec.ValidationError:
            continue
        views.append(view_trace(version, at, trace, chosen.get(at, ())))
    return tuple(views)


def view_trace(version: int, at: datetime, trace: Trace, chosen: Sequence[Fulfillment]) -> Why:
    """One decision: what was chosen, what was looked at, and how much dearer the best of the rest would have been."""
    total = sum(sum(work.cost.values()) for work in chosen)
    costs = [work.cost for work in chosen] + [rival.cost for rival in trace.alternatives]
    names = {name for cost in costs for name, minor in cost.items() if minor}
    parts = tuple(name for name in PARTS if name in names) + tuple(sorted(names - set(PARTS)))
    dearest = max((sum(cost.values()) for cost in costs), default=0)
    return Why(
        version=version,
        at=at,
        method=tell_method(trace.method),
        candidates=trace.candidates,
        removed=tuple(tell_removed(reason, count) for reason, count in sorted(trace.removed.items()) if count),
        gap=trace.gap,
        policy_version=trace.policy_version,
        input_digest=trace.input_digest,
        parts=parts,
        chosen=tuple(_row(work.node, work.promised_at, work.cost, parts, dearest, 0) for work in chosen),
        chosen_total=total,
        rivals=tuple(_rival(rival, parts, dearest, total) for rival in trace.alternatives),
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


def _chosen_by(logged: LoggedEvent) -> tuple[Fulfillment, ...]:
    event = logged.event
    if isinstance(event, OrderCaptured):
        return event.order.fulfillments
    return event.parts.fulfillments if isinstance(event, OrderResourced) else ()


def _row(
    label: str, promised_at: datetime, cost: Mapping[str, int], parts: Sequence[str], dearest: int, difference: int
) -> CostRow:
    amounts = tuple(cost.get(part, 0) for part in parts)
    return CostRow(label, promised_at, amounts, sum(cost.values()), difference, stack(cost, parts, dearest))


def _rival(rival: Alternative, parts: Sequence[str], dearest: int, total: int) -> CostRow:
    label = " + ".join(rival.nodes)
    return _row(label, rival.promised_at, rival.cost, parts, dearest, sum(rival.cost.values()) - total)
