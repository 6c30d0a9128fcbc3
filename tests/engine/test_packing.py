"""What goes into which box: every unit once, within its walls and its weight, and none through another."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.engine.packing.choose_boxes import pack
from troth.engine.packing.place import place
from troth.model.ids import LineId, NodeId, Sku
from troth.model.packing import Box, BoxSet, Parcel, Piece, Placed, Size

NODE = NodeId("DC-PA")
SMALL = Box("S", (200, 150, 100), 5_000, outer_mm=(206, 156, 106), tare_grams=80, cost_minor=30)
LARGE = Box("L", (400, 300, 200), 20_000, tare_grams=250, cost_minor=80)
BOXES = BoxSet((SMALL, LARGE))


def piece(size: Size = (100, 75, 50), grams: int = 400, *, name: str = "A", alone: bool = False) -> Piece:
    return Piece(LineId(name), Sku(name), size, grams, alone)


def boxes_of(parcels: tuple[Parcel, ...]) -> list[str | None]:
    return [parcel.box.box if parcel.box else None for parcel in parcels]


def test_what_fits_into_the_small_box_goes_into_it() -> None:
    (parcel,) = pack([piece()] * 8, BOXES, NODE)

    assert parcel.box == SMALL
    assert (parcel.grams, parcel.size_mm, parcel.filled_percent) == (8 * 400 + 80, (206, 156, 106), 100)


def test_one_more_needs_the_large_box_and_not_two_small_ones() -> None:
    (parcel,) = pack([piece()] * 9, BOXES, NODE)

    assert parcel.box == LARGE
    assert parcel.size_mm == LARGE.inner_mm
    assert parcel.filled_percent == 14


def test_what_is_left_of_a_full_box_goes_into_the_smallest_that_holds_it() -> None:
    assert boxes_of(pack([piece((400, 300, 100), 9_000)] * 2 + [piece()], BOXES, NODE)) == ["L", "S"]


def test_a_piece_is_turned_to_fit() -> None:
    (parcel,) = pack([piece((100, 190, 140))], BOXES, NODE)

    assert parcel.box == SMALL
    assert parcel.placed[0].size_mm == (190, 140, 100)


def test_weight_parts_what_would_fit_by_size() -> None:
    parcels = pack([piece(grams=4_000)] * 6, BoxSet((SMALL,)), NODE)

    assert [len(parcel.pieces) for parcel in parcels] == [1] * 6
    assert boxes_of(pack([piece(grams=4_000)] * 5, BOXES, NODE)) == ["L"]


def test_what_goes_alone_is_alone_and_what_fits_nowhere_goes_as_it_is() -> None:
    tv = piece((1_400, 850, 180), 21_000, name="TV")

    parcels = pack([piece(), piece(name="B", alone=True), tv], BOXES, NODE)

    assert sorted(tuple(one.sku for one in parcel.pieces) for parcel in parcels) == [("A",), ("B",), ("TV",)]
    (as_it_is,) = (parcel for parcel in parcels if parcel.box is None)
    assert (as_it_is.size_mm, as_it_is.grams, as_it_is.filled_percent) == ((1_400, 850, 180), 21_000, 100)


def test_what_nobody_measured_goes_along_as_far_as_the_weight_allows() -> None:
    unknown = piece((0, 0, 0), 3_000, name="U")

    along, own = pack([piece(), unknown, unknown], BoxSet((SMALL,)), NODE)

    assert [one.sku for one in along.pieces] == ["A", "U"]
    assert ([one.sku for one in own.pieces], own.box, own.placed) == (["U"], SMALL, ())


def test_a_node_uses_only_boxes_that_it_has_and_padding_takes_room_on_every_side() -> None:
    elsewhere = BoxSet((Box("S", (200, 150, 100), 5_000, nodes=(NodeId("NYC"),)), LARGE))

    assert boxes_of(pack([piece()], elsewhere, NODE)) == ["L"]
    assert boxes_of(pack([piece()], elsewhere, NodeId("NYC"))) == ["S"]
    assert boxes_of(pack([piece((200, 150, 100))], BoxSet((SMALL, LARGE), padding_mm=5), NODE)) == ["L"]
    assert boxes_of(pack([piece()], BoxSet(()), NODE)) == [None]


sizes = st.tuples(*[st.integers(10, 260)] * 3)
some_pieces = st.lists(
    st.builds(
        Piece,
        st.sampled_from([LineId("1"), LineId("2")]),
        st.sampled_from([Sku("A"), Sku("B")]),
        sizes | st.just((0, 0, 0)),
        st.integers(0, 6_000),
        st.booleans(),
    ),
    max_size=14,
)
some_boxes = st.lists(
    st.builds(Box, st.uuids().map(str), st.tuples(*[st.integers(50, 400)] * 3), st.integers(1_000, 20_000)), max_size=3
)


def overlap(one: Placed, other: Placed) -> bool:
    return all(
        one.at_mm[axis] < other.at_mm[axis] + other.size_mm[axis]
        and other.at_mm[axis] < one.at_mm[axis] + one.size_mm[axis]
        for axis in range(3)
    )


def rests(one: Placed, others: list[Placed]) -> bool:
    top = one.at_mm[2]
    if top == 0:
        return True
    flat = [Placed(other.piece, (*other.at_mm[:2], 0), (*other.size_mm[:2], 1)) for other in others]
    shadow = Placed(one.piece, (*one.at_mm[:2], 0), (*one.size_mm[:2], 1))
    return any(
        other.at_mm[2] + other.size_mm[2] == top and overlap(shadow, ground)
        for other, ground in zip(others, flat, strict=True)
    )


@given(some_pieces, some_boxes, st.integers(0, 20))
def test_every_unit_is_packed_once_within_walls_and_weight_and_through_none_of_the_others(
    pieces: list[Piece], boxes: list[Box], padding: int
) -> None:
    parcels = pack(pieces, BoxSet(tuple(boxes), padding), NODE)

    assert sorted(map(repr, (one for parcel in parcels for one in parcel.pieces))) == sorted(map(repr, pieces))
    for parcel in parcels:
        placed = list(parcel.placed)
        assert not any(overlap(one, other) for one, other in combinations(placed, 2))
        assert all(sorted(one.size_mm) == sorted(one.piece.size_mm) for one in placed)
        assert len(parcel.pieces) == 1 or not any(one.alone for one in parcel.pieces)
        if parcel.box is None:
            assert len(parcel.pieces) == 1
            continue
        assert parcel.grams - parcel.box.tare_grams <= parcel.box.grams_max
        room = [side - 2 * padding for side in parcel.box.inner_mm]
        assert all(one.at_mm[axis] + one.size_mm[axis] <= room[axis] for one in placed for axis in range(3))
        assert all(rests(one, [other for other in placed if other is not one]) for one in placed)


@given(st.lists(sizes, min_size=1, max_size=8))
def test_boxes_cut_from_one_block_without_gaps_never_weigh_on_each_other(found: list[Size]) -> None:
    """Pieces of one height beside each other: all lie on the floor where the box is long enough."""
    flat = [piece((size[0], 40, 40), 1) for size in found]

    placed, left = place(flat, (sum(max(40, size[0]) for size in found), 40, 40), 1_000)

    assert not left
    assert {one.at_mm[2] for one in placed} == {0}


@pytest.mark.parametrize("count", [1, 27, 64])
def test_cubes_fill_a_cube(count: int) -> None:
    side = round(count ** (1 / 3))

    placed, left = place([piece((50, 50, 50), 1)] * count, (50 * side, 50 * side, 50 * side), 1_000)

    assert (len(placed), left) == (count, ())
