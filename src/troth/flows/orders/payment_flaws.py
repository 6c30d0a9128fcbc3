"""What cannot be meant by the payments that a channel reports."""

from collections.abc import Iterable

from troth.model.card_numbers import LOOKS_LIKE_A_CARD, has_card_number
from troth.model.order import Method
from troth.model.payment import COUNTER, EXCHANGE, IS_RESERVED, PENDING
from troth.model.refusals import FieldFlaw
from troth.model.status import is_handed_over


def find_payment_flaws(payments: Iterable[tuple[str, str, str]], methods: Iterable[Method]) -> Iterable[FieldFlaw]:
    """The flaws of payments (provider, reference, status): no card number gets in, nobody says that a return's credit
    pays for it, and nothing is paid at a counter to which nobody comes.
    """
    is_sent = not all(map(is_handed_over, methods))
    for position, (provider, reference, status) in enumerate(payments):
        if provider == EXCHANGE:
            yield FieldFlaw(f"/payments/{position}/provider", IS_RESERVED)
        if (provider, status) == (COUNTER, PENDING) and is_sent:
            yield FieldFlaw(f"/payments/{position}/provider", "is for what is picked up; a line of it is sent")
        for name, value in (("provider", provider), ("reference", reference), ("status", status)):
            if has_card_number(value):
                yield FieldFlaw(f"/payments/{position}/{name}", LOOKS_LIKE_A_CARD)
