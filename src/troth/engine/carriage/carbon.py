"""The CO2e of a parcel's way, from distance, weight and service; in grams, and in money where the policy prices it."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.model.cost_rates import CostRates
from troth.model.network import Address
from troth.model.order import Method
from troth.model.value import dataclass

KM_PER_MILE: Final = 1.609344
_GRAMS_PER_TONNE: Final = 1_000_000.0
_GRAMS_PER_KG: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Carbon:
    """The factors of one destination: its distance (km, N) from each node, grams of CO2e by tonne and kilometer of each
    card, grams by parcel, what a kilogram costs in minor units, and of which cards the policy knows a factor at all.
    """

    kilometers: NDArray[np.float64]
    factors: tuple[float, ...]
    parcel_grams: int
    minor_per_kg: int
    is_known: tuple[bool, ...]

    def line_grams(
        self, weight_grams: int, card: int, nodes: NDArray[np.intp] | slice = slice(None)
    ) -> NDArray[np.float64]:
        """The whole grams of CO2e (n) of so much weight by a card from each of some nodes, halves up."""
        factor = weight_grams * self.factors[card] / _GRAMS_PER_TONNE
        grams: NDArray[np.float64] = np.floor(self.kilometers[nodes] * factor + 0.5)
        return grams

    def most_grams(self, weight_grams: int) -> int:
        """No card from any node makes more grams of so much weight."""
        farthest = float(self.kilometers.max(initial=0.0))
        return math.ceil(farthest * weight_grams * max(self.factors, default=0.0) / _GRAMS_PER_TONNE)

    def minor(self, grams: NDArray[np.float64]) -> NDArray[np.float64]:
        """What so much CO2e costs, in whole minor units."""
        minor: NDArray[np.float64] = np.floor(grams * self.minor_per_kg / _GRAMS_PER_KG + 0.5)
        return minor

    def minor_of(self, grams: int) -> int:
        """The same for one amount."""
        return (grams * self.minor_per_kg * 2 + _GRAMS_PER_KG) // (2 * _GRAMS_PER_KG)


def has_factors(rates: CostRates) -> bool:
    """Whether a policy knows what any way there costs the climate."""
    return bool(rates.carbon_grams_per_tonne_km or rates.carbon_grams_per_parcel)


def find_carbon(
    network: Network, method: Method, destination: Address | None, rates: CostRates, services: tuple[str, ...]
) -> Carbon | None:
    """The carbon of what is sent to a destination, `services` being those of the offer's cards; None where nothing is
    sent, where it lies is not known, or the policy has no factors.
    """
    factors = rates.carbon_grams_per_tonne_km
    if not has_factors(rates) or method not in (Method.SHIP, Method.DELIVERY):
        return None
    latitude, longitude = find_coordinates(destination)
    if latitude is None or longitude is None:
        return None
    return Carbon(
        kilometers=compute_miles(network, latitude, longitude) * KM_PER_MILE,
        factors=tuple(factors.get(service, factors.get("", 0.0)) for service in services),
        parcel_grams=rates.carbon_grams_per_parcel,
        minor_per_kg=rates.carbon_minor_per_kg,
        is_known=tuple(
            bool(rates.carbon_grams_per_parcel) or service in factors or "" in factors for service in services
        ),
    )
