"""The steps of a node's work, one after another: which comes next, which can be taken back, and what follows later.

Other entrances may report a later step and take those between along. Here each is done with the hands, so none is
skipped.
"""

from collections.abc import Collection, Mapping
from typing import Final

from troth.engine.recall_terms import open_recall
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Method, Order
from troth.model.status import fulfillment_status, has_come, is_handed_over, is_kept, live_allocations
from troth.model.ways import stay_of

_S = AllocationState
TO_PICK: Final = frozenset({_S.RELEASED, _S.ACCEPTED})

_HANDED: Final[Mapping[AllocationState, tuple[str, ...]]] = {
    _S.RELEASED: ("pick", "ready", "collect"),
    _S.ACCEPTED: ("pick", "ready", "collect"),
    _S.PICKED: ("ready", "collect"),
    _S.PACKED: ("ready", "collect"),
    _S.READY: ("collect",),
    _S.UNCOLLECTED: ("put-back",),
}
_SENT: Final[Mapping[AllocationState, tuple[str, ...]]] = {
    _S.RELEASED: ("pick", "pack", "ship"),
    _S.ACCEPTED: ("pick", "pack", "ship"),
    _S.PICKED: ("pack", "ship"),
    _S.PACKED: ("ship",),
}
_ARRIVED: Final[Mapping[AllocationState, tuple[str, ...]]] = {
    _S.SHIPPED: ("receive", "ready", "collect"),
    _S.UNCLAIMED: ("put-back",),
}
_UNDO: Final[Mapping[AllocationState, str]] = {
    _S.READY: "unstage",
    _S.PACKED: "unpack",
    _S.PICKED: "unpick",
    _S.ACCEPTED: "unaccept",
}
_AT_COUNTER: Final = ("here", "not-here", "collector", "extend")


def ahead(order: Order, work: Fulfillment, node: str) -> tuple[str, ...]:
    """The steps that a node still has to do for a work, the next one first."""
    came = came_so_far(
        is_kept=is_kept(order, work),
        is_here=all(one.received_at is not None for one in work.packages),
        is_for_locker=stay_of(order, work) is not None,
    )
    state = fulfillment_status(order, work.fulfillment_id)
    return ahead_of(state, work.method, at=work.node, via=work.via, node=node, came=came)


def came_so_far(*, is_kept: bool, is_here: bool, is_for_locker: bool) -> frozenset[str]:
    """The steps that need not be done (any more) for what is sent to a node first: what all is received is ready at the
    counter, and still to be laid into a locker.

    >>> sorted(came_so_far(is_kept=False, is_here=True, is_for_locker=True))
    ['receive']
    """
    if is_kept:
        return frozenset({"receive", "ready"})
    if not is_for_locker:
        return frozenset({"ready"})
    return frozenset({"receive"}) if is_here else frozenset()


def ahead_of(
    state: AllocationState, method: Method, *, at: str, via: str | None, node: str, came: Collection[str] = ("ready",)
) -> tuple[str, ...]:
    """The steps that a node still has to do for a work in a state that lies `at` a node and goes `via` one first, where
    some are done since it `came` there.

    >>> ahead_of(AllocationState.PICKED, Method.PICKUP, at="ST-1", via=None, node="ST-1")
    ('ready', 'collect')
    >>> ahead_of(AllocationState.SHIPPED, Method.PICKUP, at="DC-1", via="ST-1", node="ST-1")
    ('receive', 'collect')
    """
    if at != node:  # what came from elsewhere to be collected here
        return tuple(step for step in _ARRIVED.get(state, ()) if via == node and step not in came)
    return (_HANDED if is_handed_over(method) and via is None else _SENT).get(state, ())


def beside(order: Order, work: Fulfillment, node: str) -> tuple[str, ...]:
    """What else the node may do now: take the work on, give it back, keep goods longer, say who comes for them, or
    answer who wants work back.
    """
    is_awaited = ahead(order, work, node)[:1] == ("collect",)
    if work.node != node:
        return _AT_COUNTER if is_awaited else ()
    state = fulfillment_status(order, work.fulfillment_id)
    found: tuple[str, ...] = ("accept",) if state is _S.RELEASED else ()
    found += ("reject",) if state in TO_PICK else ()
    found += _AT_COUNTER if is_awaited else ()
    return (*found, "accept-recall", "refuse-recall") if open_recall(order, work.fulfillment_id) else found


def undo_of(order: Order, work: Fulfillment, node: str) -> str:
    """The step that can be taken back; empty where there is none."""
    if work.via == node != work.node:
        came = has_come(order, work) and any(one.received_at is not None for one in work.packages)
        return "unstage" if came or (is_kept(order, work)) else ""
    states = {part.state for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id}
    return next((undo for state, undo in _UNDO.items() if state in states and work.node == node), "")


def may(step: str, order: Order, work: Fulfillment, node: str) -> bool:
    """Whether a step is the one to be done now, or may be done beside it, or taken back."""
    now = ahead(order, work, node)[:1]
    return step in now or step in beside(order, work, node) or (bool(step) and step == undo_of(order, work, node))
