"""Stores whose records go wrong, in memory: what learning how often stock is found does to short picks and sales.

Units vanish without a record, each day with a probability of its store. Orders come, each with an order of stores in
which it would rather be served, and take the first that exposes enough; what is not found there is taken off the books
and sought at the next. What was sold arrives again on the next day. Some positions are counted each day.
"""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network, compile_network
from troth.engine.supply.accuracy import learn
from troth.engine.supply.find_rates import estimate_rates
from troth.engine.supply.finding import FindRates, findable
from troth.model.accuracy import (
    CellEvidence,
    CellKey,
    Counted,
    Looked,
    Moved,
    Observation,
    PositionKey,
    PositionRecord,
)
from troth.model.count_task import Candidate
from troth.model.ids import NodeId, Sku
from troth.model.network import Node, NodeType
from troth.model.value import dataclass
from troth.planning.count_tasks import CountWorth, rank_counts

Units = NDArray[np.int64]
_CATEGORY: Final = "goods"
_ASKED_DAYS: Final = 28
_FREE: Final = CountWorth(count_minor=0, count_unit_minor=0)


@dataclass(frozen=True, slots=True)
class Stores:
    """How big the stores are, and how they lose units: a unit of store i vanishes in a day with `vanish_shares[i]`. All
    begin with right records and `level` units of each SKU, and are filled up to that every `days_between_receipts`.
    """

    vanish_shares: tuple[float, ...] = (0.0005, 0.0005, 0.001, 0.001, 0.002, 0.002, 0.005, 0.005, 0.01, 0.02)
    skus: int = 60
    level: int = 4
    orders_per_day: int = 80
    days: int = 120
    days_between_receipts: int = 7
    days_ignored: int = 30


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done about wrong records: the confidence with which a unit that is exposed must be there (None: the books
    are believed), how many positions are counted a day, and whether those are the most valuable ones, or any.
    """

    confidence: float | None = None
    counts_per_day: int = 0
    is_ranked: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of it after the days that are ignored: orders, those served by the store that they were promised from,
    picks that came short, orders to which nothing was promised, and those of them that some store could have served.
    """

    orders: int = 0
    kept: int = 0
    short_picks: int = 0
    refused: int = 0
    refused_in_vain: int = 0
    lost_after_short: int = 0


@dataclass(slots=True)
class _Shelves:
    """Books and truth (skus, stores), what was observed of a day, and what is known."""

    network: Network
    books: Units
    truth: Units
    asked: list[Units]
    rates: FindRates
    seen: list[Observation] = field(default_factory=list)
    cells: dict[CellKey, CellEvidence] = field(default_factory=dict)
    positions: dict[PositionKey, PositionRecord] = field(default_factory=dict)


def simulate(stores: Stores, handling: Handling, seed: int, *, begins_at: datetime) -> Outcome:
    """What comes of a way of handling wrong records; the demand is the same for every way with the same seed."""
    demand, losses, drawn = (np.random.default_rng([seed, stream]) for stream in range(3))
    shelves = _open(stores, begins_at)
    outcome = Outcome()
    for day in range(stores.days):
        now = begins_at + timedelta(days=day)
        counted = outcome if day >= stores.days_ignored else Outcome()
        _begin_day(stores, shelves, losses, has_receipt=day % stores.days_between_receipts == 0)
        for _ in range(stores.orders_per_day):
            sku, wanted = int(demand.integers(stores.skus)), int(demand.integers(1, 3))
            _serve(shelves, sku, wanted, demand.permutation(len(stores.vanish_shares)), handling, now, counted)
        _count(shelves, handling, drawn, now)
        _learn(shelves, now)
    return outcome


def _open(stores: Stores, now: datetime) -> _Shelves:
    nodes = [
        Node(NodeId(f"S{at:02}"), NodeType.STORE, f"Store {at}", 40.0, -75.0) for at in range(len(stores.vanish_shares))
    ]
    network = compile_network(nodes)
    shape = (stores.skus, len(nodes))
    full = np.full(shape, stores.level, dtype=np.int64)
    return _Shelves(network, full, full.copy(), [], estimate_rates(network, {}, {}, now))


