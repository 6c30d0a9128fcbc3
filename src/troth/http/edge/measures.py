"""Quantities as people say them and as they are kept: the one place where what is sold by measure is scaled.

Of an item sold by the piece a quantity is a whole number. Of one that is sold by measure it is a number or decimal text
with at most the item's decimals; inside it is a whole number of the smallest part that is sold.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from troth.http.edge.operations import Call
from troth.http.edge.problems import Refused
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.measure import DECIMALS_MAX, PIECE, shown, units_in
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.value import dataclass

Given = int | Decimal
"""A quantity as it was sent: a whole number as such, so that most need no arithmetic."""

Units = int | float
"""A quantity as it is answered."""

_DECIMAL: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a quantity may be (in wholes): a whole number or one with decimals, from `least` (where `is_above` anything
    above that) to `most`.
    """

    least: int
    most: int
    is_above: bool = False

    def read(self, given: object) -> Given:
        """The quantity that is sent; refused where it is none."""
        if type(given) is int:
            value: Given = given
        elif isinstance(given, float) or (isinstance(given, str) and _DECIMAL.fullmatch(given)):
            value = Decimal(repr(given) if isinstance(given, float) else given)
            if not value.is_finite():
                raise PydanticCustomError("finite_number", "must be a number, neither infinite nor NaN")
            if value != round(value, DECIMALS_MAX):
                raise PydanticCustomError("decimals", f"must have at most {DECIMALS_MAX} decimals")
        else:
            raise PydanticCustomError("quantity", "must be a whole number, or a number of what is sold by measure")
        if value < self.least or (self.is_above and value == self.least):
            than = "more than" if self.is_above else "at least"
            raise PydanticCustomError("too_small", f"must be {than} {self.least}")
        if value > self.most:
            raise PydanticCustomError("too_large", f"must be at most {self.most}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic reads it."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """How it is described."""
        bound = "exclusiveMinimum" if self.is_above else "minimum"
        return {
            "anyOf": [
                {"type": "integer", bound: self.least, "maximum": self.most},
                {"type": "number", bound: self.least, "maximum": self.most},
                {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,3})?$"},
            ]
        }


Quantity = Annotated[Given, Measured(0, 1_000_000, is_above=True)]
"""How much of an item, more than nothing."""

NoneOrMore = Annotated[Given, Measured(0, 1_000_000)]
"""How much of an item, or nothing."""


class Scaling:
    """Quantities of one request, scaled by item or line; `done` refuses all that do not fit, by their fields."""

    def __init__(self) -> None:
        self._flaws: list[FieldFlaw] = []

    def of_item(self, given: Given, item: Item | None, pointer: str) -> int:
        """The units that are meant of an item; of one that is not there whole ones."""
        decimals = 0 if item is None else item.decimals
        name = "it is sold by the piece" if item is None or not decimals else f"{item.sku} is sold by the {item.unit}"
        return self.units(given, decimals, pointer, name)

    def of_line(self, given: Given, decimals: Mapping[str, int], line_id: str, pointer: str) -> int:
        """The units that are meant of an order line."""
        return self.units(given, decimals.get(line_id, 0), pointer, f"line {line_id} is measured so")

    def units(self, given: Given, decimals: int, pointer: str, why: str) -> int:
        """The units that are meant where one has so many decimals."""
        units = units_in(given, decimals)
        if units is None:
            what = f"must have at most {decimals} decimals" if decimals else "must be a whole number"
            self._flaws.append(FieldFlaw(pointer, f"{what}: {why}"))
            return 0
        return units

    @property
    def flaws(self) -> tuple[FieldFlaw, ...]:
        """What did not fit so far."""
        return tuple(self._flaws)

    def done(self) -> None:
        """Refuse the request if anything did not fit."""
        if self._flaws:
            raise Refused(Invalid(tuple(self._flaws)))


def decimals_of_lines(order: Order) -> dict[str, int]:
    """The decimals of an order's lines that are measured, and of those that have several dates by their own name."""
    found: dict[str, int] = {}
    for line in order.lines:
        if line.decimals:
            found[line.line_id] = line.decimals
            if line.terms is not None and line.terms.schedule_of is not None:
                found[line.terms.schedule_of] = line.decimals
    return found


def of_sku(units: int, sku: str, items: Mapping[Sku, Item]) -> Units:
    """Units of a SKU as they are answered."""
    item = items.get(Sku(sku))
    return units if item is None else shown(units, item.decimals)


def summed(amounts: Iterable[Units]) -> Units:
    """A sum of quantities of one measure, without what adding decimals leaves behind."""
    total = sum(amounts)
    return round(total, DECIMALS_MAX) if isinstance(total, float) else total


class MeasuredUnits(msgspec.Struct, frozen=True):
    """Units of items that are sold by one measure."""

    unit: str
    units: Units


def sum_by_measure(amounts: Iterable[tuple[str, int]], items: Mapping[Sku, Item]) -> dict[str, Units]:
    """Units of SKUs added up by what they are sold by, by its name: pieces (`each`), which are always there, first."""
    found: dict[str, list[Units]] = {PIECE: []}
    for sku, units in amounts:
        item = items.get(Sku(sku))
        unit = PIECE if item is None or not item.decimals else item.unit
        found.setdefault(unit, []).append(of_sku(units, sku, items))
    return {unit: summed(found[unit]) for unit in sorted(found, key=lambda unit: (unit != PIECE, unit))}


def measured(sums: Mapping[str, Units]) -> tuple[MeasuredUnits, ...]:
    """Sums of what is sold by measure as they are answered, without the pieces."""
    return tuple(MeasuredUnits(unit, units) for unit, units in sorted(sums.items()) if unit != PIECE)


def of_line(units: int, line_id: LineId, decimals: Mapping[str, int]) -> Units:
    """Units of an order line as they are answered."""
    return shown(units, decimals.get(line_id, 0)) if decimals else units


async def known_items(call: Call[Any, Any], skus: Iterable[str]) -> Mapping[Sku, Item]:
    """The items by SKU, among them these as far as they are there."""
    reference = call.system.door.reference
    await reference.need_items({Sku(sku) for sku in skus})
    return reference.items
