"""Fields of what is known of a customer and of an address, which only hold rules ask about."""

from collections.abc import Callable, Mapping
from typing import Final

from troth.engine.rules.loading import Facts, Loader
from troth.engine.rules.values import NO_NUMBER, Value
from troth.model.history import CustomerHistory
from troth.model.place_notes import place_notes


def _known(read: Callable[[CustomerHistory], int]) -> Loader:
    """A number of the history, missing where nobody looked."""

    def load(facts: Facts) -> Value:
        return NO_NUMBER if facts.history is None else Value(read(facts.history))

    return load


def _knows_address(facts: Facts) -> Value:
    return Value(False, False) if facts.history is None else Value(facts.history.knows_address)


def _is_located(facts: Facts) -> Value:
    return Value(facts.place is not None and not place_notes(facts.place))


HISTORY_LOADERS: Final[Mapping[str, Loader]] = {
    "order.located": _is_located,
    "customer.orders": _known(lambda history: history.orders),
    "customer.knows_address": _knows_address,
    "customer.same_orders": _known(lambda history: history.same_orders),
}
