"""The built-in rate cards, and what a parcel costs on a card. The numbers are ours: plausible for a parcel carrier, in
US cents.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Final

from troth.engine.carriage.surcharges import fuel_minor
from troth.model.network import Carriage, RateCard

_ZONE_MILES: Final = (150.0, 300.0, 600.0, 1000.0, 1400.0, 1800.0, 25_000.0)
_BRACKETS_GRAMS: Final = (250, 500, 1000, 2000, 3000, 5000, 7500, 10_000, 15_000, 20_000, 25_000, 30_000)

_LENGTH_MM_MAX: Final = 2743
_GIRTH_MM_MAX: Final = 4191
_GRAMS_MAX: Final = 68_000
"""What US parcel carriers take: 108 inches of length, 165 of length and girth, 150 pounds."""

_NOWHERE: Final = ("AQ", "BV", "GS", "HM", "TF")
"""Places in which nobody lives who could be delivered to."""

_NOT_NEXT_DAY: Final = (
    "US-AA",
    "US-AE",
    "US-AK",
    "US-AP",
    "US-AS",
    "US-GU",
    "US-HI",
    "US-MP",
    "US-PR",
    "US-UM",
    "US-VI",
)


def _spread(near_minor: tuple[int, ...], percent_by_zone: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Rates (zones, brackets): the nearest zone's rates raised by a percentage for each zone, rounded to whole minor
    units.
    """
    return tuple(tuple((rate * percent + 50) // 100 for rate in near_minor) for percent in percent_by_zone)


STANDARD: Final = RateCard(
    service="standard",
    carrier="parcel",
    currency="USD",
    zone_miles=_ZONE_MILES,
    brackets_grams=_BRACKETS_GRAMS,
    rates_minor=_spread(
        (489, 569, 699, 849, 979, 1199, 1449, 1699, 2149, 2599, 3049, 3499), (100, 104, 110, 121, 133, 148, 165)
    ),
    over_minor=(95, 99, 105, 115, 127, 141, 157),
    transit_days=(1, 2, 2, 3, 4, 4, 5),
    grams_max=_GRAMS_MAX,
    not_regions=_NOWHERE,
    length_mm_max=_LENGTH_MM_MAX,
    girth_mm_max=_GIRTH_MM_MAX,
)

EXPRESS: Final = RateCard(
    service="express",
    carrier="parcel",
    currency="USD",
    zone_miles=_ZONE_MILES,
    brackets_grams=_BRACKETS_GRAMS,
    rates_minor=_spread(
        (1249, 1399, 1649, 1999, 2299, 2899, 3599, 4299, 5499, 6699, 7899, 9099), (100, 108, 120, 137, 154, 170, 186)
    ),
    over_minor=(240, 259, 288, 329, 370, 408, 446),
    transit_days=(1, 1, 2, 2, 2, 2, 2),
    grams_max=_GRAMS_MAX,
    not_regions=_NOWHERE,
    length_mm_max=_LENGTH_MM_MAX,
    girth_mm_max=_GIRTH_MM_MAX,
)

NEXT_DAY: Final = RateCard(
    service="next_day",
    carrier="parcel",
    currency="USD",
    zone_miles=_ZONE_MILES,
    brackets_grams=_BRACKETS_GRAMS,
    rates_minor=_spread(
        (1999, 2249, 2699, 3299, 3899, 4999, 6299, 7599, 9499, 11_399, 13_299, 15_199),
        (100, 115, 135, 160, 185, 205, 220),
    ),
    over_minor=(440, 506, 594, 704, 814, 902, 968),
    transit_days=(1, 1, 1, 1, 1, 1, 1),
    grams_max=_GRAMS_MAX,
    not_regions=(*_NOWHERE, *_NOT_NEXT_DAY),
    is_domestic=True,
    length_mm_max=_LENGTH_MM_MAX,
    girth_mm_max=_GIRTH_MM_MAX,
    no_po_boxes=True,
)

DEFAULT_CARDS: Final = (STANDARD, EXPRESS, NEXT_DAY)

LOCAL_DELIVERY: Final = RateCard(
    service="delivery",
    carrier="local",
    currency="USD",
    zone_miles=(25.0,),
    brackets_grams=(30_000,),
    rates_minor=((899,),),
    over_minor=(20,),
    transit_days=(0,),
    weekdays=(0, 1, 2, 3, 4, 5, 6),
    grams_max=500_000,
    method=Carriage.DELIVERY,
    max_miles=25.0,
    is_domestic=True,
    no_po_boxes=True,
)
"""A van of the store's own town: one flat price, the same day, and nothing beyond `max_miles`."""

BEFORE_BOXES: Final = tuple(replace(card, no_po_boxes=False) for card in DEFAULT_CARDS)
DELIVERY_BEFORE_BOXES: Final = replace(LOCAL_DELIVERY, no_po_boxes=False)
"""The built-in cards as they were before cards could pass post office boxes by."""

FIRST_CARDS: Final = tuple(
    replace(card, grams_max=None, not_regions=(), is_domestic=False, length_mm_max=None, girth_mm_max=None, holidays=())
    for card in BEFORE_BOXES
)
FIRST_DELIVERY: Final = replace(DELIVERY_BEFORE_BOXES, grams_max=None, is_domestic=False, holidays=())
FIRST_NAMED: Final = replace(FIRST_DELIVERY, method=Carriage.SHIP, max_miles=None)
"""The built-in cards as they were before cards had a reach, and the name that local delivery then had: so decisions
that were recorded with them are made again as they were.
"""

HAND_OVER: Final = RateCard(
    service="",
    carrier="",
    currency="USD",
    zone_miles=(25_000.0,),
    brackets_grams=(1,),
    rates_minor=((0,),),
    over_minor=(0,),
    transit_days=(0,),
    weekdays=(0, 1, 2, 3, 4, 5, 6),
)
"""What a pickup costs to carry: nothing."""


def billable_grams(card: RateCard, *, weight_grams: int, volume_cm3: int) -> int:
    """The weight that a carrier charges, in grams: the larger of actual and dimensional weight, the latter rounded up.

    >>> billable_grams(STANDARD, weight_grams=1200, volume_cm3=9000)
    1800
    """
    divisor = card.dimensional_divisor_cm3_per_kg
    dimensional = -(-volume_cm3 * 1000 // divisor) if divisor > 0 else 0
    return max(weight_grams, dimensional)


def parcel_rate_minor(card: RateCard, *, zone: int, grams: int) -> int:
    """What one parcel of a billable weight costs on a card, in minor units.

    >>> parcel_rate_minor(STANDARD, zone=0, grams=1800), parcel_rate_minor(STANDARD, zone=0, grams=31_200)
    (849, 3689)
    """
    for bracket, limit in enumerate(card.brackets_grams):
        if grams <= limit:
            return card.rates_minor[zone][bracket]
    over_kilograms = -(-(grams - card.brackets_grams[-1]) // 1000)
    return card.rates_minor[zone][-1] + over_kilograms * card.over_minor[zone]


def fuel_card(card: RateCard) -> RateCard:
    """The card of what fuel adds to each rate and to each further kilogram, each rounded by itself.

    >>> parcel_rate_minor(fuel_card(replace(STANDARD, fuel_basis_points=1850)), zone=0, grams=1800)  # 18.5 % of 8.49
    157
    """
    basis_points = card.fuel_basis_points
    return replace(
        card,
        rates_minor=tuple(tuple(fuel_minor(rate, basis_points) for rate in row) for row in card.rates_minor),
        over_minor=tuple(fuel_minor(rate, basis_points) for rate in card.over_minor),
    )


def weighted_card(card: RateCard, *, rate_weight: int = 1, fuel_weight: int = 1) -> RateCard:
    """The card that a choice counts with: each rate with its fuel, times their weights."""
    if rate_weight == 1 and not card.fuel_basis_points:
        return card
    fuel = fuel_card(card)
    return replace(
        card,
        rates_minor=tuple(
            tuple(rate_weight * rate + fuel_weight * extra for rate, extra in zip(row, extras, strict=True))
            for row, extras in zip(card.rates_minor, fuel.rates_minor, strict=True)
        ),
        over_minor=tuple(
            rate_weight * rate + fuel_weight * extra
            for rate, extra in zip(card.over_minor, fuel.over_minor, strict=True)
        ),
    )


def is_merging_cheaper(card: RateCard, *, zone: int, parcel_minor: int) -> bool:
    """Whether one parcel never costs more than the same goods in two, where a parcel costs `parcel_minor` besides its
    rate.

    A rate is a step function, so the worst merge of brackets i and j is that of two parcels at the brackets' very ends:
    it is enough to look at all pairs of ends, and behind the last bracket at the kilograms that each end adds.
    """
    rates = card.rates_minor[zone]
    if any(later < earlier for earlier, later in pairwise(rates)) or card.over_minor[zone] < 0:
        return False
    for first, first_grams in enumerate(card.brackets_grams):
        if -(-first_grams // 1000) * card.over_minor[zone] > rates[first] + parcel_minor:
            return False
        for second in range(first + 1):
            merged = parcel_rate_minor(card, zone=zone, grams=first_grams + card.brackets_grams[second])
            if merged > rates[first] + rates[second] + parcel_minor:
                return False
    return True
