"""Stores whose true rates are known: how near to them what is learned comes, and how sure of it one may be."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import compile_network
from troth.engine.supply.accuracy import learn
from troth.engine.supply.find_rates import estimate_rates, lower_bounds
from troth.engine.supply.finding import FindRates
from troth.model.accuracy import LEARNING, CellEvidence, CellKey, Learning, Looked
from troth.model.ids import NodeId, Sku
from troth.model.network import Node, NodeType
from troth.model.value import dataclass

_UNITS_MAX = 3


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned after so many looks: the mean distance of rates from the true ones, their mean difference, and
    the share of true rates that lie above the lower bound.
    """

    looks: int
    error: float
    bias: float
    coverage: float


def learn_known_rates(
    seed: int,
    looks: Sequence[int],
    at: datetime,
    *,
    stores: int = 20,
    categories: int = 6,
    learning: Learning = LEARNING,
) -> tuple[Learned, ...]:
    """What is known after each of these numbers of looks (rising), where rates are drawn as learning supposes.

    A picker asks for up to three units of some position; they are found or missed together with the correlation.
    """
    generator = np.random.default_rng(seed)
    network = compile_network(
        [Node(NodeId(f"S{number:02}"), NodeType.STORE, "", 40.0, -75.0) for number in range(stores)]
    )
    true = _draw_rates(generator, stores, categories, learning)
    cells: dict[CellKey, CellEvidence] = {}
    learned = []
    done = 0
    for count in looks:
        seen = [_look(generator, true, number, at, learning) for number in range(done, count)]
        names = {sku: category for sku, category, _ in seen}
        cells |= learn([look for _, _, look in seen], cells, {}, names, learning).cells
        done = count
        learned.append(_compare(true, estimate_rates(network, cells, {}, at, learning), done))
    return tuple(learned)


def _draw_rates(
    generator: np.random.Generator, stores: int, categories: int, learning: Learning
) -> NDArray[np.float64]:
    """True rates (categories, stores)."""
    begin = 1.0 - learning.type_rates[NodeType.STORE]
    nodes = generator.beta(learning.node_trials * begin, learning.node_trials * (1.0 - begin), stores)
    factors = generator.gamma(learning.category_misses, 1.0 / learning.category_misses, categories)
    misses = np.clip(nodes * factors[:, np.newaxis], 1e-6, 0.95)
    rates: NDArray[np.float64] = 1.0 - generator.beta(
        learning.cell_trials * misses, learning.cell_trials * (1.0 - misses)
    )
    return rates


def _look(
    generator: np.random.Generator, true: NDArray[np.float64], number: int, at: datetime, learning: Learning
) -> tuple[Sku, str, Looked]:
    """A look at a position that nobody looked at before, with its SKU and category."""
    category, store = int(generator.integers(true.shape[0])), int(generator.integers(true.shape[1]))
    asked, strength = int(generator.integers(1, _UNITS_MAX + 1)), 1.0 / learning.correlation - 1.0
    rate = float(true[category, store])
    chance = generator.beta(max(1e-9, strength * rate), max(1e-9, strength * (1.0 - rate)))
    key = Sku(f"A{number}"), NodeId(f"S{store:02}")
    return key[0], _name(category), Looked(key, at, asked, int(generator.binomial(asked, chance)), "pick")


def _compare(true: NDArray[np.float64], rates: FindRates, looks: int) -> Learned:
    seen = [(category, store) for category, store in np.ndindex(*true.shape) if _name(category) in rates.categories]
    rows = [rates.categories[_name(category)] for category, _ in seen]
    stores = [store for _, store in seen]
    known = np.array([rates.probability[row, store] for row, store in zip(rows, stores, strict=True)])
    wanted = np.array([true[place] for place in seen])
    bounds = lower_bounds(rates, rows, stores)
    return Learned(
        looks,
        float(np.abs(known - wanted).mean()),
        float((known - wanted).mean()),
        float((wanted >= bounds).mean()),
    )


def _name(category: int) -> str:
    return f"category {category}"
