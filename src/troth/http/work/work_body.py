"""What nodes and carriers report."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from troth.http.edge.body import Id, Instant, LotName, MoneyBody, Name, Strict, Text
from troth.http.edge.measures import NoneOrMore, Quantity, Scaling
from troth.http.orders.order_body import UnitsBody, line_quantities
from troth.model.commands import LineQuantity, LineSerials, LotQuantity
from troth.model.ids import LineId, Sku
from troth.model.order import Package, PackageLine
from troth.model.pickup import PaidAtCounter
from troth.model.tracking import Proof

_LINES_MAX = 1_000
_PACKAGES_MAX = 1_000
TRACKED_MAX = 1_000

Serial = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-.0-~]+$")]
Serials = Annotated[tuple[Serial, ...], Field(min_length=1, max_length=10_000, strict=False)]
Side = Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)]
Reason = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9_]*$")]


class AtBody(Strict):
    """When it was done; now where it is left out."""

    at: Instant | None = None


class RejectBody(AtBody):
    """Why, and which units; all where `lines` are left out."""

    reason: Name
    lines: Annotated[tuple[UnitsBody, ...], Field(min_length=1, max_length=_LINES_MAX, strict=False)] = ()

    def units(self, decimals: Mapping[str, int]) -> tuple[LineQuantity, ...]:
        """The units that are meant of lines with so many decimals."""
        return line_quantities(self.lines, decimals)


class SerialsBody(Strict):
    """Serial numbers of units of an order line; `sku` where the line's units are of several, as of a kit."""

    line_id: Id
    sku: Id | None = None
    serials: Serials


class SerialsAtBody(AtBody):
    """A report that may name serials: what it says of a line replaces what was said of it before."""

    serials: Annotated[
        tuple[SerialsBody, ...],
        Field(max_length=_LINES_MAX, strict=False, description="One number for each unit of a serialized item."),
    ] = ()

    def named(self) -> tuple[LineSerials, ...]:
        """The serials that are meant."""
        return tuple(
            LineSerials(
                LineId(one.line_id), one.serials, None if one.sku is None else Sku(one.sku), f"/serials/{at}/serials"
            )
            for at, one in enumerate(self.serials)
        )


class PickedLot(Strict):
    """Units that were picked from a lot."""

    lot: LotName | None = None
    quantity: Quantity


class PickedUnits(Strict):
    """How many units of an order line were picked (0: none were found), and why the rest was not."""

    line_id: Id
    quantity: NoneOrMore
    short_reason: Reason | None = None
    lots: Annotated[
        tuple[PickedLot, ...],
        Field(max_length=_LINES_MAX, strict=False, description="The lots picked from, where not those planned."),
    ] = ()
    serials: Annotated[Serials | None, Field(description="The numbers of the picked units of a serialized item.")] = (
        None
    )


class PickBody(SerialsAtBody):
    """What was picked; everything where `lines` are left out. Of a named line, what is missing is sourced again."""

    lines: Annotated[tuple[PickedUnits, ...], Field(min_length=1, max_length=_LINES_MAX, strict=False)] = ()

    def units(self, decimals: Mapping[str, int]) -> tuple[LineQuantity, ...]:
        """The units that are meant of lines with so many decimals."""
        scaling = Scaling()
        units = tuple(
            LineQuantity(
                LineId(line.line_id),
                scaling.of_line(line.quantity, decimals, line.line_id, f"/lines/{at}/quantity"),
                line.short_reason or "",
                tuple(
                    LotQuantity(
                        lot.lot or "",
                        scaling.of_line(lot.quantity, decimals, line.line_id, f"/lines/{at}/lots/{number}/quantity"),
                    )
                    for number, lot in enumerate(line.lots)
                ),
            )
            for at, line in enumerate(self.lines)
        )
        scaling.done()
        return units

    def named(self) -> tuple[LineSerials, ...]:
        """The serials that are meant, those of lines first."""
        of_lines = tuple(
            LineSerials(LineId(line.line_id), line.serials, pointer=f"/lines/{at}/serials")
            for at, line in enumerate(self.lines)
            if line.serials is not None
        )
        return (*of_lines, *super().named())


class PackageLineBody(Strict):
    """Units of an order line in a package."""

    line_id: Id
    quantity: Quantity


