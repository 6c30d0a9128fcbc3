"""Cartons that are proposed for a work, and the packages that a form says."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from starlette.datastructures import FormData

from troth.flows.door.system import System
from troth.flows.orders.packing import propose_packing
from troth.model.ids import LineId
from troth.model.order import Fulfillment, Order, Package, PackageLine
from troth.model.packing import Parcel
from troth.model.refusals import NotPossibleNow
from troth.pages.asking import text

_GRAMS: Final = 1_000
_GRAMS_MAX: Final = 100_000_000
_PACKAGES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Carton:
    """A package as it is proposed: its number, what it is called (empty: it goes as it is), units by line, and what it
    weighs (kilograms); whether all of it was measured.
    """

    number: int
    name: str
    units: tuple[tuple[LineId, int], ...]
    weight_kg: str
    is_measured: bool

    def field(self, line_id: str) -> str:
        """The name of the field that says how many units of a line are in it."""
        return f"package~{self.number}~{line_id}"


async def propose_cartons(system: System, order: Order, work: Fulfillment) -> tuple[Carton, ...]:
    """The cartons into which a work fits; none where nobody can say."""
    parcels = await propose_packing(system, order, work)
    if isinstance(parcels, NotPossibleNow) or len(parcels) > _PACKAGES_MAX:
        return ()
    return tuple(_carton(number, parcel) for number, parcel in enumerate(parcels, 1))


def read_packages(form: FormData, everything: dict[LineId, int]) -> tuple[Package, ...]:
    """The packages that a form says: the proposed ones with their weights, or one with everything."""
    cartons: dict[int, dict[LineId, int]] = {}
    if text(form, "packing") == "proposed":
        for name, value in form.multi_items():
            kind, _, rest = name.partition("~")
            number, _, line_id = rest.partition("~")
            if kind == "package" and number.isdecimal() and str(value).isdecimal():
                cartons.setdefault(int(number), {})[LineId(line_id)] = int(str(value))
    if not cartons:
        cartons = {1: everything}
    return tuple(
        Package(
            str(number),
            tuple(PackageLine(line_id, units) for line_id, units in lines.items()),
            grams_of(text(form, f"weight~{number}") or text(form, "weight_kg")),
        )
        for number, lines in sorted(cartons.items())
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


def _carton(number: int, parcel: Parcel) -> Carton:
    units: Counter[LineId] = Counter()
    for piece in parcel.pieces:
        units[piece.line_id] += piece.quantity
    name = (parcel.box.name or parcel.box.box) if parcel.box else ""
    weight = f"{Decimal(parcel.grams) / _GRAMS:f}" if parcel.grams else ""
    return Carton(number, name, tuple(units.items()), weight, is_measured=not parcel.unmeasured)
