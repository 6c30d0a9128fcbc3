"""The contract with karrio: what we ask a carrier through it, and what its answers are to us."""

from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec

import pytest

from tests.builders import NEW_YORK, NOW
from tests.shipping.sending import DEPOT
from tests.shipping.ups import Books, open_ups
from troth.adapters.carriers.karrio import UNKNOWN, Karrio
from troth.model.asked import Declined, Lost
from troth.model.ids import FulfillmentId, NodeId, OrderId, Sku
from troth.model.label import Bought, Consignment, Contact, Goods, Label, LabelAsk, Paper, Voided

pytestmark = [
    pytest.mark.skipif(find_spec("karrio") is None, reason="the extra carriers is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning"),  # what karrio stands on
]

ACCOUNT = {"client_id": "id", "client_secret": "secret", "account_number": "A1B2C3", "account_country_code": "US"}
TOLD = Consignment(
    Contact("Harrisburg DC", DEPOT, "5550100"),
    Contact("Ada Park", NEW_YORK, "5550101"),
    "W-1001",
    (Goods(Sku("A"), "Wool socks", 2, 1990, 600),),
    "USD",
    1_200,
    (300, 200, 100),
    NOW,
    NOW + timedelta(days=3),
)
ASK = LabelAsk("O-1-L1", "ups_ground", TOLD, NOW)


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    from karrio.mappers.ups.settings import Settings

    with open_ups() as (url, kept):
        monkeypatch.setattr(Settings, "server_url", url)
        yield kept


async def test_a_label_is_bought_with_its_number_and_its_paper(books: Books) -> None:
    bought = await Karrio("ups", ACCOUNT).buy(ASK)

    assert isinstance(bought, Bought), bought
    assert (bought.tracking_number, bought.reference) == ("1Z999AA10123456784", "1Z999AA10123456784")
    assert bought.cost_minor is None  # this carrier says prices only when it is asked for them
    assert [(one.paper, one.content[:5]) for one in bought.papers] == [(Paper.PDF, b"%PDF-")]
    (body,) = books.bodies
    shipment = body["ShipmentRequest"]["Shipment"]
    assert shipment["ShipTo"]["Address"]["PostalCode"] == "10001"
    assert shipment["ShipFrom"]["Address"]["City"] == "Harrisburg"
    assert shipment["Service"]["Code"] == "03"


async def test_its_prices_are_those_of_the_carrier(books: Books) -> None:
    quotes = await Karrio("ups", ACCOUNT).quote([TOLD, TOLD])

    assert {one.service: (one.each_minor, one.currency) for one in quotes} == {
        "ups_ground": ((1150, 1150), "USD"),
        "ups_next_day_air": ((4510, 4510), "USD"),
    }


async def test_what_the_carrier_refuses_says_why(books: Books) -> None:
    books.fault = "refuses"

    refused = await Karrio("ups", ACCOUNT).buy(ASK)

    assert refused == Declined("120802", "Address Validation Error on ShipTo address", is_final=True)


async def test_one_that_is_away_leaves_it_unknown_and_is_not_asked_twice(books: Books) -> None:
    books.fault = "breaks"
    carrier = Karrio("ups", ACCOUNT)

    assert isinstance(await carrier.buy(ASK), Lost)
    assert await carrier.find(ASK) == UNKNOWN


async def test_a_label_is_taken_back(books: Books) -> None:
    label = Label(
        OrderId("O-1"), 1, FulfillmentId("O-1-F1"), "1", NodeId("DC-PA"), "ups", "ups_ground", TOLD, NOW, "test",
        tracking_number="1Z999AA10123456784", reference="1Z999AA10123456784",
    )  # fmt: skip

    assert await Karrio("ups", ACCOUNT).void(label) == Voided()
    assert ("DELETE", "/api/shipments/v2409/void/cancel/1Z999AA10123456784") in books.asked
    books.fault = "refuses"
    assert isinstance(await Karrio("ups", ACCOUNT).void(label), Declined)
