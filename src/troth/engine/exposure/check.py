"""What keeps exposure rules from being used: each flaw with its field, and within an expression its position."""

from collections.abc import Iterable, Sequence
from typing import Final

from troth.engine.exposure.compiled import Dated
from troth.engine.rules.compiled import try_compile
from troth.engine.rules.fields import ITEM, NODE, ORDER
from troth.model.document import Finding
from troth.model.exposure import ExposureRules, ProductAllocation, Protection, SafetyStock
from troth.model.order import Method

RULES_MAX: Final = 500
_NAME_MAX: Final = 100
_UNITS_MAX: Final = 10**9
_DAYS_MAX: Final = 3_650.0
_WEEKS_MAX: Final = 520.0
_STEPS_MAX: Final = 100
_HOLDERS_MAX: Final = 10_000
_RANK_MAX: Final = 1_000
_METHODS: Final = frozenset(method.value for method in Method)


def check_exposure(rules: ExposureRules) -> tuple[Finding, ...]:
    """Everything that forbids exposure rules, in the order of their fields; nothing where they can be used."""
    count = sum(len(those) for _, those in kinds_of(rules)) + len(rules.classes)
    if count > RULES_MAX:
        return (Finding("", f"there are {count} rules; there may be {RULES_MAX}"),)
    return tuple(_all(rules))


def kinds_of(rules: ExposureRules) -> tuple[tuple[str, Sequence[Dated]], ...]:
    """The rules that name items and nodes, by their field."""
    return (
        ("safety_stock", rules.safety_stock),
        ("buffers", rules.buffers),
        ("thresholds", rules.thresholds),
        ("exclusions", rules.exclusions),
        ("protections", rules.protections),
        ("allocations", rules.allocations),
        ("finding", rules.finding),
    )


def _all(rules: ExposureRules) -> Iterable[Finding]:
    yield from _classes(rules)
    for kind, those in kinds_of(rules):
        for at, rule in enumerate(those):
            yield from _dated(rule, f"/{kind}/{at}")
    yield from _repeated([rule.name for _, those in kinds_of(rules) for rule in those], "")
    for at, safety in enumerate(rules.safety_stock):
        yield from _safety(safety, f"/safety_stock/{at}")
    for at, buffer in enumerate(rules.buffers):
        yield from _one_amount(buffer.units, buffer.percent, f"/buffers/{at}")
    for at, threshold in enumerate(rules.thresholds):
        yield from _units(threshold.below_units, f"/thresholds/{at}/below_units", least=1)
        yield from _methods(threshold.methods, f"/thresholds/{at}/methods")
    for at, exclusion in enumerate(rules.exclusions):
        yield from _methods(exclusion.methods, f"/exclusions/{at}/methods")
        if exclusion.when:
            yield from _expression(exclusion.when, f"/exclusions/{at}/when", reads=ORDER)
    ranks = {one.name: one.rank for one in rules.classes}
    for at, protection in enumerate(rules.protections):
        yield from _protection(protection, f"/protections/{at}", ranks)
    for at, allocation in enumerate(rules.allocations):
        yield from _allocation(allocation, f"/allocations/{at}")
    for at, finding in enumerate(rules.finding):
        if not 0.5 <= finding.confidence <= 1.0:
            yield Finding(f"/finding/{at}/confidence", "must be from 0.5 to 1")


def _classes(rules: ExposureRules) -> Iterable[Finding]:
    for at, one in enumerate(rules.classes):
        yield from _named(one.name, f"/classes/{at}")
        if not 1 <= one.rank <= _RANK_MAX:
            yield Finding(f"/classes/{at}/rank", f"must be from 1 (the highest class) to {_RANK_MAX}")
        yield from _expression(one.when, f"/classes/{at}/when", reads=ORDER)
    yield from _repeated([one.name for one in rules.classes], "/classes")


def _dated(rule: Dated, pointer: str) -> Iterable[Finding]:
    yield from _named(rule.name, pointer)
    if rule.where:
        yield from _expression(rule.where, f"{pointer}/where", reads=ITEM | NODE)
    for name, at in (("starts_at", rule.starts_at), ("ends_at", rule.ends_at)):
        if at is not None and at.tzinfo is None:
            yield Finding(f"{pointer}/{name}", "must have an offset from UTC")
            return
    if rule.starts_at is not None and rule.ends_at is not None and rule.ends_at <= rule.starts_at:
        yield Finding(f"{pointer}/ends_at", "must be after starts_at")


def _safety(rule: SafetyStock, pointer: str) -> Iterable[Finding]:
    if rule.units is None and not (rule.percent or rule.cover_weeks or rule.service_level):
        yield Finding(pointer, "must have units, percent, days_of_cover, weeks_of_cover or service_level")
    yield from _amounts(rule.units, rule.percent, pointer)
    if rule.days_of_cover is not None and not 0 < rule.days_of_cover <= _DAYS_MAX:
        yield Finding(f"{pointer}/days_of_cover", f"must be above 0 and at most {_DAYS_MAX:,.0f}")
    if rule.weeks_of_cover is not None and not 0 < rule.weeks_of_cover <= _WEEKS_MAX:
        yield Finding(f"{pointer}/weeks_of_cover", f"must be above 0 and at most {_WEEKS_MAX:,.0f}")
    if rule.service_level is not None and not 0.5 <= rule.service_level < 1.0:
        yield Finding(f"{pointer}/service_level", "must be at least 0.5 and below 1")
    yield from _units(rule.units_min, f"{pointer}/units_min")
    if rule.units_max is not None and rule.units_max < rule.units_min:
        yield Finding(f"{pointer}/units_max", "must not be below units_min")


