"""The ways to have one demand: by each service, by local delivery, at the stores nearby. From one question of a quote
to the next only the way differs; what does not depend on it is looked at once.

Of a plain demand that is which nodes hold which of its lines whole, and what parcels of each set of lines weigh and so
cost by zone. What is left for each way is to price the kinds of candidates, some tens, and to choose among them. At a
store that has everything nothing is chosen at all. The plans are the very same that `answer` makes.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.distance import squared_chords
from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer
from troth.engine.carriage.transit import NEVER, find_coordinates
from troth.engine.choice.kinds import Kinds, find_kinds, find_senders, held_sets, price_kinds, tied_candidates
from troth.engine.choice.scoring import delay_costs, subset_rates
from troth.engine.choice.solve import partition
from troth.engine.demand.admission import Admission
from troth.engine.demand.budget import Budget
from troth.engine.demand.capacity import Need
from troth.engine.demand.problem import Parcel
from troth.engine.promising.answer import answer
from troth.engine.promising.case import Case
from troth.engine.promising.plain import PlainDemand, plan_parcels, pose_plain
from troth.engine.promising.together import answer_together
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy
from troth.model.value import dataclass

LINES_MAX: Final = 8
"""What nodes hold of so many lines fits a byte, and their sets are fewer than the candidates."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stock:
    """What does not depend on the way: units `available` (K, N), the lines that nodes hold whole (N, as bits), and
    whether they have anything (N).
    """

    available: NDArray[np.float64]
    held: NDArray[np.intp]
    has_any: NDArray[np.bool_]


class Ways:
    """Answers the questions of one quote as `answer` does, and keeps what they share while it lasts.

    It must not outlast the quote: stock moves.
    """

    __slots__ = ("_rates", "_stocks")

    def __init__(self) -> None:
        self._stocks: dict[tuple[tuple[SupplyRows, ...], tuple[int, ...]], _Stock] = {}
        self._rates: dict[tuple[Offer, tuple[tuple[int, int], ...]], NDArray[np.float64]] = {}

    def __call__(
        self,
        demand: Demand,
        supply: Mapping[Sku, SupplyRows],
        network: Network,
        policy: Policy,
        now: datetime,
        *,
        prices: UnitPrices | None = None,
        loads: Mapping[NodeId, float] | None = None,
        admission: Admission | None = None,
        need: Need | None = None,
        budget: Budget | None = None,
    ) -> Plan:
        """The plan."""
        found = None
        if admission is None and need is None:
            found = self.find(Case(demand, supply, network, policy, now, prices, loads))
        if found is None:
            return answer(
                demand, supply, network, policy, now,
                prices=prices, loads=loads, admission=admission, need=need, budget=budget,
            )  # fmt: skip
        if budget is not None:
            budget.count_question()
        return found

    def find(self, case: Case) -> Plan | None:
        """The plan of a plain demand; None where it is not plain, or not all lines can be sent whole."""
        one = None if case.demand.excluded_nodes else pose_plain(case, lines_max=LINES_MAX)
        if one is None:
            return None
        kinds = None if one.way.lanes.pickup >= 0 else find_kinds(case.network, one.way.lanes)
        if kinds is not None and not kinds.are_few:
            return answer_together((case,))[0]
        stock, unreached = self._find_stock(one), one.way.unreached
        parcels = _hand_over(one, stock) if kinds is None else self._send(one, stock, kinds)
        if parcels is None:
            return None
        stocked = np.count_nonzero(stock.has_any if unreached is None else stock.has_any & ~unreached)
        return plan_parcels(one, stock.available, parcels, int(stocked))

    def _send(self, one: PlainDemand, stock: _Stock, kinds: Kinds) -> list[Parcel] | None:
        """The cheapest parcels by which everything is sent, of equally cheap ones from the nearest."""
        case, way, count = one.case, one.way, len(one.rows)
        policy = case.policy
        sends = find_senders(kinds.of, stock.held, kinds=kinds.lane.size, lines=count)
        delays = delay_costs(
            way.timetable.arrival_day.take(kinds.lane), way.earliest_day, float(policy.delay_minor_per_day)
        )
        costs = price_kinds(kinds, one.quantities, split=policy.split_minor, delays=delays, rates=self._find_rates(one))
        costs[~sends] = NEVER
        prices = costs.min(axis=1)
        parts = partition(prices, count, max(1, policy.shipments_max))
        if parts is None:
            return None
        return [
            Parcel(
                _nearest(one, tied_candidates(kinds, stock.held, part, costs[part] == prices[part])),
                {line: units for line, units in enumerate(one.quantities) if part >> line & 1},
            )
            for part in parts
        ]

    def _find_stock(self, one: PlainDemand) -> _Stock:
        key = (one.rows, one.quantities)
        found = self._stocks.get(key)
        if found is None:
            nodes = len(one.case.network.nodes)
            available = np.zeros((len(one.rows), nodes))
            for line, row in enumerate(one.rows):
                available[line, row.node_index] = row.available
            has_any: NDArray[np.bool_] = np.any(available, axis=0)
            found = _Stock(available, held_sets(available, one.quantities), has_any)
            self._stocks[key] = found
        return found

    def _find_rates(self, one: PlainDemand) -> NDArray[np.float64]:
        """What a parcel with each set of the lines costs by each rate lane (2^K, rate lanes)."""
        lines = one.case.demand.lines
        sizes = [(line.grams(units), line.volume(units)) for line, units in zip(lines, one.quantities, strict=True)]
        key = (one.offer, tuple(sizes))
        found = self._rates.get(key)
        if found is None:
            found = self._rates[key] = subset_rates(one.offer, lines, one.quantities)
        return found


def _hand_over(one: PlainDemand, stock: _Stock) -> list[Parcel] | None:
    """Everything at once from the node that hands it over, which is never dearer than in parts; None where it has not
    got everything.
    """
    position = one.way.lanes.pickup
    if stock.held[position] != (1 << len(one.rows)) - 1:
        return None
    return [Parcel(position, dict(enumerate(one.quantities)))]


def _nearest(one: PlainDemand, tied: NDArray[np.bool_]) -> int:
    """Of candidates (services, N) that cost the same the first, or the nearest of them by its service."""
    nodes: int = tied.shape[1]
    column = int(tied.argmax())
    latitude, longitude = find_coordinates(one.case.demand.destination)
    if latitude is None or longitude is None:
        return column
    start = column - column % nodes
    near = np.flatnonzero(tied[start // nodes])
    if near.size < 2:
        return column
    chords = squared_chords(one.case.network.points[:, near], latitude, longitude)
    return start + int(near[chords.argmin()])
