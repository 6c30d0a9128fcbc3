"""What may not be in a rate card's surcharges and in cost rates, and what is worth a second look."""

from dataclasses import replace
from typing import Any

from tests.engine.worlds import flat_card
from troth.engine.carriage.card_check import check_card
from troth.engine.carriage.cost_check import check_cost_rates, lint_card
from troth.engine.carriage.rate_cards import DEFAULT_CARDS, STANDARD
from troth.model.cost_rates import NO_COST_RATES, CostRates, PaymentFee
from troth.model.network import Surcharge


def test_the_built_in_cards_and_the_rates_that_nobody_uses_are_without_a_flaw() -> None:
    for card in DEFAULT_CARDS:
        assert check_card(card) == lint_card(card) == ()
    assert list(check_cost_rates(NO_COST_RATES)) == []


def test_every_flaw_of_a_surcharge_is_named_with_its_place() -> None:
    card = replace(
        STANDARD,
        surcharges=(
            Surcharge("remote", -1, postcode_prefixes=("99 5",), countries=("usa",)),
            Surcharge("remote", 10, zones=(7,), grams_over=-1),
            Surcharge(" ", 10, value="yes"),
        ),
    )

    assert [(found.pointer, found.detail) for found in check_card(card)] == [
        ("/surcharges/0/minor", "must not be negative, nor above a trillion"),
        ("/surcharges/0/countries", "must be ISO 3166 codes of two letters, such as US"),
        ("/surcharges/0/postcode_prefixes", "must have no spaces and no lower-case letters, and not be empty"),
        ("/surcharges/1/name", "there is a surcharge remote already"),
        ("/surcharges/1/zones", "must be from 0 to 6, the zones of the card"),
        ("/surcharges/1/grams_over", "must not be negative"),
        ("/surcharges/2/name", "must not be empty"),
        ("/surcharges/2/attribute", "is required where a value such as yes is given"),
    ]


def test_every_flaw_of_cost_rates_is_named_with_its_place() -> None:
    rates = CostRates(
        load_minor=-1,
        load_free_percent=100,
        stock_out_weeks=float("nan"),
        payment_fees={"a/b": PaymentFee(10_001)},
        return_minor={"post": 1},
        carbon_grams_per_tonne_km={"": -1.0},
    )

    assert [(found.pointer, found.detail) for found in check_cost_rates(rates)] == [
        ("/cost_rates/load_minor", "must not be negative, nor above a trillion"),
        ("/cost_rates/load_free_percent", "must be from 0 to 99"),
        ("/cost_rates/stock_out_weeks", "must be from 0 to 520 weeks"),
        ("/cost_rates/payment_fees/a~1b/basis_points", "must be from 0 to 10,000, which is all of it"),
        ("/cost_rates/return_minor/post", "must be one of curbside, delivery, pickup, ship"),
        ("/cost_rates/carbon_grams_per_tonne_km/", "must not be negative, nor above a million"),
    ]


def test_a_card_that_is_seldom_meant_is_pointed_out() -> None:
    shape: dict[str, Any] = {"zone_miles": (100.0, 25_000.0), "brackets_grams": (500, 1000), "over_minor": (10, 10)}
    falling = flat_card(0, rates_minor=((900, 800), (700, 2000)), transit=0, **shape)

    assert [(found.pointer, found.detail) for found in lint_card(replace(falling, transit_days=(3, 2)))] == [
        ("/rates_minor/0", "a heavier parcel costs less than a lighter one"),
        ("/rates_minor/1", "two parcels can cost less than one with the same goods"),
        ("/rates_minor/1", "is cheaper at some weight than the nearer zone before it"),
        ("/transit_days/1", "is quicker than the nearer zone before it"),
    ]
