"""What clients send of money beside the prices: discounts, taxes, the delivery and totals."""

from typing import Annotated

from pydantic import Field

from troth.flows.orders.charges import ContentCharges, ContentDelivery, ContentTotals
from troth.http.edge.body import MoneyBody, Strict
from troth.model.money import Money


class ChargedBody(Strict):
    """What is taken off a whole line, its tax, and what it comes to."""

    discount: Annotated[MoneyBody | None, Field(description="What is taken off the whole line.")] = None
    tax: Annotated[
        MoneyBody | None,
        Field(description="The tax on the whole line: on top, or where `prices_include_tax`, a part of its price."),
    ] = None
    total: Annotated[
        MoneyBody | None,
        Field(description="What the whole line comes to, as the channel sees it; refused where it does not."),
    ] = None

    def charges(self, pointer: str) -> ContentCharges | None:
        """What is stated of the line; None where it is nothing."""
        if self.discount is None and self.tax is None and self.total is None:
            return None
        return ContentCharges(
            parsed(self.discount, f"{pointer}/discount"),
            parsed(self.tax, f"{pointer}/tax"),
            parsed(self.total, f"{pointer}/total"),
        )


class DeliveryChargeBody(Strict):
    """What the customer pays for the delivery, what of it is taken off, and its tax."""

    amount: MoneyBody
    tax: Annotated[MoneyBody | None, Field(examples=[{"amount": "0.40", "currency": "USD"}])] = None
    discount: Annotated[MoneyBody | None, Field(examples=[{"amount": "1.00", "currency": "USD"}])] = None

    def delivery(self, pointer: str = "/delivery_charge") -> ContentDelivery:
        """The charge that this is."""
        return ContentDelivery(
            self.amount.parse(f"{pointer}/amount"),
            parsed(self.tax, f"{pointer}/tax"),
            parsed(self.discount, f"{pointer}/discount"),
        )


class TotalsBody(Strict):
    """What is said of the money of a whole order."""

    prices_include_tax: Annotated[
        bool, Field(description="Whether the taxes are parts of the prices; else they come on top.")
    ] = False
    discount: Annotated[
        MoneyBody | None,
        Field(description="What is taken off the whole order; it is divided among its lines by what they cost."),
    ] = None
    delivery_charge: DeliveryChargeBody | None = None
    total: Annotated[
        MoneyBody | None,
        Field(description="What the order comes to, as the channel sees it; refused where it does not."),
    ] = None

    def totals(self) -> ContentTotals | None:
        """What is stated; None where it is what goes without saying."""
        charge = self.delivery_charge
        if charge is None and self.discount is None and self.total is None and not self.prices_include_tax:
            return None
        return ContentTotals(
            self.prices_include_tax,
            parsed(self.discount, "/discount"),
            None if charge is None else charge.delivery(),
            parsed(self.total, "/total"),
        )


def parsed(given: MoneyBody | None, pointer: str) -> Money | None:
    """The money, or a refusal that names the field; None where nothing was given."""
    return None if given is None else given.parse(pointer)
