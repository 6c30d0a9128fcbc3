"""A gateway in memory, which may lose what it is asked or what it answers, refuse, or answer late."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from troth.model.asked import Declined, Lost
from troth.model.payment import Approved, Ask, Outcome, Pending, StepKind


class Mood(StrEnum):
    """What becomes of the next request."""

    GOOD = "good"
    DECLINES = "declines"
    LOSES_REQUEST = "loses_request"
    LOSES_ANSWER = "loses_answer"
    IS_LATE = "is_late"
    GIVES_HALF = "gives_half"


@dataclass
class Kept:
    """A payment in the gateway's books (minor units)."""

    authorized: int
    expires_at: datetime
    captured: int = 0
    refunded: int = 0
    is_closed: bool = False


@dataclass
class MemoryGateway:
    """Its books, and its answers by key. Where it `captures_once`, a first capture closes a payment."""

    captures_once: bool
    payments: dict[str, Kept] = field(default_factory=dict)
    answers: dict[str, Outcome] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    effects: dict[str, int] = field(default_factory=dict)

    @property
    def taken(self) -> int:
        """What it has taken of the customer and not given back (minor units)."""
        return sum(kept.captured - kept.refunded for kept in self.payments.values())

    def ask(self, ask: Ask, mood: Mood, now: datetime) -> Outcome:
        """Do what is asked once for each key, as the mood allows."""
        if mood is Mood.LOSES_REQUEST:
            return Lost("lost on its way")
        if ask.key not in self.answers:
            self.answers[ask.key] = self._do(ask, mood, now)
            if mood is Mood.IS_LATE:
                self.late.add(ask.key)
        if mood is Mood.LOSES_ANSWER:
            return Lost("no answer")
        return self.find(ask) or Lost("")

    def find(self, ask: Ask) -> Outcome | None:
        """What came of a key; what is late is known when it is asked about again."""
        if ask.key in self.late:
            self.late.discard(ask.key)
            return Pending("")
        return self.answers.get(ask.key)

    def _do(self, ask: Ask, mood: Mood, now: datetime) -> Outcome:
        if mood is Mood.DECLINES:
            return Declined("declined")
        amount = ask.amount_minor
        if ask.kind in (StepKind.AUTHORIZE, StepKind.ADOPT):
            amount = max(1, amount // 2) if mood is Mood.GIVES_HALF and ask.kind is StepKind.AUTHORIZE else amount
            self.payments[ask.key] = Kept(amount, now + timedelta(days=7))
            captured = amount if ask.kind is StepKind.ADOPT and ask.reported == "captured" else 0
            self.payments[ask.key].captured = captured
            return self._done(ask, Approved(amount, ask.key, now + timedelta(days=7), captured))
        kept = self.payments[ask.payment_reference]
        if ask.kind is StepKind.REFUND:
            assert kept.refunded + amount <= kept.captured, "more is given back than was captured"
            kept.refunded += amount
            return self._done(ask, Approved(amount, ask.payment_reference))
        if kept.is_closed or kept.expires_at <= now:
            return Declined("gone", is_gone=True)
        if ask.kind is StepKind.VOID:
            kept.is_closed = True
            return self._done(ask, Approved(amount, ask.payment_reference))
        assert kept.captured + amount <= kept.authorized, "more is captured than was authorized"
        kept.captured += amount
        kept.is_closed = self.captures_once
        return self._done(ask, Approved(amount, ask.payment_reference))

    def _done(self, ask: Ask, approved: Approved) -> Approved:
        self.effects[ask.key] = self.effects.get(ask.key, 0) + 1
        return approved
