"""What a line with several dates looks like in an answer."""

import msgspec

from troth.http.edge.measures import Units
from troth.http.edge.values import Instant, Window
from troth.model.status import OrderStatus


class ScheduleLineAnswer(msgspec.Struct, frozen=True):
    """Units of a line that are wanted at a time, by the name under which they are a line of their own."""

    line_id: str
    quantity: Units
    canceled_quantity: Units
    promised_quantity: Units
    not_before: Instant | None
    need_by: Instant | None
    promised_at: Window | None
    status: OrderStatus


class ScheduleAnswer(msgspec.Struct, frozen=True):
    """A line with several dates: what of all of them is asked for and promised, and until when."""

    line_id: str
    sku: str
    quantity: Units
    canceled_quantity: Units
    promised_quantity: Units
    promised_at: Window | None
    schedule: tuple[ScheduleLineAnswer, ...]
