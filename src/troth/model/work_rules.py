"""Work rules: the document in which a retailer says how long goods wait for their customer, and what becomes of work
that is late at its node.
"""

from typing import Final

from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class PickupRule:
    """How goods wait for their customer at the nodes that `where` names (CEL, of the node; empty: all), of the orders
    for which `when` holds (CEL, of order and customer). The first rule that speaks decides.

    They are kept for `keep_hours` once they are ready, where they are yet to be paid at the counter for
    `unpaid_keep_hours`, and then until the node next closes; the customer is reminded so
    many hours after they were (`remind_hours`). Each extension adds `extend_hours`; a customer may ask for
    `extensions_max`. After `code_attempts_max` wrong codes none is looked at for `code_lock_minutes`. Where the
    `code_required` nobody is handed anything without it but after their identity was checked.
    """

    name: str
    where: str = ""
    when: str = ""
    keep_hours: float = 168.0
    unpaid_keep_hours: float = 48.0
    remind_hours: tuple[float, ...] = (24.0, 96.0)
    extend_hours: float = 72.0
    extensions_max: int = 1
    code_attempts_max: int = 5
    code_lock_minutes: int = 15
    code_required: bool = False


@dataclass(frozen=True, slots=True)
class LateRule:
    """What is done about tasks that nobody begins, at the nodes that `where` names (CEL, of the node; empty: all), of
    the orders for which `when` holds. The first rule that speaks decides.

    So many minutes before the last moment at which a task can be begun (`before_minutes`), and not before it lay there
    for `patience_minutes`, its `owner` is told; of what is sent at the latest when it lay there for `idle_minutes`
    (None: no), since other nodes have a cut-off. `move_after_minutes` later (None: never) it goes to another node,
    where that keeps the promise; of an order that happens `moves_max` times.
    """

    name: str
    where: str = ""
    when: str = ""
    before_minutes: float = 30.0
    patience_minutes: float = 10.0
    idle_minutes: float | None = 120.0
    owner: str = "store lead"
    move_after_minutes: float | None = 20.0
    moves_max: int = 2


@dataclass(frozen=True, slots=True)
class WorkRules:
    """All that is said about work at nodes. Of each kind the first rule that speaks decides, else what is built in."""

    name: str = ""
    description: str = ""
    pickups: tuple[PickupRule, ...] = ()
    late: tuple[LateRule, ...] = ()


NO_WORK_RULES: Final = WorkRules()
BUILT_IN_PICKUP: Final = PickupRule("built in")
BUILT_IN_LATE: Final = LateRule("built in")
"""What holds at stores; what a warehouse does when is its own business, unless a rule says otherwise."""
