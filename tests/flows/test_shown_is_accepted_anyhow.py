"""Whatever the lots, kits, measures, late feeds and rules: as many as are shown are accepted, one more is not; all are
told.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.engine.worlds import MONDAY
from tests.examples import examples
from tests.flows.shown_worlds import FED_HOURS_AGO, MOVES, SUPPLY, Move, Store, balances_of, drawn_rules
from troth.model.exposure import (
    ChannelBuffer,
    ExposureRules,
)
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, SupplyKey, is_on_hand, lot_source


@settings(max_examples=examples(120), deadline=None)
@given(
    st.one_of(st.none(), drawn_rules()),
    SUPPLY,
    st.sampled_from(("A", "B", "M", "K", "L")),
    st.sampled_from(("web", "pos")),
    FED_HOURS_AGO,
    MOVES,
)
def test_as_many_as_are_shown_are_accepted_and_one_more_is_not(
    rules: ExposureRules | None,
    drawn: list[tuple[str, str, Any, int, int]],
    sku: str,
    channel: str,
    fed_hours_ago: float | None,
    moves: list[Move],
) -> None:
    balances = balances_of(drawn)
    note(f"{rules}")

    store = Store(rules, balances, fed_hours_ago, moves)
    shown = store.accepted(sku, channel)

    most = shown.available + shown.incoming
    assert store.order(sku, most + 1, channel) is None
    if shown.available:
        taken = store.order(sku, shown.available, channel)
        assert taken is not None
        assert all(map(is_on_hand, taken)), "what is shown now is what comes from what is there now"
    if shown.incoming:
        assert Store(rules, balances, fed_hours_ago, moves).order(sku, most, channel) is not None


@settings(max_examples=examples(80), deadline=None)
@given(
    st.one_of(st.none(), drawn_rules()),
    SUPPLY,
    st.sampled_from(("A", "M", "K", "L")),
    st.sampled_from(("web", "pos")),
    FED_HOURS_AGO,
    MOVES,
)
def test_the_waterfall_ends_with_what_is_accepted_and_accounts_for_every_unit(
    rules: ExposureRules | None,
    drawn: list[tuple[str, str, Any, int, int]],
    sku: str,
    channel: str,
    fed_hours_ago: float | None,
    moves: list[Move],
) -> None:
    store = Store(rules, balances_of(drawn), fed_hours_ago, moves)
    shown, found = store.accepted(sku, channel), store.waterfall(sku, channel)

    assert (found.available, found.incoming) == (shown.available, shown.incoming)
    assert found.on_hand - sum(fall.units for fall in found.falls) == found.available
    for place in found.nodes:
        assert place.on_hand - sum(fall.units for fall in place.falls) == place.exposed
    for one in found.dated:
        assert one.units - sum(fall.units for fall in one.falls) == one.exposed
    if not found.parts:
        here = sum(balance.on_hand for key, balance in store.balances.items() if key.sku == sku and _is_here(key))
        assert found.on_hand == here
        kept = sum(fall.units for fall in found.incoming_falls)
        assert sum(one.exposed for one in found.dated) - kept == found.incoming


def _is_here(key: SupplyKey) -> bool:
    return is_on_hand(key.source)


@pytest.mark.parametrize(("days", "shown"), [(3, 0), (4, 6)])
def test_a_lot_is_shown_as_long_as_it_lasts_by_the_quickest_service(days: int, shown: int) -> None:
    lot = SupplyKey(Sku("A"), NodeId("dc"), lot_source("L"))
    store = Store(None, {lot: Balance(lot, 6, expires_on=MONDAY.date() + timedelta(days=days))})

    # It arrives on Tuesday, the first day after this one, and has to be good three days longer.
    assert store.accepted("A", "web").available == shown


@pytest.mark.parametrize(
    ("hours_ago", "shown", "made", "late"), [(5.0, 9, 2, ()), (7.0, 4, 1, (("feed_late", 5),)), (None, 9, 2, ())]
)
def test_of_a_store_whose_feed_is_late_nothing_is_shown_also_of_lots_and_of_what_is_to_come(
    hours_ago: float | None, shown: int, made: int, late: tuple[tuple[str, int], ...]
) -> None:
    drawn = [("B", "dc", None, 4, 0), ("B", "s2", None, 3, 0), ("B", "s2", 9, 2, 0), ("B", "s2", "po", 7, 1)]
    store = Store(None, balances_of(drawn), hours_ago)
    of_it, of_kit = store.waterfall("B", "web"), store.waterfall("L", "web")

    assert (of_it.available, of_kit.available) == (shown, made)
    assert tuple((fall.kind, fall.units) for fall in of_it.falls) == late
    assert [fall.kind for fall in of_kit.falls] == (["feed_late"] if late else [])
    assert [(one.exposed, [fall.kind for fall in one.falls]) for one in of_it.dated] == [
        (0, ["reserved", "feed_late"]) if late else (6, ["reserved"])
    ]


def test_of_one_store_that_is_late_the_channel_leaves_no_percent() -> None:
    rules = ExposureRules(buffers=(ChannelBuffer("half", percent=50.0),))
    balances = balances_of([("B", "dc", None, 10, 0), ("B", "s2", None, 10, 0)])

    assert [Store(rules, balances, hours).accepted("B", "web").available for hours in (5.0, 7.0)] == [10, 5]
