"""What is worth a second look in exposure rules that can be used."""

from collections.abc import Iterable

from troth.engine.exposure.check import kinds_of
from troth.engine.rules.compiled import try_compile
from troth.engine.rules.contradictions import find_contradiction
from troth.engine.rules.fields import ITEM, NODE
from troth.engine.rules.lint import find_unknown_words
from troth.model.document import Finding
from troth.model.exposure import ExposureRules


def lint_exposure(rules: ExposureRules) -> tuple[Finding, ...]:
    """Findings in the order of the fields; nothing where all is as it should be."""
    return tuple(_all(rules))


def _all(rules: ExposureRules) -> Iterable[Finding]:
    used = {one.demand_class for one in rules.protections}
    used |= {name for one in rules.protections if one.lending is not None for name in one.lending.to}
    is_by_class = any(one.by == "class" for one in rules.allocations)
    lowest = max((one.rank for one in rules.classes), default=0)
    for at, demand_class in enumerate(rules.classes):
        if demand_class.name not in used and not is_by_class and demand_class.rank == lowest:
            yield Finding(f"/classes/{at}", "nothing is kept for this class, or counted by class")
    for kind, those in kinds_of(rules):
        for at, rule in enumerate(those):
            if not rule.where:
                continue
            yield from find_unknown_words(rule.where, f"/{kind}/{at}/where")
            code = try_compile(rule.where, reads=ITEM | NODE).code
            if code is not None and code.fixed is not None:
                yield Finding(f"/{kind}/{at}/where", "is the same for every item and node")
            elif path := find_contradiction([(rule.where, False)]):
                yield Finding(f"/{kind}/{at}/where", f"leaves no value of {path}, so that it names nothing")
    for at, safety in enumerate(rules.safety_stock):
        before = [one for one in rules.safety_stock[:at] if one.priority >= safety.priority]
        if any(not one.where and one.starts_at is None and one.ends_at is None for one in before):
            yield Finding(f"/safety_stock/{at}", "an earlier rule already decides for every item and node")
    for at, exclusion in enumerate(rules.exclusions):
        if not exclusion.where and not exclusion.when and not exclusion.methods:
            yield Finding(f"/exclusions/{at}", "hides everything from everybody")
    for at, protection in enumerate(rules.protections):
        if protection.needed_until is None and protection.ends_at is None and not protection.curve:
            yield Finding(
                f"/protections/{at}", "never ends and is never used up: units stay that its class does not want"
            )
