"""What is sent of a transfer: all of it, or which of its units moved."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from troth.flows.stock.move_transfer import MovedLine
from troth.http.edge.body import Id, Instant, LotName, Name, Strict
from troth.http.edge.measures import Quantity, Scaling
from troth.http.edge.problems import Refused
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.transfer import Transfer, TransferLine

_LINES_MAX: Final = 5_000
LineNumber = Annotated[int, Field(ge=1, le=1_000_000)]
Serials = Annotated[
    tuple[Name, ...], Field(max_length=_LINES_MAX, description="The serial numbers of some or all of the units.")
]


class TransferLineBody(Strict):
    """Units of a SKU that shall go."""

    line: Annotated[LineNumber | None, Field(description="Left out: its place in the list, from 1.")] = None
    sku: Id
    quantity: Quantity
    lot: Annotated[
        LotName | None, Field(description="Only units of this lot; left out: the lots that expire first, when shipped.")
    ] = None


class TransferBody(Strict):
    """All of a transfer."""

    from_: Annotated[Id, Field(alias="from", description="The node that sends.")]
    to: Annotated[Id, Field(description="The node that receives.")]
    expected_at: Annotated[Instant, Field(description="When what was shipped is on hand at the receiver.")]
    lines: Annotated[tuple[TransferLineBody, ...], Field(min_length=1, max_length=_LINES_MAX)]

    def transfer(self, items: Mapping[Sku, Item]) -> Transfer:
        """The transfer that this is; Refused where a quantity does not fit its item."""
        scaling = Scaling()
        lines = tuple(
            TransferLine(
                line.line or place,
                Sku(line.sku),
                scaling.of_item(line.quantity, items.get(Sku(line.sku)), f"/lines/{place - 1}/quantity"),
                line.lot or "",
            )
            for place, line in enumerate(self.lines, start=1)
        )
        scaling.done()
        return Transfer(NodeId(self.from_), NodeId(self.to), self.expected_at, lines)


class ShippedLineBody(Strict):
    """Units of one line, by its number."""

    line: LineNumber
    quantity: Quantity
    lot: Annotated[
        LotName | None, Field(description="The lot that they are of; left out: the lots that expire first.")
    ] = None
    serials: Serials = ()


class EndedLineBody(Strict):
    """Units of one line that were on their way, by its number."""

    line: LineNumber
    quantity: Quantity
    lot: Annotated[
        LotName | Literal[""] | None,
        Field(description="The lot that they are of, empty where of none; may be left out where it is clear."),
    ] = None
    serials: Serials = ()


class ShipBody(Strict):
    """Which units; without lines it is all that are left."""

    lines: Annotated[tuple[ShippedLineBody, ...], Field(max_length=_LINES_MAX)] = ()


class ReceiveBody(Strict):
    """Which units; without lines it is all that are on their way."""

    lines: Annotated[tuple[EndedLineBody, ...], Field(max_length=_LINES_MAX)] = ()


class LoseBody(Strict):
    """Which units will not arrive, and why; without lines it is all that are on their way."""

    reason: Annotated[Name, Field(description="Any word, such as `damaged` or `stolen`.")]
    lines: Annotated[tuple[EndedLineBody, ...], Field(max_length=_LINES_MAX)] = ()


def moved_lines(
    lines: Sequence[ShippedLineBody | EndedLineBody], transfer: Transfer, items: Mapping[Sku, Item]
) -> tuple[MovedLine, ...]:
    """The units that lines mean of a transfer; Refused where one occurs twice or does not fit its item."""
    skus = {line.line: line.sku for line in transfer.lines}
    scaling = Scaling()
    flaws, seen = [], set()
    moved = []
    for place, one in enumerate(lines):
        if (one.line, one.lot) in seen:
            what = f"lot {one.lot} of line {one.line}" if one.lot else f"line {one.line}"
            flaws.append(FieldFlaw(f"/lines/{place}/line", f"{what} occurs twice"))
        seen.add((one.line, one.lot))
        item = items.get(skus[one.line]) if one.line in skus else None
        units = scaling.of_item(one.quantity, item, f"/lines/{place}/quantity")
        moved.append(MovedLine(one.line, units, one.lot, one.serials))
    if flaws:
        raise Refused(Invalid(tuple(flaws)))
    scaling.done()
    return tuple(moved)
