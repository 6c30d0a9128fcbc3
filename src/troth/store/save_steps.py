"""One thing: the columns of the statement that writes orders of which only parts took steps, and when it may be used.

Between its capture and its end an order is released, accepted, picked, packed and shipped: it gains no row, and most of
what it says stays. Written by the statement that can write every change, each step would pass sixty columns more, look
for rows that might not be there, and write the whole order again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from troth.model.order import Allocation, Fulfillment, Order
from troth.model.status import fulfillment_status, last_promise, next_due_at, order_status
from troth.model.totals import total_minor
from troth.store.codec import encode


def _all_but(kind: type, *written: str) -> Callable[[Any], tuple[Any, ...]]:
    """What a value holds beside what the statement writes of it: also what it comes to hold later."""
    return attrgetter(*(field.name for field in fields(kind) if field.name not in written))


_rest_of_order = _all_but(
    Order,
    "version",
    "release_at",
    "released_at",
    "policy_version",
    *("allocations", "fulfillments"),
    *("parked", "planned", "returns", "recalls", "pickups"),  # each has a statement of its own
)
_rest_of_part = _all_but(Allocation, "state")
_rest_of_work = _all_but(
    Fulfillment,
    "ship_by",
    "promised_from",
    "promised_at",
    "packages",
    "staging",
    "collected_by",
    "shipped_at",
    "delivered_at",
    "serials",
)

_ORDER_WIDTH = 9
_PART_WIDTH = 3
_WORK_WIDTH = 13


def took_steps(before: Order, after: Order) -> bool:
    """Whether of an order and its parts and works nothing changed but what the statement writes, and none is new."""
    return (
        _rest_of_order(after) == _rest_of_order(before)
        and list(map(_rest_of_part, after.allocations)) == list(map(_rest_of_part, before.allocations))
        and list(map(_rest_of_work, after.fulfillments)) == list(map(_rest_of_work, before.fulfillments))
    )


def step_columns(changes: Iterable[tuple[Order, Order]]) -> list[Sequence[Any]]:
    """The arrays of the columns of orders, their parts and their works, of orders as they were and as they are."""
    orders, parts, works = [], [], []
    for before, after in changes:
        orders.append(
            (
                after.order_id,
                after.version,
                order_status(after).value,
                total_minor(after),
                after.release_at,
                next_due_at(after),
                after.released_at,
                last_promise(after),
                after.policy_version,
            )
        )
        known = set(before.allocations)
        parts += [
            (after.order_id, part.allocation, part.state.value) for part in after.allocations if part not in known
        ]
        works += [
            _work_row(after, work)
            for was, work in zip(before.fulfillments, after.fulfillments, strict=True)
            if was != work
            or fulfillment_status(before, was.fulfillment_id) is not fulfillment_status(after, work.fulfillment_id)
        ]
    columns: list[Sequence[Any]] = []
    for rows, width in ((orders, _ORDER_WIDTH), (parts, _PART_WIDTH), (works, _WORK_WIDTH)):
        columns += zip(*rows, strict=True) if rows else [()] * width
    return columns


def _work_row(order: Order, work: Fulfillment) -> tuple[Any, ...]:
    return (
        order.order_id,
        work.fulfillment_id,
        fulfillment_status(order, work.fulfillment_id).value,
        work.ship_by,
        work.promised_from,
        work.promised_at,
        encode(work.packages),
        "\n".join(number for package in work.packages for number in package.numbers if number),
        work.staging,
        work.collected_by,
        work.shipped_at,
        work.delivered_at,
        encode(work.serials),
    )