class PackedBody(Strict):
    """A package and what is in it."""

    package_id: Id
    lines: Annotated[tuple[PackageLineBody, ...], Field(max_length=_LINES_MAX, strict=False)] = ()
    weight_kg: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] | None = None
    box: Annotated[
        str | None, StringConstraints(max_length=64), Field(description="In which box it is; null: as it is.")
    ] = None
    dimensions_cm: Annotated[
        tuple[Side, Side, Side] | None, Field(strict=False, description="Length, width and height, outside.")
    ] = None


class PackBody(SerialsAtBody):
    """The packages; one with everything where none is named."""

    packages: Annotated[tuple[PackedBody, ...], Field(max_length=_PACKAGES_MAX, strict=False)] = ()

    def packed(self, decimals: Mapping[str, int]) -> tuple[Package, ...]:
        """The packages that are meant, of lines with so many decimals."""
        scaling = Scaling()
        packages = tuple(
            Package(
                package.package_id,
                tuple(
                    PackageLine(
                        LineId(line.line_id),
                        scaling.of_line(
                            line.quantity, decimals, line.line_id, f"/packages/{at}/lines/{number}/quantity"
                        ),
                    )
                    for number, line in enumerate(package.lines)
                ),
                None if package.weight_kg is None else round(package.weight_kg * 1000),
                box=package.box or "",
                size_mm=_millimeters(package.dimensions_cm),
            )
            for at, package in enumerate(self.packages)
        )
        scaling.done()
        return packages


def _millimeters(sides: tuple[float, float, float] | None) -> tuple[int, int, int]:
    length, width, height = sides or (0, 0, 0)
    return round(length * 10), round(width * 10), round(height * 10)


class ShippedBody(Strict):
    """A package and the carrier's facts about it."""

    package_id: Id
    carrier: Text = ""
    service: Text = ""
    tracking_number: Annotated[str, StringConstraints(max_length=64, pattern=r"^[!-~]*$")] = ""


class ShipBody(SerialsAtBody):
    """The packages that left, with what the carrier says of them."""

    packages: Annotated[tuple[ShippedBody, ...], Field(max_length=_PACKAGES_MAX, strict=False)] = ()

    def shipped(self) -> tuple[Package, ...]:
        """The packages that are meant."""
        return tuple(
            Package(
                package.package_id,
                carrier=package.carrier,
                service=package.service,
                tracking_number=package.tracking_number,
            )
            for package in self.packages
        )


class UndoBody(AtBody):
    """Why a step is taken back."""

    reason: Text = ""


class ReadyBody(SerialsAtBody):
    """Where the goods wait for the customer."""

    staging: Text = ""


class ReceiveBody(AtBody):
    """Packages that came in, by their ids or tracking numbers (none: all), and where the goods wait once all are."""

    packages: Annotated[tuple[Name, ...], Field(max_length=_PACKAGES_MAX, strict=False)] = ()
    staging: Text = ""


class PaidBody(Strict):
    """What was paid at the counter, with what, and the number of the receipt."""

    amount: MoneyBody
    tender: Text = ""
    receipt: Text = ""

    def told(self) -> PaidAtCounter:
        """What is meant."""
        money = self.amount.parse("/paid/amount")
        return PaidAtCounter(money.minor, money.currency, self.tender, self.receipt)


class CollectBody(SerialsAtBody):
    """Who took the goods. A code must be that of the pickup. Where the identity was checked instead, `collected_by` is
    the customer or whoever they said comes in their place. `paid` is what they paid at the counter, where something is
    due there.
    """

    code: Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9]*$")] | None = None
    collected_by: Text = ""
    identity_checked: bool = False
    paid: PaidBody | None = None


class ProofBody(Strict):
    """What shows that goods were handed over: who took them, where a photo of it is, the text of a signature."""

    name: Text = ""
    photo: Annotated[str, StringConstraints(max_length=500)] = ""
    signature: Text = ""

    def told(self) -> Proof | None:
        """The proof; None where nothing is said."""
        found = Proof(self.name, self.photo, self.signature)
        return None if found == Proof() else found


class DeliverBody(AtBody):
    """When the goods arrived, and what shows it."""

    proof: ProofBody | None = None


class TrackedBody(Strict):
    """A carrier's checkpoint of a parcel. Once all of its parcels are `delivered` so is the fulfillment."""

    tracking_number: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
    status: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
    carrier: Text = ""
    at: Instant | None = None
    place: Text = ""
    estimated_delivery_at: Instant | None = None
    proof: ProofBody | None = None
