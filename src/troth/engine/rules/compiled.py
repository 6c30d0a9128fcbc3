"""A routing made ready to be applied: every expression as code, or as the flaw that keeps it from being used."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from troth.engine.rules.code import Code
from troth.engine.rules.expression import AMOUNT, CONDITION, MEASURE, compile_expression
from troth.engine.rules.fields import EVERYTHING, FEEDS, LOAD, OF_ORDER, SALES, STOCK, WORK
from troth.engine.rules.syntax import At, Flaw
from troth.engine.rules.values import Kind
from troth.model.routing import NAMED_SORTS, Routing, Rule, Sort, Tier
from troth.model.value import dataclass

_ROUTINGS_MAX: Final = 64
_EXPRESSIONS_MAX: Final = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """One expression: its code, or its flaw."""

    code: Code | None
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule, under the name by which a trace counts it (`rule NAME`, `keep NAME`); `when` None speaks always."""

    name: str
    rule: Rule
    condition: Compiled
    when: Compiled | None
    is_exclusion: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CompiledSort:
    """A criterion: code, or the position of each ranked node."""

    measure: Compiled | None
    ranked: Mapping[str, int]
    is_descending: bool


@dataclass(frozen=True, slots=True, eq=False)
class CompiledTier:
    """A tier with its expressions; `follows` is the position that next_tier leads to, None where that is the end."""

    tier: Tier
    when: Compiled | None
    filters: tuple[CompiledRule, ...]
    keeps: tuple[CompiledRule, ...]
    sorts: tuple[CompiledSort, ...]
    follows: int | None


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRouting:
    """A routing with all its expressions. `looks_at_stock`: it can matter to them how much more than is asked for a
    node has; `looks_at_sales`: it can matter to them what a node sells; `looks_at_feeds`: how old its stock feed is;
    `looks_at_load`: what it has promised; `looks_at_work`: how well it does its work.
    """

    routing: Routing
    rules: tuple[CompiledRule, ...]
    keeps: tuple[CompiledRule, ...]
    tiers: tuple[CompiledTier, ...]
    looks_at_stock: bool
    looks_at_sales: bool
    looks_at_feeds: bool
    looks_at_load: bool
    looks_at_work: bool


_COMPILED: dict[int, CompiledRouting] = {}


def compiled_routing(routing: Routing) -> CompiledRouting:
    """The routing compiled; the same object is compiled once. What is wrong with it does not raise here."""
    found = _COMPILED.get(id(routing))
    if found is None or found.routing is not routing:
        found = compile_routing(routing)
        if len(_COMPILED) >= _ROUTINGS_MAX:
            _COMPILED.clear()
        _COMPILED[id(routing)] = found
    return found


def compile_routing(routing: Routing) -> CompiledRouting:
    """The routing with all its expressions compiled."""
    positions: dict[str, int] = {}
    for at, tier in enumerate(routing.tiers):
        positions.setdefault(tier.name, at)
    rules = (
        *(_rule(rule, rule.name) for rule in routing.eligibility),
        *(_rule(rule, rule.name, is_exclusion=True) for rule in routing.exclusions),
    )
    tiers = tuple(
        _tier(tier, _follows(tier, at, len(routing.tiers), positions)) for at, tier in enumerate(routing.tiers)
    )
    keeps = tuple(_keep(rule, rule.name) for rule in routing.keep)
    looks = [_look_at((*rules, *keeps), tiers, what) for what in (STOCK, SALES, FEEDS, LOAD, WORK)]
    return CompiledRouting(routing, rules, keeps, tiers, routing.has_keep or looks[0], *looks[1:])


@lru_cache(maxsize=_EXPRESSIONS_MAX)
def try_compile(text: str, *, reads: int = EVERYTHING, kinds: tuple[Kind, ...] = CONDITION) -> Compiled:
    """The code of an expression, or its flaw; the same code for the same text, so that what it comes to is shared."""
    try:
        return Compiled(compile_expression(text, reads=reads, kinds=kinds))
    except Flaw as flaw:
        return Compiled(None, flaw)
    except RecursionError:
        return Compiled(None, Flaw("the expression is nested too deeply", At()))


def measure_of(sort: Sort) -> tuple[str, bool]:
    """The expression of a criterion, and whether the largest comes first."""
    if sort.by in NAMED_SORTS:
        expression, is_descending = NAMED_SORTS[sort.by]
        return expression, is_descending is not sort.descending
    return sort.by, sort.descending


def _look_at(rules: Sequence[CompiledRule], tiers: Sequence[CompiledTier], what: int) -> bool:
    read = [rule.condition for rule in (*rules, *(rule for tier in tiers for rule in (*tier.filters, *tier.keeps)))]
    read += [sort.measure for tier in tiers for sort in tier.sorts if sort.measure is not None]
    return any(one.code is not None and one.code.reads & what for one in read)


def _follows(tier: Tier, at: int, count: int, positions: Mapping[str, int]) -> int | None:
    if tier.next_tier:
        return positions.get(tier.next_tier)
    return at + 1 if at + 1 < count else None


def _tier(tier: Tier, follows: int | None) -> CompiledTier:
    return CompiledTier(
        tier,
        try_compile(tier.when, reads=OF_ORDER) if tier.when else None,
        tuple(_rule(rule, f"{tier.name}/{rule.name}") for rule in tier.filters),
        tuple(_keep(rule, f"{tier.name}/{rule.name}") for rule in tier.keep),
        tuple(_sort(sort) for sort in tier.sort),
        follows,
    )


def _rule(rule: Rule, label: str, *, is_exclusion: bool = False) -> CompiledRule:
    when = try_compile(rule.when, reads=OF_ORDER) if rule.when else None
    return CompiledRule(f"rule {label}", rule, try_compile(rule.expression), when, is_exclusion)


def _keep(rule: Rule, label: str) -> CompiledRule:
    return replace(_rule(rule, label), name=f"keep {label}", condition=try_compile(rule.expression, kinds=AMOUNT))


def _sort(sort: Sort) -> CompiledSort:
    if sort.ranked:
        places: dict[str, int] = {}
        for at, node in enumerate(sort.ranked):
            places.setdefault(node, at)
        return CompiledSort(None, places, sort.descending)
    expression, is_descending = measure_of(sort)
    return CompiledSort(try_compile(expression, kinds=MEASURE), {}, is_descending)
