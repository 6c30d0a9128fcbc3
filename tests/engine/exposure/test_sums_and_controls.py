"""Sums over all supply, for every class and at every date; and that these properties would notice what breaks them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.engine.exposure.test_properties import _rules
from tests.engine.exposure.worlds import NET, ask, exposure, shown, stock
from tests.engine.worlds import MONDAY
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import NodeId

CLASSES = ("key", "loyal", "")

Entries = list[tuple[str, int, int, int]]
Shown = Callable[[dict[str, Any], SupplyRows, str], list[int]]

_ENTRIES = st.lists(
    st.tuples(
        st.sampled_from([node.node for node in NET.nodes]),
        st.integers(0, 20),
        st.integers(0, 24),
        st.sampled_from((0, 3, 20)),
    ),
    max_size=6,
)


def _supply(entries: Entries) -> SupplyRows:
    """Supply with what is promised of it: after a count that may be more than there is."""
    places = {(node, days): (units, reserved) for node, units, reserved, days in entries}
    ordered = sorted(places.items())
    rows = stock(
        *(
            (node, units) if not days else (node, units, MONDAY + timedelta(days=days))
            for (node, days), (units, _reserved) in ordered
        )
    )
    at = {(NET.index[NodeId(node)], days): held for (node, days), held in ordered}
    days = np.rint((rows.available_from - MONDAY.timestamp()) / 86_400).clip(0).astype(int)
    held = [at[node, day] for node, day in zip(rows.node_index.tolist(), days.tolist(), strict=True)]
    on_hand = np.array([units for units, _ in held], dtype=np.int64)
    reserved = np.array([units for _, units in held], dtype=np.int64)
    return replace(rows, on_hand=on_hand, reserved=reserved, available=np.maximum(on_hand - reserved, 0))


def _as_it_is(rules: dict[str, Any], supply: SupplyRows, who: str) -> list[int]:
    return shown(exposure(**rules), supply, ask(40, who))


def _holds_sums(show: Shown, rules: dict[str, Any], entries: Entries) -> bool:
    """At no date more is exposed to anybody at a node than there is of it by then less all that is promised of it by
    then, nor than all later dates can spare.
    """
    supply = _supply(entries)
    assert supply.on_hand is not None
    assert supply.reserved is not None
    free = supply.on_hand - supply.reserved
    dates = sorted(set(supply.available_from.tolist()))
    for who in CLASSES:
        found = np.array(show(rules, supply, who), dtype=np.int64)
        for node in range(len(NET.nodes)):
            here = supply.node_index == node
            by = [int(free[here & (supply.available_from <= date)].sum()) for date in dates]
            for at, date in enumerate(dates):
                if found[here & (supply.available_from <= date)].sum() > max(0, min(by[at:])):
                    return False
    return True


def _holds_ranks(show: Shown, rules: dict[str, Any], entries: Entries) -> bool:
    """By no date a lower class sees more at a node than a higher one."""
    rules = rules | {"thresholds": (), "buffers": ()}
    rules["protections"] = tuple(one for one in rules["protections"] if one.lending is None)
    supply = _supply(entries)
    found = [np.array(show(rules, supply, who), dtype=np.int64) for who in CLASSES]
    for date in sorted(set(supply.available_from.tolist())):
        for node in range(len(NET.nodes)):
            here = (supply.node_index == node) & (supply.available_from <= date)
            key, loyal, rest = (int(units[here].sum()) for units in found)
            if not key >= loyal >= rest:
                return False
    return True


def _is_noticed(holds: Callable[[Shown, dict[str, Any], Entries], bool], show: Shown) -> bool:
    """Whether a property finds what is wrong with a way to show."""
    try:
        find(
            st.tuples(_rules(), _ENTRIES),
            lambda case: not holds(show, *case),
            settings=settings(max_examples=500, database=None, phases=(Phase.generate,), derandomize=True),
        )
    except NoSuchExample:
        return False
    return True


@given(_rules(), _ENTRIES)
def test_to_no_class_more_is_exposed_at_any_date_than_there_is_and_will_be_left(
    rules: dict[str, Any], entries: Entries
) -> None:
    assert _holds_sums(_as_it_is, rules, entries)


@given(_rules(), _ENTRIES)
def test_what_is_protected_never_leaks_downward(rules: dict[str, Any], entries: Entries) -> None:
    assert _holds_ranks(_as_it_is, rules, entries)


def test_showing_what_is_promised_already_would_be_noticed() -> None:
    def without_promises(rules: dict[str, Any], supply: SupplyRows, who: str) -> list[int]:
        assert supply.on_hand is not None
        return _as_it_is(
            rules, replace(supply, reserved=0 * supply.on_hand, available=supply.on_hand.astype(np.int64)), who
        )

    assert _is_noticed(_holds_sums, without_promises)


def test_showing_only_what_today_can_spare_would_be_noticed() -> None:
    def without_looking_ahead(rules: dict[str, Any], supply: SupplyRows, who: str) -> list[int]:
        return [*map(int, supply.available.tolist())]

    assert _is_noticed(_holds_sums, without_looking_ahead)


def test_taking_one_class_for_another_would_be_noticed() -> None:
    others = {"key": "", "loyal": "loyal", "": "key"}

    def turned_round(rules: dict[str, Any], supply: SupplyRows, who: str) -> list[int]:
        return _as_it_is(rules, supply, others[who])

    assert _is_noticed(_holds_ranks, turned_round)
