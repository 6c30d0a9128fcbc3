"""The holds that rules place on a new order, and conditions on orders in general."""

from dataclasses import replace

import numpy as np

from troth.engine.policies.holds_in_force import ReadyRule, ends_at
from troth.engine.promising.context import Facts
from troth.engine.rules.compiled import Compiled
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import is_certain
from troth.model.capture_order import CaptureOrder
from troth.model.history import CustomerHistory
from troth.model.ids import HoldId
from troth.model.order import Hold
from troth.model.plan import Demand


def find_holds(command: CaptureOrder, demand: Demand, facts: Facts) -> tuple[Hold, ...]:
    """The holds that rules place on a new order, one for each type: that of the first rule that holds. What cannot be
    evaluated holds nobody.
    """
    if facts.holds is None or not facts.holds.rules:
        return ()
    ground = ground_of_demand(demand, facts, command.history)
    found: dict[str, ReadyRule] = {}
    for ready in facts.holds.rules:
        if ready.type.name not in found and holds_for(ready.condition, ground):
            found[ready.type.name] = ready
    return tuple(
        Hold(
            HoldId(f"H{number}"),
            ready.type.name,
            ready.rule.reason or ready.rule.name,
            f"hold-rules {ready.label}/{ready.rule.name}",
            facts.now,
            expires_at=ends_at(ready.type, facts.now),
            terms=ready.type.terms,
        )
        for number, ready in enumerate(found.values(), 1)
    )


def numbered(holds: tuple[Hold, ...]) -> tuple[Hold, ...]:
    """The holds that a new order has, counted from 1."""
    return tuple(replace(hold, hold_id=HoldId(f"H{number}")) for number, hold in enumerate(holds, 1))


def holds_for(condition: Compiled, ground: Ground) -> bool:
    """Whether a condition certainly holds, of any line where it speaks of lines."""
    if condition.code is None:
        return False
    with np.errstate(all="ignore"):
        return bool(np.any(is_certain(condition.code.run(ground))))


def ground_of_demand(demand: Demand, facts: Facts, history: CustomerHistory | None) -> Ground:
    """What conditions on an order are evaluated on."""
    return Ground(demand, {}, facts.network, currency=facts.policy.currency, now=facts.now, history=history)
