"""Lines with several dates as they are answered: folded back into the line that was asked for."""

from collections.abc import Sequence

from troth.http.edge.measures import summed
from troth.http.orders.order_shapes import LineAnswer
from troth.http.orders.schedule_shapes import ScheduleAnswer, ScheduleLineAnswer


def answer_schedules(lines: Sequence[LineAnswer]) -> tuple[ScheduleAnswer, ...]:
    """The lines that have several dates, in the order of their first ones."""
    dates: dict[str, list[LineAnswer]] = {}
    for line in lines:
        if line.terms is not None and line.terms.schedule_of is not None:
            dates.setdefault(line.terms.schedule_of, []).append(line)
    return tuple(_schedule(line_id, of_line) for line_id, of_line in dates.items())


def _schedule(line_id: str, lines: Sequence[LineAnswer]) -> ScheduleAnswer:
    wanted = [line for line in lines if line.quantity > line.canceled_quantity]
    windows = [line.promised_at for line in wanted]
    known = [window for window in windows if window is not None]
    return ScheduleAnswer(
        line_id,
        lines[0].sku,
        summed(line.quantity for line in lines),
        summed(line.canceled_quantity for line in lines),
        summed(line.promised_quantity for line in lines),
        max(known, key=lambda window: window.to) if known and len(known) == len(windows) else None,
        tuple(
            ScheduleLineAnswer(
                line.line_id,
                line.quantity,
                line.canceled_quantity,
                line.promised_quantity,
                line.not_before,
                line.need_by,
                line.promised_at,
                line.status,
            )
            for line in lines
        ),
    )
