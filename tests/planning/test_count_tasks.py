"""Which position is worth a count, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOW, node
from troth.engine.carriage.network import compile_network
from troth.engine.supply.find_rates import estimate_rates
from troth.model.accuracy import PositionRecord
from troth.model.count_task import Candidate
from troth.model.ids import NodeId, Sku
from troth.planning.count_tasks import CountWorth, rank_counts

NYC = NodeId("ST-NYC")
RATES = estimate_rates(compile_network((node("ST-NYC"), node("DC-PA"))), {}, {}, NOW)
MISSED = PositionRecord("", NOW, missed=1.0, missed_at=NOW, missed_units=2, missed_by="short_pick")
TENT = Candidate(Sku("TENT"), NYC, "Tent", "", 5, 0, margin_minor=2_000, asked_units=10, record=MISSED)
FREE = CountWorth(count_minor=0, count_unit_minor=0)


def ranked(*candidates: Candidate, limit: int = 10, worth: CountWorth = FREE) -> list[str]:
    return [task.candidate.sku for task in rank_counts(candidates, RATES, NOW, limit=limit, worth=worth)]


def reasons(candidate: Candidate) -> dict[str, str]:
    (task,) = rank_counts([candidate], RATES, NOW, limit=1, worth=FREE)
    return {reason.code: reason.detail for reason in task.reasons}


def test_the_value_of_a_count_is_what_units_that_are_not_there_would_cost_less_its_own_cost() -> None:
    (task,) = rank_counts([TENT], RATES, NOW, limit=1)

    chance = 2 * 0.95 / 3
    wrong = 1 - chance ** (5 / (1 + 4 * 0.3))
    assert task.probability == pytest.approx(chance)
    assert task.wrong_probability == pytest.approx(wrong)
    assert task.missing_units == pytest.approx(5 * (1 - chance) / wrong)
    assert task.asked_share == 1.0
    assert task.unit_minor == 0.25 * 2_000 + 0.75 * 800
    assert task.value_minor == pytest.approx(5 * (1 - chance) * 1_100 - 50 - 2 * 5)


def test_more_doubt_more_demand_and_more_at_stake_come_first() -> None:
    sure = replace(TENT, sku=Sku("SURE"), record=None)
    slow = replace(TENT, sku=Sku("SLOW"), asked_units=1)
    cheap = replace(TENT, sku=Sku("CHEAP"), margin_minor=100)

    assert ranked(sure, slow, cheap, TENT) == ["TENT", "CHEAP", "SLOW", "SURE"]
    assert ranked(sure, slow, cheap, TENT, limit=2) == ["TENT", "CHEAP"]


def test_equal_ones_come_by_node_and_sku() -> None:
    assert ranked(replace(TENT, sku=Sku("B")), replace(TENT, sku=Sku("A"))) == ["A", "B"]


def test_what_was_just_counted_is_not_proposed_until_it_has_drifted() -> None:
    counted = replace(MISSED, counted_at=NOW + timedelta(minutes=1))

    assert ranked(replace(TENT, record=counted)) == []
    assert ranked(replace(TENT, record=replace(counted, moved=30))) == ["TENT"]


def test_a_count_that_costs_more_than_it_spares_is_not_proposed() -> None:
    assert ranked(TENT, worth=CountWorth(count_minor=100_000)) == []
    assert ranked(replace(TENT, reserved=5)) == [], "nothing of it is exposed"
    assert ranked(replace(TENT, node=NodeId("MARS"))) == [], "the network lacks its node"


def test_each_reason_is_given_where_it_holds() -> None:
    assert list(reasons(TENT)) == ["short_pick", "never_counted", "find_rate", "fast"]
    assert reasons(TENT)["short_pick"] == "2 units not found at a pick"
    assert list(reasons(replace(TENT, record=None, asked_units=0, margin_minor=9_000))) == [
        "never_counted",
        "find_rate",
        "high_value",
    ]
    drifted = replace(MISSED, missed_by="rejected", counted_at=NOW - timedelta(days=3), variance=-4, moved=12)
    assert reasons(replace(TENT, record=drifted)) == {
        "rejected": "2 units not found and the work rejected",
        "negative_count": "4 units missing at the last count",
        "moved": "12 units moved since it was counted",
        "find_rate": "95 % of its category is found here",
        "fast": "10 units asked for in 28 days",
    }
