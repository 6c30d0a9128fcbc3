"""What carriers charge on top of a parcel's rate: for where it goes, and for what is in it.

What depends on the destination alone is one number for each rate lane. What depends on the parcel's content or weight
is priced for each set of lines as a whole, so that the choice stays exact.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.network import Address, RateCard, Surcharge
from troth.model.plan import DemandLine
from troth.model.value import dataclass

_BASIS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Charge:
    """One surcharge on all rate lanes that know it: its conditions, and what it adds to a parcel on each lane (cards *
    zones), fuel included.
    """

    surcharge: Surcharge
    minor: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ParcelCharge:
    """What a parcel pays on each rate lane if it holds one of `lines` (None: whatever it holds) and weighs more than
    `grams_over`.
    """

    lines: frozenset[int] | None
    grams_over: int
    minor: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Charges:
    """The surcharges of one demand: `flat` (rate lanes) for its destination, and those that depend on the parcel."""

    flat: NDArray[np.float64]
    parcel: tuple[ParcelCharge, ...]


def fuel_minor(minor: int, basis_points: int) -> int:
    """The fuel on an amount, in whole minor units, halves up.

    >>> fuel_minor(1199, 1850), fuel_minor(30, 1850)
    (222, 6)
    """
    return (minor * basis_points + _BASIS // 2) // _BASIS


def compile_charges(
    cards: Sequence[RateCard], zones: int, *, surcharge_weight: int = 1, fuel_weight: int = 1
) -> tuple[Charge, ...]:
    """All surcharges of these cards; those with equal conditions are one. A surcharge that is not positive is none."""
    found: dict[Surcharge, NDArray[np.float64]] = {}
    for position, card in enumerate(cards):
        for surcharge in card.surcharges:
            if surcharge.minor <= 0:
                continue
            key = replace(surcharge, name="", minor=0, is_fuelable=False, zones=())
            minor = found.setdefault(key, np.zeros((len(cards), zones)))
            fuel = fuel_minor(surcharge.minor, card.fuel_basis_points) if surcharge.is_fuelable else 0
            at = [zone for zone in range(len(card.rates_minor)) if not surcharge.zones or zone in surcharge.zones]
            minor[position, at] += surcharge_weight * surcharge.minor + fuel_weight * fuel
    return tuple(Charge(key, minor.reshape(-1)) for key, minor in found.items())


def find_charges(charges: Sequence[Charge], destination: Address | None, lines: Sequence[DemandLine]) -> Charges | None:
    """The surcharges that this destination and these lines can meet; None where there is none."""
    flat: NDArray[np.float64] | None = None
    parcel = []
    for charge in charges:
        surcharge = charge.surcharge
        if not is_due_at(surcharge, destination):
            continue
        if not is_of_content(surcharge):
            flat = charge.minor if flat is None else flat + charge.minor
            continue
        meeting = frozenset(at for at, line in enumerate(lines) if is_met_by(surcharge, line))
        if meeting:
            over = -1 if surcharge.grams_over is None else surcharge.grams_over
            parcel.append(ParcelCharge(None if len(meeting) == len(lines) else meeting, over, charge.minor))
    if flat is None and not parcel:
        return None
    return Charges(np.zeros(charges[0].minor.size) if flat is None else flat, tuple(parcel))


def is_due_at(surcharge: Surcharge, destination: Address | None) -> bool:
    """Whether the destination meets the surcharge; an address of which that is not known is a home.

    >>> hawaii = Address("US", region="HI", postcode="96701")
    >>> is_due_at(Surcharge("remote", 500, regions=("HI", "AK")), hawaii), is_due_at(Surcharge("shop", 1), hawaii)
    (True, True)
    >>> is_due_at(Surcharge("remote", 500, postcode_prefixes=("995", "996")), hawaii)
    False
    """
    if surcharge.residential is not None:
        is_home = destination is None or destination.residential is not False
        if is_home is not surcharge.residential:
            return False
    if not (surcharge.countries or surcharge.regions or surcharge.postcode_prefixes):
        return True
    if destination is None or (surcharge.countries and destination.country not in surcharge.countries):
        return False
    if surcharge.regions:
        own = (destination.region, destination.subdivision)
        if not any(
            region in surcharge.regions or f"{destination.country}-{region}" in surcharge.regions for region in own
        ):
            return False
    postcode = destination.postcode.replace(" ", "").upper()
    return not surcharge.postcode_prefixes or postcode.startswith(surcharge.postcode_prefixes)


def is_of_content(surcharge: Surcharge) -> bool:
    """Whether the surcharge depends on what is in the parcel, or on its weight."""
    return surcharge.grams_over is not None or _is_of_unit(surcharge)


def is_met_by(surcharge: Surcharge, line: DemandLine) -> bool:
    """Whether one unit of the line meets what the surcharge says of units; an item that is not known meets nothing."""
    if not _is_of_unit(surcharge):
        return True
    item = line.item
    if item is None:
        return False
    if surcharge.attribute:
        value = item.attributes.get(surcharge.attribute)
        if value is None or (surcharge.value and value != surcharge.value):
            return False
    shortest, middle, longest = sorted(item.dimensions_mm)
    if surcharge.length_mm_over is not None and longest <= surcharge.length_mm_over:
        return False
    return surcharge.girth_mm_over is None or longest + 2 * (shortest + middle) > surcharge.girth_mm_over


def parcel_surcharges(
    card: RateCard,
    *,
    zone: int,
    grams: int,
    destination: Address | None,
    lines: Sequence[DemandLine],
) -> tuple[Surcharge, ...]:
    """The surcharges of one parcel: `grams` is its weight, `lines` are those in it."""
    return tuple(
        [
            surcharge
            for surcharge in card.surcharges
            if surcharge.minor > 0
            and (not surcharge.zones or zone in surcharge.zones)
            and (surcharge.grams_over is None or grams > surcharge.grams_over)
            and is_due_at(surcharge, destination)
            and any(is_met_by(surcharge, line) for line in lines)
        ]
    )


def add_subset_charges(rates: NDArray[np.float64], charges: Sequence[ParcelCharge], grams: NDArray[np.float64]) -> None:
    """Adds to the rates (2^K, rate lanes) what each subset of lines pays; `grams` (2^K) is what it weighs."""
    subsets = np.arange(grams.size)
    for charge in charges:
        pays = grams > charge.grams_over
        if charge.lines is not None:
            pays &= subsets & sum(1 << line for line in charge.lines) != 0
        rates += pays[:, np.newaxis] * charge.minor


def add_parcel_charges(
    prices: NDArray[np.float64],
    charges: Sequence[ParcelCharge],
    *,
    rate_lane: NDArray[np.intp],
    grams: NDArray[np.float64],
    units: NDArray[np.float64],
) -> None:
    """Adds to the prices (C) what the parcel of each column pays: its `grams` (C) and `units` of each line (K, C)."""
    for charge in charges:
        pays = grams > charge.grams_over
        if charge.lines is not None:
            pays &= (units[sorted(charge.lines)] > 0.0).any(axis=0)
        prices += pays * charge.minor[rate_lane]


def _is_of_unit(surcharge: Surcharge) -> bool:
    return bool(surcharge.attribute) or surcharge.length_mm_over is not None or surcharge.girth_mm_over is not None
