"""Future supply of the sample retailer: purchase orders that arrive in the coming weeks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node, NodeType
from troth.model.value import dataclass
from troth.replay.retailer.catalog import is_drop_ship_only
from troth.replay.retailer.stock import WEEKLY_UNITS_PER_ITEM

FIRST_NUMBER: Final = 4_500_001
LINES_MAX: Final = 40
DAYS_AHEAD: Final = (3, 42)
_REPLENISHED: Final = 0.1
_SUPPLIERS: Final = (
    "Marlowe Mills",
    "Tessaly Textiles",
    "Orrin Outdoor Makers",
    "Quill & Sons Metalware",
    "Pellam Footwear",
    "Vance Hollow Goods",
)


@dataclass(frozen=True, slots=True)
class PurchaseOrderLine:
    """Units of a SKU that are to arrive at a node at a time."""

    node: NodeId
    sku: Sku
    quantity: int
    expected_at: datetime


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """What a supplier is to deliver."""

    number: str
    supplier: str
    lines: tuple[PurchaseOrderLine, ...]


def make_purchase_orders(
    nodes: Sequence[Node],
    items: Sequence[Item],
    *,
    popularity: NDArray[np.float64],
    awaited: NDArray[np.bool_],
    today: date,
    generator: np.random.Generator,
) -> tuple[PurchaseOrder, ...]:
    """What is expected at the distribution centers: an order for each supplier and day, of at most `LINES_MAX` lines.

    All awaited items come, and one in ten of the others that the retailer stocks; one to four weeks of their demand.
    """
    dcs = [node for node in nodes if node.type is NodeType.DC]
    categories = sorted({item.category for item in items})
    batches: dict[tuple[int, date], list[PurchaseOrderLine]] = {}
    for index, item in enumerate(items):
        is_replenished = generator.random() < _REPLENISHED and not is_drop_ship_only(item)
        if not (awaited[index] or is_replenished):
            continue
        dc = dcs[generator.integers(len(dcs))]
        supplier = categories.index(item.category) % len(_SUPPLIERS)
        day = _delivery_day(supplier, today + timedelta(days=int(generator.integers(*DAYS_AHEAD))))
        quantity = popularity[index] * WEEKLY_UNITS_PER_ITEM * len(items) * generator.uniform(1, 4) / len(dcs)
        line = PurchaseOrderLine(dc.node, item.sku, max(6, round(quantity)), _arrival(day, dc))
        batches.setdefault((supplier, day), []).append(line)
    full = [
        (_SUPPLIERS[supplier], tuple(lines[start : start + LINES_MAX]))
        for (supplier, _), lines in sorted(batches.items())
        for start in range(0, len(lines), LINES_MAX)
    ]
    return tuple(
        PurchaseOrder(str(number), supplier, lines) for number, (supplier, lines) in enumerate(full, FIRST_NUMBER)
    )


def _delivery_day(supplier: int, day: date) -> date:
    """The next day from a day on at which a supplier delivers: each has one day of the working week."""
    return day + timedelta(days=(supplier % 5 - day.weekday()) % 7)


def _arrival(day: date, dc: Node) -> datetime:
    """Ten in the morning at a distribution center, on that day or the first after it on which it works."""
    working = (day + timedelta(days=later) for later in range(14))
    first = next(
        each for each in working if each.weekday() in dc.calendar.weekdays and each not in dc.calendar.holidays
    )
    return datetime.combine(first, time(10), ZoneInfo(dc.time_zone)).astimezone(UTC)
