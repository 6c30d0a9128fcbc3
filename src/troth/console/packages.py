"""The packages of a work: what is in them, their labels, and what is printed for them."""

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.flows.orders.fulfill import read_work
from troth.flows.shipping.consign import consign
from troth.flows.shipping.label_work import label_work, read_last_labels, shop_work
from troth.flows.shipping.labels import void_label
from troth.model.ids import FulfillmentId, LabelId
from troth.model.label import MEDIA_TYPE, Label, LabelState, Paper
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotFound, NotPossibleNow
from troth.model.shipping_rates import RateChoice
from troth.model.status import fulfillment_status
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.render import HEADERS, page
from troth.pages.session import guarded
from troth.pages.views import path_part, state_chip
from troth.pages.views_refusal import Told, tell_refusal
from troth.printing.documents import print_customs, print_label, print_packing_slip
from troth.store.labels import read_label, read_labels

_NOTHING: Told = ("", ())


async def show_packages(visit: Visit) -> Response:
    """What a work is packed in, with the labels of each package, void ones too."""
    return await _page(visit)


async def ask_labels(visit: Visit) -> Response:
    """Ask the carrier for the labels that are missing."""
    order, work = await _work(visit)
    form = await visit.request.form()
    carrier, _, service = text(form, "rate", length_max=129).partition("~")
    labels = await label_work(
        visit.system,
        order,
        work,
        carrier=carrier,
        service=service,
        reason=text(form, "reason"),
        actor=visit.actor.name,
    )
    if isinstance(labels, tuple):
        return RedirectResponse(_address(visit, work), 303)
    return await _page(visit, told=tell_refusal(labels))


async def void(visit: Visit) -> Response:
    """Take a label back."""
    form = await visit.request.form()
    label = await _label(visit, text(form, "label", length_max=100))
    after = await void_label(visit.system, label.label_id, reason=text(form, "reason"), actor=visit.actor.name)
    if not isinstance(after, Label):
        return await _page(visit, told=tell_refusal(after))
    return RedirectResponse(_address(visit, (await _work(visit))[1]), 303)


async def show_label(visit: Visit) -> Response:
    """A label to be printed."""
    form = Paper.ZPL if visit.asked("form") == Paper.ZPL else Paper.PDF
    label = await _label(visit, visit.request.path_params["label_id"])
    return _file(await print_label(visit.system, label, form), form)


async def show_slip(visit: Visit) -> Response:
    """The packing slip of a work."""
    return _file(await print_packing_slip(visit.system, *await _work(visit)), Paper.PDF)


async def show_customs(visit: Visit) -> Response:
    """The customs declarations of a work."""
    return _file(await print_customs(visit.system, *await _work(visit)), Paper.PDF)


async def _page(visit: Visit, *, told: Told = _NOTHING) -> Response:
    order, work = await _work(visit)
    async with visit.system.pool.acquire() as connection:
        found = (await read_labels(connection, [order.order_id])).get(order.order_id, ())
    labels = [one for one in found if one.subject == work.fulfillment_id]
    last = await read_last_labels(visit.system, order, work)
    status = fulfillment_status(order, work.fulfillment_id)
    is_packed = status is AllocationState.PACKED
    missing = [
        one.package_id for one in work.packages if one.package_id not in last or _is_refused(last[one.package_id])
    ]
    choice = await shop_work(visit.system, order, work, packages=missing) if is_packed and missing else None
    return page(
        visit,
        "packages.html",
        status=409 if told[0] else 200,
        section="work",
        title=f"Packages of {order.external_id}",
        order=order,
        work=work,
        chip_of_work=state_chip(status),
        names={line.line_id: line.sku for line in order.lines},
        decimals={line.line_id: line.decimals for line in order.lines},
        last=last,
        void=[one for one in labels if one.state is LabelState.VOIDED],
        choice=choice if isinstance(choice, RateChoice) else None,
        zone=visit.zone_of(work.node),
        is_abroad=any(one.is_abroad for one in (await consign(visit.system, order, work)).values()),
        may_label=is_packed and visit.actor.may("fulfillments:write"),
        told=told,
    )


def _is_refused(label: Label) -> bool:
    return label.state is LabelState.REFUSED


async def _work(visit: Visit) -> tuple[Order, Fulfillment]:
    found = await read_work(visit.system.pool, FulfillmentId(visit.request.path_params["fulfillment_id"]))
    if isinstance(found, NotFound) or not visit.actor.may_at(found[1].node):
        raise HTTPException(404)
    return found


async def _label(visit: Visit, name: str) -> Label:
    _, work = await _work(visit)
    async with visit.system.pool.acquire() as connection:
        label = await read_label(connection, LabelId(name))
    if label is None or label.subject != work.fulfillment_id:
        raise HTTPException(404)
    return label


def _address(visit: Visit, work: Fulfillment) -> str:
    return f"{visit.base}/fulfillments/{path_part(work.fulfillment_id)}/packages"


def _file(content: bytes | NotPossibleNow, form: Paper) -> Response:
    if not isinstance(content, bytes):
        raise HTTPException(404)
    return Response(content, media_type=MEDIA_TYPE[form], headers=HEADERS)


_WORK = "/fulfillments/{fulfillment_id}"
routes = [
    Route(f"{_WORK}/packages", guarded(show_packages, scope="fulfillments:read"), name="packages"),
    Route(f"{_WORK}/packages", guarded(ask_labels, scope="fulfillments:write"), methods=["POST"]),
    Route(f"{_WORK}/void", guarded(void, scope="fulfillments:write"), methods=["POST"]),
    Route(f"{_WORK}/labels/{{label_id}}", guarded(show_label, scope="fulfillments:read"), name="label"),
    Route(f"{_WORK}/customs", guarded(show_customs, scope="fulfillments:read"), name="customs"),
    Route(f"{_WORK}/packing-slip", guarded(show_slip, scope="fulfillments:read"), name="packing_slip"),
]
