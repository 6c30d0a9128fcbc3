import math
from dataclasses import replace

import pytest

from troth.flows.places.places import country_code, find_place, locate
from troth.model.network import Address
from troth.model.place_notes import place_notes

DENVER = (39.7392, -104.9847)


def miles_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    phi, psi = math.radians(one[0]), math.radians(other[0])
    east = math.radians(one[1] - other[1])
    cosine = math.sin(phi) * math.sin(psi) + math.cos(phi) * math.cos(psi) * math.cos(east)
    return 3958.8 * math.acos(min(1.0, cosine))


def coordinates(address: Address) -> tuple[float, float]:
    found = locate(address)
    assert found.latitude is not None
    assert found.longitude is not None
    return found.latitude, found.longitude


@pytest.mark.parametrize(
    ("postcode", "place"),
    [
        ("10001", (40.7484, -73.9967)),
        ("02116-3841", (42.3503, -71.0810)),
        ("33131", (25.7667, -80.1918)),
        ("60614", (41.9229, -87.6483)),
        ("70130", (29.9324, -90.0682)),
        ("75201", (32.7876, -96.7994)),
        ("80202", DENVER),
        ("84111", (40.7547, -111.8839)),
        ("90012", (34.0614, -118.2385)),
        ("98101", (47.6114, -122.3305)),
        ("96813", (21.3179, -157.8521)),
        ("99501", (61.2116, -149.8761)),
    ],
)
def test_a_us_zip_lies_within_thirty_miles_of_where_it_is(postcode: str, place: tuple[float, float]) -> None:
    assert miles_between(coordinates(Address(country="US", postcode=postcode)), place) < 30


@pytest.mark.parametrize(
    ("country", "region", "city", "place"),
    [
        ("US", "CO", "Denver", DENVER),
        ("US", "Colorado", "denver", DENVER),
        ("us", "co", "DENVER", DENVER),
        ("US", "MO", "St Louis", (38.627, -90.199)),
        ("US", "MO", "Saint Louis", (38.627, -90.199)),
        ("US", "NY", "New York", (40.713, -74.006)),
        ("US", "OR", "Portland", (45.515, -122.679)),
        ("US", "ME", "Portland", (43.657, -70.259)),
        ("US", "", "Portland", (45.515, -122.679)),
        ("GB", "", "London", (51.507, -0.128)),
        ("CA", "ON", "London", (42.984, -81.246)),
        ("DE", "", "München", (48.137, 11.575)),
        ("DE", "", "Munich", (48.137, 11.575)),
        ("DE", "", "Cologne", (50.937, 6.960)),
        ("IE", "", "Dublin", (53.349, -6.260)),
        ("BR", "SP", "Sao Paulo", (-23.551, -46.633)),
        ("JP", "", "Tokyo", (35.676, 139.650)),
        ("AU", "NSW", "Sydney", (-33.869, 151.209)),
        ("ZA", "", "Johannesburg", (-26.204, 28.047)),
    ],
)
def test_a_known_city_lies_within_thirty_miles_of_where_it_is(
    country: str, region: str, city: str, place: tuple[float, float]
) -> None:
    assert miles_between(coordinates(Address(country=country, region=region, city=city)), place) < 30


def test_the_zip_prefix_is_asked_before_the_city() -> None:
    assert miles_between(coordinates(Address(country="US", postcode="80202", city="Boston", region="MA")), DENVER) < 30


def test_a_zip_that_nobody_has_leaves_the_city_to_decide() -> None:
    assert miles_between(coordinates(Address(country="US", postcode="00000", city="Denver", region="CO")), DENVER) < 30


def test_an_unknown_city_is_taken_for_the_center_of_its_state() -> None:
    nowhere = coordinates(Address(country="US", region="CO", city="Nowhere"))
    assert nowhere == coordinates(Address(country="US", region="CO"))
    assert miles_between(nowhere, DENVER) < 40


def test_an_unknown_city_and_state_are_taken_for_the_center_of_the_country() -> None:
    united_kingdom = coordinates(Address(country="GB", region="Rutland", city="Nowhere"))
    assert united_kingdom == coordinates(Address(country="GB"))
    assert miles_between(united_kingdom, (52.5, -1.4)) < 60


def test_the_center_of_a_country_across_the_antimeridian_lies_in_it() -> None:
    assert miles_between(coordinates(Address(country="FJ")), (-17.9, 178.2)) < 100


def test_an_unknown_city_of_a_wide_country_has_no_place_and_the_decision_says_so() -> None:
    found = locate(Address(country="US", city="Nowhere"))

    assert (found.latitude, found.longitude) == (None, None)
    assert place_notes(found) == ("where it goes is not known: it is counted as the farthest zone",)


