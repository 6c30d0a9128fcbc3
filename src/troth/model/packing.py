"""What goods are packed into: boxes as a versioned document, and what was proposed to be put into them."""

from typing import Final

from troth.model.ids import LineId, NodeId, Sku
from troth.model.value import dataclass

Size = tuple[int, int, int]
"""Length, width and height, in whole millimeters."""

UNBOXED: Final = ""
"""In place of a box: what goes as it is, since it fits into none or the node has none."""


@dataclass(frozen=True, slots=True)
class Box:
    """A carton or bag. What is packed fits into `inner_mm` and weighs no more than `grams_max`; the parcel measures
    `outer_mm` (zeros: as inside) and weighs `tare_grams` more than what is in it. It costs `cost_minor`, in minor units
    of the currency in which costs are counted. Without `nodes` every node has it.
    """

    box: str
    inner_mm: Size
    grams_max: int
    name: str = ""
    outer_mm: Size = (0, 0, 0)
    tare_grams: int = 0
    cost_minor: int = 0
    nodes: tuple[NodeId, ...] = ()

    @property
    def volume(self) -> int:
        """The volume inside, in cubic millimeters."""
        return self.inner_mm[0] * self.inner_mm[1] * self.inner_mm[2]


@dataclass(frozen=True, slots=True)
class BoxSet:
    """The boxes that nodes have. Between goods and walls `padding_mm` are left free, on every side."""

    boxes: tuple[Box, ...]
    padding_mm: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """One unit to be packed, as large (`size_mm`, zeros: nobody has measured it) and heavy as its item says. One that
    goes `alone` is in a parcel with nothing else. What is sold by measure is one piece of a `quantity`.
    """

    line_id: LineId
    sku: Sku
    size_mm: Size
    grams: int
    alone: bool = False
    quantity: int = 1

    @property
    def volume(self) -> int:
        """In cubic millimeters."""
        return self.size_mm[0] * self.size_mm[1] * self.size_mm[2]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a piece lies in its box: its corner nearest to the origin, and its size as it was turned."""

    piece: Piece
    at_mm: Size
    size_mm: Size


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is proposed to go together: a box (None: as it is), what lies where in it, and what has no size to be placed
    by.
    """

    box: Box | None
    placed: tuple[Placed, ...]
    unmeasured: tuple[Piece, ...] = ()

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All that is in it."""
        return (*(one.piece for one in self.placed), *self.unmeasured)

    @property
    def grams(self) -> int:
        """What it weighs, with its box."""
        return sum(piece.grams for piece in self.pieces) + (self.box.tare_grams if self.box else 0)

    @property
    def size_mm(self) -> Size:
        """Its size from outside; zeros where nothing of it is measured."""
        if self.box is not None:
            return self.box.outer_mm if any(self.box.outer_mm) else self.box.inner_mm
        return max((one.size_mm for one in self.placed), default=(0, 0, 0))

    @property
    def filled_percent(self) -> int:
        """How much of the box its measured pieces fill, rounded down; 100 of what goes as it is."""
        if self.box is None or not self.box.volume:
            return 100
        return sum(one.piece.volume for one in self.placed) * 100 // self.box.volume
