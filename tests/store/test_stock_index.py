"""The index holds what a plain table would hold, and what was made of a SKU's rows is gone once one of them moves."""

from datetime import UTC, datetime
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import node
from troth.engine.carriage.network import compile_network
from troth.engine.supply.supply import QUANTITY_MAX
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, Balance, Entry, EntryKind, Source, SupplyKey
from troth.store.stock_index import SkuStock, StockIndex

NODES = ("DC-CA", "DC-IL", "DC-PA")
NETWORK = compile_network([node("DC-CA"), node("DC-IL", active=False), node("DC-PA")])
A, B = Sku("A"), Sku("B")
PO = Source("po/1/1")
AT = datetime(2026, 12, 1, tzinfo=UTC)

units = st.one_of(st.integers(0, 50), st.sampled_from([2**31 - 1, 2**31, 10**13]))
keys = st.builds(SupplyKey, st.sampled_from([A, B]), st.sampled_from(NODES).map(NodeId), st.sampled_from([ON_HAND, PO]))
moves = st.one_of(
    st.builds(Entry, keys, st.just(EntryKind.PENDING), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(keys, units, units),
)


def _stock(sku: Sku, held: dict[SupplyKey, tuple[int, int]]) -> SkuStock:
    rows = sorted((key.node, key.source, *numbers) for key, numbers in held.items() if key.sku == sku)
    return SkuStock(
        sku,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [AT if row[1] == PO else None for row in rows],
    )


def _index(held: dict[SupplyKey, tuple[int, int]]) -> StockIndex:
    index = StockIndex(NETWORK)
    index.put([A, B], [_stock(A, held), _stock(B, held)])
    return index


@given(st.dictionaries(keys, st.tuples(units, units), max_size=10), st.lists(moves, max_size=20))
def test_any_moves_leave_what_a_plain_table_holds(
    held: dict[SupplyKey, tuple[int, int]], moved: list[Entry | tuple[SupplyKey, int, int]]
) -> None:
    index = _index(held)

    for move in moved:
        if isinstance(move, Entry):
            index.move([move])
            if move.key in held:
                on_hand, reserved = held[move.key]
                held[move.key] = on_hand + move.on_hand_delta, reserved + move.reserved_delta
        else:
            key, on_hand, reserved = move
            index.settle([Balance(key, on_hand, reserved, expected_at=AT if key.source == PO else None)])
            held[key] = on_hand, reserved
            for sku in index.missing([A, B]):  # a supply that is new makes it read its SKU again
                index.put([sku], [_stock(sku, held)])

    assert {
        balance.key: (balance.on_hand, balance.reserved) for balance in chain(index.balances(A), index.balances(B))
    } == held
    for sku in (A, B):
        rows = index.rows(sku)
        expected = [
            0 if key.node == "DC-IL" else min(max(0, on_hand - reserved), QUANTITY_MAX)
            for key, (on_hand, reserved) in sorted(held.items())
            if key.sku == sku
        ]
        assert rows.available.tolist() == expected
        assert rows.available_from.tolist() == [AT.timestamp() if source == PO else 0.0 for source in rows.sources]


@pytest.mark.parametrize("units", [3, 2**40])
def test_what_was_kept_is_gone_with_the_next_move_of_its_sku(units: int) -> None:
    here, there = SupplyKey(A, NodeId("DC-PA")), SupplyKey(B, NodeId("DC-PA"))
    index = _index({here: (units, 0), there: (units, 0)})

    def keep() -> None:
        index.keep(A, "web", "three left", size=10)
        index.keep(A, "store", "two left", size=8)

    keep()
    assert (index.kept(A, "web"), index.kept(A, "store"), index.kept(B, "web")) == ("three left", "two left", None)
    index.settle([Balance(there, 1)])
    assert index.kept(A, "web") == "three left"
    index.move([Entry(here, EntryKind.PENDING, reserved_delta=1)])
    assert (index.kept(A, "web"), index.kept(A, "store")) == (None, None)
    keep()
    index.settle([Balance(here, units, 1)])
    assert index.kept(A, "web") is None
    keep()
    index.put([A], [_stock(A, {here: (units, 1)})])
    assert index.kept(A, "web") is None
    keep()
    index.forget([A])
    assert index.kept(A, "web") is None
    index.put([A], [_stock(A, {here: (units, 1)})])
    keep()
    index.use(NETWORK)
    assert index.kept(A, "web") is None


def test_nobody_can_change_the_dates_that_skus_share() -> None:
    index = _index({SupplyKey(A, NodeId("DC-PA")): (1, 0), SupplyKey(B, NodeId("DC-CA")): (1, 0)})

    assert np.shares_memory(index.rows(A).available_from, index.rows(B).available_from)
    with pytest.raises(ValueError, match="read-only"):
        index.rows(A).available_from[0] = 5.0


def test_what_is_kept_stays_within_its_bound() -> None:
    index = _index({SupplyKey(A, NodeId("DC-PA")): (1, 0)})

    index.keep(A, "web", "large", size=70_000_000)
    assert index.kept(A, "web") == "large"
    index.keep(A, "store", "small", size=1)

    assert (index.kept(A, "web"), index.kept(A, "store")) == (None, "small")
