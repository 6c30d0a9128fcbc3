"""What keeps alert rules from being used, each flaw with its field, and what is worth a second look."""

from collections.abc import Iterable
from typing import Final

from troth.engine.policies.alerts_in_force import OF_ALERTS
from troth.engine.rules.compiled import try_compile
from troth.engine.rules.contradictions import find_contradiction
from troth.model.alerts import KEEPING, AlertAction, AlertRule, AlertRules
from troth.model.document import Finding

RULES_MAX: Final = 200


def check_alerts(rules: AlertRules) -> tuple[Finding, ...]:
    """Everything that forbids alert rules, in the order of their fields; nothing where they can be used."""
    if len(rules.rules) > RULES_MAX:
        return (Finding("/rules", f"there are {len(rules.rules)} rules; there may be {RULES_MAX}"),)
    return tuple(_all(rules))


def lint_alerts(rules: AlertRules) -> tuple[Finding, ...]:
    """Findings in the order of the fields; nothing where all is as it should be."""
    return tuple(finding for at, rule in enumerate(rules.rules) for finding in _lint(rule, f"/rules/{at}"))


def _all(rules: AlertRules) -> Iterable[Finding]:
    seen: set[str] = set()
    for at, rule in enumerate(rules.rules):
        if not rule.name.strip() or len(rule.name) > 100:
            yield Finding(f"/rules/{at}/name", "must have 1 to 100 characters")
        if rule.name in seen:
            yield Finding(f"/rules/{at}/name", f"{rule.name} is the name of another one already")
        seen.add(rule.name)
        flaw = try_compile(rule.when, reads=OF_ALERTS).flaw
        if flaw is not None:
            yield Finding(f"/rules/{at}/when", flaw.detail, flaw.at.line, flaw.at.column)
        if not rule.actions:
            yield Finding(f"/rules/{at}/actions", "must name something that is done")
        if len(set(rule.actions)) < len(rule.actions):
            yield Finding(f"/rules/{at}/actions", "must not name anything twice")
        if rule.owner and AlertAction.EXCEPTION not in rule.actions:
            yield Finding(f"/rules/{at}/owner", "has no meaning unless a person is called")


def _lint(rule: AlertRule, pointer: str) -> Iterable[Finding]:
    code = try_compile(rule.when, reads=OF_ALERTS).code
    if code is not None and code.fixed is not None:
        yield Finding(f"{pointer}/when", "is the same for all work")
    elif path := find_contradiction([(rule.when, False)]):
        yield Finding(f"{pointer}/when", f"leaves no value of {path}, so that it never holds")
    if set(rule.actions) <= KEEPING:
        yield Finding(f"{pointer}/actions", "where nothing keeps the promise nobody is told of it")
