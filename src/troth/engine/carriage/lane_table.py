"""The lane table as the engine uses it: the rows that fit a destination, and the days without delivery there."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.offers import Offer
from troth.engine.carriage.po_boxes import is_po_box
from troth.engine.carriage.where import NOWHERE, Where, regions_of
from troth.model.ids import NodeId
from troth.model.lanes import Lane, LaneTable
from troth.model.network import Address
from troth.model.value import dataclass

ABSENT: Final = -1
"""The zone or the days of a lane of which no row says anything."""


@dataclass(frozen=True, slots=True, eq=False)
class LaneIndex:
    """The rows of a lane table by postcode prefix, each with its place in the table."""

    by_prefix: Mapping[str, tuple[tuple[int, Lane], ...]]
    prefix_max: int
    holidays: Mapping[tuple[str, str], frozenset[date]]
    transit_days: frozenset[tuple[str, int]]

    def where(self, address: Address | None) -> Where:
        """What of an address the table, and the reach of cards, tell apart."""
        if address is None:
            return NOWHERE
        postcode = _plain(address.postcode)[: self.prefix_max] if self.prefix_max else ""
        return Where(address.country.upper(), regions_of(address), postcode, is_po_box(address))

    def days_without_delivery(self, where: Where) -> frozenset[date]:
        """The holidays of a place: of its country and of its region."""
        if not self.holidays:
            return frozenset()
        none: frozenset[date] = frozenset()
        found = self.holidays.get((where.country, ""), none)
        for region in where.regions:
            found |= self.holidays.get((where.country, region), none)
        return found

    def find_rows(self, where: Where) -> list[Lane]:
        """The rows that fit a place, the more specific ones later.

        A row of a node is more specific than any row of all nodes; then a longer prefix, a region, a country, and a
        service.
        """
        if not self.by_prefix:
            return []
        found = [
            (number, row)
            for length in range(len(where.postcode) + 1)
            for number, row in self.by_prefix.get(where.postcode[:length], ())
            if row.country.upper() in ("", where.country) and row.region.upper() in ("", *where.regions)
        ]
        found.sort(key=lambda pair: (*_specificity(pair[1]), pair[0]))
        return [row for _number, row in found]


def index_lanes(table: LaneTable) -> LaneIndex:
    """The index of a lane table."""
    by_prefix: dict[str, list[tuple[int, Lane]]] = {}
    for number, row in enumerate(table.lanes):
        by_prefix.setdefault(_plain(row.postcode_prefix), []).append((number, row))
    holidays: dict[tuple[str, str], frozenset[date]] = {}
    for place in table.holidays:
        key = (place.country.upper(), place.region.upper())
        holidays[key] = holidays.get(key, frozenset()) | frozenset(place.days)
    return LaneIndex(
        by_prefix={prefix: tuple(rows) for prefix, rows in by_prefix.items()},
        prefix_max=max(map(len, by_prefix), default=0),
        holidays=holidays,
        transit_days=frozenset(
            (row.service, max(0, row.transit_days)) for row in table.lanes if row.transit_days is not None
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """The transit days that occur on each card of an offer, ascending: a lane's dates depend on them, not on its zone.

    `of_zone` (cards, zones) and `at` (cards, days up to the most) are positions in `days`, `days_at` (cards, width) the
    days at each position; `width` is the most of them.
    """

    days: tuple[tuple[int, ...], ...]
    width: int
    of_zone: NDArray[np.intp]
    at: NDArray[np.intp]
    days_at: NDArray[np.intp]
    has_same_day: bool


def compile_spans(offer: Offer, index: LaneIndex) -> Spans:
    """The spans of an offer, with those that only the lane table names."""
    days = []
    for card in offer.cards:
        own = {_card_days(card.transit_days, zone) for zone in range(len(card.rates_minor))}
        named = {count for service, count in index.transit_days if service in ("", card.service)}
        days.append(tuple(sorted(own | named)))
    width = max(map(len, days), default=1)
    most = max((of_card[-1] for of_card in days if of_card), default=0)
    of_zone = np.zeros((len(offer.cards), offer.zones), dtype=np.intp)
    at = np.zeros((len(offer.cards), most + 1), dtype=np.intp)
    for position, (card, of_card) in enumerate(zip(offer.cards, days, strict=True)):
        for zone in range(len(card.rates_minor)):
            of_zone[position, zone] = of_card.index(_card_days(card.transit_days, zone))
        for place, count in enumerate(of_card):
            at[position, count] = place
    return Spans(
        days=tuple(days),
        width=width,
        of_zone=of_zone,
        at=at,
        days_at=np.array([[*of_card, *[0] * (width - len(of_card))] for of_card in days], dtype=np.intp),
        has_same_day=any(of_card and of_card[0] == 0 for of_card in days),
    )


def overrides(
    rows: list[Lane], nodes: Mapping[NodeId, int], count: int, services: list[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Zone and transit days (services, nodes) as the rows say, ABSENT where none does, and whether the lane is served;
    later rows count.
    """
    zone = np.full((len(services), count), ABSENT, dtype=np.intp)
    transit, served = zone.copy(), np.ones(zone.shape, dtype=np.bool_)
    for row in rows:
        position = slice(None) if row.node is None else nodes.get(row.node)
        if position is None:
            continue
        for at, service in enumerate(services):
            if row.service in ("", service):
                if row.zone is not None:
                    zone[at, position] = max(0, row.zone)
                if row.transit_days is not None:
                    transit[at, position] = max(0, row.transit_days)
                if row.served is not None:
                    served[at, position] = row.served
    return zone, transit, served


def _card_days(transit_days: tuple[int, ...], zone: int) -> int:
    """A card's transit days to a zone; the last of them counts for the zones behind."""
    return max(0, transit_days[min(zone, len(transit_days) - 1)])


def _specificity(row: Lane) -> tuple[bool, int, bool, bool, bool]:
    return (
        row.node is not None,
        len(_plain(row.postcode_prefix)),
        row.region != "",
        row.country != "",
        row.service != "",
    )


def _plain(postcode: str) -> str:
    return "".join(postcode.split()).upper()
