"""Customers whose terms are known: their class and rank, how they pay, and how much they may owe."""

from datetime import datetime
from typing import Final

from troth.model.routing_guide import RoutingGuide
from troth.model.value import dataclass

CREDIT_HOLD: Final = "credit"
"""The type of the hold that keeps an order from its nodes while it would use more credit than there is."""


@dataclass(frozen=True, slots=True)
class CustomerTerms:
    """A customer by the id that channels send: class and priority of orders that state none, and the credit, in the
    currency in which it is granted (None: it is not limited).

    `terms_days` is how long an invoice may stay unpaid, and `guide` what they charge back where goods do not come as
    they want them.
    """

    customer_id: str
    name: str = ""
    customer_class: str = ""
    priority: int = 0
    currency: str = "USD"
    credit_limit_minor: int | None = None
    terms_days: int = 0
    guide: RoutingGuide | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """What a customer may owe, and what is used of it (minor units): what was told to be unpaid, what was invoiced
    since, less what was `charged_back` and accepted since, and what is open of orders that are not held for credit.
    """

    customer_id: str
    currency: str
    limit_minor: int
    unpaid_minor: int = 0
    invoiced_minor: int = 0
    open_minor: int = 0
    charged_back_minor: int = 0

    @property
    def used_minor(self) -> int:
        """All that counts against the limit."""
        return self.unpaid_minor + self.invoiced_minor + self.open_minor - self.charged_back_minor


@dataclass(frozen=True, slots=True)
class CreditUse:
    """What one order counts against its customer's credit (minor units): what has left and is owed for, what is still
    to leave, and what of that does not count because the order is held for credit.
    """

    invoiced_minor: int = 0
    open_minor: int = 0
    held_minor: int = 0

    @property
    def counted_minor(self) -> int:
        """What counts of what is still to leave."""
        return self.open_minor - self.held_minor


@dataclass(frozen=True, slots=True)
class ToldBalance:
    """What a customer's invoices left unpaid, as it was told (minor units), with all that was invoiced until then."""

    unpaid_minor: int
    as_of: datetime
