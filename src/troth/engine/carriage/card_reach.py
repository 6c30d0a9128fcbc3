"""Where the services of an offer go: the places that each card serves, as its own fields say."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.distance import chord_of
from troth.engine.carriage.where import Where
from troth.model.network import RateCard
from troth.model.regions import codes_of
from troth.model.value import dataclass

_NAMED_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class CardReach:
    """The places that one card serves, in capitals; None and empty say nothing."""

    countries: frozenset[str]
    regions: frozenset[str]
    not_regions: frozenset[str]
    is_domestic: bool
    max_miles: float | None
    no_po_boxes: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """The reach of each card of an offer; `is_limited` says whether any has a limit at all."""

    cards: tuple[CardReach, ...]
    is_limited: bool


EVERYWHERE: Final = Reach((), is_limited=False)


def compile_reach(cards: Sequence[RateCard]) -> Reach:
    """Where these cards go."""
    found = tuple(
        CardReach(
            frozenset(place.upper() for place in card.countries),
            frozenset(place.upper() for place in card.regions),
            frozenset(place.upper() for place in card.not_regions),
            card.is_domestic,
            card.max_miles,
            card.no_po_boxes,
        )
        for card in cards
    )
    unlimited = CardReach(frozenset(), frozenset(), frozenset(), is_domestic=False, max_miles=None, no_po_boxes=False)
    return Reach(found, any(reach != unlimited for reach in found))


def find_served(
    reach: Reach,
    services: Sequence[int],
    offered: NDArray[np.bool_],
    where: Where,
    in_country: Callable[[str], NDArray[np.bool_]],
    chords: NDArray[np.float64] | None,
) -> tuple[NDArray[np.bool_], dict[int, str]]:
    """Which services (positions; rows) go to a place from which nodes (N) that have them `offered` (rows, N), and why
    those do not that go there from nowhere; `in_country` says which nodes (N) are in one, and `chords` (N) how far they
    are, squared (None: where the place lies is not known).

    A place of which no country is known is barred from nothing but by miles.
    """
    served = offered.copy()
    why: dict[int, str] = {}
    codes = codes_of(where.country, where.regions) if where.country else frozenset()
    for row, position in enumerate(services):
        card = reach.cards[position]
        detail = _bar_place(card, where, codes)
        if detail:
            served[row] = False
        if not detail and card.is_domestic and where.country:
            served[row] &= in_country(where.country)
            detail = "" if served[row].any() else "crosses no border"
        if not detail and card.max_miles is not None:
            served[row] &= False if chords is None else chords <= chord_of(card.max_miles)
            unknown = ", and where the address lies is not known" if chords is None else ""
            detail = "" if served[row].any() else f"goes {card.max_miles:g} miles at most{unknown}"
        if detail:
            why[row] = detail
    return served, why


def _bar_place(card: CardReach, where: Where, codes: frozenset[str]) -> str:
    """Why a card does not go to a place of these codes, from wherever; empty where it may."""
    if card.no_po_boxes and where.is_po_box:
        return "does not go to post office boxes"
    if not where.country:
        return ""
    if card.countries and not card.countries & codes:
        return f"goes to {_named(card.countries)} only"
    if card.regions and not card.regions & codes:
        return f"goes to {_named(card.regions)} only"
    barred = card.not_regions & codes
    return f"does not go to {max(barred, key=len)}" if barred else ""


def _named(places: frozenset[str]) -> str:
    """Some places by name, and how many there are besides.

    >>> _named(frozenset({"US", "CA"})), _named(frozenset("ABCDEFGH"))
    ('CA, US', 'A, B, C, D, E, F and 2 more')
    """
    names = sorted(places)
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(names[:_NAMED_MAX]) + more
