"""One thing: what may become of an allocation and of all else that has states, as tables that are checked on import.

The tables are the only place that knows the transitions. The SQL guards, the published `/v1/lifecycles`, the diagram
in the docs and the answer to "what may still be changed" are read from them.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class AllocationState(StrEnum):
    """Where a part of a line stands."""

    BACKORDERED = "backordered"
    RESERVED = "reserved"
    RELEASED = "released"
    ACCEPTED = "accepted"
    PICKED = "picked"
    PACKED = "packed"
    READY = "ready"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COLLECTED = "collected"
    REJECTED = "rejected"
    SHORT = "short"
    SPLIT = "split"
    CANCELED = "canceled"
    REPLACED = "replaced"
    UNCOLLECTED = "uncollected"
    UNCLAIMED = "unclaimed"


class AllocationEvent(StrEnum):
    """What happens to a part of a line."""

    COVER = "cover"
    RELEASE = "release"
    ACCEPT = "accept"
    REJECT = "reject"
    PICK = "pick"
    MISS = "miss"
    PACK = "pack"
    STAGE = "stage"
    SHIP = "ship"
    DELIVER = "deliver"
    COLLECT = "collect"
    SPLIT = "split"
    CANCEL = "cancel"
    REPLACE = "replace"
    RECALL = "recall"
    UNACCEPT = "unaccept"
    UNPICK = "unpick"
    UNPACK = "unpack"
    UNSTAGE = "unstage"
    LAPSE = "lapse"
    SHELVE = "shelve"


class HoldState(StrEnum):
    """Whether a hold still blocks."""

    PLACED = "placed"
    LIFTED = "lifted"


class HoldEvent(StrEnum):
    """What ends a hold."""

    LIFT = "lift"


class WaveState(StrEnum):
    """What a person did to a wave: nothing, or it is not run before it is resumed, or takes no more."""

    OPEN = "open"
    HELD = "held"
    CLOSED = "closed"


class WaveEvent(StrEnum):
    """What a person does to a wave."""

    HOLD = "hold"
    RESUME = "resume"
    CLOSE = "close"


class RecallState(StrEnum):
    """Where a request stands to give released work back."""

    REQUESTED = "requested"
    GIVEN_BACK = "given_back"
    REFUSED = "refused"
    ENDED = "ended"


class RecallEvent(StrEnum):
    """What happens to a recall: the node gives work back or refuses, by itself or by its silence, or it is over."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    END = "end"


class TransferState(StrEnum):
    """Where a unit of a transfer stands. What is shipped is supply of the receiver, what is received is on hand."""

    PLANNED = "planned"
    SHIPPED = "shipped"
    RECEIVED = "received"
    LOST = "lost"


class TransferEvent(StrEnum):
    """What happens to units of a transfer."""

    SHIP = "ship"
    RECEIVE = "receive"
    LOSE = "lose"


class StepState(StrEnum):
    """Where a step of a payment stands: asked for, done in its own way, not done, or not known."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    VOIDED = "voided"
    FAILED = "failed"
    EXPIRED = "expired"


class StepEvent(StrEnum):
    """What happens to a step of a payment."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"
    DECLINE = "decline"
    LOSE = "lose"
    EXPIRE = "expire"


class ReceptionState(StrEnum):
    """Where a return stands on its way back."""

    ANNOUNCED = "announced"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    CLOSED = "closed"
    EXPIRED = "expired"
    CANCELED = "canceled"


class ReceptionEvent(StrEnum):
    """What happens to a return on its way back. What arrives is always received, also once the permit is over."""

    SEND = "send"
    RECEIVE = "receive"
    CLOSE = "close"
    EXPIRE = "expire"
    CANCEL = "cancel"


class DispositionState(StrEnum):
    """What became of units that came back; only what is restocked may be sold again."""

    WAITING = "waiting"
    RESTOCKED = "restocked"
    REFURBISHING = "refurbishing"
    OUTLET = "outlet"
    VENDOR = "vendor"
    DESTROYED = "destroyed"


