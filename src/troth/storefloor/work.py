"""One work, or the works of a walk, on one page: the pick, what comes after it, and what may be taken back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from troth.engine.carriage.locker_room import locker_at
from troth.engine.money.at_counter import due_at_counter
from troth.engine.recall_terms import open_recall
from troth.flows.orders.shelf_lines import read_stops
from troth.flows.shipping.label_work import read_last_labels
from troth.model.capacity import LockerStay
from troth.model.ids import FulfillmentId, NodeId, order_of_fulfillment
from troth.model.label import LIVE, Label
from troth.model.lifecycle import AllocationState
from troth.model.locker import CompartmentSize
from troth.model.money import Money
from troth.model.network import Node
from troth.model.order import Fulfillment, Order
from troth.model.pickup import Pickup
from troth.model.recall import Recall
from troth.model.refusals import NotPossibleNow, Refusal
from troth.model.status import fulfillment_status, is_kept
from troth.model.value import dataclass
from troth.model.ways import pickup_of, stay_of
from troth.pages.asking import new_key, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import Chip, path_part, state_chip
from troth.pages.views_refusal import Told
from troth.store.orders import read_orders
from troth.storefloor.acting import Done, act, done_at
from troth.storefloor.answers import answer
from troth.storefloor.cartons import Carton, propose_cartons
from troth.storefloor.contents import Content, contents_of
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here
from troth.storefloor.reports import REASONS, make_report
from troth.storefloor.steps import ahead, beside, may, undo_of

NOTHING_DONE: Final = Done()
PACKAGES_MAX: Final = 20
_ENDS: Final = frozenset({"collect", "ship", "reject", "accept-recall", "put-back"})


@dataclass(frozen=True, slots=True)
class Card:
    """A work as the page shows it: what is in it, by when it must be ready here (`done_by`), the steps that are still
    to be done (`ahead`), what may be done `beside`, what may be taken back (`undo`), who comes for it, what its node is
    asked to give back, what is to be paid for it here (empty: nothing), into which cartons it fits, the last label of
    each package, and whether a carrier makes labels now (`may_label`); what it takes of a locker, in which `size` and
    its `numbers`.
    """

    order: Order
    work: Fulfillment
    chip: Chip
    contents: tuple[Content, ...]
    ahead: tuple[str, ...]
    beside: tuple[str, ...]
    undo: str
    pickup: Pickup
    done_by: datetime
    is_late: bool
    recall: Recall | None
    due: str
    cartons: tuple[Carton, ...]
    labels: Mapping[str, Label]
    may_label: bool
    stay: LockerStay | None
    size: str
    numbers: str

    @property
    def lacks_labels(self) -> bool:
        """Whether a carrier could make a label of a package now that has none."""
        had = {name for name, label in self.labels.items() if label.state in LIVE}
        return self.may_label and any(one.package_id not in had for one in self.work.packages)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done for it here."""
        return not self.ahead


async def read_works(visit: Visit, node: NodeId, names: Sequence[FulfillmentId]) -> list[tuple[Order, Fulfillment]]:
    """The works by these names that a node has, or that come to it, in the order given; others are left out."""
    async with visit.system.pool.acquire() as connection:
        orders = await read_orders(connection, {order_of_fulfillment(name) for name in names})
    known = {work.fulfillment_id: (order, work) for order in orders.values() for work in order.fulfillments}
    return [known[name] for name in names if name in known and node in (known[name][1].node, known[name][1].via)]


async def show_work(visit: Visit) -> Response:
    """One work of a node."""
    name = FulfillmentId(visit.request.path_params["fulfillment_id"])
    return await show_works(visit, node_here(visit), [name])


async def show_works(
    visit: Visit, node: Node, names: Sequence[FulfillmentId], *, done: Done = NOTHING_DONE
) -> Response:
    """The page of one work or several, with what was refused, if anything was."""
    works = await read_works(visit, node.node, names)
    if not works:
        raise HTTPException(404)
    to_pick = [one for one in works if ahead(*one, node.node)[:1] == ("pick",)]
    stops = await read_stops(visit.system, node.node, to_pick) if to_pick else ()
    cards = [await _card(visit, *one, node.node) for one in works]
    return page(
        visit,
        "work.html",
        status=409 if done.is_refused else 200,
        title=" · ".join(order.external_id for order, _ in works),
        node=node,
        stops=stops,
        works=to_pick,
        cards=cards,
        reasons=REASONS,
        key=new_key(),
        told=[told for _, told in done.refused],
        section="tasks",
        code=visit.asked("code"),
        by_hand=_by_hand(visit),
        short=visit.request.query_params.getlist("short"),
        zone=node.time_zone,
    )


