"""What keeps hold rules from being used, each flaw with its field, and what is worth a second look."""

from collections.abc import Iterable, Sequence
from typing import Final

from troth.engine.policies.holds_in_force import OF_HOLDS
from troth.engine.rules.compiled import try_compile
from troth.engine.rules.contradictions import find_contradiction
from troth.model.document import Finding
from troth.model.hold_rules import BUILT_IN, HoldRules, HoldType
from troth.model.hold_terms import AtEnd

RULES_MAX: Final = 200
TYPES_MAX: Final = 100
HOURS_MAX: Final = 24.0 * 366
_NAME_MAX: Final = 64


def check_holds(rules: HoldRules) -> tuple[Finding, ...]:
    """Everything that forbids hold rules, in the order of their fields; nothing where they can be used."""
    if len(rules.rules) > RULES_MAX:
        return (Finding("/rules", f"there are {len(rules.rules)} rules; there may be {RULES_MAX}"),)
    if len(rules.types) > TYPES_MAX:
        return (Finding("/types", f"there are {len(rules.types)} types; there may be {TYPES_MAX}"),)
    return tuple(_all(rules))


def lint_holds(rules: HoldRules) -> tuple[Finding, ...]:
    """Findings in the order of the fields; nothing where all is as it should be."""
    return tuple(_lint(rules))


def is_type_name(name: str) -> bool:
    """Whether a type of hold may be called so: small letters, digits and `_`, as `tax_exempt`.

    >>> is_type_name("tax_exempt"), is_type_name("Tax exempt"), is_type_name("")
    (True, False, False)
    """
    plain = name.replace("_", "a")
    return name[:1].isalpha() and plain.isalnum() and name.isascii() and name == name.lower() and len(name) <= _NAME_MAX


def _all(rules: HoldRules) -> Iterable[Finding]:
    for at, one in enumerate(rules.types):
        yield from _type(one, f"/types/{at}")
    yield from _repeated([one.name for one in rules.types], "/types")
    for at, rule in enumerate(rules.rules):
        if not rule.name.strip() or len(rule.name) > 100:
            yield Finding(f"/rules/{at}/name", "must have 1 to 100 characters")
        if not is_type_name(rule.type):
            yield Finding(f"/rules/{at}/type", "must be the name of a type of hold")
        yield from _expression(rule.when, f"/rules/{at}/when")
    yield from _repeated([rule.name for rule in rules.rules], "/rules")


def _type(one: HoldType, pointer: str) -> Iterable[Finding]:
    if not is_type_name(one.name):
        yield Finding(f"{pointer}/name", "must be small letters, digits and _, beginning with a letter")
    if not one.blocks:
        yield Finding(f"{pointer}/blocks", "must name something: a hold that blocks nothing is none")
    if len(set(one.blocks)) < len(one.blocks):
        yield Finding(f"{pointer}/blocks", "must not name anything twice")
    if one.hours is not None and not 0 < one.hours <= HOURS_MAX:
        yield Finding(f"{pointer}/hours", f"must be above 0 and at most {HOURS_MAX:,.0f}")
    if one.hours is None and one.at_end is not AtEnd.LIFT:
        yield Finding(f"{pointer}/hours", f"is required where the clock shall {one.at_end}")
    if one.escalate_to and one.at_end is not AtEnd.ESCALATE:
        yield Finding(f"{pointer}/escalate_to", "has no meaning unless at_end is escalate")
    if one.lift_when:
        yield from _expression(one.lift_when, f"{pointer}/lift_when")


def _expression(text: str, pointer: str) -> Iterable[Finding]:
    flaw = try_compile(text, reads=OF_HOLDS).flaw
    if flaw is not None:
        yield Finding(pointer, flaw.detail, flaw.at.line, flaw.at.column)


def _repeated(names: Sequence[str], pointer: str) -> Iterable[Finding]:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            yield Finding(f"{pointer}/{at}/name", f"{name} is the name of another one already")
        seen.add(name)


def _lint(rules: HoldRules) -> Iterable[Finding]:
    own = {one.name for one in rules.types}
    for at, one in enumerate(rules.types):
        if one.at_end is AtEnd.ESCALATE and not (one.escalate_to or one.owner):
            yield Finding(f"/types/{at}/escalate_to", "nobody is named to whom it goes when its time is over")
        if one.is_quiet and one.hours is None and not (one.lift_on or one.lift_when):
            yield Finding(f"/types/{at}/is_quiet", "nothing ends it and nobody is called: its orders wait for ever")
    for at, rule in enumerate(rules.rules):
        if rule.type not in own and rule.type not in BUILT_IN:
            yield Finding(f"/rules/{at}/type", f"{rule.type} is no type of this document, and none is built in")
        code = try_compile(rule.when, reads=OF_HOLDS).code
        if code is not None and code.fixed is not None:
            yield Finding(f"/rules/{at}/when", "is the same for every order")
        elif path := find_contradiction([(rule.when, False)]):
            yield Finding(f"/rules/{at}/when", f"leaves no value of {path}, so that it holds nobody")
