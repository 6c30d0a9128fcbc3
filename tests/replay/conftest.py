from datetime import date

import pytest

from troth.replay.retailer import Retailer, make_retailer

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def small() -> Retailer:
    return make_retailer("small", today=TODAY)


@pytest.fixture(scope="session")
def large() -> Retailer:
    return make_retailer("large", today=TODAY)


@pytest.fixture(params=["small", "large"])
def retailer(request: pytest.FixtureRequest) -> Retailer:
    made = request.getfixturevalue(request.param)
    assert isinstance(made, Retailer)
    return made
