"""Running a worker: all of its tasks side by side, until it is told to stop."""

import asyncio

from troth.adapters.messages.opening import make_senders
from troth.adapters.node_files.opening import open_edi_folders, open_folders
from troth.adapters.tracking.polling import open_pollers
from troth.adapters.webhooks import open_sender
from troth.flows.door.system import System
from troth.settings import Settings
from troth.worker.carriage import carriage_tasks
from troth.worker.deliveries import Deliveries, delivery_tasks
from troth.worker.learning import learning_tasks
from troth.worker.money import money_tasks
from troth.worker.nodes import node_tasks
from troth.worker.orders import order_tasks
from troth.worker.partners import partner_tasks
from troth.worker.rounds import repeat
from troth.worker.telling import telling_tasks
from troth.worker.upkeep import upkeep_tasks


async def run_worker(system: System, settings: Settings, stop: asyncio.Event) -> None:
    """Do the worker's tasks until `stop` is set; what is under way then is finished first."""
    async with open_sender() as post, open_pollers(settings) as opened:
        pollers = {**{name.lower(): one.poller for name, one in system.carriers.items() if one.poller}, **opened}
        deliveries = Deliveries(system, post, stop)
        tasks = (
            *upkeep_tasks(system),
            *order_tasks(system),
            *delivery_tasks(deliveries),
            *learning_tasks(system),
            *carriage_tasks(system, pollers),
            *money_tasks(system),
            *telling_tasks(system, make_senders(settings, post)),
            *node_tasks(system, open_folders(settings)),
            *partner_tasks(system, open_edi_folders(settings)),
        )
        await asyncio.gather(*(repeat(task, stop) for task in tasks))
        await deliveries.close()
