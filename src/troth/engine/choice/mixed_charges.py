"""Surcharges that depend on a parcel's content or weight, as rows of the mixed-integer model."""

from collections.abc import Mapping, Sequence

import numpy as np

from troth.engine.carriage.surcharges import ParcelCharge
from troth.engine.choice.mixed_model import MixedModel, Term


def add_charges(
    model: MixedModel,
    charges: Sequence[ParcelCharge],
    *,
    rate_lane: int,
    used: Mapping[int, int],
    load: Sequence[Term],
    grams_max: float,
) -> None:
    """Adds to a parcel what it pays: `used` has the binary of each line that it may hold, `load` the terms that add up
    to its weight, which is at most `grams_max`.
    """
    for charge in charges:
        minor = float(charge.minor[rate_lane])
        held = [at for line, at in used.items() if charge.lines is None or line in charge.lines]
        if minor <= 0.0 or not held or charge.grams_over >= grams_max:
            continue
        pays = model.add_integer(0.0, 1.0, minor)
        if charge.grams_over < 0:
            for at in held:
                model.add_row([(pays, 1.0), (at, -1.0)], 0.0, np.inf)
            continue
        is_heavy = pays if charge.lines is None else model.add_integer(0.0, 1.0)
        over = float(charge.grams_over)
        model.add_row([*load, (is_heavy, over - grams_max)], -np.inf, over)
        if charge.lines is not None:
            for at in held:
                model.add_row([(pays, 1.0), (is_heavy, -1.0), (at, -1.0)], -1.0, np.inf)


def may_part(charges: Sequence[ParcelCharge], rate_lane: int) -> bool:
    """Whether two parcels can cost less than one because a surcharge begins at a weight."""
    return any(charge.grams_over >= 0 and charge.minor[rate_lane] > 0.0 for charge in charges)
