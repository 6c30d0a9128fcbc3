"""Which rules of a routing stood in the way: each one that removed a candidate, or kept units back, is left out in turn
and the plan made again.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from troth.engine.explanation.flips_measure import Measure
from troth.engine.explanation.tries import Tries
from troth.engine.promising.case import Case, outline
from troth.model.explanation import Flip
from troth.model.routing import Routing, Rule

_RULES_TRIED: Final = 8
_KINDS: Final = ("rule ", "keep ")


def find_rule_flips(case: Case, measure: Measure, tries: Tries) -> Iterator[Flip]:
    """The rules without which another plan, better by goals or cost, would have been chosen."""
    routing = case.policy.routing
    if routing is None:
        return
    named = [name for name, count in measure.chosen.trace.removed.items() if count and name.startswith(_KINDS)]
    for label in named[:_RULES_TRIED]:
        kind, _, name = label.partition(" ")
        without = _without(routing, name) if kind == "rule" else _without_keep(routing, name)
        if without == routing:
            continue
        other = tries.plan(replace(case, policy=replace(case.policy, routing=without)))
        if other is not None and outline(other) != outline(measure.chosen) and measure.is_better(other):
            yield measure.flip(Flip("rule", 0, (), 0, 0, None, name=name, size=1), other)


def _without(routing: Routing, name: str) -> Routing:
    """The routing without the rule that traces call so: by its name, and after its tier's where it is a filter."""
    return replace(
        routing,
        eligibility=_left(routing.eligibility, name),
        exclusions=_left(routing.exclusions, name),
        tiers=tuple(replace(tier, filters=_left(tier.filters, name, f"{tier.name}/")) for tier in routing.tiers),
    )


def _without_keep(routing: Routing, name: str) -> Routing:
    """The routing without the keep that traces call so."""
    return replace(
        routing,
        keep=_left(routing.keep, name),
        tiers=tuple(replace(tier, keep=_left(tier.keep, name, f"{tier.name}/")) for tier in routing.tiers),
    )


def _left(rules: tuple[Rule, ...], name: str, prefix: str = "") -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if f"{prefix}{rule.name}" != name)
