"""How much of an item a channel is told there is, as a level that does not flicker: it is left later than reached.

*Source:* the Schmitt trigger (O. H. Schmitt, "A thermionic trigger", J. Sci. Instruments 15, 1938): two thresholds, of
which the one that counts is that of the level one comes from.
"""

from troth.engine.supply.available_to_sell import Stock, StockStatus
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Few are left from `enter` units down, until there are more than `leave`; what was gone is back from `back` on."""

    enter: int
    leave: int
    back: int = 1


def next_level(before: StockStatus | None, stock: Stock, at: Thresholds) -> StockStatus:
    """The level after another one (None: none is known yet) of what may be sold now.

    Never are more told than there are: only what is gone is gone, but for the few units below `back`.

    >>> from functools import reduce
    >>> at = Thresholds(enter=3, leave=6, back=2)
    >>> told = [next_level(StockStatus.IN_STOCK, Stock(units, 0, None), at).value for units in (4, 3)]
    >>> told, next_level(StockStatus.LOW_STOCK, Stock(6, 0, None), at).value
    (['in_stock', 'low_stock'], 'low_stock')
    >>> [next_level(StockStatus.OUT_OF_STOCK, Stock(units, 0, None), at).value for units in (1, 2, 7)]
    ['out_of_stock', 'low_stock', 'in_stock']
    """
    gone = StockStatus.BACKORDER if stock.incoming > 0 else StockStatus.OUT_OF_STOCK
    was_gone = before in (StockStatus.OUT_OF_STOCK, StockStatus.BACKORDER)
    if stock.available <= 0 or (was_gone and stock.available < at.back):
        return gone
    was_few = was_gone or before is StockStatus.LOW_STOCK
    return StockStatus.LOW_STOCK if stock.available <= (at.leave if was_few else at.enter) else StockStatus.IN_STOCK
