"""Whatever the rules: nobody sees more than there is, nor less than a lower class, and every unit is accounted for."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.exposure.worlds import KEY, LOYAL, NET, ask, exposure, fall, shown, stock
from tests.engine.worlds import MONDAY
from troth.engine.exposure.consumed import Consumed
from troth.model.exposure import (
    ChannelBuffer,
    Draw,
    Exclusion,
    Lending,
    Protection,
    SafetyStock,
    Threshold,
)
from troth.model.ids import Sku

_WHERE = st.sampled_from(("", "node.type == 'store'", "node.id == 'dc'", "item.category == 'tents'", "item.sku == 'B'"))
_UNITS = st.integers(0, 12)
_DAYS = st.sampled_from((1, 10, 30))


@st.composite
def _rules(draw: st.DrawFn) -> dict[str, Any]:
    protections = []
    for number in range(draw(st.integers(0, 3))):
        begins = MONDAY + timedelta(days=draw(_DAYS))
        has_window = draw(st.booleans())
        protections.append(
            Protection(
                f"p{number}",
                draw(st.sampled_from(("key", "loyal"))),
                draw(_WHERE),
                units=draw(_UNITS),
                needed_from=begins if has_window else None,
                needed_until=begins + timedelta(days=5) if has_window else None,
                lending=draw(st.sampled_from((None, Lending(("loyal",), 50.0)))),
            )
        )
    return {
        "classes": (KEY, LOYAL),
        "safety_stock": tuple(
            SafetyStock(f"s{number}", draw(_WHERE), units=draw(_UNITS)) for number in range(draw(st.integers(0, 2)))
        ),
        "protections": tuple(protections),
        "thresholds": tuple(
            Threshold(f"t{number}", draw(st.integers(1, 5)), draw(_WHERE)) for number in range(draw(st.integers(0, 1)))
        ),
        "exclusions": tuple(
            Exclusion(f"e{number}", draw(_WHERE), "order.channel == 'pos'") for number in range(draw(st.integers(0, 1)))
        ),
        "buffers": tuple(ChannelBuffer(f"b{number}", units=draw(_UNITS)) for number in range(draw(st.integers(0, 1)))),
    }


_STOCK = st.lists(
    st.tuples(st.sampled_from([node.node for node in NET.nodes]), st.integers(0, 20), st.sampled_from((0, 3, 20))),
    max_size=6,
)


def _supply(entries: list[tuple[str, int, int]]) -> Any:
    places = {(node, days): units for node, units, days in entries}
    return stock(
        *(
            (node, units) if not days else (node, units, MONDAY + timedelta(days=days))
            for (node, days), units in sorted(places.items())
        )
    )


@given(_rules(), _STOCK, st.sampled_from(("", "loyal", "key")), st.integers(1, 40))
def test_nobody_is_shown_more_than_there_is_of_any_supply(
    rules: dict[str, Any], entries: list[tuple[str, int, int]], who: str, quantity: int
) -> None:
    supply = _supply(entries)

    found = shown(exposure(**rules), supply, ask(quantity, who))

    assert all(0 <= units <= there for units, there in zip(found, supply.available.tolist(), strict=True))


@given(_rules(), _STOCK)
def test_a_lower_class_is_never_shown_what_a_higher_one_is_not(
    rules: dict[str, Any], entries: list[tuple[str, int, int]]
) -> None:
    rules = rules | {"thresholds": (), "buffers": ()}
    rules["protections"] = tuple(one for one in rules["protections"] if one.lending is None)
    supply = _supply(entries)
    by_class = {who: shown(exposure(**rules), supply, ask(1, who)) for who in ("key", "loyal", "")}

    for at in sorted(set(supply.available_from.tolist())):
        for node in range(len(NET.nodes)):
            here = [
                row
                for row in range(len(supply.sources))
                if supply.node_index[row] == node and supply.available_from[row] <= at
            ]
            key, loyal, rest = (sum(by_class[who][row] for row in here) for who in ("key", "loyal", ""))
            assert key >= loyal >= rest


@given(_rules(), _STOCK, st.sampled_from(("", "loyal", "key")), st.sampled_from(("web", "pos")))
def test_the_waterfall_accounts_for_every_unit(
    rules: dict[str, Any], entries: list[tuple[str, int, int]], who: str, channel: str
) -> None:
    found = fall(exposure(**rules), _supply(entries), ask(1, who, channel))

    assert found.on_hand - sum(one.units for one in found.falls) == found.available
    for node in found.nodes:
        assert node.on_hand - sum(one.units for one in node.falls) == node.exposed
    # What is asked for up to there is shown, and not a unit more.
    supply = _supply(entries)
    here = supply.available_from == 0.0
    for quantity in (found.available, found.available + 1):
        taken = shown(exposure(**rules), supply, ask(max(1, quantity), who, channel))
        now = sum(units for units, is_here in zip(taken, here.tolist(), strict=True) if is_here)
        assert min(now, quantity) == min(found.available, quantity)


@given(st.integers(0, 20), st.integers(0, 12), st.lists(st.tuples(st.sampled_from(("key", "")), st.integers(1, 6))))
def test_whatever_the_order_of_orders_what_is_protected_is_left_for_whom_it_is(
    there: int, kept: int, orders: list[tuple[str, int]]
) -> None:
    june = MONDAY + timedelta(days=190)
    window = Protection("june", "key", units=kept, needed_from=june, needed_until=june + timedelta(days=30))
    consumed = Consumed()
    rules = exposure(consumed=consumed, classes=(KEY,), protections=(window,))
    taken = {"key": 0, "": 0}
    for who, quantity in orders:
        free = there - sum(taken.values())
        demand = ask(quantity, who, not_before=june) if who == "key" else ask(quantity)
        units = min(quantity, shown(rules, stock(("dc", free)), demand)[0])
        taken[who] += units
        if who == "key":
            consumed.move([(Draw("doc/june", Sku("A"), NET.nodes[0].node), units)])

    assert taken[""] <= max(0, there - kept)
    assert sum(taken.values()) <= there
