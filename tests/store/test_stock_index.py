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
from troth.store.shelf import SkuStock
from troth.store.stock_index import StockIndex

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


def _index(held: dict[SupplyKey, tuple[int, int]], *, open_max: int = 100) -> StockIndex:
    index = StockIndex(NETWORK, open_max=open_max)
    index.put([A, B], [_stock(A, held), _stock(B, held)])
    return index


@given(
    st.dictionaries(keys, st.tuples(units, units), max_size=10),
    st.lists(moves, max_size=20),
    st.sampled_from([0, 2, 100]),
)
def test_any_moves_leave_what_a_plain_table_holds_however_often_it_is_packed(
    held: dict[SupplyKey, tuple[int, int]], moved: list[Entry | tuple[SupplyKey, int, int]], open_max: int
) -> None:
    index = _index(held, open_max=open_max)

    for move in moved:
        index.tidy()
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

    assert index.size == len(held)
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


@given(st.permutations([*NODES, "CLOSED"]), st.sampled_from([ON_HAND, PO]))
def test_stock_is_found_however_a_database_sorts_its_nodes(nodes: list[str], source: Source) -> None:
    index = StockIndex(NETWORK)
    places, all_units = [NodeId(name) for name in nodes], [len(name) + ord(name[-1]) for name in nodes]
    expected_at = [AT if source == PO else None] * 4
    index.put([A, B], [SkuStock(sku, places, [source] * 4, all_units, [0] * 4, expected_at) for sku in (A, B)])

    for sku in (A, B):
        assert {balance.key.node: balance.on_hand for balance in index.balances(sku)} == {
            node: units for node, units in zip(places, all_units, strict=True) if node != "CLOSED"
        }
        index.move([Entry(SupplyKey(sku, NodeId("DC-PA"), source), EntryKind.PENDING, reserved_delta=2)])
        assert index.rows(sku).reserved is not None
        assert [(one.key.node, one.reserved) for one in index.balances(sku)] == [
            ("DC-CA", 0),
            ("DC-IL", 0),
            ("DC-PA", 2),
        ]


def test_what_stands_longest_is_packed_where_too_much_does_and_what_was_kept_of_it_is_gone() -> None:
    here, there = SupplyKey(A, NodeId("DC-PA")), SupplyKey(B, NodeId("DC-PA"), PO)
    index = _index({here: (3, 1), there: (4, 2)}, open_max=1)
    before = index.rows(A)
    index.keep(A, "web", "two left", size=10)

    index.tidy()

    assert index.kept(A, "web") is None
    assert index.rows(A) is not before
    assert [(one.on_hand, one.reserved) for one in (*index.balances(A), *index.balances(B))] == [(3, 1), (4, 2)]
    assert index.size == 2


def test_what_moves_or_is_forgotten_is_noted_remembered_or_not() -> None:
    index = _index({SupplyKey(A, NodeId("DC-PA")): (3, 1)})
    c, d = Sku("C"), Sku("D")

    with index.noting_moves() as moved:
        with index.noting_moves() as later:
            index.move([Entry(SupplyKey(A, NodeId("DC-PA")), EntryKind.PENDING, reserved_delta=1)])
            index.settle([Balance(SupplyKey(c, NodeId("DC-PA")), 1)])
        index.forget([d])
    index.forget([B])

    assert (moved, later) == ({A, c, d}, {A, c})


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
