"""The hold rules that are in force, as a process holds them."""

from datetime import datetime

from troth.engine.policies.holds_in_force import HoldsInForce, compile_holds
from troth.flows.documents.families import HOLD_RULES
from troth.flows.documents.standing import Standing, with_label
from troth.store.database import Connection


class HoldRulesInForce:
    """The types and rules of now: another value whenever other documents are in force, and only then."""

    def __init__(self) -> None:
        self._documents = Standing(HOLD_RULES, with_label)
        self._holds = HoldsInForce()
        self._turns_at: datetime | None = None

    async def read(self, connection: Connection, now: datetime) -> None:
        """Take over what is said by now."""
        await self._documents.read(connection, now)
        self._turn(now)

    def at(self, now: datetime) -> HoldsInForce:
        """What counts at an instant."""
        if self._turns_at is not None and now >= self._turns_at:
            self._turn(now)
        return self._holds

    def _turn(self, now: datetime) -> None:
        self._holds = compile_holds([labeled for _, labeled in self._documents.values_in_force(now)])
        self._turns_at = self._documents.next_change(now)
