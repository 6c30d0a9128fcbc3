"""What the supply of a SKU amounts to: over all nodes and by node the same units, and right for as long as it says."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.engine.supply.available_to_sell import (
    Stock,
    StockStatus,
    compute_node_units,
    compute_stock,
    is_low_stock_max,
    low_stock_max,
    valid_until,
)
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.inventory import Source
from troth.model.item import Item

NOW = 1_000_000.5
NODES = 4
DAY = 86_400.0

row = st.tuples(
    st.integers(0, NODES - 1),
    st.integers(0, 9),
    st.sampled_from([0.0, 0.0, NOW - 5.0, NOW, NOW + 0.25, NOW + 60.0, NOW + DAY, NOW + 2 * DAY]),
)
some_rows = st.lists(row, max_size=12)


def _source(row: int) -> Source:
    return Source(f"po/{row % 3}/1")


def _rows(rows: list[tuple[int, int, float]]) -> SupplyRows:
    return SupplyRows(
        np.array([node for node, _, _ in rows], dtype=np.int32),
        np.array([units for _, units, _ in rows], dtype=np.int64),
        np.array([at for _, _, at in rows], dtype=np.float64),
        tuple(map(_source, range(len(rows)))),
    )


def _brute(rows: list[tuple[int, int, float]], now: float) -> Stock:
    """The same, row by row in plain Python."""
    coming = sorted(
        (now + DAY if at <= now else at, at <= now, node, _source(row), units)
        for row, (node, units, at) in enumerate(rows)
        if at and units
    )
    here = sum(units for _, units, at in rows if not at)
    if not coming:
        return Stock(here, 0, None)
    first = coming[0]
    return Stock(
        here,
        sum(one[-1] for one in coming),
        datetime.fromtimestamp(first[0], UTC).replace(microsecond=0),
        next_node=first[2],
        next_source=first[3],
    )


@given(some_rows)
def test_units_are_what_adding_up_row_by_row_gives(rows: list[tuple[int, int, float]]) -> None:
    by_node = compute_node_units(_rows(rows), NODES, NOW)

    assert compute_stock(_rows(rows), NOW) == _brute(rows, NOW)
    assert [by_node.stock(node, 5) for node in range(NODES)] == [
        _brute([one if one[0] == node else (node, 0, 0.0) for one in rows], NOW) for node in range(NODES)
    ]
    assert by_node.next_supply_at() in (None, [by_node.stock(node, 5).next_supply_at for node in range(NODES)])


@given(some_rows, st.floats(0.0, 0.999))
def test_an_answer_stays_right_until_it_says(rows: list[tuple[int, int, float]], share: float) -> None:
    until = min(valid_until(_rows(rows), NOW), NOW + 3 * DAY)
    later = NOW + share * (until - NOW)

    assert until > NOW
    assert compute_stock(_rows(rows), later) == compute_stock(_rows(rows), NOW)


@pytest.mark.parametrize(
    ("stock", "status"),
    [
        (Stock(6, 0, None), StockStatus.IN_STOCK),
        (Stock(5, 9, None), StockStatus.LOW_STOCK),
        (Stock(1, 0, None, 0), StockStatus.IN_STOCK),
        (Stock(20, 0, None, 20), StockStatus.LOW_STOCK),
        (Stock(0, 3, datetime(2026, 12, 1, tzinfo=UTC)), StockStatus.BACKORDER),
        (Stock(0, 0, None), StockStatus.OUT_OF_STOCK),
    ],
)
def test_units_have_a_status(stock: Stock, status: StockStatus) -> None:
    assert stock.status is status


def test_an_item_says_from_where_on_it_is_low() -> None:
    assert [is_low_stock_max(text) for text in ("0", "12", "", "-1", "1.5", "many", "٣", "12345678")] == [
        True, True, False, False, False, False, False, False,
    ]  # fmt: skip
    assert low_stock_max(Item(Sku("A"), attributes={"low_stock_units": "12"})) == 12
    assert low_stock_max(Item(Sku("A"), attributes={"low_stock_units": "many"})) == 5
