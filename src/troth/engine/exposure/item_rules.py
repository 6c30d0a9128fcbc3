"""Which rules speak of one item at which nodes: looked up once, remembered as long as rules, item and nodes stay.

A mask is True (every node), False (none), or an array of the nodes (N).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from troth.engine.exposure.compiled import CompiledExposure, Ready
from troth.engine.network import Network
from troth.engine.rules.compiled import Compiled
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import is_certain
from troth.model.exposure import (
    ChannelBuffer,
    Exclusion,
    Finding,
    ProductAllocation,
    Protection,
    SafetyStock,
    Threshold,
)
from troth.model.ids import LineId
from troth.model.item import Item
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine

Mask = bool | NDArray[np.bool_]

R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class ItemRules:
    """The rules that speak of an item, with the nodes at which they do.

    Of `safety_stock` and of `finding` each node is in the mask of the one that decides there.
    """

    safety_stock: tuple[tuple[Ready[SafetyStock], Mask], ...]
    finding: tuple[tuple[Ready[Finding], Mask], ...]
    thresholds: tuple[tuple[Ready[Threshold], Mask], ...]
    exclusions: tuple[tuple[Ready[Exclusion], Mask], ...]
    protections: tuple[tuple[Ready[Protection], Mask], ...]
    buffers: tuple[Ready[ChannelBuffer], ...]
    allocations: tuple[Ready[ProductAllocation], ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing speaks of the item anywhere."""
        return not (
            self.safety_stock
            or self.finding
            or self.thresholds
            or self.exclusions
            or self.protections
            or self.buffers
            or self.allocations
        )


def find_item_rules(rules: CompiledExposure, item: Item, network: Network, now: datetime) -> ItemRules:
    """The rules that speak of an item. One that cannot be evaluated somewhere does not speak there, unless it is about
    what must not be shown: an exclusion then does.
    """
    line = DemandLine(
        LineId("1"),
        item.sku,
        1,
        item.weight_grams,
        volume_cm3=_volume(item),
        item=item,
        unit_price_minor=item.price_minor,
    )
    ground = Ground(Demand((line,), None, Method.SHIP), {}, network, currency=item.currency, now=now)
    with np.errstate(all="ignore"):
        return ItemRules(
            safety_stock=_deciding([(one, _mask(one.where, ground)) for one in rules.safety_stock]),
            finding=_deciding([(one, _mask(one.where, ground)) for one in rules.finding]),
            thresholds=_speaking([(one, _mask(one.where, ground)) for one in rules.thresholds]),
            exclusions=_speaking([(one, _mask(one.where, ground, unknown=True)) for one in rules.exclusions]),
            protections=_speaking([(one, _mask(one.where, ground)) for one in rules.protections]),
            buffers=tuple(one for one in rules.buffers if is_anywhere(_mask(one.where, ground))),
            allocations=tuple(one for one in rules.allocations if is_anywhere(_mask(one.where, ground))),
        )


def is_anywhere(mask: Mask) -> bool:
    """Whether a mask holds at any node."""
    return mask if isinstance(mask, bool) else bool(mask.any())


def holds_at(mask: Mask, position: int) -> bool:
    """Whether a mask holds at a node."""
    return mask if isinstance(mask, bool) else bool(mask[position])


def _mask(where: Compiled | None, ground: Ground, *, unknown: bool = False) -> Mask:
    if where is None:
        return True
    if where.code is None:
        return unknown
    value = where.code.run(ground)
    holds = is_certain(value)
    if unknown and value.known is not True:
        holds = np.logical_or(holds, np.logical_not(value.known))
    if isinstance(holds, bool):
        return holds
    found = np.asarray(holds)
    if found.size == 1:
        return bool(found.reshape(-1)[0])
    spread: NDArray[np.bool_] = found.reshape(-1)
    return bool(spread[0]) if bool((spread == spread[0]).all()) else spread


def _speaking(found: Sequence[tuple[R, Mask]]) -> tuple[tuple[R, Mask], ...]:
    return tuple((one, mask) for one, mask in found if is_anywhere(mask))


def _deciding(found: Sequence[tuple[R, Mask]]) -> tuple[tuple[R, Mask], ...]:
    """The same, each node only with the first that speaks there."""
    decided: list[tuple[R, Mask]] = []
    taken: Mask = False
    for one, mask in found:
        left: Mask = mask if taken is False else False if taken is True else np.logical_and(mask, ~taken)
        if not is_anywhere(left):
            continue
        decided.append((one, left))
        taken = True if mask is True else np.logical_or(taken, mask)
    return tuple(decided)


def _volume(item: Item) -> int:
    length, width, height = item.dimensions_mm
    return length * width * height // 1000
