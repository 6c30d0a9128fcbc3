"""Labels that are asked for, taken back, and followed to the end whoever dies on the way.

A label is written down before its carrier is asked, which is done outside of any transaction, under the label's own
name. What came of it is recorded, and then told to its order through the write door. Each of these is done once more
where nobody knows whether it was done, and does nothing then.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from troth.engine.shipping.label_life import (
    GIVEN_UP,
    LabelStep,
    ask_at,
    ask_void,
    next_step,
    record_bought,
    record_voided,
)
from troth.engine.shipping.sscc import make_sscc
from troth.flows.asking import find_or_ask, reach
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.flows.memory.carriers import Carrier
from troth.model.asked import Lost
from troth.model.ids import FulfillmentId, LabelId, NodeId, OrderId, ReturnId
from troth.model.label import LIVE, Bought, BuyOutcome, CarrierPaper, Consignment, Label, LabelAsk, LabelState
from troth.model.label_moves import AttachLabel, DetachLabel
from troth.model.order import Order
from troth.model.refusals import Busy, NotFound, NotPossibleNow
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.labels import (
    LabelClaim,
    claim_label,
    claim_labels,
    free_label,
    lock_labels,
    read_label,
    read_labels,
    take_sscc_serial,
    touch_labels,
    write_label,
    write_new_label,
)
from troth.store.orders import read_orders

ACTOR: Final = "shipping"
"""Who acts, in the log, where nobody but the clock asks for it."""
CLAIM_SECONDS: Final = 90.0
CARRIER_SECONDS_MAX: Final = 20.0
EVENTS_MAX: Final = 2_000
_STEPS_MAX: Final = 8
_CONFLICTS_MAX: Final = 20

FOLLOWED_KINDS: Final = (
    "OrderCanceled",
    "OrderChanged",
    "FulfillmentRejected",
    "FulfillmentUnpacked",
    "FulfillmentUnstaged",
    "FulfillmentShipped",
    "OrderResourced",
    "ReturnCanceled",
    "ReturnExpired",
)
"""After which events a package may no longer be sent by its label."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Way:
    """By whom a package goes, what that is expected to cost (minor units; None: not known), and why."""

    consignment: Consignment
    carrier: str
    service: str
    expected_minor: int | None = None
    currency: str = ""
    chosen: str = ""
    reason: str = ""


async def request_labels(
    system: System,
    order_id: OrderId,
    subject: FulfillmentId | ReturnId,
    ways: Mapping[str, Way],
    *,
    node: NodeId,
    actor: str,
) -> tuple[Label, ...]:
    """The labels of some packages (by name): those that they have, and new ones for the others, as far as their carrier
    answers at once. Who asks again gets the same labels.
    """
    claims: list[LabelClaim] = []
    async with transaction(system.pool) as connection:
        last = await lock_labels(connection, order_id)
        known = (await read_labels(connection, [order_id])).get(order_id, ())
        named = {one.package_id for one in known if one.subject == subject and one.state in LIVE}
        for package_id, way in ways.items():
            if package_id in named:
                continue
            last += 1
            now = system.door.now()
            label = Label(
                order_id,
                last,
                subject,
                package_id,
                node,
                way.carrier,
                way.service,
                way.consignment,
                now,
                actor,
                currency=way.currency,
                sscc=await _take_sscc(connection, system),
                expected_minor=way.expected_minor,
                chosen=way.chosen,
                reason=way.reason,
            )
            claim = await write_new_label(connection, label, now, seconds=CLAIM_SECONDS)
            if claim is None:
                raise RuntimeError(f"package {package_id} of {subject} got a label under a lock that keeps others away")
            claims.append(claim)
    await asyncio.gather(*(advance(system, claim, actor=actor, is_fresh=True) for claim in claims))
    numbers = {claim.number for claim in claims}
    async with system.pool.acquire() as connection:
        found = (await read_labels(connection, [order_id])).get(order_id, ())
    of_packages = [one for one in found if one.subject == subject and one.package_id in ways]
    return tuple(one for one in of_packages if one.number in numbers or one.state in LIVE)


async def void_label(
    system: System, label_id: LabelId, *, reason: str, actor: str
) -> Label | NotFound | NotPossibleNow | Busy:
    """Take a label back from its carrier; one that is void already stays so."""
    for _ in range(_CONFLICTS_MAX):
        async with transaction(system.pool) as connection:
            label = await read_label(connection, label_id)
            if label is None:
                return NotFound("label", label_id)
            if label.state in (LabelState.VOIDED, LabelState.VOIDING):
                break
            if label.state is not LabelState.BOUGHT:
                return NotPossibleNow("void", label.state)
            order = (await read_orders(connection, [label.order_id]))[label.order_id]
            if label.manifest_id:
                return NotPossibleNow("void", f"on manifest {label.manifest_id}")
            if _has_left(label, order):
                return NotPossibleNow("void", "shipped")
            if await write_label(connection, ask_void(label, reason)):
                break
    else:
        return Busy(_CONFLICTS_MAX)
    async with system.pool.acquire() as connection:
        claim = await claim_label(connection, label_id, system.door.now(), seconds=CLAIM_SECONDS)
    if claim is not None:
        await advance(system, claim, actor=actor)
    async with system.pool.acquire() as connection:
        after = await read_label(connection, label_id)
    return NotFound("label", label_id) if after is None else after


