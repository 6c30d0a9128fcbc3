"""Claims against carriers: opened about a parcel that is in trouble, by hand or with what is done for its customer, and
ended with what the carrier says.
"""

from typing import Final

from troth.engine.tracking.trouble import told_troubles, units_in
from troth.flows.door.system import System
from troth.model.carrier_claim import (
    CarrierClaim,
    CarrierClaimClosed,
    CarrierClaimOpened,
    CarrierClaimReason,
    CarrierClaimState,
)
from troth.model.ids import FulfillmentId, order_of_fulfillment
from troth.model.money import Money
from troth.model.order import Fulfillment, Order, Package
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.totals import line_amounts
from troth.model.tracking import TrackStatus
from troth.store.carrier_claims import end_carrier_claim, read_carrier_claim, write_carrier_claim
from troth.store.database import Connection, transaction
from troth.store.events import append_event
from troth.store.orders import find_fulfillment_by_tracking, read_orders

_REASONS: Final = {
    TrackStatus.LOST.value: CarrierClaimReason.LOST,
    TrackStatus.DAMAGED.value: CarrierClaimReason.DAMAGED,
}


async def open_carrier_claim(
    system: System, tracking_number: str, *, reason: CarrierClaimReason | None, amount: Money | None, actor: str
) -> CarrierClaim | NotFound | Invalid | NotPossibleNow:
    """Open a claim about a parcel: for what the carrier says that it did, and for what its units cost the customer,
    unless another `reason` or `amount` is given.
    """
    async with transaction(system.pool) as connection:
        name = await find_fulfillment_by_tracking(connection, tracking_number)
        found = None if name is None else await _find_parcel(connection, name, tracking_number)
        if found is None:
            return NotFound("tracking number", tracking_number)
        order, work, package = found
        told = next((one.kind for one in told_troubles(work) if one.package is package), "")
        reason = reason or _REASONS.get(told)
        if reason is None:
            return Invalid((FieldFlaw("/reason", "is required: the carrier says neither that it is lost nor damaged"),))
        if amount is not None and (amount.currency != order.currency or amount.minor <= 0):
            return Invalid((FieldFlaw("/amount", f"must be above zero, in {order.currency}"),))
        minor = worth_of(order, work, package) if amount is None else amount.minor
        if not minor:
            return Invalid((FieldFlaw("/amount", "is required: the units in the parcel cost nothing"),))
        claim_id = await _write(connection, system, order, work, package, reason, minor, actor=actor)
        claim = None if claim_id is None else await read_carrier_claim(connection, claim_id)
    return NotPossibleNow("open a claim about the parcel", "it has one") if claim is None else claim


async def claim_troubled(
    connection: Connection, system: System, order: Order, name: FulfillmentId, *, actor: str
) -> None:
    """Open claims about all parcels of work that are lost or damaged, and have none."""
    for work in order.fulfillments:
        for trouble in told_troubles(work) if work.fulfillment_id == name else ():
            reason, minor = _REASONS.get(trouble.kind), worth_of(order, work, trouble.package)
            if reason is not None and minor:
                await _write(connection, system, order, work, trouble.package, reason, minor, actor=actor)


async def close_carrier_claim(
    system: System, claim_id: str, state: CarrierClaimState, *, paid: Money | None, reference: str, actor: str
) -> CarrierClaim | NotFound | Invalid | NotPossibleNow:
    """End a claim: what was `paid` is needed where the carrier pays, and has no meaning otherwise."""
    now = system.door.now()
    async with transaction(system.pool) as connection:
        one = await read_carrier_claim(connection, claim_id)
        if one is None:
            return NotFound("carrier claim", claim_id)
        flaw = _flaw_of_payment(one, state, paid)
        if flaw:
            return Invalid((FieldFlaw("/amount", flaw),))
        minor = 0 if paid is None else paid.minor
        if not await end_carrier_claim(connection, one, state, paid_minor=minor, reference=reference, at=now):
            return NotPossibleNow("end the claim", one.state.value)
        event = CarrierClaimClosed(claim_id, one.carrier, state, minor, one.currency, reference, now)
        await append_event(connection, event, subject=one.order_id, at=now, actor=actor)
        ended = await read_carrier_claim(connection, claim_id)
    return ended if ended is not None else NotFound("carrier claim", claim_id)


def worth_of(order: Order, work: Fulfillment, package: Package) -> int:
    """What the customer pays for the units in a parcel (minor units)."""
    lines = {line.line_id: line for line in order.lines}
    units = units_in(order, work, package)
    return sum(line_amounts(order, lines[line_id], count).total_minor for line_id, count in units.items())


def _flaw_of_payment(one: CarrierClaim, state: CarrierClaimState, paid: Money | None) -> str:
    if state is not CarrierClaimState.PAID:
        return "" if paid is None else "is only for a claim that is paid"
    if paid is None:
        return "is required: what the carrier paid"
    is_possible = paid.currency == one.currency and 0 < paid.minor <= one.amount_minor
    most = Money(one.amount_minor, one.currency)
    return "" if is_possible else f"must be above zero and at most {most.amount} {most.currency}"


async def _find_parcel(
    connection: Connection, name: FulfillmentId, tracking_number: str
) -> tuple[Order, Fulfillment, Package] | None:
    order_id = order_of_fulfillment(name)
    order = (await read_orders(connection, [order_id])).get(order_id)
    for work in () if order is None else order.fulfillments:
        for package in work.packages:
            if order is not None and work.fulfillment_id == name and package.tracking_number == tracking_number:
                return order, work, package
    return None


async def _write(
    connection: Connection,
    system: System,
    order: Order,
    work: Fulfillment,
    package: Package,
    reason: CarrierClaimReason,
    amount_minor: int,
    *,
    actor: str,
) -> str | None:
    now = system.door.now()
    number, carrier = package.tracking_number, package.carrier or work.carrier
    claim_id = await write_carrier_claim(
        connection,
        order.order_id,
        work.fulfillment_id,
        tracking_number=number,
        carrier=carrier,
        reason=reason,
        amount_minor=amount_minor,
        currency=order.currency,
        at=now,
        by=actor,
    )
    if claim_id is not None:
        event = CarrierClaimOpened(
            claim_id, work.fulfillment_id, number, carrier, reason, amount_minor, order.currency, now
        )
        await append_event(connection, event, subject=order.order_id, at=now, actor=actor)
    return claim_id
