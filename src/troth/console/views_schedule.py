"""Lines with several dates as the page of their order shows them: what is wanted when, and promised by when."""

from collections.abc import Mapping
from datetime import datetime

from troth.engine.schedules import schedule_lines
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.order import Line, Order
from troth.model.status import line_status, promise_of
from troth.model.value import dataclass
from troth.pages.views import Chip, status_chip


@dataclass(frozen=True, slots=True)
class DateView:
    """One date of a line: so many units wanted, from when and by when, and when they are promised (None: not)."""

    line_id: LineId
    quantity: int
    canceled: int
    not_before: datetime | None
    need_by: datetime | None
    promised_at: datetime | None
    is_late: bool
    chip: Chip


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A line that has several dates; quantities have so many `decimals`."""

    line_id: LineId
    sku: Sku
    name: str
    decimals: int
    quantity: int
    dates: tuple[DateView, ...]


def view_schedules(order: Order, items: Mapping[Sku, Item]) -> tuple[ScheduleView, ...]:
    """The lines of an order that have several dates, in the order of their first ones."""
    parents = [line.terms.schedule_of for line in order.lines if line.terms is not None]
    return tuple(
        _schedule(order, parent, schedule_lines(order, parent), items)
        for parent in dict.fromkeys(parents)
        if parent is not None
    )


def _schedule(order: Order, parent: LineId, lines: tuple[Line, ...], items: Mapping[Sku, Item]) -> ScheduleView:
    first = lines[0]
    return ScheduleView(
        parent,
        first.sku,
        items[first.sku].name if first.sku in items else "",
        first.decimals,
        sum(line.quantity - line.canceled_quantity for line in lines),
        tuple(_date(order, line) for line in lines),
    )


def _date(order: Order, line: Line) -> DateView:
    promised_at = promise_of(order, line.line_id)
    return DateView(
        line.line_id,
        line.quantity - line.canceled_quantity,
        line.canceled_quantity,
        line.not_before,
        line.need_by,
        promised_at,
        promised_at is not None and line.need_by is not None and promised_at > line.need_by,
        status_chip(line_status(order, line)),
    )