async def follow_orders(system: System, *, limit: int = EVENTS_MAX) -> int:
    """Mark labels as due whose orders changed, as the next events of the log say; how many were looked at."""
    async with transaction(system.pool) as connection:
        return await touch_labels(connection, kinds=FOLLOWED_KINDS, limit=limit, now=system.door.now())


async def advance_due(system: System, *, limit: int) -> int:
    """Go on with at most `limit` labels that are due, side by side; with how many."""
    async with system.pool.acquire() as connection:
        claims = await claim_labels(connection, system.door.now(), seconds=CLAIM_SECONDS, limit=limit)
    done = await asyncio.gather(*(advance(system, claim) for claim in claims), return_exceptions=True)
    for claim, result in zip(claims, done, strict=True):
        if isinstance(result, Exception):
            _log.error("cannot go on with label %s-L%d", claim.order_id, claim.number, exc_info=result)
        elif isinstance(result, BaseException):
            raise result
    return len(claims)


async def advance(system: System, claim: LabelClaim, *, actor: str = ACTOR, is_fresh: bool = False) -> None:
    """Take a label as far as it goes now, and give the claim back; its carrier has not heard of one that `is_fresh`."""
    label: Label | None = None
    for _ in range(_STEPS_MAX):
        async with system.pool.acquire() as connection:
            label = await read_label(connection, LabelId(f"{claim.order_id}-L{claim.number}"))
            order = (await read_orders(connection, [claim.order_id])).get(claim.order_id)
        step = None if label is None or order is None else next_step(label, order)
        if label is None or step is None or not await _take(system, label, step, actor, is_fresh=is_fresh):
            break
        is_fresh = False
    async with system.pool.acquire() as connection:
        next_at = None if label is None else ask_at(label)
        await free_label(connection, claim, next_at=next_at, now=system.door.now())


async def _take(system: System, label: Label, step: LabelStep, actor: str, *, is_fresh: bool) -> bool:
    """Take the next step of a label; False where nothing more can be done now."""
    now = system.door.now()
    match step:
        case LabelStep.BUY | LabelStep.VOID:
            due_at = ask_at(label)
            if not is_fresh and due_at is not None and due_at > now:
                return False
            return await _ask(system, label, is_fresh=is_fresh)
        case LabelStep.GIVE_UP:
            return await _write(system, ask_void(label, GIVEN_UP))
        case LabelStep.ATTACH | LabelStep.DETACH:
            return await _tell(system, label, step, actor)


async def _ask(system: System, label: Label, *, is_fresh: bool) -> bool:
    """Ask the carrier, with no connection of ours held meanwhile, and record what it answers."""
    carrier = system.carriers.get(label.carrier)
    if label.state is LabelState.VOIDING:
        voided = (
            Lost("no carrier by that name is set up here")
            if carrier is None
            else await reach(label.label_id, carrier.void(label), seconds=CARRIER_SECONDS_MAX)
        )
        return await _write(system, record_voided(label, voided, system.door.now()))
    bought: BuyOutcome = (
        Lost("no carrier by that name is set up here")
        if carrier is None
        else await reach(label.label_id, _buy(carrier, label, system, is_fresh=is_fresh), seconds=CARRIER_SECONDS_MAX)
    )
    papers = bought.papers if isinstance(bought, Bought) else ()
    return await _write(system, record_bought(label, bought, system.door.now()), papers)


async def _buy(carrier: Carrier, label: Label, system: System, *, is_fresh: bool) -> BuyOutcome:
    ask = LabelAsk(label.label_id, label.service, label.consignment, label.requested_at)
    if is_fresh:
        return await carrier.buy(ask)
    return await find_or_ask(
        lambda: carrier.find(ask),
        lambda: carrier.buy(ask),
        requested_at=label.requested_at,
        now=system.door.now(),
        keeps_keys_hours=carrier.keeps_keys_hours,
    )


async def _tell(system: System, label: Label, step: LabelStep, actor: str) -> bool:
    """Tell the order of its label; a label that its package does not take any more is given up."""
    work = FulfillmentId(label.subject)
    if step is LabelStep.DETACH:
        command: AttachLabel | DetachLabel = DetachLabel(
            work, label.package_id, label.label_id, label.tracking_number, label.void_reason
        )
    else:
        command = AttachLabel(
            work, label.package_id, label.label_id, label.carrier, label.service, label.tracking_number
        )
    outcome = await system.door.one(command, actor=actor, cause=label.label_id)
    if isinstance(outcome, Busy):
        raise RuntimeError(f"order {label.order_id} is busy, and is told of its label once the claim is over")
    if isinstance(outcome, Accepted):
        return await _write(system, replace(label, is_told=step is LabelStep.ATTACH))
    return await _write(system, ask_void(label, GIVEN_UP))


async def _write(system: System, after: Label, papers: Collection[CarrierPaper] = ()) -> bool:
    """Write a label; where somebody else wrote it meanwhile it is looked at anew."""
    async with transaction(system.pool) as connection:
        await write_label(connection, after, papers)
    return True


async def _take_sscc(connection: Connection, system: System) -> str:
    """The number of a logistic unit, where the company has a prefix for them."""
    return make_sscc(system.gs1_prefix, await take_sscc_serial(connection)) if system.gs1_prefix else ""


def _has_left(label: Label, order: Order) -> bool:
    return any(work.fulfillment_id == label.subject and work.shipped_at is not None for work in order.fulfillments)
