"""What is to be picked for some works, in walking order: one stop for each item, with what each work wants of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from troth.flows.door.system import System
from troth.model.barcodes import scan_keys
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import Balance, lot_of
from troth.model.item import Item
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import AllocationEvent, is_possible
from troth.model.measure import PIECE
from troth.model.order import Fulfillment, Order
from troth.model.shelf import walk_key
from troth.model.status import live_allocations
from troth.model.value import dataclass
from troth.store.balances import read_lots
from troth.store.reference import read_items
from troth.store.shelf_places import read_shelf_places


@dataclass(frozen=True, slots=True)
class LotOnShelf:
    """A lot that lies on the shelf (empty: units of none), until when it is good, and how much of it was planned."""

    lot: str
    expires_on: date | None
    planned: int


@dataclass(frozen=True, slots=True)
class Want:
    """How much a work wants of an item, for which line; `tote` tells the works of a walk apart. Where the shelf has
    lots of the item it is said from which of them (`lots`, as planned or another one) it was picked.
    """

    fulfillment_id: FulfillmentId
    line_id: LineId
    external_id: str
    tote: int
    units: int
    planned: tuple[tuple[str, int], ...] = ()
    lots: tuple[LotOnShelf, ...] = ()

    @property
    def field(self) -> str:
        """The name of its field in a form."""
        return f"picked~{self.fulfillment_id}~{self.line_id}"

    def lot_field(self, lot: str) -> str:
        """The name of the field that says how many units were taken of a lot."""
        return f"lot~{self.fulfillment_id}~{self.line_id}~{lot}"


@dataclass(frozen=True, slots=True)
class Stop:
    """An item on the walk: where it lies, what it is scanned as (in one form), and who wants it."""

    sku: Sku
    item: Item
    place: str
    keys: tuple[str, ...]
    wants: tuple[Want, ...]
    parts: tuple[tuple[Sku, int], ...] = ()

    @property
    def units(self) -> int:
        """Units that all works together want."""
        return sum(want.units for want in self.wants)

    @property
    def decimals(self) -> int:
        """Decimals of its quantities; of what is sold by the piece none."""
        return self.item.decimals if self.item.unit != PIECE else 0

    @property
    def step(self) -> str:
        """The smallest quantity of it, as forms say it."""
        return f"{Decimal(1).scaleb(-self.decimals):f}"

    def shown(self, units: int) -> str:
        """A quantity of it, as forms say it."""
        return f"{Decimal(units).scaleb(-self.decimals):f}"


async def read_stops(system: System, node: NodeId, works: Sequence[tuple[Order, Fulfillment]]) -> tuple[Stop, ...]:
    """The stops of a walk for works of a node that are still to be picked."""
    wanted = wanted_units(works)
    async with system.pool.acquire() as connection:
        items = await read_items(connection, set(wanted))
        places = await read_shelf_places(connection, node, set(wanted))
        lots = await read_lots(connection, [(sku, node) for sku in sorted(wanted)])
    return stops_of(with_lots(wanted, lots), items, places, kits={sku: item.kit for sku, item in items.items()})


def with_lots(wanted: Mapping[Sku, Sequence[Want]], lots: Sequence[Balance]) -> dict[Sku, list[Want]]:
    """What is wanted, with the lots that lie on the shelf, the first to expire first."""
    by_sku: dict[Sku, list[Balance]] = {}
    for balance in lots:
        by_sku.setdefault(balance.key.sku, []).append(balance)
    return {
        sku: [replace(want, lots=_lots_for(want, by_sku[sku])) for want in wants] if sku in by_sku else list(wants)
        for sku, wants in wanted.items()
    }


def _lots_for(want: Want, lots: Sequence[Balance]) -> tuple[LotOnShelf, ...]:
    planned = dict(want.planned)
    found = [LotOnShelf(lot, one.expires_on, planned.get(lot, 0)) for one in lots if (lot := lot_of(one.key.source))]
    return (*found, LotOnShelf("", None, planned.get("", 0)))


def wanted_units(works: Sequence[tuple[Order, Fulfillment]]) -> dict[Sku, list[Want]]:
    """What works want of each item, the works in the order given. Of a kit, kits."""
    wanted: dict[Sku, list[Want]] = {}
    for tote, (order, work) in enumerate(works, 1):
        parts = [
            part
            for part in live_allocations(order)
            if part.fulfillment_id == work.fulfillment_id and is_possible(part.state, AllocationEvent.PICK)
        ]
        kits = kits_of(order)
        skus = {part.line_id: part.sku for part in parts}
        skus |= {line.line_id: line.sku for line in order.lines if line.line_id in kits}
        for line_id, units in begun_units(parts, kits).items():
            planned: dict[str, int] = {}
            for part in parts:
                if part.line_id == line_id and line_id not in kits:
                    planned[lot_of(part.source)] = planned.get(lot_of(part.source), 0) + part.quantity
            want = Want(work.fulfillment_id, line_id, order.external_id, tote, units, tuple(planned.items()))
            wanted.setdefault(skus[line_id], []).append(want)
    return wanted


def stops_of(
    wanted: Mapping[Sku, Sequence[Want]],
    items: Mapping[Sku, Item],
    places: Mapping[Sku, str],
    *,
    kits: Mapping[Sku, tuple[tuple[Sku, int], ...]],
) -> tuple[Stop, ...]:
    """The stops in walking order; at one place by SKU."""
    stops = [
        Stop(
            sku,
            item := items.get(sku) or Item(sku, name=sku),
            places.get(sku, ""),
            scan_keys(item),
            tuple(wants),
            kits.get(sku, ()),
        )
        for sku, wants in wanted.items()
    ]
    return tuple(sorted(stops, key=lambda stop: (walk_key(stop.place), stop.sku)))
