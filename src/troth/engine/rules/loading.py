"""What the loaders of fields are made of, and what they share."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.rules.values import NO_TEXT, Known, Value, code_words
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.history import CustomerHistory
from troth.model.ids import NodeId, Sku
from troth.model.money import currency_decimals
from troth.model.network import Address, Node
from troth.model.plan import Demand

Loader = Callable[[Any], Value]


class Facts(Protocol):
    """What fields are made of."""

    demand: Demand
    order: Demand
    network: Network
    supply: Mapping[Sku, SupplyRows]
    place: Address | None
    currency: str
    now: datetime
    prices: UnitPrices | None
    loads: Mapping[NodeId, float] | None
    history: CustomerHistory | None

    def field(self, path: str, key: str = "") -> Value:
        """The values of a field."""

    def remember(self, token: object, run: Callable[[Any], Value], *, has_lane: bool) -> Value:
        """What `run` comes to, remembered."""


def as_known(isas_known: NDArray[np.bool_]) -> Known:
    """Where there is a value: True where everywhere."""
    return True if isas_known.all() else isas_known


def is_foreign(facts: Facts) -> bool:
    """Whether the order's prices are in another currency than costs are, so that no rule can weigh them."""
    return facts.demand.currency not in ("", facts.currency)


def as_text(found: str) -> Value:
    """The text, missing where it is empty."""
    return Value(found) if found else NO_TEXT


def in_money(facts: Facts, minor: float) -> float:
    """Minor units of the policy's currency as an amount of it."""
    return float(minor / 10 ** currency_decimals(facts.currency))


def node_texts(read: Callable[[Node], str], *, is_optional: bool = False) -> Callable[[Facts], Value]:
    """A text of each node (N), missing where it is empty and `is_optional`."""

    def load(facts: Facts) -> Value:
        found = [read(node) for node in facts.network.nodes]
        is_known = np.array([bool(text) or not is_optional for text in found], dtype=np.bool_)
        return Value(code_words(found, (len(found),)), as_known(is_known))

    return load


def node_sets(read: Callable[[Node], Sequence[str]]) -> Callable[[Facts], Value]:
    """A list of texts of each node (N)."""
    return lambda facts: Value(
        code_words([frozenset(read(node)) for node in facts.network.nodes], (len(facts.network.nodes),))
    )


def node_numbers(read: Callable[[Facts, Node], float | None]) -> Callable[[Facts], Value]:
    """A number of each node (N), missing where it has none."""

    def load(facts: Facts) -> Value:
        numbers = [read(facts, node) for node in facts.network.nodes]
        is_known = np.array([number is not None for number in numbers], dtype=np.bool_)
        return Value(np.array([number or 0.0 for number in numbers], dtype=np.float64), as_known(is_known))

    return load
