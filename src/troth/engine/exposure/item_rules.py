"""Which rules speak of one item at which nodes: looked up once, remembered as long as rules, item and nodes stay.

A mask is True (every node), False (none), or an array of the nodes (N). Rules say how many of what an item is sold in;
of one that is sold by measure they are found with amounts in its smallest part, in which supply is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.exposure.compiled import CompiledExposure, Dated, Ready
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
from troth.model.measure import scale_of
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine
from troth.model.value import dataclass

Mask = bool | NDArray[np.bool_]

R = TypeVar("R")
D = TypeVar("D", bound=Dated)


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


def labels_of(rules: ItemRules) -> frozenset[str]:
    """The names (document/rule) of all of them."""
    plain = {ready.label for ready in rules.buffers} | {ready.label for ready in rules.allocations}
    return frozenset(plain | {label for label, _mask in _masks(rules)})


def find_item_rules(rules: CompiledExposure, item: Item, network: Network, now: datetime) -> ItemRules:
    """The rules that speak of an item. One that cannot be evaluated somewhere does not speak there, unless it is about
    what must not be shown: an exclusion then does.
    """
    found = _decided(_find_named(rules, item, network, now))
    return found if not item.decimals else _by_measure(found, scale_of(item.decimals))


def find_kit_rules(
    rules: CompiledExposure, kit: Item, parts: Sequence[Item], network: Network, now: datetime, *, counted: int
) -> ItemRules:
    """Of the rules that speak of a kit those that count for the kit itself, in kits, at the nodes at which they do.

    A rule counts once: where it names a part of the kit as well, it is that part which it keeps. What lies there, and
    how surely it is found, is said of parts only. `counted` is how many units stand for a kit in a quota.
    """
    own, named = _find_named(rules, kit, network, now), dict[str, Mask]()
    taken = set[str]()
    for of_part in (_find_named(rules, part, network, now) for part in parts):
        taken |= {ready.label for ready in of_part.buffers} | {ready.label for ready in of_part.allocations}
        for label, mask in _masks(of_part):
            before = named.get(label, False)
            named[label] = True if before is True or mask is True else np.logical_or(before, mask)
    quotas = [ready for ready in own.allocations if ready.label not in taken]
    return _decided(
        ItemRules(
            safety_stock=_elsewhere(own.safety_stock, named),
            finding=(),
            thresholds=_elsewhere(own.thresholds, named),
            exclusions=_elsewhere(own.exclusions, named),
            protections=_elsewhere(own.protections, named),
            buffers=tuple(ready for ready in own.buffers if ready.label not in taken),
            allocations=tuple(replace(ready, rule=_quota(ready.rule, counted)) for ready in quotas),
        )
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


def _find_named(rules: CompiledExposure, item: Item, network: Network, now: datetime) -> ItemRules:
    """The rules that name an item, each with all nodes at which it does."""
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
            safety_stock=_speaking([(one, _mask(one.where, ground)) for one in rules.safety_stock]),
            finding=_speaking([(one, _mask(one.where, ground)) for one in rules.finding]),
            thresholds=_speaking([(one, _mask(one.where, ground)) for one in rules.thresholds]),
            exclusions=_speaking([(one, _mask(one.where, ground, unknown=True)) for one in rules.exclusions]),
            protections=_speaking([(one, _mask(one.where, ground)) for one in rules.protections]),
            buffers=tuple(one for one in rules.buffers if is_anywhere(_mask(one.where, ground))),
            allocations=tuple(one for one in rules.allocations if is_anywhere(_mask(one.where, ground))),
        )


def _decided(rules: ItemRules) -> ItemRules:
    """The rules with each node only in the mask of the one that decides there, where one does."""
    return replace(rules, safety_stock=_deciding(rules.safety_stock), finding=_deciding(rules.finding))


def _masks(rules: ItemRules) -> list[tuple[str, Mask]]:
    every = (rules.safety_stock, rules.thresholds, rules.exclusions, rules.protections)
    return [(ready.label, mask) for those in every for ready, mask in those]


def _elsewhere(own: Sequence[tuple[Ready[D], Mask]], named: Mapping[str, Mask]) -> tuple[tuple[Ready[D], Mask], ...]:
    """Rules with their masks, without the nodes at which they are named already."""
    found: list[tuple[Ready[D], Mask]] = []
    for ready, mask in own:
        other = named.get(ready.label, False)
        left: Mask = mask if other is False else False if other is True else np.logical_and(mask, np.logical_not(other))
        if is_anywhere(left):
            found.append((ready, left))
    return tuple(found)


def _by_measure(rules: ItemRules, scale: int) -> ItemRules:
    """The rules of an item that is sold by measure, their amounts in its smallest part."""
    return replace(
        rules,
        safety_stock=tuple((replace(one, rule=_safety(one.rule, scale)), mask) for one, mask in rules.safety_stock),
        thresholds=tuple(
            (replace(one, rule=replace(one.rule, below_units=one.rule.below_units * scale)), mask)
            for one, mask in rules.thresholds
        ),
        protections=tuple((replace(one, rule=_protection(one.rule, scale)), mask) for one, mask in rules.protections),
        buffers=tuple(
            replace(one, rule=replace(one.rule, units=_times(one.rule.units, scale))) for one in rules.buffers
        ),
        allocations=tuple(replace(one, rule=_quota(one.rule, scale)) for one in rules.allocations),
    )


def _safety(rule: SafetyStock, scale: int) -> SafetyStock:
    return replace(
        rule,
        units=_times(rule.units, scale),
        units_min=rule.units_min * scale,
        units_max=_times(rule.units_max, scale),
    )


def _protection(rule: Protection, scale: int) -> Protection:
    curve = tuple(replace(step, units=_times(step.units, scale)) for step in rule.curve)
    return replace(rule, units=_times(rule.units, scale), curve=curve)


def _quota(rule: ProductAllocation, scale: int) -> ProductAllocation:
    """A quota in the units in which it is counted. One of several items together counts those as they are: a meter and
    a piece have no unit in common.
    """
    if scale == 1 or not rule.is_by_item:
        return rule
    holders = {name: units * scale for name, units in rule.holders.items()}
    return replace(rule, units=_times(rule.units, scale), holders=holders)


def _times(units: int | None, scale: int) -> int | None:
    return None if units is None else units * scale


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
