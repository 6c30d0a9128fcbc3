"""What the customer owes for an order: all that is wanted, what of it has been earned, and what was canceled.

A pure function of the order, so that no sequence of changes, cancelations and shipments can make it drift: each figure
is the cumulative share of so many first units of a line, and differences of such shares sum to the cent.
"""

from collections.abc import Mapping
from dataclasses import replace

from troth.engine.returns.returnable import is_settled
from troth.model.charges import NOTHING, Amounts
from troth.model.ids import LineId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import GONE, AllocationState
from troth.model.order import Line, Order
from troth.model.payment import COUNTER, PENDING
from troth.model.returns import Return
from troth.model.status import live_allocations
from troth.model.totals import delivery_amounts, is_given_up, line_amounts, substituted_minor
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Sums:
    """What was ordered, what of it is canceled and what is wanted still, which together are what was ordered; and what
    of the wanted has been earned, since it was shipped or handed over.

    The price difference of substitutes is wanted, and earned, while they cover the line; nobody ordered it.
    """

    ordered: Amounts = NOTHING
    canceled: Amounts = NOTHING
    wanted: Amounts = NOTHING
    earned: Amounts = NOTHING

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.ordered + other.ordered,
            self.canceled + other.canceled,
            self.wanted + other.wanted,
            self.earned + other.earned,
        )


_NO_SUMS = Sums()


@dataclass(frozen=True, slots=True)
class Owed:
    """What the customer owes: `total` for all that is not canceled, `earned` for what was shipped or handed over less
    what returns credit (minor units); and the same by line, and for the delivery, before any return.
    """

    total: int
    earned: int
    lines: Mapping[LineId, Sums]
    delivery: Sums
    whole: Sums


def owed(order: Order) -> Owed:
    """What the customer owes for an order as it stands.

    Of a kit what left is earned when all of its components have; of what is paid at the counter, what was handed over
    there, and not what was sent there. The delivery is earned as a whole with the first
    units that leave, stays owed as a whole when only some units are canceled, and is not owed when all are.
    """
    gone = [part for part in order.allocations if part.state in GONE]
    if is_paid_at_counter(order):
        gone = [part for part in gone if part.state is not AllocationState.SHIPPED]
    left = whole_units(gone, kits_of(order)) if gone else {}
    lines = {line.line_id: _line_sums(order, line, left.get(line.line_id, 0)) for line in order.lines}
    live = substituted_minor(order, live_allocations(order))
    left_too = substituted_minor(order, gone) if live else {}
    for line_id, more in live.items():
        lines[line_id] = _with_more(lines[line_id], more, left_too.get(line_id, 0))
    delivery = _delivery_sums(order, has_left=bool(gone))
    whole = sum(lines.values(), delivery)
    returned = sum([_given_back(order, one) for one in order.returns])
    return Owed(whole.wanted.total_minor, whole.earned.total_minor - returned, lines, delivery, whole)


def is_paid_at_counter(order: Order) -> bool:
    """Whether an order, or a part of it, is paid when its goods are handed over."""
    return any(payment.provider == COUNTER and payment.status == PENDING for payment in order.payments)


def cost_of_units(order: Order, line: Line, *, after: int, count: int) -> Amounts:
    """What so many units of a line cost that come after so many others, at the line's own price."""
    return line_amounts(order, line, after + count) - line_amounts(order, line, after)


def _given_back(order: Order, one: Return) -> int:
    """What a return takes off what is owed. What a replacement was paid with beyond what is credited by now is not
    asked for while the goods that are to pay for it may still come.
    """
    due = one.due_minor
    return due if due >= 0 or is_settled(order, one) else 0


def _line_sums(order: Order, line: Line, left: int) -> Sums:
    ordered = line_amounts(order, line, line.quantity)
    earned = line_amounts(order, line, left) if left else NOTHING
    if not line.canceled_quantity:
        return Sums(ordered, NOTHING, ordered, earned)
    wanted = line_amounts(order, line, line.quantity - line.canceled_quantity)
    return Sums(ordered, ordered - wanted, wanted, earned)


def _with_more(sums: Sums, wanted: int, earned: int) -> Sums:
    """The sums with what substitutes cost more, tax and all; for less than nothing there is none."""
    wanted, earned = max(wanted, -sums.wanted.total_minor), max(earned, -sums.earned.total_minor)
    return replace(
        sums,
        wanted=sums.wanted + Amounts(wanted, 0, 0, wanted),
        earned=sums.earned + Amounts(earned, 0, 0, earned),
    )


def _delivery_sums(order: Order, *, has_left: bool) -> Sums:
    charge = delivery_amounts(order)
    if charge is NOTHING:
        return _NO_SUMS
    if is_given_up(order):
        return Sums(charge, canceled=charge)
    sums = Sums(charge, wanted=charge)
    return replace(sums, earned=charge) if has_left else sums
