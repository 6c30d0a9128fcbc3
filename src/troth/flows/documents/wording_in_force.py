"""The texts of messages that are in force, as a process holds them."""

from datetime import datetime

from troth.flows.documents.families import MESSAGE_TEMPLATES
from troth.flows.documents.standing import Standing
from troth.flows.wording.wording import NO_WORDING, Wording
from troth.model.messages import MessageTemplates
from troth.store.database import Connection


class WordingInForce:
    """The wording of now: another value whenever other documents are in force, and only then."""

    def __init__(self) -> None:
        self._documents = Standing(MESSAGE_TEMPLATES, _labeled)
        self._wording = NO_WORDING
        self._turns_at: datetime | None = None

    async def read(self, connection: Connection, now: datetime) -> None:
        """Take over what is said by now."""
        await self._documents.read(connection, now)
        self._turn(now)

    def at(self, now: datetime) -> Wording:
        """The texts that are told at an instant."""
        if self._turns_at is not None and now >= self._turns_at:
            self._turn(now)
        return self._wording

    def documents(self, now: datetime) -> list[tuple[str, tuple[str, MessageTemplates]]]:
        """The documents in force at an instant: name, label and texts, by name."""
        return self._documents.values_in_force(now)

    def _turn(self, now: datetime) -> None:
        self._wording = Wording(labeled for _, labeled in self.documents(now))
        self._turns_at = self._documents.next_change(now)


def _labeled(texts: MessageTemplates, label: str) -> tuple[str, MessageTemplates]:
    return label, texts
