"""Which sets of lines may leave in one shipment, and what a set costs besides its carriage.

Whatever concerns a set of lines as such, and not its candidate, is one number for each of the 2^K sets: NEVER where the
set may not be one shipment. The method of subsets adds them to each set's cheapest candidate, and stays exact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.engine.demand.candidates import Block
from troth.model.ids import Sku
from troth.model.plan import Demand, DemandLine
from troth.model.policy import Policy
from troth.model.value import dataclass

Share = Callable[[Sequence[DemandLine]], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Bond:
    """Lines (positions) that leave together; `minor` is paid for each shipment after the first that holds some of them,
    None: it must be one.
    """

    lines: tuple[int, ...]
    minor: int | None
    weight: int = 1

    @property
    def counted(self) -> int:
        """What the choice counts for the price."""
        return (self.minor or 0) * self.weight


@dataclass(frozen=True, slots=True)
class Shape:
    """What holds of a problem's K lines as sets. Lines in `whole` are never divided, those in `alone` never in a parcel
    with others.

    A shipment beside others is worth at least `value_min_minor`, or costs `value_penalty_minor` more where that is not
    None; `values_minor` (K) are what a unit of each line sells for.
    """

    bonds: tuple[Bond, ...]
    alone: tuple[int, ...]
    whole: tuple[int, ...]
    values_minor: tuple[float, ...]
    value_min_minor: int
    value_penalty_minor: int | None
    small_weight: int = 1

    @property
    def counted_penalty(self) -> int:
        """What the choice counts for a shipment that is small."""
        return (self.value_penalty_minor or 0) * self.small_weight


def weigh_shape(shape: Shape, *, together: int, small: int) -> Shape:
    """The same shape for a choice that counts its prices so many times."""
    bonds = tuple(replace(bond, weight=together) for bond in shape.bonds)
    return replace(shape, bonds=bonds, small_weight=small)


def find_shape(demand: Demand, lines: Sequence[DemandLine], policy: Policy) -> Shape | None:
    """The shape that these lines of a demand have; None where every set of them may leave together at no price."""
    value_min = max(policy.shipment_value_min_minor, demand.shipment_value_min_minor or 0)
    if demand.currency not in ("", policy.currency):  # what its goods are worth is not known in the currency of costs
        value_min = 0
    if value_min <= 0 and not any(line.terms is not None or _is_alone(line) for line in lines):
        return None
    bonds = _find_bonds(lines)
    bound = {at for bond in bonds if bond.minor is None for at in bond.lines}
    alone = tuple(at for at, line in enumerate(lines) if _is_alone(line))
    whole = tuple(
        at for at, line in enumerate(lines) if at in bound or (line.terms is not None and line.terms.line_complete)
    )
    if value_min <= 0 and not (bonds or alone or whole):
        return None
    return Shape(
        bonds=bonds,
        alone=alone,
        whole=whole,
        values_minor=tuple(max(0, line.unit_price_minor) / line.scale for line in lines),
        value_min_minor=max(0, value_min),
        value_penalty_minor=policy.shipment_value_penalty_minor,
    )


def set_costs(shape: Shape, quantities: Sequence[int], sets: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """What each set of lines (all 2^K, or `sets`) costs as one shipment because of its shape, NEVER where it may not be
    one.

    Bit k of a set's number is line k. A bond's price is counted for every shipment that holds some of it: the plan's
    costs are all larger by the first one's, which changes no choice.

    >>> shape = Shape((Bond((0, 1), None),), (), (0, 1), (0, 0, 0), 0, None)
    >>> (set_costs(shape, [1, 1, 1]) < NEVER).tolist()
    [True, False, False, True, True, False, False, True]
    """
    count = len(quantities)
    if sets is None:
        sets = np.arange(1 << count)
    costs = np.zeros(sets.size)
    for bond in shape.bonds:
        members = _mask(bond.lines)
        held = sets & members
        if bond.minor is None:
            costs[(held != 0) & (held != members)] = NEVER
        else:
            costs[held != 0] += bond.counted
    for line in shape.alone:
        costs[(sets & (1 << line) != 0) & (sets != 1 << line)] = NEVER
    if shape.value_min_minor > 0:
        values = np.zeros(sets.size)
        for line, (value, units) in enumerate(zip(shape.values_minor, quantities, strict=True)):
            values += (sets >> line & 1) * (value * units)
        is_small = (values < shape.value_min_minor) & (sets != 0) & (sets != (1 << count) - 1)
        costs[is_small] += NEVER if shape.value_penalty_minor is None else shape.counted_penalty
    return np.minimum(costs, NEVER)


def shape_counted(shape: Shape, shipments: Sequence[Mapping[int, int]]) -> int:
    """What the choice counts for the prices of the shape, over all shipments (units by line)."""
    counted = 0
    for bond in shape.bonds:
        counted += bond.counted * max(0, sum(any(line in sent for line in bond.lines) for sent in shipments) - 1)
    if shape.value_min_minor > 0 and len(shipments) > 1:
        values = [sum(shape.values_minor[line] * units for line, units in sent.items()) for sent in shipments]
        counted += shape.counted_penalty * sum(value < shape.value_min_minor for value in values)
    return counted


def shape_parts(shape: Shape, shipments: Sequence[Mapping[int, int]]) -> list[dict[str, int]]:
    """The named parts of the shape's cost (minor units) of each shipment, given as units by line; parts that are zero
    are left out.
    """
    parts: list[dict[str, int]] = [{} for _ in shipments]
    for bond in shape.bonds:
        if bond.minor:
            holding = [at for at, sent in enumerate(shipments) if any(line in sent for line in bond.lines)]
            for at in holding[1:]:
                parts[at]["together"] = parts[at].get("together", 0) + bond.minor
    if shape.value_min_minor > 0 and shape.value_penalty_minor and len(shipments) > 1:
        for at, sent in enumerate(shipments):
            if sum(shape.values_minor[line] * units for line, units in sent.items()) < shape.value_min_minor:
                parts[at]["small"] = shape.value_penalty_minor
    return parts


def drop_divided(
    shape: Shape, asked: Sequence[DemandLine], share: Share, blocks: Sequence[Block]
) -> tuple[tuple[int, ...], dict[int, str]]:
    """What can be covered of each asked line where some must not be divided, and why it is nothing, by position.

    A line that must be whole, and a bond that must be one shipment, count in full where some node has all of it at one
    date, and as nothing where none has, or where a line of the bond is never with others. `share` shares the units that
    there are among the other lines: which of those that compete are covered is for the solver.
    """
    why: dict[int, str] = {}
    for bond in shape.bonds:
        is_apart = len(bond.lines) > 1 and any(at in bond.lines for at in shape.alone)
        if bond.minor is None and (is_apart or not _is_anywhere(asked, bond.lines, blocks)):
            why |= dict.fromkeys(bond.lines, "ship_together")
    for at in shape.whole:
        if at not in why and not _is_anywhere(asked, (at,), blocks):
            why[at] = "line_complete"
    whole = set(shape.whole)
    shared = share([replace(line, quantity=0) if at in whole else line for at, line in enumerate(asked)])
    coverable = tuple(
        (0 if at in why else line.quantity) if at in whole else shared[at] for at, line in enumerate(asked)
    )
    return coverable, why


def _is_anywhere(asked: Sequence[DemandLine], lines: Sequence[int], blocks: Sequence[Block]) -> bool:
    """Whether some node has all of these lines at one date; lines of one SKU need the sum."""
    needs: dict[Sku, tuple[int, int]] = {}
    for at in lines:
        _row, units = needs.get(asked[at].sku, (at, 0))
        needs[asked[at].sku] = (at, units + asked[at].quantity)
    for block in blocks:
        has_all = np.ones(block.nodes.size, dtype=np.bool_)
        for row, units in needs.values():
            has_all &= block.available[row] >= units
        if has_all.any():
            return True
    return False


def _find_bonds(lines: Sequence[DemandLine]) -> tuple[Bond, ...]:
    """The bonds by name, in the order in which they first appear; a price that one line names is that of all of them,
    the dearest where several are named.
    """
    named: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        if line.terms is not None and line.terms.ship_together:
            named.setdefault(line.terms.ship_together, []).append(at)
    bonds = []
    for members in named.values():
        named_minor = [terms.together_minor for at in members if (terms := lines[at].terms) is not None]
        prices = [price for price in named_minor if price is not None]
        bonds.append(Bond(tuple(members), max(0, *prices) if prices else None))
    return tuple(bonds)


def _is_alone(line: DemandLine) -> bool:
    return (line.terms is not None and line.terms.ship_alone) or (line.item is not None and line.item.ship_alone)


def _mask(lines: Sequence[int]) -> int:
    return sum(1 << line for line in lines)