def test_a_place_that_is_only_guessed_is_said_to_be() -> None:
    state = locate(Address(country="US", region="CO", city="Nowhere"))
    country = locate(Address(country="DE", city="Nowhere"))

    assert place_notes(state) == ("Nowhere is not known: it is taken for the middle of CO",)
    assert place_notes(country) == ("Nowhere is not known: it is taken for the middle of DE",)


@pytest.mark.parametrize(
    ("address", "notes"),
    [
        (
            Address("US", city="New York", region="NY", postcode="90001"),
            ("postcode 90001 does not lie in NY: the postcode is believed",),
        ),
        (
            Address("US", city="New York", postcode="90001"),
            ("postcode 90001 does not lie in New York: the postcode is believed",),
        ),
        (Address("US", city="New York", region="NY", postcode="10001"), ()),
        (Address("US", city="Nowhere", postcode="10001"), ()),
        (Address("US", city="New York", region="New York", postcode="10118"), ()),
    ],
)
def test_a_postcode_that_contradicts_the_rest_is_believed_and_said(address: Address, notes: tuple[str, ...]) -> None:
    assert place_notes(locate(address)) == notes


def test_what_is_known_already_stays() -> None:
    address = Address(country="US", postcode="80202", latitude=1.0, longitude=2.0, time_zone="UTC")
    assert locate(address) == replace(address, region_code="CO")


def test_half_of_the_coordinates_is_as_good_as_none() -> None:
    assert locate(Address(country="US", postcode="80202", latitude=1.0)) == locate(
        Address(country="US", postcode="80202")
    )


def test_only_the_coordinates_change() -> None:
    address = Address("US", "Ada Hale", "1 Elm Street", "Floor 2", "Denver", "CO", "80202")
    found = locate(address)
    assert found.latitude is not None
    assert Address(*(getattr(found, field) for field in Address.__slots__[:7])) == address


@pytest.mark.parametrize("country", ["", "ZZ", "Atlantis"])
def test_an_unknown_country_leaves_the_address_as_it_is(country: str) -> None:
    address = Address(country=country, city="Denver", postcode="80202")
    assert locate(address) is address


def test_what_was_looked_up_is_kept_in_a_bounded_cache() -> None:
    locate(Address(country="US", postcode="80202", city="Denver", region="CO", name="Ada"))
    before = find_place.cache_info()
    locate(Address(country="US", postcode="80202", city="Denver", region="CO", name="Ben"))
    after = find_place.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 0)
    assert after.maxsize == 65_536


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("United Kingdom", "GB"),
        ("uk", "GB"),
        ("EIRE", "IE"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("RSA", "ZA"),
        ("Channel Islands", "JE"),
        ("Netherlands", "NL"),
        ("The Netherlands", "NL"),
        ("Czech Republic", "CZ"),
        ("Hong Kong", "HK"),
        ("Korea", "KR"),
        ("United Arab Emirates", "AE"),
        ("Côte d'Ivoire", "CI"),
        ("Réunion", "RE"),
        ("DE", "DE"),
        ("deu", "DE"),
    ],
)
def test_a_country_is_known_by_code_name_and_usual_synonyms(name: str, code: str) -> None:
    assert country_code(name) == code


@pytest.mark.parametrize("name", ["", "Unspecified", "European Community", "West Indies", "Unit"])
def test_what_is_no_country_has_no_code(name: str) -> None:
    assert country_code(name) is None


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        (Address("US", postcode="10001"), "America/New_York"),
        (Address("US", postcode="85701-1234"), "America/Phoenix"),
        (Address("PR", postcode="00901"), "America/Puerto_Rico"),
        (Address("US", region="FL", city="Pensacola"), "America/Chicago"),
        (Address("US", region="TX", city="El Paso"), "America/Denver"),
        (Address("US", latitude=47.61, longitude=-122.33), "America/Los_Angeles"),
        (Address("CA", region="AB", city="Calgary"), "America/Edmonton"),
        (Address("AU", city="Perth"), "Australia/Perth"),
        (Address("NP", city="Kathmandu"), "Asia/Kathmandu"),
        (Address("DE"), "Europe/Berlin"),
        (Address("US"), ""),  # the middle of its people says nothing of a country with many zones
        (Address("XX", city="Nowhere"), ""),
        (Address("US", postcode="10001", time_zone="America/Anchorage"), "America/Anchorage"),
    ],
)
def test_an_address_has_the_time_zone_of_its_place(address: Address, zone: str) -> None:
    assert locate(address).time_zone == zone


def test_what_an_address_says_besides_its_place_is_kept() -> None:
    address = Address("US", name="Ada Park", line1="1 Main St", city="New York", postcode="10001", residential=True)

    found = replace(locate(address), latitude=None, longitude=None, time_zone="")
    assert found == replace(address, region_code="NY", located_by="postcode")
