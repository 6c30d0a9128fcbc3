"""Late tasks: when the lead of a node is told that a task is not begun, and when it goes to another node."""

from datetime import datetime
from enum import StrEnum
from math import ceil

from troth.engine.carriage.calendars import WorkClock, finish_work, instant, minute_of
from troth.engine.tracking.schedule import latest_with_left
from troth.model.value import dataclass
from troth.model.work_rules import LateRule


class LateStep(StrEnum):
    """What is done about a late task, one after the other."""

    ESCALATE = "escalate"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class LateTurn:
    """What comes next for a task that is not begun, and when."""

    step: LateStep
    at: datetime


def late_turn(
    rule: LateRule,
    clock: WorkClock,
    *,
    released_at: datetime,
    ship_by: datetime,
    is_sent: bool,
    task_minutes: float,
    escalated_at: datetime | None,
    moves: int,
) -> LateTurn | None:
    """What comes next for a task that nobody has begun; None where nothing does any more.

    It is escalated `before_minutes` before the last minute at which it can be begun and be done by `ship_by`, and not
    before it lay at its node for `patience_minutes`; what is sent at the latest after `idle_minutes`. It is moved
    `move_after_minutes` later, if it was not moved `moves_max` times already. All are minutes of the node's opening
    hours, so that nothing is late while it is closed.
    """
    if escalated_at is None:
        minutes = ceil(task_minutes + rule.before_minutes)
        begin_by = latest_with_left(clock, minutes, since=released_at, done_by=ship_by)
        if is_sent and rule.idle_minutes is not None:
            begin_by = min(begin_by, _later(clock, released_at, rule.idle_minutes))
        return LateTurn(LateStep.ESCALATE, max(begin_by, _later(clock, released_at, rule.patience_minutes)))
    if rule.move_after_minutes is None or moves >= rule.moves_max:
        return None
    return LateTurn(LateStep.MOVE, _later(clock, escalated_at, rule.move_after_minutes))


def _later(clock: WorkClock, since: datetime, minutes: float) -> datetime:
    """So many minutes of opening hours after an instant; the instant itself where the node never opens again."""
    done = finish_work(clock, minute_of(since.timestamp()), ceil(minutes), has_cut_off=False)
    return since if done is None else max(since, instant(done * 60.0))
