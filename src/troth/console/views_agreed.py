"""A blanket order as its page shows it: each line with what is left, and the orders that called off."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from troth.console.agreed_forms import minute_text
from troth.flows.records.blanket_orders import Followed
from troth.model.agreement_moves import AgreementEvent, BalanceTold, BlanketOrderSet, CustomerSet
from troth.model.blanket import Agreement, BlanketLine, BlanketOrder
from troth.model.ids import OrderId, Sku
from troth.model.item import Item
from troth.model.measure import shown
from troth.model.money import Money
from troth.model.order import Order
from troth.model.status import order_status
from troth.model.value import dataclass
from troth.pages.views import Chip, moment, status_chip

_PLANNED = Chip("Planned", "blue", "clock")
_OPEN = Chip("Open", "green", "open")
_USED_UP = Chip("Used up", "amber", "done")
_ENDED = Chip("Ended", "gray", "cross")


@dataclass(frozen=True, slots=True)
class BlanketLineView:
    """A line with what was called off of it and is left (None: as much as the value lets)."""

    line: BlanketLine
    name: str
    called: int
    left: int | None


@dataclass(frozen=True, slots=True)
class CallOffView:
    """What an order takes, item by item as (sku, units, decimals), and what that comes to (minor units)."""

    order_id: OrderId
    external_id: str
    chip: Chip | None
    items: tuple[tuple[Sku, int, int], ...]
    amount_minor: int
    called_at: datetime


@dataclass(frozen=True, slots=True)
class BlanketView:
    """A blanket order at an instant; `rows`, `value_max` and the times are typed as its form has them."""

    blanket: BlanketOrder
    agreement: Agreement
    chip: Chip
    is_open: bool
    lines: tuple[BlanketLineView, ...]
    call_offs: tuple[CallOffView, ...]
    rows: str
    value_max: str
    starts_at: str
    ends_at: str


def view_blanket(
    found: Followed,
    now: datetime,
    *,
    orders: Mapping[OrderId, Order] | None = None,
    items: Mapping[Sku, Item] | None = None,
) -> BlanketView:
    """A blanket order with the names of its items and the state of its orders, as far as they are given."""
    agreement, blanket, known = found.agreement, found.agreement.blanket, items or {}
    lines = tuple(
        BlanketLineView(
            line,
            known[line.sku].name if line.sku in known else "",
            agreement.called.units.get(line.sku, 0),
            agreement.remaining(line),
        )
        for line in blanket.lines
    )
    is_open = blanket.starts_at <= now < blanket.ends_at
    most = blanket.value_max_minor
    return BlanketView(
        blanket,
        agreement,
        _chip(agreement, now, is_open=is_open),
        is_open,
        lines,
        _call_offs(found, orders or {}),
        "\n".join(_typed(line, blanket.currency) for line in blanket.lines),
        "" if most is None else Money(most, blanket.currency).amount,
        minute_text(blanket.starts_at),
        minute_text(blanket.ends_at),
    )


def _chip(agreement: Agreement, now: datetime, *, is_open: bool) -> Chip:
    if not is_open:
        return _PLANNED if now < agreement.blanket.starts_at else _ENDED
    return _USED_UP if agreement.is_used_up else _OPEN


def _call_offs(found: Followed, orders: Mapping[OrderId, Order]) -> tuple[CallOffView, ...]:
    """The orders that called off, the newest first, each with all that it takes."""
    decimals = {line.sku: line.decimals for line in found.agreement.blanket.lines}
    by_order: dict[OrderId, CallOffView] = {}
    for one, at in found.call_offs:
        order, before = orders.get(one.order_id), by_order.get(one.order_id)
        by_order[one.order_id] = CallOffView(
            one.order_id,
            one.order_id if order is None else order.external_id,
            None if order is None else status_chip(order_status(order)),
            (*(before.items if before else ()), (one.sku, one.quantity, decimals.get(one.sku, 0))),
            (before.amount_minor if before else 0) + one.amount_minor,
            at,
        )
    return tuple(by_order.values())


def _typed(line: BlanketLine, currency: str) -> str:
    units = "" if line.quantity is None else f"{shown(line.quantity, line.decimals)}"
    return f"{line.sku}; {units}; {Money(line.unit_price_minor, currency).amount}"


def tell_agreement(event: AgreementEvent) -> str:
    """What happened to what was agreed on with a customer, in a sentence."""
    match event:
        case CustomerSet():
            terms, done = event.terms, "created" if event.before is None else "changed"
            limit = terms.credit_limit_minor
            credit = "not limited" if limit is None else f"up to {Money(limit, terms.currency).amount} {terms.currency}"
            return f"Customer {terms.customer_id} was {done}; its credit is {credit}."
        case BalanceTold():
            unpaid = f"{Money(event.unpaid_minor, event.currency).amount} {event.currency}"
            return f"Customer {event.customer_id} had left {unpaid} unpaid as of {moment(event.as_of)} UTC."
        case BlanketOrderSet():
            blanket, done = event.blanket, "agreed on" if event.before is None else "changed"
            return f"Blanket order {blanket.blanket_id} with {blanket.customer_id} was {done}."
        case _:
            assert_never(event)
