"""How long tasks take at a node: one behind the other, in its hours, shrunk to what is known besides."""

from datetime import UTC, datetime, time, timedelta
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import node
from troth.engine.carriage.calendars import work_clock
from troth.engine.carriage.network import compile_network
from troth.engine.work_times.measured import measured_minutes
from troth.engine.work_times.task_times import (
    MINUTES_MAX,
    add_task,
    hour_class,
    open_minutes,
    ready_minutes,
    task_minutes,
    times_of,
)
from troth.model.ids import NodeId
from troth.model.network import Calendar
from troth.model.work_times import HourClass, TaskEvidence, TaskTimes

SHOP = work_clock(node("ST-NYC", calendar=Calendar(opens=time(9), closes=time(18))))
NIGHT = work_clock(node("ST-NYC", calendar=Calendar(opens=time(22), closes=time(6))))
NOON = HourClass(False, 2)
AT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


def ny(month: int, day: int, hour: int, minute: int = 0, *, offset: int = 5) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) + timedelta(hours=offset)


@pytest.mark.parametrize(
    ("begin", "end", "minutes"),
    [
        (ny(11, 23, 10), ny(11, 23, 10, 20), 20.0),
        (ny(11, 23, 17, 50), ny(11, 24, 9, 5), 15.0),  # over night
        (ny(11, 23, 8), ny(11, 23, 9, 30), 30.0),  # released before it opens
        (ny(11, 23, 19), ny(11, 23, 19, 25), 25.0),  # worked on after it had closed
        (ny(3, 7, 17, 30), ny(3, 8, 9, 30, offset=4), 60.0),  # over the night in which the clocks go forward
    ],
)
def test_only_the_hours_of_a_node_count(begin: datetime, end: datetime, minutes: float) -> None:
    assert open_minutes(SHOP, begin, end) == minutes


def test_a_night_shift_counts_over_midnight_and_over_the_hour_that_comes_twice() -> None:
    assert open_minutes(NIGHT, ny(11, 23, 23, 30), ny(11, 24, 0, 30)) == 60.0
    assert open_minutes(NIGHT, ny(10, 31, 23, offset=4), ny(11, 1, 3)) == 300.0


def test_a_task_begins_when_the_one_before_it_was_ready() -> None:
    released = ny(11, 23, 10)
    assert task_minutes(SHOP, released=released, ready=ny(11, 23, 10, 30), before=None) == 30.0
    assert task_minutes(SHOP, released=released, ready=ny(11, 23, 10, 30), before=ny(11, 23, 10, 20)) == 10.0
    assert task_minutes(SHOP, released=released, ready=ny(11, 23, 10, 30), before=ny(11, 23, 9, 20)) == 30.0
    assert task_minutes(SHOP, released=released, ready=ny(11, 23, 10, 30), before=ny(11, 23, 10, 30)) == 0.0
    assert task_minutes(SHOP, released=released, ready=ny(11, 23, 10, 30), before=ny(11, 23, 10, 31)) is None
    assert task_minutes(SHOP, released=released, ready=ny(12, 20, 10), before=None) == MINUTES_MAX


def test_hours_are_those_of_the_node() -> None:
    assert hour_class("America/New_York", datetime(2026, 11, 23, 4, 59, tzinfo=UTC)) == HourClass(True, 3)
    assert hour_class("America/New_York", datetime(2026, 11, 23, 5, 0, tzinfo=UTC)) == HourClass(False, 0)


def seen(*minutes: float, at: datetime = AT) -> TaskEvidence:
    known: TaskEvidence | None = None
    for one in minutes:
        known = add_task(known, one, at)
    assert known is not None
    return known


def test_a_node_that_nothing_was_seen_of_is_as_it_was_set_and_one_of_many_tasks_as_they_were() -> None:
    assert times_of({}, NOON, AT, set_minutes=5.0) == TaskTimes(5.0, 5.0, 0.0)
    many = times_of({NOON: seen(*[12.0] * 2_000)}, NOON, AT, set_minutes=5.0)
    assert (many.tasks, round(many.mean, 1), many.deviation < 1.0) == (2_000.0, 12.0, True)


def test_an_hour_leans_on_its_node() -> None:
    cells = {NOON: seen(*[10.0] * 20), HourClass(True, 2): seen(*[30.0] * 20)}
    # The node: (20 x 5 + 20 x 10 + 20 x 30) / 60 = 15; noon on a weekday: (20 x 15 + 20 x 10) / 40.
    assert times_of(cells, NOON, AT, set_minutes=5.0).mean == 12.5
    assert times_of(cells, HourClass(True, 2), AT, set_minutes=5.0).mean == 22.5
    assert times_of(cells, HourClass(False, 0), AT, set_minutes=5.0).mean == 15.0


def test_what_was_seen_counts_half_after_four_weeks() -> None:
    cells = {NOON: seen(*[25.0] * 40)}
    later = times_of(cells, NOON, AT + timedelta(days=28), set_minutes=5.0)
    assert later.tasks == pytest.approx(20.0)
    assert later.mean == pytest.approx((20 * 15.0 + 20 * 25.0) / 40)


@given(st.lists(st.floats(0, 240), min_size=1, max_size=50), st.floats(1, 60))
def test_a_mean_lies_between_what_was_set_and_what_was_seen(minutes: list[float], set_minutes: float) -> None:
    times = times_of({NOON: seen(*minutes)}, NOON, AT, set_minutes=set_minutes)
    low, high = min(*minutes, set_minutes), max(*minutes, set_minutes)
    assert low - 1e-6 <= times.mean <= high + 1e-6
    assert times.deviation >= 0.0


@given(st.floats(0, 60), st.floats(0, 60), st.integers(0, 200))
def test_whoever_comes_behind_more_is_never_promised_sooner(mean: float, deviation: float, waiting: int) -> None:
    times = TaskTimes(mean, deviation, 100.0)
    assert ready_minutes(times, waiting, 30) <= ready_minutes(times, waiting + 1, 30)


def test_nine_of_ten_are_ready_by_the_minutes_that_are_promised() -> None:
    assert ready_minutes(TaskTimes(6.0, 4.0, 100.0), 8, 30) == 30 + round(9 * 6.0 + 1.2816 * 4.0 * sqrt(9) + 0.5)


def test_only_nodes_with_enough_tasks_are_promised_by_their_own_times() -> None:
    network = compile_network((node("ST-NYC"), node("ST-TWO"), node("DC-PA")))
    names = {NodeId(name): count for name, count in (("ST-NYC", 20), ("ST-TWO", 19), ("DC-PA", 50), ("GONE", 50))}
    cells = {name: {NOON: seen(*[5.0] * count)} for name, count in names.items()}
    found = measured_minutes(network, cells, {NodeId("ST-NYC"): 3}, AT, 30)
    assert list(found) == ["ST-NYC"]
    assert found[NodeId("ST-NYC")] > 30 + 4 * 5