def _by_hand(visit: Visit) -> int:
    """For how many packages there are fields, where they are said by hand."""
    given = visit.asked("packages")
    return min(int(given), PACKAGES_MAX) if given.isdecimal() and given.isascii() and 0 < len(given) < 3 else 1


async def report(visit: Visit) -> Response:
    """Do a step of one work."""
    node = node_here(visit)
    form = await visit.request.form()
    name, step = FulfillmentId(visit.request.path_params["fulfillment_id"]), text(form, "step")
    works = await read_works(visit, node.node, [name])
    if not works:
        raise HTTPException(404)
    order, work = works[0]
    made = make_report(step, form, order, work, done_at(visit, form))

    async def check() -> Refusal | Told | None:
        return _refuse(form, step, order, work, node.node)

    back = _back(visit, form, node, order, work)
    done = await act(visit, form, () if made is None else (made,), check=check, back=back)
    return await answer(visit, form, done, back, lambda: show_works(visit, node, [name], done=done))


def _refuse(form: FormData, step: str, order: Order, work: Fulfillment, node: str) -> Refusal | Told | None:
    if not may(step, order, work, node):
        state: str = fulfillment_status(order, work.fulfillment_id)
        return NotPossibleNow(step or "do that", state, ahead(order, work, node)[:1])
    if step == "receive" and not form.getlist("package"):
        return "Scan what came in, or tick it.", ()
    if step != "collect":
        return None
    if due_at_counter(order, work.fulfillment_id) and not text(form, "receipt"):
        return "Take the money first, and enter the number of the receipt.", ()
    if text(form, "by") != "identity" and not text(form, "code"):
        return "Ask for the code, or check who they are.", ()
    return None


def _back(visit: Visit, form: FormData, node: Node, order: Order, work: Fulfillment) -> str:
    """Where somebody goes on after a step: with the next step of the work, or with the tasks."""
    here, step = f"{visit.base}/at/{path_part(node.node)}", text(form, "step")
    coming = ahead(order, work, node.node)
    is_over = step in _ENDS or (step in coming and coming[1:] == ("collect",))
    if step == "receive":
        still = {one.package_id for one in work.packages if one.received_at is None}
        is_over = "ready" not in coming and still <= {str(name) for name in form.getlist("package")}
    return f"{here}?done={path_part(order.external_id)}" if is_over else f"{here}/work/{path_part(work.fulfillment_id)}"


async def _card(visit: Visit, order: Order, work: Fulfillment, node: str) -> Card:
    now: datetime = visit.now
    state, due = fulfillment_status(order, work.fulfillment_id), due_at_counter(order, work.fulfillment_id)
    coming, done_by = ahead(order, work, node), work.promised_at if work.via == node != work.node else work.ship_by
    return Card(
        order,
        work,
        state_chip(AllocationState.READY if is_kept(order, work) else state),
        await contents_of(visit.system, order, work),
        coming,
        beside(order, work, node),
        undo_of(order, work, node),
        pickup_of(order, work),
        done_by=done_by,
        is_late=done_by < now and coming[:1] not in ((), ("collect",)),
        recall=open_recall(order, work.fulfillment_id),
        due=Money(due, order.currency).amount if due else "",
        cartons=await propose_cartons(visit.system, order, work) if "pack" in coming else (),
        labels=await read_last_labels(visit.system, order, work) if work.packages and work.node == node else {},
        stay=stay_of(order, work),
        size=size.name if (size := _size(visit, stay_of(order, work))) is not None else "",
        numbers=", ".join(map(str, size.numbers)) if size is not None else "",
        may_label=coming[:1] == ("ship",) and bool(visit.system.carriers),
    )


def _size(visit: Visit, stay: LockerStay | None) -> CompartmentSize | None:
    """The size of the compartment that a work takes of a locker; None: it takes none, or that size is gone."""
    locker = None if stay is None else locker_at(visit.system.door.reference.network, stay.locker)
    return None if locker is None or stay is None or stay.size >= len(locker.sizes) else locker.sizes[stay.size]


routes = [
    Route("/at/{node}/work/{fulfillment_id}", guarded(show_work, scope=SCOPE), name="work"),
    Route("/at/{node}/work/{fulfillment_id}", guarded(report, scope=SCOPE), methods=["POST"]),
]
