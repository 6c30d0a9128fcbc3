"""What is in force when: a pure function of what was said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.engine.supply.in_force import choose, find_in_force, find_next_change, find_undoable, share_of, state_of
from troth.model.document import Activation, DocumentState, InForce

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(hour: float) -> datetime:
    """An hour of the day that all of these tests are about."""
    return NOON + timedelta(hours=hour - 12)


def said(*told: tuple[Any, ...]) -> tuple[Activation, ...]:
    """Acts from (version, hour) or (version, hour, percent); a version of ("undo", number) undoes."""
    acts = []
    for number, (version, hour, *more) in enumerate(told, 1):
        undoes = version[1] if isinstance(version, tuple) else None
        acts.append(
            Activation(number, "r", None if undoes else version, at(hour), more[0] if more else None, undoes=undoes)
        )
    return tuple(acts)


def decided(acts: Sequence[Activation], hour: float) -> tuple[int | None, int | None]:
    """The versions of base and canary at an hour."""
    now = find_in_force(acts, at(hour))
    return (now.base.version if now.base else None, now.canary.version if now.canary else None)


@pytest.mark.parametrize(
    ("acts", "hour", "expected"),
    [
        ((), 12, (None, None)),
        (((1, 9),), 8, (None, None)),
        (((1, 9),), 9, (1, None)),
        (((1, 9), (2, 18)), 17, (1, None)),
        (((1, 9), (2, 18)), 18, (2, None)),
        # What was put off until tonight is overruled by what is said later and takes effect earlier.
        (((1, 9), (4, 18), (2, 12)), 19, (2, None)),
        # What is said later for later leaves it alone until then.
        (((4, 18), (5, 20)), 19, (4, None)),
        (((4, 18), (5, 20)), 20, (5, None)),
        # A canary decides beside what is in force, and ends with the next act that is none.
        (((1, 9), (2, 10, 5)), 12, (1, 2)),
        (((1, 9), (2, 10, 5), (3, 11, 10)), 12, (1, 3)),
        (((1, 9), (2, 10, 5), (2, 11)), 12, (2, None)),
        (((2, 10, 5),), 12, (None, 2)),
        (((1, 9), (None, 10)), 12, (None, None)),
        # Undone acts count until they are undone, and those before them again afterwards.
        (((1, 9), (2, 10), (("undo", 2), 11)), 10, (2, None)),
        (((1, 9), (2, 10), (("undo", 2), 11)), 11, (1, None)),
        (((1, 9), (2, 10), (("undo", 2), 11), (("undo", 1), 12)), 12, (None, None)),
        (((1, 9), (2, 18), (("undo", 2), 11)), 19, (1, None)),
        (((1, 9), (2, 10, 5), (("undo", 2), 11)), 12, (1, None)),
        # A rolled-back act leaves one that was put off before it where it was.
        (((1, 9), (4, 18), (5, 12), (("undo", 3), 13)), 19, (4, None)),
    ],
)
def test_each_act_replaces_what_was_said_before_it_from_its_own_time_on(
    acts: tuple[tuple[Any, ...], ...], hour: float, expected: tuple[int | None, int | None]
) -> None:
    assert decided(said(*acts), hour) == expected


def test_the_next_change_is_the_earliest_that_is_still_to_come() -> None:
    acts = said((1, 9), (2, 20), (3, 18))

    assert find_next_change(acts, at(12)) == at(18)
    assert find_next_change(acts, at(18)) == at(20)
    assert find_next_change(acts, at(20)) is None


def test_what_can_be_rolled_back_is_the_newest_act_that_was_not() -> None:
    acts = said((1, 9), (2, 10), (("undo", 2), 11), (3, 12, 5))

    assert [found.number for found in (find_undoable(acts), find_undoable(acts[:3])) if found] == [4, 1]
    assert find_undoable(()) is None


@pytest.mark.parametrize(
    ("version", "hour", "state"),
    [
        (1, 9, DocumentState.ACTIVE),
        (1, 18, DocumentState.RETIRED),
        (2, 12, DocumentState.SCHEDULED),
        (2, 18, DocumentState.ACTIVE),
        (3, 12, DocumentState.CANARY),
        (3, 18, DocumentState.RETIRED),
        (4, 12, DocumentState.DRAFT),
        (5, 12, DocumentState.DRAFT),
    ],
)
def test_the_state_of_a_version_follows_from_the_acts_and_the_time(
    version: int, hour: float, state: DocumentState
) -> None:
    # Version 4 was put off until 20:00, and overruled by what came later for 18:00.
    acts = said((1, 9), (3, 10, 5), (4, 20), (2, 18))

    assert state_of("r", version, acts, at(hour)) is state


@given(percent=st.integers(1, 99), start=st.integers(0, 10**6))
def test_a_canary_decides_about_its_share_of_the_orders_and_always_the_same_ones(percent: int, start: int) -> None:
    base, canary = said((1, 9), (2, 10, percent))
    orders = [f"O-{number}" for number in range(start, start + 2_000)]

    chosen = [choose(InForce(base, canary), order) for order in orders]

    assert chosen == [choose(InForce(base, canary), order) for order in orders]
    share = 100 * sum(act is canary for act in chosen) / len(orders)
    assert abs(share - percent) < 6  # five deviations of a share of 2,000


def test_a_larger_canary_keeps_the_orders_of_a_smaller_one_and_another_version_has_others() -> None:
    orders = [f"O-{number}" for number in range(2_000)]
    five, ten = ({o for o in orders if share_of(o, "r@2") < percent * 100} for percent in (5, 10))
    other = {order for order in orders if share_of(order, "r@3") < 1000}

    assert five < ten
    assert 0 < len(ten & other) < len(ten)


@given(
    told=st.lists(
        st.tuples(st.one_of(st.none(), st.integers(1, 5)), st.integers(0, 23), st.sampled_from([None, None, 5])),
        max_size=8,
    ),
    hour=st.integers(0, 24),
)
def test_what_is_said_for_later_changes_nothing_before(told: list[tuple[Any, ...]], hour: int) -> None:
    acts = said(*((version, when, None if version is None else percent) for version, when, percent in told))
    later = Activation(len(acts) + 1, "r", 9, at(hour) + timedelta(microseconds=1))

    assert find_in_force((*acts, later), at(hour)) == find_in_force(acts, at(hour))
    assert find_in_force((*acts, later), later.effective_from).base == later