class Disposition(StrEnum):
    """What is done with units that came back."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    OUTLET = "outlet"
    VENDOR = "vendor"
    DESTROY = "destroy"


_A, _E = AllocationState, AllocationEvent

ALLOCATION: Final[Mapping[tuple[AllocationState, AllocationEvent], AllocationState]] = {
    (_A.BACKORDERED, _E.COVER): _A.RESERVED,
    (_A.BACKORDERED, _E.CANCEL): _A.CANCELED,
    (_A.BACKORDERED, _E.SPLIT): _A.SPLIT,
    (_A.BACKORDERED, _E.REPLACE): _A.REPLACED,
    (_A.RESERVED, _E.RELEASE): _A.RELEASED,
    (_A.RESERVED, _E.CANCEL): _A.CANCELED,
    (_A.RESERVED, _E.SPLIT): _A.SPLIT,
    (_A.RESERVED, _E.REPLACE): _A.REPLACED,
    (_A.RELEASED, _E.ACCEPT): _A.ACCEPTED,
    (_A.RELEASED, _E.REJECT): _A.REJECTED,
    (_A.RELEASED, _E.PICK): _A.PICKED,
    (_A.RELEASED, _E.MISS): _A.SHORT,
    (_A.RELEASED, _E.CANCEL): _A.CANCELED,
    (_A.RELEASED, _E.SPLIT): _A.SPLIT,
    (_A.RELEASED, _E.RECALL): _A.RESERVED,
    (_A.ACCEPTED, _E.REJECT): _A.REJECTED,
    (_A.ACCEPTED, _E.PICK): _A.PICKED,
    (_A.ACCEPTED, _E.MISS): _A.SHORT,
    (_A.ACCEPTED, _E.CANCEL): _A.CANCELED,
    (_A.ACCEPTED, _E.SPLIT): _A.SPLIT,
    (_A.ACCEPTED, _E.RECALL): _A.RESERVED,
    (_A.ACCEPTED, _E.UNACCEPT): _A.RELEASED,
    (_A.PICKED, _E.PACK): _A.PACKED,
    (_A.PICKED, _E.STAGE): _A.READY,
    (_A.PICKED, _E.CANCEL): _A.CANCELED,
    (_A.PICKED, _E.SPLIT): _A.SPLIT,
    (_A.PICKED, _E.RECALL): _A.RESERVED,
    (_A.PICKED, _E.UNPICK): _A.ACCEPTED,
    (_A.PACKED, _E.STAGE): _A.READY,
    (_A.PACKED, _E.SHIP): _A.SHIPPED,
    (_A.PACKED, _E.CANCEL): _A.CANCELED,
    (_A.PACKED, _E.SPLIT): _A.SPLIT,
    (_A.PACKED, _E.RECALL): _A.RESERVED,
    (_A.PACKED, _E.UNPACK): _A.PICKED,
    (_A.READY, _E.COLLECT): _A.COLLECTED,
    (_A.READY, _E.CANCEL): _A.CANCELED,
    (_A.READY, _E.SPLIT): _A.SPLIT,
    (_A.READY, _E.RECALL): _A.RESERVED,
    (_A.READY, _E.UNSTAGE): _A.PICKED,
    (_A.SHIPPED, _E.DELIVER): _A.DELIVERED,
    (_A.SHIPPED, _E.COLLECT): _A.COLLECTED,
    (_A.READY, _E.LAPSE): _A.UNCOLLECTED,
    (_A.SHIPPED, _E.LAPSE): _A.UNCLAIMED,
    (_A.UNCOLLECTED, _E.SHELVE): _A.CANCELED,
    (_A.UNCLAIMED, _E.SHELVE): _A.CANCELED,
}

HOLD: Final[Mapping[tuple[HoldState, HoldEvent], HoldState]] = {(HoldState.PLACED, HoldEvent.LIFT): HoldState.LIFTED}

TRANSFER: Final[Mapping[tuple[TransferState, TransferEvent], TransferState]] = {
    (TransferState.PLANNED, TransferEvent.SHIP): TransferState.SHIPPED,
    (TransferState.SHIPPED, TransferEvent.RECEIVE): TransferState.RECEIVED,
    (TransferState.SHIPPED, TransferEvent.LOSE): TransferState.LOST,
}

_S, _P = StepState, StepEvent

PAYMENT_STEP: Final[Mapping[tuple[StepState, StepEvent], StepState]] = {
    (_S.REQUESTED, _P.AUTHORIZE): _S.AUTHORIZED,
    (_S.REQUESTED, _P.CAPTURE): _S.CAPTURED,
    (_S.REQUESTED, _P.REFUND): _S.REFUNDED,
    (_S.REQUESTED, _P.VOID): _S.VOIDED,
    (_S.REQUESTED, _P.DECLINE): _S.FAILED,
    (_S.REQUESTED, _P.LOSE): _S.UNKNOWN,
    (_S.UNKNOWN, _P.AUTHORIZE): _S.AUTHORIZED,
    (_S.UNKNOWN, _P.CAPTURE): _S.CAPTURED,
    (_S.UNKNOWN, _P.REFUND): _S.REFUNDED,
    (_S.UNKNOWN, _P.VOID): _S.VOIDED,
    (_S.UNKNOWN, _P.DECLINE): _S.FAILED,
    (_S.UNKNOWN, _P.LOSE): _S.UNKNOWN,
    (_S.AUTHORIZED, _P.EXPIRE): _S.EXPIRED,
}

WAVE: Final[Mapping[tuple[WaveState, WaveEvent], WaveState]] = {
    (WaveState.OPEN, WaveEvent.HOLD): WaveState.HELD,
    (WaveState.OPEN, WaveEvent.CLOSE): WaveState.CLOSED,
    (WaveState.HELD, WaveEvent.RESUME): WaveState.OPEN,
    (WaveState.HELD, WaveEvent.CLOSE): WaveState.CLOSED,
    (WaveState.CLOSED, WaveEvent.RESUME): WaveState.OPEN,
}

RECALL: Final[Mapping[tuple[RecallState, RecallEvent], RecallState]] = {
    (RecallState.REQUESTED, RecallEvent.ACCEPT): RecallState.GIVEN_BACK,
    (RecallState.REQUESTED, RecallEvent.REFUSE): RecallState.REFUSED,
    (RecallState.REQUESTED, RecallEvent.END): RecallState.ENDED,
}

_R, _D = ReceptionState, DispositionState

RECEPTION: Final[Mapping[tuple[ReceptionState, ReceptionEvent], ReceptionState]] = {
    (_R.ANNOUNCED, ReceptionEvent.SEND): _R.IN_TRANSIT,
    (_R.ANNOUNCED, ReceptionEvent.RECEIVE): _R.RECEIVED,
    (_R.ANNOUNCED, ReceptionEvent.CLOSE): _R.CLOSED,
    (_R.ANNOUNCED, ReceptionEvent.EXPIRE): _R.EXPIRED,
    (_R.ANNOUNCED, ReceptionEvent.CANCEL): _R.CANCELED,
    (_R.IN_TRANSIT, ReceptionEvent.RECEIVE): _R.RECEIVED,
    (_R.IN_TRANSIT, ReceptionEvent.CLOSE): _R.CLOSED,
    (_R.RECEIVED, ReceptionEvent.RECEIVE): _R.RECEIVED,
    (_R.RECEIVED, ReceptionEvent.CLOSE): _R.CLOSED,
    (_R.EXPIRED, ReceptionEvent.RECEIVE): _R.RECEIVED,
    (_R.CANCELED, ReceptionEvent.RECEIVE): _R.RECEIVED,
}

DISPOSITION: Final[Mapping[tuple[DispositionState, Disposition], DispositionState]] = {
    (_D.WAITING, Disposition.RESTOCK): _D.RESTOCKED,
    (_D.WAITING, Disposition.REFURBISH): _D.REFURBISHING,
    (_D.WAITING, Disposition.OUTLET): _D.OUTLET,
    (_D.WAITING, Disposition.VENDOR): _D.VENDOR,
    (_D.WAITING, Disposition.DESTROY): _D.DESTROYED,
    (_D.REFURBISHING, Disposition.RESTOCK): _D.RESTOCKED,
    (_D.REFURBISHING, Disposition.OUTLET): _D.OUTLET,
    (_D.REFURBISHING, Disposition.VENDOR): _D.VENDOR,
    (_D.REFURBISHING, Disposition.DESTROY): _D.DESTROYED,
    (_D.OUTLET, Disposition.RESTOCK): _D.RESTOCKED,
    (_D.OUTLET, Disposition.VENDOR): _D.VENDOR,
    (_D.OUTLET, Disposition.DESTROY): _D.DESTROYED,
    (_D.VENDOR, Disposition.DESTROY): _D.DESTROYED,
}

ALLOCATION_STARTS: Final = (_A.RESERVED, _A.BACKORDERED)
HOLD_STARTS: Final = (HoldState.PLACED,)
TRANSFER_STARTS: Final = (TransferState.PLANNED,)
PAYMENT_STEP_STARTS: Final = (StepState.REQUESTED,)
WAVE_STARTS: Final = (WaveState.OPEN,)
RECALL_STARTS: Final = (RecallState.REQUESTED,)
RECEPTION_STARTS: Final = (ReceptionState.ANNOUNCED,)
DISPOSITION_STARTS: Final = (DispositionState.WAITING,)

NOT_COLLECTED: Final = frozenset({_A.UNCOLLECTED, _A.UNCLAIMED})
"""A part in one of these was canceled since nobody came for it, and still has to be put back: what was unclaimed came
from another node.
"""

ENDED: Final = frozenset({_A.REJECTED, _A.SHORT, _A.SPLIT, _A.CANCELED, _A.REPLACED}) | NOT_COLLECTED
"""A part in one of these no longer covers its line."""

FREED: Final = frozenset({_A.CANCELED, _A.REJECTED, _A.SPLIT, _A.REPLACED})
"""A part in one of these takes nothing of a node's capacity (any more); what was not found took its time."""

