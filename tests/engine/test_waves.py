"""Waves: when they come, what they may take, in which order, and what those to come will hold."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tests.builders import NOW, node
from tests.engine.test_release_times import OFFICE, captured, done, facts_of, world_of
from troth.engine.carriage.network import compile_network
from troth.engine.waves.wave_preview import forecast_waves
from troth.engine.waves.wave_times import find_waves
from troth.engine.waves.waves import NO_LIMIT, NOTHING, Amount, Waiting, fill_wave, left_of, room_of
from troth.model.capacity import CapacityUnit, DayCapacity, Shift
from troth.model.commands import ActOnDue, PlaceHold
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.release_rules import ReleaseRules, WaveRule

HERE = NodeId("DC-PA")


def waiting(
    name: str, *, latest: int = 9, promised: int = 48, priority: int = 0, lines: int = 1, units: int = 1
) -> Waiting:
    return Waiting(
        OrderId(name), FulfillmentId(f"{name}-F1"), NOW + timedelta(hours=latest), NOW + timedelta(hours=promised),
        priority, lines, units,
    )  # fmt: skip


def test_the_waves_of_a_node_are_in_its_own_time_and_on_the_days_of_the_rule() -> None:
    network = compile_network((node("DC-PA"), node("DC-CA")))
    rule = WaveRule("noon", (time(12),), weekdays=(0, 2), cut_off_minutes=30)
    pa, ca = (list(find_waves(rule, NodeId(name), network, after=NOW))[:3] for name in ("DC-PA", "DC-CA"))
    assert [wave.at for wave in pa] == [
        datetime(2026, 11, 23, 17, tzinfo=UTC), datetime(2026, 11, 25, 17, tzinfo=UTC),
        datetime(2026, 11, 30, 17, tzinfo=UTC),
    ]  # fmt: skip
    assert ca[0].at == datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert (pa[0].wave, pa[0].cut_off) == ("noon~DC-PA~20261123T1700Z", datetime(2026, 11, 23, 16, 30, tzinfo=UTC))


def test_nodes_that_share_a_wave_have_it_at_one_time() -> None:
    network = compile_network((node("DC-PA"), node("DC-CA")))
    rule = WaveRule("all", (time(12),), is_shared=True, time_zone="America/Chicago")
    waves = {next(find_waves(rule, NodeId(name), network, after=NOW)).wave for name in ("DC-PA", "DC-CA")}
    assert waves == {"all~~20261123T1800Z"}


def test_a_wave_at_a_time_that_is_skipped_comes_when_the_clocks_change() -> None:
    network = compile_network((node("DC-PA"),))
    before = datetime(2027, 3, 14, 5, tzinfo=UTC)  # midnight before the change in New York
    waves = find_waves(WaveRule("night", (time(2, 30),)), HERE, network, after=before)
    assert next(waves).at == datetime(2027, 3, 14, 7, tzinfo=UTC)


def test_who_has_to_go_first_goes_first_then_the_earlier_promise_then_the_higher_priority() -> None:
    slack = waiting("slack", latest=20)
    urgent = waiting("urgent", latest=2)
    sooner = waiting("sooner", promised=24)
    higher = waiting("higher", priority=5)
    plain = waiting("plain")
    taken, left = fill_wave([plain, slack, higher, sooner, urgent], Amount(4, None, None))
    assert [one.order_id for one in taken] == ["urgent", "sooner", "higher", "plain"]
    assert [one.order_id for one in left] == ["slack"]


def test_what_does_not_fit_is_passed_over_for_what_does() -> None:
    works = [waiting("a", units=6), waiting("b", units=9), waiting("c", units=4)]
    taken, left = fill_wave(works, Amount(None, None, 10))
    assert ([one.order_id for one in taken], [one.order_id for one in left]) == (["a", "c"], ["b"])
    assert fill_wave(works, NOTHING) == ([], works)
    assert fill_wave(works, NO_LIMIT) == (works, [])
    assert [one.order_id for one in fill_wave(works, Amount(None, 2, None))[0]] == ["a", "b"]


@pytest.mark.parametrize(
    ("limits", "at", "room"),
    [
        ({}, 12, NO_LIMIT),
        ({"capacity_per_day": 40}, 12, Amount(None, 20, None)),
        ({"capacity_per_day": 41, "capacity_unit": CapacityUnit.UNITS}, 12, Amount(None, None, 20)),
        ({"shifts": (Shift(time(8), 10), Shift(time(13), 30))}, 12, Amount(None, 5, None)),
        ({"shifts": (Shift(time(8), 10), Shift(time(13), 30))}, 14, Amount(None, 15, None)),
        ({"shifts": (Shift(time(8), 10), Shift(time(13), 30))}, 6, Amount(None, 5, None)),
        ({"capacity_per_day": 40, "capacity_days": (DayCapacity(dates=(date(2026, 11, 23),), capacity=8),)}, 12,
         Amount(None, 4, None)),
    ],
)  # fmt: skip
def test_a_wave_takes_a_share_of_what_its_node_can_do_in_the_day_or_shift(
    limits: dict[str, Any], at: int, room: Amount
) -> None:
    network = compile_network((node("DC-PA", calendar=OFFICE, **limits),))
    rule = WaveRule("half", (time(at),), capacity_percent=50.0)
    assert room_of(rule, HERE, datetime(2026, 11, 23, at + 5, tzinfo=UTC), network) == room


def test_of_a_share_and_a_number_the_smaller_one_counts_and_what_was_taken_is_gone() -> None:
    network = compile_network((node("DC-PA", capacity_per_day=40),))
    rule = WaveRule("half", (time(12),), capacity_percent=50.0, lines_max=12, orders_max=3)
    room = room_of(rule, HERE, NOW, network)
    assert room == Amount(3, 12, None)
    assert left_of(room, Amount(2, 13, 99)) == Amount(1, 0, None)


def test_the_waves_to_come_are_played_through_with_what_is_put_off_from_one_to_the_next() -> None:
    rules = ReleaseRules(waves=(WaveRule("parcels", (time(11), time(12), time(13))),))
    world = world_of(rules)
    for number in range(5):
        order = captured(world, external_id=f"W-{number}", lines={"A": number + 1})
        if number < 3:  # two are still in their remorse period
            done(world.apply(ActOnDue(order.order_id), now=order.release_at))
    held = captured(world, external_id="held")
    done(world.apply(PlaceHold(held.order_id, "fraud", "odd"), now=NOW))

    found = forecast_waves(
        world.orders.values(), facts_of(world, NOW + timedelta(minutes=5), rules), until=NOW + timedelta(days=1),
        room=lambda _: Amount(2, None, None),
    )  # fmt: skip

    assert [(one.wave[-5:], one.taken.orders, one.over.orders, one.put_off.orders) for one in found] == [
        ("1600Z", 2, 0, 3),
        ("1700Z", 2, 0, 1),
        ("1800Z", 1, 0, 0),
    ]
    assert sum(one.taken.units or 0 for one in found) == 15
    tight = forecast_waves(
        world.orders.values(), facts_of(world, NOW + timedelta(minutes=5), rules), until=NOW + timedelta(days=1),
        room=lambda _: NOTHING,
    )  # fmt: skip
    assert [(one.taken.orders, one.over.orders, one.put_off.orders) for one in tight] == [
        (0, 0, 5),
        (0, 0, 5),
        (5, 5, 0),
    ]
