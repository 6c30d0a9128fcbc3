"""The tasks of a node: what is to be picked, packed, staged, sent and handed over, most urgent first, live."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.engine.pickups.decide import pickup_of
from troth.engine.work_times.pick_order import PickTurn
from troth.flows.orders.pick_turns import find_turns
from troth.model.ids import NodeId
from troth.model.lifecycle import AllocationState
from troth.model.measure import scale_of
from troth.model.order import Fulfillment, Order
from troth.model.pickup import Pickup
from troth.model.status import fulfillment_status, live_allocations
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import Chip, state_chip
from troth.store.console import OPEN_WORK, find_work
from troth.store.store_floor import find_arrivals
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here
from troth.storefloor.steps import ahead, beside

TASKS_MAX: Final = 100
_GROUPS: Final = (
    ("pick", "To pick"),
    ("pack", "To pack"),
    ("ready", "To stage"),
    ("ship", "To send"),
    ("collect", "To hand over"),
    ("put-back", "To put back"),
)
_LIKELY: Final = 0.5
_ARRIVED: Final = (AllocationState.SHIPPED, AllocationState.UNCLAIMED)


@dataclass(frozen=True, slots=True)
class Task:
    """A work as the list shows it: its next step, its units and lines, by when it must be ready, and whether that is
    over; `is_asked_back` where somebody wants it back.
    """

    order: Order
    work: Fulfillment
    step: str
    chip: Chip
    units: int
    lines: int
    due_at: datetime
    is_late: bool
    is_asked_back: bool
    pickup: Pickup
    turn: PickTurn | None = None

    @property
    def begin_by(self) -> datetime:
        """When it comes in its turn."""
        return self.due_at if self.turn is None else self.turn.pick_by

    @property
    def may_be_gone(self) -> bool:
        """Whether some of its goods are more likely than not to be gone at the last moment."""
        return self.turn is not None and self.turn.risk >= _LIKELY

    @property
    def is_waited_for(self) -> bool:
        """Whether the customer stands at the counter, or in a bay."""
        return self.pickup.here_at is not None and self.pickup.handed_over_at is None and self.step == "collect"


async def show_tasks(visit: Visit) -> Response:
    """The tasks of one node, by the step that comes next."""
    node = node_here(visit)
    found = await read_tasks(visit, node.node)
    groups = [(name, title, [task for task in found if task.step == name]) for name, title in _GROUPS]
    return page(
        visit,
        "tasks.html",
        section="tasks",
        title=node.name,
        node=node,
        groups=[group for group in groups if group[2]],
        count=len(found),
        is_cut=len(found) >= TASKS_MAX,
        done=visit.asked("done"),
        zone=node.time_zone,
    )


async def read_tasks(visit: Visit, node: str) -> list[Task]:
    """The tasks of a node, most urgent first, at most TASKS_MAX."""
    async with visit.system.pool.acquire() as connection:
        own = await find_work(connection, [*OPEN_WORK, AllocationState.UNCOLLECTED], node=node, limit=TASKS_MAX)
        arrived = await find_arrivals(connection, node, _ARRIVED, limit=TASKS_MAX)
    turns = await find_turns(visit.system, NodeId(node), own)
    return tasks_of([*own, *arrived], node, visit.now, turns)[:TASKS_MAX]


def tasks_of(
    found: Sequence[tuple[Order, Fulfillment]], node: str, now: datetime, turns: Iterable[PickTurn] = ()
) -> list[Task]:
    """The tasks that works are to a node: who waits there comes first, then by when each must be ready, or picked
    (`turns`); ties by id.
    """
    by_work = {turn.fulfillment_id: turn for turn in turns}
    tasks = [
        _task(order, work, node, now, by_work.get(work.fulfillment_id))
        for order, work in found
        if ahead(order, work, node)
    ]
    return sorted(tasks, key=lambda task: (not task.is_waited_for, task.begin_by, task.work.fulfillment_id))


def _task(order: Order, work: Fulfillment, node: str, now: datetime, turn: PickTurn | None) -> Task:
    scales = {line.line_id: scale_of(line.decimals) for line in order.lines}
    parts = [part for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id]
    state = fulfillment_status(order, work.fulfillment_id)
    return Task(
        order,
        work,
        ahead(order, work, node)[0],
        state_chip(state),
        sum(-(-part.quantity // scales[part.line_id]) for part in parts),
        len({part.line_id for part in parts}),
        work.ship_by,
        is_late=work.ship_by < now and state in OPEN_WORK and state is not AllocationState.READY,
        is_asked_back="accept-recall" in beside(order, work, node),
        pickup=pickup_of(order, work),
        turn=turn,
    )


routes = [Route("/at/{node}", guarded(show_tasks, scope=SCOPE), name="tasks")]
