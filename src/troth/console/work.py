"""The work of nodes, most urgent first, and the steps that an operator can do in their place."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.engine.pickups.decide import put_back_keys
from troth.engine.recall_terms import open_recall
from troth.flows.orders.acceptance import Window, find_accept_by, read_windows
from troth.flows.orders.fulfill import read_work
from troth.model.commands import (
    AcceptRecall,
    AcceptWork,
    CollectWork,
    DeliverWork,
    FulfillmentCommand,
    PackWork,
    PickWork,
    RecallCommand,
    ReceiveWork,
    RefuseRecall,
    RejectWork,
    ShipWork,
    StageWork,
)
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import AllocationState
from troth.model.measure import scale_of
from troth.model.order import Fulfillment, Order
from troth.model.pickup import Arrival, Pickup
from troth.model.pickup_moves import ExtendPickup, PickupCommand, PutBackPickup, TellArrival
from troth.model.recall import Recall
from troth.model.refusals import NotFound
from troth.model.status import fulfillment_status, is_handed_over, is_kept, live_allocations
from troth.model.value import dataclass
from troth.model.ways import stay_of
from troth.pages.asking import ask, new_key, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import Chip, position_text, query, read_position, state_chip
from troth.pages.views_refusal import flaw, tell_refusal
from troth.store.console import OPEN_WORK, count_work, find_work

Told = tuple[str, tuple[str, ...]]
WorkCommand = FulfillmentCommand | RecallCommand | PickupCommand

_PAGE: Final = 50
_SHOWN: Final = (*OPEN_WORK, AllocationState.SHIPPED, AllocationState.UNCOLLECTED, AllocationState.UNCLAIMED)
_STEPS: Final[Mapping[str, Callable[[FulfillmentId], WorkCommand]]] = {
    "accept": AcceptWork,
    "reject": lambda work: RejectWork(work, "rejected in the console"),
    "pick": PickWork,
    "pack": PackWork,
    "ship": ShipWork,
    "ready": StageWork,
    "collect": CollectWork,
    "receive": ReceiveWork,
    "deliver": DeliverWork,
    "here": lambda work: TellArrival(work, Arrival.HERE),
    "extend": ExtendPickup,
    "put-back": PutBackPickup,
    "accept-recall": lambda work: AcceptRecall(work, "given back in the console"),
    "refuse-recall": lambda work: RefuseRecall(work, "kept in the console"),
}


@dataclass(frozen=True, slots=True)
class WorkRow:
    """A fulfillment in the list; `steps` are what can be done next, the usual one first, and `recall` what its node is
    asked to give back; `pickup` is what is known of its handing over.
    """

    order: Order
    work: Fulfillment
    chip: Chip
    units: int
    is_late: bool
    steps: tuple[str, ...]
    accept_by: datetime | None
    recall: Recall | None
    pickup: Pickup | None


async def show_work(visit: Visit) -> Response:
    """A page of the work, of one node or all, in one state or all that are open."""
    return await _page(visit)


async def step(visit: Visit) -> Response:
    """Do the next step of a fulfillment in the place of its node."""
    form = await visit.request.form()
    work, name = FulfillmentId(visit.request.path_params["fulfillment_id"]), text(form, "step")
    make = _STEPS.get(name)
    told = flaw(f"there is no step {name}") if make is None else None
    if make is not None:
        refusal = await ask(visit, form, await _with_shelves(visit, make(work)))
        told = tell_refusal(refusal) if refusal else None
    if told is not None:
        return await _page(visit, refused=work, told=told)
    back = query(node=visit.asked("node"), status=visit.asked("status"), after=visit.asked("after"), done=work)
    return RedirectResponse(f"{visit.base}/fulfillments{back}", 303)


async def _with_shelves(visit: Visit, command: WorkCommand) -> WorkCommand:
    """The command with the supplies that it moves, where it puts goods back that another node had sent."""
    if not isinstance(command, PutBackPickup):
        return command
    found = await read_work(visit.system.pool, command.fulfillment_id)
    return command if isinstance(found, NotFound) else replace(command, keys=put_back_keys(*found))


def next_steps(order: Order, work: Fulfillment) -> tuple[str, ...]:
    """What can be done with work as it stands, the usual step first. Into a locker goods are laid in the store, where
    the number of the compartment is read, and nobody waits at one.
    """
    state, is_sent = fulfillment_status(order, work.fulfillment_id), work.via is not None
    is_for_locker, is_packed = stay_of(order, work) is not None, state is AllocationState.PACKED
    to_stage = () if is_for_locker else ("ready",)
    waiting = ("collect", "extend") if is_for_locker else ("collect", "here", "extend")
    match state:
        case AllocationState.RELEASED:
            return ("accept", "reject")
        case AllocationState.ACCEPTED:
            return ("pick", "reject")
        case AllocationState.PICKED | AllocationState.PACKED:
            if is_handed_over(work.method) and not is_sent:
                return to_stage
            return ("ship",) if is_packed else ("pack", "ship")
        case AllocationState.READY:
            return waiting
        case AllocationState.SHIPPED if is_sent:
            return waiting if is_kept(order, work) else ("receive",)
        case AllocationState.SHIPPED:
            return ("deliver",)
        case AllocationState.UNCOLLECTED | AllocationState.UNCLAIMED:
            return ("put-back",)
        case _:
            return ()


async def _page(visit: Visit, *, refused: str = "", told: Told = ("", ())) -> Response:
    node, status, after = visit.asked("node"), visit.asked("status"), read_position(visit.asked("after"))
    states = [status] if status in set(_SHOWN) else list(OPEN_WORK)
    async with visit.system.pool.acquire() as connection:
        counts = await count_work(connection, _SHOWN, node=node or None)
        found = await find_work(connection, states, node=node or None, after=after, limit=_PAGE + 1)
        windows = await read_windows(connection, visit.system.door.reference.network, found[:_PAGE])
    rows = [_row(order, work, visit, windows) for order, work in found[:_PAGE]]
    position = position_text((rows[-1].work.ship_by, rows[-1].work.fulfillment_id)) if len(found) > _PAGE else None
    return page(
        visit,
        "work.html",
        status=409 if refused else 200,
        section="work",
        title="Work",
        node=node,
        state=status if status in set(_SHOWN) else "",
        counts=[(state, counts.get(state, 0)) for state in _SHOWN],
        open_count=sum(counts.get(state, 0) for state in OPEN_WORK),
        rows=rows,
        more=query(node=node, status=status, after=position) if position else "",
        is_first=after is None,
        here=query(node=node, status=status, after=visit.asked("after") or None),
        nodes=visit.nodes,
        zone_of=visit.zone_of,
        key=new_key(),
        refused=refused,
        told=told,
        done=visit.asked("done"),
        may_write=visit.actor.may("fulfillments:write"),
    )


def _row(order: Order, work: Fulfillment, visit: Visit, windows: Mapping[FulfillmentId, Window]) -> WorkRow:
    state = fulfillment_status(order, work.fulfillment_id)
    scales = {line.line_id: scale_of(line.decimals) for line in order.lines}
    parts = [part for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id]
    units = sum(-(-part.quantity // scales[part.line_id]) for part in parts)
    is_late = state in OPEN_WORK and state is not AllocationState.READY and work.ship_by < visit.now
    accept_by = find_accept_by(windows, work.fulfillment_id)
    recall = open_recall(order, work.fulfillment_id)
    steps = next_steps(order, work)
    if recall is not None:
        steps = ("accept-recall", "refuse-recall", *steps)
    pickup = next((one for one in order.pickups if one.fulfillment_id == work.fulfillment_id), None)
    if pickup is not None and pickup.here_at is not None:
        steps = tuple(one for one in steps if one != "here")
    chip = state_chip(AllocationState.READY if is_kept(order, work) else state)
    return WorkRow(order, work, chip, units, is_late, steps, accept_by, recall, pickup)


routes = [
    Route("/fulfillments", guarded(show_work, scope="fulfillments:read"), name="work"),
    Route("/fulfillments/{fulfillment_id}", guarded(step, scope="fulfillments:write"), methods=["POST"]),
]
