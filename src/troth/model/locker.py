"""Lockers: a bank of compartments by size, in which a store lays pickups so that customers open them by code."""

from troth.model.ids import NodeId
from troth.model.packing import Size
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class CompartmentSize:
    """The compartments of one size by their numbers: what lies in one fits into `inner_mm`, and weighs no more than
    `grams_max`.
    """

    name: str
    inner_mm: Size
    grams_max: int
    numbers: tuple[int, ...]

    @property
    def volume(self) -> int:
        """The volume inside, in cubic millimeters."""
        return self.inner_mm[0] * self.inner_mm[1] * self.inner_mm[2]


@dataclass(frozen=True, slots=True)
class Locker:
    """What makes a node a locker: the store that it belongs to (`home`), whose stock it hands over and whose staff load
    it within `load_minutes` of their opening hours, its compartments, and how long goods wait in one (`keep_hours`).

    A size is known by its position, so that what is promised of it stays so when its compartments change.
    """

    home: NodeId
    sizes: tuple[CompartmentSize, ...]
    keep_hours: float = 72.0
    load_minutes: int = 0

    def size_of(self, number: int) -> int | None:
        """The position of the size that a compartment has; None: there is no such compartment.

        >>> small = CompartmentSize("S", (300, 400, 100), 5000, (1, 2))
        >>> large = CompartmentSize("L", (300, 400, 600), 9000, (3,))
        >>> [Locker(NodeId("ST-1"), (small, large)).size_of(number) for number in (2, 3, 4)]
        [0, 1, None]
        """
        return next((at for at, size in enumerate(self.sizes) if number in size.numbers), None)
