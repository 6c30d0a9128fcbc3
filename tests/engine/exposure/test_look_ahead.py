"""What can be taken ahead of time equals the definition, and leaves every later promise and every floor its units."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from troth.engine.exposure.look_ahead import Floor, take_ahead
from troth.engine.supply.supply import SupplyRows
from troth.model.inventory import ON_HAND

_DATES = (0.0, 10.0, 20.0, 30.0)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[SupplyRows, np.ndarray, list[Floor], int]:
    nodes = draw(st.integers(1, 3))
    places = draw(
        st.lists(st.tuples(st.integers(0, nodes - 1), st.sampled_from(_DATES), st.integers(-8, 12)), max_size=8)
    )
    places.sort()
    rows = SupplyRows(
        np.array([place[0] for place in places], dtype=np.int32),
        np.array([max(0, place[2]) for place in places], dtype=np.int64),
        np.array([place[1] for place in places], dtype=np.float64),
        (ON_HAND,) * len(places),
    )
    floors = [
        Floor(
            np.array(draw(st.lists(st.integers(0, 9), min_size=nodes, max_size=nodes)), dtype=np.int64),
            draw(st.sampled_from((0.0, 5.0, 20.0))),
            draw(st.sampled_from((25.0, math.inf))),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    return rows, np.array([place[2] for place in places], dtype=np.int64), floors, nodes


def _left(rows: SupplyRows, units: np.ndarray, node: int, at: float) -> int:
    return int(units[(rows.node_index == node) & (rows.available_from <= at)].sum())


def _floor(floors: list[Floor], node: int, at: float) -> int:
    return sum(int(floor.units[node]) for floor in floors if max(0.0, floor.starts) <= at < floor.ends)


@given(_cases())
def test_nothing_that_is_taken_is_missing_at_any_later_time(
    case: tuple[SupplyRows, np.ndarray, list[Floor], int],
) -> None:
    rows, free, floors, nodes = case

    taken = take_ahead(rows, free, floors, nodes)

    assert (taken >= 0).all()
    assert (taken <= np.maximum(free, 0)).all()
    times = sorted({*_DATES, 5.0, 25.0})
    for node in range(nodes):
        for at in times:
            total = _left(rows, taken, node, at)
            # By any time at most what every time from then on can spare, counting what is taken until then.
            spare = min(_left(rows, free, node, later) - _floor(floors, node, later) for later in times if later >= at)
            assert total <= max(0, spare)


@given(_cases())
def test_as_much_is_taken_by_the_last_date_as_the_floors_of_then_leave(
    case: tuple[SupplyRows, np.ndarray, list[Floor], int],
) -> None:
    rows, free, _, nodes = case

    taken = take_ahead(rows, free, (), nodes)

    for node in range(nodes):
        total = _left(rows, free, node, _DATES[-1])
        assert _left(rows, taken, node, _DATES[-1]) == max(0, total)


@given(_cases(), st.integers(0, 5))
def test_a_higher_floor_never_leaves_more(case: tuple[SupplyRows, np.ndarray, list[Floor], int], more: int) -> None:
    rows, free, floors, nodes = case

    before = take_ahead(rows, free, floors, nodes)
    after = take_ahead(rows, free, [*floors, Floor(np.full(nodes, more, dtype=np.int64))], nodes)

    for node in range(nodes):
        for at in _DATES:
            assert _left(rows, after, node, at) <= _left(rows, before, node, at)
