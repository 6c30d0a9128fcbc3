"""What keeps a routing from being used: each flaw with the field it is in, and within an expression its position."""

from collections.abc import Iterable, Sequence
from typing import Final

from troth.engine.carriage.cost_check import check_cost_rates
from troth.engine.rules.compiled import measure_of, try_compile
from troth.engine.rules.expression import AMOUNT, CONDITION, MEASURE
from troth.engine.rules.fields import EVERYTHING, OF_ORDER
from troth.engine.rules.turn_check import check_turn
from troth.engine.rules.values import Kind
from troth.engine.rules.weights import AMOUNTS
from troth.model.cost_rates import PARTS
from troth.model.document import Finding
from troth.model.routing import NAMED_SORTS, Limits, Routing, Rule, Sort, Tier

TIERS_MAX: Final = 50
RULES_MAX: Final = 200
CHARACTERS_MAX: Final = 50_000
RANKED_MAX: Final = 5_000
_NAME_MAX: Final = 100
_AMOUNT_MAX: Final = 1e12
_ATTEMPTS_MAX: Final = 1_000
_RETRY_HOURS_MAX: Final = 8_760


def check(routing: Routing) -> tuple[Finding, ...]:
    """Everything that forbids a routing, in the order of its fields; nothing where it can be used."""
    rules = len(routing.eligibility) + len(routing.exclusions) + len(routing.keep)
    rules += sum(len(tier.filters) + len(tier.keep) for tier in routing.tiers)
    if len(routing.tiers) > TIERS_MAX:
        return (Finding("/tiers", f"there are {len(routing.tiers)} tiers; there may be {TIERS_MAX}"),)
    if rules > RULES_MAX:
        return (Finding("", f"there are {rules} rules; there may be {RULES_MAX}"),)
    if (characters := _characters(routing)) > CHARACTERS_MAX:
        return (Finding("", f"the expressions have {characters:,} characters; they may have {CHARACTERS_MAX:,}"),)
    found = [*_rules(routing.eligibility, "/eligibility"), *_rules(routing.exclusions, "/exclusions")]
    taken = [*(rule.name for rule in routing.eligibility), *(rule.name for rule in routing.exclusions)]
    found += _repeated(taken, "/eligibility")
    found += [*_keeps(routing.keep, "/keep")]
    for at, tier in enumerate(routing.tiers):
        found += _tier(tier, f"/tiers/{at}")
    found += _repeated([tier.name for tier in routing.tiers], "/tiers")
    found += _weights(routing.weights.items(), "/weights")
    found += _limits(routing.limits, "/limits")
    if routing.cost_rates is not None:
        found += check_cost_rates(routing.cost_rates)
    found += [*check_turn(routing)]
    if routing.upgrade_cost_minor_max is not None and not 0 <= routing.upgrade_cost_minor_max <= _AMOUNT_MAX:
        found.append(Finding("/upgrade_cost_minor_max", "must be 0 to 1,000,000,000,000"))
    if not 1 <= routing.attempts_max <= _ATTEMPTS_MAX:
        found.append(Finding("/attempts_max", f"must be 1 to {_ATTEMPTS_MAX:,}"))
    hours = routing.retry_rejected_after_hours
    if hours is not None and not 1 <= hours <= _RETRY_HOURS_MAX:
        found.append(Finding("/retry_rejected_after_hours", f"must be 1 to {_RETRY_HOURS_MAX:,}"))
    found += _successors(routing.tiers)
    return tuple(found)


def _characters(routing: Routing) -> int:
    """How long all expressions are together."""
    rules = [*routing.eligibility, *routing.exclusions, *routing.keep]
    rules += [rule for tier in routing.tiers for rule in (*tier.filters, *tier.keep)]
    sorts = [sort.by for tier in routing.tiers for sort in tier.sort]
    texts = [*(rule.expression + rule.when for rule in rules), *(tier.when for tier in routing.tiers), *sorts]
    return sum(map(len, texts))


