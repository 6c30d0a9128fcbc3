"""Sell what others send: the items that a customer wants, how they can have them, and the order, sold by this store."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from troth.flows.orders.capture import ContentLine, ContentPayment, OrderContent, prepare
from troth.flows.orders.quote import Option, Quote, quote
from troth.flows.wording.messages import plan_message
from troth.model.capture_order import CaptureOrder
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.measure import shown
from troth.model.money import Money
from troth.model.network import Address, Node
from troth.model.order import Customer, Method
from troth.model.payment import CAPTURED, COUNTER, PENDING
from troth.model.refusals import Invalid, Refusal
from troth.model.seller import SELLER, SELLER_NODE
from troth.model.status import is_handed_over
from troth.model.totals import amounts_of
from troth.model.value import dataclass
from troth.pages.asking import new_key, text, units_of
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part
from troth.pages.views_refusal import Told, tell_by_field
from troth.storefloor.acting import Done, act, refused
from troth.storefloor.answers import answer
from troth.storefloor.find_items import find_items_by_text
from troth.storefloor.nodes import node_here

CHANNEL: Final = "store"
"""The channel of what is sold in a store."""
LINES_MAX: Final = 40
_SCOPE: Final = "availability:read"
"""Who sells sees what all nodes have; a vendor does the work of its own."""
PLACE: Final = (("line1", "Street"), ("city", "City"), ("region", "State"))


_SAID: Final = ("how", "postcode", "country", "name", "email", "phone")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that is to be sold, and how many of it in its smallest unit."""

    item: Item
    units: int

    @property
    def amount(self) -> str:
        """The quantity as forms say it."""
        return str(shown(self.units, self.item.decimals))


@dataclass(frozen=True, slots=True)
class Way:
    """A way to have all of it: what it is called by, and what the customer is told."""

    plan_id: str
    title: str
    message: str


async def show_sale(visit: Visit) -> Response:
    """What is to be sold so far, and the ways to have it."""
    return await _page(visit, FormData([*visit.request.query_params.multi_items()]))


async def sell(visit: Visit) -> Response:
    """Place the order of the way that was chosen, paid here or when it is picked up."""
    node = node_here(visit)
    form = await visit.request.form()
    name = f"{node.node}-{blake2b(text(form, 'key').encode(), digest_size=5).hexdigest().upper()}"
    content = await _content(visit, node, form)
    command = None if content is None else await _order(visit, content, form, name)
    back = f"{visit.base}/at/{path_part(node.node)}?done={path_part(name)}"
    if isinstance(command, CaptureOrder):
        done = await act(visit, form, (command,), check=lambda: _check(form), back=back)
    else:
        told: Told = ("Choose items and a way to have them.", ()) if command is None else tell_by_field(command)
        done = refused(told)
    return await answer(visit, form, done, back, lambda: _page(visit, form, done))


async def _check(form: FormData) -> Refusal | Told | None:
    if not text(form, "name"):
        return "Ask for the customer's name.", ()
    if text(form, "pay") == "here" and not text(form, "receipt"):
        return "Take the money first, and enter the number of the receipt.", ()
    return None


async def _page(visit: Visit, form: FormData, done: Done | None = None) -> Response:
    node, q = node_here(visit), text(form, "q")
    wanted = await _wanted(visit, form)
    content = await _content(visit, node, form)
    found = None if content is None else await quote(visit.system, content)
    items = await find_items_by_text(visit, q) if q else []
    return page(
        visit,
        "sell.html",
        status=409 if done is not None and done.is_refused else 200,
        section="sell",
        title="Sell",
        node=node,
        q=q,
        given={name: text(form, name) for name in (*_SAID, *(name for name, _ in PLACE))},
        found=[item for item in items if all(item.sku != one.item.sku for one in wanted)],
        wanted=wanted,
        total=_total(found, wanted),
        ways=tuple(_ways(visit, found, content)) if isinstance(found, Quote) and content is not None else (),
        gaps=[] if not isinstance(found, Quote) else [gap.sku for gap in found.uncovered],
        place=PLACE,
        key=new_key(),
        told=[told for _, told in done.refused] if done is not None else _flaws(found),
    )


def _flaws(found: object) -> list[Told]:
    return [tell_by_field(found)] if isinstance(found, Invalid) else []


