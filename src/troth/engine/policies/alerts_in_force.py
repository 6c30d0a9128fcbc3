"""Alert rules as they count at an instant."""

from collections.abc import Sequence
from typing import Final

from troth.engine.rules.compiled import Compiled, try_compile
from troth.engine.rules.fields import ALERT, ITEM, LINE, OF_ORDER
from troth.model.alerts import BUILT_IN, AlertRule, AlertRules
from troth.model.value import dataclass

OF_ALERTS: Final = OF_ORDER | LINE | ITEM | ALERT
"""What an alert rule may read."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadyAlert:
    """A rule with its condition as code; `label` is that of its document (empty: it is built in)."""

    rule: AlertRule
    condition: Compiled
    label: str

    @property
    def name(self) -> str:
        """What the rule is called in the log."""
        return f"{self.label}/{self.rule.name}" if self.label else self.rule.name


def compile_alerts(documents: Sequence[tuple[str, AlertRules]]) -> tuple[ReadyAlert, ...]:
    """The rules of the documents in force (label and content), in the order of their names; what is built in where no
    document has a rule.
    """
    named = [(label, rule) for label, rules in documents for rule in rules.rules]
    return tuple(
        ReadyAlert(rule, try_compile(rule.when, reads=OF_ALERTS), label)
        for label, rule in named or [("", rule) for rule in BUILT_IN.rules]
    )
