"""Pooled protections that overlap: what is kept adds up, whatever the order of the rules, and exactly that is kept."""

from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.exposure.worlds import ITEM, KEY, LOYAL, ask, exposure
from tests.engine.worlds import MONDAY, network, node, rows
from troth.engine.exposure.taking import Pool, exposed_supply
from troth.engine.exposure.waterfall import find_waterfall
from troth.model.exposure import Protection
from troth.model.ids import Sku

NODES = ("d1", "d2", "d3", "d4", "d5")
NET = network(*(node(name, degrees=1.0 + at) for at, name in enumerate(NODES)))
WIDE = Protection("a", "loyal", units=8, is_pooled=True)
NARROW = Protection("b", "key", "node.id == 'd1'", units=2, is_pooled=True)


def _taken(protections: tuple[Protection, ...], units: tuple[int, ...], asked: int, who: str = "") -> list[int]:
    pool = Pool({ITEM.sku: ITEM}, NET, exposure(classes=(KEY, LOYAL), protections=protections), "USD", MONDAY)
    supply = rows(NET, *zip(NODES, units, strict=False))
    taken: list[int] = exposed_supply(pool, ask(asked, who), [Sku("A")], lambda _: supply)[Sku("A")].available.tolist()
    return taken


def _falls(protections: tuple[Protection, ...], units: tuple[int, ...]) -> tuple[int, dict[str, int]]:
    pool = Pool({ITEM.sku: ITEM}, NET, exposure(classes=(KEY, LOYAL), protections=protections), "USD", MONDAY)
    found = find_waterfall(pool, ask(), ITEM, rows(NET, *zip(NODES, units, strict=False)))
    return found.available, {fall.rule: fall.units for fall in found.falls}


@pytest.mark.parametrize(
    ("wide", "narrow", "units", "shown", "falls"),
    [
        ({"units": 8}, 2, (5, 25), 20, {"doc/a": 8, "doc/b": 2}),
        ({"units": 6}, 1, (8, 3, 2, 5, 3), 14, {"doc/a": 6, "doc/b": 1}),
        ({"percent": 25.0}, 1, (5, 8, 4, 4, 9), 21, {"doc/a": 8, "doc/b": 1}),
        ({"units": 6}, 8, (5, 25), 19, {"doc/a": 6, "doc/b": 5}),  # what d1 has not is kept nowhere
    ],
)
def test_a_narrow_pool_and_a_wide_one_keep_their_units_in_either_order(
    wide: dict[str, Any], narrow: int, units: tuple[int, ...], shown: int, falls: dict[str, int]
) -> None:
    one = Protection("a", "loyal", is_pooled=True, **wide)
    other = Protection("b", "key", "node.id == 'd1'", units=narrow, is_pooled=True)

    for listed in permutations((one, other)):
        assert _falls(listed, units) == (shown, falls)
        assert sum(_taken(listed, units, shown)) >= shown
        assert sum(_taken(listed, units, shown + 1)) == shown


def test_after_all_that_is_shown_was_sold_and_key_took_its_units_loyal_finds_its_own() -> None:
    # 20 of 5 and 25 are sold where least is left for the narrow pool, which then takes its two.
    left = (2, 8)

    assert sum(_taken((WIDE, NARROW), left, 1)) == 0
    assert sum(_taken((WIDE, NARROW), left, 9, "loyal")) == 8


_POOLS = st.lists(st.tuples(st.sets(st.sampled_from(NODES), min_size=1), st.integers(1, 6)), min_size=1, max_size=3)


@given(_POOLS, st.tuples(*(st.integers(0, 6) for _ in NODES[:4]), st.just(0)), st.integers(0, 24))
def test_as_much_is_shown_as_leaves_every_pool_its_units_whatever_the_order(
    pools: list[tuple[set[str], int]], units: tuple[int, ...], asked: int
) -> None:
    protections = tuple(
        Protection(f"p{at}", "key", f"node.id in {sorted(those)}", units=kept, is_pooled=True)
        for at, (those, kept) in enumerate(pools)
    )
    found = [_taken(listed, units, asked) for listed in permutations(protections)]
    most = [_taken(listed, units, 99) for listed in permutations(protections)]

    assert all(each == found[0] for each in found)
    assert all(each == most[0] for each in most)
    there = _held(pools, units)
    assert sum(most[0]) == sum(units) - there, "what is shown is all but what the pools can keep"
    assert _held(pools, np.subtract(units, most[0])) == there
    if asked <= sum(most[0]):
        assert sum(found[0]) >= asked, "what is shown is accepted"
        for plan in product(*(range(one + 1) for one in found[0])):
            if sum(plan) == asked:
                assert _held(pools, np.subtract(units, plan)) == there, "whichever nodes a plan takes it from"


def _held(pools: list[tuple[set[str], int]], left: Any) -> int:
    """The most units of all pools that what is left at nodes holds: by the theorem of max flow and min cut."""
    units = dict(zip(NODES, np.asarray(left).tolist(), strict=True))
    cuts: list[int] = []
    for count in range(len(pools) + 1):
        for full in combinations(pools, count):
            nodes = set().union(*(those for those, _kept in full))
            cuts.append(sum(units[name] for name in nodes) + sum(kept for _, kept in pools) - sum(k for _, k in full))
    return min(cuts)
