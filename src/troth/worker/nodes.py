"""Nodes that are reached by messages and files: told, listened to, called when they are silent, and measured."""

from typing import Final

from prometheus_client import Counter, Gauge

from troth.adapters.node_files.opening import CODECS
from troth.flows.door.system import System
from troth.flows.nodes.files import OpenFolder, exchange_files
from troth.flows.nodes.silence import SILENT_MAX, note_silence
from troth.flows.nodes.tell import EVENTS_MAX as TOLD_MAX
from troth.flows.nodes.tell import tell_nodes
from troth.flows.records.node_performance import read_performance
from troth.worker.rounds import IDLE_SECONDS, LEARN_SECONDS, Task, counting

_SILENCE_SECONDS: Final = 5.0
_PERFORMANCE_DAYS: Final = 28

NODE_RATES: Final = Gauge("troth_node_rate", "Shares of the work of a node over 28 days", ["node", "rate"])
NODE_TASK_MINUTES: Final = Gauge("troth_node_task_minutes", "How long a task took at a node over 28 days", ["node"])
NODES_SILENT: Final = Counter("troth_nodes_silent_total", "Work that its node did not answer by when it had to")
NODE_FILES: Final = Counter("troth_node_files_total", "Files in the folders of nodes", ["what"])
NODE_ROWS_REFUSED: Final = Counter("troth_node_file_rows_refused_total", "Rows of files of nodes that were refused")
NODE_FOLDER_FAILURES: Final = Counter("troth_node_folder_failures_total", "Times that a node's folder was not usable")


def node_tasks(system: System, open_folder: OpenFolder) -> tuple[Task, ...]:
    """The tasks about nodes."""
    return (
        counting("tell nodes", lambda: tell_nodes(system), most=TOLD_MAX, pause=IDLE_SECONDS),
        counting(
            "node silence",
            lambda: note_silence(system),
            most=SILENT_MAX,
            pause=_SILENCE_SECONDS,
            counter=NODES_SILENT,
        ),
        Task("node files", lambda: _exchange_files(system, open_folder)),
    )


async def _exchange_files(system: System, open_folder: OpenFolder) -> float:
    done = await exchange_files(system, open_folder, CODECS)
    NODE_FILES.labels("written").inc(done.written)
    NODE_FILES.labels("read").inc(done.read)
    NODE_ROWS_REFUSED.inc(done.refused)
    NODE_FOLDER_FAILURES.inc(done.failed)
    return LEARN_SECONDS


async def measure_nodes(system: System) -> None:
    """Set how nodes did over 28 days; a node at which nothing happened that a share could be of has none."""
    NODE_RATES.clear()
    NODE_TASK_MINUTES.clear()
    for one in await read_performance(system, _PERFORMANCE_DAYS):
        rates = {"accepted": one.accept_rate, "on_time": one.on_time_rate, "short": one.short_rate}
        for name, rate in rates.items():
            if rate is not None:
                NODE_RATES.labels(one.node, name).set(rate)
        if one.task_minutes is not None:
            NODE_TASK_MINUTES.labels(one.node).set(one.task_minutes)
