"""Rate shopping: what each service costs for a packed work, from rate cards and carriers, and which one is best."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from troth.engine.shipping.rates import ShopParcel, ShopQuestion, choose_rate, find_card_rates, with_quotes
from troth.flows.asking import reach
from troth.flows.door.system import System
from troth.flows.memory.carriers import Carrier
from troth.flows.shipping.labels import CARRIER_SECONDS_MAX
from troth.model.asked import Lost
from troth.model.ids import NodeId
from troth.model.label import Consignment
from troth.model.measure import scale_of
from troth.model.network import Address
from troth.model.order import Fulfillment, Line, Method, Order, Package
from troth.model.plan import DemandLine
from troth.model.shipping_rates import QuotedRate, RateChoice, ShippingRate
from troth.model.ways import destination_of

_MM3_PER_CM3 = 1_000


async def shop_rates(system: System, order: Order, work: Fulfillment, told: Mapping[str, Consignment]) -> RateChoice:
    """The rates of some packages of a work, the best first. A carrier that has prices of its own is asked for them; one
    that does not answer is left out, since nobody knows what it would charge.
    """
    packages = [package for package in work.packages if package.package_id in told]
    at_store = None if work.via is None else next(iter(told.values())).recipient.address
    asked = ShopQuestion(
        work.node,
        work.method,
        at_store or destination_of(order, work.fulfillment_id),
        tuple(_parcel(system, order, package, told[package.package_id]) for package in packages),
        system.door.now(),
        work.promised_at,
    )
    return await _shop(system, asked, [told[package.package_id] for package in packages])


async def shop_return(
    system: System, order: Order, goods: Sequence[tuple[Line, int]], node: NodeId, told: Consignment
) -> RateChoice:
    """The rates of goods (lines with units) that a customer mails back to a node, the best first: what the way there
    costs is what the way from there does, and any service is soon enough that arrives before the return is over.
    """
    parcel = ShopParcel(told.grams, told.size_mm, tuple(_line(system, line, units) for line, units in goods))
    home = order.ship_to or Address(country="")
    asked = ShopQuestion(node, Method.SHIP, home, (parcel,), system.door.now(), told.promised_at)
    return await _shop(system, asked, [told])


async def _shop(system: System, asked: ShopQuestion, consignments: Sequence[Consignment]) -> RateChoice:
    reference = system.door.reference
    rates = find_card_rates(reference.network, asked, reference.policy.currency)
    names = sorted(system.carriers)
    quotes = await asyncio.gather(*(_quote(name, system.carriers[name], consignments) for name in names))
    for name, quoted in zip(names, quotes, strict=True):
        if isinstance(quoted, Lost):
            rates = tuple(_silent(rate) if rate.carrier == name else rate for rate in rates)
        elif quoted is not None:
            rates = with_quotes(rates, name, quoted, asked)
    return choose_rate(replace(rate, has_labels=rate.carrier in system.carriers) for rate in rates)


async def _quote(
    name: str, carrier: Carrier, consignments: Sequence[Consignment]
) -> tuple[QuotedRate, ...] | Lost | None:
    return await reach(f"rates of {name}", carrier.quote(consignments), seconds=CARRIER_SECONDS_MAX)


def _silent(rate: ShippingRate) -> ShippingRate:
    return replace(rate, barred=rate.barred or "the carrier does not say what it costs")


def _parcel(system: System, order: Order, package: Package, told: Consignment) -> ShopParcel:
    lines = {line.line_id: line for line in order.lines}
    found = tuple(_line(system, lines[one.line_id], one.quantity) for one in package.lines)
    return ShopParcel(told.grams, package.size_mm, found)


def _line(system: System, line: Line, quantity: int) -> DemandLine:
    item = system.door.reference.items.get(line.sku)
    length, width, height = (0, 0, 0) if item is None else item.dimensions_mm
    return DemandLine(
        line.line_id,
        line.sku,
        quantity,
        0 if item is None else item.weight_grams,
        -(-length * width * height // _MM3_PER_CM3),
        item=item,
        scale=scale_of(line.decimals),
    )
