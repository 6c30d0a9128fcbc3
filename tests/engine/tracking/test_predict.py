"""Measured times are counted, shrunk and read as probabilities; predictions follow what is known of the work by now."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, node
from tests.engine.tracking.test_milestones import OFFICE, READY, Day, scan
from troth.engine.carriage.calendars import WorkClock, work_clock
from troth.engine.tracking.measured import (
    HALF_LIFE_DAYS,
    STRENGTH,
    beyond,
    beyond_each,
    chances_of,
    given_more_than,
    learn_times,
    prior,
    quantile,
    tails_of,
)
from troth.engine.tracking.milestones import find_step_times, milestones_of
from troth.engine.tracking.observe import find_times
from troth.engine.tracking.predict import Cells, Moment, Prediction, predict, work_between
from troth.model.commands import DeliverWork, PickWork, ReleaseOrder, ShipWork
from troth.model.measured import GRIDS, Measured, Observed, Stage
from troth.model.network import Calendar
from troth.model.order import Order, Package

GRID = GRIDS[Stage.TRANSIT]
VALUES = st.lists(st.floats(-100.0, 300.0), min_size=1, max_size=20)


def cell(*values: float, stage: Stage = Stage.TRANSIT, at: datetime = NOW) -> Measured:
    learned = learn_times([Observed(stage, ("x",), value, at) for value in values], {})
    return learned[stage, "x"]


@pytest.mark.parametrize("stage", list(Stage))
def test_what_is_thought_before_anything_was_measured_is_a_distribution(stage: Stage) -> None:
    assert prior(stage).sum() == pytest.approx(1.0)
    assert chances_of(stage, [None, None]).tolist() == prior(stage).tolist()


def test_a_few_observations_move_a_cell_a_little_and_many_move_it_to_themselves() -> None:
    few, many = chances_of(Stage.TRANSIT, [cell(*[30.0] * 3)]), chances_of(Stage.TRANSIT, [cell(*[30.0] * 600)])
    before = beyond(prior(Stage.TRANSIT), GRID, 0.0)
    assert beyond(few, GRID, 0.0) == pytest.approx((3 + STRENGTH * before) / (3 + STRENGTH))
    assert beyond(many, GRID, 0.0) > 0.98


def test_what_is_known_of_those_like_it_is_where_a_cell_begins() -> None:
    carrier = cell(*[30.0] * 200)
    assert beyond(chances_of(Stage.TRANSIT, [carrier, None]), GRID, 0.0) > 0.9
    own = cell(*[-4.0] * 200)
    assert beyond(chances_of(Stage.TRANSIT, [carrier, own]), GRID, 0.0) < 0.1


def test_an_old_observation_weighs_half_after_its_half_life() -> None:
    later = NOW + timedelta(days=HALF_LIFE_DAYS)
    learned = learn_times([Observed(Stage.TRANSIT, ("x",), 30.0, later)], {(Stage.TRANSIT, "x"): cell(-4.0)})
    found = learned[Stage.TRANSIT, "x"]
    assert (sorted(count for count in found.counts if count), found.observations) == ([0.5, 1.0], 2)


@given(VALUES, st.integers(0, 60))
def test_observations_in_any_order_come_to_the_same_counts(values: list[float], days: int) -> None:
    told = [Observed(Stage.TRANSIT, ("x",), value, NOW + timedelta(days=days * at)) for at, value in enumerate(values)]
    one, other = learn_times(told, {}), learn_times(reversed(told), {})
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].as_of == other[name].as_of
        assert np.allclose(one[name].counts, other[name].counts)


@given(VALUES, st.floats(-120.0, 320.0), st.floats(0.01, 0.99))
def test_quantiles_and_probabilities_say_the_same(values: list[float], than: float, share: float) -> None:
    chances = chances_of(Stage.TRANSIT, [cell(*values)])
    assert chances.sum() == pytest.approx(1.0)
    assert beyond(chances, GRID, quantile(chances, GRID, share)) == pytest.approx(1.0 - share, abs=1e-6)
    later = given_more_than(chances, GRID, than)
    assert later.sum() == pytest.approx(1.0)
    assert beyond(later, GRID, 0.0) >= beyond(chances, GRID, 0.0) - 1e-9


@given(VALUES, st.lists(st.floats(-400.0, 400.0), min_size=1))
def test_many_probabilities_at_once_are_those_one_by_one(values: list[float], than: list[float]) -> None:
    chances = chances_of(Stage.TRANSIT, [cell(*values)])
    found = beyond_each(tails_of(chances), GRID, np.array(than))
    assert found.tolist() == pytest.approx([beyond(chances, GRID, one) for one in than], abs=1e-12)


def clock(**facts: object) -> WorkClock:
    return work_clock(node("DC-PA", **facts))


def test_only_opening_hours_are_counted_as_work() -> None:
    office = clock(calendar=OFFICE)  # 8 to 18 in New York, on weekdays; NOW is a Monday, 10:00 there
    assert work_between(office, NOW, NOW + timedelta(hours=2)) == 120
    assert work_between(office, NOW, NOW + timedelta(hours=24)) == 8 * 60 + 2 * 60
    assert work_between(office, NOW, NOW + timedelta(days=7)) == 5 * 600
    assert work_between(office, NOW + timedelta(hours=1), NOW) == 0


def test_an_hour_that_the_clocks_skip_is_no_work() -> None:
    night = clock(calendar=Calendar(opens=time(1), closes=time(5)))
    before = datetime(2026, 3, 8, 4, tzinfo=NOW.tzinfo)  # midnight in New York of the night in which clocks go forward
    assert work_between(night, before, before + timedelta(hours=12)) == 180
    assert work_between(night, before + timedelta(days=1), before + timedelta(days=1, hours=12)) == 240


def predicted(day: Day, order: Order, now: datetime, cells: Cells | None = None) -> Prediction | None:
    current = day.order(order)
    work = current.fulfillments[0]
    times = find_step_times(current, day.events)
    steps = {one.step: one for one in milestones_of(current, work, day.network, times, ready_minutes=READY)}
    return predict(current, work, steps, Moment(day.network, cells or {}, now, READY))


def released(day: Day) -> Order:
    order = day.captured()
    day.do(ReleaseOrder(order.order_id), NOW + timedelta(minutes=5))
    return order


def test_work_that_lies_at_its_node_is_more_and_more_likely_late() -> None:
    day = Day()
    order = released(day)
    ship_by = order.fulfillments[0].ship_by
    shares = []
    for hours in (-6, -3, -1, 0, 3):
        found = predicted(day, order, ship_by + timedelta(hours=hours))
        assert found is not None
        assert found.early_at <= found.expected_at <= found.late_at
        shares.append(found.probability)
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < 0.85 < shares[-1]


def test_a_node_that_was_seen_to_be_slow_is_late_sooner() -> None:
    day = Day()
    order = released(day)
    at = NOW + timedelta(hours=1)
    slow = {(Stage.WORK, "released/DC-PA"): cell(*[4.0] * 60, stage=Stage.WORK)}
    usual, late = predicted(day, order, at), predicted(day, order, at, slow)
    assert usual is not None
    assert late is not None
    assert late.probability > 0.8 > 0.3 > usual.probability


def shipped(day: Day) -> Order:
    order = released(day)
    left = (Package("1", carrier="ups", service="ground", tracking_number="1Z"),)
    day.do(ShipWork(order.fulfillments[0].fulfillment_id, left), order.fulfillments[0].ship_by - timedelta(hours=1))
    return order


def test_a_parcel_whose_carrier_is_slow_is_predicted_late_before_it_is() -> None:
    day = Day()
    order = shipped(day)
    work = order.fulfillments[0]
    slow = {(Stage.TRANSIT, "ups"): cell(*[20.0] * 80)}
    at = work.ship_by + timedelta(hours=2)
    usual, late = predicted(day, order, at), predicted(day, order, at, slow)
    assert usual is not None
    assert late is not None
    assert (usual.probability < 0.1, late.probability > 0.8) == (True, True)
    assert late.expected_at > work.promised_at > usual.expected_at


def test_a_carrier_that_says_it_is_late_is_half_believed() -> None:
    day = Day()
    order = shipped(day)
    work = order.fulfillments[0]
    later = work.promised_at + timedelta(days=1)
    hours = (work.ship_by - NOW).total_seconds() / 3600 + 2
    before = predicted(day, order, NOW + timedelta(hours=hours))
    day.do(
        scan(work.fulfillment_id, "1Z", "delayed", hours, estimated_delivery_at=later),
        NOW + timedelta(hours=hours),
    )
    after = predicted(day, order, NOW + timedelta(hours=hours))
    assert before is not None
    assert after is not None
    assert before.probability < 0.1
    assert 0.5 <= after.probability <= 0.6


def test_a_parcel_in_the_vehicle_is_expected_from_when_it_went_out() -> None:
    day = Day()
    order = shipped(day)
    work = order.fulfillments[0]
    out = (work.promised_at - timedelta(hours=9) - NOW).total_seconds() / 3600
    day.do(scan(work.fulfillment_id, "1Z", "out_for_delivery", out), NOW + timedelta(hours=out))
    found = predicted(day, order, NOW + timedelta(hours=out + 1))
    assert found is not None
    assert found.probability < 0.2
    assert work.promised_at - timedelta(hours=9) < found.expected_at < work.promised_at


def test_a_carrier_that_always_says_so_is_late_where_it_has_not_by_the_last_hours() -> None:
    day = Day()
    order = shipped(day)
    at = order.fulfillments[0].promised_at - timedelta(hours=2)
    habit = {(Stage.DOOR, "ups"): cell(*[6.0] * 60, stage=Stage.DOOR)}
    without, known = predicted(day, order, at), predicted(day, order, at, habit)
    assert without is not None
    assert known is not None
    assert known.probability == 1.0
    assert without.probability < 1.0


def test_nothing_is_expected_of_what_was_delivered() -> None:
    day = Day()
    order = shipped(day)
    work = order.fulfillments[0]
    day.do(DeliverWork(work.fulfillment_id), work.promised_at)
    assert predicted(day, order, work.promised_at) is None


def test_what_was_taken_is_measured_once_in_opening_hours_and_against_the_promise() -> None:
    day = Day()
    order = released(day)
    work = order.fulfillments[0]
    day.do(PickWork(work.fulfillment_id), NOW + timedelta(hours=2))
    left = (Package("1", carrier="UPS", service="Ground", tracking_number="1Z"),)
    day.do(ShipWork(work.fulfillment_id, left), NOW + timedelta(hours=3))
    out = (work.promised_at - timedelta(hours=5) - NOW).total_seconds() / 3600
    day.do(scan(work.fulfillment_id, "1Z", "out_for_delivery", out), work.promised_at - timedelta(hours=5))
    day.do(scan(work.fulfillment_id, "1Z", "delivered", out + 3), work.promised_at - timedelta(hours=2))
    now = day.order(order)
    times = find_step_times(now, day.events)
    found = [one for event in day.events for one in find_times(event, now, times, day.network, ready_minutes=READY)]
    days = max(0, (work.promised_at - work.ship_by).days)
    ups = ("", "ups", "ups/ground", f"ups/ground/{days}d")
    assert [(one.stage, one.names, round(one.value, 4)) for one in found] == [
        (Stage.WORK, ("released", "released/DC-PA"), round((180 - 5) / 300, 4)),
        (Stage.WORK, ("picked", "picked/DC-PA"), 0.2),
        (Stage.TRANSIT, ups, -2.0),
        (Stage.DOOR, ups[:3], 3.0),
    ]


def test_of_works_that_are_looked_at_together_each_is_expected_as_it_would_be_alone() -> None:
    lying, gone = Day(), Day()
    at = NOW + timedelta(hours=3)
    slow = {(Stage.WORK, "released/DC-PA"): cell(*[2.0] * 9, stage=Stage.WORK), (Stage.TRANSIT, "ups"): cell(5.0)}
    together = Moment(lying.network, slow, at, READY)
    found = []
    for day, order in ((lying, released(lying)), (gone, shipped(gone))):
        current = day.order(order)
        for hours, days in [(0, 0), (5, 0), (0, 2), (0, 0)]:
            work = current.fulfillments[0]
            work = replace(
                work,
                ship_by=work.ship_by + timedelta(hours=hours),
                promised_at=work.promised_at + timedelta(days=days),
            )
            times = find_step_times(current, day.events)
            steps = {one.step: one for one in milestones_of(current, work, day.network, times, ready_minutes=READY)}
            found.append(predict(current, work, steps, together))
            assert found[-1] == predict(current, work, steps, Moment(day.network, slow, at, READY))
    assert len({None if one is None else one.expected_at for one in found}) > 3