def _tier(tier: Tier, pointer: str) -> Iterable[Finding]:
    yield from _named(tier.name, pointer)
    if tier.when:
        yield from _expression(tier.when, f"{pointer}/when", reads=OF_ORDER)
    yield from _rules(tier.filters, f"{pointer}/filters")
    yield from _repeated([rule.name for rule in tier.filters], f"{pointer}/filters")
    yield from _keeps(tier.keep, f"{pointer}/keep")
    for at, sort in enumerate(tier.sort):
        yield from _sort(sort, f"{pointer}/sort/{at}")
    yield from _weights(tier.weights.items(), f"{pointer}/weights")
    yield from _limits(tier.limits, f"{pointer}/limits")
    if tier.cancel_after_days is not None and tier.cancel_after_days < 0:
        yield Finding(f"{pointer}/cancel_after_days", "must not be negative")
    if tier.surcharge_minor < 0 or tier.surcharge_minor > _AMOUNT_MAX:
        yield Finding(f"{pointer}/surcharge_minor", "must not be negative, nor above a trillion")


def _keeps(rules: Sequence[Rule], pointer: str) -> Iterable[Finding]:
    yield from _rules(rules, pointer, kinds=AMOUNT)
    yield from _repeated([rule.name for rule in rules], pointer)


def _rules(rules: Sequence[Rule], pointer: str, *, kinds: tuple[Kind, ...] = CONDITION) -> Iterable[Finding]:
    for at, rule in enumerate(rules):
        yield from _named(rule.name, f"{pointer}/{at}")
        yield from _expression(rule.expression, f"{pointer}/{at}/expression", kinds=kinds)
        if rule.when:
            yield from _expression(rule.when, f"{pointer}/{at}/when", reads=OF_ORDER)


def _sort(sort: Sort, pointer: str) -> Iterable[Finding]:
    if bool(sort.by) == bool(sort.ranked):
        yield Finding(pointer, "must have either by or ranked")
    elif len(sort.ranked) > RANKED_MAX:
        yield Finding(f"{pointer}/ranked", f"may name at most {RANKED_MAX:,} nodes")
    elif sort.by and sort.by not in NAMED_SORTS:
        expression, _descending = measure_of(sort)
        yield from _expression(expression, f"{pointer}/by", kinds=MEASURE)


def _expression(
    text: str, pointer: str, *, reads: int = EVERYTHING, kinds: tuple[Kind, ...] = CONDITION
) -> Iterable[Finding]:
    flaw = try_compile(text, reads=reads, kinds=kinds).flaw
    if flaw is not None:
        yield Finding(pointer, flaw.detail, flaw.at.line, flaw.at.column)


def _named(name: str, pointer: str) -> Iterable[Finding]:
    if not name.strip():
        yield Finding(f"{pointer}/name", "must not be empty")
    elif len(name) > _NAME_MAX:
        yield Finding(f"{pointer}/name", f"may have at most {_NAME_MAX} characters")


def _repeated(names: Sequence[str], pointer: str) -> Iterable[Finding]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(pointer, f"the name {name} is given more than once")


def _weights(weights: Iterable[tuple[str, float]], pointer: str) -> Iterable[Finding]:
    for name, amount in weights:
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in AMOUNTS and name not in PARTS:
            yield Finding(place, f"there is no weight {name}; there are {', '.join((*AMOUNTS, *PARTS))}")
        elif not 0 <= amount <= _AMOUNT_MAX:
            yield Finding(place, "must not be negative, nor above a trillion")
        elif AMOUNTS.get(name) is int and amount != int(amount):
            yield Finding(place, "must be a whole number")
        elif AMOUNTS.get(name) is bool and amount not in (0, 1):
            yield Finding(place, "must be 0 (no) or 1 (yes)")


def _limits(limits: Limits, pointer: str) -> Iterable[Finding]:
    if limits.shipments_max is not None and limits.shipments_max < 1:
        yield Finding(f"{pointer}/shipments_max", "must be at least 1")


def _successors(tiers: Sequence[Tier]) -> Iterable[Finding]:
    """Next tiers that are not there, and those that lead back to where they come from."""
    positions = {tier.name: at for at, tier in reversed(list(enumerate(tiers)))}
    for at, tier in enumerate(tiers):
        if tier.next_tier and tier.next_tier not in positions:
            yield Finding(f"/tiers/{at}/next_tier", f"there is no tier {tier.next_tier}")
        elif tier.next_tier and positions[tier.next_tier] <= at:
            yield Finding(f"/tiers/{at}/next_tier", f"leads back to {tier.next_tier}; it must name a tier below")
