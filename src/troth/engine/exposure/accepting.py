"""How many units of a line would be accepted: as many as its supply holds when so many are asked for."""

from collections.abc import Callable

import numpy as np

from troth.engine.exposure.taking import Pool, exposed_supply
from troth.engine.supply.kits import kit_rows
from troth.engine.supply.supply import QUANTITY_MAX, SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand
from troth.model.value import dataclass

Reader = Callable[[Sku], SupplyRows]
RowsAsked = Callable[[int], SupplyRows]
"""What a line could take if it asked for so many units."""


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """Units that are accepted of what is there now, and beside them of what is coming; `rows` is what they are of."""

    available: int
    incoming: int
    rows: SupplyRows


def rows_of_line(pool: Pool, demand: Demand, read: Reader, cap: Callable[[Sku, SupplyRows], SupplyRows]) -> RowsAsked:
    """What the one line of a demand could take; of a kit as many as can be made. `cap` is what may be backordered."""
    (line,) = demand.lines
    kit = line.terms.kit if line.terms is not None else ()
    skus = [sku for sku, _units in kit] or [line.sku]

    def ask(units: int) -> SupplyRows:
        supply = exposed_supply(pool, demand, skus, read, asked=units)
        capped = {sku: cap(sku, supply[sku]) for sku in skus}
        return kit_rows(kit, capped) if kit else capped[line.sku]

    return ask


def find_accepted(ask: RowsAsked, *, is_kit: bool) -> Accepted:
    """The most that is accepted. Where more is asked for less may be taken, so that each is looked for by halving.

    Of a single item what is left of it when everything is asked for is all of that already.
    """
    if not is_kit:
        rows = ask(QUANTITY_MAX)
        return Accepted(_now(rows), int(rows.available.sum()) - _now(rows), rows)
    whole = ask(0)
    total = find_most(lambda units: int(ask(units).available.sum()), int(whole.available.sum()))
    now = find_most(lambda units: _now(ask(units)), min(total, _now(whole)))
    return Accepted(now, total - now, ask(total))


def find_most(taken: Callable[[int], int], top: int) -> int:
    """The most units, up to `top`, of which as many are taken when they are asked for."""
    if taken(top) >= top:
        return top
    least, most = 0, top
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if taken(middle) >= middle else (least, middle)
    return least


def _now(rows: SupplyRows) -> int:
    return int(np.where(rows.available_from == 0.0, rows.available, 0).sum())
