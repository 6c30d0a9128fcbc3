"""What events say about finding stock: who looked for units where, what was counted, and what moved."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, assert_never

from troth.model.accuracy import NOT_FOUND_REASONS, Counted, Looked, Moved, Observation, PositionKey, PutBack
from troth.model.events import (
    Event,
    FulfillmentCollected,
    FulfillmentPacked,
    FulfillmentPicked,
    FulfillmentReady,
    FulfillmentRejected,
    FulfillmentShipped,
    FulfillmentUnpicked,
    StockAdjusted,
    StockCounted,
)
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku, order_of_fulfillment
from troth.model.inventory import ON_HAND
from troth.model.lifecycle import AllocationEvent
from troth.model.measure import scale_of

# A report that skips the pick says with a later step that the units were found.
_REPORTED: Final = (
    FulfillmentPicked,
    FulfillmentPacked,
    FulfillmentReady,
    FulfillmentShipped,
    FulfillmentCollected,
    FulfillmentRejected,
)
LEARNED_KINDS: Final = tuple(
    sorted(kind.__name__ for kind in (*_REPORTED, FulfillmentUnpicked, StockAdjusted, StockCounted))
)
"""The kinds of events that say something about finding stock."""


class Part(Protocol):
    """What an allocation is of."""

    @property
    def line_id(self) -> LineId:
        """The order's line."""
        ...

    @property
    def sku(self) -> Sku:
        """The item; of a kit a component."""
        ...

    @property
    def node(self) -> NodeId:
        """Where it is."""
        ...

    @property
    def quantity(self) -> int:
        """Units."""
        ...


@dataclass(slots=True)
class _Look:
    """Units asked for and found at a position by one report."""

    asked: int = 0
    found: float = field(default=0.0)


def looked_at(event: Event) -> tuple[int, ...]:
    """The allocations that a report says were found, missed, refused or put back, and of which it must be known what
    they are.
    """
    if not isinstance(event, (*_REPORTED, FulfillmentUnpicked)):
        return ()
    return tuple(move.allocation for move in event.parts.moves if move.event in _wanted(event))


def find_observations(event: Event, parts: Mapping[int, Part]) -> tuple[Observation, ...]:
    """What an event says, where `parts` is what the allocations of its order are of; those not among them are left out.

    Of a kit that was missed nobody says which component was: each of its m components is taken as missed by 1/m.
    """
    match event:
        case StockAdjusted():
            if event.source != ON_HAND or _is_written_off(event):
                return ()
            return (Moved((event.sku, event.node), event.delta),)
        case StockCounted():
            if event.source != ON_HAND:
                return ()
            books = max(0, event.counted - event.delta)
            return (Counted((event.sku, event.node), event.as_of, books, event.counted),)
        case _ if isinstance(event, _REPORTED):
            by = "reject" if isinstance(event, FulfillmentRejected) else "pick"
            looks = _find_looks(((move.allocation, move.event) for move in event.parts.moves), parts, _wanted(event))
            return tuple(
                Looked(key, event.at, look.asked, look.found, by) for key, look in sorted(looks.items()) if look.asked
            )
        case FulfillmentUnpicked():
            back = _find_looks(((move.allocation, move.event) for move in event.parts.moves), parts, _wanted(event))
            return tuple(PutBack(key, event.at, look.asked) for key, look in sorted(back.items()))
        case _:
            return ()


def in_wholes(seen: Observation, decimals: int) -> Observation:
    """What was seen of an item that is sold by measure, in wholes, rounded up: a length of cable is looked for, found
    or missed as one, and not as so many centimeters.

    >>> from datetime import UTC, datetime
    >>> key, at = (Sku("CABLE"), NodeId("DC")), datetime(2026, 11, 23, tzinfo=UTC)
    >>> look = in_wholes(Looked(key, at, asked=250, found=125.0, by="pick"), 2)
    >>> (look.asked, look.found) if isinstance(look, Looked) else look
    (3, 1.0)
    """
    scale = scale_of(decimals)
    match seen:
        case Looked():
            asked, missed = -(-seen.asked // scale), math.ceil((seen.asked - seen.found) / scale)
            return replace(seen, asked=asked, found=float(max(0, asked - missed)))
        case Counted():
            books, counted = -(-seen.books // scale), -(-seen.counted // scale)
            if seen.counted < seen.books:
                counted = max(0, books + (seen.counted - seen.books) // scale)
            return replace(seen, books=books, counted=counted)
        case Moved():
            return replace(seen, units=-(-seen.units // scale) if seen.units > 0 else seen.units // scale)
        case PutBack():
            return replace(seen, units=-(-seen.units // scale))
        case _:
            assert_never(seen)


def _is_written_off(event: StockAdjusted) -> bool:
    """Whether a short pick took units off the books, which did not move: they were not there."""
    return event.delta < 0 and order_of_fulfillment(FulfillmentId(event.reference)).startswith("O-")


def _wanted(event: Event) -> frozenset[AllocationEvent]:
    """The moves of a report that say whether units were found, or that they were put back."""
    match event:
        case FulfillmentRejected():
            return _REJECTS if event.reason in NOT_FOUND_REASONS else frozenset()
        case FulfillmentUnpicked():
            return _UNPICKS
        case _:
            return _PICKS


def _find_looks(
    moves: Iterable[tuple[int, AllocationEvent]], parts: Mapping[int, Part], wanted: frozenset[AllocationEvent]
) -> dict[PositionKey, _Look]:
    known = [(parts[number], event) for number, event in moves if event in wanted and number in parts]
    missing: dict[LineId, set[Sku]] = {}
    for part, event in known:
        if event not in _FOUND:
            missing.setdefault(part.line_id, set()).add(part.sku)
    looks: dict[PositionKey, _Look] = {}
    for part, event in known:
        look = looks.setdefault((part.sku, part.node), _Look())
        look.asked += part.quantity
        is_found = event in _FOUND
        look.found += part.quantity * (1.0 if is_found else 1.0 - 1.0 / len(missing[part.line_id]))
    return looks


_PICKS: Final = frozenset({AllocationEvent.PICK, AllocationEvent.MISS})
_FOUND: Final = frozenset({AllocationEvent.PICK, AllocationEvent.UNPICK})
_REJECTS: Final = frozenset({AllocationEvent.REJECT})
_UNPICKS: Final = frozenset({AllocationEvent.UNPICK})
