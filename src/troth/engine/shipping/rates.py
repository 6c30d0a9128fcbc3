"""Rate shopping when a work is packed: what each service costs for the packages as they are, and when they arrive.

The plan was made for goods as they stand in the catalog; now sizes and weights are those of cartons, and part of the
time is gone. So a service that was best then may be dear or late by now, and a better one may be there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from troth.engine.carriage.calendars import minute_of
from troth.engine.carriage.carriers import find_trip
from troth.engine.carriage.network import Network
from troth.engine.carriage.rate_cards import billable_grams, fuel_card, parcel_rate_minor
from troth.engine.carriage.sizes import measures_of
from troth.engine.carriage.surcharges import fuel_minor, parcel_surcharges
from troth.engine.carriage.transit import Lanes, find_lanes
from troth.model.ids import NodeId
from troth.model.network import Address, RateCard
from troth.model.order import Method
from troth.model.packing import Size
from troth.model.plan import DemandLine
from troth.model.shipping_rates import QuotedRate, RateChoice, RateSource, ShippingRate
from troth.model.value import dataclass

_MM3_PER_CM3: Final = 1_000


@dataclass(frozen=True, slots=True)
class ShopParcel:
    """A package as it is to be carried: its weight, its size outside (zeros: not known), and the lines in it."""

    grams: int
    size_mm: Size
    lines: tuple[DemandLine, ...]

    @property
    def volume_cm3(self) -> int:
        """The room that it takes, rounded up: that of its size, or of its goods where that is not known."""
        length, width, height = self.size_mm
        if length and width and height:
            return -(-length * width * height // _MM3_PER_CM3)
        return sum(-(-line.volume_cm3 * line.quantity // line.scale) for line in self.lines)


@dataclass(frozen=True, slots=True)
class ShopQuestion:
    """Packages that are ready at a node at `now`, for a destination, promised until an instant."""

    node: NodeId
    method: Method
    destination: Address | None
    parcels: tuple[ShopParcel, ...]
    now: datetime
    promised_at: datetime


def find_card_rates(network: Network, asked: ShopQuestion, currency: str) -> tuple[ShippingRate, ...]:
    """What each card in force says, those that do not go there with why; nothing of a node that is not there."""
    position = network.index.get(asked.node)
    if position is None:
        return ()
    offer = network.offer(asked.method)
    lanes = find_lanes(network, asked.method, asked.destination, "")
    rows = {card: row for row, card in enumerate(lanes.services)}
    return tuple(
        _rate(network, asked, lanes, position, (at, rows.get(at)), card, currency)
        for at, card in enumerate(offer.cards)
    )


def with_quotes(
    rates: Sequence[ShippingRate], carrier: str, quotes: Sequence[QuotedRate], asked: ShopQuestion
) -> tuple[ShippingRate, ...]:
    """The rates with what a carrier said itself, which counts instead of its card: its price, and its date if it named
    one. A service that it did not name cannot be had; one without a card is there as the carrier says it. Prices in
    another currency than the cards' say nothing here.
    """
    told = {quote.service: quote for quote in quotes}
    found = [_quoted(rate, told.pop(rate.service, None), asked) if rate.carrier == carrier else rate for rate in rates]
    currency = next((rate.currency for rate in rates), "")
    bare = [ShippingRate(carrier, service, RateSource.CARRIER, currency=currency) for service in sorted(told)]
    return (*found, *(_quoted(rate, told[rate.service], asked) for rate in bare))


def _quoted(rate: ShippingRate, quote: QuotedRate | None, asked: ShopQuestion) -> ShippingRate:
    if quote is None:
        return replace(rate, barred=rate.barred or "the carrier does not offer it now")
    if rate.currency and quote.currency != rate.currency:
        return replace(rate, barred=rate.barred or f"is priced in {quote.currency}")
    arrives_at = quote.arrives_at or rate.arrives_at
    return replace(
        rate,
        source=RateSource.CARRIER,
        cost_minor=sum(quote.each_minor),
        parts={"rate": sum(quote.each_minor)},
        each_minor=quote.each_minor,
        currency=quote.currency,
        arrives_at=arrives_at,
        keeps=arrives_at is not None and arrives_at <= asked.promised_at,
        barred="",
    )


def choose_rate(rates: Iterable[ShippingRate]) -> RateChoice:
    """The service that keeps the promise at least cost; where none does, the one that arrives first.

    At the same cost the earlier one is better, then by carrier and service. What its carrier makes no labels of comes
    after what it does of, and what cannot be taken last.
    """
    ranked = sorted(rates, key=_rank)
    able = [rate for rate in ranked if not rate.barred]
    if not able:
        return RateChoice(tuple(ranked), None, "No service goes there.")
    best = able[0]
    if not best.keeps:
        first = min(able, key=lambda rate: (not rate.has_labels, _instant(rate.arrives_at), rate.cost_minor, rate.name))
        rest = [rate for rate in ranked if rate is not first]
        return RateChoice((first, *rest), first, f"None keeps the promise; {first.service} arrives first.")
    cheaper = [rate for rate in able if rate.cost_minor < best.cost_minor and not rate.keeps]
    others = sum(1 for rate in able if rate.keeps) - 1
    why = f"{best.carrier} {best.service} keeps the promise at least cost"
    if others:
        why += f", of {others + 1} that keep it"
    if cheaper:
        why += f"; {', '.join(f'{rate.service} is cheaper and late' for rate in cheaper[:2])}"
    return RateChoice(tuple(ranked), best, why + ".")


def _rank(rate: ShippingRate) -> tuple[bool, bool, bool, int, float, tuple[str, str]]:
    return (
        bool(rate.barred),
        not rate.keeps,
        not rate.has_labels,
        rate.cost_minor,
        _instant(rate.arrives_at),
        rate.name,
    )


def _instant(at: datetime | None) -> float:
    return float("inf") if at is None else at.timestamp()


def _rate(
    network: Network,
    asked: ShopQuestion,
    lanes: Lanes,
    position: int,
    places: tuple[int, int | None],
    card: RateCard,
    currency: str,
) -> ShippingRate:
    at, row = places
    rate = ShippingRate(card.carrier, card.service, RateSource.CARD, currency=currency)
    barred = _find_bar(network, asked, lanes, position, places, card)
    if barred or row is None:
        return _barred(rate, barred)
    zone = lanes.zone_of(row, position)
    each = [_parcel_parts(card, zone, parcel, asked.destination) for parcel in asked.parcels]
    parts = _add_up(each)
    clock = network.clock_of(position, card.service)
    carrier = network.offer(asked.method).carriers[at]
    minute = -minute_of(-asked.now.timestamp())
    trip = find_trip(clock, carrier, minute, lanes.transit_days(row, position), lanes.destination)
    if trip is None:
        return _barred(rate, "the carrier never comes")
    arrives_at = datetime.fromtimestamp(trip.closes, UTC)
    return ShippingRate(
        card.carrier,
        card.service,
        RateSource.CARD,
        sum(parts.values()),
        currency,
        parts,
        tuple(sum(one.values()) for one in each),
        datetime.fromtimestamp(trip.ship_by, UTC),
        arrives_at,
        arrives_at <= asked.promised_at,
    )


def _barred(rate: ShippingRate, why: str) -> ShippingRate:
    return ShippingRate(
        rate.carrier, rate.service, rate.source, currency=rate.currency, barred=why or "does not go there"
    )


def _find_bar(
    network: Network, asked: ShopQuestion, lanes: Lanes, position: int, places: tuple[int, int | None], card: RateCard
) -> str:
    """Why a service cannot take these packages; empty where it can."""
    at, row = places
    if row is None or lanes.lane.item(row, position) == lanes.absent:
        return lanes.unserved.get(at, "") or "does not go there from this node"
    for parcel in asked.parcels:
        if card.grams_max is not None and parcel.grams > card.grams_max:
            return f"takes at most {card.grams_max / 1000:g} kg"
        longest, girth = measures_of(parcel.size_mm)
        if card.length_mm_max is not None and longest > card.length_mm_max:
            return f"takes at most {card.length_mm_max / 10:g} cm of length"
        if card.girth_mm_max is not None and girth > card.girth_mm_max:
            return f"takes at most {card.girth_mm_max / 10:g} cm of length and girth"
        needed = _needs(parcel) - set(card.capabilities)
        if needed:
            return f"does not carry {', '.join(sorted(needed))}"
    return ""


def _needs(parcel: ShopParcel) -> set[str]:
    return {
        need
        for line in parcel.lines
        if line.item is not None and line.item.restrictions is not None
        for need in line.item.restrictions.service_needs
    }


def _parcel_parts(card: RateCard, zone: int, parcel: ShopParcel, destination: Address | None) -> Mapping[str, int]:
    """What one package costs, part by part; fuel is rounded of each rate and of each surcharge by itself."""
    grams = billable_grams(card, weight_grams=parcel.grams, volume_cm3=parcel.volume_cm3)
    surcharges = parcel_surcharges(card, zone=zone, grams=parcel.grams, destination=destination, lines=parcel.lines)
    fuel = parcel_rate_minor(fuel_card(card), zone=zone, grams=grams) if card.fuel_basis_points else 0
    fuel += sum(fuel_minor(one.minor, card.fuel_basis_points) for one in surcharges if one.is_fuelable)
    parts = {"rate": parcel_rate_minor(card, zone=zone, grams=grams)}
    parts |= {"surcharges": sum(one.minor for one in surcharges)} if surcharges else {}
    return parts | ({"fuel": fuel} if fuel else {})


def _add_up(parcels: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for parts in parcels:
        for name, minor in parts.items():
            total[name] = total.get(name, 0) + minor
    return total
