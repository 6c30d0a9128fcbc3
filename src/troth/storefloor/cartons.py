"""Cartons that are proposed for a work, and the packages that a form says."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from starlette.datastructures import FormData

from troth.flows.door.system import System
from troth.flows.orders.packing import propose_packing
from troth.model.ids import LineId
from troth.model.order import Fulfillment, Order, Package, PackageLine
from troth.model.packing import Parcel
from troth.model.refusals import NotPossibleNow
from troth.model.value import dataclass
from troth.pages.asking import text, units_of

_GRAMS: Final = 1_000
_GRAMS_MAX: Final = 100_000_000
_PACKAGES_MAX: Final = 200
_PROPOSED: Final = "package"
_BY_HAND: Final = "hand"
_FIELDS: Final = {"proposed": (_PROPOSED, "weight"), "hand": (_BY_HAND, "handweight")}
"""How the fields are called that say what is in each package, and what it weighs, by how it was packed."""


@dataclass(frozen=True, slots=True)
class Carton:
    """A package as it is proposed: its number, what it is called (empty: it goes as it is), units by line, and what it
    weighs (kilograms); whether all of it was measured. `box` and `size_mm` are those of the box.
    """

    number: int
    name: str
    units: tuple[tuple[LineId, int], ...]
    weight_kg: str
    is_measured: bool
    box: str = ""
    size_mm: tuple[int, int, int] = (0, 0, 0)

    @property
    def boxed(self) -> str:
        """The box and its size, as a form has them."""
        return "~".join((self.box, *map(str, self.size_mm)))

    def field(self, line_id: str) -> str:
        """The name of the field that says how many units of a line are in it."""
        return f"package~{self.number}~{line_id}"


async def propose_cartons(system: System, order: Order, work: Fulfillment) -> tuple[Carton, ...]:
    """The cartons into which a work fits; none where nobody can say."""
    parcels = await propose_packing(system, order, work)
    if isinstance(parcels, NotPossibleNow) or len(parcels) > _PACKAGES_MAX:
        return ()
    return tuple(_carton(number, parcel) for number, parcel in enumerate(parcels, 1))


def read_packages(form: FormData, everything: dict[LineId, int], decimals: Mapping[LineId, int]) -> tuple[Package, ...]:
    """The packages that a form says: the proposed ones or those said by hand with their weights, or one with
    everything. A package said by hand of which nothing is in it is none.
    """
    cartons: dict[int, dict[LineId, int]] = {}
    kind, weight = _FIELDS.get(text(form, "packing"), ("", ""))
    for name, value in form.multi_items() if kind else ():
        of, _, rest = name.partition("~")
        number, _, line_id = rest.partition("~")
        places = decimals.get(LineId(line_id), 0) if kind == _BY_HAND else 0
        units = units_of(str(value).strip() or "0", places) if of == kind and number.isdecimal() else None
        if units:
            cartons.setdefault(int(number), {})[LineId(line_id)] = units
    if not cartons:
        cartons, weight = {1: everything}, "weight_kg"
    return tuple(
        Package(
            str(count),
            tuple(PackageLine(line_id, units) for line_id, units in lines.items()),
            grams_of(text(form, f"{weight}~{number}") or text(form, "weight_kg")),
            box=boxed.partition("~")[0],
            size_mm=_size_of(boxed),
        )
        for count, (number, lines) in enumerate(sorted(cartons.items()), 1)
        for boxed in (text(form, f"box~{number}") if kind == _PROPOSED else "",)
    )


def grams_of(given: str) -> int | None:
    """A weight in kilograms as grams; None where it says none.

    >>> grams_of("1,25"), grams_of(""), grams_of("heavy")
    (1250, None, None)
    """
    try:
        grams = Decimal(given.replace(",", ".")) * _GRAMS if given else Decimal(0)
    except InvalidOperation:
        return None
    return round(grams) if grams.is_finite() and 0 < grams <= _GRAMS_MAX else None


def _size_of(boxed: str) -> tuple[int, int, int]:
    """The size of a box as a form has it (millimeters); zeros where it says none."""
    sides = [int(side) for side in boxed.split("~")[1:] if side.isdecimal() and side.isascii() and len(side) <= 6]
    return (sides[0], sides[1], sides[2]) if len(sides) == 3 else (0, 0, 0)


def _carton(number: int, parcel: Parcel) -> Carton:
    units: Counter[LineId] = Counter()
    for piece in parcel.pieces:
        units[piece.line_id] += piece.quantity
    name = (parcel.box.name or parcel.box.box) if parcel.box else ""
    weight = f"{Decimal(parcel.grams) / _GRAMS:f}" if parcel.grams else ""
    box, is_measured = parcel.box.box if parcel.box else "", not parcel.unmeasured
    return Carton(number, name, tuple(units.items()), weight, is_measured, box, parcel.size_mm)
