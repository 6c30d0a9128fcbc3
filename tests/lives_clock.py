"""What the clock, carriers, customers and people do to orders in their random lives, beside what moves their goods."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from troth.model.alerts import AlertAction
from troth.model.commands import (
    AssignHold,
    Command,
    ExtendHold,
    LetWait,
    LiftHold,
    MissAcceptance,
    PlaceHold,
    RaiseAlert,
    ReceiveWork,
    RecordTracking,
    RedateWork,
    RepromiseOrder,
    ReviewCredit,
    RunWave,
    TellHolds,
    UpgradeWork,
)
from troth.model.hold_terms import AtEnd, Block, HoldTerms, Signal
from troth.model.ids import FulfillmentId, Sku
from troth.model.inventory import ON_HAND, SupplyKey
from troth.model.order import Line, Order
from troth.model.permissions import By
from troth.model.pickup import Arrival
from troth.model.pickup_moves import (
    ExtendPickup,
    ForgetArrival,
    NameCollector,
    OpenLocker,
    PutBackPickup,
    TellArrival,
)
from troth.model.status import placed_holds

_WAVE = "dc-parcels~DC-PA~20261127T1400Z"
_STATUSES = ("in_transit", "out_for_delivery", "exception", "delivered")

Made = list[tuple[int, Callable[[], Command]]]


def clock_commands(draw: random.Random, order: Order, work: FulfillmentId, line: Line, now: datetime) -> Made:
    """What the clock and carriers may say of an order, each with a weight."""
    promised = next(one.promised_at for one in order.fulfillments if one.fulfillment_id == work)
    released = order.released_at or now
    parcel = f"1Z{work}"
    return [
        (1, lambda: RepromiseOrder(order.order_id, "supply moved", is_sooner=draw.random() < 0.5)),
        (1, lambda: RunWave(order.order_id, _WAVE, *draw.choice((((work,), ()), ((), (work,)))))),
        (1, lambda: MissAcceptance(work, released)),
        (1, lambda: LetWait(order.order_id, (line.line_id,), "stock comes", now + timedelta(days=1))),
        (1, lambda: RedateWork(work, "late")),
        (1, lambda: UpgradeWork(work, draw.choice(("standard", "express", "next_day")), "late")),
        (1, lambda: RaiseAlert(work, "late", draw.choice(tuple(AlertAction)), "ship", promised, now, 80, "maya")),
        (1, lambda: ReviewCredit(order.order_id)),
        (2, lambda: RecordTracking(work, "UPS", parcel, draw.choice(_STATUSES), now)),
    ]


def hold_commands(draw: random.Random, order: Order, now: datetime) -> Made:
    """What may become of the holds of an order, and which are placed."""
    made: Made = [(2, lambda: _draw_hold(draw, order, now))]
    holds = placed_holds(order)
    if holds:
        one = draw.choice(holds)
        made += [
            (8, lambda: LiftHold(order.order_id, one.hold_id)),
            (1, lambda: AssignHold(order.order_id, one.hold_id, draw.choice(("maya", "ann")))),
            (2, lambda: ExtendHold(order.order_id, one.hold_id, now + timedelta(hours=draw.randint(1, 9)))),
            (1, lambda: TellHolds(order.order_id, draw.choice(tuple(Signal)))),
        ]
    return made


def pickup_commands(draw: random.Random, order: Order, work: FulfillmentId, now: datetime) -> Made:
    """What customers and their stores may say of goods that are picked up; nothing where none are."""
    if order.pickup_node is None:
        return []
    keys = tuple(SupplyKey(Sku(sku), order.pickup_node, ON_HAND) for sku in "ABCM")
    return [
        (2, lambda: TellArrival(work, draw.choice(tuple(Arrival)), now + timedelta(minutes=9))),
        (1, lambda: NameCollector(work, draw.choice(("Ben", "")))),
        (1, lambda: ForgetArrival(work)),
        (1, lambda: ReceiveWork(work)),
        (1, lambda: ExtendPickup(work, draw.choice(tuple(By)))),
        (2, lambda: PutBackPickup(work, keys)),
        (1, lambda: OpenLocker(work)),
    ]


def _draw_hold(draw: random.Random, order: Order, now: datetime) -> PlaceHold:
    blocks = draw.choice(((Block.RELEASE,), (Block.RELEASE,), (Block.SHIP, Block.CHANGE), (Block.PROMISE,)))
    at_end, lifts = draw.choice(tuple(AtEnd)), draw.choice(((), tuple(Signal)))
    terms = HoldTerms("fraud", blocks, at_end, lift_on=lifts)
    return PlaceHold(order.order_id, draw.choice(("manual", "fraud")), "look", now + timedelta(hours=1), terms)
