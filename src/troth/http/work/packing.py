"""How a node could pack its work."""

from collections import Counter
from typing import Final

import msgspec

from troth.flows.orders.packing import propose_packing
from troth.http.edge.body import NoQuery
from troth.http.edge.measures import Units, decimals_of_lines, of_line
from troth.http.edge.operations import NO_BODY, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import centimeters
from troth.http.orders import examples
from troth.http.work.fulfillments import NO_WORK, WORK_PATH, read_visible_work
from troth.model.ids import LineId
from troth.model.order import Order
from troth.model.packing import Box, Parcel, Piece, Placed
from troth.model.refusals import NotPossibleNow


class PlacedAnswer(msgspec.Struct, frozen=True):
    """Where a unit lies in its box: the corner nearest to the box's own, and how it is turned, in centimeters."""

    line_id: str
    sku: str
    at_cm: tuple[float, float, float]
    size_cm: tuple[float, float, float]


class ProposedLine(msgspec.Struct, frozen=True):
    """Units of a line in a package, as a report of what was packed says it."""

    line_id: str
    quantity: Units


class ProposedPackage(msgspec.Struct, frozen=True):
    """A package as it is proposed. `box` is null where something goes as it is. Of `unmeasured` SKUs in it no size is
    known: whether they fit has to be seen.
    """

    package_id: str
    box: str | None
    box_name: str | None
    lines: tuple[ProposedLine, ...]
    weight_kg: float
    dimensions_cm: tuple[float, float, float] | None
    filled_percent: int
    placed: tuple[PlacedAnswer, ...]
    unmeasured: tuple[str, ...]


class PackingAnswer(msgspec.Struct, frozen=True):
    """Packages in the shape in which `pack` takes them, with more about each."""

    fulfillment_id: str
    packages: tuple[ProposedPackage, ...]


def answer_packing(fulfillment_id: str, order: Order, parcels: tuple[Parcel, ...]) -> PackingAnswer:
    """The answer that proposed parcels are."""
    decimals = decimals_of_lines(order)
    return PackingAnswer(
        fulfillment_id, tuple(_package(str(number), one, decimals) for number, one in enumerate(parcels, 1))
    )


def _package(package_id: str, parcel: Parcel, decimals: dict[str, int]) -> ProposedPackage:
    units: Counter[LineId] = Counter()
    for piece in parcel.pieces:
        units[piece.line_id] += piece.quantity
    lines = [ProposedLine(line_id, of_line(count, line_id, decimals)) for line_id, count in units.items()]
    return ProposedPackage(
        package_id,
        parcel.box.box if parcel.box else None,
        (parcel.box.name or parcel.box.box) if parcel.box else None,
        tuple(lines),
        parcel.grams / 1000,
        centimeters(parcel.size_mm) if any(parcel.size_mm) else None,
        parcel.filled_percent,
        tuple(map(_placed, parcel.placed)),
        tuple(dict.fromkeys(piece.sku for piece in parcel.unmeasured)),
    )


def _placed(one: Placed) -> PlacedAnswer:
    return PlacedAnswer(one.piece.line_id, one.piece.sku, centimeters(one.at_mm), centimeters(one.size_mm))


async def read_packing(call: Plain) -> Reply:
    """Propose packages for what the node has not packed yet."""
    order, work = await read_visible_work(call)
    parcels = await propose_packing(call.system, order, work)
    if isinstance(parcels, NotPossibleNow):
        raise Refused(parcels)
    return json_reply(answer_packing(work.fulfillment_id, order, parcels))


_CARTON: Final = Box("M", (400, 300, 200), 20_000, "Medium carton", (410, 310, 210), 250, 80)
_UNIT: Final = Piece(examples.ORDER.lines[0].line_id, examples.ORDER.lines[0].sku, (300, 200, 80), 900)
_EXAMPLE: Final = answer_packing(
    examples.FULFILLMENT_ID,
    examples.ORDER,
    (Parcel(_CARTON, (Placed(_UNIT, (0, 0, 0), _UNIT.size_mm), Placed(_UNIT, (0, 0, 80), _UNIT.size_mm))),),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/fulfillments/{fulfillment_id}/packing",
        name="propose_packing",
        summary="Packages in which a node could pack its work: boxes, what goes into each, and where it lies",
        tag="fulfillments",
        run=read_packing,
        shown=(Shown(200, "Packages that hold each unit once", PackingAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(NO_WORK, NotPossibleNow("pack", "nothing is left to be packed")),
        path_examples=WORK_PATH,
    ),
)
