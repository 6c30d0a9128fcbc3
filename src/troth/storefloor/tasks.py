"""The tasks of a node: what is to be picked, packed, staged, sent and handed over, most urgent first, live."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.engine.work_times.pick_order import PickTurn
from troth.flows.orders.pick_turns import ToPick, order_turns
from troth.model.ids import NodeId
from troth.model.lifecycle import AllocationState
from troth.model.value import dataclass
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import Chip, state_chip
from troth.store.console import OPEN_WORK
from troth.store.store_floor import FloorTask, find_floor_tasks
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here
from troth.storefloor.steps import ahead_of, came_so_far

TASKS_MAX: Final = 100
_GROUPS: Final = (
    ("pick", "To pick"),
    ("pack", "To pack"),
    ("ready", "To stage"),
    ("ship", "To send"),
    ("receive", "To receive"),
    ("collect", "To hand over"),
    ("put-back", "To put back"),
)
_NEVER_LATE: Final = frozenset({"collect", "put-back"})
_LIKELY: Final = 0.5
_OWN: Final = (*OPEN_WORK, AllocationState.UNCOLLECTED)
_ARRIVED: Final = (AllocationState.SHIPPED, AllocationState.UNCLAIMED)


@dataclass(frozen=True, slots=True)
class Task:
    """A work as the list shows it: its next step, its state, by when it must be ready, and whether that is over."""

    of: FloorTask
    step: str
    chip: Chip
    done_by: datetime
    is_late: bool
    turn: PickTurn | None = None

    @property
    def begin_by(self) -> datetime:
        """When it comes in its turn."""
        return self.done_by if self.turn is None else self.turn.pick_by

    @property
    def may_be_gone(self) -> bool:
        """Whether some of its goods are more likely than not to be gone at the last moment."""
        return self.turn is not None and self.turn.risk >= _LIKELY

    @property
    def escalated_to(self) -> str:
        """Who was told that nobody has begun it; empty where nobody was, or it was begun since."""
        return self.of.escalated_to if self.step == "pick" else ""

    @property
    def is_waited_for(self) -> bool:
        """Whether the customer stands at the counter, or in a bay."""
        pickup = self.of.pickup
        return pickup.here_at is not None and pickup.handed_over_at is None and self.step == "collect"


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
        found = await find_floor_tasks(connection, node, own=_OWN, arrived=_ARRIVED, limit=TASKS_MAX)
    to_pick = [ToPick(one.fulfillment_id, one.ship_by, one.to_pick) for one in found if one.node == node]
    turns = await order_turns(visit.system, NodeId(node), to_pick)
    return tasks_of(found, node, visit.now, turns)


def tasks_of(found: Sequence[FloorTask], node: str, now: datetime, turns: Iterable[PickTurn] = ()) -> list[Task]:
    """The tasks that works are to a node: who waits there comes first, then what somebody was told of because it is
    late, then by when each must be ready, or picked (`turns`); ties by id.
    """
    by_work = {turn.fulfillment_id: turn for turn in turns}
    tasks = [_task(one, node, now, by_work.get(one.fulfillment_id)) for one in found if _steps(one, node)]
    return sorted(
        tasks,
        key=lambda task: (not task.is_waited_for, not task.escalated_to, task.begin_by, task.of.fulfillment_id),
    )


def _steps(one: FloorTask, node: str) -> tuple[str, ...]:
    came = came_so_far(is_kept=one.pickup.keep_until is not None, is_here=one.is_here, is_for_locker=one.is_for_locker)
    return ahead_of(one.status, one.method, at=one.node, via=one.via, node=node, came=came)


def _task(one: FloorTask, node: str, now: datetime, turn: PickTurn | None) -> Task:
    step, done_by = _steps(one, node)[0], one.done_by(node)
    is_waiting = one.is_from_elsewhere(node) and step == "collect"
    state = AllocationState.READY if is_waiting else one.status
    return Task(one, step, state_chip(state), done_by, done_by < now and step not in _NEVER_LATE, turn)


routes = [Route("/at/{node}", guarded(show_tasks, scope=SCOPE), name="tasks")]
