"""In which order a node picks: by promise, and sooner what may be gone."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from troth.engine.work_times.pick_order import PickLine, PickTask, PickTurn, gone_risk, order_picks
from troth.model.ids import FulfillmentId, Sku

SURE = PickLine(Sku("SURE"), find=1.0, spare=50, weekly_units=0.0)
LAST = PickLine(Sku("LAST"), find=1.0, spare=0, weekly_units=70.0)


def task(name: str, hours: float, *lines: PickLine) -> PickTask:
    return PickTask(FulfillmentId(name), NOW + timedelta(hours=hours), lines or (SURE,))


def turns(*tasks: PickTask, minutes: float = 5.0) -> list[PickTurn]:
    return order_picks(tasks, NOW, task_minutes=minutes)


def names(found: list[PickTurn]) -> list[str]:
    return [turn.fulfillment_id for turn in found]


def test_what_is_sure_to_be_there_is_picked_by_its_promise() -> None:
    found = turns(task("B", 3), task("A", 3), task("C", 1))
    assert names(found) == ["C", "A", "B"]
    assert found[0].pick_by == NOW + timedelta(minutes=55)
    assert (found[0].risk, found[0].sku) == (0.0, None)


def test_what_may_be_gone_comes_before_what_is_promised_earlier() -> None:
    found = turns(task("sure", 3), task("last", 6, SURE, LAST))
    assert names(found) == ["last", "sure"]
    assert (found[0].sku, found[0].risk > 0.9) == ("LAST", True)
    assert NOW < found[0].pick_by < NOW + timedelta(minutes=35)


def test_what_is_late_comes_first_and_the_latest_before_all() -> None:
    found = turns(task("gone", 5, LAST), task("late", -1), task("later", -2), task("begin now", 0.05))
    assert names(found) == ["later", "late", "begin now", "gone"]


def test_the_books_that_are_wrong_count_as_gone() -> None:
    assert gone_risk(PickLine(Sku("A"), find=0.8, spare=50, weekly_units=0.0), 4.0) == 1.0 - 0.8


def test_each_unit_that_nobody_is_promised_makes_it_surer() -> None:
    risks = [gone_risk(PickLine(Sku("A"), 1.0, spare, 21.0), 24.0) for spare in range(5)]
    # Three a day: 1 - e^-3, and so on.
    assert [round(risk, 3) for risk in risks] == [0.95, 0.801, 0.577, 0.353, 0.185]


rates = st.floats(0, 200)


@given(st.floats(-2, 48), st.floats(0, 12), st.floats(0, 1), st.integers(0, 20), rates, st.floats(0, 60))
def test_who_is_promised_later_is_never_picked_sooner_for_the_same_goods_that_are_sure(
    hours: float, more: float, find: float, spare: int, weekly: float, minutes: float
) -> None:
    sooner, later = turns(task("a", hours), minutes=minutes)[0], turns(task("b", hours + more), minutes=minutes)[0]
    assert sooner.pick_by <= later.pick_by
    line = PickLine(Sku("A"), find, spare, weekly)
    (risky,) = turns(task("c", hours, line), minutes=minutes)
    assert risky.pick_by <= sooner.pick_by
    assert 0.0 <= risky.risk <= 1.0
    assert risky.pick_by >= min(_latest(risky, minutes), NOW)


def _latest(turn: PickTurn, minutes: float) -> datetime:
    return turn.ship_by - timedelta(minutes=minutes)
