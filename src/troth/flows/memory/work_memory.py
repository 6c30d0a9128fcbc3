"""What a process remembers of how nodes do their work: how long their tasks take, and what rules count on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.work_times.measured import measured_minutes
from troth.engine.work_times.work_rates import RATE_DAYS, estimate_work_rates
from troth.model.ids import NodeId
from troth.model.network import Node
from troth.model.work_times import HourClass, TaskEvidence, WorkRates
from troth.store.database import Connection
from troth.store.node_work import read_task_evidence, sum_tallies

_RATES_HOLD: Final = timedelta(minutes=1)
"""Rates are made again after so long: a day of 28 moves them little, and making them takes some milliseconds."""


class WorkMemory:
    """Tasks are read again where something was learned since; rates are made again every minute."""

    def __init__(self) -> None:
        self._cells: Mapping[NodeId, Mapping[HourClass, TaskEvidence]] = {}
        self._has_newer = True
        self._rates: Mapping[NodeId, WorkRates] = {}
        self._rated: tuple[tuple[Node, ...], datetime] | None = None

    def forget(self) -> None:
        """Have tasks read again with the next need."""
        self._has_newer = True

    async def need(self, connection: Connection, network: Network, now: datetime) -> None:
        """Make it hold what is known at an instant of the nodes of a network."""
        if self._has_newer:
            self._cells, self._has_newer = await read_task_evidence(connection), False
        if not self._is_rated(network, now):
            tallies = await sum_tallies(connection, now.date() - timedelta(days=RATE_DAYS - 1))
            self._rates = estimate_work_rates(network, tallies, self._cells, now)
            self._rated = network.nodes, now

    def tell(self, network: Network, waiting: Mapping[NodeId, int], now: datetime, *, remorse_minutes: int) -> None:
        """Say with a network when pickups are ready there behind those that are `waiting`, and how nodes do."""
        network.load.ready_minutes = measured_minutes(network, self._cells, waiting, now, remorse_minutes)
        network.load.rate(self._rates)

    def _is_rated(self, network: Network, now: datetime) -> bool:
        if self._rated is None:
            return False
        nodes, at = self._rated
        return nodes is network.nodes and abs(now - at) < _RATES_HOLD
