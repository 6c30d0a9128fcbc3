"""What observations teach about a node, a category and a single position, and how that fades and heals."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, node
from troth.engine.carriage.network import Network, compile_network
from troth.engine.supply.accuracy import find_probability, is_doubted, learn
from troth.engine.supply.find_rates import estimate_rates, lower_bounds
from troth.model.accuracy import (
    LEARNING,
    CellEvidence,
    Counted,
    Looked,
    Moved,
    Observation,
    PositionKey,
    PositionRecord,
    PutBack,
)
from troth.model.ids import NodeId, Sku

NYC = NodeId("ST-NYC")
TENT: PositionKey = (Sku("TENT"), NYC)
CATEGORIES = {Sku("TENT"): "camping"}
PLAIN = replace(LEARNING, correlation=0.0)


def looked(found: int, asked: int = 1, *, key: PositionKey = TENT, days: float = 0.0) -> Looked:
    return Looked(key, NOW + timedelta(days=days), asked, found, "pick")


def record_of(*observations: Observation) -> PositionRecord:
    return learn(observations, {}, {}, CATEGORIES, PLAIN).positions[TENT]


def probability(record: PositionRecord, at: datetime = NOW) -> float:
    return find_probability(record, 0.95, at, PLAIN)


def network() -> Network:
    return compile_network((node("ST-NYC"), node("ST-BOS"), node("DC-PA")))


def test_a_pick_that_finds_everything_teaches_its_node_and_category_and_leaves_no_record_of_the_position() -> None:
    learned = learn([looked(3, 3)], {}, {}, CATEGORIES, PLAIN)

    assert learned.cells == {(NYC, "camping"): CellEvidence(NOW, 3.0, 0.0, 1, 3)}
    assert learned.positions == {}


def test_a_short_pick_puts_the_position_in_doubt_and_what_is_seen_there_then_tells_nothing_of_others() -> None:
    learned = learn([looked(1, 3), looked(0, 2, days=1)], {}, {}, CATEGORIES, PLAIN)

    assert learned.cells == {(NYC, "camping"): CellEvidence(NOW, 1.0, 2.0, 1, 3)}
    record = learned.positions[TENT]
    assert is_doubted(record, PLAIN)
    assert (record.missed_at, record.missed_units, record.missed_by) == (NOW + timedelta(days=1), 2, "short_pick")
    assert probability(learn([looked(1, 3)], {}, {}, CATEGORIES, PLAIN).positions[TENT]) == (2 * 0.95 + 1) / (2 + 3)


def test_units_that_are_found_later_heal_a_doubt_little_by_little() -> None:
    course = [record_of(looked(0), *[looked(1)] * finds) for finds in range(6)]

    chances = [probability(record) for record in course]
    assert chances == sorted(chances)
    assert [round(chance, 2) for chance in chances] == [0.63, 0.72, 0.78, 0.82, 0.84, 0.86]
    assert [is_doubted(record, PLAIN) for record in course] == [True, True, True, True, False, False]


def test_a_count_heals_a_doubt_at_once_and_it_comes_back_slowly_as_units_move() -> None:
    counted = record_of(looked(0), Counted(TENT, NOW + timedelta(hours=1), 5, 5))

    assert not is_doubted(counted, PLAIN)
    assert probability(counted) == 1.0
    chances = [probability(replace(counted, moved=moved)) for moved in (0, 5, 20, 100)]
    assert chances == sorted(chances, reverse=True)
    assert record_of(looked(0), Counted(TENT, NOW, 5, 5), Moved(TENT, -3), looked(1)).moved == 4


def test_a_count_that_was_taken_before_the_miss_does_not_heal_it() -> None:
    late = record_of(looked(0), Counted(TENT, NOW - timedelta(hours=1), 5, 5))

    assert is_doubted(late, PLAIN)
    assert probability(late) < 0.95


def test_what_was_found_before_a_miss_does_not_speak_for_the_position_any_more() -> None:
    missed = record_of(Counted(TENT, NOW - timedelta(days=1), 50, 50), looked(0))

    assert is_doubted(missed, PLAIN)
    assert probability(missed) == pytest.approx(2 * 0.95 / 3)


def test_a_count_that_finds_less_than_the_books_lowers_where_the_position_drifts_to() -> None:
    short = record_of(Counted(TENT, NOW, 10, 6))
    right = record_of(Counted(TENT, NOW, 10, 10))

    assert (short.variance, right.variance) == (-4, 0)
    assert probability(short) == probability(right) == 1.0
    assert probability(replace(short, moved=40)) < 0.80 < 0.95 < probability(replace(right, moved=40))


def test_a_count_that_finds_more_than_the_books_finds_all_of_them_and_one_of_empty_books_says_nothing() -> None:
    learned = learn([Counted(TENT, NOW, 4, 9)], {}, {}, CATEGORIES, PLAIN)
    empty = learn([Counted(TENT, NOW, 0, 9)], {}, {}, CATEGORIES, PLAIN)

    assert learned.cells == {(NYC, "camping"): CellEvidence(NOW, 4.0, 0.0, 1, 4)}
    assert empty.cells == {}
    assert empty.positions[TENT].counted_at == NOW


def test_what_is_put_back_and_found_again_counts_once() -> None:
    back = PutBack(TENT, NOW, 3)
    once = learn([looked(3, 3)], {}, {}, CATEGORIES)

    assert learn([looked(3, 3), back, looked(3, 3)], {}, {}, CATEGORIES) == once
    assert learn([looked(3, 3), back], {}, {}, CATEGORIES).cells == {(NYC, "camping"): CellEvidence(NOW)}


def test_what_was_found_beside_a_miss_and_put_back_does_not_heal_its_doubt() -> None:
    missed = looked(0)
    again: list[Observation] = [PutBack(TENT, NOW, 1), looked(1)]
    healed = record_of(missed, *[looked(1)] * 4)
    tried = record_of(missed, looked(1), *again * 6)

    assert not is_doubted(healed, PLAIN)
    assert tried == record_of(missed, looked(1))
    assert learn([missed, looked(1), *again], {}, {}, CATEGORIES, PLAIN).cells == {
        (NYC, "camping"): CellEvidence(NOW, 0.0, 1.0, 1, 1)
    }
    assert is_doubted(record_of(missed, *[looked(1)] * 4, PutBack(TENT, NOW, 1)), PLAIN)


def test_movements_of_a_position_without_a_record_are_not_kept() -> None:
    assert learn([Moved(TENT, 40)], {}, {}, CATEGORIES).positions == {}


def test_evidence_loses_half_of_its_weight_in_a_half_life() -> None:
    later = LEARNING.half_life_days
    learned = learn([looked(8, 8), looked(0, 4, days=later)], {}, {}, CATEGORIES, PLAIN)

    cell = learned.cells[NYC, "camping"]
    assert (cell.found, cell.missed, cell.observations, cell.units) == (4.0, 4.0, 2, 12)


looks = st.lists(st.builds(looked, st.integers(0, 3), st.just(3), days=st.floats(0.0, 300.0)), min_size=1, max_size=8)


@given(looks, st.randoms())
def test_the_order_in_which_observations_come_does_not_matter_to_a_rate(given_: list[Looked], chance: object) -> None:
    # Positions of their own, so that no doubt keeps one of them out.
    apart = [replace(one, key=(Sku(f"S{number}"), NYC)) for number, one in enumerate(given_)]
    other = list(apart)
    chance.shuffle(other)  # type: ignore[attr-defined]

    first = learn(apart, {}, {}, {}).cells[NYC, ""]
    second = learn(other, {}, {}, {}).cells[NYC, ""]

    assert (first.found, first.missed) == pytest.approx((second.found, second.missed))
    assert first.as_of == second.as_of


@given(looks)
def test_what_is_learned_in_one_go_is_what_is_learned_step_by_step(given_: list[Looked]) -> None:
    whole = learn(given_, {}, {}, CATEGORIES)

    cells: dict[tuple[NodeId, str], CellEvidence] = {}
    positions: dict[PositionKey, PositionRecord] = {}
    for one in given_:
        step = learn([one], cells, positions, CATEGORIES)
        cells |= step.cells
        positions |= step.positions

    assert (cells, positions) == (whole.cells, whole.positions)


def test_a_node_of_which_nothing_was_seen_has_the_rate_of_its_type() -> None:
    rates = estimate_rates(network(), {}, {}, NOW)

    assert rates.at(Sku("TENT"), "camping", NYC) == pytest.approx(0.95)
    assert rates.at(Sku("TENT"), "camping", NodeId("DC-PA")) == pytest.approx(0.99)
    assert rates.at(Sku("TENT"), "camping", NodeId("MARS")) == 1.0


def test_a_rate_follows_its_own_trials_and_lends_to_the_other_categories_and_nodes() -> None:
    bad = {(NYC, "camping"): CellEvidence(NOW, 120.0, 80.0, 200, 200)}

    rates = estimate_rates(network(), bad, {}, NOW)

    own, category, other = (
        rates.at(Sku("TENT"), "camping", NYC),
        rates.at(Sku("TENT"), "camping", NodeId("ST-BOS")),
        rates.at(Sku("LAMP"), "lighting", NYC),
    )
    assert own == pytest.approx((40 * 0.95 + 120) / (40 + 200))
    assert own <= other < 0.95
    assert own < category < 0.95
    assert rates.observations[rates.categories["camping"], rates.nodes[NYC]] == 200


def test_old_evidence_gives_way_to_the_rate_of_the_type() -> None:
    bad = {(NYC, "camping"): CellEvidence(NOW, 120.0, 80.0, 200, 200)}

    course = [estimate_rates(network(), bad, {}, NOW + timedelta(days=90 * k)) for k in range(0, 15, 3)]

    rates = [one.at(Sku("TENT"), "camping", NYC) for one in course]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.95, abs=0.002)


def test_a_lower_bound_lies_below_the_rate_and_comes_nearer_with_evidence() -> None:
    def gap(trials: float) -> float:
        cells = {(NYC, "camping"): CellEvidence(NOW, trials * 0.95, trials * 0.05, 1, 1)}
        rates = estimate_rates(network(), cells, {}, NOW)
        row, at = rates.categories["camping"], rates.nodes[NYC]
        return float(rates.probability[row, at] - lower_bounds(rates, [row], [at])[0])

    assert gap(10.0) > gap(100.0) > gap(1_000.0) > 0.0


def test_a_doubted_position_has_a_probability_of_its_own_and_its_neighbors_do_not() -> None:
    positions = {TENT: PositionRecord("camping", NOW, missed=1.0, missed_at=NOW, missed_units=1)}

    rates = estimate_rates(network(), {}, positions, NOW)

    assert rates.of(Sku("TENT"), "camping").round(3).tolist() == [0.99, 0.95, 0.633]
    assert rates.of(Sku("LAMP"), "camping").round(3).tolist() == [0.99, 0.95, 0.95]
