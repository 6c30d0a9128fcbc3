"""What is learned from the log: how surely units are found, how long things take, and what will be late."""

from typing import Final

from prometheus_client import Counter

from troth.flows.door.system import System
from troth.flows.memory.accuracy import EVENTS_MAX as ACCURACY_MAX
from troth.flows.memory.accuracy import learn_from_log
from troth.flows.memory.node_work import EVENTS_MAX as WORK_MAX
from troth.flows.memory.node_work import learn_work
from troth.flows.tracking.measure import EVENTS_MAX as TIMES_MAX
from troth.flows.tracking.measure import measure_from_log
from troth.flows.tracking.watch import EVENTS_MAX as WATCHED_MAX
from troth.flows.tracking.watch import LOOKED_MAX, SETTLES, Watcher, follow_watched, look_at_due
from troth.worker.rounds import LEARN_SECONDS, Task, counting

WATCHED: Final = Counter("troth_orders_watched_total", "Looks at orders on their way, for what is expected of them")


def learning_tasks(system: System) -> tuple[Task, ...]:
    """The tasks that learn, and look at what is to be expected by it."""
    pool, door, watcher = system.pool, system.door, Watcher()
    return (
        counting("accuracy", lambda: learn_from_log(pool, log=system.log), most=ACCURACY_MAX, pause=LEARN_SECONDS),
        counting("measure times", lambda: measure_from_log(system), most=TIMES_MAX, pause=LEARN_SECONDS),
        counting("follow watched", lambda: follow_watched(pool, door.now()), most=WATCHED_MAX, pause=LEARN_SECONDS),
        counting(
            "watch",
            lambda: look_at_due(system, watcher, settles=SETTLES),
            most=LOOKED_MAX,
            pause=LEARN_SECONDS,
            counter=WATCHED,
        ),
        counting(
            "node work",
            lambda: learn_work(pool, door.reference.network, log=system.log),
            most=WORK_MAX,
            pause=LEARN_SECONDS,
        ),
    )
