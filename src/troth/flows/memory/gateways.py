"""What a gateway is to the flows: whoever settles payments, here or elsewhere."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Protocol

from troth.model.payment import Ask, DisputeState, GatewayPayment, Outcome
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """What a gateway says unasked. Only what it is about is taken from it: how that stands is asked for.

    `key` is that of the step that made the payment, `reference` the payment's name; either may be empty.
    """

    notice_id: str
    kind: str
    key: str
    reference: str


@dataclass(frozen=True, slots=True)
class GatewayDispute:
    """A dispute as its gateway tells it (minor units), with until when it takes evidence (None: no more)."""

    dispute_id: str
    amount_minor: int
    reason: str
    state: DisputeState
    opened_at: datetime
    evidence_due_at: datetime | None


class Gateway(Protocol):
    """Moves money on request. No failure of the other side is an exception: what is not known is `Lost`.

    Under one key there is one effect, however often it is asked for, for `keeps_keys_hours`.
    """

    keeps_keys_hours: float

    async def ask(self, ask: Ask) -> Outcome:
        """Do something, or say what came of it the first time."""
        ...

    async def find(self, ask: Ask) -> Outcome | None:
        """What came of something that was asked for; None where it was never heard of. Changes nothing."""
        ...

    async def read_payment(self, reference: str) -> GatewayPayment | None:
        """How a payment stands; None where there is none of that name."""
        ...

    def read_payments(self, since: datetime) -> AsyncIterator[GatewayPayment]:
        """The payments that were made since an instant."""
        ...

    async def read_disputes(self, reference: str) -> tuple[GatewayDispute, ...]:
        """The disputes of a payment, whatever became of them; none where nothing is known of any."""
        ...

    def read_disputes_since(self, since: datetime) -> AsyncIterator[tuple[str, GatewayDispute]]:
        """The disputes that were opened since an instant, each with the payment that it is about."""
        ...

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> Notice | None:
        """What a notice is about; None where its signature is not that of the gateway."""
        ...


Gateways = Mapping[str, Gateway]