def _protection(rule: Protection, pointer: str, ranks: dict[str, int]) -> Iterable[Finding]:
    if rule.demand_class not in ranks:
        yield Finding(f"{pointer}/demand_class", f"there is no class {rule.demand_class} in this document")
    if not rule.curve or rule.units is not None or rule.percent is not None:
        yield from _one_amount(rule.units, rule.percent, pointer)
    if len(rule.curve) > _STEPS_MAX:
        yield Finding(f"{pointer}/curve", f"may have at most {_STEPS_MAX} steps")
    for at, step in enumerate(rule.curve):
        yield from _one_amount(step.units, step.percent, f"{pointer}/curve/{at}")
        if step.at.tzinfo is None:
            yield Finding(f"{pointer}/curve/{at}/at", "must have an offset from UTC")
    for name, instant in (("needed_from", rule.needed_from), ("needed_until", rule.needed_until)):
        if instant is not None and instant.tzinfo is None:
            yield Finding(f"{pointer}/{name}", "must have an offset from UTC")
            return
    if rule.needed_from is not None and rule.needed_until is None:
        yield Finding(f"{pointer}/needed_until", "is required with needed_from: unused units are free after it")
    elif rule.needed_from is not None and rule.needed_until is not None and rule.needed_until <= rule.needed_from:
        yield Finding(f"{pointer}/needed_until", "must be after needed_from")
    lending = rule.lending
    if lending is None:
        return
    for at, name in enumerate(lending.to):
        if name not in ranks:
            yield Finding(f"{pointer}/lending/to/{at}", f"there is no class {name} in this document")
        elif ranks[name] <= ranks.get(rule.demand_class, 0):
            yield Finding(f"{pointer}/lending/to/{at}", f"{name} ranks no lower, so that nothing is kept from it")
    if not 0 < lending.percent <= 100:
        yield Finding(f"{pointer}/lending/percent", "must be above 0 and at most 100")
    if not 0 <= lending.locked_days <= _DAYS_MAX:
        yield Finding(f"{pointer}/lending/locked_days", f"must be from 0 to {_DAYS_MAX:,.0f}")
    elif lending.locked_days and rule.needed_from is None:
        yield Finding(f"{pointer}/lending/locked_days", "counts back from needed_from, which is not given")


def _allocation(rule: ProductAllocation, pointer: str) -> Iterable[Finding]:
    if rule.units is None and not rule.holders:
        yield Finding(pointer, "must have units or holders")
    if rule.units is not None:
        yield from _units(rule.units, f"{pointer}/units")
    if len(rule.holders) > _HOLDERS_MAX:
        yield Finding(f"{pointer}/holders", f"may name at most {_HOLDERS_MAX:,}")
    for name, units in rule.holders.items():
        yield from _units(units, f"{pointer}/holders/{name.replace('~', '~0').replace('/', '~1')}")


def _one_amount(units: int | None, percent: float | None, pointer: str) -> Iterable[Finding]:
    if (units is None) == (percent is None):
        yield Finding(pointer, "must have either units or percent")
    yield from _amounts(units, percent, pointer)


def _amounts(units: int | None, percent: float | None, pointer: str) -> Iterable[Finding]:
    if units is not None:
        yield from _units(units, f"{pointer}/units")
    if percent is not None and not 0 <= percent <= 100:
        yield Finding(f"{pointer}/percent", "must be from 0 to 100")


def _units(units: int, pointer: str, *, least: int = 0) -> Iterable[Finding]:
    if not least <= units <= _UNITS_MAX:
        yield Finding(pointer, f"must be from {least} to {_UNITS_MAX:,}")


def _methods(methods: Sequence[str], pointer: str) -> Iterable[Finding]:
    for at, method in enumerate(methods):
        if method not in _METHODS:
            yield Finding(f"{pointer}/{at}", f"there is no method {method}; there are {', '.join(sorted(_METHODS))}")


def _expression(text: str, pointer: str, *, reads: int) -> Iterable[Finding]:
    flaw = try_compile(text, reads=reads).flaw
    if flaw is not None:
        yield Finding(pointer, flaw.detail, flaw.at.line, flaw.at.column)


def _named(name: str, pointer: str) -> Iterable[Finding]:
    if not name.strip() or "/" in name:
        yield Finding(f"{pointer}/name", "must not be empty, nor have a slash")
    elif len(name) > _NAME_MAX:
        yield Finding(f"{pointer}/name", f"may have at most {_NAME_MAX} characters")


def _repeated(names: Sequence[str], pointer: str) -> Iterable[Finding]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(pointer, f"the name {name} is given more than once")