async def _wanted(visit: Visit, form: FormData) -> tuple[Wanted, ...]:
    """The items of the sale, each once; what is not there or no quantity is left out."""
    rows = list(zip(form.getlist("sku"), form.getlist("quantity"), strict=False))[:LINES_MAX]
    reference = visit.system.door.reference
    await reference.need_items({Sku(str(sku)) for sku, _ in rows})
    found: dict[Sku, Wanted] = {}
    for sku, quantity in rows:
        item = reference.items.get(Sku(str(sku)))
        units = None if item is None else units_of(str(quantity).strip() or "1", item.decimals)
        if item is not None and units is not None and units > 0:
            found[item.sku] = Wanted(item, units)
    return tuple(found.values())


async def _content(visit: Visit, node: Node, form: FormData) -> OrderContent | None:
    """What the customer would have; None where nothing is wanted yet, or it is not said where to."""
    wanted = await _wanted(visit, form)
    how = Method(text(form, "how")) if text(form, "how") in ("ship", "pickup") else None
    if not wanted or how is None or (how is Method.SHIP and not text(form, "postcode")):
        return None
    address = Address(
        country=text(form, "country", length_max=2).upper() or "US",
        name=text(form, "name", length_max=200),
        line1=text(form, "line1", length_max=200),
        city=text(form, "city", length_max=200),
        region=text(form, "region", length_max=200),
        postcode=text(form, "postcode", length_max=16),
    )
    return OrderContent(
        channel=CHANNEL,
        external_id="",
        lines=tuple(ContentLine(LineId(str(n)), one.item.sku, one.units) for n, one in enumerate(wanted, 1)),
        method=how,
        ship_to=address if how is Method.SHIP else None,
        pickup_node=node.node if how is Method.PICKUP else None,
        customer=Customer("", *(text(form, field, length_max=200) for field in ("name", "email", "phone"))),
        attributes={SELLER_NODE: node.node, SELLER: visit.actor.name},
    )


async def _order(visit: Visit, content: OrderContent, form: FormData, name: str) -> CaptureOrder | Invalid:
    """The order of a way, with what it comes to paid at this till, or where it is picked up."""
    content = replace(content, external_id=name, plan_id=text(form, "place", length_max=64))
    command = await prepare(visit.system, content)
    if isinstance(command, Invalid):
        return command
    total = sum(amounts_of(line, line.quantity, includes_tax=False).total_minor for line in command.lines)
    is_later = text(form, "pay") == "later"
    receipt = name if is_later else text(form, "receipt", length_max=64) or name
    payment = ContentPayment(COUNTER, receipt, Money(total, command.currency), PENDING if is_later else CAPTURED)
    return await prepare(visit.system, replace(content, payments=(payment,)))


def _total(found: object, wanted: tuple[Wanted, ...]) -> str:
    if not isinstance(found, Quote):
        return ""
    minor = sum(one.item.price_minor * one.units // 10**one.item.decimals for one in wanted)
    return f"{Money(minor, found.currency).amount} {found.currency}"


def _ways(visit: Visit, found: Quote, content: OrderContent) -> Iterator[Way]:
    """The ways to have all of it as it is to be had: sent, or picked up in this store."""
    voice = visit.system.door.reference.wording_at(visit.now).voice(CHANNEL)
    for option in found.options:
        is_as_asked = is_handed_over(option.method) is is_handed_over(content.method) and option.node in (
            None,
            content.pickup_node,
        )
        if not is_as_asked or (option.plan.uncovered and not option.will_wait):
            continue
        message = plan_message(
            option.plan,
            found.network,
            found.destination,
            found.at,
            voice,
            visit.system.door.reference.items,
            found.need_by,
            found.kits,
        )
        yield Way(option.plan_id, _title(option), message)


def _title(option: Option) -> str:
    if is_handed_over(option.method):
        return f"Picked up at {option.node}"
    return f"Sent, {option.service.replace('_', ' ')}" if option.service else "Sent"


routes = [
    Route("/at/{node}/sell", guarded(show_sale, scope=_SCOPE), name="sell"),
    Route("/at/{node}/sell", guarded(sell, scope=_SCOPE), methods=["POST"]),
]
