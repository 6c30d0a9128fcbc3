"""A method of reaching the customer, compiled: its cards as arrays, and which nodes offer which of its services."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.card_reach import EVERYWHERE, Reach, compile_reach
from troth.engine.carriage.carriers import CarrierClock, carrier_clock
from troth.engine.carriage.distance import chord_of
from troth.engine.carriage.rate_cards import weighted_card
from troth.engine.carriage.sizes import Sizes, compile_sizes
from troth.engine.carriage.surcharges import Charge, compile_charges
from troth.model.network import RateCard
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class CardGroup:
    """Cards that weigh alike, so that one bracket search serves them all. Their rates hold the fuel.

    `rates` is (brackets, cards, zones), `over` (cards, zones) is paid per further kilogram, `lanes` (cards * zones) are
    their rate lanes in the offer.
    """

    lanes: NDArray[np.intp]
    brackets: NDArray[np.float64]
    divisor: int
    rates: NDArray[np.float64]
    over: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """The services of one method. `is_offered` is (services, nodes); `zones` is the number of zones of the card that
    has most.

    A rate lane is position * zones + zone. `is_dearer` (rate lanes a, b) says whether b costs at no weight less than a,
    which is only known of cards that weigh alike; `lane_scores` (rate lanes) never falls from a lane to a dearer one.
    `chords` are where the zones of each card end, as squares of chords. `priced` are the cards with what a choice
    counts: fuel is in their rates, and weights. `grams_max` (rate lanes) is the most that a parcel may weigh; None:
    anything. `reach` says where the cards go, and `sizes` what they take (None:
    units of any size). `light` is the same offer for what is within all limits of weight, where there are any.
    """

    cards: tuple[RateCard, ...]
    priced: tuple[RateCard, ...]
    carriers: tuple[CarrierClock, ...]
    zones: int
    chords: tuple[NDArray[np.float64], ...]
    groups: tuple[CardGroup, ...]
    is_offered: NDArray[np.bool_]
    is_dearer: NDArray[np.bool_]
    lane_scores: NDArray[np.float64]
    charges: tuple[Charge, ...]
    grams_max: NDArray[np.float64] | None = None
    reach: Reach = EVERYWHERE
    sizes: Sizes | None = None
    light: "Offer | None" = None


@dataclass(frozen=True, slots=True)
class RateWeights:
    """What the choice counts a minor unit of each part for."""

    rates: int = 1
    surcharges: int = 1
    fuel: int = 1


def compile_offer(cards: Sequence[RateCard], is_offered: NDArray[np.bool_]) -> Offer:
    """The offer of these cards; a card without zones or brackets prices nothing and is left out."""
    usable = [position for position, card in enumerate(cards) if card.rates_minor and card.brackets_grams]
    kept = tuple(cards[position] for position in usable)
    zones = max((len(card.rates_minor) for card in kept), default=1)
    priced = tuple(weighted_card(card) for card in kept)
    groups = _groups(priced, zones)
    charges = compile_charges(kept, zones)
    grams_max = _grams_max(kept, zones)
    is_dearer, lane_scores = _compare_lanes(groups, charges, len(kept), zones, grams_max)
    offer = Offer(
        cards=kept,
        priced=priced,
        carriers=tuple(carrier_clock(card) for card in kept),
        zones=zones,
        chords=tuple(np.array([chord_of(miles) for miles in card.zone_miles[:-1]], dtype=np.float64) for card in kept),
        groups=groups,
        is_offered=is_offered[usable],
        is_dearer=is_dearer,
        lane_scores=lane_scores,
        charges=charges,
        grams_max=grams_max,
        reach=compile_reach(kept),
        sizes=compile_sizes(kept),
    )
    if grams_max is None:
        return offer
    is_dearer, lane_scores = _compare_lanes(groups, charges, len(kept), zones, None)
    return replace(offer, light=replace(offer, grams_max=None, is_dearer=is_dearer, lane_scores=lane_scores))


def lighten_offer(offer: Offer, grams: int) -> Offer:
    """The offer for so many grams in all: within all limits of weight no parcel can break one, and nothing is to be
    done about them.
    """
    if offer.light is None or any([card.grams_max is not None and grams > card.grams_max for card in offer.cards]):  # noqa: C419 - a list is quicker, for every order
        return offer
    return offer.light


def weigh_offer(offer: Offer, weights: RateWeights) -> Offer:
    """The same offer for a choice that weighs the parts of a parcel's price; its `cards` stay as they are."""
    priced = tuple(weighted_card(card, rate_weight=weights.rates, fuel_weight=weights.fuel) for card in offer.cards)
    groups = _groups(priced, offer.zones)
    charges = compile_charges(offer.cards, offer.zones, surcharge_weight=weights.surcharges, fuel_weight=weights.fuel)
    is_dearer, lane_scores = _compare_lanes(groups, charges, len(offer.cards), offer.zones, offer.grams_max)
    return replace(
        offer,
        priced=priced,
        groups=groups,
        charges=charges,
        is_dearer=is_dearer,
        lane_scores=lane_scores,
        light=None,
    )


def _groups(cards: Sequence[RateCard], zones: int) -> tuple[CardGroup, ...]:
    alike: dict[tuple[tuple[int, ...], int], list[int]] = {}
    for position, card in enumerate(cards):
        alike.setdefault((card.brackets_grams, card.dimensional_divisor_cm3_per_kg), []).append(position)
    return tuple(_group(cards, positions, zones) for positions in alike.values())


def _group(cards: Sequence[RateCard], positions: list[int], zones: int) -> CardGroup:
    first = cards[positions[0]]
    rates = np.zeros((len(first.brackets_grams), len(positions), zones))
    over = np.zeros((len(positions), zones))
    for row, position in enumerate(positions):
        card = cards[position]
        rates[:, row, : len(card.rates_minor)] = np.array(card.rates_minor, dtype=np.float64).T
        over[row, : len(card.over_minor)] = card.over_minor
    return CardGroup(
        lanes=(np.array(positions, dtype=np.intp)[:, np.newaxis] * zones + np.arange(zones)).reshape(-1),
        brackets=np.array(first.brackets_grams, dtype=np.float64),
        divisor=first.dimensional_divisor_cm3_per_kg,
        rates=rates,
        over=over,
    )


def _grams_max(cards: Sequence[RateCard], zones: int) -> NDArray[np.float64] | None:
    """The most that a parcel may weigh (rate lanes), None where no card has a limit."""
    if all(card.grams_max is None for card in cards):
        return None
    return np.repeat([np.inf if card.grams_max is None else float(card.grams_max) for card in cards], zones)


def _compare_lanes(
    groups: Sequence[CardGroup],
    charges: Sequence[Charge],
    cards: int,
    zones: int,
    grams_max: NDArray[np.float64] | None,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which lanes are dearer than which, rate by rate and surcharge by surcharge, and the scores of all."""
    is_dearer = np.eye(cards * zones, dtype=np.bool_)
    scores = np.zeros(cards * zones)
    for group in groups:
        lanes = group.lanes
        steps = np.concatenate([group.rates, group.over[np.newaxis]]).reshape(group.brackets.size + 1, -1)
        is_dearer[np.ix_(lanes, lanes)] = (steps[:, np.newaxis, :] >= steps[:, :, np.newaxis]).all(axis=0)
        scores[lanes] = steps.sum(axis=0)
    for charge in charges:
        is_dearer &= charge.minor >= charge.minor[:, np.newaxis]
        scores += charge.minor
    if grams_max is not None:  # what may weigh less can do less, at whatever price
        is_dearer &= grams_max <= grams_max[:, np.newaxis]
    return is_dearer, scores
