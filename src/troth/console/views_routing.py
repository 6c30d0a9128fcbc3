"""A routing as people read it: who must, who must not, who comes first, and what follows."""

from collections.abc import Mapping, Sequence
from typing import Final

from troth.model.routing import Action, Compare, Limits, Routing, Rule, Sort, Tier
from troth.model.value import dataclass
from troth.pages.views import money, words

_SORTS: Final = {
    "nearest": "nearest first",
    "fastest": "fastest first",
    "most_stock": "most stock first",
    "most_weeks_of_supply": "most weeks of supply first",
    "own_region": "own region first",
    "cheapest_handling": "cheapest handling first",
}
_ACTIONS: Final = {
    Action.ACCEPT: "take the plan as it is",
    Action.NEXT_TIER: "forget it and ask {next}",
    Action.SPLIT: "keep what it covers and ask {next} for the rest",
    Action.BACKORDER: "count dated supply too, and ask {next} where even that does not do",
    Action.QUEUE: "take what it covers; the rest waits",
    Action.HOLD: "take what it covers, hold the order and call a person",
    Action.CANCEL: "give the rest up",
}

_LAST_ACTIONS: Final = {
    Action.NEXT_TIER: "nothing is promised",
    Action.SPLIT: "keep what it covers; the rest is not promised",
    Action.BACKORDER: "count dated supply too",
}
"""What the same means where no tier follows."""


@dataclass(frozen=True, slots=True)
class RuleView:
    """A condition: its name, the expression as code, and when it speaks."""

    name: str
    code: str
    when: str
    description: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tier does when its candidates cover all, a part, or nothing."""

    covers: str
    does: str


@dataclass(frozen=True, slots=True)
class TierView:
    """A step of a routing in words."""

    number: int
    name: str
    description: str
    when: str
    filters: tuple[RuleView, ...]
    keep: tuple[RuleView, ...]
    order: tuple[str, ...]
    terms: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class RoutingView:
    """A routing in words."""

    description: str
    must: tuple[RuleView, ...]
    must_not: tuple[RuleView, ...]
    keep: tuple[RuleView, ...]
    terms: tuple[str, ...]
    compares: str
    turn: tuple[str, ...]
    floors: tuple[str, ...]
    tiers: tuple[TierView, ...]


def view_routing(routing: Routing, currency: str) -> RoutingView:
    """A routing as it is shown."""
    names = [tier.name for tier in routing.tiers]
    return RoutingView(
        description=routing.description,
        must=tuple(map(_rule, routing.eligibility)),
        must_not=tuple(map(_rule, routing.exclusions)),
        keep=tuple(map(_rule, routing.keep)),
        terms=_terms(routing.limits, routing.weights, routing.objectives, currency),
        compares="The first tier that is content wins."
        if routing.compare is Compare.FIRST
        else "All tiers are asked; the cheapest plan wins.",
        turn=(*routing.priority_classes, "all others") if routing.priority_classes else (),
        floors=_floors(routing),
        tiers=tuple(_tier(number, tier, names, currency) for number, tier in enumerate(routing.tiers, 1)),
    )


def _floors(routing: Routing) -> tuple[str, ...]:
    """What each class has of scarce supply before those who come first, in words."""
    found = []
    for floor in routing.class_floors:
        amounts = [f"{floor.percent} %"] if floor.percent else []
        amounts += [f"{floor.units} {'unit' if floor.units == 1 else 'units'} of each supply"] if floor.units else []
        found.append(f"{floor.customer_class or 'all others'}: {', at least '.join(amounts)}")
    if routing.fair_share_percent:
        found.append(f"all behind the first together: {routing.fair_share_percent} %, those who have waited longest")
    return tuple(found)


def _tier(number: int, tier: Tier, names: Sequence[str], currency: str) -> TierView:
    below = names[number] if number < len(names) else ""
    following = tier.next_tier or below
    told = _ACTIONS if following else _ACTIONS | _LAST_ACTIONS
    waits = f", and what waits is canceled after {tier.cancel_after_days} days" if tier.cancel_after_days else ""
    terms = list(_terms(tier.limits, tier.weights, tier.objectives, currency))
    if tier.surcharge_minor:
        terms.append(f"counts {money(tier.surcharge_minor, currency)} more when tiers are compared")
    return TierView(
        number,
        tier.name,
        tier.description,
        tier.when,
        tuple(map(_rule, tier.filters)),
        tuple(map(_rule, tier.keep)),
        tuple(map(_sort, tier.sort)),
        tuple(terms),
        tuple(
            Outcome(covers, told[action].format(next=f"tier {following}") + waits * (action is Action.QUEUE))
            for covers, action in (("everything", tier.full), ("a part", tier.partial), ("nothing", tier.none))
        ),
    )


def _rule(rule: Rule) -> RuleView:
    return RuleView(rule.name, rule.expression, rule.when, rule.description)


def _sort(sort: Sort) -> str:
    if sort.ranked:
        return "in this order: " + ", ".join(sort.ranked)
    if sort.by in _SORTS:
        return _SORTS[sort.by] + (", turned round" if sort.descending else "")
    return f"{'largest' if sort.descending else 'smallest'} {sort.by} first"


def _terms(limits: Limits, weights: Mapping[str, float], objectives: Sequence[str], currency: str) -> tuple[str, ...]:
    terms = []
    if limits.shipments_max is not None:
        terms.append(f"at most {limits.shipments_max} {'shipment' if limits.shipments_max == 1 else 'shipments'}")
    if limits.is_line_split_allowed is not None:
        terms.append(f"a line {'may' if limits.is_line_split_allowed else 'must not'} be split")
    terms += [_weight(name, value, currency) for name, value in weights.items()]
    if objectives:
        terms.append("by " + ", then ".join(words(objective).lower() for objective in objectives))
    return tuple(terms)


def _weight(name: str, value: float, currency: str) -> str:
    """A weight in words: an amount of money, a number, or a factor of a part of the cost.

    >>> _weight("split_minor", 250, "USD"), _weight("carbon", 2.0, "USD")
    ('split: $2.50', 'carbon × 2')
    """
    if "_minor" in name:
        return f"{words(name.replace('_minor', '')).lower()}: {money(int(value), currency)}"
    return f"{words(name).lower()} × {value:g}"
