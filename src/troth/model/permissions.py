"""Who may still do what with an order: a table of deed, state of the parts, and by whom it is asked.

The window of a customer ends where a node gets the work; an operator may do what the lifecycle allows, and says why.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from troth.model.change import CHANGEABLE, Action
from troth.model.lifecycle import RESERVING, UNLOCKED, AllocationEvent, AllocationState, is_possible

CANCEL: Final = "cancel"
"""The deed beside the actions of a change."""


class By(StrEnum):
    """By whom something is asked, whoever passes it on."""

    OPERATOR = "operator"
    CUSTOMER = "customer"


CANCELABLE: Final = frozenset(state for state in AllocationState if is_possible(state, AllocationEvent.CANCEL))
"""The states that a part can be canceled in at all."""

_OF_CUSTOMERS: Final = (
    Action.ADD_LINE,
    Action.REMOVE_LINE,
    Action.SET_QUANTITY,
    Action.SET_DATES,
    Action.SET_ADDRESS,
    Action.SET_METHOD,
    Action.SET_SCHEDULE,
)
MAY: Final[Mapping[By, Mapping[str, frozenset[AllocationState]]]] = {
    By.OPERATOR: {CANCEL: CANCELABLE} | {action.value: states for action, states in CHANGEABLE.items()},
    By.CUSTOMER: {CANCEL: UNLOCKED} | {action.value: UNLOCKED for action in _OF_CUSTOMERS},
}
"""In which states the parts must be that something is done to; what is not named may not be done. Adding a line is done
to the whole order. What lies nowhere may always be canceled and changed.
"""

NEEDS_REASON: Final[Mapping[By, frozenset[AllocationState]]] = {By.OPERATOR: RESERVING, By.CUSTOMER: frozenset()}
"""In which states parts are canceled only with a reason."""


def states_for(by: By, deed: str) -> frozenset[AllocationState]:
    """The states that parts must be in for a deed; none where it may not be done.

    >>> sorted(map(str, states_for(By.CUSTOMER, CANCEL))), sorted(states_for(By.CUSTOMER, Action.SET_PRICE))
    (['backordered', 'reserved'], [])
    """
    return MAY[by].get(deed, frozenset())
