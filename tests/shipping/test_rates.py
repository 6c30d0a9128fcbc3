"""Rate shopping: the service that keeps the promise at least cost, whatever the carriers say."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NEW_YORK, NOW, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.carriage.rate_cards import EXPRESS, NEXT_DAY, STANDARD
from troth.engine.shipping.rates import ShopParcel, ShopQuestion, choose_rate, find_card_rates, with_quotes
from troth.model.ids import LineId, Sku
from troth.model.item import Restrictions
from troth.model.network import RateCard, Surcharge
from troth.model.order import Method
from troth.model.plan import DemandLine
from troth.model.shipping_rates import QuotedRate, RateChoice, RateSource, ShippingRate

LINE = DemandLine(LineId("1"), Sku("A"), 1, 500, item=item())


def asked(*parcels: ShopParcel, promised_at: datetime = NOW + timedelta(days=30), **changes: object) -> ShopQuestion:
    question = ShopQuestion(
        node().node, Method.SHIP, NEW_YORK, parcels or (ShopParcel(1_000, (0, 0, 0), (LINE,)),), NOW, promised_at
    )
    return replace(question, **changes)  # type: ignore[arg-type]


def rates(question: ShopQuestion, *cards: RateCard) -> dict[str, ShippingRate]:
    network = compile_network((node(),), cards or (STANDARD, EXPRESS, NEXT_DAY))
    return {one.service: one for one in find_card_rates(network, question, "USD")}


def with_labels(found: dict[str, ShippingRate]) -> RateChoice:
    return choose_rate(replace(one, has_labels=True) for one in found.values())


def test_what_is_charged_is_the_rate_of_each_package_with_its_surcharges_and_fuel() -> None:
    card = replace(
        STANDARD,
        fuel_basis_points=1_000,
        surcharges=(
            Surcharge("home", 300, is_fuelable=True, residential=True),
            Surcharge("heavy", 500, grams_over=2_000),
        ),
    )
    light, heavy = ShopParcel(1_000, (0, 0, 0), (LINE,)), ShopParcel(2_100, (300, 200, 200), (LINE,))

    found = rates(asked(light, heavy), card)["standard"]

    # The first zone: 1,000 g cost 6.99; 12 l are charged as 2,400 g, 9.79; fuel is a tenth of each, and of the 3.00.
    assert found.parts == {"rate": 699 + 979, "surcharges": 300 + 800, "fuel": 70 + 98 + 30 + 30}
    assert found.each_minor == (699 + 300 + 70 + 30, 979 + 800 + 98 + 30)
    assert found.cost_minor == sum(found.each_minor) == sum(found.parts.values())


def test_the_cheapest_of_those_that_keep_the_promise_is_best_and_it_is_said_why() -> None:
    found = rates(asked(promised_at=NOW + timedelta(days=30)))
    tomorrow = replace(STANDARD, transit_days=(5,) * 7)
    late = rates(asked(promised_at=datetime.fromisoformat("2026-11-25T02:00:00+00:00")), tomorrow, EXPRESS, NEXT_DAY)

    easy, tight = with_labels(found), with_labels(late)

    assert easy.best is not None
    assert tight.best is not None
    assert (easy.best.service, tight.best.service) == ("standard", "express")
    assert easy.why == "parcel standard keeps the promise at least cost, of 3 that keep it."
    assert (
        tight.why == "parcel express keeps the promise at least cost, of 2 that keep it; standard is cheaper and late."
    )


def test_where_none_keeps_the_promise_the_first_to_arrive_is_best() -> None:
    slow = replace(STANDARD, transit_days=(5,) * 7)
    choice = with_labels(rates(asked(promised_at=NOW), slow, EXPRESS))

    assert choice.best is not None
    assert (choice.best.service, choice.why) == ("express", "None keeps the promise; express arrives first.")


@pytest.mark.parametrize(
    ("card", "parcel", "why"),
    [
        (replace(STANDARD, grams_max=900), ShopParcel(1_000, (0, 0, 0), (LINE,)), "takes at most 0.9 kg"),
        (STANDARD, ShopParcel(1_000, (3_000, 10, 10), (LINE,)), "takes at most 274.3 cm of length"),
        (
            STANDARD,
            ShopParcel(
                1_000,
                (0, 0, 0),
                (replace(LINE, item=item(restrictions=Restrictions(service_needs=("hazardous",)))),),
            ),
            "does not carry hazardous",
        ),
        (replace(STANDARD, regions=("US-CA",)), ShopParcel(1_000, (0, 0, 0), (LINE,)), "goes to US-CA only"),
    ],
)
def test_what_cannot_be_taken_says_why(card: RateCard, parcel: ShopParcel, why: str) -> None:
    (found,) = rates(asked(parcel), card).values()

    assert why in found.barred
    assert choose_rate([found]).best is None


def test_what_a_carrier_says_itself_counts_instead_of_its_card() -> None:
    question = asked()
    quotes = (
        QuotedRate("standard", (450,), "USD"),
        QuotedRate("saver", (300,), "USD", NOW + timedelta(days=2)),
        QuotedRate("slow", (100,), "USD"),
    )

    found = {one.service: one for one in with_quotes(tuple(rates(question).values()), "parcel", quotes, question)}

    assert {name: (one.cost_minor, one.source, one.keeps, one.barred) for name, one in found.items()} == {
        "standard": (450, RateSource.CARRIER, True, ""),
        "express": (1649, RateSource.CARD, True, "the carrier does not offer it now"),
        "next_day": (2699, RateSource.CARD, True, "the carrier does not offer it now"),
        "saver": (300, RateSource.CARRIER, True, ""),
        "slow": (100, RateSource.CARRIER, False, ""),
    }
    best = with_labels(found).best
    assert best is not None
    assert best.service == "saver"
    foreign = with_quotes(tuple(rates(question).values()), "parcel", (QuotedRate("standard", (1,), "EUR"),), question)
    assert foreign[0].barred == "is priced in EUR"


some_rates = st.lists(
    st.builds(
        ShippingRate,
        st.sampled_from(["a", "b"]),
        st.sampled_from(["x", "y", "z"]),
        st.just(RateSource.CARD),
        st.integers(1, 9),
        arrives_at=st.integers(0, 9).map(lambda days: NOW + timedelta(days=days)),
        keeps=st.booleans(),
        barred=st.sampled_from(["", "", "no"]),
        has_labels=st.just(True),
    ),
    max_size=8,
)


@given(some_rates)
def test_the_best_is_never_beaten(found: list[ShippingRate]) -> None:
    choice = choose_rate(found)

    able = [one for one in found if not one.barred]
    assert sorted(choice.rates, key=repr) == sorted(found, key=repr)
    assert (choice.best is None) is (not able)
    if choice.best is not None:
        keeping = [one.cost_minor for one in able if one.keeps]
        assert choice.best.keeps is bool(keeping)
        assert choice.rates[0] == choice.best
        if keeping:
            assert choice.best.cost_minor == min(keeping)
        else:
            assert choice.best.arrives_at == min(one.arrives_at for one in able if one.arrives_at is not None)
