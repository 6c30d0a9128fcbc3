"""Actions of a change that wait for the answer of a node: kept as plain fields, and made again from them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from troth.model.change import (
    ACTION_OF,
    Action,
    ChangeAction,
    RemoveLine,
    SetAddress,
    SetDates,
    SetMethod,
    SetNode,
    SetPrice,
    SetQuantity,
    Substitute,
)
from troth.model.lifecycle import AllocationState, RecallState
from troth.model.order import Method, Order
from troth.model.permissions import CANCEL, MAY, By
from troth.model.recall import RECALLABLE, KeptAction

KEPT: Final[Mapping[str, type[ChangeAction]]] = {
    ACTION_OF[kind].value: kind
    for kind in (RemoveLine, SetQuantity, SetPrice, SetDates, SetAddress, SetMethod, SetNode, Substitute)
}
"""The actions that can wait for a node. A line that is added needs none, and is asked for by itself."""

BY_RECALL: Final[Mapping[str, frozenset[AllocationState]]] = {CANCEL: RECALLABLE} | {
    name: RECALLABLE for name in KEPT if name != Action.SET_PRICE
}
"""What becomes possible for parts in these states where their node gives them back."""


MAY_ASK: Final[Mapping[By, Mapping[str, frozenset[AllocationState]]]] = {
    by: {deed: states - deeds[deed] for deed, states in BY_RECALL.items() if deed in deeds and states - deeds[deed]}
    for by, deeds in MAY.items()
}
"""What an operator, or a customer, may have a node asked for, in states in which they may not do it at once."""


def keep_action(action: ChangeAction) -> KeptAction:
    """An action as it is kept.

    >>> keep_action(RemoveLine("1")).action
    'remove_line'
    """
    values = {field.name: getattr(action, field.name) for field in fields(action)}
    return KeptAction(ACTION_OF[type(action)].value, **values)


def kept_action(kept: KeptAction) -> ChangeAction:
    """The action that was kept.

    >>> kept_action(keep_action(SetQuantity("1", 3)))
    SetQuantity(line_id='1', quantity=3)
    """
    kind: Any = KEPT[kept.action]
    values = {field.name: getattr(kept, field.name) for field in fields(kind)}
    if "method" in values:
        values["method"] = Method(values["method"])
    made: ChangeAction = kind(**values)
    return made


def waiting_changes(order: Order | None) -> list[ChangeAction]:
    """The actions of the changes that wait for the answer of a node."""
    open_recalls = [] if order is None else [one for one in order.recalls if one.state is RecallState.REQUESTED]
    return [kept_action(action) for one in open_recalls for action in one.actions]
