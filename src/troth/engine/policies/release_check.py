"""What keeps release rules from being used, and what is worth a second look: each with its field."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from troth.engine.rules.compiled import try_compile
from troth.engine.rules.fields import NODE, OF_ORDER
from troth.model.document import Finding
from troth.model.lifecycle import ALLOCATION, AllocationEvent
from troth.model.release_rules import ReleaseRules, WaveRule

RULES_MAX: Final = 200
MINUTES_MAX: Final = 60 * 24 * 30
HOURS_MAX: Final = 24.0 * 365
TIMES_MAX: Final = 48
AMOUNT_MAX: Final = 10**9
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RECALLABLE: Final = tuple(state for state, event in ALLOCATION if event is AllocationEvent.RECALL)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def check_release(rules: ReleaseRules) -> tuple[Finding, ...]:
    """Everything that forbids release rules, in the order of their fields; nothing where they can be used."""
    count = sum(len(those) for _, those in _kinds(rules))
    if count > RULES_MAX:
        return (Finding("", f"there are {count} rules; there may be {RULES_MAX}"),)
    return tuple(_all(rules))


def lint_release(rules: ReleaseRules) -> tuple[Finding, ...]:
    """What is worth a second look: rules that never get to speak, since one before them speaks of everything."""
    found = []
    for kind, those in _kinds(rules):
        closed = ""
        for at, rule in enumerate(those):
            if closed:
                found.append(Finding(f"/{kind}/{at}", f"never decides: {closed} before it speaks of everything"))
            elif not getattr(rule, "when", "") and not getattr(rule, "where", ""):
                closed = rule.name
    return tuple(found)


def _kinds(rules: ReleaseRules) -> tuple[tuple[str, Sequence[_Named]], ...]:
    return (("remorse", rules.remorse), ("lead", rules.lead), ("waves", rules.waves), ("recalls", rules.recalls))


def _all(rules: ReleaseRules) -> Iterable[Finding]:
    for kind, those in _kinds(rules):
        names = [rule.name for rule in those]
        for at, rule in enumerate(those):
            yield from check_name(names, at, f"/{kind}/{at}/name")
            for field, reads in (("when", OF_ORDER), ("where", NODE)):
                text = getattr(rule, field, "")
                if text:
                    yield from check_expression(text, f"/{kind}/{at}/{field}", reads=reads)
    for at, remorse in enumerate(rules.remorse):
        yield from check_within(remorse.minutes, MINUTES_MAX, f"/remorse/{at}/minutes")
    for at, lead in enumerate(rules.lead):
        yield from check_within(lead.hours, HOURS_MAX, f"/lead/{at}/hours")
    for at, wave in enumerate(rules.waves):
        yield from _wave(wave, f"/waves/{at}")
    for at, recall in enumerate(rules.recalls):
        yield from check_within(recall.answer_minutes, MINUTES_MAX, f"/recalls/{at}/answer_minutes")
        for position, state in enumerate(recall.given_back):
            if state not in _RECALLABLE:
                yield Finding(
                    f"/recalls/{at}/given_back/{position}",
                    f"nothing can be given back that is {state}; it can while it is {', '.join(_RECALLABLE)}",
                )


def _wave(rule: WaveRule, pointer: str) -> Iterable[Finding]:
    if not 1 <= len(rule.times) <= TIMES_MAX:
        yield Finding(f"{pointer}/times", f"must have 1 to {TIMES_MAX} times")
    for at, time in enumerate(rule.times):
        if time.tzinfo is not None or time.second or time.microsecond:
            yield Finding(f"{pointer}/times/{at}", "must be a local time in whole minutes, such as 10:30:00")
        elif time in rule.times[:at]:
            yield Finding(f"{pointer}/times/{at}", "is given more than once")
    if not rule.weekdays:
        yield Finding(f"{pointer}/weekdays", "must name at least one day")
    for at, day in enumerate(rule.weekdays):
        if not 0 <= day <= 6:
            yield Finding(f"{pointer}/weekdays/{at}", "must be from 0 (Monday) to 6")
    yield from check_within(rule.cut_off_minutes, MINUTES_MAX, f"{pointer}/cut_off_minutes")
    for field in ("orders_max", "lines_max", "units_max"):
        amount = getattr(rule, field)
        if amount is not None and not 1 <= amount <= AMOUNT_MAX:
            yield Finding(f"{pointer}/{field}", f"must be from 1 to {AMOUNT_MAX:,}")
    if rule.capacity_percent is not None and not 0 < rule.capacity_percent <= 100:
        yield Finding(f"{pointer}/capacity_percent", "must be above 0 and at most 100")
    if rule.is_shared and rule.capacity_percent is not None:
        yield Finding(f"{pointer}/capacity_percent", "is of one node, and this wave is shared by several")
    if rule.is_shared and not rule.time_zone:
        yield Finding(f"{pointer}/time_zone", "is required where nodes share a wave")
    if rule.time_zone and not rule.is_shared:
        yield Finding(f"{pointer}/time_zone", "is only for shared waves; a node's own are in its time zone")
    if rule.time_zone and not _is_zone(rule.time_zone):
        yield Finding(f"{pointer}/time_zone", f"there is no time zone {rule.time_zone}")


def check_name(names: Sequence[str], at: int, pointer: str) -> Iterable[Finding]:
    """What is wrong with the name of a rule: what it is made of, or that one before it has it."""
    if not _NAME.fullmatch(names[at]):
        yield Finding(pointer, "must be 1 to 64 letters, digits, dots, dashes and underscores, and begin with none")
    elif names[at] in names[:at]:
        yield Finding(pointer, f"the name {names[at]} is given more than once")


def check_within(amount: float, most: float, pointer: str) -> Iterable[Finding]:
    """That an amount is negative, or more than it may be."""
    if not 0 <= amount <= most:
        yield Finding(pointer, f"must be from 0 to {most:,.0f}")


def check_expression(text: str, pointer: str, *, reads: int) -> Iterable[Finding]:
    """Why an expression cannot be used, with the place in it."""
    flaw = try_compile(text, reads=reads).flaw
    if flaw is not None:
        yield Finding(pointer, flaw.detail, flaw.at.line, flaw.at.column)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
