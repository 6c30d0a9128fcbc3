"""The alert rules that are in force, as a worker holds them."""

from datetime import datetime

from troth.engine.policies.alerts_in_force import ReadyAlert, compile_alerts
from troth.flows.documents.families import ALERT_RULES
from troth.flows.documents.standing import Standing, with_label
from troth.model.alerts import AlertRules
from troth.store.database import Connection


class AlertRulesInForce:
    """The rules of now: compiled anew whenever other documents are in force, and only then."""

    def __init__(self) -> None:
        self._documents: Standing[AlertRules, tuple[str, AlertRules]] = Standing(ALERT_RULES, with_label)
        self._labels: tuple[str, ...] | None = None
        self._rules: tuple[ReadyAlert, ...] = ()

    async def read(self, connection: Connection, now: datetime) -> tuple[ReadyAlert, ...]:
        """What counts at an instant, as is said by now."""
        await self._documents.read(connection, now)
        in_force = [labeled for _, labeled in self._documents.values_in_force(now)]
        labels = tuple(label for label, _ in in_force)
        if labels != self._labels:
            self._rules, self._labels = compile_alerts(in_force), labels
        return self._rules
