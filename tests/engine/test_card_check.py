"""What forbids a rate card says what may be instead."""

import pytest

from tests.engine.worlds import flat_card
from troth.engine.carriage.card_check import check_card


@pytest.mark.parametrize("minor", [-1, 10**18])
def test_a_rate_that_is_no_amount_says_what_may_be(minor: int) -> None:
    (found,) = [one for one in check_card(flat_card(minor)) if one.pointer == "/rates_minor/0"]
    assert found.detail == "must be amounts in minor units from 0 to 1000000000000"


def test_a_sound_card_has_no_findings() -> None:
    assert check_card(flat_card(500)) == ()
