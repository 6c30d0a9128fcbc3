"""What keeps work rules from being used, and what is worth a second look: each with its field."""

from collections.abc import Iterable, Sequence
from typing import Final

from troth.engine.policies.release_check import RULES_MAX, check_expression, check_name, check_within
from troth.engine.rules.fields import NODE, OF_ORDER
from troth.model.document import Finding
from troth.model.work_rules import LateRule, PickupRule, WorkRules

HOURS_MAX: Final = 24.0 * 365
MINUTES_MAX: Final = 60 * 24
TIMES_MAX: Final = 20


def check_work(rules: WorkRules) -> tuple[Finding, ...]:
    """Everything that forbids work rules, in the order of their fields; nothing where they can be used."""
    count = len(rules.pickups) + len(rules.late)
    if count > RULES_MAX:
        return (Finding("", f"there are {count} rules; there may be {RULES_MAX}"),)
    return tuple(_all(rules))


def lint_work(rules: WorkRules) -> tuple[Finding, ...]:
    """What is worth a second look: rules that never get to speak, and reminders that come when nothing is kept."""
    return (*_never_deciding(rules.pickups, "pickups"), *_never_deciding(rules.late, "late"))


def _never_deciding(rules: Sequence[PickupRule | LateRule], kind: str) -> Iterable[Finding]:
    closed = ""
    for at, rule in enumerate(rules):
        if closed:
            yield Finding(f"/{kind}/{at}", f"never decides: {closed} before it speaks of everything")
        elif not rule.when and not rule.where:
            closed = rule.name


def _all(rules: WorkRules) -> Iterable[Finding]:
    names = [rule.name for rule in rules.pickups]
    for at, rule in enumerate(rules.pickups):
        yield from check_name(names, at, f"/pickups/{at}/name")
        yield from _pickup(rule, f"/pickups/{at}")
    names = [late.name for late in rules.late]
    for at, late in enumerate(rules.late):
        yield from check_name(names, at, f"/late/{at}/name")
        yield from _late(late, f"/late/{at}")


def _terms(rule: PickupRule | LateRule, pointer: str) -> Iterable[Finding]:
    if rule.where:
        yield from check_expression(rule.where, f"{pointer}/where", reads=NODE)
    if rule.when:
        yield from check_expression(rule.when, f"{pointer}/when", reads=OF_ORDER)


def _late(rule: LateRule, pointer: str) -> Iterable[Finding]:
    yield from _terms(rule, pointer)
    yield from check_within(rule.before_minutes, MINUTES_MAX, f"{pointer}/before_minutes")
    yield from check_within(rule.patience_minutes, MINUTES_MAX, f"{pointer}/patience_minutes")
    if rule.idle_minutes is not None:
        yield from check_within(rule.idle_minutes, MINUTES_MAX, f"{pointer}/idle_minutes")
    if not rule.owner.strip():
        yield Finding(f"{pointer}/owner", "is required: who is told")
    if rule.move_after_minutes is not None:
        yield from check_within(rule.move_after_minutes, MINUTES_MAX, f"{pointer}/move_after_minutes")
    yield from check_within(rule.moves_max, TIMES_MAX, f"{pointer}/moves_max")


def _pickup(rule: PickupRule, pointer: str) -> Iterable[Finding]:
    yield from _terms(rule, pointer)
    if not 0 < rule.keep_hours <= HOURS_MAX:
        yield Finding(f"{pointer}/keep_hours", f"must be above 0 and at most {HOURS_MAX:,.0f}")
    if not 0 < rule.unpaid_keep_hours <= HOURS_MAX:
        yield Finding(f"{pointer}/unpaid_keep_hours", f"must be above 0 and at most {HOURS_MAX:,.0f}")
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
