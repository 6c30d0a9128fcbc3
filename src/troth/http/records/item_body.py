"""What clients send about an item, and the item that it is: exact to the cent, the gram and the millimeter."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, StringConstraints

from troth.engine.supply.available_to_sell import LOW_STOCK_ATTRIBUTE, is_low_stock_max
from troth.http.edge.body import Id, MoneyBody, Name, Quantity, Strict, Text
from troth.http.edge.problems import Refused
from troth.model.barcodes import is_gtin
from troth.model.customs import find_customs_flaws
from troth.model.ids import Sku
from troth.model.item import Item, Restrictions, Substitute
from troth.model.measure import DECIMALS_MAX, PIECE
from troth.model.order import Method
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.regions import place_flaw

GRAMS_A_KILOGRAM: Final = 1000
MILLIMETERS_A_CENTIMETER: Final = 10
_ATTRIBUTES_MAX: Final = 100
_COMPONENTS_MAX: Final = 100
_SUBSTITUTES_MAX: Final = 50
_BARCODES_MAX: Final = 50
BASIS_POINTS_A_PERCENT: Final = 100

_SIDES: Final = ("length", "width", "height")

# Not strict, since pydantic would then take no text for a decimal once a list was turned into an object.
Measure = Annotated[Decimal, Field(strict=False, ge=0, le=1_000_000, max_digits=24)]


Percent = Annotated[Decimal, Field(strict=False, ge=0, le=100, max_digits=8)]
Place = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(?:-[A-Z0-9]{1,5})?$")]
Places = Annotated[tuple[Place, ...], Field(max_length=300)]


class DimensionsBody(Strict):
    """Length, width and height in centimeters."""

    length: Measure
    width: Measure
    height: Measure


def name_sides(given: object) -> object:
    """Three sides in a list by their names; anything else as it is."""
    return dict(zip(_SIDES, given, strict=True)) if isinstance(given, list) and len(given) == len(_SIDES) else given


class ComponentBody(Strict):
    """An item of a kit, and how many of it a kit has."""

    sku: Id
    quantity: Quantity


class SubstituteBody(Strict):
    """An item that may stand in for this one; the customer pays so much more (or less) for each unit."""

    sku: Id
    price_delta: MoneyBody | None = None


class RestrictionsBody(Strict):
    """Where an item may not go, and what whoever keeps and carries it must be able to do.

    A place is a country (`US`) or a region of it (`US-CA`). Without methods every method is allowed.
    """

    not_to: Places = ()
    not_from: Places = ()
    methods: Annotated[tuple[Annotated[Method, Field(strict=False)], ...], Field(max_length=10)] = ()
    node_needs: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    service_needs: Annotated[tuple[Id, ...], Field(max_length=100)] = ()

    def restrictions(self) -> Restrictions | None:
        """The restrictions that these are; None where there are none."""
        found = Restrictions(
            not_to=self.not_to,
            not_from=self.not_from,
            methods=tuple(method.value for method in self.methods),
            node_needs=self.node_needs,
            service_needs=self.service_needs,
        )
        return None if found == Restrictions() else found


class ItemBody(Strict):
    """An item. Everything may be left out; what is left out is empty or zero."""

    sku: Annotated[Id | None, Field(description="May be left out; else the same as in the path.")] = None
    name: Name | None = None
    category: Text = ""
    brand: Text = ""
    price: MoneyBody | None = None
    cost: MoneyBody | None = None
    weight_kg: Annotated[Measure, Field(description="A number or decimal text, exact to the gram.")] = Decimal(0)
    dimensions_cm: Annotated[
        Annotated[DimensionsBody, BeforeValidator(name_sides)] | None,
        Field(description="Length, width and height, exact to the millimeter; a list of the three will do."),
    ] = None
    gtin: Annotated[str, Field(max_length=14, description="GTIN-8, -12, -13 or -14, with its check digit.")] = ""
    kit: Annotated[tuple[ComponentBody, ...], Field(max_length=_COMPONENTS_MAX)] = ()
    attributes: Annotated[
        dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], Text], Field(max_length=_ATTRIBUTES_MAX)
    ] = {}  # noqa: RUF012 - pydantic copies it
    substitutes: Annotated[
        tuple[SubstituteBody, ...], Field(max_length=_SUBSTITUTES_MAX, description="The best first.")
    ] = ()
    ship_alone: Annotated[bool, Field(description="Never in a parcel with other lines.")] = False
    restrictions: RestrictionsBody | None = None
    return_percent: Annotated[
        Percent | None, Field(description="Of units that come back, to two decimals; else that of the category.")
    ] = None
    min_remaining_days: Annotated[
        int,
        Field(ge=0, le=3650, description="For how many days after its delivery what is sent must still be good."),
    ] = 0
    serialized: Annotated[bool, Field(description="Each unit has a serial number, named before it leaves.")] = False

    unit: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9]{1,16}$"),
        Field(description="What one of it is: `each`, or what it is measured in, as `m`, `kg` or `l`."),
    ] = PIECE
    decimals: Annotated[int, Field(ge=0, le=DECIMALS_MAX, description="How many decimals its quantities may have.")] = 0

    backorder_max: Annotated[
        int | None,
        Field(ge=0, le=1_000_000_000, description="At most so many units may be promised of what is still to come."),
    ] = None

    barcodes: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")], ...],
        Field(max_length=_BARCODES_MAX, description="What else a unit is scanned as, beside its SKU and its GTIN."),
    ] = ()

    def item(self, sku: Sku) -> Item:
        """The item that this is; Refused with everything that it cannot mean."""
        flaws: list[FieldFlaw] = []
        if self.sku is not None and self.sku != sku:
            flaws.append(FieldFlaw("/sku", f"must be {sku}, as in the path"))
        if self.gtin and not is_gtin(self.gtin):
            flaws.append(FieldFlaw("/gtin", "must be 8, 12, 13 or 14 digits, of which the last is the check digit"))
        low = self.attributes.get(LOW_STOCK_ATTRIBUTE)
        if low is not None and not is_low_stock_max(low):
            flaws.append(FieldFlaw(f"/attributes/{LOW_STOCK_ATTRIBUTE}", "must be a number of units, such as 5"))
        flaws += [FieldFlaw(f"/attributes/{name}", why) for name, why in find_customs_flaws(self.attributes).items()]
        currency, price, cost = self._money(flaws)
        item = Item(
            sku=sku,
            name=self.name or sku,
            category=self.category,
            currency=currency,
            price_minor=price,
            cost_minor=cost,
            weight_grams=whole_measure(self.weight_kg, GRAMS_A_KILOGRAM, "/weight_kg", "gram", flaws),
            dimensions_mm=self._dimensions(flaws),
            gtin=self.gtin,
            kit=tuple((Sku(component.sku), component.quantity) for component in self.kit),
            attributes=self.attributes,
            substitutes=self._substitutes(currency, flaws),
            ship_alone=self.ship_alone,
            restrictions=None if self.restrictions is None else self.restrictions.restrictions(),
            brand=self.brand,
            return_basis_points=None
            if self.return_percent is None
            else whole_measure(
                self.return_percent, BASIS_POINTS_A_PERCENT, "/return_percent", "hundredth of a percent", flaws
            ),
            min_remaining_days=self.min_remaining_days,
            serialized=self.serialized,
            unit=self.unit,
            decimals=self.decimals,
            backorder_max=self.backorder_max,
            barcodes=self.barcodes,
        )
        flaws += _kit_flaws(item)
        flaws += _place_flaws(item)
        flaws += _substitute_flaws(item)
        flaws += _measure_flaws(item)
        if flaws:
            raise Refused(Invalid(tuple(flaws)))
        return item

    def _money(self, flaws: list[FieldFlaw]) -> tuple[str, int, int]:
        """The one currency of the item, its price and its cost in minor units."""
        amounts = []
        for name, given in (("price", self.price), ("cost", self.cost)):
            amount = None if given is None else given.parse(f"/{name}")
            if amount is not None and amount.minor < 0:
                flaws.append(FieldFlaw(f"/{name}/amount", "must not be negative"))
            amounts.append(amount)
        price, cost = amounts
        if price is not None and cost is not None and price.currency != cost.currency:
            flaws.append(FieldFlaw("/cost/currency", f"must be {price.currency}, the currency of the price"))
        currency = next((amount.currency for amount in amounts if amount is not None), "USD")
        return currency, price.minor if price else 0, cost.minor if cost else 0

    def _substitutes(self, currency: str, flaws: list[FieldFlaw]) -> tuple[Substitute, ...]:
        found = []
        for position, given in enumerate(self.substitutes):
            pointer = f"/substitutes/{position}/price_delta"
            delta = None if given.price_delta is None else given.price_delta.parse(pointer)
            if delta is not None and delta.currency != currency:
                flaws.append(FieldFlaw(f"{pointer}/currency", f"must be {currency}, the currency of the item"))
            found.append(Substitute(Sku(given.sku), 0 if delta is None else delta.minor))
        return tuple(found)

    def _dimensions(self, flaws: list[FieldFlaw]) -> tuple[int, int, int]:
        if self.dimensions_cm is None:
            return (0, 0, 0)
        given = self.dimensions_cm
        length, width, height = (
            whole_measure(side, MILLIMETERS_A_CENTIMETER, f"/dimensions_cm/{name}", "millimeter", flaws)
            for name, side in zip(_SIDES, (given.length, given.width, given.height), strict=True)
        )
        return length, width, height


def whole_measure(value: Decimal, scale: int, pointer: str, unit: str, flaws: list[FieldFlaw]) -> int:
    """A measure in its smallest unit; a flaw where it is finer than that."""
    scaled = value * scale
    if scaled != scaled.to_integral_value():
        flaws.append(FieldFlaw(pointer, f"is finer than a {unit}"))
    return int(scaled)


def _measure_flaws(item: Item) -> list[FieldFlaw]:
    if not item.decimals:
        return []
    flaws = []
    if item.unit == PIECE:
        flaws.append(FieldFlaw("/unit", "what is sold by the piece has no decimals: say what it is measured in"))
    if item.kit:
        flaws.append(FieldFlaw("/decimals", "a kit is sold by the piece"))
    if item.serialized:
        flaws.append(FieldFlaw("/decimals", "what has serial numbers is sold by the piece"))
    return flaws


def _substitute_flaws(item: Item) -> list[FieldFlaw]:
    skus = [substitute.sku for substitute in item.substitutes]
    return [
        FieldFlaw(f"/substitutes/{position}/sku", "an item is no substitute of itself")
        if sku == item.sku
        else FieldFlaw(f"/substitutes/{position}/sku", f"{sku} occurs twice")
        for position, sku in enumerate(skus)
        if sku == item.sku or sku in skus[:position]
    ]


def _place_flaws(item: Item) -> Iterator[FieldFlaw]:
    """Places that no address is in, which would restrict nothing."""
    if item.restrictions is not None:
        for name, places in (("not_to", item.restrictions.not_to), ("not_from", item.restrictions.not_from)):
            for at, place in enumerate(places):
                flaw = place_flaw(place.upper())
                if flaw:
                    yield FieldFlaw(f"/restrictions/{name}/{at}", f"{place} {flaw}")


def _kit_flaws(item: Item) -> list[FieldFlaw]:
    flaws = []
    seen: set[str] = set()
    for position, (sku, _) in enumerate(item.kit):
        if sku == item.sku:
            flaws.append(FieldFlaw(f"/kit/{position}/sku", "a kit does not contain itself"))
        elif sku in seen:
            flaws.append(FieldFlaw(f"/kit/{position}/sku", f"{sku} occurs twice"))
        seen.add(sku)
    return flaws
