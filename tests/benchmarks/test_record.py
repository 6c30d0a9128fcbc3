"""A benchmark fails where a ratio fell against the record, and keeps what was reached before."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from benchmarks.record import Fall, earlier_ratios, find_falls, with_history


def result(*figures: Mapping[str, Any], commit: str = "c0ffee0") -> dict[str, Any]:
    return {"name": "x", "at": "2026-11-26T12:00:00+00:00", "commit": commit, "figures": list(figures)}


def one(name: str, ratio: float | None, better: str = "more", ratios: Sequence[float] = ()) -> dict[str, Any]:
    return {"name": name, "ratio": ratio, "better": better, "ratios": list(ratios)}


@pytest.mark.parametrize(
    ("better", "now", "is_fallen"),
    [
        ("more", 0.86, False),
        ("more", 0.84, True),
        ("more", 2.0, False),
        ("less", 1.17, False),
        ("less", 1.18, True),
        ("less", 0.1, False),
    ],
)
def test_a_ratio_that_is_worse_by_more_than_fifteen_percent_has_fallen(
    better: str, now: float, is_fallen: bool
) -> None:
    falls = find_falls(result(one("rate", 1.0, better)), result(one("rate", now, better, [now, now, now])))

    assert falls == ([Fall("rate", 1.0, now)] if is_fallen else [])


def test_a_figure_of_which_one_round_came_near_the_record_has_not_fallen() -> None:
    assert not find_falls(result(one("rate", 1.0)), result(one("rate", 0.7, ratios=[0.6, 0.7, 0.9])))
    assert not find_falls(result(one("p99", 1.0, "less")), result(one("p99", 1.9, "less", [1.1, 1.9, 2.4])))


def test_what_is_new_or_has_no_baseline_cannot_fall() -> None:
    recorded = result(one("rate", None), one("gone", 1.0))

    assert not find_falls(recorded, result(one("rate", 0.1), one("new", 0.1), one("plain", None)))


def test_a_result_keeps_what_was_recorded_before_it_newest_first() -> None:
    first = with_history(result(one("rate", 0.28), commit="a"), None)
    second = with_history(result(one("rate", 0.34), commit="b"), first)
    third = with_history(result(one("rate", 0.5), one("new", 0.1), commit="c"), second)

    assert [entry["commit"] for entry in third["history"]] == ["b", "a"]
    assert earlier_ratios("rate", third["history"]) == [0.34, 0.28]
    assert earlier_ratios("new", third["history"]) == []