def _begin_day(stores: Stores, shelves: _Shelves, losses: np.random.Generator, *, has_receipt: bool) -> None:
    """Some units vanish; where goods arrive, the books are filled up."""
    if has_receipt:
        missing = stores.level - shelves.books
        shelves.seen += [
            Moved(_key(shelves, int(sku), int(at)), int(missing[sku, at])) for sku, at in np.argwhere(missing)
        ]
        shelves.books += missing
        shelves.truth += missing
    shelves.truth -= losses.binomial(shelves.truth, np.array(stores.vanish_shares))
    shelves.asked = [*shelves.asked[-_ASKED_DAYS + 1 :], np.zeros_like(shelves.books)]


def _serve(
    shelves: _Shelves,
    sku: int,
    wanted: int,
    preferred: Sequence[int] | NDArray[np.int64],
    handling: Handling,
    now: datetime,
    outcome: Outcome,
) -> None:
    outcome.orders += 1
    exposed = shelves.books[sku]
    if handling.confidence is not None:
        exposed = findable(exposed, shelves.rates.of(Sku(f"A{sku:03}"), _CATEGORY), handling.confidence)
    able = [int(at) for at in preferred if exposed[at] >= wanted]
    if not able:
        outcome.refused += 1
        outcome.refused_in_vain += bool((shelves.truth[sku] >= wanted).any())
        return
    for attempt, at in enumerate(able):
        found = int(min(wanted, shelves.truth[sku, at]))
        shelves.asked[-1][sku, at] += wanted
        shelves.seen.append(Looked(_key(shelves, sku, at), now, wanted, found, "pick"))
        if found == wanted:
            shelves.books[sku, at] -= wanted
            shelves.truth[sku, at] -= wanted
            outcome.kept += attempt == 0
            return
        # The units that were found stay; those that were missed are off the books from now on.
        outcome.short_picks += 1
        shelves.books[sku, at] -= wanted - found
    outcome.lost_after_short += 1


def _count(shelves: _Shelves, handling: Handling, drawn: np.random.Generator, now: datetime) -> None:
    """Count some positions at the end of a day; the books are then right."""
    if not handling.counts_per_day:
        return
    _learn(shelves, now)
    choose: Callable[[_Shelves, int, np.random.Generator, datetime], list[tuple[int, int]]]
    choose = _choose_ranked if handling.is_ranked else _choose_any
    for sku, at in choose(shelves, handling.counts_per_day, drawn, now):
        books, there = int(shelves.books[sku, at]), int(shelves.truth[sku, at])
        shelves.seen.append(Counted(_key(shelves, sku, at), now, books, there))
        shelves.books[sku, at] = there


def _choose_any(shelves: _Shelves, count: int, drawn: np.random.Generator, _: datetime) -> list[tuple[int, int]]:
    chosen = drawn.choice(shelves.books.size, size=count, replace=False)
    return [divmod(int(at), shelves.books.shape[1]) for at in chosen]


def _choose_ranked(shelves: _Shelves, count: int, _: np.random.Generator, now: datetime) -> list[tuple[int, int]]:
    asked = np.sum(shelves.asked, axis=0)
    candidates = []
    for sku, at in np.argwhere(shelves.books > 0):
        key = _key(shelves, int(sku), int(at))
        units, wanted = int(shelves.books[sku, at]), int(asked[sku, at])
        candidates.append(Candidate(*key, "", _CATEGORY, units, 0, 2_000, wanted, shelves.positions.get(key)))
    ranked = rank_counts(candidates, shelves.rates, now, limit=count, worth=_FREE)
    return [(int(task.candidate.sku[1:]), shelves.rates.nodes[task.candidate.node]) for task in ranked]


def _learn(shelves: _Shelves, now: datetime) -> None:
    categories = dict.fromkeys((one.key[0] for one in shelves.seen), _CATEGORY)
    learned = learn(shelves.seen, shelves.cells, shelves.positions, categories)
    shelves.cells |= learned.cells
    shelves.positions |= learned.positions
    shelves.seen.clear()
    # As a process does, which keeps in memory only positions where units were ever missed.
    missed = {key: record for key, record in shelves.positions.items() if record.missed > 0.0}
    shelves.rates = estimate_rates(shelves.network, shelves.cells, missed, now)


def _key(shelves: _Shelves, sku: int, at: int) -> PositionKey:
    return Sku(f"A{sku:03}"), shelves.network.nodes[at].node
