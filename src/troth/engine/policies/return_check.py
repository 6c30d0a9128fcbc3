"""What keeps rules of returns from being used: each flaw with its field, and within an expression its position."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from troth.engine.policies.return_rules import OF_RETURN, OF_RETURN_NODE
from troth.engine.rules.compiled import try_compile
from troth.model.document import Finding
from troth.model.return_rules import RefundRule, ReturnRouting, ReturnRules

RULES_MAX: Final = 500
_WORDS_MAX: Final = 100
_NAME_MAX: Final = 100
_DAYS_MAX: Final = 3_650
_AMOUNT_MAX: Final = 10**12
_STORES_MAX: Final = 50
_LISTS: Final = ("windows", "refunds", "dispositions", "risks")


def check_return_rules(rules: ReturnRules) -> tuple[Finding, ...]:
    """Everything that forbids rules of returns, in the order of their fields; nothing where they can be used."""
    return tuple(_all(rules))


def _all(rules: ReturnRules) -> Iterable[Finding]:
    yield from _words(rules.reasons, "/reasons")
    yield from _words(rules.claim_reasons, "/claim_reasons")
    yield from _grades(rules.grades)
    if sum(len(getattr(rules, name)) for name in (*_LISTS, "nodes")) > RULES_MAX:
        yield Finding("", f"there may be {RULES_MAX} rules")
        return
    for name in _LISTS:
        for at, rule in enumerate(getattr(rules, name)):
            yield from _rule(rule.name, rule.when, f"/{name}/{at}", "when", OF_RETURN)
        yield from _repeated([rule.name for rule in getattr(rules, name)], f"/{name}")
    for at, window in enumerate(rules.windows):
        if not 0 <= window.days <= _DAYS_MAX:
            yield Finding(f"/windows/{at}/days", f"must be from 0 to {_DAYS_MAX:,}")
    for at, refund in enumerate(rules.refunds):
        yield from _refund(refund, f"/refunds/{at}")
    for at, risk in enumerate(rules.risks):
        if not risk.when:
            yield Finding(f"/risks/{at}/when", "is required")
    for at, node in enumerate(rules.nodes):
        yield from _rule(node.name, node.where, f"/nodes/{at}", "where", OF_RETURN_NODE)
        if not node.where:
            yield Finding(f"/nodes/{at}/where", "is required")
    yield from _repeated([node.name for node in rules.nodes], "/nodes")
    yield from _routing(rules.routing)
    if not 1 <= rules.permit_days <= _DAYS_MAX:
        yield Finding("/permit_days", f"must be from 1 to {_DAYS_MAX:,}")


def _rule(name: str, condition: str, pointer: str, field: str, reads: int) -> Iterable[Finding]:
    if not name.strip():
        yield Finding(f"{pointer}/name", "must not be empty")
    elif len(name) > _NAME_MAX:
        yield Finding(f"{pointer}/name", f"may have at most {_NAME_MAX} characters")
    flaw = try_compile(condition, reads=reads).flaw if condition else None
    if flaw is not None:
        yield Finding(f"{pointer}/{field}", flaw.detail, flaw.at.line, flaw.at.column)


def _refund(rule: RefundRule, pointer: str) -> Iterable[Finding]:
    for name in ("percent", "fee_percent"):
        if not 0 <= getattr(rule, name) <= 100:
            yield Finding(f"{pointer}/{name}", "must be from 0 to 100")
    if not 0 <= rule.fee_minor <= _AMOUNT_MAX:
        yield Finding(f"{pointer}/fee_minor", "must not be negative, nor above a trillion")


def _routing(routing: ReturnRouting) -> Iterable[Finding]:
    for name in ("restock_percent", "markdown_percent"):
        if not 0 <= getattr(routing, name) <= 100:
            yield Finding(f"/routing/{name}", "must be from 0 to 100")
    if not 0 <= routing.cover_weeks_max <= 520:
        yield Finding("/routing/cover_weeks_max", "must be from 0 to 520")
    if not 0 <= routing.processing_minor <= _AMOUNT_MAX:
        yield Finding("/routing/processing_minor", "must not be negative, nor above a trillion")
    if not 0 <= routing.stores_max <= _STORES_MAX:
        yield Finding("/routing/stores_max", f"must be from 0 to {_STORES_MAX}")


def _words(words: Mapping[str, str], pointer: str) -> Iterable[Finding]:
    if not words:
        yield Finding(pointer, "must name at least one reason")
    if len(words) > _WORDS_MAX:
        yield Finding(pointer, f"may name at most {_WORDS_MAX} reasons")
    for name in words:
        if not name or len(name) > _NAME_MAX or not name.replace("_", "").isalnum() or name != name.lower():
            yield Finding(f"{pointer}/{name}", "must be of lower-case letters, digits and underscores")


def _grades(grades: Sequence[str]) -> Iterable[Finding]:
    if not grades:
        yield Finding("/grades", "must name at least one grade")
    for at, grade in enumerate(grades):
        if not grade.strip() or len(grade) > _NAME_MAX:
            yield Finding(f"/grades/{at}", f"must have 1 to {_NAME_MAX} characters")
    yield from _repeated(grades, "/grades")


def _repeated(names: Sequence[str], pointer: str) -> Iterable[Finding]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(pointer, f"the name {name} is given more than once")
