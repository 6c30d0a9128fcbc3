"""What makes a node a locker, as clients send it and as it is answered."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from pydantic import BeforeValidator, Field

from troth.http.edge.body import Id, Strict
from troth.http.edge.values import centimeters
from troth.http.records.item_body import DimensionsBody, name_sides, whole_measure
from troth.model.ids import NodeId
from troth.model.locker import CompartmentSize, Locker
from troth.model.refusals import FieldFlaw

_GRAMS: Final = 1000
_MILLIMETERS: Final = 10
_NUMBER_MAX: Final = 9_999


class CompartmentsBody(Strict):
    """The compartments of one size: what fits inside, how much one holds, and their numbers."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    inner_cm: Annotated[
        Annotated[DimensionsBody, BeforeValidator(name_sides)],
        Field(description="Length, width and height inside, exact to the millimeter; a list of the three will do."),
    ]
    weight_kg_max: Annotated[Decimal, Field(gt=0, le=1000, description="What lies in one may weigh.")] = Decimal(20)
    numbers: Annotated[
        tuple[Annotated[int, Field(ge=1, le=_NUMBER_MAX)], ...],
        Field(max_length=1000, description="The numbers on their doors, each of one compartment."),
    ]


class LockerBody(Strict):
    """Whose locker it is, how long goods wait in it, how long its store takes to load it, and its compartments. What is
    promised of a size is known by its position: new sizes come last.
    """

    home: Id
    sizes: Annotated[tuple[CompartmentsBody, ...], Field(min_length=1, max_length=20)]
    keep_hours: Annotated[Decimal, Field(gt=0, le=720, description="How long goods wait for their customer.")] = (
        Decimal(72)
    )
    load_minutes: Annotated[int, Field(ge=0, le=1_440, description="Of its store's hours, to bring goods there.")] = 0

    def locker(self, flaws: list[FieldFlaw]) -> Locker:
        """The locker that this is; what cannot be meant is added to the flaws."""
        flaws += self._flaws()
        return Locker(
            NodeId(self.home),
            tuple(_size(row, f"/locker/sizes/{at}", flaws) for at, row in enumerate(self.sizes)),
            float(self.keep_hours),
            self.load_minutes,
        )

    def _flaws(self) -> Iterator[FieldFlaw]:
        names: set[str] = set()
        numbers: set[int] = set()
        for at, row in enumerate(self.sizes):
            if row.name in names:
                yield FieldFlaw(f"/locker/sizes/{at}/name", "is the name of another size")
            if len(set(row.numbers)) < len(row.numbers) or numbers.intersection(row.numbers):
                yield FieldFlaw(f"/locker/sizes/{at}/numbers", "names a compartment a second time")
            names.add(row.name)
            numbers.update(row.numbers)


class CompartmentsAnswer(msgspec.Struct, frozen=True):
    """The compartments of one size."""

    name: str
    inner_cm: tuple[float, float, float]
    weight_kg_max: float
    numbers: tuple[int, ...]


class LockerAnswer(msgspec.Struct, frozen=True):
    """What makes a node a locker."""

    home: str
    sizes: tuple[CompartmentsAnswer, ...]
    keep_hours: float
    load_minutes: int


def answer_locker(locker: Locker | None) -> LockerAnswer | None:
    """A locker as it is answered, and as it can be sent back."""
    if locker is None:
        return None
    return LockerAnswer(
        locker.home,
        tuple(
            CompartmentsAnswer(size.name, centimeters(size.inner_mm), size.grams_max / _GRAMS, size.numbers)
            for size in locker.sizes
        ),
        locker.keep_hours,
        locker.load_minutes,
    )


def _size(row: CompartmentsBody, pointer: str, flaws: list[FieldFlaw]) -> CompartmentSize:
    sides = (("length", row.inner_cm.length), ("width", row.inner_cm.width), ("height", row.inner_cm.height))
    length, width, height = (
        whole_measure(side, _MILLIMETERS, f"{pointer}/inner_cm/{name}", "millimeter", flaws) for name, side in sides
    )
    grams = whole_measure(row.weight_kg_max, _GRAMS, f"{pointer}/weight_kg_max", "gram", flaws)
    return CompartmentSize(row.name, (length, width, height), grams, tuple(sorted(set(row.numbers))))
