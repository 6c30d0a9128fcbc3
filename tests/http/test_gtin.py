"""Bar codes."""

from hypothesis import given
from hypothesis import strategies as st

from troth.model.barcodes import is_gtin


@given(payload=st.text("0123456789", min_size=11, max_size=13).filter(lambda text: len(text) in (11, 12, 13)))
def test_of_ten_last_digits_exactly_one_makes_a_gtin(payload: str) -> None:
    assert [is_gtin(payload + digit) for digit in "0123456789"].count(True) == 1
