"""Chargebacks: what a trading partner takes off an invoice under its routing guide, each as a record of its own."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Final

from troth.model.ids import FulfillmentId, LineId, OrderId
from troth.model.lifecycle import find_flaws
from troth.model.value import dataclass


class ChargebackRule(StrEnum):
    """Which rule of the guide was broken, named as the guide names what it costs."""

    WRONG_CARRIER = "wrong_carrier"
    SPLIT = "split"
    LATE = "late"
    EARLY = "early"
    SHORT = "short"
    LATE_NOTICE = "late_notice"


class ChargebackState(StrEnum):
    """How one stands: it happened, we contest it, or it ended: we bear it, the partner lets it go, or it was none."""

    INCURRED = "incurred"
    DISPUTED = "disputed"
    ACCEPTED = "accepted"
    WAIVED = "waived"
    TAKEN_BACK = "taken_back"


class ChargebackEvent(StrEnum):
    """What becomes of one; it is taken back by itself where what is known of the order says so."""

    DISPUTE = "dispute"
    ACCEPT = "accept"
    WAIVE = "waive"
    TAKE_BACK = "take_back"


_S, _E = ChargebackState, ChargebackEvent

CHARGEBACK: Final[Mapping[tuple[ChargebackState, ChargebackEvent], ChargebackState]] = {
    (_S.INCURRED, _E.DISPUTE): _S.DISPUTED,
    (_S.INCURRED, _E.ACCEPT): _S.ACCEPTED,
    (_S.INCURRED, _E.WAIVE): _S.WAIVED,
    (_S.INCURRED, _E.TAKE_BACK): _S.TAKEN_BACK,
    (_S.DISPUTED, _E.ACCEPT): _S.ACCEPTED,
    (_S.DISPUTED, _E.WAIVE): _S.WAIVED,
    (_S.DISPUTED, _E.TAKE_BACK): _S.TAKEN_BACK,
}
CHARGEBACK_STARTS: Final = (_S.INCURRED,)
UNDECIDED: Final = frozenset({_S.INCURRED, _S.DISPUTED})
"""One in one of these is still open: a person decides, or it is taken back."""
DECISIONS: Final = tuple(event for event in ChargebackEvent if event is not ChargebackEvent.TAKE_BACK)
"""What a person can decide."""

if _FLAWS := find_flaws(CHARGEBACK, ChargebackState, ChargebackEvent, CHARGEBACK_STARTS):
    raise AssertionError("; ".join(_FLAWS))

ChargeKey = tuple[ChargebackRule, FulfillmentId, LineId]
"""A rule, with the shipment (empty: of none) and the line (empty: of all) that broke it."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a rule comes to by what is known of an order: for so many units (0: not by units), since an instant."""

    rule: ChargebackRule
    subject: FulfillmentId
    line_id: LineId
    quantity: int
    amount_minor: int
    incurred_at: datetime

    @property
    def key(self) -> ChargeKey:
        """What it is about."""
        return self.rule, self.subject, self.line_id


@dataclass(frozen=True, slots=True)
class Chargeback:
    """A charge as it was written, under the version of the guide that the order was promised under.

    Of `amount_minor` we bear `accepted_minor` where it was accepted; what is left of it the partner has let go.
    """

    chargeback_id: str
    order_id: OrderId
    customer_id: str
    guide: str
    charge: Charge
    currency: str
    written_at: datetime
    state: ChargebackState = ChargebackState.INCURRED
    accepted_minor: int = 0
    reason: str = ""
    reference: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class ChargebackIncurred:
    """A trading partner may take something off: which rule of which guide was broken, and what that costs."""

    chargeback_id: str
    customer_id: str
    guide: str
    charge: Charge
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChargebackDecided:
    """A chargeback is disputed, accepted (`accepted_minor` of it is borne) or waived; or it was taken back, because
    what is known of the order by now says that the rule was kept.
    """

    chargeback_id: str
    customer_id: str
    rule: ChargebackRule
    state: ChargebackState
    amount_minor: int
    accepted_minor: int
    currency: str
    reason: str
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChargebackSums:
    """What one rule (None: all of them) cost with a customer in a period (minor units): what was `expected` when orders
    were promised, and what was `incurred`, which is what is `open`, `disputed`, `accepted` and `waived`.
    """

    customer_id: str
    currency: str
    rule: ChargebackRule | None
    expected: int = 0
    open: int = 0
    disputed: int = 0
    accepted: int = 0
    waived: int = 0

    @property
    def incurred(self) -> int:
        """All that was charged and not taken back."""
        return self.open + self.disputed + self.accepted + self.waived


@dataclass(frozen=True, slots=True)
class ChargebackStatement:
    """What the chargebacks of a customer come to in one currency, rule by rule and all together."""

    rules: tuple[ChargebackSums, ...]
    total: ChargebackSums


def statements_of(sums: Iterable[ChargebackSums]) -> tuple[ChargebackStatement, ...]:
    """The statement of each customer and currency; the sums of one follow each other."""
    found = []
    for (customer_id, currency), group in groupby(sums, key=lambda one: (one.customer_id, one.currency)):
        rules = tuple(group)
        total = ChargebackSums(
            customer_id,
            currency,
            None,
            expected=sum(one.expected for one in rules),
            open=sum(one.open for one in rules),
            disputed=sum(one.disputed for one in rules),
            accepted=sum(one.accepted for one in rules),
            waived=sum(one.waived for one in rules),
        )
        found.append(ChargebackStatement(rules, total))
    return tuple(found)
