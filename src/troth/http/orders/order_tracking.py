"""Where an order's goods are: every step of every work, by when it is due, and what carriers say of the parcels."""

from datetime import datetime

import msgspec

from troth.engine.tracking.parcels import in_order, standing_of
from troth.flows.tracking.read import Tracked, read_tracked
from troth.http.edge.body import NoQuery
from troth.http.edge.bounds import order_id_of, read_visible
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.orders import NO_ORDER, ORDER_PATH
from troth.model.order import Package
from troth.model.tracking import Checkpoint, Leg, Step
from troth.store.watch import Expected, read_expected


class MilestoneAnswer(msgspec.Struct, frozen=True):
    """A step of work, by whom it is taken (`leg`), by when it has to be for the promise to be kept (null: nothing hangs
    on it), and when it was (null: not yet). It `is_late` where that is, or will be if it is taken now, too late.
    """

    step: Step
    leg: Leg
    expected_by: Instant | None
    done_at: Instant | None
    is_late: bool


class ProofAnswer(msgspec.Struct, frozen=True):
    """What shows that a parcel was handed over."""

    name: str
    photo: str
    signature: str


class CheckpointAnswer(msgspec.Struct, frozen=True):
    """What was reported of a parcel; `told` is the status in the words of whoever did, where they are others. What
    `is_doubted` contradicts what was reported before it and is not believed.
    """

    status: str
    at: Instant
    place: str
    told: str
    estimated_delivery_at: Instant | None
    proof: ProofAnswer | None
    is_doubted: bool


class ParcelAnswer(msgspec.Struct, frozen=True):
    """A parcel as it is believed to stand, and everything that was reported of it by its own time."""

    package_id: str
    carrier: str
    service: str
    tracking_number: str
    status: str
    estimated_delivery_at: Instant | None
    is_damaged: bool
    checkpoints: tuple[CheckpointAnswer, ...]


class ExpectedAnswer(msgspec.Struct, frozen=True):
    """What is expected of work from measured times: it is late with `percent`, and there (a pickup: ready) before these
    times with 10, 50 and 90 %.
    """

    percent: int
    early_at: Instant
    expected_at: Instant
    late_at: Instant
    predicted_at: Instant


class WorkTrackingAnswer(msgspec.Struct, frozen=True):
    """The way of what one node sends or hands over, for when it is promised, and what is expected of it (null: it is
    over, or was not looked at yet).
    """

    fulfillment_id: str
    node: str
    via: str | None
    promised_at: Instant
    expected: ExpectedAnswer | None
    milestones: tuple[MilestoneAnswer, ...]
    parcels: tuple[ParcelAnswer, ...]


class OrderTrackingAnswer(msgspec.Struct, frozen=True):
    """Where the goods of an order are."""

    order_id: str
    fulfillments: tuple[WorkTrackingAnswer, ...]


async def read_order_tracking(call: Call[Nothing, NoQuery]) -> Reply:
    """Where the goods of an order are."""
    order = await read_visible(call, order_id_of(call))
    now = call.system.door.now()
    async with call.system.pool.acquire() as connection:
        tracked = await read_tracked(connection, call.system, [order])
        expected = await read_expected(connection, [order.order_id])
    works = tuple(answer_tracked(one, expected.get(one.work.fulfillment_id), now) for one in tracked[order.order_id])
    return json_reply(OrderTrackingAnswer(order.order_id, works))


def answer_tracked(tracked: Tracked, expected: Expected | None, now: datetime) -> WorkTrackingAnswer:
    """The way of one work as it is answered."""
    work = tracked.work
    is_known = expected is not None and expected.promised_at == work.promised_at and work.delivered_at is None
    return WorkTrackingAnswer(
        work.fulfillment_id,
        work.node,
        work.via,
        work.promised_at,
        _expected(expected) if expected is not None and is_known else None,
        tuple(
            MilestoneAnswer(one.step, one.leg, one.expected_by, one.done_at, one.is_late(now))
            for one in tracked.milestones
        ),
        tuple(map(answer_parcel, work.packages)),
    )


def _expected(one: Expected) -> ExpectedAnswer:
    return ExpectedAnswer(one.percent, one.early_at, one.expected_at, one.late_at, one.predicted_at)


def answer_parcel(package: Package) -> ParcelAnswer:
    """A parcel as it is answered."""
    standing = standing_of(package.checkpoints)
    odd = {one.key for one in standing.contradictions}
    return ParcelAnswer(
        package.package_id,
        package.carrier,
        package.service,
        package.tracking_number,
        standing.status,
        standing.estimated_delivery_at,
        standing.is_damaged,
        tuple(_checkpoint(one, is_doubted=one.key in odd) for one in in_order(package.checkpoints)),
    )


def _checkpoint(one: Checkpoint, *, is_doubted: bool) -> CheckpointAnswer:
    proof = None if one.proof is None else ProofAnswer(one.proof.name, one.proof.photo, one.proof.signature)
    return CheckpointAnswer(one.status, one.at, one.place, one.told, one.estimated_delivery_at, proof, is_doubted)


_AT = datetime.fromisoformat
EXAMPLE = OrderTrackingAnswer(
    examples.ORDER_ID,
    (
        WorkTrackingAnswer(
            examples.FULFILLMENT_ID,
            "DC-PA",
            None,
            _AT("2026-11-25T20:00:00-05:00"),
            ExpectedAnswer(
                4,
                _AT("2026-11-25T10:20:00-05:00"),
                _AT("2026-11-25T15:00:00-05:00"),
                _AT("2026-11-25T18:45:00-05:00"),
                _AT("2026-11-24T06:15:00-05:00"),
            ),
            (
                MilestoneAnswer(
                    Step.RELEASED, Leg.ORDER, _AT("2026-11-23T12:00:00-05:00"), _AT("2026-11-23T10:30:00-05:00"), False
                ),
                MilestoneAnswer(
                    Step.HANDED_OVER,
                    Leg.NODE,
                    _AT("2026-11-23T17:00:00-05:00"),
                    _AT("2026-11-23T16:20:00-05:00"),
                    False,
                ),
                MilestoneAnswer(Step.DELIVERED, Leg.CUSTOMER, _AT("2026-11-25T20:00:00-05:00"), None, False),
            ),
            (
                ParcelAnswer(
                    "1",
                    "ups",
                    "ground",
                    "1Z999AA10123456784",
                    "in_transit",
                    _AT("2026-11-25T17:00:00-05:00"),
                    False,
                    (
                        CheckpointAnswer(
                            "in_transit", _AT("2026-11-24T06:12:00-05:00"), "Newark, NJ", "departed", None, None, False
                        ),
                    ),
                ),
            ),
        ),
    ),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/orders/{order_id}/tracking",
        name="read_order_tracking",
        summary="Where an order's goods are: each step with when it is due, and what carriers report",
        tag="orders",
        run=read_order_tracking,
        shown=(Shown(200, "Each work's milestones and parcels", OrderTrackingAnswer, EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
)
