"""What happens to what is agreed on with customers: the bodies of those events, beside the audit of who set what."""

from datetime import datetime

from troth.model.blanket import BlanketOrder
from troth.model.credit import CustomerTerms
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class CustomerSet:
    """A customer was created, or has other terms now: class, priority, how they pay, how much they may owe. `before` is
    null of a new one.
    """

    terms: CustomerTerms
    version: int
    at: datetime
    before: CustomerTerms | None = None


@dataclass(frozen=True, slots=True)
class BalanceTold:
    """The books said what a customer left unpaid (minor units) of all that was invoiced until `as_of`."""

    customer_id: str
    unpaid_minor: int
    currency: str
    as_of: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class BlanketOrderSet:
    """A blanket order was agreed on, or agreed on otherwise: what a customer may call off, at which prices, from when
    until when. `before` is null of a new one.
    """

    blanket: BlanketOrder
    version: int
    at: datetime
    before: BlanketOrder | None = None


AgreementEvent = CustomerSet | BalanceTold | BlanketOrderSet
