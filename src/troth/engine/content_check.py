"""What is odd about an order that could be captured: findings for a person, each with its field. None of them refuses
it where a channel captures orders itself; in the intake each keeps it waiting.
"""

import re
from collections.abc import Iterable
from typing import Final

from troth.model.capture_order import CaptureOrder
from troth.model.place_notes import place_notes
from troth.model.refusals import FieldFlaw

_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()./-]{4,22}[0-9]")
_DIGITS_MIN: Final = 6
_DIGITS_MAX: Final = 15


def find_oddities(command: CaptureOrder) -> tuple[FieldFlaw, ...]:
    """Addresses that lie nowhere, telephone numbers that are none, and the same goods once more on the same day."""
    return tuple(_all(command))


def is_phone(text: str) -> bool:
    """Whether a text can be a telephone number: 6 to 15 digits, as people write them.

    *Source:* ITU-T E.164: at most 15 digits.

    >>> is_phone("+1 (212) 555-0100"), is_phone("call me"), is_phone("12")
    (True, False, False)
    """
    digits = sum(letter.isdigit() for letter in text)
    return _PHONE.fullmatch(text.strip()) is not None and _DIGITS_MIN <= digits <= _DIGITS_MAX


def _all(command: CaptureOrder) -> Iterable[FieldFlaw]:
    if command.customer.phone and not is_phone(command.customer.phone):
        yield FieldFlaw("/customer/phone", f"{command.customer.phone} is no telephone number")
    if command.ship_to is not None:
        yield from (FieldFlaw("/ship_to", note) for note in place_notes(command.ship_to))
    for at, line in enumerate(command.lines):
        if line.terms is not None and line.terms.ship_to is not None:
            yield from (FieldFlaw(f"/lines/{at}/ship_to", note) for note in place_notes(line.terms.ship_to))
    history = command.history
    if history is not None and history.same_orders:
        times = "once" if history.same_orders == 1 else f"{history.same_orders} times"
        yield FieldFlaw("/external_id", f"the customer ordered the very same goods {times} in the last day")
