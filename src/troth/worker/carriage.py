"""Parcels and their carriers: where they are, their labels, and the lists of what was handed over."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from prometheus_client import Counter, Gauge

from troth.flows.door.system import System
from troth.flows.memory.trackers import Poller, Silent
from troth.flows.shipping.labels import EVENTS_MAX as LABELED_MAX
from troth.flows.shipping.labels import advance_due, follow_orders
from troth.flows.shipping.manifests import tell_due
from troth.flows.tracking.poll import EVENTS_MAX as PARCELS_MAX
from troth.flows.tracking.poll import follow_parcels, poll_carrier
from troth.worker.rounds import IDLE_SECONDS, LEARN_SECONDS, UPKEEP_SECONDS, Task, counting

_LABELS_MAX: Final = 16
_POLL_SECONDS: Final = 1.0
_SILENCE_SECONDS_FIRST: Final = 15.0
_SILENCE_SECONDS_MAX: Final = 900.0

PARCELS_ASKED: Final = Counter("troth_parcels_asked_total", "Parcels that carriers were asked about", ["carrier"])
CARRIER_SILENT: Final = Gauge("troth_carrier_silences", "How often in a row a carrier has not answered", ["carrier"])
LABELS: Final = Counter("troth_labels_looked_at_total", "Looks at labels that carriers had not answered about")

_log = logging.getLogger(__name__)


def carriage_tasks(system: System, pollers: Mapping[str, Poller]) -> tuple[Task, ...]:
    """The tasks about parcels; carriers are asked where they are by `pollers`, each on its own."""
    return (
        _follow_parcels(system, pollers),
        *(Task(f"ask {name}", _asking(system, name, pollers[name])) for name in sorted(pollers)),
        counting("follow labels", lambda: follow_orders(system), most=LABELED_MAX, pause=IDLE_SECONDS),
        counting(
            "labels",
            lambda: advance_due(system, limit=_LABELS_MAX),
            most=_LABELS_MAX,
            pause=IDLE_SECONDS,
            counter=LABELS,
        ),
        counting("manifests", lambda: tell_due(system, limit=_LABELS_MAX), most=_LABELS_MAX, pause=IDLE_SECONDS),
    )


def _follow_parcels(system: System, pollers: Mapping[str, Poller]) -> Task:
    async def look() -> int:
        return await follow_parcels(system.pool, pollers.keys()) if pollers else 0

    # Where nobody is asked what is shipped meanwhile is in the log.
    return counting("follow parcels", look, most=PARCELS_MAX, pause=LEARN_SECONDS if pollers else UPKEEP_SECONDS)


def _asking(system: System, carrier: str, poller: Poller) -> Callable[[], Awaitable[float]]:
    """Asks one carrier where parcels are; while it does not answer it is left alone for a doubling, bounded time."""
    silences = 0

    async def run() -> float:
        nonlocal silences
        asked = await poll_carrier(system, carrier, poller)
        silences = silences + 1 if isinstance(asked, Silent) else 0
        CARRIER_SILENT.labels(carrier).set(silences)
        if isinstance(asked, Silent):
            pause = max(_SILENCE_SECONDS_FIRST * 2.0 ** min(silences - 1, 10), asked.seconds or 0.0)
            pause = min(pause, _SILENCE_SECONDS_MAX)
            _log.warning(
                "carrier %s did not say where parcels are (%s), next try in %.0f s", carrier, asked.reason, pause
            )
            return pause
        PARCELS_ASKED.labels(carrier).inc(asked)
        return 0.0 if asked == poller.numbers_max else _POLL_SECONDS

    return run