GONE: Final = frozenset({_A.SHIPPED, _A.DELIVERED, _A.COLLECTED})
"""A part in one of these has left the building: its units are posted."""

OPEN_RECEPTIONS: Final = frozenset({_R.ANNOUNCED, _R.IN_TRANSIT, _R.RECEIVED})
"""A return in one of these may still bring what was announced."""

RESERVING: Final = frozenset(_A) - ENDED - GONE
"""A part in one of these covers its line with units that are reserved for it."""

PENDING: Final = RESERVING | {_A.UNCOLLECTED}
"""A part in one of these has a pending entry in the ledger: what nobody collected is not sold before it is put back."""

STAYING: Final = PENDING | {_A.SHIPPED, _A.UNCLAIMED}
"""A part in one of these takes the compartment of a locker that is promised for it, or lies in it: also while it is on
its way to the store of the locker.
"""

IN_FLIGHT: Final = frozenset({_S.REQUESTED, _S.UNKNOWN})
"""A step of a payment in one of these may have had its effect, or may yet have it."""

UNLOCKED: Final = frozenset({_A.RESERVED, _A.BACKORDERED})
"""Only a part in one of these may be promised from another supply; from its release on the order lock keeps it."""


def is_possible(state: AllocationState, event: AllocationEvent) -> bool:
    """Whether an event may happen to an allocation in a state.

    >>> is_possible(AllocationState.SHIPPED, AllocationEvent.CANCEL)
    False
    """
    return (state, event) in ALLOCATION


