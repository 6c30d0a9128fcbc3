"""Why an order is promised anew, in words: its supply is short, does not last, is late, or comes at another time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from troth.model.inventory import SupplyKey, dated_by, lot_within
from troth.model.item import Item
from troth.model.measure import told

NOTHING_DIVIDED: Final[Mapping[SupplyKey, str]] = {}


def tell_lost(
    lost: Iterable[SupplyKey], spoiled: Iterable[SupplyKey], divided: Mapping[SupplyKey, str] = NOTHING_DIVIDED
) -> str:
    """Which supplies an order loses units of, and how what is left of them is `divided`, where that is told.

    >>> from troth.model.ids import NodeId, Sku
    >>> key = SupplyKey(Sku("A"), NodeId("DC-PA"))
    >>> tell_lost([key], (), {key: "gold has 4 of 6, silver has 2 of 3 (2 by a floor)"})
    'A at DC-PA (gold has 4 of 6, silver has 2 of 3 (2 by a floor)) is short'
    """
    short = dict.fromkeys(_name(key) + (f" ({divided[key]})" if divided.get(key) else "") for key in sorted(set(lost)))
    names = [f"lot {lot_within(key.source)} of {key.sku} at {key.node} no longer lasts" for key in spoiled]
    return " and ".join([*names, f"{' and '.join(short)} is short"] if short else names)


def tell_late(moved: Sequence[SupplyKey]) -> str:
    """That supplies come at another time."""
    return f"{_names(moved)} comes at another time"


def tell_overdue(missed: Sequence[SupplyKey]) -> str:
    """That supplies should have come."""
    return f"{_names(missed)} is overdue"


def tell_units(item: Item | None) -> Callable[[int], str]:
    """How units of an item are told: pieces as a number, what is sold by measure with its unit."""
    return str if item is None or item.decimals == 0 else lambda units: told(units, item.decimals, item.unit)


def _names(keys: Iterable[SupplyKey]) -> str:
    return " and ".join(map(_name, keys))


def _name(key: SupplyKey) -> str:
    """What people call a supply.

    >>> from troth.model.ids import NodeId, Sku
    >>> _name(SupplyKey(Sku("A"), NodeId("DC-PA"))), _name(SupplyKey(Sku("A"), NodeId("DC-PA"), "po/45/1"))
    ('A at DC-PA', 'A of purchase order 45')
    """
    dated = dated_by(key.source)
    return f"{key.sku} at {key.node}" if dated is None else f"{key.sku} of {dated.name}"
