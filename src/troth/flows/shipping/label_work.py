"""Asking for the labels of a node's packages, and of goods that come back by mail."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from troth.flows.door.system import System
from troth.flows.shipping.consign import consign, goods_of, grams_of, node_contact
from troth.flows.shipping.labels import Way, request_labels
from troth.flows.shipping.rates import shop_rates, shop_return
from troth.model.customs import HS_CODE, ORIGIN
from troth.model.ids import NodeId
from troth.model.label import LIVE, Consignment, Contact, Label, LabelState
from troth.model.lifecycle import AllocationState
from troth.model.network import Address
from troth.model.order import Fulfillment, Line, Order
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.model.returns import Return, ReturnMethod
from troth.model.shipping_rates import RateChoice, RateSource, ShippingRate
from troth.model.status import fulfillment_status, is_handed_over
from troth.store.labels import read_labels

RETURN_PACKAGE = "1"
"""Goods that are mailed back come in one parcel, as far as anybody knows before it is there."""


async def shop_work(
    system: System, order: Order, work: Fulfillment, *, packages: Collection[str] = ()
) -> RateChoice | NotPossibleNow | Invalid:
    """By which services a packed work, or some of its packages, could go, the best first."""
    told = await _packed(system, order, work, packages)
    return await shop_rates(system, order, work, told) if isinstance(told, dict) else told


async def label_work(
    system: System,
    order: Order,
    work: Fulfillment,
    *,
    actor: str,
    packages: Collection[str] = (),
    carrier: str = "",
    service: str = "",
    reason: str = "",
) -> tuple[Label, ...] | NotPossibleNow | Invalid:
    """The labels of a work's packages (of all where none is named): by the service that keeps the promise at least
    cost, or by the carrier and service that are named, for which there must be a reason where another one is best.
    """
    told = await _packed(system, order, work, packages)
    if not isinstance(told, dict):
        return told
    had = await read_last_labels(system, order, work)
    missing = {name: one for name, one in told.items() if name not in had or had[name].state not in LIVE}
    if not missing:
        return tuple(had[name] for name in told)
    choice = await shop_rates(system, order, work, missing)
    ways = _ways(system, choice, missing, carrier, service, reason)
    if not isinstance(ways, dict):
        return ways
    bought = await request_labels(system, order.order_id, work.fulfillment_id, ways, node=work.node, actor=actor)
    by_package = {**had, **{one.package_id: one for one in bought}}
    return tuple(by_package[name] for name in told)


def _ways(
    system: System, choice: RateChoice, told: Mapping[str, Consignment], carrier: str, service: str, reason: str
) -> dict[str, Way] | NotPossibleNow | Invalid:
    """By whom parcels go: by the best, or by whom somebody named, if they say why."""
    wanted = _wanted(choice, carrier, service)
    if wanted is None:
        return NotPossibleNow("label", choice.why.rstrip(".").lower())
    if wanted.carrier not in system.carriers:
        connected = ", ".join(sorted(system.carriers)) or "none"
        return Invalid(
            (FieldFlaw("/carrier", f"labels of {wanted.carrier} cannot be had here; they can of: {connected}"),)
        )
    is_best = choice.best is not None and wanted.name == choice.best.name
    if not is_best and not reason:
        best = "" if choice.best is None else f", since {choice.best.carrier} {choice.best.service} is best"
        return Invalid((FieldFlaw("/reason", f"must say why it goes by {wanted.carrier} {wanted.service}{best}"),))
    expected = dict(zip(told, wanted.each_minor, strict=False))
    why = choice.why if is_best else ""
    return {
        name: Way(one, wanted.carrier, wanted.service, expected.get(name), wanted.currency, why, reason)
        for name, one in told.items()
    }


def _wanted(choice: RateChoice, carrier: str, service: str) -> ShippingRate | None:
    """The rate that somebody means; what they do not say is as it is with the best that fits, and one that no rate is
    known of is as they say it.
    """
    if not carrier and not service:
        return choice.best
    fitting = [one for one in choice.rates if carrier in ("", one.carrier) and service in ("", one.service)]
    named = next((one for one in fitting if not one.barred), None)
    if named is None and carrier and service:
        return ShippingRate(carrier, service, RateSource.CARRIER)
    return named or (
        fitting[0] if fitting else (ShippingRate(carrier, service, RateSource.CARRIER) if carrier else None)
    )


async def _packed(
    system: System, order: Order, work: Fulfillment, packages: Collection[str]
) -> dict[str, Consignment] | NotPossibleNow | Invalid:
    """The packages that are meant, as a carrier is told of them."""
    status = fulfillment_status(order, work.fulfillment_id)
    if status is not AllocationState.PACKED or (is_handed_over(work.method) and work.via is None):
        return NotPossibleNow("label", status)
    told = await consign(system, order, work)
    flaws = [
        FieldFlaw(f"/packages/{at}", f"was not packed; packed were {', '.join(sorted(told))}")
        for at, name in enumerate(packages)
        if name not in told
    ]
    flaws += _customs_flaws([one for name, one in told.items() if not packages or name in packages])
    if flaws:
        return Invalid(tuple(flaws))
    return {name: one for name, one in told.items() if not packages or name in packages}


def _customs_flaws(consignments: Collection[Consignment]) -> list[FieldFlaw]:
    """What customs want to know of goods that cross their border, and nobody said."""
    goods = {one.sku: one for told in consignments if told.is_abroad for one in told.goods}
    return [
        FieldFlaw("/packages", f"{sku} lacks {' and '.join(lacking)}, which customs want to know")
        for sku, one in sorted(goods.items())
        if (lacking := [name for name, value in ((HS_CODE, one.hs_code), (ORIGIN, one.origin)) if not value])
    ]


async def read_last_labels(system: System, order: Order, work: Fulfillment) -> dict[str, Label]:
    """The last label of each package of a work that has had any, by package; what is void is none."""
    async with system.pool.acquire() as connection:
        found = (await read_labels(connection, [order.order_id])).get(order.order_id, ())
    packages = {package.package_id for package in work.packages}
    last = {one.package_id: one for one in found if one.subject == work.fulfillment_id and one.package_id in packages}
    return {name: one for name, one in last.items() if one.state is not LabelState.VOIDED}


async def shop_return_rates(system: System, order: Order, one: Return) -> RateChoice | NotPossibleNow:
    """By which services the goods of a return could be mailed back, the best first."""
    if one.method is not ReturnMethod.MAIL or one.node is None:
        return NotPossibleNow("label", f"a return by {one.method}")
    if not one.is_open:
        return NotPossibleNow("label", one.state)
    told = await _coming_back(system, order, one, one.node)
    return await shop_return(system, order, _returned(order, one), one.node, told)


async def label_return(
    system: System, order: Order, one: Return, *, actor: str, carrier: str = "", service: str = "", reason: str = ""
) -> Label | NotPossibleNow | Invalid:
    """The label by which a customer mails goods back to the node of a return; the same one whenever it is asked for. By
    the service that costs least, or by the carrier and service that are named, for which there must be a reason where
    another one is best.
    """
    if one.method is not ReturnMethod.MAIL or one.node is None:
        return NotPossibleNow("label", f"a return by {one.method}")
    if not one.is_open:
        return NotPossibleNow("label", one.state)
    async with system.pool.acquire() as connection:
        known = (await read_labels(connection, [order.order_id])).get(order.order_id, ())
    had = next((label for label in known if label.subject == one.return_id and label.state in LIVE), None)
    if had is not None:
        return had
    told = await _coming_back(system, order, one, one.node)
    choice = await shop_return(system, order, _returned(order, one), one.node, told)
    ways = _ways(system, choice, {RETURN_PACKAGE: told}, carrier, service, reason)
    if not isinstance(ways, dict):
        return ways
    return (await request_labels(system, order.order_id, one.return_id, ways, node=one.node, actor=actor))[-1]


def _returned(order: Order, one: Return) -> tuple[tuple[Line, int], ...]:
    lines = {line.line_id: line for line in order.lines}
    return tuple((replace(lines[part.line_id], sku=part.sku), part.quantity) for part in one.lines)


async def _coming_back(system: System, order: Order, one: Return, node: NodeId) -> Consignment:
    await system.door.reference.need_items({line.sku for line in one.lines})
    goods = tuple(goods_of(system, line, units) for line, units in _returned(order, one))
    customer = order.customer
    sender = Contact(customer.name, order.ship_to or Address(country=""), customer.phone, customer.email)
    return Consignment(
        sender,
        node_contact(system, node),
        one.return_id,
        goods,
        order.currency,
        grams_of(goods),
        (0, 0, 0),
        one.expires_at,
        one.expires_at,
        is_return=True,
    )
