"""What keeps work rules from being used, and what is worth a second look: each with its field."""

from collections.abc import Iterable, Sequence
from typing import Final

from troth.engine.policies.release_check import RULES_MAX, check_expression, check_name, check_within
from troth.engine.rules.fields import NODE, OF_ORDER
from troth.model.document import Finding
from troth.model.work_rules import PickupRule, WorkRules

HOURS_MAX: Final = 24.0 * 365
MINUTES_MAX: Final = 60 * 24
TIMES_MAX: Final = 20


def check_work(rules: WorkRules) -> tuple[Finding, ...]:
    """Everything that forbids work rules, in the order of their fields; nothing where they can be used."""
    if len(rules.pickups) > RULES_MAX:
        return (Finding("", f"there are {len(rules.pickups)} rules; there may be {RULES_MAX}"),)
    return tuple(_all(rules))


def lint_work(rules: WorkRules) -> tuple[Finding, ...]:
    """What is worth a second look: rules that never get to speak, and reminders that come when nothing is kept."""
    found, closed = [], ""
    for at, rule in enumerate(rules.pickups):
        if closed:
            found.append(Finding(f"/pickups/{at}", f"never decides: {closed} before it speaks of everything"))
        elif not rule.when and not rule.where:
            closed = rule.name
    return tuple(found)


def _all(rules: WorkRules) -> Iterable[Finding]:
    names = [rule.name for rule in rules.pickups]
    for at, rule in enumerate(rules.pickups):
        yield from check_name(names, at, f"/pickups/{at}/name")
        yield from _pickup(rule, f"/pickups/{at}")


def _pickup(rule: PickupRule, pointer: str) -> Iterable[Finding]:
    if rule.where:
        yield from check_expression(rule.where, f"{pointer}/where", reads=NODE)
    if rule.when:
        yield from check_expression(rule.when, f"{pointer}/when", reads=OF_ORDER)
    if not 0 < rule.keep_hours <= HOURS_MAX:
        yield Finding(f"{pointer}/keep_hours", f"must be above 0 and at most {HOURS_MAX:,.0f}")
    yield from _reminders(rule.remind_hours, rule.keep_hours, f"{pointer}/remind_hours")
    yield from check_within(rule.extend_hours, HOURS_MAX, f"{pointer}/extend_hours")
    yield from check_within(rule.extensions_max, TIMES_MAX, f"{pointer}/extensions_max")
    if not 1 <= rule.code_attempts_max <= TIMES_MAX:
        yield Finding(f"{pointer}/code_attempts_max", f"must be from 1 to {TIMES_MAX}")
    if not 1 <= rule.code_lock_minutes <= MINUTES_MAX:
        yield Finding(f"{pointer}/code_lock_minutes", f"must be from 1 to {MINUTES_MAX:,}")


def _reminders(hours: Sequence[float], keep_hours: float, pointer: str) -> Iterable[Finding]:
    if len(hours) > TIMES_MAX:
        yield Finding(pointer, f"may have at most {TIMES_MAX} reminders")
    for at, hour in enumerate(hours):
        if not 0 < hour < keep_hours:
            yield Finding(f"{pointer}/{at}", f"must be above 0 and below keep_hours, {keep_hours:g}")
        elif at and hour <= hours[at - 1]:
            yield Finding(f"{pointer}/{at}", "must be later than the one before it")
