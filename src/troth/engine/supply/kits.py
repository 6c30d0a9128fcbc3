"""Kits: a line of a kit is planned as one line that can be sent wherever a node has all components of some units, and
taken out of the components' supply.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.supply.overdue import moved_on
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.ids import Sku
from troth.model.inventory import Source
from troth.model.plan import Demand, DemandLine
from troth.model.value import dataclass

KIT_SOURCE = Source("kit")


@dataclass(frozen=True, slots=True, eq=False)
class Kits:
    """The components of a problem's lines: for each line (K) the SKUs and units of one unit of it, its own SKU once
    where it is no kit; `rows` is the supply of each SKU, with overdue dates moved on.
    """

    components: tuple[tuple[tuple[Sku, int], ...], ...]
    rows: Mapping[Sku, SupplyRows]

    def there(self, sku: Sku, node: int, until: float) -> int:
        """The units of a SKU that a node has by a time (POSIX; 0.0 on hand)."""
        rows = self.rows[sku]
        return int(rows.available[(rows.node_index == node) & (rows.available_from <= until)].sum())


def components_of(line: DemandLine) -> tuple[tuple[Sku, int], ...]:
    """The SKUs that one unit of a line takes, with units."""
    if line.terms is not None and line.terms.kit:
        return line.terms.kit
    return ((line.sku, 1),)


def counted_component(kit: Sequence[tuple[Sku, int]]) -> tuple[Sku, int]:
    """The component that stands for a kit where what orders take of it is counted, and its units: that of which a kit
    takes fewest, of several the first.

    >>> counted_component([(Sku("A"), 4), (Sku("B"), 1), (Sku("C"), 1)])
    ('B', 1)
    """
    return min(kit, key=lambda part: (part[1], part[0]))


def has_kits(lines: Sequence[DemandLine]) -> bool:
    """Whether any of the lines is of a kit."""
    return any(line.terms is not None and bool(line.terms.kit) for line in lines)


def wanted_skus(demand: Demand) -> list[Sku]:
    """Every SKU whose supply a demand's plan depends on, sorted: of lines, their kits' components, and substitutes."""
    skus = {sku for line in demand.lines for sku, _units in components_of(line)}
    skus |= {other.sku for line in demand.lines for other in line.instead}
    return sorted(skus | {line.sku for line in demand.lines})


def wanted_units(demand: Demand) -> dict[Sku, int]:
    """The most units of each SKU that a plan of a demand can take, also of components and substitutes."""
    units: dict[Sku, int] = {}
    for line in demand.lines:
        if line.quantity > 0:
            if line.terms is None:
                units[line.sku] = units.get(line.sku, 0) + line.quantity
                continue
            for one in (line, *line.instead):
                for sku, each in components_of(one):
                    units[sku] = units.get(sku, 0) + each * line.quantity
    return units


def find_kits(lines: Sequence[DemandLine], supply: Mapping[Sku, SupplyRows], now: float) -> Kits:
    """The components of these lines and their supply."""
    components = tuple(components_of(line) for line in lines)
    skus = {sku for parts in components for sku, _units in parts}
    return Kits(components, {sku: moved_on(supply.get(sku, NO_SUPPLY), now) for sku in skus})


def rows_of_kits(lines: Sequence[DemandLine], kits: Kits) -> tuple[SupplyRows, ...]:
    """The supply of each line, kit or not."""
    return tuple(
        kit_rows(parts, kits.rows) if line.terms is not None and line.terms.kit else kits.rows[line.sku]
        for line, parts in zip(lines, kits.components, strict=True)
    )


def kit_rows(kit: Sequence[tuple[Sku, int]], rows: Mapping[Sku, SupplyRows]) -> SupplyRows:
    """The supply of a kit: at each node and date so many more units as all components then make, out of the supply by
    which the last of them comes.

    A lot that does not keep makes kits that leave now, and none that wait for another component: whether it would still
    be good is not known before the plan is.

    >>> a = SupplyRows(np.array([0, 0]), np.array([3, 4]), np.array([0.0, 50.0]), (KIT_SOURCE, KIT_SOURCE))
    >>> b = SupplyRows(np.array([0]), np.array([2]), np.array([0.0]), (KIT_SOURCE,))
    >>> found = kit_rows([(Sku("A"), 2), (Sku("B"), 1)], {Sku("A"): a, Sku("B"): b})
    >>> found.available.tolist(), found.available_from.tolist()
    ([1, 1], [0.0, 50.0])
    """
    parts = [(rows[sku], units) for sku, units in kit]
    count = max((int(row.node_index.max(initial=-1)) for row, _units in parts), default=-1) + 1
    dates = np.unique(np.concatenate([row.available_from for row, _units in parts]))
    made = np.zeros((dates.size + 1, count), dtype=np.int64)
    for at, date in enumerate(dates.tolist(), 1):
        made[at] = np.min([_cumulative(row, date, count) // units for row, units in parts], axis=0)
    more = np.diff(np.maximum.accumulate(made, axis=0), axis=0)
    at_date, node = np.nonzero(more)
    found = SupplyRows(node.astype(np.int32), more[at_date, node], dates[at_date], (KIT_SOURCE,) * node.size)
    return replace(found, sources=_last_to_come(found, [row for row, _units in parts])) if dates.size > 1 else found


def _last_to_come(kits: SupplyRows, parts: Iterable[SupplyRows]) -> tuple[Source, ...]:
    """For each row of a kit the supply by which its last component comes; the kit's own where it is there, or where
    several come at once.
    """
    coming: dict[tuple[int, float], Source] = {}
    for rows in parts:
        for row in np.flatnonzero((rows.available_from > 0.0) & (rows.available > 0)).tolist():
            place = int(rows.node_index[row]), float(rows.available_from[row])
            known = coming.setdefault(place, rows.sources[row])
            if known != rows.sources[row]:
                coming[place] = KIT_SOURCE
    places = zip(kits.node_index.tolist(), kits.available_from.tolist(), strict=True)
    return tuple(coming.get(place, KIT_SOURCE) for place in places)


def share_a_sku(components: Iterable[Sequence[tuple[Sku, int]]]) -> bool:
    """Whether any two lines take units of one SKU."""
    seen: set[Sku] = set()
    for parts in components:
        own = {sku for sku, _units in parts}
        if own & seen:
            return True
        seen |= own
    return False


def _cumulative(rows: SupplyRows, until: float, count: int) -> NDArray[np.int64]:
    """The units (nodes) that have come by a time; of a later one without lots that do not keep."""
    totals = np.zeros(count, dtype=np.int64)
    has_come = rows.available_from <= until
    if until > 0.0 and rows.good_until is not None:
        has_come &= np.isinf(rows.good_until)
    np.add.at(totals, rows.node_index[has_come], rows.available[has_come])
    return totals
