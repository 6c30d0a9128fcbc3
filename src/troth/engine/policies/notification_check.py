"""What keeps notification rules from being used, and what is worth a second look: each with its field."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from typing import Any, Final, get_args, get_type_hints

from troth.engine.policies.holds_in_force import OF_HOLDS
from troth.engine.rules.compiled import try_compile
from troth.engine.rules.fields import HISTORY
from troth.model.document import Finding
from troth.model.events import OrderEvent, PaymentEvent
from troth.model.notification import KINDS
from troth.model.notification_rules import Letterhead, NotificationRule, NotificationRules
from troth.model.return_moves import ReturnEvent

RULES_MAX: Final = 200
WAIT_SECONDS_MAX: Final = 86_400
HOURS_MAX: Final = 24.0 * 90
OF_NOTIFICATIONS: Final = OF_HOLDS & ~HISTORY
"""What a condition of a rule may read: the order, its lines and its items."""

TOLD_EVENTS: Final[Mapping[str, type[Any]]] = {
    event.__name__: event
    for event in sorted(
        {*get_args(OrderEvent), *get_args(PaymentEvent), *get_args(ReturnEvent)}, key=lambda e: e.__name__
    )
}
"""The kinds of events that are about an order, so that its customer can be told of them."""

_NAME_MAX: Final = 100
_TEXT_MAX: Final = 500
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_URL: Final = re.compile(r"https?://[^\s<>\"']+")


_WITH: Final = {
    "canceled": "canceled_in_part",
    "return_credited": "claim_credited",
    "order_confirmed": "replacement_confirmed",
}
"""Which kind tells another one, too, where that fits better."""


def is_address(text: str) -> bool:
    """Whether mail can be sent to a text: one plain address, with nothing that could end a header.

    >>> is_address("ada@example.com"), is_address("ada@example.com\\nBcc: x@y.z"), is_address("Ada <ada@example.com>")
    (True, False, False)
    """
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def told_fields(event: type[Any]) -> tuple[str, ...]:
    """The fields of an event whose values a rule may name: those that are words, or yes and no."""
    hints = get_type_hints(event)
    plain = [one.name for one in fields(event) if _is_plain(hints[one.name])]
    return tuple(plain)


def check_notifications(rules: NotificationRules) -> tuple[Finding, ...]:
    """Everything that forbids notification rules, in the order of their fields; nothing where they can be used."""
    if len(rules.rules) > RULES_MAX:
        return (Finding("/rules", f"there are {len(rules.rules)} rules; there may be {RULES_MAX}"),)
    return tuple(_all(rules))


def lint_notifications(rules: NotificationRules) -> tuple[Finding, ...]:
    """What is worth a second look: kinds that no rule tells, and rules that tell the same of the same."""
    found = []
    seen: dict[tuple[object, ...], str] = {}
    for at, rule in enumerate(rules.rules):
        key = (rule.on, rule.tell, rule.when, tuple(sorted(rule.of.items())), rule.after_hours)
        if key in seen:
            found.append(Finding(f"/rules/{at}", f"tells the same of the same as {seen[key]}"))
        seen.setdefault(key, rule.name)
    told = {rule.tell for rule in rules.rules}
    told |= {other for one, other in _WITH.items() if one in told}
    silent = [kind.name for kind in KINDS.values() if kind.is_needed and kind.name not in told]
    if silent:
        found.append(Finding("/rules", f"customers are not told: {', '.join(silent)}"))
    return tuple(found)


def _all(rules: NotificationRules) -> Iterable[Finding]:
    names = [rule.name for rule in rules.rules]
    for at, rule in enumerate(rules.rules):
        yield from _named(names, at, f"/rules/{at}/name")
        yield from _rule(rule, f"/rules/{at}")
    for at, hours in enumerate(rules.quiet_hours):
        if hours.begins.tzinfo is not None or hours.ends.tzinfo is not None:
            yield Finding(f"/quiet_hours/{at}/begins", "must be a local time, such as 21:00:00")
        if hours.begins == hours.ends:
            yield Finding(f"/quiet_hours/{at}/ends", "must be another time than begins")
    for at, head in enumerate(rules.letterheads):
        yield from _letterhead(head, f"/letterheads/{at}")
    yield from _within(rules.choice_hours, 1.0, HOURS_MAX, "/choice_hours")
    yield from _within(rules.retry_hours, 1.0, HOURS_MAX, "/retry_hours")


def _rule(rule: NotificationRule, pointer: str) -> Iterable[Finding]:
    if rule.tell not in KINDS:
        yield Finding(f"{pointer}/tell", f"there is no notification {rule.tell}; there are {', '.join(KINDS)}")
    if not rule.by:
        yield Finding(f"{pointer}/by", "must name at least one medium")
    if len(set(rule.by)) < len(rule.by):
        yield Finding(f"{pointer}/by", "must not name a medium twice")
    event = TOLD_EVENTS.get(rule.on)
    if event is None:
        yield Finding(f"{pointer}/on", f"{rule.on} is no event of an order")
    else:
        known = told_fields(event)
        for name, values in rule.of.items():
            if name not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                yield Finding(f"{pointer}/of/{name}", f"{rule.on} has no such field to choose by; {has}")
            elif not values:
                yield Finding(f"{pointer}/of/{name}", "must name at least one value")
    if rule.when:
        flaw = try_compile(rule.when, reads=OF_NOTIFICATIONS).flaw
        if flaw is not None:
            yield Finding(f"{pointer}/when", flaw.detail, flaw.at.line, flaw.at.column)
    yield from _within(rule.wait_seconds, 0, WAIT_SECONDS_MAX, f"{pointer}/wait_seconds")
    yield from _within(rule.after_hours, 0.0, HOURS_MAX, f"{pointer}/after_hours")


def _letterhead(head: Letterhead, pointer: str) -> Iterable[Finding]:
    if not head.shop.strip():
        yield Finding(f"{pointer}/shop", "must not be empty")
    for name in ("shop", "footer"):
        text = getattr(head, name)
        if len(text) > _TEXT_MAX or not text.isprintable():
            yield Finding(f"{pointer}/{name}", f"must be one line of at most {_TEXT_MAX} characters")
    for name in ("sender", "reply_to"):
        text = getattr(head, name)
        if text and not is_address(text):
            yield Finding(f"{pointer}/{name}", "must be a plain mail address, such as orders@example.com")
    if head.logo_url and not (_URL.fullmatch(head.logo_url) and len(head.logo_url) <= _TEXT_MAX):
        yield Finding(f"{pointer}/logo_url", "must begin with http:// or https://")
    if head.color and not _COLOR.fullmatch(head.color):
        yield Finding(f"{pointer}/color", "must be a color such as #1a5c8f")


def _named(names: Sequence[str], at: int, pointer: str) -> Iterable[Finding]:
    if not names[at].strip() or len(names[at]) > _NAME_MAX:
        yield Finding(pointer, f"must have 1 to {_NAME_MAX} characters")
    elif names[at] in names[:at]:
        yield Finding(pointer, f"the name {names[at]} is given more than once")


def _within(amount: float, least: float, most: float, pointer: str) -> Iterable[Finding]:
    if not least <= amount <= most:
        yield Finding(pointer, f"must be from {least:,.0f} to {most:,.0f}")


def _is_plain(hint: Any) -> bool:
    return hint in (str, bool) or (isinstance(hint, type) and issubclass(hint, StrEnum))
