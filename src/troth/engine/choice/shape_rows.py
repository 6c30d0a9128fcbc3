"""A demand's shape as rows of the mixed-integer model: the same conditions that the method of subsets reads off one
number for each set of lines.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from troth.engine.choice.mixed_model import MixedModel, Term
from troth.engine.demand.shape import Bond, Shape
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Sending:
    """One possible parcel: its use as a sum of terms (0 or 1), and for each line the term that counts its units and the
    binary that says whether it is in it.
    """

    usage: tuple[Term, ...]
    units: Mapping[int, Term]
    used: Mapping[int, int]


def add_shape(model: MixedModel, shape: Shape, quantities: Sequence[int], sendings: Sequence[Sending]) -> None:
    """Adds what the shape asks. Lines that are never with others must have parcels of their own already."""
    for line in shape.whole:
        _keep_whole(model, quantities[line], line, sendings)
    for bond in shape.bonds:
        if bond.minor is None:
            _bind(model, bond, sendings)
        elif bond.counted > 0:
            _price_bond(model, bond, bond.counted, sendings)
    if shape.value_min_minor > 0:
        _ask_value(model, shape, sendings)


def _keep_whole(model: MixedModel, quantity: int, line: int, sendings: Sequence[Sending]) -> None:
    """All units of the line in one parcel, or none anywhere."""
    holding = [sending for sending in sendings if line in sending.used]
    for sending in holding:
        (at, factor), is_used = sending.units[line], sending.used[line]
        if at != is_used:
            model.add_row([(at, factor), (is_used, -float(quantity))], 0.0, 0.0)
    model.add_row([(sending.used[line], 1.0) for sending in holding], -np.inf, 1.0)


def _bind(model: MixedModel, bond: Bond, sendings: Sequence[Sending]) -> None:
    """A parcel holds all lines of the bond or none; where it cannot hold one of them, none."""
    for sending in sendings:
        held = [sending.used[line] for line in bond.lines if line in sending.used]
        if len(held) < len(bond.lines):
            for at in held:
                model.add_row([(at, 1.0)], 0.0, 0.0)
        else:
            for at in held[1:]:
                model.add_row([(held[0], 1.0), (at, -1.0)], 0.0, 0.0)


def _price_bond(model: MixedModel, bond: Bond, minor: int, sendings: Sequence[Sending]) -> None:
    """Each parcel that holds some of the bond costs its price, and the first of them gives it back."""
    holds: list[Term] = []
    for sending in sendings:
        held = [sending.used[line] for line in bond.lines if line in sending.used]
        if held:
            at = model.add_integer(0.0, 1.0, float(minor))
            holds.append((at, -1.0))
            for is_used in held:
                model.add_row([(is_used, 1.0), (at, -1.0)], -np.inf, 0.0)
    is_any = model.add_integer(0.0, 1.0, -float(minor))
    model.add_row([(is_any, 1.0), *holds], -np.inf, 0.0)


def _ask_value(model: MixedModel, shape: Shape, sendings: Sequence[Sending]) -> None:
    """Where there is more than one parcel, each is worth the least value, or pays for being small."""
    least = float(shape.value_min_minor)
    are_many = model.add_integer(0.0, 1.0)
    usage = [term for sending in sendings for term in sending.usage]
    model.add_row([*usage, (are_many, -float(len(sendings)))], -np.inf, 1.0)
    for sending in sendings:
        worth = [(at, factor * shape.values_minor[line]) for line, (at, factor) in sending.units.items()]
        row = [*worth, *((at, -least) for at, _one in sending.usage), (are_many, -least)]
        if shape.value_penalty_minor is not None:
            row.append((model.add_integer(0.0, 1.0, float(shape.counted_penalty)), least))
        model.add_row(row, -least, np.inf)
