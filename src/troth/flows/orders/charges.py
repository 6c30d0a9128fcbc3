"""What a channel states of money beside the prices: discounts, taxes, the delivery and totals, checked and settled.

A discount on the whole order is divided among its lines when it is captured, in proportion to what they cost, so that
whatever becomes of a line afterwards, its part goes with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from troth.model.charges import Amounts, Charges, DeliveryCharge, charged, prorate
from troth.model.money import Money
from troth.model.order import Line
from troth.model.refusals import FieldFlaw
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class ContentCharges:
    """Discount, tax and total of a whole line, as far as the channel states them."""

    discount: Money | None = None
    tax: Money | None = None
    total: Money | None = None


@dataclass(frozen=True, slots=True)
class ContentDelivery:
    """What the customer pays for the delivery."""

    amount: Money
    tax: Money | None = None
    discount: Money | None = None


@dataclass(frozen=True, slots=True)
class ContentTotals:
    """What the channel states of the whole order: a discount to be divided among its lines, the delivery, the total."""

    prices_include_tax: bool = False
    discount: Money | None = None
    delivery: ContentDelivery | None = None
    total: Money | None = None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What the units of a line cost before discounts (minor units), and what is stated of it; `price_minor` is None
    where nobody knows what it costs.
    """

    quantity: int
    price_minor: int | None
    stated: ContentCharges | None


def find_charge_flaws(
    totals: ContentTotals, lines: Sequence[PricedLine], currency: str, *, pointer: str = ""
) -> tuple[FieldFlaw, ...]:
    """What is wrong with amounts that are stated of an order in a currency, by field."""
    flaws = [*chain.from_iterable(_money_flaws(at, given, currency) for at, given in _stated(totals, lines))]
    flaws = flaws or [*_size_flaws(totals, lines)]
    flaws = flaws or [*_total_flaws(totals, lines, currency)]
    return tuple(replace(flaw, pointer=pointer + flaw.pointer) for flaw in flaws)


def settle_lines(totals: ContentTotals, lines: Sequence[PricedLine]) -> tuple[Charges | None, ...]:
    """The charges of each line, with its part of the order's discount; of amounts without flaws."""
    nets = [_net(line) for line in lines]
    discount = _minor(totals.discount)
    parts = prorate(discount, nets) if discount and sum(nets) else (0,) * len(lines)
    return tuple(_settled(line, part) for line, part in zip(lines, parts, strict=True))


def settle_delivery(given: ContentDelivery | None) -> DeliveryCharge | None:
    """The charge for the delivery in minor units; None where there is nothing to pay."""
    if given is None or not (given.amount.minor or _minor(given.tax)):
        return None
    return DeliveryCharge(given.amount.minor, _minor(given.tax), _minor(given.discount))


def with_charges(lines: Sequence[Line], charges: Sequence[Charges | None]) -> tuple[Line, ...]:
    """The lines, each with its charges."""
    return tuple(
        line if found is None else replace(line, charges=found) for line, found in zip(lines, charges, strict=True)
    )


def _net(line: PricedLine) -> int:
    """What a line costs after its own discount."""
    return (line.price_minor or 0) - _minor(None if line.stated is None else line.stated.discount)


def _settled(line: PricedLine, part: int) -> Charges | None:
    stated = line.stated or ContentCharges()
    found = Charges(line.quantity, _minor(stated.discount), _minor(stated.tax), part)
    return None if found.is_nothing else found


def _stated(totals: ContentTotals, lines: Sequence[PricedLine]) -> Iterator[tuple[str, Money]]:
    """Every amount that is stated, with its field."""
    parts: list[tuple[str, object, tuple[str, ...]]] = [("", totals, ("discount", "total"))]
    parts.append(("/delivery_charge", totals.delivery, ("amount", "tax", "discount")))
    parts += [(f"/lines/{at}", line.stated, ("discount", "tax", "total")) for at, line in enumerate(lines)]
    for pointer, part, names in parts:
        for name in names:
            given = getattr(part, name, None)
            if given is not None:
                yield f"{pointer}/{name}", given


