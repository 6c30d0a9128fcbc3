"""Canceling an order, or units of its lines."""

from troth.model.commands import CancelOrder, LineQuantity
from troth.model.ids import LineId, OrderId
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid


def prepare_cancel(
    order_id: OrderId, *, reason: str, lines: tuple[LineQuantity, ...] = (), by: By = By.OPERATOR
) -> CancelOrder | Invalid:
    """The command that cancels units, or all where no line is named; refused where a line is named twice."""
    seen: set[LineId] = set()
    flaws = []
    for position, line in enumerate(lines):
        if line.line_id in seen:
            flaws.append(FieldFlaw(f"/lines/{position}/line_id", f"{line.line_id} is named more than once"))
        seen.add(line.line_id)
    return Invalid(tuple(flaws)) if flaws else CancelOrder(order_id, reason, lines, by)
