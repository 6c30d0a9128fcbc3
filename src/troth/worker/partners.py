"""Trading partners: what they are to be sent is written, laid into folders, and what they send is done."""

from typing import Final

from prometheus_client import Counter, Gauge

from troth.flows.door.system import System
from troth.flows.edi.folders import exchange_interchanges
from troth.flows.edi.receive import TAKEN_MAX, take_left
from troth.flows.edi.send import MESSAGES_MAX, write_all_told
from troth.flows.edi.tongue import Tongue
from troth.flows.nodes.files import OpenFolder
from troth.store.edi_interchanges import count_overdue
from troth.worker.rounds import LEARN_SECONDS, Task, counting

_LEFT_SECONDS: Final = 30.0

EDI_FILES: Final = Counter("troth_edi_files_total", "Files in the folders of trading partners", ["what"])
EDI_MESSAGES: Final = Counter("troth_edi_messages_total", "Messages to nodes that were written into interchanges")
EDI_FOLDER_FAILURES: Final = Counter("troth_edi_folder_failures_total", "Times that a partner's folder was not usable")
EDI_OVERDUE: Final = Gauge(
    "troth_edi_overdue", "Interchanges that were not acknowledged in their time", ["partner", "direction"]
)


def partner_tasks(system: System, open_folder: OpenFolder) -> tuple[Task, ...]:
    """The tasks about trading partners; none where nobody speaks with them."""
    tongue = system.tongue
    if tongue is None:
        return ()
    return (
        counting(
            "write interchanges",
            lambda: write_all_told(system, tongue),
            most=MESSAGES_MAX,
            pause=LEARN_SECONDS,
            counter=EDI_MESSAGES,
        ),
        counting("take interchanges", lambda: take_left(system, tongue), most=TAKEN_MAX, pause=_LEFT_SECONDS),
        Task("partner folders", lambda: _exchange(system, tongue, open_folder)),
    )


async def _exchange(system: System, tongue: Tongue, open_folder: OpenFolder) -> float:
    done = await exchange_interchanges(system, tongue, open_folder)
    EDI_FILES.labels("written").inc(done.written)
    EDI_FILES.labels("read").inc(done.read)
    EDI_FILES.labels("refused").inc(done.refused)
    EDI_FOLDER_FAILURES.inc(done.failed)
    return LEARN_SECONDS


async def measure_partners(system: System) -> None:
    """Set how many interchanges with each partner were not acknowledged in their time."""
    EDI_OVERDUE.clear()
    async with system.pool.acquire() as connection:
        counts = await count_overdue(connection, system.door.now())
    for (partner, direction), count in counts.items():
        EDI_OVERDUE.labels(partner, direction.value).set(count)