def _money_flaws(pointer: str, given: Money, currency: str) -> Iterator[FieldFlaw]:
    if given.minor < 0:
        yield FieldFlaw(f"{pointer}/amount", "must not be negative")
    if given.currency != currency:
        yield FieldFlaw(f"{pointer}/currency", f"the order is in {currency}")


def _size_flaws(totals: ContentTotals, lines: Sequence[PricedLine]) -> Iterator[FieldFlaw]:
    """Discounts of more than what they are on, and included taxes of more than what includes them."""
    charges = settle_lines(totals, lines)
    for position, (line, found) in enumerate(zip(lines, charges, strict=True)):
        if line.price_minor is not None and found is not None:
            of_line = replace(found, order_discount_minor=0)
            amounts = _amounts(line.price_minor, of_line, totals)
            yield from _fit_flaws(f"/lines/{position}", amounts, totals, "the line costs")
    if totals.delivery is not None:
        delivery = totals.delivery
        amounts = charged(
            delivery.amount.minor,
            _minor(delivery.discount),
            _minor(delivery.tax),
            includes_tax=totals.prices_include_tax,
        )
        yield from _fit_flaws("/delivery_charge", amounts, totals, "the delivery costs")
    is_known = all(line.price_minor is not None for line in lines)
    if is_known and _minor(totals.discount) > sum(_net(line) for line in lines):
        yield FieldFlaw("/discount/amount", "is more than all lines cost after their own discounts")


def _fit_flaws(pointer: str, amounts: Amounts, totals: ContentTotals, what: str) -> Iterator[FieldFlaw]:
    net = amounts.price_minor - amounts.discount_minor
    if net < 0:
        yield FieldFlaw(f"{pointer}/discount/amount", f"is more than {what}")
    elif totals.prices_include_tax and amounts.tax_minor > net:
        yield FieldFlaw(f"{pointer}/tax/amount", f"is more than {what}, though prices include it")


def _total_flaws(totals: ContentTotals, lines: Sequence[PricedLine], currency: str) -> Iterator[FieldFlaw]:
    """Totals that are stated, and are not what the rest comes to. Where the price of a line is not known nothing is
    said.
    """
    charges = settle_lines(totals, lines)
    sums = [
        None if line.price_minor is None else _amounts(line.price_minor, found, totals).total_minor
        for line, found in zip(lines, charges, strict=True)
    ]
    for position, (line, found) in enumerate(zip(lines, sums, strict=True)):
        if line.stated is not None and line.stated.total is not None and found is not None:
            # What a channel states of a line knows nothing yet of a discount on the whole.
            part = charges[position]
            own = found + (part.order_discount_minor if part is not None else 0)
            yield from _differs(f"/lines/{position}/total", line.stated.total, own, currency, "the line comes")
    known = [found for found in sums if found is not None]
    if totals.total is not None and len(known) == len(sums):
        charge = settle_delivery(totals.delivery) or DeliveryCharge(0)
        delivery = charged(
            charge.amount_minor, charge.discount_minor, charge.tax_minor, includes_tax=totals.prices_include_tax
        )
        whole = sum(known) + delivery.total_minor
        yield from _differs("/total", totals.total, whole, currency, "lines, discounts, taxes and delivery come")


def _differs(pointer: str, stated: Money, found_minor: int, currency: str, what: str) -> Iterator[FieldFlaw]:
    if stated.minor != found_minor:
        found = Money(found_minor, currency).amount
        yield FieldFlaw(f"{pointer}/amount", f"is {stated.amount} {currency}, but {what} to {found} {currency}")


def _amounts(price_minor: int, charges: Charges | None, totals: ContentTotals) -> Amounts:
    if charges is None:
        return Amounts(price_minor, 0, 0, price_minor)
    return charged(
        price_minor,
        charges.discount_minor + charges.order_discount_minor,
        charges.tax_minor,
        includes_tax=totals.prices_include_tax,
    )


def _minor(given: Money | None) -> int:
    return 0 if given is None else given.minor
