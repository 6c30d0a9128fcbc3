"""What the nodes of an order may be asked for now, as recalls, that cannot be done at once."""

from collections.abc import Collection, Mapping
from functools import cache

from troth.model.hold_terms import Block
from troth.model.kept_actions import MAY_ASK
from troth.model.lifecycle import AllocationState, RecallState
from troth.model.order import Allocation, Order
from troth.model.permissions import CANCEL, By


def find_askable(
    order: Order, live: Collection[Allocation], blocked: Collection[Block]
) -> Mapping[By, tuple[str, ...]]:
    """What nodes may be asked for, by whom, of the live parts of an order of which holds keep some things from
    happening. A node that has not answered yet is asked for nothing else.
    """
    asked = {one.fulfillment_id for one in order.recalls if one.state is RecallState.REQUESTED}
    return askable(frozenset(part.state for part in live if part.fulfillment_id not in asked), frozenset(blocked))


@cache
def askable(states: frozenset[AllocationState], blocked: frozenset[Block]) -> Mapping[By, tuple[str, ...]]:
    """What may be asked for of parts in some of these states.

    >>> askable(frozenset({AllocationState.PICKED}), frozenset())[By.OPERATOR]
    ('set_dates', 'set_address', 'set_method', 'set_node', 'substitute')
    >>> askable(frozenset({AllocationState.PICKED}), frozenset({Block.CHANGE}))
    {<By.CUSTOMER: 'customer'>: ('cancel',)}
    """
    found = {}
    for by, deeds in MAY_ASK.items():
        found[by] = tuple(
            deed
            for deed, some in deeds.items()
            if states & some and (Block.CANCEL if deed == CANCEL else Block.CHANGE) not in blocked
        )
    return {by: deeds for by, deeds in found.items() if deeds}
