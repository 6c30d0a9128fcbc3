"""Late tasks: who is told when, when they go elsewhere, and that both end."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, node
from troth.engine.carriage.calendars import work_clock
from troth.engine.work_times.late import LateStep, LateTurn, late_turn
from troth.model.network import Calendar
from troth.model.work_rules import LateRule

RULE = LateRule("late", before_minutes=30.0, patience_minutes=10.0, move_after_minutes=20.0, moves_max=2)
OFFICE = work_clock(node("ST-NYC", calendar=Calendar(opens=time(9), closes=time(18))))
ALWAYS = work_clock(node("ST-NYC"))


def at(hours: float) -> datetime:
    """So long after ten in the morning, in New York."""
    return NOW + timedelta(hours=hours)


def turn(rule: LateRule = RULE, clock: Any = ALWAYS, **changes: Any) -> LateTurn | None:
    asked: dict[str, Any] = {
        "released_at": at(0), "ship_by": at(5), "is_sent": False, "task_minutes": 12.0,
        "escalated_at": None, "moves": 0,
    }  # fmt: skip
    return late_turn(rule, clock, **asked | changes)


@pytest.mark.parametrize(
    ("ship_by", "escalated"),
    [
        (at(5), at(5) - timedelta(minutes=42)),  # half an hour before its last moment
        (at(0.5), at(0) + timedelta(minutes=10)),  # it lay there for ten minutes, at least
        (at(23.25), at(7) + timedelta(minutes=33)),  # 9:15 on the next day: it should be begun in the evening before
    ],
)
def test_who_leads_is_told_while_there_is_time_and_nothing_is_late_at_night(
    ship_by: datetime, escalated: datetime
) -> None:
    assert turn(clock=OFFICE, ship_by=ship_by) == LateTurn(LateStep.ESCALATE, escalated)


def test_what_is_sent_is_not_left_until_the_cut_offs_of_others_are_over() -> None:
    assert turn(is_sent=True) == LateTurn(LateStep.ESCALATE, at(2))
    assert turn(is_sent=True, ship_by=at(2)) == LateTurn(LateStep.ESCALATE, at(2) - timedelta(minutes=42))
    assert turn(LateRule("none", idle_minutes=None), is_sent=True) == turn(is_sent=False)


def test_it_is_moved_later_in_opening_hours_as_often_as_the_rule_says() -> None:
    evening = at(7.9)  # six minutes before it closes
    assert turn(escalated_at=at(1)) == LateTurn(LateStep.MOVE, at(1) + timedelta(minutes=20))
    assert turn(clock=OFFICE, escalated_at=evening) == LateTurn(LateStep.MOVE, at(23) + timedelta(minutes=14))
    assert turn(escalated_at=at(1), moves=2) is None
    assert turn(LateRule("stays", move_after_minutes=None), escalated_at=at(1)) is None


@given(st.floats(0, 100), st.floats(0, 600), st.floats(0.1, 300), st.integers(0, 5))
def test_a_task_is_escalated_before_it_is_moved_and_never_before_its_patience(
    before: float, patience: float, minutes: float, moves: int
) -> None:
    rule = LateRule("any", before_minutes=before, patience_minutes=patience, moves_max=3)
    first = turn(rule, task_minutes=minutes)
    assert first is not None
    assert first.step is LateStep.ESCALATE
    assert first.at >= at(0) + timedelta(minutes=patience) - timedelta(seconds=1)
    then = turn(rule, task_minutes=minutes, escalated_at=first.at, moves=moves)
    assert (then is None) is (moves >= 3)
    if then is not None:
        assert (then.step, then.at - first.at >= timedelta(minutes=20)) == (LateStep.MOVE, True)