def find_flaws(table: Mapping[tuple[S, E], S], states: type[S], events: type[E], starts: tuple[S, ...]) -> list[str]:
    """What is wrong with a machine: states that no path reaches, events that never happen. Empty where it is sound."""
    reached = set(starts)
    for _ in states:
        reached |= {target for (state, _event), target in table.items() if state in reached}
    used = {event for _state, event in table}
    return [f"{state} cannot be reached" for state in states if state not in reached] + [
        f"{event} never happens" for event in events if event not in used
    ]


_FLAWS = find_flaws(ALLOCATION, AllocationState, AllocationEvent, ALLOCATION_STARTS) + find_flaws(
    HOLD, HoldState, HoldEvent, HOLD_STARTS
)
_FLAWS += find_flaws(TRANSFER, TransferState, TransferEvent, TRANSFER_STARTS)
_FLAWS += find_flaws(PAYMENT_STEP, StepState, StepEvent, PAYMENT_STEP_STARTS)
_FLAWS += find_flaws(WAVE, WaveState, WaveEvent, WAVE_STARTS)
_FLAWS += find_flaws(RECALL, RecallState, RecallEvent, RECALL_STARTS)
_FLAWS += find_flaws(RECEPTION, ReceptionState, ReceptionEvent, RECEPTION_STARTS)
_FLAWS += find_flaws(DISPOSITION, DispositionState, Disposition, DISPOSITION_STARTS)
if _FLAWS:
    raise AssertionError("; ".join(_FLAWS))
